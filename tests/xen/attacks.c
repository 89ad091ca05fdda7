/* SPDX-License-Identifier: MIT */
/*
 * attacks.c - what a hostile guest tells the GPU; see attacks.h.
 *
 * Methods and bits: include/nv/push.h and its sources; OGKM clc7b5.h (SET_SRC_PHYS_MODE_TARGET, semaphores),
 * clc56f.h (MEM_OP, GPFIFO entries).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attacks.h"
#include "guest-frontend/bare/raw.h"

#define COPY PUSH_COPY_SUBCHANNEL

#define NVC7B5_SET_SEMAPHORE_A		       0x240u /* then B (low), PAYLOAD */
#define NVC7B5_LAUNCH_DMA_RELEASE_ONE_WORD     (1u << 3)
#define NVC7B5_LAUNCH_DMA_REDUCTION_INC_ENABLE (3u << 14 | 1u << 19)
#define PHYS_MODE_LOCAL			       0u
#define PHYS_MODE_COHERENT		       1u
#define PHYS_MODE_NONCOHERENT		       2u
#define MEM_OP_D(operation)		       ((operation) << 27)
#define MEM_OP_TLB_INVALIDATE		       0x09u
#define MEM_OP_TLB_INVALIDATE_TARGETED	       0x0au
#define MEM_OP_ACCESS_COUNTER_CLR	       0x16u
#define NVC56F_SEM_EXECUTE_REDUCTION	       0x6u
#define GP_ENTRY_OPCODE_ILLEGAL		       (1ull << 32) /* with no length: no such operation */
#define GP_ENTRY_LENGTH_MAX		       0x1fffffull

#define STOP_TIMEOUT  (60 * HV_S) /* an emulated machine may be slow */
#define WAIT_HARMLESS (300 * HV_MS)
#define STORM_BATCH   500u	  /* methods in a push buffer */
#define FAULTS_MAX    600u	  /* more than a slice is ever forgiven in that time */
#define PATIENCE      5u	  /* seconds */
#define OWN_WORD      0x6000da7au /* as a header it has no data */

/* ---------------------------------------------------------------- addresses */

static int read_nowhere(struct attack_place *p)
{
	return dma_copy(&p->dma, p->nowhere, p->va, 64);
}

static int write_nowhere(struct attack_place *p)
{
	return dma_copy(&p->dma, p->va, p->nowhere, 64);
}

static int write_read_only(struct attack_place *p)
{
	return dma_copy(&p->dma, p->va, p->ro_va, 64);
}

static int fill_read_only(struct attack_place *p)
{
	return dma_fill(&p->dma, p->ro_va, 1, 64);
}

/* Over the end of what is mapped, in the middle of a line. */
static int copy_beyond(struct attack_place *p)
{
	return dma_copy(&p->dma, p->va, p->va + 2ull * HV_PAGE_SIZE - 64, 128);
}

/* Where RM keeps its own, at the top of what addresses can say. */
static int read_top(struct attack_place *p)
{
	return dma_copy(&p->dma, (1ull << 49) - HV_PAGE_SIZE, p->va, 64);
}

static int read_zero(struct attack_place *p)
{
	return dma_copy(&p->dma, 0, p->va, 64);
}

/* The GPU reads there, so that it knows the translation from then on. */
static int let_gpu_see(struct attack_place *p, uint64_t va)
{
	int ret = dma_copy(&p->dma, va, p->va, 64);

	if (!ret)
		ret = dma_submit(&p->dma);
	return ret ? ret : dma_wait(&p->dma, STOP_TIMEOUT);
}

static int stale_object(struct attack_place *p)
{
	uint64_t va = 0;
	uint32_t handle;
	int ret = front_mem_alloc(p->dma.dev, XENVGPU_MEM_ALIGN, &handle);

	if (!ret)
		ret = dma_map(&p->dma, handle, 0, XENVGPU_MEM_ALIGN, XENVGPU_PAGE_64K, 0, &va);
	if (!ret)
		ret = let_gpu_see(p, va);
	if (!ret)
		ret = dma_unmap(&p->dma, va, XENVGPU_MEM_ALIGN, XENVGPU_PAGE_64K);
	if (!ret)
		ret = front_mem_free(p->dma.dev, handle);
	return ret ? ret : dma_copy(&p->dma, va, p->va, 64);
}

