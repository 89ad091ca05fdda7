/* SPDX-License-Identifier: MIT */
/*
 * Channels with work for tests of engine time: any number of them, in groups or alone, each with entries
 * that are all the same push buffer. The first 2 MiB of VRAM are mapped where they are.
 *
 * Engines work only when the test says so (bed_up with a kick), or at the doorbell.
 */
#ifndef SCHED_BED_H
#define SCHED_BED_H

#include "graphics_context.h"
#include "model_talk.h"
#include "page_tables.h"

#include "tests/model/host.h"

/* Places in VRAM; those above 2 MiB have no virtual address. */
#define USERD_AT(i)    (0x20000u + (i)*USERD_SIZE)
#define GPFIFO(i)      (0x30000u + (i)*0x2000u)
#define PUSH(i)	       (0x80000u + (i)*0x1000u)
#define SEM	       0xb0000u
#define DATA	       0x100000u /* 512 KiB, and the same again behind it */
#define DATA_SIZE      0x80000u
#define INSTANCE_AT(i) (0x200000u + (i)*0x1000u)
#define METHODS	       0x400000u
#define ENTRIES	       1024u

#define SPACE	      0x90f10000u
#define CHANNEL_AT(i) (0xf1f00000u + (i))
#define GROUP_AT(i)   (0xa06c0000u + (i))

/* NV2080_ENGINE_TYPE, and its runlist */
#define GRAPHICS 1u, 0u
#define COPY2	 0x0bu, 1u
#define COPY3	 0x0cu, 2u

struct bed {
	struct machine *mc;
	uint8_t *vram;
	struct talk talk;
};

struct chan {
	struct bed *b;
	uint32_t i, handle, token, put, at; /* bytes in its push buffer */
	struct model_channel *ch;
};

static unsigned int kicks;

static void count_kick(void *ctx)
{
	(void)ctx;
	kicks++;
}

static inline void put64(struct bed *b, uint64_t addr, uint64_t value)
{
	put64_at(b->vram, addr, value);
}

static inline uint32_t word(const struct bed *b, uint64_t addr)
{
	return le32(b->vram + addr);
}

