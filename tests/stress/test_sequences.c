/* SPDX-License-Identifier: MIT */
/*
 * Sixteen guests make, map, submit, unmap and destroy at random, and close, unplug and die in the midst of it, on the
 * whole driver domain with firmware and the GPU model. Every answer and every byte is compared with what it must
 * be; and whenever all of it has been taken down, everything that can be counted is what it was at the start.
 *
 * SEED chooses another course of events, SEQUENCES how many there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "gpu/gpudom.c" /* NOLINT(bugprone-suspicious-include): its start function is static */
#include "gpu/core/fifo/fifo.h"
#include "tests/model/gsp.h"
#include "tests/model/host.h"
#include "tests/model/rm.h"
#include "tests/unit/boot_bed.h"
#include "tests/stress/sequence_steps.h"

#define SEATS	  16u
#define SEQUENCES 10000u
#define LEVEL	  500u /* sequences between two comparisons with the start */
#define RANGE_MAX (8 * HV_PAGE_SIZE)
/* Numbers in xenstore grow longer; a single forgotten structure is larger, and 20 comparisons make 20 of it. */
#define HEAP_SLACK 64u

static struct bed bed;
static struct seat seats[SEATS];

/* ---------------------------------------------------------------- submissions */

/* Finds addresses that the GPU may read, or write. */
static bool range(const struct seat_space *space, bool write, uint64_t *va, uint32_t *len)
{
	unsigned int from = below(CELLS), most = 1 + below(RANGE_MAX / HV_PAGE_SIZE), n = 0;

	for (unsigned int i = 0; i < CELLS; i++) {
		const struct cell *c = &space->cell[(from + i) % CELLS];
		bool good = (c->shift && !(write && c->read_only)) || (!c->shift && c->reserved);

		if (!good && !n)
			continue;
		if (!good || n == most || (n && (from + i) % CELLS == 0))
			break;
		if (!n++)
			*va = WINDOW + (uint64_t)((from + i) % CELLS) * HV_PAGE_SIZE;
	}
	if (!n)
		return false;
	*len = n * HV_PAGE_SIZE;
	if (below(2)) {
		uint32_t skip = 4 * below(*len / 4);

		*va += skip;
		*len -= skip;
		*len = 4 * (1 + below(*len / 4));
	}
	return true;
}

static struct cell *cell_at(struct seat_space *space, uint64_t va)
{
	return &space->cell[(va - WINDOW) / HV_PAGE_SIZE];
}

/* What the GPU does: reads from, or writes to, what the space shows. */
static void access_shadow(struct seat *s, struct seat_space *space, uint64_t va, uint8_t *buf,
			  uint32_t len, bool write)
{
	while (len) {
		struct cell *c = cell_at(space, va);
		uint32_t at = va % HV_PAGE_SIZE;
		uint32_t n = HV_PAGE_SIZE - at < len ? HV_PAGE_SIZE - at : len;

		if (!c->shift) {
			if (!write)
				memset(buf, 0, n);
		} else {
			uint8_t *bytes = cell_bytes(s, c) + at;

			object_of(s, c)->submitted = true;
			memcpy(write ? bytes : buf, write ? buf : bytes, n);
			if (write)
				s->written |= 1u << c->object;
		}
		va += n;
		buf += n;
		len -= n;
	}
}

/* Do two ranges show a page both? Then it matters in which order the engine copies. */
static bool alias(struct seat_space *space, uint64_t a, uint64_t b, uint32_t len)
{
	for (uint64_t i = a & ~4095ull; i < a + len; i += HV_PAGE_SIZE) {
		for (uint64_t j = b & ~4095ull; j < b + len; j += HV_PAGE_SIZE) {
			const struct cell *x = cell_at(space, i), *y = cell_at(space, j);

			if (x->shift && y->shift && x->object == y->object && x->page == y->page)
				return true;
		}
	}
	return false;
}

