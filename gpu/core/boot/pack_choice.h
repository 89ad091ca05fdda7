/* SPDX-License-Identifier: MIT */
/*
 * pack_choice.h - the ABI pack for a firmware: the one that travels with it, else the built-in one of
 * exactly its version.
 */
#ifndef GPU_BOOT_PACK_CHOICE_H
#define GPU_BOOT_PACK_CHOICE_H

#include "fwq/pack.h"
#include "gpu/core/boot/firmware.h"

/*
 * *out is a built-in pack, or `room` (the caller's, which must stay) filled from the archive's text. 0;
 * -ENOENT: there is none for this version; -EINVAL: the archive's is no pack, or of another version.
 * With *err.
 */
int gpu_pack_choose(const struct gpu_firmware *fw, struct fwq_pack *room,
		    const struct fwq_pack **out, struct gpu_error *err);

#endif /* GPU_BOOT_PACK_CHOICE_H */
