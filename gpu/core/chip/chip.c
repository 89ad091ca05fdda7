/* SPDX-License-Identifier: MIT */
/*
 * chip.c - the chips that this build knows.
 */
#include <stddef.h>

#include "gpu/core/chip/chip.h"

/* NULL-terminated, so that a build with no chip at all is still C. */
static const struct gpu_chip *const chips[] = {
#ifdef CONFIG_CHIP_GA102
	&gpu_chip_ga102,
#endif
	NULL,
};

const struct gpu_chip *gpu_chip_find(uint16_t id)
{
	for (const struct gpu_chip *const *chip = chips; *chip; chip++) {
		if ((*chip)->id == id)
			return *chip;
	}
	return NULL;
}
