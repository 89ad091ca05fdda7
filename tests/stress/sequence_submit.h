/* SPDX-License-Identifier: MIT */
/*
 * sequence_submit.h - submissions of a guest of sequence_guest.h: right ones, faults, and requests that are refused.
 */
#ifndef TESTS_STRESS_SEQUENCE_SUBMIT_H
#define TESTS_STRESS_SEQUENCE_SUBMIT_H

#include "tests/stress/sequence_channels.h"
#include "tests/stress/sequence_spaces.h"

#define RANGE_MAX (8 * HV_PAGE_SIZE)

/* ---------------------------------------------------------------- submissions */

/* Finds addresses that the GPU may read, or write. */
static inline bool range(const struct seat_space *space, bool write, uint64_t *va, uint32_t *len)
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

static inline struct cell *cell_at(struct seat_space *space, uint64_t va)
{
	return &space->cell[(va - WINDOW) / HV_PAGE_SIZE];
}

/* What the GPU does: reads from, or writes to, what the space shows. */
static inline void access_shadow(struct seat *s, struct seat_space *space, uint64_t va,
				 uint8_t *buf, uint32_t len, bool write)
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
static inline bool alias(struct seat_space *space, uint64_t a, uint64_t b, uint32_t len)
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

static inline void put_fill(struct seat *s, struct seat_space *space, struct push *p)
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

static inline void put_copy(struct seat *s, struct seat_space *space, struct push *p)
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

static inline struct seat_channel *channel_in(struct seat *s, const struct seat_space *space)
{
	for (unsigned int tries = 0; tries < CHANNELS; tries++) {
		struct seat_channel *c = any_channel(s, true);

		if (c && &s->space[c->space] == space)
			return c;
	}
	return NULL;
}

static inline void submit_some(struct seat *s, struct seat_channel *c)
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
static inline void submit_fault(struct seat *s)
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
static inline void pull(struct seat *s)
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

static inline void refused_bind(struct seat *s, const struct seat_space *space)
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

static inline void refused_request(struct seat *s)
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

#endif /* TESTS_STRESS_SEQUENCE_SUBMIT_H */
