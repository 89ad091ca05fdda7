/* SPDX-License-Identifier: MIT */
/*
 * pack_choice.c - which pack a firmware is spoken to with (see pack_choice.h).
 */
#include <errno.h>
#include <string.h>

#include "fwq/packs.h"
#include "gpu/core/boot/pack_choice.h"

int gpu_pack_choose(const struct gpu_firmware *fw, struct fwq_pack *room,
		    const struct fwq_pack **out, struct gpu_error *err)
{
	struct fwq_pack_error why;

	if (!fw->abi.data) {
		*out = fwq_packs_find(fw->gsp.version);
		if (*out)
			return 0;
		gpu_blob_say(&fw->gsp.image, err,
			     "no ABI pack of version %s is built in, and none is in the archive",
			     fw->gsp.version);
		return -ENOENT;
	}
	if (fwq_pack_load(fw->abi.data, fw->abi.size, room, &why))
		return gpu_blob_fail(&fw->abi, err, "%s", why.text);
	if (strcmp(room->version, fw->gsp.version) != 0)
		return gpu_blob_fail(&fw->abi, err, "pack of version %s with firmware %s",
				     room->version, fw->gsp.version);
	*out = room;
	return 0;
}