static int stale_import(struct attack_place *p)
{
	struct front_import *import;
	uint64_t va = 0;
	int ret = dma_buffer(&p->dma, 1, &import, &va);

	if (!ret)
		ret = let_gpu_see(p, va);
	if (!ret)
		ret = dma_unmap(&p->dma, va, HV_PAGE_SIZE, XENVGPU_PAGE_4K);
	if (!ret)
		ret = front_import_free(p->dma.dev, import);
	return ret ? ret : dma_copy(&p->dma, p->va, va, 64);
}

/* ---------------------------------------------------------------- physical addresses */

static int physical(struct attack_place *p, uint32_t mode_method, uint32_t mode, uint32_t bits,
		    uint64_t from, uint64_t to)
{
	int ret = dma_room(&p->dma, 16);

	if (ret)
		return ret;
	push_one(&p->dma.push, COPY, mode_method, mode);
	push_copy_with(&p->dma.push, from, to, 64, 64, 1, bits);
	return 0;
}

static int from_physical(struct attack_place *p, uint32_t mode)
{
	return physical(p, NVC7B5_SET_SRC_PHYS_MODE, mode, NVC7B5_LAUNCH_DMA_SRC_PHYSICAL, 0x100000,
			p->va);
}

static int to_physical(struct attack_place *p, uint32_t mode)
{
	return physical(p, NVC7B5_SET_DST_PHYS_MODE, mode, NVC7B5_LAUNCH_DMA_DST_PHYSICAL, p->va,
			0x100000);
}

static int from_vram(struct attack_place *p)
{
	return from_physical(p, PHYS_MODE_LOCAL);
}

static int from_coherent(struct attack_place *p)
{
	return from_physical(p, PHYS_MODE_COHERENT);
}

static int from_noncoherent(struct attack_place *p)
{
	return from_physical(p, PHYS_MODE_NONCOHERENT);
}

static int to_vram(struct attack_place *p)
{
	return to_physical(p, PHYS_MODE_LOCAL);
}

static int to_coherent(struct attack_place *p)
{
	return to_physical(p, PHYS_MODE_COHERENT);
}

static int to_noncoherent(struct attack_place *p)
{
	return to_physical(p, PHYS_MODE_NONCOHERENT);
}

static int both_physical(struct attack_place *p)
{
	return physical(p, NVC7B5_SET_DST_PHYS_MODE, PHYS_MODE_LOCAL,
			NVC7B5_LAUNCH_DMA_SRC_PHYSICAL | NVC7B5_LAUNCH_DMA_DST_PHYSICAL, 0,
			0x100000);
}

/* ---------------------------------------------------------------- semaphores */

static int copy_semaphore(struct attack_place *p, uint64_t va, uint32_t bits)
{
	int ret = dma_room(&p->dma, 6);

	if (ret)
		return ret;
	push_method(&p->dma.push, COPY, NVC7B5_SET_SEMAPHORE_A, 3);
	push_word(&p->dma.push, (uint32_t)(va >> 32));
	push_word(&p->dma.push, (uint32_t)va);
	push_word(&p->dma.push, 1);
	push_one(&p->dma.push, COPY, NVC7B5_LAUNCH_DMA, NVC7B5_LAUNCH_DMA_RELEASE_ONE_WORD | bits);
	return 0;
}

static int copy_semaphore_nowhere(struct attack_place *p)
{
	return copy_semaphore(p, p->nowhere, 0);
}

static int copy_semaphore_read_only(struct attack_place *p)
{
	return copy_semaphore(p, p->ro_va, 0);
}

static int copy_reduction_nowhere(struct attack_place *p)
{
	return copy_semaphore(p, p->nowhere, NVC7B5_LAUNCH_DMA_REDUCTION_INC_ENABLE);
}

static int host_semaphore(struct attack_place *p, uint64_t va, uint32_t execute)
{
	int ret = dma_room(&p->dma, 6);

	if (!ret)
		push_semaphore(&p->dma.push, va, 1, execute);
	return ret;
}

static int release_nowhere(struct attack_place *p)
{
	return host_semaphore(p, p->nowhere, NVC56F_SEM_EXECUTE_RELEASE);
}

