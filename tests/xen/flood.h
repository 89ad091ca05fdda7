/* SPDX-License-Identifier: MIT */
/*
 * flood.h - a guest that has address spaces and channels made and destroyed as fast as the back end does it: each
 * costs the firmware several calls. As many requests are under way as it has lanes; a lane rests for a moment
 * now and then, as time on the hosted machine goes on only when nobody has anything to do.
 */
#ifndef TESTS_XEN_FLOOD_H
#define TESTS_XEN_FLOOD_H

#include "tests/xen/dma.h"

#define FLOOD_LANES 8u

struct flood_lane {
	struct flood *flood;
	bool of_channels; /* not of spaces */
	bool flying;	  /* a request is under way */
	bool made;	  /* and this is its number */
	uint32_t number;
	unsigned int burst; /* answers since the last rest */
	struct hv_timer rest;
};

struct flood {
	const struct dma *dma; /* channels are made in its space */
	bool stop;
	uint64_t answers, refused;
	struct flood_lane lane[FLOOD_LANES];
};

/* Begins; it goes on whenever the guest's loop runs. dma is open, and stays so. */
void flood_start(struct flood *f, const struct dma *dma);
/* What was made is destroyed. 0, -ETIMEDOUT, -ENODEV. Nothing where it was not started. */
int flood_stop(struct flood *f);

#endif /* TESTS_XEN_FLOOD_H */
