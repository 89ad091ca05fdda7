/* SPDX-License-Identifier: MIT */
/*
 * userd.c - the pages that USERDs are in: whose they are, and where in them a channel's is.
 *
 * ASSUMES: what was granted may be withdrawn or still be mapped, at each look anew; there may be no memory and no grant left.
 * BOUNDS: three pages are kept aside, of any domains; a slice has 16 channels instead of 64, so two pages. The code knows only the
 *	numbers' names.
 * PROVES: GET: a page that a guest is given is granted to that guest, to nobody else ever before, holds zeros, and is kept
 *	aside no more; others stay. PUT: a page is freed just when its grant is withdrawn, once; what is mapped is kept. SLOT: a
 *	channel's USERD lies in a page of its own guest's, as the CPU and the GPU see it, and no two channels of a
 *	device share a byte.
 *
 * REPLACES: memset=model_zero
 * CASES: GET PUT SLOT
 * OPTIONS: --no-array-field-sensitivity
 * UNWIND: 5 page_at.0:6 userd_of.0:17
 * PLANT GET other: gpu/vgpu/userd.c s/if \(page->dom != dom\)/if (false)/
 * PLANT GET kept: gpu/vgpu/userd.c s/(page->dom != dom\)\s+continue;\s+)\*link = page->next;/\1;/
 * PLANT GET zero: gpu/vgpu/userd.c s/memset\(page->mem.va, 0, HV_PAGE_SIZE\);/;/
 * PLANT GET granted: gpu/vgpu/userd.c s/hv_grant_give\(dom,/hv_grant_give(0,/
 * PLANT PUT mapped: gpu/vgpu/userd.c s/if \(hv_grant_end\(page->ref\)\)/hv_grant_end(page->ref);\n\t\tif (false)/
 * PLANT PUT twice: gpu/vgpu/userd.c s/\*link = page->next;\s+destroy\(page\);/destroy(page);/
 * PLANT SLOT shared: gpu/vgpu/channel.c s/(unsigned int offset = )n % VGPU_USERD_PER_PAGE/\1n % 4/
 * PLANT SLOT page: gpu/vgpu/channel.c s/(unsigned int offset = )n % VGPU_USERD_PER_PAGE/\1n/
 * PLANT SLOT other: gpu/vgpu/channel.c s/\*page = &dev->userd\[n \/ VGPU_USERD_PER_PAGE\]/*page = &dev->userd[0]/
 */
#include <stdint.h>
#include <stdlib.h>
#include <xen/io/vgpuif.h>

#undef XENVGPU_MAX_OBJECTS
#define XENVGPU_MAX_OBJECTS 1u
#undef XENVGPU_MAX_SPACES
#define XENVGPU_MAX_SPACES 1u
#undef XENVGPU_MAX_CHANNELS
#define XENVGPU_MAX_CHANNELS 16u

#ifdef SLOT
#include "gpu/vgpu/channel.c"
#else
#include "gpu/vgpu/userd.c"
#endif
#include "tests/proof/proof.h"

#ifdef SLOT
#define KEPT VGPU_USERD_PAGES /* of a device */
#else
#define KEPT 3u
#endif

hv_domid_t nondet_domid(void);

static struct vgpu_back back;
void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	PROVE(!"a check of our own fails");
	ASSUME(0);
}

#ifdef SLOT
static struct vgpu_device dev;
static uint8_t memory[KEPT][HV_PAGE_SIZE];
static struct vgpu_userd page[KEPT];

/* What GET proves. */
int vgpu_userd_get(struct vgpu_back *from, hv_domid_t dom, struct vgpu_userd **out)
{
	(void)from;
	PROVE(dom == dev.front);
	if (nondet_bool())
		return -ENOMEM;
	/* A page that no device has: it is known by its place in the device. */
	*out = &page[out - dev.userd];
	return 0;
}

void *model_zero(void *va, int byte, size_t n)
{
	PROVE(!byte && n == XENVGPU_USERD_SIZE && __CPROVER_w_ok(va, n));
	return va;
}

/* A constant for each number is simpler for cbmc than one that is any. */
static int userd_of(unsigned int n, struct gpu_channel_desc *desc)
{
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		if (i == n)
			return userd(&dev, i, desc);
	}
	return -EINVAL;
}

static void prove(void)
{
	struct gpu_channel_desc a, b;
	unsigned int n = nondet_u32(), m = nondet_u32();
	const struct hv_dma *mem;

	dev.back = &back;
	dev.front = nondet_domid();
	for (unsigned int i = 0; i < KEPT; i++) {
		page[i].mem.va = memory[i];
		page[i].mem.addr = (uint64_t)(i + 1) * HV_PAGE_SIZE;
		dev.userd[i] = nondet_bool() ? &page[i] : NULL;
	}
	ASSUME(n < XENVGPU_MAX_CHANNELS && m < XENVGPU_MAX_CHANNELS && n != m);
	if (userd_of(n, &a) || userd_of(m, &b))
		return;
	mem = &dev.userd[n / VGPU_USERD_PER_PAGE]->mem;
	PROVE(a.userd_dma >= mem->addr);
	PROVE(a.userd_dma - mem->addr <= HV_PAGE_SIZE - XENVGPU_USERD_SIZE);
	PROVE(a.userd == (uint8_t *)mem->va + (a.userd_dma - mem->addr));
	PROVE(a.userd_dma + XENVGPU_USERD_SIZE <= b.userd_dma ||
	      b.userd_dma + XENVGPU_USERD_SIZE <= a.userd_dma);
}
#else
static struct vgpu_userd *kept[KEPT];
static uint8_t bytes[KEPT + 2][HV_PAGE_SIZE]; /* of pages that there are, and of new ones */
static unsigned int fresh;		      /* new pages */
/* Of each page: whom it is granted to, by which reference. */
static hv_domid_t granted[KEPT + 2];
static bool live[KEPT + 2], zeroed[KEPT + 2], gone[KEPT + 2];

