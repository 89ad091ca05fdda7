/* SPDX-License-Identifier: MIT */
/*
 * scrub.c - cleans VRAM (see core.h). One submission is under way at a time; a timer looks for its semaphore.
 *
 *	IDLE ──▶ FILLING ──▶ READING ──▶ READING … ──▶ next piece, perhaps another job's
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <nv/push.h>

#include "gpu/core/gpu.h"
#include "gpu/core/own.h"

#define OWN_VRAM (1ull << 20) /* for page tables and an instance block */
#define LOOK	 (50000ull)   /* ns between two looks at the semaphore */
#define LINE	 0x10000u
#define BOUNCE	 (256ull * 1024)
#define CPU_STEP (256ull * 1024)
#define ENTRIES	 64u
#define WINDOW	 (16ull << 20) /* a piece is mapped here, behind the start of the space */

/* One page of ours: USERD first. */
#define GPFIFO	  0x200u
#define SEMAPHORE 0x400u
#define PUSH	  0x800u
#define PUSH_SIZE 0x800u

_Static_assert(GPU_VRAM_ALIGN % LINE == 0, "a range is whole lines");
_Static_assert(GPFIFO + ENTRIES * 8 <= SEMAPHORE, "the GPFIFO fits");

struct gpu_scrubber {
	struct gpu *gpu;
	struct gpu_own_channel own;
	uint8_t *page;	      /* USERD, GPFIFO, semaphore, push buffer */
	struct hv_dma bounce; /* where the GPU brings what it has cleared */
	uint64_t page_va, bounce_va, window_va;

	enum { IDLE, FILLING, READING } phase;
	struct gpu_scrub *first, *last; /* waiting; not the one that is worked on */
	struct gpu_scrub *job;		/* worked on; NULL: abandoned, or none */
	struct gpu_range piece;		/* mapped now, if not IDLE */
	uint64_t looked;		/* bytes of it that were compared */
	uint32_t sent;			/* submissions */
	uint64_t deadline;
	struct gpu_range give_back; /* size 0: none */
	struct hv_timer timer;
	struct hv_work begin;
	enum { STARTING, BY_ENGINE, BY_CPU } how;
	struct gpu_scrub_stats stats;
};

/* ---------------------------------------------------------------- submissions */

static void send(struct gpu_scrubber *s, struct push *push)
{
	uint64_t *gpfifo = (uint64_t *)(s->page + GPFIFO);

	push_release(push, s->page_va + SEMAPHORE, s->sent + 1);
	HV_CHECK(!push->full);
	gpfifo[s->sent % ENTRIES] = push_entry(s->page_va + PUSH, push->n * 4);
	s->sent++;
	hv_wmb(); /* the GPU reads all that when it sees GP_PUT */
	HV_WRITE_ONCE(*(uint32_t *)(s->page + PUSH_USERD_GP_PUT), s->sent % ENTRIES);
	gpu_channel_ring(s->own.channel);
	s->stats.submissions++;
	s->deadline = hv_now() + GPU_SCRUB_TIMEOUT;
	hv_timer_arm(&s->timer, hv_now() + LOOK);
}

/* The GPU is off the last submission, and what it wrote has arrived. */
static bool arrived(struct gpu_scrubber *s)
{
	bool done = HV_READ_ONCE(*(uint32_t *)(s->page + SEMAPHORE)) == s->sent;

	hv_rmb();
	return done;
}

static struct push push_begin(struct gpu_scrubber *s)
{
	struct push push = {.words = (uint32_t *)(s->page + PUSH), .room = PUSH_SIZE / 4};

	if (!s->sent)
		push_set_object(&push, PUSH_COPY_SUBCHANNEL, s->own.desc.engine_class);
	return push;
}

static void fill(struct gpu_scrubber *s)
{
	struct push push = push_begin(s);

	push_fill(&push, s->window_va, 0, (uint32_t)(s->piece.size / 4));
	s->phase = FILLING;
	send(s, &push);
}

static uint32_t to_look_at(const struct gpu_scrubber *s)
{
	uint64_t left = s->piece.size - s->looked;

	return left < BOUNCE ? (uint32_t)left : (uint32_t)BOUNCE;
}

static void bring(struct gpu_scrubber *s)
{
	struct push push = push_begin(s);

	memset(s->bounce.va, 0xff, BOUNCE); /* what does not arrive must not look clean */
	push_copy(&push, s->window_va + s->looked, s->bounce_va, LINE, LINE, to_look_at(s) / LINE);
	s->phase = READING;
	send(s, &push);
}

/* ---------------------------------------------------------------- pieces and jobs */

static void enqueue(struct gpu_scrubber *s, struct gpu_scrub *job)
{
	job->next = NULL;
	if (s->first)
		s->last->next = job;
	else
		s->first = job;
	s->last = job;
}

static void end(struct gpu_scrub *job, int err)
{
	job->scrubber = NULL;
	job->end(job, err);
}

/* What was abandoned while the GPU was at it. */
static void give_back(struct gpu_scrubber *s)
{
	if (s->give_back.size)
		gpu_vram_free(s->gpu, &s->give_back);
	s->give_back.size = 0;
}

