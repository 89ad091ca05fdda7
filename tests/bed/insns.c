/* SPDX-License-Identifier: MIT */
/*
 * What a driver costs the CPU: a TCG plugin for QEMU that counts executed instructions and stored
 * bytes per vCPU and range of code, and writes all its counters down at named moments ("marks").
 *
 * Counters run from power-on and are never reset; who reads the marks subtracts. So both ends of a
 * measurement are the same event for every driver that runs on the same GPU model.
 *
 *   qemu-system-x86_64 -plugin build/insns.so,out=FILE[,range=NAME:LO-HI]...[,mark=NAME:ADDR]...
 *
 *   out=FILE          where marks go, a line of JSON each (below); must be given
 *   range=NAME:LO-HI  count code at virtual addresses LO up to and including HI; up to 8, which may
 *                     overlap; names are [A-Za-z0-9_-]. Without any: "all", every address
 *   mark=NAME:ADDR    each time the instruction at virtual address ADDR is executed; up to 8
 *
 * Numbers are hexadecimal with or without 0x. Other marks come by themselves:
 *
 *   first-touch, init-done,  the milestones of the GPU model, if build/xvgpu-model.so is in the same
 *   line-written             process (tests/model/model.h says when); they carry the model's counters
 *   exit                     QEMU ends in order
 *
 *   {"mark": NAME, "vcpu": N, "model": {...}, "counts": {RANGE: [[INSTRUCTIONS, STORED], ...], ...}}
 *
 * N is the vCPU that met a mark of the command line, else -1; counts has a pair for each vCPU,
 * in order; model is null but for milestones. tests/bed/insns.py reads the file.
 *
 * What the numbers are:
 * - Instructions are counted when their translation block starts. A block that a fault or an interrupt
 *   leaves early counts as a whole, and a mark may fall inside one: an error of some dozens at each end.
 * - Each round of a repeated string instruction counts as one. Halted time is none.
 * - Stored bytes are those of every store to memory or registers by counted code, string instructions
 *   and stack included: an upper limit for what this code copied. What a hypervisor or kernel outside
 *   the range stores on its behalf is counted there.
 * - A page of code is told by its virtual address alone. Every PV guest of ours is linked to the same
 *   place: tell them apart by their vCPU, and give the driver domain one for itself.
 *
 * Source of the interface: QEMU's include/qemu/qemu-plugin.h and docs/devel/tcg-plugins.rst.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/qemu-plugin.h"

#define MAX_VCPUS  64
#define MAX_RANGES 8 /* a set of them fits into a byte */
#define MAX_MARKS  8
#define MAX_NAME   32

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* LO and HI of a range; a mark has ADDR in lo. */
struct place {
	char name[MAX_NAME];
	uint64_t lo, hi;
};

/* Written by its vCPU's thread alone. Others read them while it runs, as exact as that can be. */
struct counts {
	uint64_t insns[MAX_RANGES];
	uint64_t stored[MAX_RANGES];
} __attribute__((aligned(64)));

static struct counts counts[MAX_VCPUS];
static struct place ranges[MAX_RANGES], marks[MAX_MARKS];
static unsigned int nr_ranges, nr_marks, nr_vcpus;
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *out;

static void write_mark(const char *name, int vcpu, const char *model)
{
	pthread_mutex_lock(&out_lock);
	fprintf(out, "{\"mark\": \"%s\", \"vcpu\": %d, \"model\": %s, \"counts\": {", name, vcpu,
		model ? model : "null");
	for (unsigned int r = 0; r < nr_ranges; r++) {
		fprintf(out, "%s\"%s\": [", r ? ", " : "", ranges[r].name);
		for (unsigned int v = 0; v < nr_vcpus; v++)
			fprintf(out, "%s[%" PRIu64 ", %" PRIu64 "]", v ? ", " : "",
				counts[v].insns[r], counts[v].stored[r]);
		fprintf(out, "]");
	}
	fprintf(out, "}}\n");
	fflush(out);
	pthread_mutex_unlock(&out_lock);
}

static void on_milestone(const char *name, const char *stats)
{
	write_mark(name, -1, stats);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *unused)
{
	(void)id;
	(void)unused;
	write_mark("exit", -1, NULL);
}

