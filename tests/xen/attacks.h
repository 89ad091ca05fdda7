/* SPDX-License-Identifier: MIT */
/*
 * attacks.h - what a hostile guest tells the GPU to do with a channel of its own, and what has to come of it.
 *
 * Each attack has a fresh address space and channel. Either the GPU stops that channel, and the guest is told
 * the error that is named here; or the attack comes to nothing. In both cases the guest can go on with a new
 * channel: each attack begins with a fill that is allowed, and has to work.
 */
#ifndef TESTS_XEN_ATTACKS_H
#define TESTS_XEN_ATTACKS_H

#include "tests/xen/dma.h"
#include "tests/xen/flood.h"
#include "tests/xen/forged.h"

/* ROBUST_CHANNEL_* of NVIDIA's nverror.h. */
#define ATTACK_HARMLESS	      0u
#define ATTACK_GRAPHICS_ERROR 13u /* GR_EXCEPTION */
#define ATTACK_MMU_FAULT      31u /* FIFO_ERROR_MMU_ERR_FLT */
#define ATTACK_PBDMA_ERROR    32u /* PBDMA_ERROR */

/* How much of it: the test counts what arrives at the driver domain. */
#define ATTACK_DOORBELLS  20000u
#define ATTACK_INTERRUPTS 20000u

/* What it has to work with. */
struct attack_place {
	struct dma dma;
	struct front_import
		*buf; /* two pages at va, of which the second is read-only at ro_va too */
	uint64_t va, ro_va;
	uint64_t nowhere; /* nothing is there */
	struct flood flood;
	struct forged forged;
};

struct attack {
	const char *name;
	/* Puts something into the batch, which is published then; or does all by itself. 0 or -errno. */
	int (*run)(struct attack_place *p);
	uint32_t xid;  /* ATTACK_*; what stops the channel */
	bool endless;  /* the channel, or who makes channels, is busy for ever */
	bool graphics; /* the channel is for graphics */
};

extern const struct attack attacks[];
extern const unsigned int attacks_nr;

/*
 * Runs one; meanwhile() (may be NULL) is called when what was to come of it has come, or nothing has, and the
 * channel is still there. 0: it came out as it has to; else why[] says what did not. dev is connected; no other
 * channel of it is in use.
 */
int attack_run(const struct attack *attack, struct front_dev *dev,
	       void (*meanwhile)(const struct attack *attack, void *arg), void *arg, char *why,
	       size_t size);

#endif /* TESTS_XEN_ATTACKS_H */
