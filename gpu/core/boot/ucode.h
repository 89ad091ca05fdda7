/* SPDX-License-Identifier: MIT */
/*
 * ucode.h - a signed program, placed in memory and run on a falcon: FWSEC and the booters.
 *
 * The host copies the program to memory that the falcon reaches, with the signature that this board's
 * fuses ask for, has the falcon's DMA unit load it, and tells the boot ROM where the signature is. The
 * boot ROM checks it and jumps. A refused program halts at once without having touched anything; the
 * callers' checks of what it should have done find that out.
 *
 * Source: nouveau, nvkm/falcon/{ga102,ga100,gm200}.c and nvkm/subdev/gsp/{ga102,fwsec}.c.
 */
#ifndef GPU_BOOT_UCODE_H
#define GPU_BOOT_UCODE_H

#include "gpu/core/boot/booter.h"
#include "gpu/core/boot/fwsec.h"
#include "gpu/core/falcon.h"
#include "hv/hv.h"

struct gpu_ucode {
	const char *name;     /* for messages */
	struct hv_dma memory; /* the image; va is NULL: nothing is loaded */
	/* Bytes: where code and data are in the image, where they go, how long they are. */
	uint32_t code_offset, code_dst, code_size;
	uint32_t data_offset, data_dst, data_size;
	uint32_t boot_vector;
	/* For the boot ROM: where in data the signature is, whose program it is, its number. */
	uint32_t signature, engine_mask, ucode_id;
};

/*
 * Copy a booter, or FWSEC (descriptor version 3), out of its file and sign it for this board. 0,
 * -ENOMEM, -ENODEV; -EINVAL or -EOPNOTSUPP (a program for another kind of chip) with *err. The file is
 * not needed any more after.
 */
int gpu_ucode_from_booter(struct gpu *gpu, const char *name, const struct gpu_booter *booter,
			  struct gpu_ucode *out, struct gpu_blob_error *err);
int gpu_ucode_from_fwsec(struct gpu *gpu, const struct gpu_fwsec *fwsec, struct gpu_ucode *out,
			 struct gpu_blob_error *err);
void gpu_ucode_free(struct gpu_ucode *ucode);

/* The copy's data part, for FWSEC's commands. */
uint8_t *gpu_ucode_data(const struct gpu_ucode *ucode);

/*
 * Reset the falcon, load the program, start it with these mailboxes. Takes below a millisecond, 30 ms at
 * worst; then gpu_falcon_halted() says when it has ended. 0, -EIO, -ENODEV.
 */
int gpu_ucode_start(const struct gpu_falcon *f, const struct gpu_ucode *ucode, uint32_t mailbox0,
		    uint32_t mailbox1);

#endif /* GPU_BOOT_UCODE_H */