static int release_read_only(struct attack_place *p)
{
	return host_semaphore(p, p->ro_va, NVC56F_SEM_EXECUTE_RELEASE);
}

static int acquire_nowhere(struct attack_place *p)
{
	return host_semaphore(p, p->nowhere, NVC56F_SEM_EXECUTE_ACQUIRE);
}

static int reduction_read_only(struct attack_place *p)
{
	return host_semaphore(p, p->ro_va, NVC56F_SEM_EXECUTE_REDUCTION);
}

/* ---------------------------------------------------------------- methods */

static int mem_op(struct attack_place *p, uint32_t operation)
{
	int ret = dma_room(&p->dma, 5);

	if (ret)
		return ret;
	push_method(&p->dma.push, 0, NVC56F_MEM_OP_A, 4);
	push_word(&p->dma.push, 0);
	push_word(&p->dma.push, 0);
	push_word(&p->dma.push, 1); /* of every address space */
	push_word(&p->dma.push, MEM_OP_D(operation));
	return 0;
}

static int invalidate_all(struct attack_place *p)
{
	return mem_op(p, MEM_OP_TLB_INVALIDATE);
}

static int invalidate_targeted(struct attack_place *p)
{
	return mem_op(p, MEM_OP_TLB_INVALIDATE_TARGETED);
}

static int clear_counters(struct attack_place *p)
{
	return mem_op(p, MEM_OP_ACCESS_COUNTER_CLR);
}

static int one_word(struct attack_place *p, uint32_t subchannel, uint32_t method, uint32_t data)
{
	int ret = dma_room(&p->dma, 2);

	if (!ret)
		push_one(&p->dma.push, subchannel, method, data);
	return ret;
}

static int software_method(struct attack_place *p)
{
	return one_word(p, 5, 0x100, 0);
}

static int host_method_unknown(struct attack_place *p)
{
	return one_word(p, 0, 0x04, 0);
}

static int another_class(struct attack_place *p)
{
	return one_word(p, COPY, NVC56F_SET_OBJECT, 0xc797); /* AMPERE_B */
}

static int header_reserved(struct attack_place *p)
{
	int ret = dma_room(&p->dma, 1);

	if (!ret)
		push_word(&p->dma.push, 6u << 29);
	return ret;
}

/* ---------------------------------------------------------------- GPFIFO, USERD */

static int entry_illegal(struct attack_place *p)
{
	return dma_submit_entry(&p->dma, GP_ENTRY_OPCODE_ILLEGAL);
}

static int entry_nowhere(struct attack_place *p)
{
	return dma_submit_entry(&p->dma, push_entry(p->nowhere, 4096));
}

/* Empty headers, until the end of what is mapped: long before the end of the entry. */
static int entry_too_long(struct attack_place *p)
{
	return dma_submit_entry(&p->dma, push_entry(p->va, 0) | GP_ENTRY_LENGTH_MAX << 42);
}

static int entries_random(struct attack_place *p)
{
	uint64_t x = 0x1234567;
	int ret = 0;

	for (unsigned int i = 0; i < DMA_SLOTS - 1 && !ret; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		/* Somewhere in the first terabyte, where little is, with some length. */
		ret = dma_submit_entry(&p->dma, x | 1ull << 42);
	}
	return ret == -EIO ? 0 : ret;
}

/* The number of entries is not a secret, and beyond it nothing is read: only entries that there are. */
static int put_beyond(struct attack_place *p)
{
	int ret = 0;

	for (uint32_t put = DMA_SLOTS; put && !ret; put <<= 1)
		ret = front_channel_ring(p->dma.dev, p->dma.channel, put);
	return ret;
}

/* The ring itself goes while the channel lives. */
static int ring_unmapped(struct attack_place *p)
{
	int ret = dma_unmap(&p->dma, p->dma.ring_va, (uint64_t)p->dma.ring->pages * HV_PAGE_SIZE,
			    XENVGPU_PAGE_4K);

	return ret ? ret : dma_submit_entry(&p->dma, push_entry(p->va, 64));
}

/* ---------------------------------------------------------------- other channels, time */

