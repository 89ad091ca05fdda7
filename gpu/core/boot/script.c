/* SPDX-License-Identifier: MIT */
/*
 * script.c - executes the firmware's scripts (see script.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/boot/script.h"
#include "gpu/core/gpu.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pgc6.h"
#include "gpu/core/regs_pmc.h"

#define US	       1000ull
#define HALT_TIMEOUT   (2 * HV_S) /* as nouveau */
#define RESUME_TIMEOUT (2 * HV_S) /* as nouveau */

#define WAIT 1

int gpu_script_add(struct gpu_script *s, const void *payload, uint32_t len)
{
	void *copy;

	if (s->queued == GPU_SCRIPT_QUEUE)
		return gpu_fail(&s->error, -EPROTO, "more than %u scripts at a time",
				GPU_SCRIPT_QUEUE);
	copy = malloc(len ? len : 1);
	if (!copy)
		return gpu_fail(&s->error, -ENOMEM, "no memory for a script of %" PRIu32 " bytes",
				len);
	memcpy(copy, payload, len);
	s->queue[s->queued].payload = copy;
	s->queue[s->queued++].len = len;
	return 0;
}

void gpu_script_free(struct gpu_script *s)
{
	for (unsigned int i = 0; i < s->queued; i++)
		free(s->queue[i].payload);
	s->queued = 0;
	s->open = s->busy = false;
}

/* Is the time of the command in work over? It begins with the first question. */
static bool late(struct gpu_script *s, uint64_t ns)
{
	if (!s->deadline)
		s->deadline = hv_now() + ns;
	return hv_now() >= s->deadline;
}

static int delay(struct gpu_script *s)
{
	return late(s, s->op.delay_us * US) ? 0 : WAIT;
}

static int poll_register(struct gpu_script *s)
{
	const struct fwq_sequencer_op *op = &s->op;
	uint32_t us = op->timeout_us ? op->timeout_us : FWQ_SEQUENCER_POLL_DEFAULT;
	uint32_t v = gpu_rd32(s->gsp.gpu, op->addr);

	if ((v & op->mask) == op->val)
		return 0;
	if (!late(s, us * US))
		return WAIT;
	return gpu_fail(&s->error, -ETIMEDOUT,
			"script: register %#" PRIx32 " reads %08" PRIx32 ", not %08" PRIx32
			" in %08" PRIx32 ", after %" PRIu32 " us (firmware's error %" PRIu32 ")",
			op->addr, v, op->val, op->mask, us, op->error);
}

static int core_reset(struct gpu_script *s)
{
	int err = gpu_falcon_reset(&s->gsp);

	if (err)
		return gpu_fail(&s->error, err,
				"script: CORE_RESET: the GSP falcon does not come out of reset");
	gpu_falcon_allow_sysmem(&s->gsp, 0);
	return 0;
}

static int wait_halt(struct gpu_script *s)
{
	if (gpu_falcon_halted(&s->gsp))
		return 0;
	if (!late(s, HALT_TIMEOUT))
		return WAIT;
	return gpu_fail(&s->error, -ETIMEDOUT,
			"script: CORE_WAIT_FOR_HALT: the GSP falcon runs on (%08" PRIx32 ")",
			gpu_falcon_rd32(&s->gsp, NV_PFALCON_FALCON_CPUCTL));
}

