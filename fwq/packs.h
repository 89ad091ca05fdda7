/* SPDX-License-Identifier: MIT */
/*
 * packs.h - the packs that are built in.
 *
 * Text becomes tables when the program is built: fwq/abigen/builtin.c reads fwq/abi/VERSION.abi with the
 * parser of pack_text.c, so what is wrong with a pack is an error of the build. CONFIG_FWQ_PACKS chooses.
 */
#ifndef FWQ_PACKS_H
#define FWQ_PACKS_H

#include "fwq/pack.h"

extern const struct fwq_pack fwq_packs[];
extern const unsigned int fwq_packs_count;

/* The pack of exactly this version, or NULL; the nearest one is no answer. */
const struct fwq_pack *fwq_packs_find(const char *version);

#endif /* FWQ_PACKS_H */