static int doorbells_of_all(struct attack_place *p)
{
	struct front_raw raw;
	int ret = front_raw_take(p->dma.dev, &raw);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < ATTACK_DOORBELLS; i++) {
		for (unsigned int n = 0; n < XENVGPU_MAX_CHANNELS / 32; n++)
			HV_WRITE_ONCE(raw.events->doorbell[n], UINT32_MAX);
		(void)hv_evtchn_send(raw.port);
	}
	front_raw_give(p->dma.dev);
	return 0;
}

/* Handles and numbers that are not its own, or nobody's. */
static int forged_names(struct attack_place *p)
{
	static const uint32_t names[] = {0, 1, 2, 63, 64, 65, 255, 256, 0x7fffffff, UINT32_MAX};
	const struct xenvgpu_bind bind = {.operation = XENVGPU_BIND_MAP,
					  .page_shift = XENVGPU_PAGE_4K,
					  .va = p->nowhere,
					  .size = HV_PAGE_SIZE};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct xenvgpu_request req = {.operation = XENVGPU_OP_CHANNEL_DESTROY,
					      .op.channel_destroy.channel = names[i]};
		struct xenvgpu_bind foreign = bind;

		if (names[i] != p->dma.channel && front_call(p->dma.dev, &req, NULL) != -ENOENT)
			return -EPROTO;
		foreign.handle = names[i];
		if (names[i] != p->buf->handle && names[i] != p->dma.ring->handle &&
		    front_bind(p->dma.dev, p->dma.space, &foreign, 1, NULL) != -ENOENT)
			return -EPROTO;
		if (names[i] == p->dma.space)
			continue;
		foreign.handle = p->buf->handle;
		if (front_space_destroy(p->dma.dev, names[i]) != -ENOENT ||
		    front_bind(p->dma.dev, names[i], &foreign, 1, NULL) != -ENOENT)
			return -EPROTO;
	}
	return 0;
}

/* ---------------------------------------------------------------- graphics */

/* There is no way to say a physical address in these. */
static int inline_to(struct attack_place *p, uint32_t subchannel, uint64_t va)
{
	const uint32_t words[2] = {0xbadbad00, 0xbadbad01};
	int ret = dma_room(&p->dma, 12);

	if (!ret)
		push_inline(&p->dma.push, subchannel, va, words, 2);
	return ret;
}

static int inline_nowhere(struct attack_place *p)
{
	return inline_to(p, PUSH_INLINE, p->nowhere);
}

static int inline_read_only(struct attack_place *p)
{
	return inline_to(p, PUSH_INLINE, p->ro_va);
}

static int inline_by_3d(struct attack_place *p)
{
	return inline_to(p, PUSH_3D, p->nowhere);
}

static int inline_by_compute(struct attack_place *p)
{
	return inline_to(p, PUSH_COMPUTE, p->ro_va);
}

/* Over the state that the engine keeps for this very channel. */
static int inline_over_context(struct attack_place *p)
{
	return inline_to(p, PUSH_INLINE, p->dma.kept);
}

static int copy_of_context(struct attack_place *p)
{
	return dma_copy(&p->dma, p->dma.kept, p->va, 64);
}

static int report_to(struct attack_place *p, uint32_t subchannel, uint64_t va)
{
	int ret = dma_room(&p->dma, 5);

	if (!ret)
		push_report(&p->dma.push, subchannel, va, 1);
	return ret;
}

static int report_nowhere(struct attack_place *p)
{
	return report_to(p, PUSH_3D, p->nowhere);
}

static int report_read_only(struct attack_place *p)
{
	return report_to(p, PUSH_COMPUTE, p->ro_va);
}

/* What comes inline where nothing is expected. */
static int inline_data_alone(struct attack_place *p)
{
	int ret = dma_room(&p->dma, 2);

	if (!ret)
		push_one(&p->dma.push, PUSH_INLINE, NVA140_LOAD_INLINE_DATA, 1);
	return ret;
}

/* Memory of its own where contexts are shown: refused, and nothing of what is there changes. */
static int bind_over_context(struct attack_place *p)
{
	struct xenvgpu_bind bind = {
		.page_shift = XENVGPU_PAGE_4K,
		.va = p->dma.kept,
		.size = HV_PAGE_SIZE,
	};

	for (uint8_t op = XENVGPU_BIND_MAP; op <= XENVGPU_BIND_RELEASE; op++) {
		bind.operation = op;
		bind.handle = op == XENVGPU_BIND_MAP ? p->buf->handle : 0;
		if (front_bind(p->dma.dev, p->dma.space, &bind, 1, NULL) != -EINVAL)
			return -EPROTO;
	}
	return 0;
}

