/* SPDX-License-Identifier: MIT */
/*
 * nodes.h - a slice in xenstore: where it stands, who may touch it, plugging in and out.
 *
 * F is the guest, B the driver domain, N the slice's index in the guest.
 *
 *	/xvgpu/B/F/N			policy. dom0's, readable by B: profile, vram, weight,
 *					channels, engines, imports, doorbell.
 *	/xvgpu/B/gpudom			name of B, kept after B's death until it is started anew
 *	/local/domain/B/backend/vgpu/F/N	B's, readable by F
 *	/local/domain/F/device/vgpu/N	F's, readable by B
 *	/libxl/F/device/vgpu/N		ours alone: the trusted copy. libxl keeps such a copy of each
 *					of its own devices there, passes over kinds it does not know,
 *					and removes the folder when it destroys F.
 *
 * Decisions are made from the first two and the last only, since dom0 owns them; F and B can write
 * anything into the others (XSA-175, XSA-178).
 */
#ifndef XVGPU_NODES_H
#define XVGPU_NODES_H

#include "store.h"

enum xvgpu_plug {
	XVGPU_OUT,	/* to be plugged in when its driver domain serves */
	XVGPU_IN,	/* its nodes exist */
	XVGPU_DETACHED, /* out by order, until the guest's next life */
};

struct xvgpu_slice {
	unsigned int front, index, back; /* back: meaningful when plug is XVGPU_IN */
	enum xvgpu_plug plug;
	char backend[XVGPU_NAME_MAX];
	char profile[XVGPU_PROFILE_MAX];
	uint64_t vram; /* bytes, > 0 */
	uint32_t weight;
	/* The profile's, at the moment of plugging in; not in the trusted copy. */
	uint32_t channels, imports;
	const char *engines;
	bool direct;	/* rings by itself */
	uint64_t frame; /* of its own, with the doorbell page; 0: none. When plugging in only */
};

/* Indices of the trusted copies of guest `front`, ascending, of whatever is there. Returns how many. */
int xvgpu_copies(struct xs_handle *xs, unsigned int front, unsigned int ids[XVGPU_MAX_DEVICES]);

/* Trusted copies of guest `front`, by index. Returns how many. A copy that makes no sense is
 * passed over. */
int xvgpu_slices(struct xs_handle *xs, unsigned int front,
		 struct xvgpu_slice slices[XVGPU_MAX_DEVICES]);

/*
 * Writes all nodes of n slices of one guest in one transaction. The domains must be there and have
 * the names expected: slices[].backend, and guest. Takes err: -ENODEV when one is not.
 */
int xvgpu_plug_in(struct xs_handle *xs, const struct xvgpu_slice *slices, int n, const char *guest,
		  struct xvgpu_err *err);

/*
 * Removes front, back and policy nodes of one slice in one transaction; of the trusted copy becomes
 * what `then` says (XVGPU_OUT, XVGPU_DETACHED). Nodes that are gone already are no error.
 */
int xvgpu_plug_out(struct xs_handle *xs, const struct xvgpu_slice *slice, enum xvgpu_plug then);

/*
 * Asks the back to close: online=0. (It alone writes its state.) Makes nothing that is not there.
 * xvgpu_closed() tells when the back has come to an end (Closed, or its nodes are gone).
 */
int xvgpu_close(struct xs_handle *xs, unsigned int back, unsigned int front, unsigned int index);
bool xvgpu_closed(struct xs_handle *xs, unsigned int back, unsigned int front, unsigned int index);

/*
 * The doorbell page in a guest's physical map, as noted in the trusted copy (doorbell.h). Of a guest that has gone, libxl
 * removes the note, and Xen the page. xvgpu_page_note: -ENODEV when the domain is not there under that
 * name. xvgpu_page_read: -ENOENT.
 */
struct xvgpu_page {
	uint64_t gfn, mfn; /* frames: the guest's, the machine's */
	unsigned int back; /* whose GPU it is of */
};
int xvgpu_page_note(struct xs_handle *xs, unsigned int front, unsigned int index, const char *guest,
		    const struct xvgpu_page *page);
int xvgpu_page_read(struct xs_handle *xs, unsigned int front, unsigned int index,
		    struct xvgpu_page *page);
int xvgpu_page_forget(struct xs_handle *xs, unsigned int front, unsigned int index);

/* Removes back and policy nodes of a slice whose guest is gone. */
int xvgpu_remove_back(struct xs_handle *xs, unsigned int back, unsigned int front,
		      unsigned int index);

/*
 * Policies of one driver domain, at most max. Returns how many. What a policy does not say (an older
 * xvgpu wrote it) counts as the most there can be.
 */
struct xvgpu_policy {
	unsigned int front, index;
	uint64_t vram;
	uint32_t channels, imports;
};
int xvgpu_policies(struct xs_handle *xs, unsigned int back, struct xvgpu_policy *policies, int max);

/*
 * The mark that `back` is the driver domain `name`; also makes backend/vgpu in its folder, which
 * the domain cannot make itself. xvgpu_mark_read: 0 or -ENOENT. xvgpu_mark_remove also removes
 * what is left below /xvgpu/B.
 */
int xvgpu_mark(struct xs_handle *xs, unsigned int back, const char *name);
int xvgpu_mark_read(struct xs_handle *xs, unsigned int back, char name[XVGPU_NAME_MAX]);
int xvgpu_mark_remove(struct xs_handle *xs, unsigned int back);
/* Ids of all driver domains that have a mark or policies, dead ones too. */
int xvgpu_marked(struct xs_handle *xs, unsigned int *backs, int max);

#endif /* XVGPU_NODES_H */
