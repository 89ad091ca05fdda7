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
	const char *ramdisk; /* NULL: none */
	unsigned int memory; /* MiB; 0: as much as is needed */
};

/* Checks names and files, and fills in memory. Takes err. */
int xvgpu_init_check(struct xvgpu_init *init, struct xvgpu_err *err);

/* Writes the driver domain's xl config. */
void xvgpu_init_config(const struct xvgpu_init *init, const struct xvgpu_board *board, FILE *f);

#endif /* XVGPU_INIT_H */