/* Firmware up, a client with an address space; again after a reset. */
static inline void bed_boot(struct bed *b)
{
	uint8_t space[48] = {0};

	model_cfg_write(b->mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	b->vram = model_vram_ptr(b->mc->gpu);
	memset(b->vram + INSTANCE, 0, METHODS + 0x10000 - INSTANCE);
	tables_identity(b->vram);
	b->talk = talk_boot(b->mc);
	rm_client(&b->talk);
	assert_int_equal(rm_alloc(&b->talk, CLIENT, DEVICE, SPACE, 0x90f1, space, 48), 0);
}

static inline struct bed bed_up_with(const struct model_config *config,
				     const struct model_bus_ops *ops)
{
	struct bed b = {.mc = calloc(1, sizeof(*b.mc))};

	kicks = 0;
	assert_non_null(b.mc);
	assert_int_equal(model_create(config, ops, b.mc, &b.mc->gpu), 0);
	bed_boot(&b);
	return b;
}

static inline struct bed bed_up(const char *costs, bool kick)
{
	const struct model_config config = {
		.vram_bytes = 1ull << 30, .allow_unsigned = true, .costs = costs};
	static struct model_bus_ops ops[2];

	ops[0] = ops[1] = machine_ops;
	ops[1].kick = count_kick;
	return bed_up_with(&config, &ops[kick]);
}

static inline void bed_down(struct bed *b)
{
	model_destroy(b->mc->gpu);
	free(b->mc);
}

static inline uint32_t group_alloc(struct bed *b, uint32_t handle, uint32_t type)
{
	uint32_t params[5] = {0, 0, SPACE, type, 0};

	return rm_alloc(&b->talk, CLIENT, DEVICE, handle, 0xa06c, params, sizeof(params));
}

/* What RM says; `parent` is a group or the device. */
static inline uint32_t chan_alloc(struct bed *b, uint32_t i, uint32_t parent, uint32_t type,
				  uint32_t vaspace)
{
	uint64_t descs[4][3] = {{INSTANCE_AT(i), 0x1000, 2},
				{USERD_AT(i), USERD_SIZE, 2},
				{INSTANCE_AT(i), 0x200, 2},
				{METHODS, 0x5000, 2}};
	uint64_t gpfifo = GPFIFO(i);
	uint8_t p[360] = {0};

	memcpy(p + 8, &gpfifo, 8);
	set32(p + 16, ENTRIES);
	set32(p + 20, i % 8 << 8 | i / 8 << 12 | 1u << 21);
	set32(p + 28, vaspace);
	set32(p + 128, type);
	memcpy(p + 144, descs, sizeof(descs));
	return rm_alloc(&b->talk, CLIENT, parent, CHANNEL_AT(i), 0xc56f, p, sizeof(p));
}

/* Channel i of a runlist's, scheduled, below a group or, with 0, the device. */
static inline struct chan chan_new(struct bed *b, uint32_t i, uint32_t group, uint32_t type,
				   uint32_t runlist)
{
	struct chan c = {.b = b, .i = i, .handle = CHANNEL_AT(i), .token = runlist << 16 | i};
	uint8_t schedule[2] = {1};

	assert_int_equal(
		chan_alloc(b, i, group ? group : DEVICE, group ? 0 : type, group ? 0 : SPACE), 0);
	put64(b, INSTANCE_AT(i) + 0x200, PD3 | 0xc00);
	put64(b, INSTANCE_AT(i) + 0x208, ~0ull);
	assert_int_equal(rm_control(&b->talk, CLIENT, c.handle, 0xa06f0103, schedule, 2), 0);
	if (!runlist && !group)
		context_up(&b->talk, b->vram, i, c.handle);
	c.ch = model_channel_find(b->mc->gpu, runlist, i);
	assert_non_null(c.ch);
	return c;
}

/* ---- its push buffer ---- */

static inline void raw(struct chan *c, uint32_t w)
{
	assert_true(c->at < 0x1000);
	set32(c->b->vram + PUSH(c->i) + c->at, w);
	c->at += 4;
}

static inline void method(struct chan *c, uint32_t subchannel, uint32_t m, uint32_t data)
{
	raw(c, 1u << 29 | 1 << 16 | subchannel << 13 | m / 4);
	raw(c, data);
}

static inline void nops(struct chan *c, uint32_t n)
{
	while (n--)
		method(c, 0, 0x08, 0);
}

static inline void sem(struct chan *c, uint32_t at, uint32_t payload, uint32_t execute)
{
	method(c, 0, 0x5c, at);
	method(c, 0, 0x60, 0);
	method(c, 0, 0x64, payload);
	method(c, 0, 0x68, 0);
	method(c, 0, 0x6c, execute);
}

#define RELEASE_SEM 1u
#define ACQUIRE_GEQ 3u
#define SWITCH_TSG  0x1000u

static inline void copy(struct chan *c, uint32_t len)
{
	method(c, 4, 0, 0xc7b5);
	method(c, 4, 0x400, 0);
	method(c, 4, 0x404, DATA);
	method(c, 4, 0x408, 0);
	method(c, 4, 0x40c, DATA + DATA_SIZE);
	method(c, 4, 0x418, len);
	method(c, 4, 0x41c, 1);
	method(c, 4, 0x300, 0x182);
}

/* `n` entries that are all of what was written, and the doorbell. */
static inline void submit(struct chan *c, uint32_t n)
{
	for (; n; n--) {
		set32(c->b->vram + GPFIFO(c->i) + 8ul * c->put, PUSH(c->i));
		set32(c->b->vram + GPFIFO(c->i) + 8ul * c->put + 4, c->at / 4 << 10);
		c->put = (c->put + 1) % ENTRIES;
	}
	set32(c->b->vram + USERD_AT(c->i) + 0x8c, c->put);
	wr(c->b->mc, 0xbb0090, c->token);
}

static inline bool done(const struct chan *c)
{
	return word(c->b, USERD_AT(c->i) + 0x88) == c->put;
}

static inline struct model_host *host(const struct bed *b)
{
	return b->mc->gpu->host;
}

/* Until the global model time has come this far, or there is nothing to do. */
static inline void run_until(struct bed *b, uint64_t ns)
{
	while (host(b)->now < ns * PS_PER_NS && model_run(b->mc->gpu) == MODEL_BUSY)
		;
}

static inline void run_out(struct bed *b)
{
	while (model_run(b->mc->gpu) == MODEL_BUSY)
		;
}

#endif /* SCHED_BED_H */