static void put_fill(struct seat *s, struct seat_space *space, struct push *p)
{
	uint32_t value = rnd(), buf[RANGE_MAX / 4], len;
	uint64_t to;

	if (!range(space, true, &to, &len))
		return;
	for (uint32_t i = 0; i < len / 4; i++)
		buf[i] = value;
	push_fill(p, to, value, len / 4);
	access_shadow(s, space, to, (uint8_t *)buf, len, true);
}

static void put_copy(struct seat *s, struct seat_space *space, struct push *p)
{
	uint8_t buf[RANGE_MAX];
	uint32_t len, room;
	uint64_t from, to;

	if (!range(space, false, &from, &len) || !range(space, true, &to, &room))
		return;
	if (len > room)
		len = room;
	if (alias(space, from, to, len))
		return;
	push_copy(p, from, to, len, len, 1);
	access_shadow(s, space, from, buf, len, false);
	access_shadow(s, space, to, buf, len, true);
}

static struct seat_channel *channel_in(struct seat *s, const struct seat_space *space)
{
	for (unsigned int tries = 0; tries < CHANNELS; tries++) {
		struct seat_channel *c = any_channel(s, true);

		if (c && &s->space[c->space] == space)
			return c;
	}
	return NULL;
}

static void submit_some(struct seat *s, struct seat_channel *c)
{
	struct push p;

	if (!c)
		return;
	p = batch(s, c);
	for (unsigned int n = 1 + below(5); n; n--) {
		if (below(3))
			put_copy(s, &s->space[c->space], &p);
		else
			put_fill(s, &s->space[c->space], &p);
		push_wfi(&p);
	}
	submit(s, c, &p);
}

/* Sends the engine where it must not go: nothing is there, or it is to be read only. */
static void submit_fault(struct seat *s)
{
	struct seat_channel *c = any_channel(s, true);
	uint64_t where = WINDOW - MIB;
	struct push p;

	if (!c || s->faults == FAULTS)
		return;
	settle(s);
	for (unsigned int i = below(CELLS), tries = 0; tries < 64; tries++, i = (i + 1) % CELLS) {
		const struct cell *cell = &s->space[c->space].cell[i];

		if (cell->shift ? !cell->read_only : cell->reserved)
			continue;
		where = WINDOW + (uint64_t)i * HV_PAGE_SIZE;
		break;
	}
	p = batch(s, c);
	push_fill(&p, where, rnd(), 1 + below(1024));
	submit(s, c, &p);
	rest(s);
	MUST(c->stopped, "a write to %#" PRIx64 " was let through", where);
	s->faults++;
	run.faults++;
}

/* Takes memory away that the GPU works on: what it still wrote is not known, and it may have met a fault. */
static void pull(struct seat *s)
{
	struct seat_channel *c = any_channel(s, true);
	uint32_t written;

	if (!c || s->faults == FAULTS)
		return;
	submit_some(s, c);
	written = s->written;
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (written & 1u << i && s->object[i].shown) {
			unmap_object(s, &s->object[i], below(2));
			break;
		}
	}
	rest(s);
	s->faults += c->stopped;
	write_anew(s, written);
}

/* ---------------------------------------------------------------- what is refused */

static void refused_bind(struct seat *s, const struct seat_space *space)
{
	struct xenvgpu_bind b = bed_bind(XENVGPU_BIND_RESERVE, XENVGPU_PAGE_4K, WINDOW, 4096);
	struct xenvgpu_request req;
	struct xenvgpu_response rsp;

	switch (below(7)) {
	case 0:
		b.page_shift = 13;
		break;
	case 1:
		b.va += 512;
		break;
	case 2:
		b.size = 0;
		break;
	case 3:
		b.operation = 9;
		break;
	case 4:
		b.va = UINT64_MAX - 4095;
		break;
	case 5:
		b.va = 1ull << 52;
		break;
	default:
		b.flags = XENVGPU_BIND_RO;
		break;
	}
	req = guest_bind_request(&s->g, space->handle, &b, 1);
	expect(s, &req, &rsp, MAY(XEN_EINVAL));
	MUST(!rsp.op.bind.done, "%u", rsp.op.bind.done);
}

