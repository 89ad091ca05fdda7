/* SPDX-License-Identifier: MIT */
/*
 * vbios.h - the board's ROM, as far as starting a GSP needs it.
 *
 * The ROM is a chain of PCI expansion ROM images. Boards may put data for the GPU's own start (IFR)
 * in front of it. The first image, type 0x00, holds the BIOS Information Table (BIT); images of type
 * 0xe0 hold programs for falcons, described by a table that one of BIT's tokens points at. Pointers in
 * these tables count as if image 0xe0 followed image 0x00 at once, although others (EFI) lie between.
 *
 * Sources: PCI Firmware Specification 3.0, chapter 5 (ROM images); Linux, Documentation/gpu/nova/core/
 * vbios.rst and nouveau, nvkm/subdev/bios/{image,pcir,npde,bit,pmu,base}.c; NVIDIA's open modules,
 * kernel_gsp_vbios_tu102.c (IFR, sizes) and kernel_gsp_fwsec.c (BIT, table of programs).
 */
#ifndef GPU_BOOT_VBIOS_H
#define GPU_BOOT_VBIOS_H

#include "gpu/core/boot/blob.h"

#define GPU_VBIOS_SIZE_MAX 0x100000u /* bytes of the ROM that BAR0 shows */

/* Programs in the table: kernel_gsp_fwsec.c, FALCON_UCODE_ENTRY_APPID_*. */
#define GPU_VBIOS_FWSEC_PROD 0x85u

struct gpu_vbios {
	struct gpu_blob rom;	/* from the first image to the end of the last */
	uint32_t base_size;	/* bytes of image 0x00 */
	uint32_t expansion;	/* added to pointers at or above base_size */
	unsigned int images;	/* in the chain */
	uint32_t bit;		/* offset of the BIT header */
	struct gpu_blob tokens; /* of BIT */
	uint8_t token_size;
};

/*
 * Finds the images and BIT in up to GPU_VBIOS_SIZE_MAX bytes read from the ROM's beginning. 0, or
 * -EINVAL with *err. *out points into the bytes.
 */
int gpu_vbios_open(const struct gpu_blob *rom, struct gpu_vbios *out, struct gpu_error *err);

/* A program as the table describes it: descriptor (with its signatures) and what follows it. */
struct gpu_vbios_ucode {
	uint8_t version;	/* of the descriptor's layout */
	struct gpu_blob desc;	/* the bytes it says it has */
	struct gpu_blob stored; /* from its end to the end of the ROM */
};

/* The first program of that application id. 0, -ENOENT (none), -EINVAL; with *err. */
int gpu_vbios_ucode(const struct gpu_vbios *vbios, uint8_t application, struct gpu_vbios_ucode *out,
		    struct gpu_error *err);

#endif /* GPU_BOOT_VBIOS_H */
