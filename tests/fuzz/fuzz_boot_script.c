/* SPDX-License-Identifier: MIT */
/*
 * fuzz_boot_script.c - the firmware's scripts, executed on a board that answers as the input says.
 *
 * COVERS: gpu/core/boot/script.c
 *
 * Input: which pack, how much of BAR0 there is beyond 16 MiB, up to five scripts, then one byte for each register that is
 * read: what a sound board says there, or something else. When the input is used up the board is sound.
 *
 * Whatever the firmware asks for, no register outside BAR0 or unaligned is touched, a command touches what it
 * names and nothing else, only falcon commands touch falcons, and all is over in time.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fwq/packs.h"
#include "gpu/core/boot/script.h"
#include "gpu/core/gpu.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pgc6.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER	40u /* rpc_run_cpu_sequencer_v, as all releases have it */
#define SCRIPTS (GPU_SCRIPT_QUEUE + 1)
#define TURN	(100 * HV_MS) /* between two calls */
#define GSP	0x110000u
#define SEC2	0x840000u
#define FALCON	0x2000u /* bytes of a falcon's registers */
/* Every poll of a script may take its longest, and an input has few of them. */
#define LONGEST (100 * (uint64_t)FWQ_SEQUENCER_POLL_MAX * 1000)
#define LOST	0x7fu /* this reading: nobody answers, from here on */

static struct {
	const uint8_t *readings;
	size_t left;
	uint64_t now;
	uint32_t last_read; /* of the command in work */
	bool lost;
	struct gpu_script script;
} rig;

/* ---------------------------------------------------------------- what script.c and falcon.c stand on */

void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