static void refused_request(struct seat *s)
{
	const struct seat_space *space = any_space(s);
	struct xenvgpu_request req = bed_request(0x55);
	struct xenvgpu_response rsp;
	uint64_t may = MAY(XEN_EOPNOTSUPP);

	switch (below(10)) {
	case 0:
		req = bed_request(XENVGPU_OP_MEM_FREE);
		req.op.mem_free.handle = s->stale;
		may = MAY(XEN_ENOENT);
		break;
	case 1:
		req = bed_request(XENVGPU_OP_MEM_ALLOC);
		req.op.mem_alloc.size = below(2) ? s->share.quota + UNIT : UNIT + 4096;
		may = MAY(req.op.mem_alloc.size % UNIT == 0 ? XEN_ENOMEM : XEN_EINVAL);
		break;
	case 2:
		req = bed_request(XENVGPU_OP_SPACE_DESTROY);
		req.op.space_destroy.space = rnd() | 0x80000000u;
		may = MAY(XEN_ENOENT);
		break;
	case 3:
		req = bed_request(XENVGPU_OP_CHANNEL_DESTROY);
		req.op.channel_destroy.channel = 40 + below(1000);
		may = MAY(XEN_ENOENT);
		break;
	case 4:
		req = bed_request(XENVGPU_OP_MEM_IMPORT);
		req.op.mem_import.gref_directory = s->list_ref;
		may = MAY(XEN_EINVAL);
		break;
	case 5: /* the second of three pages cannot be had */
		req = bed_request(XENVGPU_OP_MEM_IMPORT);
		s->list->gref[0] = s->ref[POOL - 1];
		s->list->gref[1] = 30000;
		s->list->gref[2] = s->ref[POOL - 1];
		req.op.mem_import.gref_directory = s->list_ref;
		req.op.mem_import.pages = 3;
		may = MAY(XEN_EFAULT);
		break;
	case 6:
		req = bed_request(XENVGPU_OP_BIND);
		req.op.bind = (struct xenvgpu_bind_req){rnd() | 0x80000000u, s->list_ref, 1};
		may = MAY(XEN_ENOENT);
		break;
	case 7:
		if (space)
			refused_bind(s, space);
		return;
	case 8:
		if (!space)
			return;
		req = guest_channel_request(space->handle, below(2) ? 0x1234 : CE_CLASS,
					    WINDOW + 8 + 8 * below(100));
		may = MAY(XEN_EOPNOTSUPP) | MAY(XEN_EINVAL);
		break;
	default:
		break;
	}
	expect(s, &req, &rsp, may);
}

/* ---------------------------------------------------------------- connections */

static void usage(const struct seat *s, struct hosted_usage *now)
{
	hosted_usage(bed.h, s->g.dom, now);
}

static void *granted(unsigned int pages, unsigned int flags, hv_gref_t *refs)
{
	uint8_t *va = hv_pages_alloc(pages);

	MUST(va, "%u pages", pages);
	for (unsigned int i = 0; i < pages; i++)
		MUST(!hv_grant_give(bed.gpudom, va + (size_t)i * HV_PAGE_SIZE, flags, &refs[i]),
		     "a grant");
	return va;
}

static void be_born(struct seat *s)
{
	struct hosted_usage now;

	memset(s, 0, sizeof(*s));
	s->flight = -1;
	guest_new(&bed, &s->g);
	hosted_enter(bed.h, s->g.dom);
	s->pool = granted(POOL, 0, s->ref);
	s->list = granted(1, HV_GRANT_RO, &s->list_ref);
	hosted_leave();
	usage(s, &now);
	s->idle_pages = now.pages;
	s->idle_grants = now.grants;
}