static int core_resume(struct gpu_script *s)
{
	uint32_t v;

	if (!s->deadline) {
		int err = gpu_falcon_reset_riscv(&s->gsp);

		if (err)
			return gpu_fail(&s->error, err,
					"script: CORE_RESUME: the GSP does not come out of reset");
		gpu_falcon_wr32(&s->gsp, NV_PFALCON_FALCON_MAILBOX0, (uint32_t)s->libos);
		gpu_falcon_wr32(&s->gsp, NV_PFALCON_FALCON_MAILBOX1, (uint32_t)(s->libos >> 32));
		gpu_falcon_start(&s->sec2);
	}
	v = gpu_rd32(s->gsp.gpu, NV_PGC6_BSI_SECURE_SCRATCH_14);
	if (!(v & NV_PGC6_BSI_SECURE_SCRATCH_14_BOOT_STAGE_3_HANDOFF) || NV_PRI_IS_ERROR(v)) {
		if (!late(s, RESUME_TIMEOUT))
			return WAIT;
		return gpu_fail(
			&s->error, -ETIMEDOUT,
			"script: CORE_RESUME: no handoff (NV_PGC6_BSI_SECURE_SCRATCH_14 %08" PRIx32
			", SEC2 mailbox %08" PRIx32 ")",
			v, gpu_falcon_rd32(&s->sec2, NV_PFALCON_FALCON_MAILBOX0));
	}
	v = gpu_falcon_rd32(&s->sec2, NV_PFALCON_FALCON_MAILBOX0);
	if (v)
		return gpu_fail(&s->error, -EIO,
				"script: CORE_RESUME: SEC2 mailbox 0 is %08" PRIx32, v);
	gpu_falcon_wr32(&s->gsp, NV_PFALCON_FALCON_OS, s->app_version);
	if (!gpu_falcon_riscv_active(&s->gsp))
		return gpu_fail(&s->error, -EIO,
				"script: CORE_RESUME: the RISC-V core is not active (%08" PRIx32
				")",
				gpu_falcon_riscv_status(&s->gsp));
	return 0;
}

static int execute(struct gpu_script *s)
{
	const struct fwq_sequencer_op *op = &s->op;
	struct gpu *gpu = s->gsp.gpu;

	switch (op->kind) {
	case FWQ_SEQUENCER_REG_WRITE:
		gpu_wr32(gpu, op->addr, op->val);
		return 0;
	case FWQ_SEQUENCER_REG_MODIFY:
		gpu_wr32(gpu, op->addr, (gpu_rd32(gpu, op->addr) & ~op->mask) | op->val);
		return 0;
	case FWQ_SEQUENCER_REG_POLL:
		return poll_register(s);
	case FWQ_SEQUENCER_DELAY:
		return delay(s);
	case FWQ_SEQUENCER_REG_STORE:
		if (op->index >= GPU_SCRIPT_SAVES)
			return gpu_fail(&s->error, -EPROTO,
					"script: save area has no word %" PRIu32, op->index);
		s->save[op->index] = gpu_rd32(gpu, op->addr);
		return 0;
	case FWQ_SEQUENCER_CORE_RESET:
		return core_reset(s);
	case FWQ_SEQUENCER_CORE_START:
		gpu_falcon_start(&s->gsp);
		return 0;
	case FWQ_SEQUENCER_CORE_WAIT_FOR_HALT:
		return wait_halt(s);
	case FWQ_SEQUENCER_CORE_RESUME:
		return core_resume(s);
	case FWQ_SEQUENCER_KINDS:
		break;
	}
	hv_panic("sequencer command %d", (int)op->kind);
}

static int open_next(struct gpu_script *s)
{
	int err = fwq_sequencer_open(s->pack, s->queue[0].payload, s->queue[0].len,
				     (uint32_t)s->gsp.gpu->regs.size, &s->seq);

	if (err)
		return gpu_fail(&s->error, err, "script refused: %s: %#" PRIx32 " at word %" PRIu32,
				s->seq.why ? s->seq.why : "no sequencer in this release",
				s->seq.value, s->seq.where);
	s->open = true;
	return 0;
}

static void drop_first(struct gpu_script *s)
{
	free(s->queue[0].payload);
	s->queued--;
	memmove(s->queue, s->queue + 1, s->queued * sizeof(s->queue[0]));
	s->open = false;
}

/* One command, begun or continued. */
static int step(struct gpu_script *s)
{
	int ret;

	if (!s->busy) {
		if (!fwq_sequencer_next(&s->seq, &s->op)) {
			drop_first(s);
			return 0;
		}
		s->busy = true;
		s->deadline = 0;
	}
	ret = execute(s);
	if (!ret) {
		s->busy = false;
		s->commands++;
	}
	return ret;
}

int gpu_script_step(struct gpu_script *s)
{
	int ret = 0;

	while (s->queued && !ret) {
		if (!s->open)
			ret = open_next(s);
		if (!ret)
			ret = step(s);
		if (!ret && !gpu_answers(s->gsp.gpu))
			ret = gpu_fail(&s->error, -ENODEV,
				       "script: the GPU does not answer any more");
	}
	if (ret < 0)
		gpu_script_free(s);
	return ret;
}
