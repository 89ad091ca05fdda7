/* SPDX-License-Identifier: MIT */
/*
 * fwq_rig.h - queues and RPC layer of ours with a firmware whose every step is read from the input.
 *
 * The rings are small, which costs no state and makes a run cheap. Time is a variable.
 */
#ifndef TESTS_FUZZ_FWQ_RIG_H
#define TESTS_FUZZ_FWQ_RIG_H

#include <stdint.h>
#include <stdlib.h>

#include "fwq/rpc.h"
#include "hv/hv.h"
#include "tests/fuzz/must.h"

#define SIDE_QUEUE  0x2000u
#define SIDE_ENTRY  0x200u
#define SIDE_SLOT   0x200u
#define SIDE_RECORD 4u
#include "tests/fuzz/fwq_changing.h"
#include "tests/unit/fwq_side.h"

static struct fwq_params params;
static struct fwq_link_mem link_mem;
static struct fwq_queue q;
static struct fwq_rpc rpc;
static uint8_t stage[SIDE_RECORD * SIDE_SLOT] __attribute__((aligned(8)));
static uint8_t rec[SIDE_RPC_MAX];
static uint64_t now;
static const uint8_t *in, *in_end; /* what is left of the input */

void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

uint64_t hv_now(void)
{
	return now;
}

void hv_delay(uint64_t ns)
{
	now += ns;
}

static inline uint8_t byte(void)
{
	return in < in_end ? *in++ : 0;
}

static inline uint32_t half(void)
{
	uint32_t low = byte();

	return low | (uint32_t)byte() << 8;
}

/* Nothing changes yet, and both sides know their addresses. */
static inline void rig_reset(bool echoes_sequence)
{
	change_later(NULL, 0, 0);
	side_addresses();
	params = side_params();
	params.rpc.echoes_sequence = echoes_sequence;
	now = 1;
}

static inline int rig_link(size_t pages)
{
	return fwq_link_mem_init(&link_mem, &params, side_block, side_addr, pages, side_ring, NULL);
}

static inline int rig_queue(uint32_t stage_size)
{
	return fwq_queue_init(&q, &params, &link_mem.link, stage, stage_size);
}

#endif /* TESTS_FUZZ_FWQ_RIG_H */