static void forget_connection(struct seat *s)
{
	for (unsigned int i = 0; i < SPACES; i++)
		forget_space(s, &s->space[i]);
	for (unsigned int i = 0; i < OBJECTS; i++)
		drop_object(s, &s->object[i]);
	memset(s->channel, 0, sizeof(s->channel));
	memset(s->used, 0, sizeof(s->used));
	for (unsigned int i = 0; i < 2; i++) {
		s->userd[i].users = 0;
		if (below(2))
			userd_unmap(s, &s->userd[i]);
	}
	s->flight = -1;
	s->written = 0;
	s->event = 0;
	s->stale = 0;
	s->had_space = false;
	s->connected = false;
}

static void connect_guest(struct seat *s)
{
	if (!s->g.dom)
		be_born(s);
	if (!s->plugged) {
		s->share = shares[below(6) == 0];
		guest_plug(&s->g, s->share.quota);
		s->plugged = true;
		s->faults = 0;
	}
	await_state(s, XenbusStateInitWait);
	guest_new_port(&s->g);
	guest_offer(&s->g);
	guest_state(&s->g, XenbusStateInitialised);
	await_state(s, XenbusStateConnected);
	guest_state(&s->g, XenbusStateConnected);
	s->connected = true;
}

/* In good order, whatever is under way; nothing of the guest's is anybody's then. */
static void close_guest(struct seat *s)
{
	struct hosted_usage now;

	guest_write(&s->g, "state", XenbusStateClosing);
	if (below(2))
		await_state(s, XenbusStateClosing);
	guest_write(&s->g, "state", XenbusStateClosed);
	await_state(s, XenbusStateClosed);
	usage(s, &now);
	MUST(!now.grants_mapped, "%u of its pages are still mapped", now.grants_mapped);
	MUST(now.pages == s->idle_pages && now.grants == s->idle_grants, "%u pages, %u grants",
	     now.pages, now.grants);
	forget_connection(s);
	run.ends++;
}

static void unplug_guest(struct seat *s)
{
	guest_unplug(&s->g);
	s->plugged = false;
	hosted_run(bed.h, below(40));
	forget_connection(s);
	run.ends++;
}

/* What the toolstack makes for a domain, and not for one of its devices. */
static void forget_directories(hv_domid_t dom)
{
	char path[64];

	snprintf(path, sizeof(path), "/xvgpu/%u/%u", bed.gpudom, dom);
	hosted_xs_rm(hosted_xs_of(bed.h), 0, HV_XS_NONE, path);
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u", bed.gpudom, dom);
	hosted_xs_rm(hosted_xs_of(bed.h), 0, HV_XS_NONE, path);
}

static void kill_guest(struct seat *s)
{
	bool unplugged_first = below(2);

	if (unplugged_first && s->plugged)
		guest_unplug(&s->g);
	if (below(2))
		hosted_run(bed.h, below(20));
	hosted_domain_destroy(bed.h, s->g.dom);
	if (below(2))
		hosted_run(bed.h, below(20));
	if (!unplugged_first && s->plugged)
		guest_unplug(&s->g);
	forget_directories(s->g.dom);
	memset(s->userd, 0, sizeof(s->userd)); /* the maps died with it */
	forget_connection(s);
	memset(s, 0, sizeof(*s));
	run.deaths++;
}

static void reconnect_guest(struct seat *s)
{
	close_guest(s);
	guest_state(&s->g, XenbusStateInitialising);
	connect_guest(s);
}

static void end_somehow(struct seat *s)
{
	switch (below(4)) {
	case 0:
		kill_guest(s);
		break;
	case 1:
		unplug_guest(s);
		break;
	case 2:
		close_guest(s);
		unplug_guest(s);
		break;
	default:
		reconnect_guest(s);
		break;
	}
}

