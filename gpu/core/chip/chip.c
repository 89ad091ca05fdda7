/* SPDX-License-Identifier: MIT */
/*
 * chip.c - the chips that this build knows.
 */
#include <stddef.h>

#include "gpu/core/chip/chip.h"

/* NULL-terminated, so that a build with no chip at all is still C. */
static const struct gpu_chip *const kinds[] = {
#ifdef CONFIG_CHIP_TU10X
	gpu_chips_tu10x,
#endif
#ifdef CONFIG_CHIP_GA100
	gpu_chips_ga100,
#endif
#ifdef CONFIG_CHIP_GA10X
	gpu_chips_ga10x,
#endif
#ifdef CONFIG_CHIP_AD10X
	gpu_chips_ad10x,
#endif
	NULL,
};

const struct gpu_chip *gpu_chip_find(uint16_t id)
{
	for (const struct gpu_chip *const *kind = kinds; *kind; kind++) {
		for (const struct gpu_chip *chip = *kind; chip->name; chip++) {
			if (chip->id == id)
				return chip;
		}
	}
	return NULL;
}
