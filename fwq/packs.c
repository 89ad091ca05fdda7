/* SPDX-License-Identifier: MIT */
/*
 * packs.c - find a built-in pack.
 */
#include <string.h>

#include "fwq/packs.h"

const struct fwq_pack *fwq_packs_find(const char *version)
{
	for (unsigned int i = 0; i < fwq_packs_count; i++)
		if (!strcmp(fwq_packs[i].version, version))
			return &fwq_packs[i];
	return NULL;
}