/* A request that may be right, of which nobody waits for the answer. */
static struct xenvgpu_request any_request(struct seat *s)
{
	static const uint8_t operations[] = {
		XENVGPU_OP_MEM_ALLOC,	 XENVGPU_OP_MEM_FREE,	    XENVGPU_OP_MEM_WRITE,
		XENVGPU_OP_MEM_READ,	 XENVGPU_OP_MEM_IMPORT,	    XENVGPU_OP_SPACE_CREATE,
		XENVGPU_OP_BIND,	 XENVGPU_OP_CHANNEL_CREATE, XENVGPU_OP_CHANNEL_DESTROY,
		XENVGPU_OP_SPACE_DESTROY};
	struct xenvgpu_request req = bed_request(operations[below(10)]);
	const struct object *o = &s->object[below(OBJECTS)];
	const struct seat_space *space = &s->space[below(SPACES)];
	const struct seat_channel *c = &s->channel[below(CHANNELS)];
	struct xenvgpu_bind b;
	struct object *shown;

	switch (req.operation) {
	case XENVGPU_OP_MEM_ALLOC:
		req.op.mem_alloc.size = (1 + below(LARGE)) * UNIT;
		break;
	case XENVGPU_OP_MEM_FREE:
		req.op.mem_free.handle = o->handle;
		break;
	case XENVGPU_OP_MEM_WRITE:
	case XENVGPU_OP_MEM_READ:
		return guest_copy_request(&s->g, req.operation, o->handle, 0, UNIT);
	case XENVGPU_OP_MEM_IMPORT:
		req.op.mem_import.gref_directory = s->list_ref;
		req.op.mem_import.pages = 1 + below(POOL);
		memcpy(s->list->gref, s->ref, sizeof(s->ref));
		break;
	case XENVGPU_OP_SPACE_DESTROY:
		req.op.space_destroy.space = space->handle;
		break;
	case XENVGPU_OP_BIND:
		b = any_change(s, &shown);
		return guest_bind_request(&s->g, space->handle, &b, 1);
	case XENVGPU_OP_CHANNEL_CREATE:
		return guest_channel_request(space->handle, CE_CLASS, RINGS);
	case XENVGPU_OP_CHANNEL_DESTROY:
		req.op.channel_destroy.channel = c->number;
		break;
	default:
		break;
	}
	return req;
}

/* The end comes while much is under way. */
static void end_in_the_midst(struct seat *s)
{
	static const enum hosted_fail unlucky[] = {HOSTED_FAIL_PAGES, HOSTED_FAIL_GRANT_GIVE,
						   HOSTED_FAIL_GRANT_MAP, HOSTED_FAIL_GRANT_COPY};

	if (below(2))
		submit_some(s, any_channel(s, true));
	for (unsigned int n = below(XENVGPU_RING_SLOTS - 4); n; n--) {
		struct xenvgpu_request req = any_request(s);

		req.id = s->g.id++;
		guest_put(&s->g, &req);
	}
	if (below(2)) /* and the driver domain has no luck */
		hosted_fail_nth(bed.h, bed.gpudom, unlucky[below(4)], 1 + below(6));
	guest_push(&s->g);
	hosted_run(bed.h, below(60));
	for (unsigned int i = 0; i < 4; i++)
		hosted_fail_nth(bed.h, bed.gpudom, unlucky[i], 0);
	end_somehow(s);
}

/* ---------------------------------------------------------------- steps */

/* What the slice holds, as its guest and Xen see it. */
static void look(struct seat *s)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_INFO);
	const struct object *o = &s->object[below(OBJECTS)];
	struct xenvgpu_response rsp;
	struct hosted_usage now;
	unsigned int mapped = 2; /* ring and event page */

	settle(s);
	if (o->handle)
		check_object(s, o);
	expect(s, &req, &rsp, 0);
	MUST(rsp.op.info.vram_size == s->share.quota &&
		     rsp.op.info.vram_free == s->share.quota - vram_used(s),
	     "%#" PRIx64 " bytes are free, not %#" PRIx64, rsp.op.info.vram_free,
	     s->share.quota - vram_used(s));
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (s->object[i].handle && s->object[i].guest_pages)
			mapped += (unsigned int)(s->object[i].size / HV_PAGE_SIZE);
	}
	for (unsigned int i = 0; i < CHANNELS; i++)
		mapped += s->channel[i].live ? RING_PAGES : 0;
	usage(s, &now);
	MUST(now.grants_mapped == mapped, "%u of its pages are mapped, not %u", now.grants_mapped,
	     mapped);
}