static void lose(struct gpu_scrubber *s)
{
	struct gpu_scrub *job = s->job;

	s->phase = IDLE;
	s->job = NULL;
	give_back(s); /* nobody is given any VRAM of a GPU that is lost */
	if (job)
		end(job, -ENODEV);
	while ((job = s->first)) {
		s->first = job->next;
		end(job, -ENODEV);
	}
}

static int map_piece(struct gpu_scrubber *s)
{
	struct gpu_run run = {
		.addr = s->piece.base, .size = s->piece.size, .aperture = GPU_APERTURE_VRAM};
	struct gpu_map map = {.va = s->window_va, .page = GPU_PAGE_64K, .runs = &run, .n = 1};
	int err = gpu_vm_map(s->own.vm, &map);

	return err ? err : gpu_vm_commit(s->own.vm);
}

static int unmap_piece(struct gpu_scrubber *s)
{
	int err = gpu_vm_unmap(s->own.vm, s->window_va, s->piece.size, GPU_PAGE_64K);

	return err ? err : gpu_vm_commit(s->own.vm);
}

static void next_piece(struct gpu_scrubber *s)
{
	struct gpu_scrub *job = s->first;
	int err;

	if (s->phase != IDLE || s->how != BY_ENGINE || !job)
		return;
	s->first = job->next;
	s->job = job;
	s->piece.base = job->range.base + job->done;
	s->piece.size = job->range.size - job->done;
	if (s->piece.size > GPU_SCRUB_PIECE)
		s->piece.size = GPU_SCRUB_PIECE;
	s->looked = 0;
	err = map_piece(s);
	if (err)
		lose(s); /* its tables are enough for a piece: only a lost GPU refuses */
	else
		fill(s);
}

/* The GPU is off the piece. */
static void piece_over(struct gpu_scrubber *s, int err)
{
	struct gpu_scrub *job = s->job;

	s->phase = IDLE;
	s->job = NULL;
	if (unmap_piece(s)) {
		s->job = job;
		lose(s);
		return;
	}
	give_back(s);
	if (job && !err) {
		job->done += s->piece.size;
		s->stats.bytes += s->piece.size;
	}
	if (job && !err && job->done < job->range.size)
		enqueue(s, job);
	else if (job)
		end(job, err);
	next_piece(s);
}

/* What was brought is compared. */
static void look(struct gpu_scrubber *s)
{
	size_t len = to_look_at(s), dirt = gpu_first_dirt(s->bounce.va, len);

	if (dirt < len) {
		hv_log(HV_ERR, "gpu %s: VRAM at %#" PRIx64 " is not zero after its scrub",
		       hv_pci_name(s->gpu->pci), s->piece.base + s->looked + dirt);
		piece_over(s, -EIO);
		return;
	}
	s->looked += len;
	if (s->job && s->looked < s->piece.size)
		bring(s);
	else
		piece_over(s, 0);
}

static void on_timer(struct hv_timer *t)
{
	struct gpu_scrubber *s =
		(struct gpu_scrubber *)((char *)t - offsetof(struct gpu_scrubber, timer));

	if (s->phase == IDLE)
		return;
	if (s->gpu->lost) {
		lose(s);
	} else if (!arrived(s)) {
		if (hv_now() < s->deadline) {
			hv_timer_arm(&s->timer, hv_now() + LOOK);
			return;
		}
		gpu_give_up(s->gpu, "its copy engine does not get done with a scrub");
		lose(s);
	} else if (s->phase == FILLING && s->job) {
		bring(s);
	} else if (s->phase == FILLING) {
		piece_over(s, 0); /* abandoned */
	} else {
		look(s);
	}
}

/* Without a channel: a step, and the next from the loop again. */
static void cpu_step(struct gpu_scrubber *s)
{
	struct gpu_scrub *job = s->first;
	uint64_t before;
	int ret;

	if (!job)
		return;
	s->first = job->next;
	before = job->done;
	ret = gpu_vram_scrub(s->gpu, &job->range, CPU_STEP, &job->done);
	s->stats.bytes += job->done - before;
	if (ret > 0)
		enqueue(s, job);
	else
		end(job, ret);
	if (s->first)
		hv_work_queue(&s->begin);
}

static void on_begin(struct hv_work *w)
{
	struct gpu_scrubber *s =
		(struct gpu_scrubber *)((char *)w - offsetof(struct gpu_scrubber, begin));

	if (s->gpu->lost)
		lose(s);
	else if (s->how == BY_CPU)
		cpu_step(s);
	else
		next_piece(s);
}

void gpu_scrub_start(struct gpu_scrubber *s, struct gpu_scrub *job, const struct gpu_range *range,
		     void (*fn)(struct gpu_scrub *job, int err))
{
	HV_CHECK(range->size && !((range->base | range->size) % GPU_VRAM_ALIGN));
	*job = (struct gpu_scrub){.scrubber = s, .range = *range, .end = fn};
	enqueue(s, job);
	/* From the loop, so that end() is never called in here. */
	if (s->phase == IDLE)
		hv_work_queue(&s->begin);
}

