/* SPDX-License-Identifier: MIT */
/*
 * fwsec.h - FWSEC, the board's own secure program, which carves out WPR2 (FRTS) and gives the GSP back
 * at the end (SB).
 *
 * It comes from the ROM, is loaded into the GSP's falcon, and takes its command from a structure in
 * its data memory that the loader fills in before. A copy of the image is what is changed; these
 * functions find the places and write into that copy only.
 *
 * Source: nouveau, nvkm/subdev/gsp/fwsec.c; NVIDIA's open modules, kernel_gsp_fwsec.c (descriptors
 * FALCON_UCODE_DESC_V2 and V3) and kernel_gsp_frts_tu102.c (interface and commands).
 */
#ifndef GPU_BOOT_FWSEC_H
#define GPU_BOOT_FWSEC_H

#include "gpu/core/boot/vbios.h"

#define GPU_FWSEC_SIGNATURE 384u /* bytes: RSA-3072 */

struct gpu_fwsec {
	unsigned int version; /* of the descriptor: 2 (Turing, GA100), 3 (Ampere and later) */
	struct gpu_blob image;
	/* Where code and data are in the image, and where they go. Bytes. */
	uint32_t imem_offset, imem_size, imem_base;
	uint32_t dmem_offset, dmem_size, dmem_base;
	/* Version 2: how much of the code is not secure, and where the secure part goes. */
	uint32_t imem_sec_base, imem_sec_size, entry;
	/* Version 3: where the signature goes, in DMEM, and what chooses it. */
	uint32_t sig_offset;
	uint16_t engine_id_mask;
	uint8_t ucode_id;
	uint16_t sig_versions; /* bit n: there is one for fuse version n, in this order */
	struct gpu_blob signatures;
	/* In DMEM: where the command's parameters and the command itself go. */
	uint32_t command_buffer, command_buffer_size, init_command;
};

/* Finds FWSEC in the ROM. 0, -ENOENT (there is none), -EINVAL; with *err. */
int gpu_fwsec_open(const struct gpu_vbios *vbios, struct gpu_fwsec *out, struct gpu_error *err);

/*
 * Version 3: the signature for a board whose fuse register for ucode_id says fuse_version (position of
 * its highest set bit, 0 when none is). 0, or -EINVAL with *err: the ROM has none for it.
 */
int gpu_fwsec_signature(const struct gpu_fwsec *fwsec, uint32_t fuse_version, struct gpu_blob *out,
			struct gpu_error *err);

/*
 * Both write a command into `dmem`, a copy of the dmem_size bytes at dmem_offset of the image. FRTS:
 * make WPR2 around `size` bytes at VRAM address `addr`, both multiples of 4 KiB. SB: the second half
 * of secure boot.
 */
void gpu_fwsec_put_frts(const struct gpu_fwsec *fwsec, uint8_t *dmem, uint64_t addr, uint64_t size);
void gpu_fwsec_put_sb(const struct gpu_fwsec *fwsec, uint8_t *dmem);

#endif /* GPU_BOOT_FWSEC_H */
