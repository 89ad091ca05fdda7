/* SPDX-License-Identifier: MIT */
/*
 * spec.h - the text that asks for a slice: "backend=gpudom,profile=small,vram=256M,weight=10,doorbell=direct,slot=0".
 *
 * Pure functions over text: no file, no xenstore, no allocation.
 */
#ifndef XVGPU_SPEC_H
#define XVGPU_SPEC_H

#include "xvgpu.h"

struct xvgpu_spec {
	char backend[XVGPU_NAME_MAX]; /* name of the driver domain */
	char profile[XVGPU_PROFILE_MAX];
	uint64_t vram;	 /* bytes; 0: the profile's default */
	uint32_t weight; /* 0: the profile's default */
	bool direct;	 /* doorbell=direct: the guest rings by itself */
	int slot;	 /* device index in the guest; -1: the lowest free */
};

/* A key=value list separated by commas, taken apart in place. */
struct xvgpu_item {
	char *key, *value;
};

/*
 * Cuts text (modified) at commas into at most max items; blanks around keys and values are dropped.
 * Returns their number; takes err: -EINVAL for an empty item, one without '=', without key or
 * value, a key given twice, or too many.
 */
int xvgpu_items(char *text, struct xvgpu_item *items, int max, struct xvgpu_err *err);

/* Takes err: -EINVAL. backend and profile are obligatory. */
int xvgpu_spec_parse(const char *text, struct xvgpu_spec *spec, struct xvgpu_err *err);

/* The shortest text that xvgpu_spec_parse() reads as the same spec. 0 or -ENAMETOOLONG. */
int xvgpu_spec_format(const struct xvgpu_spec *spec, char *buf, size_t size);
#define XVGPU_SPEC_TEXT_MAX 256 /* bytes that are always enough for it */

/*
 * Gives each of n specs a slot: first those that ask for one, then the others the lowest ones free.
 * taken: bit mask of slots that the guest already has. Takes err: -EINVAL for a slot asked for
 * twice, -EBUSY for one already taken, -ENOSPC when there are more than XVGPU_MAX_DEVICES.
 */
int xvgpu_spec_slots(struct xvgpu_spec *specs, int n, uint32_t taken, struct xvgpu_err *err);

/*
 * A size: decimal digits and perhaps one of K M G T (powers of 1024), with or without "iB" behind
 * it. -EINVAL: not such a text. -ERANGE: does not fit.
 */
int xvgpu_parse_size(const char *text, uint64_t *bytes);

/* Writes it in the largest unit that leaves no rest: "256M". At most 24 bytes. */
void xvgpu_format_size(char *buf, size_t size, uint64_t bytes);

/* Decimal digits only, no leading zero, 0 <= value <= max. 0 or -EINVAL. */
int xvgpu_parse_u64(const char *text, uint64_t max, uint64_t *value);

/*
 * Whether text can name a domain or a profile: letters, digits and any of _.- in at most size - 1
 * bytes, the first a letter or digit. Such a name is also safe as a file name and in xl's syntax.
 */
bool xvgpu_name_ok(const char *text, size_t size);

#endif /* XVGPU_SPEC_H */