void hv_log(enum hv_log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

uint64_t hv_now(void)
{
	return rig.now;
}

void hv_delay(uint64_t ns)
{
	rig.now += 50 * ns; /* a wait of many steps is one of few */
}

const char *hv_pci_name(const struct hv_pci *pci)
{
	(void)pci;
	return "rig";
}

bool gpu_answers(struct gpu *gpu)
{
	return !gpu_is_lost(gpu);
}

bool gpu_is_lost(struct gpu *gpu)
{
	(void)gpu;
	return rig.lost;
}

static bool in_falcon(size_t off)
{
	return (off >= GSP && off - GSP < FALCON) || (off >= SEC2 && off - SEC2 < FALCON);
}

/* May the command in work touch this register? */
static void check_access(const struct hv_mmio *m, size_t off, bool write)
{
	const struct fwq_sequencer_op *op = &rig.script.op;

	must(off % 4 == 0 && m->size >= 4 && off <= m->size - 4);
	switch (op->kind) {
	case FWQ_SEQUENCER_REG_WRITE:
	case FWQ_SEQUENCER_REG_MODIFY:
		must(off == op->addr);
		return;
	case FWQ_SEQUENCER_REG_POLL:
	case FWQ_SEQUENCER_REG_STORE:
		must(off == op->addr && !write);
		return;
	case FWQ_SEQUENCER_CORE_RESET:
	case FWQ_SEQUENCER_CORE_START:
	case FWQ_SEQUENCER_CORE_WAIT_FOR_HALT:
	case FWQ_SEQUENCER_CORE_RESUME:
		must(in_falcon(off) || (off == NV_PGC6_BSI_SECURE_SCRATCH_14 && !write));
		return;
	default: /* a delay touches nothing */
		abort();
	}
}

/* What a board says that does what it is told. */
static uint32_t sound(size_t off)
{
	switch (off) {
	case GSP + NV_PFALCON_FALCON_CPUCTL:
	case SEC2 + NV_PFALCON_FALCON_CPUCTL:
		return NV_PFALCON_FALCON_CPUCTL_HALTED;
	case GSP + NV_PFALCON_FALCON_HWCFG2:
	case SEC2 + NV_PFALCON_FALCON_HWCFG2:
		return NV_PFALCON_FALCON_HWCFG2_RESET_READY;
	case GSP + NV_PRISCV_RISCV_BCR_CTRL:
		return NV_PRISCV_RISCV_BCR_CTRL_VALID | NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT;
	case GSP + NV_PRISCV_RISCV_CPUCTL:
		return NV_PRISCV_RISCV_CPUCTL_ACTIVE_STAT;
	case NV_PGC6_BSI_SECURE_SCRATCH_14:
		return NV_PGC6_BSI_SECURE_SCRATCH_14_BOOT_STAGE_3_HANDOFF;
	default:
		return rig.script.op.kind == FWQ_SEQUENCER_REG_POLL ? rig.script.op.val : 0;
	}
}

uint32_t hv_mmio_read32(const struct hv_mmio *m, size_t off)
{
	uint8_t how = 0;

	check_access(m, off, false);
	if (rig.left) {
		how = *rig.readings++;
		rig.left--;
	}
	if (how == LOST)
		rig.lost = true;
	if (rig.lost)
		rig.last_read = ~0u;
	else if (how & 0x80)
		rig.last_read = how == 0xff ? 0xbadf1200 : (how & 0x7f) * 0x01010101u;
	else
		rig.last_read = sound(off);
	return rig.last_read;
}

void hv_mmio_write32(const struct hv_mmio *m, size_t off, uint32_t value)
{
	const struct fwq_sequencer_op *op = &rig.script.op;

	check_access(m, off, true);
	if (op->kind == FWQ_SEQUENCER_REG_WRITE)
		must(value == op->val);
	if (op->kind == FWQ_SEQUENCER_REG_MODIFY)
		must(value == ((rig.last_read & ~op->mask) | op->val));
}

/* ---------------------------------------------------------------- the run */

/* A script of `words` words with a header that fits. */
static int add(const uint8_t *words, uint32_t n)
{
	uint8_t *payload = calloc(1, HEADER + 4 * (size_t)n);
	int ret;

	must(payload != NULL);
	payload[0] = payload[1] = payload[2] = 0xff; /* bufferSizeDWord */
	payload[4] = (uint8_t)n;		     /* cmdIndex */
	memcpy(payload + HEADER, words, 4 * (size_t)n);
	ret = gpu_script_add(&rig.script, payload, HEADER + 4 * n);
	free(payload); /* it has a copy */
	return ret;
}

/* Takes the scripts off the input; the rest of it is readings. */
static void take_scripts(const uint8_t *data, size_t size)
{
	for (unsigned int i = 0; i < SCRIPTS && size && data[0]; i++) {
		uint32_t n = data[0] & 0x3f;
		int ret;

		if (n > (size - 1) / 4)
			n = (uint32_t)((size - 1) / 4);
		ret = add(data + 1, n);
		must(ret == (i < GPU_SCRIPT_QUEUE ? 0 : -EPROTO));
		data += 1 + 4 * (size_t)n;
		size -= 1 + 4 * (size_t)n;
	}
	if (size) {
		rig.readings = data + 1;
		rig.left = size - 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct gpu_chip chip = {.name = "rig", .kind = &gpu_chip_kind_ga10x};
	static struct gpu gpu;
	struct gpu_script *s = &rig.script;
	int ret;

	if (size < 2)
		return 0;
	memset(&rig, 0, sizeof(rig));
	gpu = (struct gpu){.chip = &chip};
	/* gpu_boot_new() takes no board with less than 16 MiB. */
	gpu.regs.size = (16u << 20) + 4u * data[1];
	s->gsp = gpu_falcon_gsp(&gpu);
	s->sec2 = gpu_falcon_sec2(&gpu);
	s->pack = &fwq_packs[data[0] % fwq_packs_count];
	s->libos = 0x123456789000;
	take_scripts(data + 2, size - 2);
	while ((ret = gpu_script_step(s)) == 1) {
		rig.now += TURN;
		must(rig.now < LONGEST);
	}
	must(!s->queued && !s->open && !s->busy);
	if (ret) {
		must(ret == -EPROTO || ret == -ETIMEDOUT || ret == -EIO || ret == -ENODEV ||
		     ret == -EOPNOTSUPP);
		must(s->error.text[0] && !strchr(s->error.text, '\n'));
	}
	must(ret != -ENODEV || rig.lost);
	gpu_script_free(s);
	return 0;
}
