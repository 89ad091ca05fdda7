/* SPDX-License-Identifier: MIT */
/*
 * life.h - the steps of a slice's life, as a guest goes through them: from a node that nobody has touched to a
 * connection that is closed. A test has a guest go to one of them, stay there, and die.
 *
 * Each step leaves behind what the next ones need, so the later a guest dies the more it has under way. On its way
 * it looks whether its video memory is all zeros, and writes something else there for its successor not to find.
 */
#ifndef TESTS_XEN_LIFE_H
#define TESTS_XEN_LIFE_H

#include "tests/xen/dma.h"

#define LIFE_OBJECT (1u << 20)	/* bytes of video memory that it looks at and fills */
#define LIFE_WORD   0x5e1f1e55u /* with that */
/* From this step on a slice needs the memory for a graphics context. */
#define LIFE_GRAPHICS "graphics"

struct life {
	struct front_dev *dev;
	struct dma copy, graphics; /* each with a space of its own */
	uint32_t object;	   /* handle */
	uint64_t object_va, again_va;
	struct front_import *buf, *canvas; /* in the space of copies, of graphics */
	uint64_t buf_va, canvas_va;
	uint32_t put;	 /* GP_PUT that is written and not rung */
	uint32_t second; /* one more channel, which never does anything */
	unsigned int goal;
	bool shared;	   /* the front was connecting */
	const char *doing; /* the step that it is at, or on its way to */
	/* Never comes back: who stays at a step that is deaf, until it is killed. NULL: life_go() returns there too. */
	void (*deaf)(struct life *l);
	bool dirty; /* its video memory was not zero */
};

struct life_step {
	const char *name;
	int (*go)(struct life *l);   /* NULL: nothing to be done. 0 or -errno */
	int (*keep)(struct life *l); /* done over and over by who stays here; NULL: nothing */
	bool alone;		     /* no later step goes through it */
	bool deaf;		     /* running the loop would lead to the next step */
};

extern const struct life_step life_steps[];
extern const unsigned int life_steps_nr;

/* The step of this name, or life_steps_nr. */
unsigned int life_find(const char *name);
/*
 * Through all steps before this one, to it. l is zero but for l->deaf. 0 or -errno, and then l->doing is the step that failed;
 * -EILSEQ with l->dirty: what was in its video memory was another's.
 */
int life_go(struct life *l, unsigned int step);

#endif /* TESTS_XEN_LIFE_H */
