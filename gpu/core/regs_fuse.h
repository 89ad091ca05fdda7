/* SPDX-License-Identifier: MIT */
/*
 * FUSE: which versions of signed programs this board has revoked. BAR0 offsets; ucode ids count from 1.
 * Bit n set: version n is revoked, n + 1 is the lowest allowed; so the position of the highest set bit,
 * counted from 1, is the version that the board asks for.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/ampere/ga102/dev_fuse.h;
 * nouveau, nvkm/falcon/ga100.c.
 */
#ifndef GPU_REGS_FUSE_H
#define GPU_REGS_FUSE_H

#define NV_FUSE_OPT_FPF_SEC2_UCODE_VERSION(id) (0x824140u + 4u * ((id)-1u))
#define NV_FUSE_OPT_FPF_GSP_UCODE_VERSION(id)  (0x8241c0u + 4u * ((id)-1u))
#define NV_FUSE_OPT_FPF_UCODES		       16u

#endif /* GPU_REGS_FUSE_H */