static void dequeue(struct gpu_scrubber *s, const struct gpu_scrub *job)
{
	struct gpu_scrub **at = &s->first, *before = NULL;

	while (*at != job) {
		before = *at;
		at = &before->next;
	}
	*at = job->next;
	if (s->last == job)
		s->last = before;
}

void gpu_scrub_abandon(struct gpu_scrub *job, const struct gpu_range *give_back)
{
	struct gpu_scrubber *s = job->scrubber;

	job->scrubber = NULL;
	if (s->job == job) {
		s->job = NULL;
		if (give_back)
			s->give_back = *give_back;
		return;
	}
	dequeue(s, job);
	if (give_back)
		gpu_vram_free(s->gpu, give_back);
}

/* ---------------------------------------------------------------- coming and going */

static struct gpu_scrubber *of_own(struct gpu_own_channel *own)
{
	return (struct gpu_scrubber *)((char *)own - offsetof(struct gpu_scrubber, own));
}

static void ended(struct gpu_own_channel *own, int err)
{
	struct gpu_scrubber *s = of_own(own);

	(void)err; /* the GPU is off our memory in any case */
	s->how = BY_CPU;
	hv_work_queue(&s->begin);
}

/* A step of the start has not worked. */
static void fail(struct gpu_scrubber *s, int err)
{
	hv_log(HV_WARN, "gpu %s: the CPU cleans VRAM: the engine's %s is not to be had: error %d",
	       hv_pci_name(s->gpu->pci), s->own.missing, -err);
	gpu_own_end(&s->own);
}

static void ready(struct gpu_own_channel *own, int err)
{
	struct gpu_scrubber *s = of_own(own);

	if (err) {
		fail(s, err);
		return;
	}
	s->how = BY_ENGINE;
	next_piece(s);
}

static void fault(struct gpu_channel *channel, const struct gpu_fault *fault, void *arg)
{
	struct gpu_scrubber *s = arg;

	(void)channel;
	hv_log(HV_ERR, "gpu %s: the scrubber's channel was stopped: Xid %" PRIu32 " at %#" PRIx64,
	       hv_pci_name(s->gpu->pci), fault->xid, fault->address);
	gpu_give_up(s->gpu, "its copy engine cannot scrub");
	lose(s);
}

/* Its page and the bounce buffer, at the start of the space. */
static int map_own(struct gpu_own_channel *own)
{
	struct gpu_scrubber *s = of_own(own);
	struct gpu_run runs[] = {
		{hv_dma_addr(s->page), HV_PAGE_SIZE, GPU_APERTURE_SYSMEM_COHERENT},
		{s->bounce.addr, BOUNCE, GPU_APERTURE_SYSMEM_COHERENT},
	};
	struct gpu_map map = {.page = GPU_PAGE_4K, .flags = GPU_MAP_VOLATILE, .runs = runs, .n = 2};
	int err;

	map.va = s->page_va = gpu_vm_start(own->vm);
	s->bounce_va = s->page_va + HV_PAGE_SIZE;
	s->window_va = (s->page_va + WINDOW) & ~(WINDOW - 1);
	own->desc.gpfifo = s->page_va + GPFIFO;
	err = gpu_vm_map(own->vm, &map);
	return err ? err : gpu_vm_commit(own->vm);
}

static int start_engine(struct gpu_scrubber *s, struct gpu_rm *rm)
{
	const struct gpu_classes *classes = gpu_classes(s->gpu);
	int err = -ENOMEM;

	s->page = hv_pages_alloc(1);
	if (s->page)
		err = hv_dma_alloc(BOUNCE, &s->bounce);
	if (err)
		return err;
	s->own = (struct gpu_own_channel){
		.rm = rm,
		.vram_size = OWN_VRAM,
		.desc = {.engine_class = classes->n ? classes->engine[0] : 0,
			 .entries = ENTRIES,
			 .userd = s->page,
			 .userd_dma = hv_dma_addr(s->page),
			 .fault = fault,
			 .arg = s},
		.prepare = map_own,
		.ready = ready,
		.ended = ended,
	};
	err = gpu_own_begin(&s->own);
	if (!err || !s->own.vram.size)
		return err;
	fail(s, err);
	return 0;
}

int gpu_scrubber_new(struct gpu *gpu, struct gpu_rm *rm, struct gpu_scrubber **out)
{
	struct gpu_scrubber *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->gpu = gpu;
	s->how = rm ? STARTING : BY_CPU;
	s->timer.fn = on_timer;
	s->begin.fn = on_begin;
	if (rm)
		err = start_engine(s, rm);
	if (err)
		gpu_scrubber_free(s);
	else
		*out = s;
	return err;
}

void gpu_scrubber_free(struct gpu_scrubber *s)
{
	hv_timer_cancel(&s->timer);
	hv_work_cancel(&s->begin);
	if (s->page)
		hv_pages_free(s->page, 1);
	if (s->bounce.va)
		hv_dma_free(&s->bounce);
	free(s);
}

const struct gpu_scrub_stats *gpu_scrubber_stats(const struct gpu_scrubber *s)
{
	return &s->stats;
}
