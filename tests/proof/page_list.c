/* SPDX-License-Identifier: MIT */
/*
 * page_list.c - lists of a guest's pages: how they are gathered and used, by imports, copies and BIND.
 *
 * ASSUMES: requests are any that vgpu_request_check() lets pass, which is part of the proof. The guest's memory: what is
 *	copied from it is any value, at each copy anew. Xen and the core may refuse anything.
 * BOUNDS: copies: a request moves at most 2 pieces of 2 pages instead of 16 of 16; BIND: a piece is 2 pages instead of 512:
 *	the code knows only the numbers' names. Imports: none: one step, from any state that
 *	STEP proves the one before, or START, to leave.
 * PROVES: of each directory just the used part is copied, once, from the guest's page into our buffer; what is used lies in
 *	what was copied. START, STEP: page p of an import is what entry p % 1023 of the directory p / 1023 named when it
 *	was copied; each page is mapped once; an object is the guest's just when all of its pages are there, and none
 *	after an error. FETCH: what a copy keeps is what the directory named, one reference for each page and no 0. COPY:
 *	each page of a piece is reached by its own reference; of the last only what belongs to the request; video memory
 *	only inside the object. CHANGES: as many as were copied are kept. SHOW: pages of an import are shown in order, each
 *	once, none that is not mapped; runs fit into their array.
 *
 * REPLACES: memcpy=model_memcpy
 * WRAPS: zero n - 1ul
 * CASES: START STEP FETCH COPY CHANGES
 * LONG: SHOW
 * OPTIONS: --no-array-field-sensitivity
 * UNWIND: 6 zero.0:58
 * PLANT STEP beyond: gpu/vgpu/page_list.c s/left < XENVGPU_GREFS_PER_DIR \? left : XENVGPU_GREFS_PER_DIR/left/
 * PLANT STEP part: gpu/vgpu/page_list.c s/n \* sizeof\(dir->gref\[0\]\)/(n - 1) * sizeof(dir->gref[0])/
 * PLANT STEP end: gpu/vgpu/page_list.c s/if \(\(left > n\) != \(dir->gref_dir_next_page != 0\)\)/if (false)/
 * PLANT STEP same: gpu/vgpu/page_list.c s/\*directory = dir->gref_dir_next_page;/;/
 * PLANT STEP lost: gpu/vgpu/import.c s/job->pos \+= \(uint32_t\)n/job->pos += 1/
 * PLANT STEP early: gpu/vgpu/import.c s/job->pos == job->req.op.mem_import.pages/job->pos/
 * PLANT START none: gpu/vgpu/request.c s/import->pages && //
 * PLANT START many: gpu/vgpu/request.c s/ && import->pages <= XENVGPU_IMPORT_MAX//
 * PLANT FETCH zero: gpu/vgpu/copy.c s/if \(!refs\[i\]\)/if (false)/
 * PLANT FETCH long: gpu/vgpu/request.c s/copy->length && copy->length <= copy_max/copy->length/
 * PLANT FETCH outside: gpu/vgpu/copy.c s/copy->offset \+ copy->length > object->range.size/copy->offset > object->range.size/
 * PLANT FETCH wrap: gpu/vgpu/request.c s/copy->offset <= UINT64_MAX - copy->length/true/
 * PLANT COPY refs: gpu/vgpu/copy.c s/\(dev->job.pos \+ pos\) \/ HV_PAGE_SIZE/pos \/ HV_PAGE_SIZE/
 * PLANT COPY piece: gpu/vgpu/copy.c s/if \(len > VGPU_PIECE\)/if (len > 2 * VGPU_PIECE)/
 * PLANT COPY tail: gpu/vgpu/copy.c s/len - pos < HV_PAGE_SIZE \? len - pos : HV_PAGE_SIZE/HV_PAGE_SIZE/
 * PLANT CHANGES count: gpu/vgpu/request.c s/ &&\s+req->op.bind.count <= XENVGPU_MAX_BINDS//
 * PLANT SHOW pages: gpu/vgpu/bind.c s/\(object->pages && bind->page_shift != XENVGPU_PAGE_4K\)/false/
 * PLANT SHOW size: gpu/vgpu/bind.c s/bind->offset \+ bind->size > object->range.size/bind->offset > object->range.size/
 * PLANT SHOW joined: gpu/vgpu/bind.c s/last->addr \+ last->size == addr/last->addr <= addr/
 */
#include <stdint.h>
#include <xen/io/vgpuif.h>

