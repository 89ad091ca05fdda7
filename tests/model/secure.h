/* SPDX-License-Identifier: MIT */
/*
 * What the two ways to start secure code on a falcon share: brom.c with a boot ROM, hs.c without.
 */
#ifndef MODEL_SECURE_H
#define MODEL_SECURE_H

#include "internal.h"
#include "signed.h"

bool model_all_zero(const uint8_t *p, uint32_t len);

/*
 * The booters of a release, or, where unsigned images are let in, whatever has a booter's shape.
 * `digest` is that of code and signature.
 */
enum model_ucode model_booter_of(const struct model *m, const uint8_t digest[32],
				 uint32_t data_len);

/* Whether FWSEC's data equals the ROM's but for what a driver must patch. */
bool model_fwsec_data_ok(const struct model *m, const uint8_t *data);

/* hs.c: NULL, and f->resident says what may run; or why not. */
const char *model_hs_verify(struct model *m, struct model_falcon *f);

#endif /* MODEL_SECURE_H */
