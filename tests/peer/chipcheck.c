/* SPDX-License-Identifier: MIT */
/*
 * chipcheck.c - says what the driver's table of chips holds, and the model's: one line a chip, its name
 * and words of name=value. For tests/peer/test_chips.py, which compares them with the vendor's sources.
 *
 *     chipcheck
 */
#include <inttypes.h>
#include <stdio.h>

#include "gpu/core/boot/family.h"
#include "gpu/core/chip/chip.h"
#include "tests/model/chip.h"

static void driver(const struct gpu_chip *chip)
{
	const struct gpu_chip_kind *k = chip->kind;

	printf("driver %s id=%u family=%s gsp=%u sec2=%u usable_fb=%u vga=%u scrubbing=%u "
	       "scrubbing_mask=%u riscv=%u riscv_mask=%u boot_rom=%d core_select=%d fuses=%d "
	       "flush_high=%d frts=%d libos3=%d standby=%d pfifo_status=%d\n",
	       chip->name, chip->id, chip->firmware, k->gsp_falcon, k->sec2_falcon,
	       k->usable_fb_mib, k->vga_workspace, k->scrubbing, k->scrubbing_mask, k->riscv_active,
	       k->riscv_active_mask, k->boot_rom, k->core_select, k->fuses, k->flush_high, k->frts,
	       k->libos3, k->gr_standby, k->engine_status_in_pfifo);
}

static const char *family_of(enum model_family family)
{
	switch (family) {
	case MODEL_TU102:
		return "tu102";
	case MODEL_TU116:
		return "tu116";
	case MODEL_GA100:
		return "ga100";
	case MODEL_GA102:
		return "ga102";
	case MODEL_AD102:
		return "ad102";
	}
	return "none";
}

static void model(const char *name)
{
	const struct model_chip *c = model_chip_find(name);

	if (!c)
		return;
	printf("model %s boot_0=%u boot_42=%u family=%s device=%u subsystem=%u boot_rom=%d "
	       "fuses=%d "
	       "flush_high=%d usable_fb=%d display=%d frts=%d pfifo_status=%d\n",
	       c->name, c->boot_0, c->boot_42, family_of(c->family), c->device, c->subsystem,
	       c->boot_rom, c->fuses, c->flush_high, c->usable_fb, c->display, c->frts,
	       c->pfifo_status);
}

int main(void)
{
	static const char *const models[] = {"ga102", "ad102", "ga100", "tu102", "tu117"};

	for (uint16_t id = 0; id < 0x400; id++)
		if (gpu_chip_find(id))
			driver(gpu_chip_find(id));
	for (unsigned int i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		model(models[i]);
	return 0;
}
