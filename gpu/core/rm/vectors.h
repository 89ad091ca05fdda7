/* SPDX-License-Identifier: MIT */
/*
 * vectors.h - which interrupt vector the GSP raises for a message, by GSP-RM's own table.
 *
 * Source: nouveau, r535/gsp.c (r535_gsp_intr_get_table); NVIDIA/open-gpu-kernel-modules,
 * ctrl2080internal.h (NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE), engine_idx.h.
 */
#ifndef GPU_RM_VECTORS_H
#define GPU_RM_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "fwq/pack.h"

/*
 * From the reply's parameters of `len` bytes. 0; -ENOENT: the table has no such vector, or the pack lacks
 * a field; -EPROTO: the table cannot be.
 */
int gpu_vector_of_gsp(const struct fwq_pack *pack, const void *params, size_t len,
		      uint32_t *vector);

#endif /* GPU_RM_VECTORS_H */
