/* SPDX-License-Identifier: MIT */
/*
 * Whose context is on an engine, and whether the engine works. From GA100 on each runlist has a
 * block of registers, at an address that GSP-RM tells, with a word for each of its engines; before,
 * there is one array for all engines, and a group is told from a single channel. GSP-RM owns them:
 * here they are only read.
 *
 * Source: NVIDIA/open-gpu-doc, manuals/ampere/ga100/dev_runlist.ref.txt (NV_RUNLIST_ENGINE_STATUS0)
 * and manuals/turing/tu104/dev_fifo.ref.txt (NV_PFIFO_ENGINE_STATUS); nouveau
 * engine/fifo/{ga100,gk104}.c. The headers that come with NVIDIA's driver have neither. While a
 * context is switched both have other states, whose numbers differ: such a moment is nobody's.
 */
#ifndef GPU_REGS_RUNLIST_H
#define GPU_REGS_RUNLIST_H

/* From the runlist's base; i: the engine's number there, below SIZE_1. */
#define NV_RUNLIST_ENGINE_STATUS0(i)	  (0x200u + 64u * (i))
#define NV_RUNLIST_ENGINE_STATUS0__SIZE_1 3u

#define NV_PFIFO_ENGINE_STATUS(i)	     (0x002640u + 8u * (i))
#define NV_PFIFO_ENGINE_STATUS__SIZE_1	     13u
#define NV_PFIFO_ENGINE_STATUS_ID_TYPE_TSGID (1u << 12)

/* In both. */
#define NV_ENGINE_STATUS_TSGID(v)	  ((v)&0xfffu)
#define NV_ENGINE_STATUS_CTX_STATUS(v)	  ((v) >> 13 & 7u)
#define NV_ENGINE_STATUS_CTX_STATUS_VALID 1u
#define NV_ENGINE_STATUS_ENGINE_BUSY	  (1u << 31)

#endif /* GPU_REGS_RUNLIST_H */
