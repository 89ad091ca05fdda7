/* SPDX-License-Identifier: MIT */
/*
 * memory.c - machine frames and a domain's pages.
 *
 * A domain owns a run of frames and sees it as one area of its own. Free pages are poisoned: filled
 * with a pattern and, under AddressSanitizer, unreachable. Giving back a page that another domain may
 * still reach is a panic here, where real Xen would let it go unnoticed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hv/hosted/internal.h"

#ifdef HOSTED_ASAN
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(p, n)   ((void)(p), (void)(n))
#define __asan_unpoison_memory_region(p, n) ((void)(p), (void)(n))
#endif

#define POISON	      0xd5
#define DMA_PAGES_MAX 256 /* 1 MiB, hv.h */

enum page_state { PAGE_FREE, PAGE_USED, PAGE_DMA, PAGE_MODULE };

/* ---------------------------------------------------------------- frames */

uint64_t hosted_bus_addr(uint32_t frame)
{
	return HOSTED_BUS_BASE + ((uint64_t)(frame ^ 1) << HV_PAGE_SHIFT);
}

uint32_t hosted_bus_frame(uint64_t addr)
{
	uint64_t n = (addr - HOSTED_BUS_BASE) >> HV_PAGE_SHIFT;

	if (addr < HOSTED_BUS_BASE || n >= HOSTED_FRAMES)
		return HOSTED_FRAME_NONE;
	return (uint32_t)n ^ 1;
}

uint8_t *hosted_frame_ptr(struct hosted *h, uint32_t frame)
{
	return h->mem + (size_t)frame * HV_PAGE_SIZE;
}

/* Gives n frames back to the host; the next owner reads zeroes. */
static void frames_free(struct hosted *h, uint32_t first, uint32_t n)
{
	memset(&h->frames[first], 0, n * sizeof(h->frames[first]));
	if (n)
		fallocate(h->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  (off_t)first * HV_PAGE_SIZE, (off_t)n * HV_PAGE_SIZE);
}

/* First of n free neighbouring frames, even, or HOSTED_FRAME_NONE. Searches on from the last run. */
static uint32_t find_frames(struct hosted *h, unsigned int n)
{
	uint32_t run = 0;

	for (unsigned int wrap = 0; wrap < 2; wrap++) {
		run = 0;
		for (uint32_t f = wrap ? 0 : h->frame_hint; f < HOSTED_FRAMES; f++) {
			if (h->frames[f].used || (!run && (f & 1)))
				run = 0;
			else if (++run == n)
				return f + 1 - n;
		}
	}
	return HOSTED_FRAME_NONE;
}

void hosted_frame_map(struct hosted *h, uint32_t frame)
{
	h->frames[frame].maps++;
}

void hosted_frame_unmap(struct hosted *h, uint32_t frame)
{
	struct frame *f = &h->frames[frame];

	if (!f->maps)
		hosted_misuse("frame %u is unmapped once too often", frame);
	if (!--f->maps && f->owner == HOSTED_ORPHAN)
		frames_free(h, frame, 1);
}

unsigned int hosted_orphan_frames(struct hosted *h)
{
	unsigned int n = 0;

	for (uint32_t f = 0; f < HOSTED_FRAMES; f++)
		n += h->frames[f].used && h->frames[f].owner == HOSTED_ORPHAN;
	return n;
}

/* ---------------------------------------------------------------- a domain's memory */

/* The module lies at the end, where no page is ever free. */
static void load_module(struct hosted_domain *d, const void *module, size_t size)
{
	unsigned int first = d->npages - d->module_pages;
	uint8_t *va = d->mem + (size_t)first * HV_PAGE_SIZE;

	if (!size)
		return;
	memset(d->page_state + first, PAGE_MODULE, d->module_pages);
	d->pages_used += d->module_pages;
	__asan_unpoison_memory_region(va, size);
	memcpy(va, module, size);
	d->module = va;
	d->module_size = size;
}