/* The next thing in the life of an object. */
static void object_step(struct seat *s, struct object *o)
{
	struct seat_space *space = any_space(s);

	if (!space) {
		make_space(s);
		return;
	}
	if (!o->handle) {
		if (below(3))
			alloc_object(s);
		else
			import_object(s);
		return;
	}
	if (!o->shown && (!o->submitted || below(4) == 0)) {
		settle(s);
		map_object(s, space, o);
	} else if (!o->shown) {
		settle(s);
		free_object(s, o);
	} else if (!o->submitted || below(2)) {
		if (!channel_in(s, space))
			make_channel(s, space);
		submit_some(s, channel_in(s, space));
	} else {
		settle(s);
		unmap_object(s, o, below(4) != 0);
	}
}

static void object_any(struct seat *s)
{
	object_step(s, &s->object[below(OBJECTS)]);
}

static void write_any(struct seat *s)
{
	struct object *o = &s->object[below(OBJECTS)];

	settle(s);
	if (o->handle)
		write_object(s, o);
}

static void free_any(struct seat *s)
{
	struct object *o = &s->object[below(OBJECTS)];

	settle(s);
	if (o->handle)
		free_object(s, o);
}

static void change_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space)
		random_changes(s, space);
}

static void space_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space && below(3) == 0)
		end_space(s, space);
	else
		make_space(s);
}

static void channel_any(struct seat *s)
{
	struct seat_space *space = any_space(s);
	struct seat_channel *c = any_channel(s, false);

	if (below(2) && space) {
		make_channel(s, space);
	} else if (c) {
		if (below(2) && !c->stopped)
			submit_some(s, c);
		end_channel(s, c);
	}
}

/* A stopped channel does nothing, however often it is rung. */
static void ring_stopped(struct seat *s)
{
	for (unsigned int i = 0; i < CHANNELS; i++) {
		if (s->channel[i].live && s->channel[i].stopped)
			guest_bell(&s->g, s->channel[i].number);
	}
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*fn)(struct seat *s);
} steps[] = {
	{"an object", 760, object_any},
	{"random changes", 70, change_any},
	{"a write", 20, write_any},
	{"a free", 20, free_any},
	{"a space", 20, space_any},
	{"a channel", 40, channel_any},
	{"a fault", 12, submit_fault},
	{"taking away", 12, pull},
	{"a wrong request", 40, refused_request},
	{"looking", 20, look},
	{"ringing", 6, ring_stopped},
	{"a reconnect", 2, reconnect_guest},
	{"an unplug", 2, unplug_guest},
	{"a death", 2, kill_guest},
	{"an end in the midst", 4, end_in_the_midst},
};

static void step(void)
{
	unsigned int total = 0, i, choice;
	struct seat *s;

	run.step++;
	run.seat = below(SEATS);
	run.doing = "connecting";
	s = &seats[run.seat];
	if (!s->connected) {
		connect_guest(s);
		return;
	}
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		total += steps[i].weight;
	choice = below(total);
	for (i = 0; choice >= steps[i].weight; i++)
		choice -= steps[i].weight;
	run.doing = steps[i].name;
	take_events(s);
	steps[i].fn(s);
}

/* ---------------------------------------------------------------- the start, and back to it */

/* All that can be counted, of everybody. */
struct counts {
	struct hosted_usage gpudom, dom0;
	unsigned int pages_free, grants_given, grants_mapped, orphans, clients, chids;
	unsigned int groups, channels, directories, directories_left, spaces, load;
	uint32_t objects;
	uint64_t vram;
	/* Of the process, so of the model and the machine too; 0: since the first comparison, for some is made once. */
	size_t heap;
};

/* AddressSanitizer's own, as <sanitizer/allocator_interface.h> has it, which gcc does not bring. */
size_t __sanitizer_get_current_allocated_bytes(void);

