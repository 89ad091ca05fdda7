/* SPDX-License-Identifier: MIT */
/*
 * sequence_guest.h - a guest that does random things over the raw ring, and knows what each must come to.
 *
 * Beside each address space stands a shadow: for every 4 KiB of a window of addresses what is mapped and
 * reserved there; beside each memory object the bytes that it must hold. Answers, memory and faults are compared
 * with these. How the back end keeps its own notes (intervals) is not how it is done here.
 *
 * On which machine it does so, the includer says: sequence_hosted.h, or tests/xen/images/sequences.c.
 */
#ifndef TESTS_STRESS_SEQUENCE_GUEST_H
#define TESTS_STRESS_SEQUENCE_GUEST_H

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include <nv/push.h>

#include "tests/unit/rnd.h"
#include "tests/unit/vgpu_calls.h"

#define OBJECTS	   10u
#define SPACES	   3u
#define CHANNELS   9u	/* their USERDs are in two pages */
#define POOL	   160u /* pages that a guest can import */
#define WINDOW	   0x40000000ull
#define CELLS	   1024u /* pages of 4 KiB: two page tables */
#define RINGS	   0x80000000ull
#define RING_PAGES 6u /* semaphore, GPFIFO, push buffers */
#define BATCHES	   4u /* push buffers */
#define ENTRIES	   16u
#define ANSWER_IN  (60 * HV_S)
#define UNIT	   XENVGPU_MEM_ALIGN
#define SMALL	   4u	/* units of most objects at most */
#define LARGE	   32u	/* units of the others: 2 MiB */
#define FAULTS	   150u /* of a connection: the back end's limit is above */
#define MMU_FAULT  31u	/* ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT */
#define CE_CLASS   NVC7B5

/* One error each, to say which of several an answer may be; XEN_EOPNOTSUPP is the only one above 63. */
#define MAY(err) (1ull << ((err) < 63 ? (err) : 63))

struct object {
	uint32_t handle; /* 0: none */
	bool guest_pages, read_only;
	bool mapped, submitted; /* ever */
	unsigned int first;	/* page of the pool */
	uint64_t size;
	unsigned int shown; /* cells of address spaces that show it */
	uint8_t *bytes;
};

struct cell {
	uint8_t shift, reserved; /* page sizes; 0: not mapped, not reserved */
	bool read_only;
	uint8_t object;
	uint32_t page; /* of the object, 4 KiB */
};

struct seat_space {
	uint32_t handle; /* 0: none */
	unsigned int channels;
	struct cell cell[CELLS];
};

struct userd_page {
	struct hv_grant_map map; /* va: NULL if there is none */
	unsigned int users;
};

struct seat_channel {
	bool live, stopped;
	uint32_t number, ring; /* ring: handle of its pages */
	unsigned int space, first;
	uint32_t put, fence;
	struct userd_page *page; /* where its USERD is */
	uint32_t userd;		 /* offset there */
};

/*
 * What a guest may have. Page tables and channels take of it: slice.h says how much, core.h how many channels
 * that is enough for.
 */
struct share {
	uint64_t quota, tables;
	unsigned int channels;
};

static const struct share shares[] = {{4 * MIB, MIB / 2, 6}, {16 * MIB, MIB, CHANNELS}};

struct seat {
	struct guest g; /* dom 0: none */
	struct share share;
	bool plugged, connected, had_space;
	uint8_t *pool;
	hv_gref_t ref[POOL];
	bool used[POOL];
	struct object object[OBJECTS];
	struct seat_space space[SPACES];
	struct seat_channel channel[CHANNELS];
	struct userd_page userd[2];
	struct xenvgpu_page_directory *list; /* of an import */
	hv_gref_t list_ref;
	int flight;	  /* the channel with batches under way; -1 */
	uint32_t written; /* objects that these write to: bits */
	uint32_t stale;	  /* a handle that was freed; 0 */
	uint32_t event;
	unsigned int faults;
	unsigned int idle_pages, idle_grants; /* when nothing is connected */
};

/* Of the whole run. */
static struct {
	uint32_t seed;
	unsigned long long step, sequences, cut, calls, refused, batches, faults, deaths, ends;
	unsigned int seat;
	const char *doing;
	/* Changes of address spaces carried out: by operation and page size. */
	unsigned long long changed[XENVGPU_BIND_RELEASE + 1][XENVGPU_PAGE_2M + 1];
} run;

/* ---------------------------------------------------------------- the machine */

/* Waits; 0, or -ETIMEDOUT after ANSWER_IN. */
static inline int seat_wait(struct guest *g, bool (*over)(void *arg), void *arg);
static inline hv_domid_t seat_backend(const struct guest *g);
/* So many pages of the guest's are mapped by the back, as far as can be seen from here. */
static inline void seat_check_mapped(struct seat *s, unsigned int mapped);
/* The connection ends, and there may be another. */
static inline void seat_end(struct seat *s);
static inline void seat_failed(const char *text) __attribute__((noreturn));

