/* SPDX-License-Identifier: MIT */
/*
 * A channel of the model and the memory it works with, for tests of what channels do: methods are put into a
 * push buffer, the push buffer into the GPFIFO, and the doorbell is rung.
 */
#ifndef CHANNEL_RIG_H
#define CHANNEL_RIG_H

#include "graphics_context.h"
#include "model_talk.h"
#include "page_tables.h"

#include "tests/model/host.h"

#define DOORBELL_REG 0xbb0090u

/* Places in VRAM; virtual addresses are the same, for the first 2 MiB. */
#define USERD	0x20000u
#define METHODS 0x28000u
#define GPFIFO	0x30000u
#define PUSH	0x40000u
#define SEM	0x50000u
#define DATA	0x80000u
#define ENTRIES 8u

#define SPACE	0x90f10000u
#define CHANNEL 0xf1f00000u

struct rig {
	struct machine *mc;
	uint8_t *vram;
	uint32_t put, token;
	uint32_t at; /* bytes in the push buffer */
	struct talk talk;
};

static inline void put64(struct rig *r, uint64_t addr, uint64_t value)
{
	put64_at(r->vram, addr, value);
}

static inline uint32_t word(const struct rig *r, uint64_t addr)
{
	return le32(r->vram + addr);
}

/* A reset, after which the board answers and masters the bus as before. */
static inline void again(struct machine *mc)
{
	model_flr(mc->gpu);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

/*
 * A scheduled channel of the driver that talks; `type` chooses the engine, `privilege` as RM is told, `size`
 * is that of the release's parameters.
 */
static inline struct rig rig_with(struct talk t, uint32_t size, uint32_t type, uint32_t runlist,
				  uint32_t privilege)
{
	struct machine *mc = t.mc;
	struct rig r = {.mc = mc, .vram = model_vram_ptr(mc->gpu)};
	uint8_t space[48] = {0}, p[368] = {0}, schedule[2] = {1};
	uint64_t descs[4][3] = {{INSTANCE, 0x1000, 2},
				{USERD, 0x200, 2},
				{INSTANCE, 0x200, 2},
				{METHODS, 0x5000, 2}};
	uint64_t gpfifo = GPFIFO;

	memset(r.vram + INSTANCE, 0, 0x100000 - INSTANCE);
	put64(&r, INSTANCE + 0x208, ~0ull);
	tables_identity(r.vram);
	rm_client(&t);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, SPACE, 0x90f1, space, 48), 0);
	memcpy(p + 8, &gpfifo, 8);
	set32(p + 16, ENTRIES);
	set32(p + 28, SPACE);
	set32(p + 128, type);
	memcpy(p + 144, descs, sizeof(descs));
	set32(p + 244, privilege);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, size), 0);
	/* The driver's part of the instance block. */
	put64(&r, INSTANCE + 0x200, PD3 | 0xc00);
	assert_int_equal(rm_control(&t, CLIENT, CHANNEL, 0xa06f0103, schedule, 2), 0);
	if (!runlist)
		context_up(&t, r.vram, 0, CHANNEL);
	r.token = runlist << 16;
	r.talk = t;
	return r;
}

static inline struct rig rig_up(struct machine *mc, uint32_t type, uint32_t runlist,
				uint32_t privilege)
{
	return rig_with(talk_boot(mc), 360, type, runlist, privilege);
}

/* A method with data that follows, into the push buffer. */
static inline void method(struct rig *r, uint32_t subchannel, uint32_t m, uint32_t data)
{
	set32(r->vram + PUSH + r->at, 1u << 29 | 1 << 16 | subchannel << 13 | m / 4);
	set32(r->vram + PUSH + r->at + 4, data);
	r->at += 8;
}

static inline void raw(struct rig *r, uint32_t w)
{
	set32(r->vram + PUSH + r->at, w);
	r->at += 4;
}

/* The older methods of Host for a semaphore: 32 bits at SEM. */
static inline void sem_release(struct rig *r, uint32_t value)
{
	method(r, 0, 0x10, 0);
	method(r, 0, 0x14, SEM);
	method(r, 0, 0x18, value);
	method(r, 0, 0x1c, 2 | 1 << 24);
}

static inline void copy_class(struct rig *r)
{
	method(r, 4, 0, 0xc7b5);
}

/* Methods of the copy class on subchannel 4; `launch` is the data of LAUNCH_DMA. */
static inline void copy(struct rig *r, uint64_t from, uint64_t to, uint32_t len, uint32_t lines,
			uint32_t launch)
{
	method(r, 4, 0x400, (uint32_t)(from >> 32));
	method(r, 4, 0x404, (uint32_t)from);
	method(r, 4, 0x408, (uint32_t)(to >> 32));
	method(r, 4, 0x40c, (uint32_t)to);
	method(r, 4, 0x418, len);
	method(r, 4, 0x41c, lines);
	method(r, 4, 0x300, launch);
}

/* Bytes of which neighbours, and those 256 apart, differ. */
static inline void fill(struct rig *r, uint32_t at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		r->vram[at + i] = (uint8_t)(i * 7 + (i >> 8));
}

/* An entry without the doorbell. */
static inline void entry(struct rig *r, uint32_t addr, uint32_t bytes)
{
	set32(r->vram + GPFIFO + 8ul * r->put, addr);
	set32(r->vram + GPFIFO + 8ul * r->put + 4, bytes / 4 << 10);
	r->put = (r->put + 1) % ENTRIES;
	set32(r->vram + USERD + 0x8c, r->put);
}

static inline void ring(struct rig *r)
{
	wr(r->mc, DOORBELL_REG, r->token);
}

/* What was put into the push buffer, done; whether Host has taken all entries. */
static inline bool kick(struct rig *r)
{
	entry(r, PUSH, r->at);
	ring(r);
	r->at = 0;
	return word(r, USERD + 0x88) == r->put;
}

static inline bool failed(struct rig *r, const char *why)
{
	const struct model_channel *ch =
		model_channel_find(r->mc->gpu, r->token >> 16, r->token & 0xfff);

	return ch->failed && strstr(r->mc->last_log, why);
}

#endif /* CHANNEL_RIG_H */