#undef XENVGPU_COPY_MAX
#define XENVGPU_COPY_MAX 0x4000u
#undef XENVGPU_MAX_OBJECTS
#define XENVGPU_MAX_OBJECTS 1u
#undef XENVGPU_MAX_SPACES
#define XENVGPU_MAX_SPACES 1u
#define VGPU_BIND_PIECE	   4u
#ifdef SHOW
#undef XENVGPU_MAX_BINDS
#define XENVGPU_MAX_BINDS 1u
#endif
#undef XENVGPU_MAX_CHANNELS
#define XENVGPU_MAX_CHANNELS 32u

#include "gpu/vgpu/policy.h"
#include "gpu/vgpu/slice.h"
#include "gpu/vgpu/spans.h"
#include "gpu/vgpu/userd.h"
#include "gpu/vgpu/vgpu.h"
#include "hv/xenbus.h"

/* What copies and changes keep in the same place has places of its own here, which is simpler for cbmc. */
#define union struct
#include "gpu/vgpu/device.h"
#undef union

#undef VGPU_PIECE_PAGES
#define VGPU_PIECE_PAGES 2u

#include "gpu/vgpu/bind.c"
#include "gpu/vgpu/copy.c"
#include "gpu/vgpu/import.c"
#include "gpu/vgpu/page_list.c"
#include "tests/proof/proof.h"

#undef XENVGPU_MAX_BINDS
#define XENVGPU_MAX_BINDS 128u
#include "gpu/vgpu/request.c"

hv_domid_t nondet_domid(void);
struct xenvgpu_request nondet_request(void);
struct xenvgpu_bind nondet_bind(void);
struct xenvgpu_page_directory nondet_directory(void);

static struct vgpu_back back;
static struct vgpu_device dev;
static struct xenvgpu_request request; /* the job's */
static struct vgpu_space space;
static char account, range;
/* The page of the guest's as it was when it was copied, how much of it, how often, and by which reference. */
static struct xenvgpu_page_directory page;
static uint32_t copied, copies, copied_ref;
static uint32_t mapped;	   /* pages of the import */
static uint32_t published; /* objects */
static bool refused;	   /* Xen or the core refused something */
static uint32_t which;	   /* an element that is looked at, any */
static uint64_t shown;	   /* address of that page */

void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	PROVE(!"a check of our own fails");
	ASSUME(0);
}

/* ---------------------------------------------------------------- stand-ins */

/* A page of the guest's as a whole: the first bytes of our buffer are what it held just now. */
static int copy_list(const struct hv_grant_copy *copy)
{
	PROVE(!copies && !copy->to_grant && !copy->offset && copy->len &&
	      copy->len <= HV_PAGE_SIZE);
	PROVE(copy->local == back.staging);
	copied = copy->len;
	copied_ref = copy->ref;
	copies++;
	page = nondet_directory();
	return 0;
}

#ifdef COPY
static uint32_t length, position;

