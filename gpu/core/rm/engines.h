/* SPDX-License-Identifier: MIT */
/*
 * engines.h - the board's engines as GSP-RM lists them.
 *
 * An engine is what a channel runs on: graphics, a copy engine, a video decoder. Each belongs to a
 * runlist, which one or more PBDMA units fetch. The table comes in pieces (baseIndex, bMore), all of them
 * full but the last.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, ctrl2080fifo.h (NV2080_CTRL_CMD_FIFO_GET_DEVICE_INFO_TABLE),
 * engine_info.h for which word of an entry says what; nouveau, r535/fifo.c (r535_fifo_runl_ctor).
 */
#ifndef GPU_RM_ENGINES_H
#define GPU_RM_ENGINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fwq/pack.h"
#include "gpu/core/error.h"

#define GPU_ENGINES_MAX	    64u
#define GPU_ENGINE_NAME_MAX 15u
#define GPU_ENGINE_PBDMAS   2u
#define GPU_NO_MC	    UINT32_MAX
#define GPU_NO_VECTOR	    UINT32_MAX

struct gpu_engine {
	char name[GPU_ENGINE_NAME_MAX + 1]; /* printable; the firmware's word */
	uint32_t type;			    /* RM_ENGINE_TYPE_*, in the numbers of this release */
	uint32_t runlist;
	uint32_t mc; /* MC_ENGINE_IDX_*, likewise; GPU_NO_MC: the pack does not say */
	uint32_t
		nonstall; /* vector for completions (vectors.h), as the firmware says; GPU_NO_VECTOR */
	uint32_t tag;	  /* among all engines, as hardware counts them */
	uint32_t runlist_base;	 /* of the runlist's registers in BAR0; GA100 and later */
	uint32_t runlist_engine; /* among its runlist's; the same */
	unsigned int pbdmas;
	uint32_t pbdma[GPU_ENGINE_PBDMAS];
};

struct gpu_engines {
	unsigned int n;
	struct gpu_engine engine[GPU_ENGINES_MAX];
};

/*
 * Appends one piece, the parameters of a reply in `len` bytes. *more: there is another piece, from
 * entry out->n on. 0; -EPROTO: what it says cannot be; -ENOENT: the pack lacks a field. With *err.
 */
int gpu_engines_add(const struct fwq_pack *pack, const void *params, size_t len,
		    struct gpu_engines *out, bool *more, struct gpu_error *err);

#endif /* GPU_RM_ENGINES_H */
