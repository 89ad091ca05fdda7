/* SPDX-License-Identifier: MIT */
/*
 * mover.h - a test guest's bytes on their way to and from an object in video memory, piece by piece: by the
 * backend's copies, or by the guest's own submissions to the GPU.
 */
#ifndef TESTS_XEN_MOVER_H
#define TESTS_XEN_MOVER_H

#include "tests/xen/dma.h"

#define MOVER_PIECE 0x100000u

struct mover {
	struct front_dev *dev;
	bool gpu;
	uint32_t handle; /* of the object */
	uint8_t *piece;	 /* MOVER_PIECE bytes, what put() sends and get() brings */

	struct dma dma;
	struct front_import *buf;
	uint64_t buf_va, object_va;
	uint64_t by_gpu; /* bytes that the GPU was told to write */
};

/* An object of `bytes`, a multiple of MOVER_PIECE. 0 or -errno; after an error nothing is left but the object. */
int mover_open(struct mover *m, struct front_dev *dev, uint64_t bytes, bool gpu);
/* Everything but the object, which is the connection's. */
void mover_close(struct mover *m);

/*
 * One piece from or to this offset of the object. The GPU first fills the place with another value. 0 or
 * -errno; -ENODEV: the connection is lost.
 */
int mover_put(struct mover *m, uint64_t at);
int mover_get(struct mover *m, uint64_t at);

#endif /* TESTS_XEN_MOVER_H */
