/* SPDX-License-Identifier: MIT */
/*
 * family.c - the table of chips and files (see family.h).
 */
#include <string.h>

#include "gpu/core/boot/family.h"

const struct gpu_family gpu_families[] = {
	{"tu102", "tu10x", ".fwsignature_tu10x", "TU102"},
	{"tu116", "tu10x", ".fwsignature_tu11x", "TU116"},
	{"ga100", "tu10x", ".fwsignature_ga100", "GA100"},
	{"ga102", "ga10x", ".fwsignature_ga10x", "GA102"},
	{"ad102", "ga10x", ".fwsignature_ad10x", "AD102"},
	{NULL, NULL, NULL, NULL},
};

const struct gpu_family *gpu_family_find(const char *name)
{
	for (const struct gpu_family *f = gpu_families; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}