int hosted_mem_init(struct hosted_domain *d, unsigned int pages, const void *module, size_t size)
{
	struct hosted *h = d->h;
	uint32_t first;

	d->module_pages = (unsigned int)((size + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE);
	pages += d->module_pages;
	pages += pages & 1;
	first = find_frames(h, pages);
	if (first == HOSTED_FRAME_NONE)
		return -ENOMEM;
	h->frame_hint = first + pages;
	d->mem = mmap(NULL, (size_t)pages * HV_PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_NORESERVE, h->memfd, (off_t)first * HV_PAGE_SIZE);
	if (d->mem == MAP_FAILED)
		return -ENOMEM;
	for (uint32_t f = first; f < first + pages; f++)
		h->frames[f] = (struct frame){.used = true, .owner = d->id};
	d->frame0 = first;
	d->npages = pages;
	d->page_state = hosted_zalloc(pages, 1);
	__asan_poison_memory_region(d->mem, (size_t)pages * HV_PAGE_SIZE);
	load_module(d, module, size);
	return 0;
}

void hosted_mem_free(struct hosted_domain *d)
{
	struct hosted *h = d->h;
	size_t size = (size_t)d->npages * HV_PAGE_SIZE;
	uint32_t end = d->frame0 + d->npages, run = d->frame0; /* first frame to be given back */

	__asan_unpoison_memory_region(d->mem, size);
	munmap(d->mem, size);
	for (uint32_t f = d->frame0; f < end; f++) {
		h->frames[f].grants = 0;
		if (!h->frames[f].maps)
			continue;
		h->frames[f].owner = HOSTED_ORPHAN;
		frames_free(h, run, f - run);
		run = f + 1;
	}
	frames_free(h, run, end - run);
	if (h->frame_hint > d->frame0)
		h->frame_hint = d->frame0;
	free(d->page_state);
}

static uint32_t page_frame(const struct hosted_domain *d, unsigned int page)
{
	/* hv_dma_alloc() mapped its pages so that they are neighbours on the bus instead. */
	return d->frame0 + (d->page_state[page] == PAGE_DMA ? page ^ 1 : page);
}

uint32_t hosted_frame_of(const struct hosted_domain *d, const void *va)
{
	size_t off = (size_t)((const uint8_t *)va - d->mem);

	if ((const uint8_t *)va < d->mem || off >= (size_t)d->npages * HV_PAGE_SIZE)
		return HOSTED_FRAME_NONE;
	return page_frame(d, (unsigned int)(off / HV_PAGE_SIZE));
}

/* First of n free neighbouring pages, or npages. `even`: its number is even. */
static unsigned int find_pages(struct hosted_domain *d, unsigned int n, bool even)
{
	unsigned int run = 0;

	for (unsigned int p = d->page_hint; p < d->npages; p++) {
		if (d->page_state[p] != PAGE_FREE || (even && !run && (p & 1)))
			run = 0;
		else if (++run == n)
			return p + 1 - n;
	}
	return d->npages;
}

static uint8_t *take_pages(struct hosted_domain *d, unsigned int n, enum page_state state)
{
	unsigned int first = find_pages(d, n, state == PAGE_DMA);
	uint8_t *va = d->mem + (size_t)first * HV_PAGE_SIZE;

	if (first == d->npages || hosted_fails(d, HOSTED_FAIL_PAGES))
		return NULL;
	memset(d->page_state + first, state, n);
	d->pages_used += n;
	while (d->page_hint < d->npages && d->page_state[d->page_hint] != PAGE_FREE)
		d->page_hint++;
	__asan_unpoison_memory_region(va, (size_t)n * HV_PAGE_SIZE);
	return va;
}

static void give_pages(struct hosted_domain *d, uint8_t *va, unsigned int n, enum page_state state)
{
	unsigned int first = (unsigned int)((va - d->mem) / HV_PAGE_SIZE);

	if (hosted_frame_of(d, va) == HOSTED_FRAME_NONE || (va - d->mem) % HV_PAGE_SIZE ||
	    n > d->npages - first)
		hv_panic("%u pages at %p are freed, which are not this domain's", n, (void *)va);
	for (unsigned int p = first; p < first + n; p++) {
		struct frame *f = &d->h->frames[page_frame(d, p)];

		if (d->page_state[p] != state)
			hv_panic("page %p is freed twice or by the wrong call",
				 (void *)(d->mem + (size_t)p * HV_PAGE_SIZE));
		if (f->grants || f->maps)
			hv_panic("page %p is freed while granted (%u offers, %u maps)",
				 (void *)(d->mem + (size_t)p * HV_PAGE_SIZE), f->grants, f->maps);
	}
	memset(va, POISON, (size_t)n * HV_PAGE_SIZE);
	__asan_poison_memory_region(va, (size_t)n * HV_PAGE_SIZE);
	memset(d->page_state + first, PAGE_FREE, n);
	d->pages_used -= n;
	if (first < d->page_hint)
		d->page_hint = first;
}

/* ---------------------------------------------------------------- hv.h */

void *hv_pages_alloc(unsigned int n)
{
	uint8_t *va;

	if (!n)
		return NULL;
	va = take_pages(hosted_cur(), n, PAGE_USED);
	if (va)
		memset(va, 0, (size_t)n * HV_PAGE_SIZE);
	return va;
}

void hv_pages_free(void *va, unsigned int n)
{
	if (va)
		give_pages(hosted_cur(), va, n, PAGE_USED);
}

unsigned int hv_pages_free_count(void)
{
	struct hosted_domain *d = hosted_cur();

	return d->npages - d->pages_used;
}

uint64_t hv_dma_addr(const void *va)
{
	struct hosted_domain *d = hosted_cur();
	uint32_t frame = hosted_frame_of(d, va);

	if (frame == HOSTED_FRAME_NONE)
		hv_panic("%p has no bus address: not this domain's memory", va);
	return hosted_bus_addr(frame) + (uintptr_t)va % HV_PAGE_SIZE;
}

/* Maps n pages of d at va to their frames again, in the order that their state says. */
static int remap(struct hosted_domain *d, uint8_t *va, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *p = va + (size_t)i * HV_PAGE_SIZE;
		off_t at = (off_t)hosted_frame_of(d, p) * HV_PAGE_SIZE;

		if (mmap(p, HV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 d->h->memfd, at) == MAP_FAILED)
			return -ENOMEM;
	}
	return 0;
}

