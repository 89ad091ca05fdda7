/* SPDX-License-Identifier: MIT */
/*
 * garbage.h - a guest that feeds its channel garbage: in GPFIFO, USERD and push buffers.
 *
 * Nothing of it may do anything but stop this channel, or keep it busy with what is the guest's own. After each
 * submission the channel rests, or another takes its place.
 */
#ifndef TESTS_XEN_GARBAGE_H
#define TESTS_XEN_GARBAGE_H

#include "tests/xen/dma.h"

struct garbage {
	struct dma dma;
	struct front_import
		*buf; /* push buffers; what they may reach is this, the ring, and nothing else */
	uint64_t va;
	uint64_t random; /* state of the generator: not 0 */
	/* Submissions so far; of them, those after which the channel had stopped, and was still busy. */
	uint64_t done, stopped, busy;
	uint64_t
		waits; /* for leave to make another channel: a guest whose channels stop often has to wait */
};

/* 0 or -errno. dev is connected; no other channel of it is in use. */
int garbage_open(struct garbage *g, struct front_dev *dev, uint64_t seed);
/* n submissions, to each of which the GPU has so many ns. 0, or why it cannot go on: -errno. */
int garbage_submit(struct garbage *g, unsigned int n, uint64_t patience);
/* 0, or an error of giving the memory back. */
int garbage_close(struct garbage *g);

#endif /* TESTS_XEN_GARBAGE_H */
