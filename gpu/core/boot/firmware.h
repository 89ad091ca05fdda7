/* SPDX-License-Identifier: MIT */
/*
 * firmware.h - all that starting a GSP needs from files, read from one archive and checked.
 *
 * Only this file knows which entry of the archive is what. Entries are called as in the recipes of ABI
 * packs: gsp, bootloader, booter_load, booter_unload; besides, falcon_loader (Turing) and abi.
 */
#ifndef GPU_BOOT_FIRMWARE_H
#define GPU_BOOT_FIRMWARE_H

#include <stdbool.h>

#include "gpu/core/boot/archive.h"
#include "gpu/core/boot/booter.h"
#include "gpu/core/boot/family.h"
#include "gpu/core/boot/nvfw.h"

struct gpu_firmware {
	struct gpu_archive archive;
	const struct gpu_family *family;
	struct gpu_gsp_image gsp;  /* its image begins at a page; bytes behind its end, up to the
				    * end of the page, are the file's and nobody's secret */
	struct gpu_blob signature; /* of the image, for the family; not aligned: copy it */
	struct gpu_bootloader bootloader;
	struct gpu_booter booter_load, booter_unload;
	bool has_falcon_loader;
	struct gpu_falcon_loader falcon_loader;
	struct gpu_blob abi; /* text of an ABI pack; data is NULL when there is none */
};

/*
 * Opens an archive and every file in it, and checks that they are one another's: the image's version
 * is the archive's, and it is signed for the archive's chip. All entries but the image are compared
 * with their checksums; of the image, the GPU itself checks the signature. Nothing is copied: the
 * archive's bytes, and *out, must stay where they are. 0, or -EINVAL with *err.
 */
int gpu_firmware_open(const struct gpu_blob *file, struct gpu_firmware *out, struct gpu_error *err);

#endif /* GPU_BOOT_FIRMWARE_H */