int hv_dma_alloc(size_t size, struct hv_dma *out)
{
	struct hosted_domain *d = hosted_cur();
	size_t pages = (size + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE;
	unsigned int n = (unsigned int)(pages + (pages & 1));
	uint8_t *va;

	memset(out, 0, sizeof(*out));
	if (!size || size > DMA_PAGES_MAX * (size_t)HV_PAGE_SIZE)
		return -EINVAL;
	va = take_pages(d, n, PAGE_DMA);
	if (!va)
		return -ENOMEM;
	if (remap(d, va, n))
		hosted_misuse("the host allows no more mappings");
	memset(va, 0, (size_t)n * HV_PAGE_SIZE);
	out->va = va;
	out->addr = hv_dma_addr(va);
	out->size = pages * HV_PAGE_SIZE;
	return 0;
}

void hv_dma_free(struct hv_dma *dma)
{
	struct hosted_domain *d = hosted_cur();
	unsigned int n = (unsigned int)(dma->size / HV_PAGE_SIZE);

	if (!dma->va)
		return;
	n += n & 1;
	give_pages(d, dma->va, n, PAGE_DMA);
	if (remap(d, dma->va, n))
		hosted_misuse("the host allows no more mappings");
	memset(dma, 0, sizeof(*dma));
}

bool hv_module(const void **data, size_t *size)
{
	const struct hosted_domain *d = hosted_cur();

	if (!d->module)
		return false;
	*data = d->module;
	*size = d->module_size;
	return true;
}
