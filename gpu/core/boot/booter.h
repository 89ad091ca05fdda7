/* SPDX-License-Identifier: MIT */
/*
 * booter.h - the signed programs that SEC2 runs to start and to end the GSP ("booter_load",
 * "booter_unload").
 *
 * The file holds one image, and beside it the signatures for it. Which signature is right depends on
 * a fuse of the board, so whoever loads the image copies it, writes the chosen signature to
 * sig_offset of the copy, and hands that to the falcon. The secure code checks it; we cannot.
 *
 * Layout: nouveau, include/nvfw/hs.h (nvfw_hs_header_v2, nvfw_hs_load_header_v2); what the values
 * mean: nvkm/subdev/gsp/tu102.c and ga102.c, and NVIDIA's kernel_gsp_booter.c.
 */
#ifndef GPU_BOOT_BOOTER_H
#define GPU_BOOT_BOOTER_H

#include "gpu/core/boot/blob.h"

struct gpu_booter_span {
	uint32_t offset, size; /* bytes of the image; multiples of 256, the falcon's DMA unit */
};

struct gpu_booter {
	struct gpu_blob image;
	struct gpu_booter_span os_code; /* not secure; Turing loads it first */
	struct gpu_booter_span app;	/* secure code */
	struct gpu_booter_span data;	/* DMEM */
	uint32_t sig_offset;		/* in the image, inside data */
	uint32_t sig_size, sig_count;
	struct gpu_blob signatures;	   /* sig_count of sig_size bytes */
	uint32_t engine_id_mask, ucode_id; /* for the falcon's boot ROM (Ampere and later) */
};

/* 0, or -EINVAL with *err. */
int gpu_booter_parse(const struct gpu_blob *file, struct gpu_booter *out, struct gpu_error *err);

/*
 * The signature for a board whose fuse register for this ucode says fuse_version (position of its
 * highest set bit, 0 when none is): the last one is for version 0. One single signature is for every
 * board. 0, or -EINVAL with *err: the file is too old for this board.
 */
int gpu_booter_signature(const struct gpu_booter *booter, uint32_t fuse_version,
			 struct gpu_blob *out, struct gpu_error *err);

#endif /* GPU_BOOT_BOOTER_H */
