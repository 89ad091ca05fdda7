/* SPDX-License-Identifier: MIT */
/*
 * status.h - "key=value key=value …": how a driver domain tells about itself (data/xvgpu) and about
 * each slice (stats).
 *
 * The text is written by another domain. It is read leniently, since it is for people and for
 * decisions about that very domain only: what is not a pair is passed over, what is too long is
 * dropped, and nothing else can go wrong.
 */
#ifndef XVGPU_STATUS_H
#define XVGPU_STATUS_H

#include "store.h"

#define XVGPU_MAX_PAIRS 40

struct xvgpu_pairs {
	int n;
	struct {
		char key[32];	/* a-z 0-9 and - only */
		char value[64]; /* printable ASCII, no blank */
	} pair[XVGPU_MAX_PAIRS];
};

void xvgpu_pairs_parse(const char *text, struct xvgpu_pairs *pairs);
const char *xvgpu_pairs_get(const struct xvgpu_pairs *pairs, const char *key); /* NULL: absent */

enum xvgpu_state {
	XVGPU_STATE_NONE, /* says nothing (yet), or nothing we know */
	XVGPU_STATE_RUNNING,
	XVGPU_STATE_LOST,
	XVGPU_STATE_STOPPING,
	XVGPU_STATE_NEEDS_RESET, /* the GPU; it ends */
};

struct xvgpu_status {
	enum xvgpu_state state;
	uint64_t vram_total; /* bytes; 0: not told */
	uint32_t slots;	     /* turns of schedule=fixed-share; 0: it has no fixed number */
	struct xvgpu_pairs pairs;
};

void xvgpu_status_parse(const char *text, struct xvgpu_status *status);
/* Of driver domain `domid`. */
void xvgpu_status_read(struct xs_handle *xs, unsigned int domid, struct xvgpu_status *status);
const char *xvgpu_state_name(enum xvgpu_state state); /* "running"; NONE: "silent" */

#endif /* XVGPU_STATUS_H */
