/* SPDX-License-Identifier: MIT */
/*
 * vectors.h - which interrupt vectors are raised for what, by GSP-RM's own table: that of the GSP for a message,
 * and those of engines for completions. The table names both by MC_ENGINE_IDX_*.
 *
 * Source: nouveau, r535/gsp.c (r535_gsp_intr_get_table); NVIDIA/open-gpu-kernel-modules,
 * ctrl2080internal.h (NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE), engine_idx.h.
 */
#ifndef GPU_RM_VECTORS_H
#define GPU_RM_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "fwq/pack.h"
#include "gpu/core/rm/engines.h"

/*
 * From the reply's parameters of `len` bytes. 0; -ENOENT: the table has no such vector, or the pack lacks
 * a field; -EPROTO: the table cannot be.
 */
int gpu_vector_of_gsp(const struct fwq_pack *pack, const void *params, size_t len,
		      uint32_t *vector);
/*
 * Fills `nonstall` of the engines that the same table has one for. Vectors are the firmware's word, of any value; in
 * a table that cannot be, or without what the pack lacks, none.
 */
void gpu_vectors_of_engines(const struct fwq_pack *pack, const void *params, size_t len,
			    struct gpu_engines *engines);

#endif /* GPU_RM_VECTORS_H */