static void count(struct counts *n)
{
	const struct model_rm *rm = &bed.model->gsp_rm->rm;
	const struct model_host *host = bed.model->host;
	const struct fwq_clients *clients = gpu_rm_clients(gpudom.rm);
	const struct gpu_fifo *fifo = gpu_rm_fifo(gpudom.rm);
	unsigned int i;

	memset(n, 0, sizeof(*n));
	hosted_usage(bed.h, bed.gpudom, &n->gpudom);
	hosted_usage(bed.h, 0, &n->dom0);
	hosted_enter(bed.h, bed.gpudom);
	n->pages_free = hv_pages_free_count();
	n->grants_given = hv_grants_given();
	n->grants_mapped = hv_grants_mapped();
	hosted_leave();
	n->vram = gpu_vram_free_bytes(gpudom.gpu);
	n->orphans = hosted_orphan_frames(bed.h);
	for (i = 0; i < FWQ_CLIENTS_MAX; i++)
		n->clients += clients->client[i] || clients->lost[i];
	for (i = 0; i < GPU_CHIDS; i++)
		n->chids += fifo->chids.taken[i];
	for (i = 0; i < GPU_ENGINES_MAX; i++)
		n->load += fifo->load[i];
	for (i = 0; i < MODEL_GROUPS; i++)
		n->groups += host->groups[i].used;
	for (i = 0; i < MODEL_CHANNELS; i++)
		n->channels += host->channels[i].used;
	for (i = 0; i < RM_MAX_SPACES; i++)
		n->spaces += rm->spaces[i].used;
	n->objects = rm->nr_objects;
	n->directories = model_rm_directories(bed.model);
	n->directories_left = rm->directories_left;
	n->heap = __sanitizer_get_current_allocated_bytes();
}

#define SAME(field)                                                                                \
	MUST(now.field == start->field, #field ": %llu, at the start %llu",                        \
	     (unsigned long long)now.field, (unsigned long long)start->field)

static void compare(struct counts *start)
{
	struct counts now;

	count(&now);
	SAME(gpudom.pages);
	SAME(gpudom.grants);
	SAME(gpudom.grants_mapped);
	SAME(gpudom.maps);
	SAME(gpudom.ports);
	SAME(gpudom.nodes);
	SAME(gpudom.watches);
	SAME(dom0.nodes);
	SAME(dom0.watches);
	SAME(pages_free);
	SAME(grants_given);
	SAME(grants_mapped);
	SAME(vram);
	SAME(orphans);
	SAME(clients);
	SAME(chids);
	SAME(load);
	SAME(groups);
	SAME(channels);
	SAME(spaces);
	SAME(objects);
	SAME(directories);
	SAME(directories_left);
	if (!start->heap)
		start->heap = now.heap;
	MUST(now.heap <= start->heap + HEAP_SLACK, "heap: %zu bytes, at the start %zu", now.heap,
	     start->heap);
	MUST(!hosted_iommu_refused(bed.h), "the IOMMU refused something");
	MUST(hosted_domain_state(bed.h, bed.gpudom, NULL) == HOSTED_RUNNING, "the driver domain");
}

/* The guest itself takes everything down, one by one. */
static void tidy(struct seat *s)
{
	struct seat_channel *c;

	settle(s);
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (s->object[i].handle)
			unmap_object(s, &s->object[i], true);
		MUST(!s->object[i].shown, "%u cells", s->object[i].shown);
		if (s->object[i].handle)
			free_object(s, &s->object[i]);
	}
	while ((c = any_channel(s, false)))
		end_channel(s, c);
	for (unsigned int i = 0; i < SPACES; i++) {
		if (s->space[i].handle)
			end_space(s, &s->space[i]);
	}
	look(s);
	close_guest(s);
	unplug_guest(s);
}