/* One piece of a copy: `which` is the page of it that is looked at. */
static int copy_pages(const struct hv_grant_copy *copy, unsigned int n)
{
	uint32_t left = length - position, len = left < VGPU_PIECE ? left : VGPU_PIECE;

	PROVE(n == (len + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE);
	ASSUME(which < n);
	copy += which;
	PROVE(copy->dom == dev.front && !copy->offset);
	PROVE(copy->to_grant == (dev.job.req.operation == XENVGPU_OP_MEM_READ));
	PROVE(copy->ref == dev.job.refs[position / HV_PAGE_SIZE + which]);
	PROVE(copy->local == back.staging + (size_t)which * HV_PAGE_SIZE);
	PROVE(copy->len == (which + 1 < n ? HV_PAGE_SIZE : len - which * HV_PAGE_SIZE));
	PROVE(__CPROVER_w_ok(copy->local, copy->len));
	copies++;
	return 0;
}

static int vram(uint64_t addr, const void *bytes, size_t len)
{
	const struct gpu_range *object = &dev.job.object->range;

	const struct xenvgpu_mem_copy_req *copy = &dev.job.req.op.mem_copy;

	PROVE(bytes == back.staging && __CPROVER_w_ok(bytes, len));
	PROVE(addr == object->base + copy->offset + position);
	PROVE(len <= object->size - copy->offset - position);
	return nondet_bool() ? 0 : -ENODEV;
}

int gpu_vram_read(struct gpu *gpu, uint64_t addr, void *dst, size_t len)
{
	(void)gpu;
	return vram(addr, dst, len);
}

int gpu_vram_write(struct gpu *gpu, uint64_t addr, const void *src, size_t len)
{
	(void)gpu;
	PROVE(copies);
	return vram(addr, src, len);
}
#endif

int hv_grant_copy(struct hv_grant_copy *copy, unsigned int n)
{
	refused = nondet_bool();
	if (refused)
		return -EFAULT;
#ifdef COPY
	return copy_pages(copy, n);
#else
	PROVE(n == 1 && copy->dom == dev.front);
	return copy_list(copy);
#endif
}

struct iommu_account *iommu_account_new(hv_domid_t dom, unsigned int max_pages)
{
	PROVE(dom == dev.front && max_pages == dev.policy.imports);
	return nondet_bool() ? (void *)&account : NULL;
}

int iommu_range_new(struct iommu_account *in, unsigned int n, unsigned int flags,
		    struct iommu_range **out)
{
	PROVE(in == (void *)&account && n && n <= XENVGPU_IMPORT_MAX);
	PROVE(flags == (dev.job.req.op.mem_import.flags & XENVGPU_IMPORT_RO ? IOMMU_RO : 0));
	if (nondet_bool())
		return -ENOSPC;
	*out = (void *)&range;
	return 0;
}

/* As many as were asked for: `which` is the one of these references that is looked at. */
int iommu_map(struct iommu_range *into, const hv_gref_t *refs, unsigned int n)
{
	PROVE(into == (void *)&range && n && n <= dev.job.req.op.mem_import.pages - mapped);
	PROVE(mapped % XENVGPU_GREFS_PER_DIR == 0 && copies == 1);
	ASSUME(which < n);
	PROVE(refs + which == page.gref + which);
	PROVE(offsetof(struct xenvgpu_page_directory, gref) + (which + 1) * sizeof(*refs) <=
	      copied);
	refused = nondet_bool();
	if (refused)
		return -EFAULT;
	mapped += n;
	return 0;
}

/* Any page frame; noted is the one at `which` of a piece. With larger pages there would be more than runs. */
uint64_t iommu_addr(const struct iommu_range *of, unsigned int n)
{
	const struct vgpu_bind_job *job = &dev.job.bind;
	uint64_t addr = (uint64_t)nondet_u32() << HV_PAGE_SHIFT;

	PROVE(of == (void *)&range && n < mapped);
	PROVE(job->bind[0].page_shift == XENVGPU_PAGE_4K);
	if (n == (job->bind[0].offset + job->pos) / HV_PAGE_SIZE + which)
		shown = addr;
	return addr;
}

struct vgpu_object *vgpu_slice_find(struct vgpu_slice *slice, uint32_t handle)
{
	(void)handle;
	return nondet_bool() ? &slice->objects[0] : NULL;
}

int vgpu_slice_make(struct vgpu_slice *slice, struct vgpu_object **out)
{
	if (nondet_bool())
		return -ENOSPC;
	*out = &slice->objects[0];
	(*out)->state = VGPU_OBJECT_MAKING;
	(*out)->pages = NULL;
	return 0;
}

uint32_t vgpu_slice_publish(struct vgpu_slice *slice, struct vgpu_object *object)
{
	(void)slice;
	PROVE(object == dev.job.object && object->state == VGPU_OBJECT_MAKING);
	object->state = VGPU_OBJECT_LIVE;
	published++;
	return nondet_u32();
}

void vgpu_slice_free(struct vgpu_slice *slice, struct vgpu_object *object)
{
	(void)slice;
	PROVE(object->state == VGPU_OBJECT_MAKING);
	object->state = VGPU_OBJECT_FREED;
}

int vgpu_slice_unmap(struct vgpu_object *object)
{
	(void)object;
	return nondet_bool();
}

struct vgpu_space *vgpu_space_find(struct vgpu_device *of, uint32_t handle)
{
	(void)of, (void)handle;
	return nondet_bool() ? &space : NULL;
}

/* ---------------------------------------------------------------- proofs */

#if defined(START) || defined(STEP)
/* Between two steps of an import, and after its start. */
static bool importing(void)
{
	const struct vgpu_job *job = &dev.job;
	uint32_t pages = job->req.op.mem_import.pages;

	return !job->status && job->object == &dev.slice.objects[0] &&
	       job->object->state == VGPU_OBJECT_MAKING && job->object->pages == (void *)&range &&
	       job->object->range.size == (uint64_t)pages * HV_PAGE_SIZE && job->directory &&
	       pages && pages <= XENVGPU_IMPORT_MAX && job->pos < pages && job->pos == mapped &&
	       mapped % XENVGPU_GREFS_PER_DIR == 0;
}
#endif

#if defined(START)
static void prove(void)
{
	if (vgpu_request_check(&request, XENVGPU_COPY_MAX, true) ||
	    request.operation != XENVGPU_OP_MEM_IMPORT)
		return;
	dev.account = nondet_bool() ? (void *)&account : NULL;
	if (!vgpu_import_start(&dev))
		PROVE(importing() && !mapped &&
		      dev.job.directory == dev.job.req.op.mem_import.gref_directory);
	else
		PROVE(!dev.slice.objects[0].pages &&
		      dev.slice.objects[0].state == VGPU_OBJECT_NONE);
}
#elif defined(STEP)
static void prove(void)
{
	uint32_t pages = dev.job.req.op.mem_import.pages, before = nondet_u32(), directory;
	int ret;

	dev.job.pos = mapped = before;
	dev.job.object = &dev.slice.objects[0];
	dev.job.object->state = VGPU_OBJECT_MAKING;
	dev.job.object->pages = (void *)&range;
	dev.job.object->range.size = (uint64_t)pages * HV_PAGE_SIZE;
	dev.job.directory = directory = nondet_u32();
	ASSUME(importing());
	ret = vgpu_import_step(&dev);
	PROVE(!copies || copied_ref == directory);
	if (dev.job.status) { /* from now on it is unmapped, step by step */
		PROVE(ret == 1 && dev.job.status < 0 && mapped == before && !published);
		PROVE(dev.job.object->state == VGPU_OBJECT_FREED);
		ret = vgpu_import_step(&dev);
		PROVE((ret == 1 || ret == dev.job.status) && mapped == before && !published);
	} else if (ret) {
		PROVE(ret == 1 && importing() && !published);
		PROVE(mapped == before + XENVGPU_GREFS_PER_DIR);
		PROVE(dev.job.directory == page.gref_dir_next_page);
	} else {
		PROVE(mapped == pages && published == 1 && !page.gref_dir_next_page);
	}
}
#elif defined(FETCH)
static void prove(void)
{
	const struct xenvgpu_mem_copy_req *copy = &dev.job.req.op.mem_copy;

	if (vgpu_request_check(&request, XENVGPU_COPY_MAX, true) ||
	    (request.operation != XENVGPU_OP_MEM_WRITE && request.operation != XENVGPU_OP_MEM_READ))
		return;
	dev.slice.objects[0].pages = nondet_bool() ? (void *)&range : NULL;
	dev.slice.objects[0].range.size = nondet_u64();
	if (vgpu_copy_start(&dev))
		return;
	PROVE(copies == 1 && copied_ref == copy->gref_directory);
	PROVE(!dev.job.object->pages && !dev.job.pos && copy->offset < dev.job.object->range.size);
	PROVE(copy->length && copy->length <= dev.job.object->range.size - copy->offset);
	ASSUME(which < (copy->length + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE);
	PROVE(which < VGPU_COPY_REFS && dev.job.refs[which]);
	PROVE(dev.job.refs[which] == page.gref[which]);
	PROVE(offsetof(struct xenvgpu_page_directory, gref) + (which + 1) * 4 <= copied);
}
#elif defined(COPY)
/* From any state that FETCH proves the start to leave, or this a piece. */
static void prove(void)
{
	const struct xenvgpu_mem_copy_req *copy = &dev.job.req.op.mem_copy;
	struct vgpu_object *object = &dev.slice.objects[0];
	int ret;

	object->range.base = nondet_u64();
	object->range.size = nondet_u64();
	dev.job.object = object;
	dev.job.pos = position = nondet_u32();
	length = copy->length;
	ASSUME(dev.job.req.operation == XENVGPU_OP_MEM_WRITE ||
	       dev.job.req.operation == XENVGPU_OP_MEM_READ);
	for (unsigned int i = 0; i < VGPU_COPY_REFS; i++)
		dev.job.refs[i] = nondet_u32();
	ASSUME(object->range.base <= UINT64_MAX - object->range.size);
	ASSUME(length <= XENVGPU_COPY_MAX && position < length && position % VGPU_PIECE == 0);
	ASSUME(copy->offset < object->range.size && length <= object->range.size - copy->offset);
	ret = vgpu_copy_step(&dev);
	if (ret >= 0)
		PROVE(copies == 1 && dev.job.pos == (ret ? position + VGPU_PIECE : length));
	PROVE(ret != 1 || dev.job.pos < length);
}
#elif defined(CHANGES)
static void prove(void)
{
	const struct xenvgpu_bind_req *req = &dev.job.req.op.bind;

	if (vgpu_request_check(&request, XENVGPU_COPY_MAX, true) ||
	    request.operation != XENVGPU_OP_BIND || vgpu_bind_start(&dev))
		return;
	PROVE(copies == 1 && copied_ref == req->gref && dev.job.bind.space == &space);
	PROVE(req->count && copied == req->count * sizeof(dev.job.bind.bind[0]));
	PROVE(!dev.job.bind.done && !dev.job.bind.pos && !dev.job.bind.undo);
}
#else
void gpu_vm_kept(const struct gpu_vm *vm, uint64_t *start, uint64_t *end)
{
	(void)vm;
	*start = nondet_u64();
	*end = nondet_u64();
}

uint64_t gpu_vm_start(const struct gpu_vm *vm)
{
	(void)vm;
	return nondet_u64();
}

uint64_t gpu_vm_end(const struct gpu_vm *vm)
{
	(void)vm;
	return nondet_u64();
}

bool vgpu_spans_overlap(const struct vgpu_spans *spans, uint64_t va, uint64_t size)
{
	(void)spans, (void)va, (void)size;
	return nondet_bool();
}

int vgpu_spans_room(struct vgpu_spans *spans)
{
	(void)spans;
	return nondet_bool() ? 0 : -ENOMEM;
}

void vgpu_spans_add(struct vgpu_spans *spans, const struct vgpu_span *span)
{
	PROVE(spans == &space.bound && span->va == dev.job.bind.bind[0].va);
	PROVE(span->size == dev.job.bind.bind[0].size);
}

void iommu_hold(struct iommu_range *of)
{
	PROVE(of == (void *)&range);
}

#define PIECE ((uint64_t)VGPU_BIND_PIECE * HV_PAGE_SIZE)

/* Is what `which` page of a piece was mapped as where it should be? */
static void prove_runs(const struct gpu_map *map, uint64_t size)
{
	uint64_t at = (uint64_t)which * HV_PAGE_SIZE, run_at = 0;

	ASSUME(at < size);
	for (unsigned int i = 0; i < map->n; i++) {
		const struct gpu_run *run = &map->runs[i];

		PROVE(run->size && run->size <= size - run_at);
		PROVE(at < run_at || at - run_at >= run->size ||
		      run->addr + (at - run_at) == shown);
		run_at += run->size;
	}
	PROVE(run_at == size);
}

int gpu_vm_map(struct gpu_vm *vm, const struct gpu_map *map)
{
	const struct xenvgpu_bind *bind = &dev.job.bind.bind[0];
	uint64_t pos = dev.job.bind.pos, left = bind->size - pos;
	uint64_t size = left < PIECE ? left : PIECE;

	(void)vm;
	PROVE(map->va == bind->va + pos && map->runs == back.runs);
	PROVE(map->n && map->n <= VGPU_BIND_PIECE);
	PROVE(map->page == GPU_PAGE_4K);
	prove_runs(map, size);
	return nondet_bool() ? 0 : -ENOMEM;
}

/* Between two pieces of a change. */
static bool showing(void)
{
	const struct xenvgpu_bind *bind = &dev.job.bind.bind[0];
	const struct vgpu_object *object = dev.job.bind.object;
	uint64_t pos = dev.job.bind.pos;

	return object == &dev.slice.objects[0] && !vgpu_bind_check(bind) &&
	       bind->page_shift == XENVGPU_PAGE_4K && pos < bind->size && !(pos & (PIECE - 1)) &&
	       bind->offset + bind->size <= object->range.size;
}

/* One piece of a change that shows an object, from any state that this leaves. */
static void prove(void)
{
	struct vgpu_bind_job *job = &dev.job.bind;
	struct vgpu_object *object = &dev.slice.objects[0];

	mapped = nondet_u32();
	ASSUME(mapped <= XENVGPU_IMPORT_MAX);
	object->pages = (void *)&range;
	object->range.size = (uint64_t)mapped * HV_PAGE_SIZE;
	job->space = &space;
	job->object = object;
	job->bind[0] = nondet_bind();
	ASSUME(job->bind[0].operation == XENVGPU_BIND_MAP);
	job->pos = nondet_u64();
	ASSUME(!job->pos || showing());
	forwards(&dev, job);
	PROVE(job->status || job->done == 1 || (job->pos && showing()));
}
#endif

int main(void)
{
	static uint8_t staging[VGPU_PIECE];

	back.staging = staging;
#ifndef COPY
	back.staging = (uint8_t *)&page;
#endif
	dev.back = &back;
	dev.front = nondet_domid();
	dev.policy.imports = nondet_u32();
	dev.job.req = request = nondet_request();
	which = nondet_u32();
	prove();
	return 0;
}
