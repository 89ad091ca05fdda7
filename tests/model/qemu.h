/* SPDX-License-Identifier: MIT */
/*
 * What the sources of the QEMU device share: the device itself, as QEMU keeps it.
 *
 * qemu.c plugs the model into the machine; qemu_properties.c is what a test sees of it from outside.
 * "qemu/osdep.h" comes first, as everywhere in QEMU.
 */
#ifndef MODEL_QEMU_H
#define MODEL_QEMU_H

#include "qemu/timer.h"
#include "hw/pci/pci.h"

#include "tests/model/model.h"

#define TYPE_XVGPU_MODEL "xvgpu-model"
OBJECT_DECLARE_SIMPLE_TYPE(XvgpuModel, XVGPU_MODEL)

/* BAR 1 or BAR 3: a slow path through the model, and over it, when it is allowed, VRAM itself. */
typedef struct XvgpuWindow {
	XvgpuModel *gpu;
	int bar;
	MemoryRegion container, slow, fast;
} XvgpuWindow;

struct XvgpuModel {
	PCIDevice parent;

	struct model *model;
	MemoryRegion regs;
	MemoryRegion vram; /* the head of VRAM, mapped nowhere but through the windows */
	XvgpuWindow fb, inst;
	FILE *log;
	bool touched; /* since the last reset: an untouched board needs none */
	bool in_flr;

	uint32_t vram_mib, bar1_mib;
	bool ecc, msi, msix, allow_unsigned, follow_clock;
	char *chip, *costs, *log_path, *fault, *hash_range;
	uint64_t hash_base, hash_len;
	QEMUTimer *run_timer, *stray_timer;
	int64_t busy_ns; /* that engines have worked since they had nothing to do */
	uint64_t stray_addr, stray_left;
};

/* Adds the properties that can be read and set at any time to the device's class. */
void xvgpu_add_properties(ObjectClass *klass);

/* The counters as JSON; all are 0 before there is a board. The caller frees it with g_free(). */
char *xvgpu_stats_json(XvgpuModel *s);

/* The callback of stray_timer: the next stray read, if any are left. `opaque` is the device. */
void xvgpu_stray_read(void *opaque);

#endif /* MODEL_QEMU_H */
