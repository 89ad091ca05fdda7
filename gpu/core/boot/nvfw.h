/* SPDX-License-Identifier: MIT */
/*
 * nvfw.h - the wrapper of nouveau's firmware files, and the two small kinds of file in it.
 *
 * A file begins with six words (nouveau, include/nvfw/fw.h, struct nvfw_bin_hdr): magic 0x10de,
 * version 1, a size, where the header of the payload stands, where the payload stands and its size.
 * All offsets count from the file's beginning. The size word is that of the file rounded up to 256,
 * so it may be larger than the file; nothing needs it and it is not looked at.
 */
#ifndef GPU_BOOT_NVFW_H
#define GPU_BOOT_NVFW_H

#include "gpu/core/boot/blob.h"

struct gpu_nvfw {
	struct gpu_blob file;
	uint32_t header;      /* offset in the file */
	struct gpu_blob data; /* the payload */
};

/* 0, or -EINVAL with *err. The header behind nvfw->header has not been checked. */
int gpu_nvfw_open(const struct gpu_blob *file, struct gpu_nvfw *nvfw, struct gpu_error *err);

/*
 * The RISC-V bootloader, which booter starts in WPR2 and which starts GSP-RM ("bootloader"). Offsets
 * are within the image, from NVIDIA's RM_RISCV_UCODE_DESC (open-gpu-kernel-modules, rmRiscvUcode.h);
 * they go into GspFwWprMeta, app_version into a register of the GSP.
 */
struct gpu_bootloader {
	struct gpu_blob image;
	uint32_t code_offset, data_offset, manifest_offset; /* of the monitor, of its manifest */
	uint32_t app_version;
};

/* 0, or -EINVAL with *err. */
int gpu_bootloader_parse(const struct gpu_blob *file, struct gpu_bootloader *out,
			 struct gpu_error *err);

/*
 * The falcon loader that Turing's FWSEC needs, since there the host cannot place secure code itself
 * ("gen_bootloader", or nouveau's acr/bl.bin): code for IMEM at tag start_tag (nvfw_bl_desc).
 */
struct gpu_falcon_loader {
	struct gpu_blob code;
	uint32_t start_tag; /* IMEM address >> 8 */
};

/* 0, or -EINVAL with *err. */
int gpu_falcon_loader_parse(const struct gpu_blob *file, struct gpu_falcon_loader *out,
			    struct gpu_error *err);

#endif /* GPU_BOOT_NVFW_H */