/* The same to where it may write. */
static int honest_inline(struct attack_place *p)
{
	int ret = inline_to(p, PUSH_INLINE, p->va);

	if (!ret)
		ret = inline_to(p, PUSH_3D, p->va + 8);
	if (!ret)
		ret = report_to(p, PUSH_COMPUTE, p->va + 16);
	if (!ret)
		ret = dma_submit(&p->dma);
	if (!ret)
		ret = dma_wait(&p->dma, STOP_TIMEOUT);
	if (!ret && memcmp(p->buf->va,
			   "\x00\xad\xdb\xba\x01\xad\xdb\xba\x00\xad\xdb\xba"
			   "\x01\xad\xdb\xba\x01\x00\x00\x00",
			   20) != 0)
		ret = -EILSEQ;
	return ret;
}

/* Copies the same bytes for hours. */
static int endless_copy(struct attack_place *p)
{
	int ret = dma_room(&p->dma, 11);

	if (!ret)
		push_copy(&p->dma.push, p->va, p->va, 0, HV_PAGE_SIZE, UINT32_MAX);
	return ret;
}

/* Waits for what never comes, and lets nobody else run if it can. */
static int endless_wait(struct attack_place *p)
{
	return host_semaphore(p, p->va + 64, NVC56F_SEM_EXECUTE_ACQUIRE);
}

/* A push buffer of nothing but interrupts, over and over. */
static int storm(struct attack_place *p, uint32_t subchannel, uint32_t method, uint32_t data)
{
	int ret = 0;

	for (unsigned int i = 0; i < ATTACK_INTERRUPTS / STORM_BATCH && !ret; i++) {
		ret = dma_room(&p->dma, 2 * STORM_BATCH);
		for (unsigned int n = 0; n < STORM_BATCH && !ret; n++)
			push_one(&p->dma.push, subchannel, method, data);
		if (!ret)
			ret = dma_submit(&p->dma);
	}
	return ret ? ret : dma_wait(&p->dma, STOP_TIMEOUT);
}

static int interrupt_storm(struct attack_place *p)
{
	return storm(p, 0, NVC56F_NON_STALL_INTERRUPT, 0);
}

/* The same by the engine, which moves nothing. */
static int awaken_storm(struct attack_place *p)
{
	return storm(p, COPY, NVC7B5_LAUNCH_DMA, NVC7B5_LAUNCH_DMA_INTERRUPT);
}

static bool is_stopped(void *arg)
{
	return ((struct dma *)arg)->stopped;
}

/* One more channel, which faults; -EBUSY: there are none for now. */
static int fault_once(struct attack_place *p)
{
	struct dma dma;
	int ret = dma_open(&dma, p->dma.dev);

	if (ret)
		return ret;
	ret = dma_fill(&dma, p->nowhere, 1, 64);
	if (!ret)
		ret = dma_submit(&dma);
	if (!ret)
		ret = hv_loop_until(is_stopped, &dma, STOP_TIMEOUT);
	dma_close(&dma);
	return ret;
}

/* As quickly as it can, until it is told to wait; its other channel still works then. */
static int fault_storm(struct attack_place *p)
{
	int ret = 0;

	for (unsigned int i = 0; i < FAULTS_MAX && !ret; i++)
		ret = fault_once(p);
	if (ret != -EBUSY)
		return ret ? ret : -EPROTO;
	return dma_copy(&p->dma, p->va + HV_PAGE_SIZE, p->va, 64);
}

/* Spaces and channels come and go without a pause, until it is over. */
static int endless_flood(struct attack_place *p)
{
	flood_start(&p->flood, &p->dma);
	return 0;
}

static int honest_copy(struct attack_place *p)
{
	return dma_copy(&p->dma, p->va + HV_PAGE_SIZE, p->va, 64);
}

#define STOPS(fn, why)                                                                             \
	{                                                                                          \
		.name = #fn, .run = (fn), .xid = (why)                                             \
	}
