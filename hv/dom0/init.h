/* SPDX-License-Identifier: MIT */
/*
 * init.h - the parts of `init` that touch nothing but files, so that tests can call them.
 */
#ifndef XVGPU_INIT_H
#define XVGPU_INIT_H

#include <stdio.h>

#include "pci.h"
#include "records.h"

struct xvgpu_init {
	const char *name, *kernel, *output;
	const char *ramdisk;  /* NULL: none */
	unsigned int memory;  /* MiB; 0: as much as is needed */
	const char *schedule; /* NULL: the driver domain's default, best-effort */
	unsigned int slots;   /* of fixed-share; 0: not given */
};

/* Checks names, files and the schedule, and fills in memory. Takes err. */
int xvgpu_init_check(struct xvgpu_init *init, struct xvgpu_err *err);

/* MiB that a driver domain needs with an archive of so many bytes (0: none). */
unsigned int xvgpu_memory_needed(uint64_t archive);

/* Writes the driver domain's xl config. */
void xvgpu_init_config(const struct xvgpu_init *init, const struct xvgpu_board *board, FILE *f);

#endif /* XVGPU_INIT_H */
