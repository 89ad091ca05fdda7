/* SPDX-License-Identifier: MIT */
/*
 * pci.h - the board as dom0's Linux sees it, in sysfs.
 */
#ifndef XVGPU_PCI_H
#define XVGPU_PCI_H

#include "config.h"

struct xvgpu_board {
	char bdf[XVGPU_BDF_MAX]; /* the GPU's own function */
	uint16_t vendor, device;
	uint32_t class_code; /* 24 bits: base class, subclass, programming interface */
	int n;		     /* all functions of the board, the GPU's first */
	char functions[XVGPU_MAX_FUNCTIONS][XVGPU_BDF_MAX];
};

/*
 * Looks at function bdf (canonical form) and finds the board's other functions. Takes err: -ENODEV
 * when there is no such function or it is not an NVIDIA display (class 0300) or 3D controller
 * (0302).
 */
int xvgpu_board_read(const char *bdf, struct xvgpu_board *board, struct xvgpu_err *err);

/*
 * Resets a function through dom0's kernel, by the way that the kernel likes best (usually a function-level
 * reset), or with it all of its bus. Takes err: -ENOENT when there is no function, or when the kernel
 * knows no such way (of the bus: only where nothing else is on it); other values: the reset failed.
 */
int xvgpu_pci_reset(const char *bdf, bool bus, struct xvgpu_err *err);

/*
 * Resets all functions of a driver domain that is not there, and says what came of it. bus: of the bus,
 * if that can be, because a function's reset has not helped.
 */
void xvgpu_driver_reset(const struct xvgpu_driver *driver, bool bus);

/* Where BAR 0 of a function is on the machine, and its size in bytes. Takes err: -ENODEV. */
int xvgpu_pci_bar0(const char *bdf, uint64_t *start, uint64_t *size, struct xvgpu_err *err);

bool xvgpu_pciback_loaded(void);

#endif /* XVGPU_PCI_H */