static inline void failed(const char *file, int line, const char *cond, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));
static inline void failed(const char *file, int line, const char *cond, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	int n = snprintf(text, sizeof(text), "%s:%d: seed %u, step %llu, guest %u, %s: %s: ", file,
			 line, (unsigned int)run.seed, run.step, run.seat, run.doing, cond);

	va_start(ap, fmt);
	if (n > 0 && n < (int)sizeof(text))
		vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	seat_failed(text);
}

#define MUST(cond, ...)                                                                            \
	do {                                                                                       \
		if (!(cond))                                                                       \
			failed(__FILE__, __LINE__, #cond, __VA_ARGS__);                            \
	} while (0)

static inline unsigned int below(unsigned int n)
{
	return (rnd() >> 8) % n;
}

/* ---------------------------------------------------------------- waiting */

static inline bool answered(void *arg)
{
	struct guest *g = arg;

	return g->cons != HV_READ_ONCE(g->sring->rsp_prod);
}

/* One request and its answer; the errno of the answer. */
static inline unsigned int ask(struct seat *s, struct xenvgpu_request *req,
			       struct xenvgpu_response *rsp)
{
	struct guest *g = &s->g;
	int ret;

	req->id = g->id++;
	guest_put(g, req);
	guest_push(g);
	ret = seat_wait(g, answered, g);
	MUST(!ret, "operation %#x is not answered: %d", req->operation, ret);
	MUST(guest_get(g, rsp) && rsp->id == req->id && rsp->operation == req->operation,
	     "operation %#x", req->operation);
	run.calls++;
	run.refused += rsp->status != 0;
	return (unsigned int)-rsp->status;
}

/* The same; `may` are the errors it must have one of, 0: none. */
static inline unsigned int expect(struct seat *s, struct xenvgpu_request *req,
				  struct xenvgpu_response *rsp, uint64_t may)
{
	unsigned int err = ask(s, req, rsp);

	MUST((may ? may : MAY(0)) & MAY(err), "operation %#x: error %u, not one of %#" PRIx64,
	     req->operation, err, may);
	return err;
}

/* ---------------------------------------------------------------- what a space shows */

static inline struct object *object_of(struct seat *s, const struct cell *cell)
{
	return &s->object[cell->object];
}

static inline uint8_t *cell_bytes(struct seat *s, const struct cell *cell)
{
	return object_of(s, cell)->bytes + (size_t)cell->page * HV_PAGE_SIZE;
}

static inline void forget_cell(struct seat *s, struct cell *cell)
{
	if (cell->shift)
		object_of(s, cell)->shown--;
	cell->shift = 0;
}

static inline void forget_space(struct seat *s, struct seat_space *space)
{
	for (unsigned int i = 0; i < CELLS; i++)
		forget_cell(s, &space->cell[i]);
	memset(space, 0, sizeof(*space));
}

/* The errors that this change must meet one of; 0: it must succeed. */
static inline uint64_t bind_errors(const struct seat_space *space, const struct xenvgpu_bind *b,
				   const struct object *o)
{
	unsigned int first = (unsigned int)((b->va - WINDOW) / HV_PAGE_SIZE), i;
	unsigned int n = (unsigned int)(b->size / HV_PAGE_SIZE);
	bool bound = false, reserved = false, other = false, gap = false;
	uint64_t may = 0;

	for (i = first; i < first + n; i++) {
		const struct cell *c = &space->cell[i];

		bound |= c->shift != 0;
		reserved |= c->reserved != 0;
		other |= c->reserved && c->reserved != b->page_shift;
		gap |= b->operation == XENVGPU_BIND_UNMAP ? c->shift != b->page_shift
							  : c->reserved != b->page_shift;
	}
	switch (b->operation) {
	case XENVGPU_BIND_MAP:
		if (!o)
			return MAY(XEN_ENOENT) | (bound || other ? MAY(XEN_EEXIST) : 0);
		if (b->offset + b->size > o->size ||
		    (o->guest_pages && b->page_shift != XENVGPU_PAGE_4K))
			may |= MAY(XEN_EINVAL);
		if (o->read_only && !(b->flags & XENVGPU_BIND_RO))
			may |= MAY(XEN_EACCES);
		if (bound || other)
			may |= MAY(XEN_EEXIST);
		return may;
	case XENVGPU_BIND_UNMAP:
		return gap ? MAY(XEN_ENOENT) : 0;
	case XENVGPU_BIND_RESERVE:
		return bound || reserved ? MAY(XEN_EEXIST) : 0;
	default:
		return (gap ? MAY(XEN_ENOENT) : 0) | (bound ? MAY(XEN_EEXIST) : 0);
	}
}

/* The change was carried out. */
static inline void bind_done(struct seat *s, struct seat_space *space, const struct xenvgpu_bind *b,
			     struct object *o)
{
	unsigned int first = (unsigned int)((b->va - WINDOW) / HV_PAGE_SIZE);

	run.changed[b->operation][b->page_shift]++;
	for (unsigned int i = 0; i < b->size / HV_PAGE_SIZE; i++) {
		struct cell *c = &space->cell[first + i];

		switch (b->operation) {
		case XENVGPU_BIND_MAP:
			c->shift = b->page_shift;
			c->read_only = b->flags & XENVGPU_BIND_RO;
			c->object = (uint8_t)(o - s->object);
			c->page = (uint32_t)(b->offset / HV_PAGE_SIZE) + i;
			o->shown++;
			o->mapped = true;
			break;
		case XENVGPU_BIND_UNMAP:
			forget_cell(s, c);
			break;
		case XENVGPU_BIND_RESERVE:
			c->reserved = b->page_shift;
			break;
		default:
			c->reserved = 0;
			break;
		}
	}
}

/* ---------------------------------------------------------------- channels */

static inline uint32_t *semaphore(struct seat *s, const struct seat_channel *c)
{
	return (uint32_t *)(void *)(s->pool + (size_t)c->first * HV_PAGE_SIZE);
}

static inline uint64_t ring_va(const struct seat *s, const struct seat_channel *c)
{
	return RINGS + (uint64_t)(c - s->channel) * 0x10000;
}

/* Takes what the event page has: channels that were stopped. */
static inline void take_events(struct seat *s)
{
	struct xenvgpu_event_page *page = s->g.events;

	for (; s->event != HV_READ_ONCE(page->in_prod); s->event++, page->in_cons = s->event) {
		const struct xenvgpu_event *e = &page->event[s->event % XENVGPU_NUM_EVENTS];
		struct seat_channel *c = s->channel;

		MUST(e->type == XENVGPU_EVT_CHANNEL, "event %#x", e->type);
		while (c < s->channel + CHANNELS &&
		       !(c->live && c->number == e->op.channel.channel))
			c++;
		MUST(c < s->channel + CHANNELS, "an event about channel %u", e->op.channel.channel);
		MUST(!c->stopped && e->op.channel.xid == MMU_FAULT, "xid %u", e->op.channel.xid);
		c->stopped = true;
	}
}

struct waits_for_channel {
	struct seat *s;
	struct seat_channel *c;
};

static inline bool channel_rests(void *arg)
{
	struct waits_for_channel *w = arg;

	take_events(w->s);
	return w->c->stopped || HV_READ_ONCE(*semaphore(w->s, w->c)) == w->c->fence;
}

/* Everything submitted so far is done, or has stopped its channel: which is returned. */
static inline struct seat_channel *rest(struct seat *s)
{
	struct waits_for_channel w = {s, s->flight < 0 ? NULL : &s->channel[s->flight]};
	int ret;

	if (!w.c)
		return NULL;
	ret = seat_wait(&s->g, channel_rests, &w);
	MUST(!ret, "channel %u has not come to fence %u but to %u: %d", w.c->number, w.c->fence,
	     *semaphore(s, w.c), ret);
	s->flight = -1;
	s->written = 0;
	return w.c;
}

/* The same, and nothing went wrong. */
static inline void settle(struct seat *s)
{
	const struct seat_channel *c = rest(s);

	MUST(!c || !c->stopped, "channel %u was stopped", c->number);
}

/* The push buffer of the channel's next batch; what was under way of another is over first. */
static inline struct push batch(struct seat *s, struct seat_channel *c)
{
	if (s->flight != c - s->channel || (c->fence + 1) % BATCHES == 0)
		settle(s);
	return (struct push){
		.words = (uint32_t *)(void *)(s->pool + (c->first + 2 + (c->fence + 1) % BATCHES) *
								(size_t)HV_PAGE_SIZE),
		.room = HV_PAGE_SIZE / 4,
	};
}

static inline void submit(struct seat *s, struct seat_channel *c, struct push *p)
{
	uint64_t *gpfifo = (uint64_t *)(void *)(s->pool + (c->first + 1) * (size_t)HV_PAGE_SIZE);
	uint8_t *userd = (uint8_t *)c->page->map.va + c->userd;

	c->fence++;
	push_release(p, ring_va(s, c), c->fence);
	MUST(!p->full, "the batch");
	gpfifo[c->put] =
		push_entry(ring_va(s, c) + (2 + c->fence % BATCHES) * HV_PAGE_SIZE, 4 * p->n);
	c->put = (c->put + 1) % ENTRIES;
	hv_wmb(); /* the batch before its number */
	memcpy(userd + XENVGPU_USERD_GP_PUT, &c->put, 4);
	guest_bell(&s->g, c->number);
	s->flight = (int)(c - s->channel);
	run.batches++;
}

#endif /* TESTS_STRESS_SEQUENCE_GUEST_H */