/* Which of the pages lies there? */
static unsigned int page_at(const void *va)
{
	unsigned int n = 0;

	while (n < KEPT + 1 && va != bytes[n])
		n++;
	PROVE(va == bytes[n]);
	return n;
}

void *model_zero(void *va, int byte, size_t n)
{
	PROVE(!byte && __CPROVER_w_ok(va, n));
	if (n == HV_PAGE_SIZE)
		zeroed[page_at(va)] = true;
	return va;
}

static uint64_t address(unsigned int n)
{
	return (uint64_t)(n + 1) * HV_PAGE_SIZE;
}

int hv_dma_alloc(size_t size, struct hv_dma *out)
{
	unsigned int n = KEPT + fresh;

	PROVE(size == HV_PAGE_SIZE && fresh < 2);
	if (nondet_bool())
		return -ENOMEM;
	fresh++;
	zeroed[n] = true; /* hv.h */
	*out = (struct hv_dma){.va = bytes[n], .addr = address(n)};
	return 0;
}

void hv_dma_free(struct hv_dma *mem)
{
	unsigned int n = page_at(mem->va);

	PROVE(!live[n] && !gone[n]);
	gone[n] = true;
}

/* References are the pages' numbers, and one. */
int hv_grant_give(hv_domid_t dom, void *va, unsigned int flags, hv_gref_t *out)
{
	unsigned int n = page_at(va);

	PROVE(!flags && !live[n] && !gone[n] && zeroed[n]);
	if (nondet_bool())
		return -ENOSPC;
	live[n] = true;
	granted[n] = dom;
	*out = n + 1;
	return 0;
}

int hv_grant_end(hv_gref_t ref)
{
	PROVE(ref && ref <= KEPT + 2 && live[ref - 1]);
	if (nondet_bool())
		return -EBUSY;
	live[ref - 1] = false;
	return 0;
}

uint64_t hv_now(void)
{
	return nondet_u32();
}

void hv_timer_arm(struct hv_timer *t, uint64_t when)
{
	(void)when;
	PROVE(t == &back.userd_timer);
}

static struct vgpu_userd *any_page(unsigned int n)
{
	struct vgpu_userd *page = malloc(sizeof(*page));

	page->dom = nondet_domid();
	page->mem = (struct hv_dma){.va = bytes[n], .addr = address(n)};
	page->ref = n + 1;
	granted[n] = page->dom;
	live[n] = true;
	return page;
}

static void any_kept(void)
{
	unsigned int n = nondet_u32();

	ASSUME(n <= KEPT);
	for (unsigned int i = 0; i < n; i++) {
		kept[i] = any_page(i);
		kept[i]->next = back.userd;
		back.userd = kept[i];
	}
}

static bool is_kept(const struct vgpu_userd *which)
{
	const struct vgpu_userd *page = back.userd;

	while (page && page != which)
		page = page->next;
	return page != NULL;
}

#if defined(GET)
static void prove(void)
{
	unsigned int other = nondet_u32(), n;
	hv_domid_t dom = nondet_domid();
	struct vgpu_userd *page;

	any_kept();
	ASSUME(other < KEPT && kept[other]);
	if (vgpu_userd_get(&back, dom, &page)) {
		PROVE(is_kept(kept[other]));
		PROVE(!fresh || gone[KEPT]);
		return;
	}
	n = page_at(page->mem.va);
	PROVE(page->dom == dom && granted[n] == dom && live[n] && zeroed[n] && !gone[n]);
	PROVE(page->ref == n + 1 && page->mem.addr == address(n));
	PROVE(!is_kept(page));
	PROVE(page == kept[other] || is_kept(kept[other]));
}
#elif defined(PUT)
static void prove(void)
{
	unsigned int other = nondet_u32();

	any_kept();
	ASSUME(other < KEPT && kept[other] && back.userd == kept[other]);
	back.userd = kept[other]->next;
	other = nondet_u32();
	ASSUME(other < KEPT && kept[other]);
	vgpu_userd_put(&back, back.userd == kept[other] || is_kept(kept[other]) ? any_page(KEPT)
										: kept[other]);
	/* Freed is just what is granted no more, and that is forgotten. */
	PROVE(gone[other] == !live[other]);
	PROVE(gone[other] || is_kept(kept[other]));
}
#endif
#endif

int main(void)
{
	prove();
	return 0;
}