static void level(struct counts *start)
{
	run.doing = "taking all down";
	for (run.seat = 0; run.seat < SEATS; run.seat++) {
		struct seat *s = &seats[run.seat];

		if (s->connected && below(2))
			tidy(s);
		else if (s->connected)
			end_in_the_midst(s);
	}
	for (run.seat = 0; run.seat < SEATS; run.seat++) {
		if (seats[run.seat].g.dom)
			kill_guest(&seats[run.seat]);
	}
	hosted_advance(bed.h, 5 * HV_S);
	hosted_log_clear(bed.h, bed.gpudom);
	run.doing = "comparing with the start";
	compare(start);
}

/* ---------------------------------------------------------------- the test */

static void machine_up(uint8_t *archive)
{
	const struct model_config board = {.chip = boot_boards[0].chip,
					   .vram_bytes = 1024 * MIB,
					   .no_ecc = true,
					   .allow_unsigned = true};
	struct hosted_domain_config config = {
		.name = "gpudom", .start = gpudom_start, .pages = 8192, .module_size = FW_SIZE};

	memset(&bed, 0, sizeof(bed));
	bed.h = hosted_new();
	bed.slot = hosted_pci_model(bed.h, &board, &bed.model);
	memset(archive, 0, FW_SIZE);
	fw_archive(archive, &boot_boards[0], "535.113.01");
	config.module = archive;
	bed.gpudom = (hv_domid_t)hosted_domain_new(bed.h, &config);
	assert_int_equal(hosted_pci_assign(bed.slot, bed.gpudom), 0);
	hosted_advance(bed.h, 30 * HV_S);
	assert_int_equal(hosted_log_count(bed.h, bed.gpudom, "serving backend/vgpu"), 1);
	/* Directories that stay once there was a guest. */
	bed_node(&bed, 0, bed.gpudom, "", "/xvgpu/%u", bed.gpudom);
	bed_node(&bed, 0, bed.gpudom, "", "/local/domain/%u/backend/vgpu", bed.gpudom);
}

static void machine_down(void)
{
	hosted_enter(bed.h, bed.gpudom);
	hv_exit(0);
	hosted_leave();
	hosted_advance(bed.h, 30 * HV_S);
	assert_int_equal(hosted_domain_state(bed.h, bed.gpudom, NULL), HOSTED_SHUTDOWN);
	hosted_domain_destroy(bed.h, bed.gpudom);
	memset(&gpudom, 0, sizeof(gpudom)); /* the domain is gone, and its memory with it */
	hosted_free(bed.h);
}

static void sequences(uint32_t seed, unsigned long long n)
{
	uint8_t *archive = aligned_alloc(HV_PAGE_SIZE, (FW_SIZE + HV_PAGE_SIZE - 1) & ~4095ul);
	unsigned long long next = LEVEL;
	struct counts start;

	print_message("SEED=%u SEQUENCES=%llu\n", seed, n);
	memset(&run, 0, sizeof(run));
	run.seed = seed;
	rng = seed;
	machine_up(archive);
	hosted_shuffle(bed.h, seed);
	hosted_log_clear(bed.h, bed.gpudom);
	count(&start);
	start.heap = 0;
	while (run.sequences < n) {
		step();
		if (run.sequences < next)
			continue;
		level(&start);
		next += LEVEL;
	}
	level(&start);
	machine_down();
	free(archive);
	print_message(
		"%llu sequences in %llu steps: %llu requests, %llu of them refused, %llu batches, "
		"%llu cut off, %llu faults, %llu connections ended, %llu guests died\n",
		run.sequences, run.step, run.calls, run.refused, run.batches, run.cut, run.faults,
		run.ends, run.deaths);
}

static uint32_t number(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);
	uint32_t n = text ? (uint32_t)strtoul(text, NULL, 0) : otherwise;

	return n ? n : 1;
}

/* The same each time, so that what fails here fails again. */
static void the_same_ones(void **state)
{
	(void)state;
	sequences(number("SEED", 0x5e9), number("SEQUENCES", SEQUENCES));
}

/* Others each time; the seed is told. */
static void new_ones(void **state)
{
	(void)state;
	sequences(number("SEED", (uint32_t)time(NULL)), number("SEQUENCES", LEVEL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_ones),
		cmocka_unit_test(new_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
