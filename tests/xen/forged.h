/* SPDX-License-Identifier: MIT */
/*
 * forged.h - a guest has its graphics channel write over the USERD of another channel: of one more of its own, or
 * of its neighbour's. It knows where that is, as a PV guest may: the machine address. GP_PUT there would be work
 * that the owner has not submitted.
 *
 * USERD is gpudom's memory and in nobody's address space. So as a virtual address it names nothing, and physical
 * addresses end a channel that is not privileged; tests/unit/test_gpu_channel.c has a privileged one do it.
 */
#ifndef TESTS_XEN_FORGED_H
#define TESTS_XEN_FORGED_H

#include "tests/xen/dma.h"

struct attack_place;

/* What it has found out of addresses; the test, or the image, says so before. */
struct forged_known {
	/* Where the device finds the USERD of this channel of the guest's own. */
	uint64_t (*own)(struct front_dev *dev, uint32_t channel);
	uint64_t foreign; /* and the first of its neighbour's */
};
extern struct forged_known forged_known;

/* The channel beside the one that forges: it has been used, and rests. */
struct forged {
	bool made;
	uint32_t channel;
	uint8_t userd[XENVGPU_USERD_SIZE]; /* as it was before */
};

/* As struct attack's run(). */
int own_userd_inline(struct attack_place *p);
int own_userd_inline_by_3d(struct attack_place *p);
int own_userd_report(struct attack_place *p);
int own_userd_release(struct attack_place *p);
int own_userd_physical(struct attack_place *p);
int foreign_userd_inline(struct attack_place *p);
int foreign_userd_report(struct attack_place *p);
int foreign_userd_release(struct attack_place *p);
int foreign_userd_physical(struct attack_place *p);

/* Whether the USERD beside is as it was; true where nothing was forged. */
bool forged_unchanged(const struct forged *f, struct front_dev *dev);
/* Ends the channel beside. 0 or -errno. */
int forged_close(struct forged *f, struct front_dev *dev);

#endif /* TESTS_XEN_FORGED_H */
