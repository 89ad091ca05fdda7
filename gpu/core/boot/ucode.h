/* SPDX-License-Identifier: MIT */
/*
 * ucode.h - a signed program, placed in memory and run on a falcon: FWSEC and the booters.
 *
 * There are three ways to get one going; which is right follows from the chip and the program.
 * GPU_UCODE_BOOT_ROM (GA10x on): the host copies the program to memory that the falcon reaches, with
 * the signature that this board's fuses ask for, has the falcon's DMA unit load it, and tells the boot
 * ROM where the signature is. The boot ROM checks it and jumps. GPU_UCODE_DIRECT (booters before): the
 * host writes code and data into the falcon's memories; a block of code that is not secure stands at
 * the beginning, takes the signature from the data and jumps into the secure part, which the falcon
 * then checks. GPU_UCODE_LOADER (FWSEC before): the same, but a small loader at the end of code memory
 * fetches the program by DMA, as a structure in data memory tells it.
 *
 * A refused program halts at once without having touched anything; the callers' checks of what it
 * should have done find that out.
 *
 * Source: nouveau, nvkm/falcon/{ga102,ga100,gm200}.c and nvkm/subdev/gsp/{tu102,ga102,fwsec}.c;
 * NVIDIA's open modules, kernel_gsp_falcon_{tu102,ga102}.c and rmflcnbl.h.
 */
#ifndef GPU_BOOT_UCODE_H
#define GPU_BOOT_UCODE_H

#include "gpu/core/boot/booter.h"
#include "gpu/core/boot/fwsec.h"
#include "gpu/core/boot/nvfw.h"
#include "gpu/core/falcon.h"
#include "hv/hv.h"

enum gpu_ucode_way { GPU_UCODE_BOOT_ROM, GPU_UCODE_DIRECT, GPU_UCODE_LOADER };

struct gpu_ucode {
	const char *name; /* for messages */
	enum gpu_ucode_way way;
	struct hv_dma memory; /* the image; va is NULL: nothing is loaded */
	/* Bytes: where code and data are in the image, where they go, how long they are. */
	uint32_t code_offset, code_dst, code_size;
	uint32_t data_offset, data_dst, data_size;
	uint32_t boot_vector;
	/* Without a boot ROM, code_* is the secure part and this the other one, at 0 of code memory. */
	uint32_t plain_offset, plain_size;
	struct gpu_falcon_loader loader; /* its code stays the file's */
	/* For the boot ROM: where in data the signature is, whose program it is, its number. */
	uint32_t signature, engine_mask, ucode_id;
};

/*
 * Copy a booter, or FWSEC, out of its file and sign it for this board. FWSEC's descriptor must be of the
 * chip's version; version 2 needs the loader, which must stay where it is, else `loader` may be NULL.
 * 0, -ENOMEM, -ENODEV; -EINVAL or -EOPNOTSUPP (a program for another kind of chip) with *err. The files
 * are not needed any more after.
 */
int gpu_ucode_from_booter(struct gpu *gpu, const char *name, const struct gpu_booter *booter,
			  struct gpu_ucode *out, struct gpu_error *err);
int gpu_ucode_from_fwsec(struct gpu *gpu, const struct gpu_fwsec *fwsec,
			 const struct gpu_falcon_loader *loader, struct gpu_ucode *out,
			 struct gpu_error *err);
void gpu_ucode_free(struct gpu_ucode *ucode);

/* The copy's data part, for FWSEC's commands. */
uint8_t *gpu_ucode_data(const struct gpu_ucode *ucode);

/*
 * Reset the falcon, load the program, start it with these mailboxes. Takes below a millisecond, without
 * a boot ROM 10 ms (a register write for each word), 40 ms at worst; then gpu_falcon_halted() says when it has ended. 0, -EIO, -ENODEV;
 * -EINVAL: the falcon's code memory is too small.
 */
int gpu_ucode_start(const struct gpu_falcon *f, const struct gpu_ucode *ucode, uint32_t mailbox0,
		    uint32_t mailbox1);

#endif /* GPU_BOOT_UCODE_H */