static void on_address(unsigned int vcpu, void *mark)
{
	write_mark(((const struct place *)mark)->name, (int)vcpu, NULL);
}

/* What a block is, as a callback gets it: its number of instructions, and the set of its ranges. */
static void *pack_block(size_t insns, unsigned int set)
{
	return (void *)(uintptr_t)(insns << 8 | set);
}

static void on_block(unsigned int vcpu, void *block)
{
	unsigned int set = (uintptr_t)block & 0xff;

	for (unsigned int r = 0; set; r++, set >>= 1)
		if (set & 1)
			counts[vcpu].insns[r] += (uintptr_t)block >> 8;
}

static void on_store(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *block)
{
	unsigned int set = (uintptr_t)block & 0xff;

	(void)addr;
	for (unsigned int r = 0; set; r++, set >>= 1)
		if (set & 1)
			counts[vcpu].stored[r] += 1ull << qemu_plugin_mem_size_shift(info);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t insns = qemu_plugin_tb_n_insns(tb);
	uint64_t start = qemu_plugin_tb_vaddr(tb);
	unsigned int set = 0;
	void *block;

	(void)id;
	for (unsigned int r = 0; r < nr_ranges; r++)
		if (start >= ranges[r].lo && start <= ranges[r].hi)
			set |= 1u << r;
	block = pack_block(insns, set);
	if (set)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
	for (size_t i = 0; i < insns; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (set)
			qemu_plugin_register_vcpu_mem_cb(insn, on_store, QEMU_PLUGIN_CB_NO_REGS,
							 QEMU_PLUGIN_MEM_W, block);
		for (unsigned int k = 0; k < nr_marks; k++)
			if (qemu_plugin_insn_vaddr(insn) == marks[k].lo)
				qemu_plugin_register_vcpu_insn_exec_cb(
					insn, on_address, QEMU_PLUGIN_CB_NO_REGS, &marks[k]);
	}
}

/* NAME:LO-HI, or NAME:ADDR for a mark. */
static bool parse_place(const char *text, bool is_range, struct place *p)
{
	size_t len =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	char *end;

	if (!len || len >= MAX_NAME || text[len] != ':')
		return false;
	memcpy(p->name, text, len);
	p->name[len] = '\0';
	p->lo = strtoull(text + len + 1, &end, 16);
	if (!is_range)
		return end != text + len + 1 && !*end;
	if (*end != '-')
		return false;
	text = end + 1;
	p->hi = strtoull(text, &end, 16);
	return end != text && !*end && p->lo <= p->hi;
}

static bool parse_option(const char *option)
{
	if (!strncmp(option, "out=", 4) && !out) {
		out = fopen(option + 4, "w");
		return out != NULL;
	}
	if (!strncmp(option, "range=", 6) && nr_ranges < MAX_RANGES)
		return parse_place(option + 6, true, &ranges[nr_ranges++]);
	if (!strncmp(option, "mark=", 5) && nr_marks < MAX_MARKS)
		return parse_place(option + 5, false, &marks[nr_marks++]);
	return false;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv)
{
	/* The model is preloaded, so its symbols are global; a plugin's are not. */
	void (**milestone)(const char *name, const char *stats) =
		dlsym(RTLD_DEFAULT, "xvgpu_model_on_milestone");

	for (int i = 0; i < argc; i++) {
		if (!parse_option(argv[i])) {
			fprintf(stderr, "insns: option refused: %s\n", argv[i]);
			return -1;
		}
	}
	nr_vcpus = info->system_emulation ? (unsigned int)info->system.smp_vcpus : 0;
	if (!out || !nr_vcpus || nr_vcpus > MAX_VCPUS) {
		fprintf(stderr, "insns: needs out=FILE and a machine of 1 to %d vCPUs, not %u\n",
			MAX_VCPUS, nr_vcpus);
		return -1;
	}
	if (!nr_ranges)
		ranges[nr_ranges++] = (struct place){.name = "all", .hi = UINT64_MAX};
	if (milestone)
		*milestone = on_milestone;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