/* With a channel for graphics. */
#define GRAPHICS_STOPS(fn, why)                                                                    \
	{                                                                                          \
		.name = #fn, .run = (fn), .xid = (why), .graphics = true                           \
	}
const struct attack attacks[] = {
	STOPS(read_nowhere, ATTACK_MMU_FAULT),
	STOPS(write_nowhere, ATTACK_MMU_FAULT),
	STOPS(write_read_only, ATTACK_MMU_FAULT),
	STOPS(fill_read_only, ATTACK_MMU_FAULT),
	STOPS(copy_beyond, ATTACK_MMU_FAULT),
	STOPS(read_top, ATTACK_MMU_FAULT),
	STOPS(read_zero, ATTACK_MMU_FAULT),
	STOPS(stale_object, ATTACK_MMU_FAULT),
	STOPS(stale_import, ATTACK_MMU_FAULT),
	STOPS(from_vram, ATTACK_PBDMA_ERROR),
	STOPS(from_coherent, ATTACK_PBDMA_ERROR),
	STOPS(from_noncoherent, ATTACK_PBDMA_ERROR),
	STOPS(to_vram, ATTACK_PBDMA_ERROR),
	STOPS(to_coherent, ATTACK_PBDMA_ERROR),
	STOPS(to_noncoherent, ATTACK_PBDMA_ERROR),
	STOPS(both_physical, ATTACK_PBDMA_ERROR),
	STOPS(copy_semaphore_nowhere, ATTACK_MMU_FAULT),
	STOPS(copy_semaphore_read_only, ATTACK_MMU_FAULT),
	STOPS(copy_reduction_nowhere, ATTACK_MMU_FAULT),
	STOPS(release_nowhere, ATTACK_MMU_FAULT),
	STOPS(release_read_only, ATTACK_MMU_FAULT),
	STOPS(acquire_nowhere, ATTACK_MMU_FAULT),
	STOPS(reduction_read_only, ATTACK_MMU_FAULT),
	STOPS(invalidate_all, ATTACK_PBDMA_ERROR),
	STOPS(invalidate_targeted, ATTACK_PBDMA_ERROR),
	STOPS(clear_counters, ATTACK_PBDMA_ERROR),
	STOPS(software_method, ATTACK_PBDMA_ERROR),
	STOPS(host_method_unknown, ATTACK_PBDMA_ERROR),
	STOPS(another_class, ATTACK_PBDMA_ERROR),
	STOPS(header_reserved, ATTACK_PBDMA_ERROR),
	STOPS(entry_illegal, ATTACK_PBDMA_ERROR),
	STOPS(entry_nowhere, ATTACK_MMU_FAULT),
	STOPS(entry_too_long, ATTACK_MMU_FAULT),
	STOPS(entries_random, ATTACK_MMU_FAULT),
	STOPS(ring_unmapped, ATTACK_MMU_FAULT),
	STOPS(put_beyond, ATTACK_HARMLESS),
	STOPS(doorbells_of_all, ATTACK_HARMLESS),
	STOPS(forged_names, ATTACK_HARMLESS),
	STOPS(fault_storm, ATTACK_HARMLESS),
	STOPS(interrupt_storm, ATTACK_HARMLESS),
	GRAPHICS_STOPS(inline_nowhere, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(inline_over_context, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(honest_inline, ATTACK_HARMLESS),
	GRAPHICS_STOPS(inline_read_only, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(inline_by_3d, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(inline_by_compute, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(copy_of_context, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(report_nowhere, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(report_read_only, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(inline_data_alone, ATTACK_GRAPHICS_ERROR),
	GRAPHICS_STOPS(bind_over_context, ATTACK_HARMLESS),
	GRAPHICS_STOPS(own_userd_inline, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(own_userd_inline_by_3d, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(own_userd_report, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(own_userd_release, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(own_userd_physical, ATTACK_PBDMA_ERROR),
	GRAPHICS_STOPS(foreign_userd_inline, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(foreign_userd_report, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(foreign_userd_release, ATTACK_MMU_FAULT),
	GRAPHICS_STOPS(foreign_userd_physical, ATTACK_PBDMA_ERROR),
	{.name = "endless_copy", .run = endless_copy, .endless = true},
	STOPS(awaken_storm, ATTACK_HARMLESS),
	{.name = "endless_wait", .run = endless_wait, .endless = true},
	{.name = "endless_flood", .run = endless_flood, .endless = true},
	STOPS(honest_copy, ATTACK_HARMLESS), /* what it is allowed to do still works */
};
const unsigned int attacks_nr = sizeof(attacks) / sizeof(attacks[0]);

/* ---------------------------------------------------------------- running one */

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static int place_open(struct attack_place *p, struct front_dev *dev, bool graphics)
{
	int ret;

	memset(p, 0, sizeof(*p));
	ret = dma_open_for(&p->dma, dev, graphics ? DMA_3D : DMA_COPY);
	/* After many faults the backend asks for patience. */
	for (unsigned int i = 0; i < PATIENCE && ret == -EBUSY; i++) {
		(void)hv_loop_until(never, NULL, HV_S);
		ret = dma_open_for(&p->dma, dev, graphics ? DMA_3D : DMA_COPY);
	}
	if (ret)
		return ret;
	ret = dma_buffer(&p->dma, 2, &p->buf, &p->va);
	if (!ret)
		ret = dma_map(&p->dma, p->buf->handle, HV_PAGE_SIZE, HV_PAGE_SIZE, XENVGPU_PAGE_4K,
			      XENVGPU_BIND_RO, &p->ro_va);
	p->nowhere = p->ro_va + (64ull << 20);
	/* What it may do works: its channel is not broken before. */
	if (!ret)
		ret = dma_fill(&p->dma, p->va, OWN_WORD, 2 * HV_PAGE_SIZE);
	if (!ret)
		ret = dma_submit(&p->dma);
	if (!ret)
		ret = dma_wait(&p->dma, STOP_TIMEOUT);
	if (!ret && (*(volatile uint32_t *)p->buf->va != OWN_WORD ||
		     *(volatile uint32_t *)(p->buf->va + HV_PAGE_SIZE) != OWN_WORD))
		ret = -EILSEQ;
	return ret;
}

static int place_close(struct attack_place *p)
{
	int ret = flood_stop(&p->flood), err = forged_close(&p->forged, p->dma.dev);

	ret = ret ? ret : err;
	dma_close(&p->dma);
	err = p->buf ? front_import_free(p->dma.dev, p->buf) : 0;
	return ret ? ret : err;
}

static int judge(const struct attack *attack, struct attack_place *p, char *why, size_t size)
{
	const bool stops = attack->xid != ATTACK_HARMLESS;
	int ret = hv_loop_until(is_stopped, &p->dma, stops ? STOP_TIMEOUT : WAIT_HARMLESS);
	const uint32_t xid = p->dma.why.op.channel.xid;

	if (stops != p->dma.stopped)
		snprintf(why, size, "channel %s: %d, xid %u",
			 p->dma.stopped ? "stopped" : "not stopped", ret, xid);
	else if (stops && xid != attack->xid)
		snprintf(why, size, "stopped by xid %u, not %u", xid, attack->xid);
	else if (*(volatile uint32_t *)(p->buf->va + HV_PAGE_SIZE) != OWN_WORD)
		snprintf(why, size, "a read-only page was written to");
	else if (!forged_unchanged(&p->forged, p->dma.dev))
		snprintf(why, size, "the USERD of another channel was written to");
	else
		return 0;
	return -1;
}

int attack_run(const struct attack *attack, struct front_dev *dev,
	       void (*meanwhile)(const struct attack *attack, void *arg), void *arg, char *why,
	       size_t size)
{
	struct attack_place p;
	int ret = place_open(&p, dev, attack->graphics), bad;

	if (ret) {
		snprintf(why, size, "cannot begin: %d", ret);
		return -1;
	}
	ret = attack->run(&p);
	if (!ret)
		ret = dma_submit(&p.dma);
	if (ret && ret != -EIO) {
		snprintf(why, size, "cannot attack: %d", ret);
		return -1;
	}
	bad = judge(attack, &p, why, size);
	if (meanwhile)
		meanwhile(attack, arg);
	ret = place_close(&p);
	if (!bad && ret) {
		snprintf(why, size, "its memory is not given back: %d", ret);
		return -1;
	}
	return bad;
}
