/* SPDX-License-Identifier: MIT */
/*
 * The boards that the model can be, and what tells their chips apart. The model's own table: nothing
 * of the driver's goes into it.
 */
#ifndef MODEL_CHIP_H
#define MODEL_CHIP_H

#include <stdbool.h>
#include <stdint.h>

/* Whose firmware is for whom: chips of one family take the same signed images. */
enum model_family {
	MODEL_TU102 = 1,
	MODEL_TU116 = 2,
	MODEL_GA100 = 4,
	MODEL_GA102 = 8,
	MODEL_AD102 = 16,
};

/* Classes whose numbers differ between chips. */
enum model_chip_class {
	MODEL_CHIP_GPFIFO,
	MODEL_CHIP_COPY,
	MODEL_CHIP_3D,
	MODEL_CHIP_COMPUTE,
	MODEL_CHIP_CLASSES
};

struct model_chip {
	const char *name; /* for struct model_config */
	enum model_family family;
	uint32_t boot_0, boot_42;   /* NV_PMC_BOOT_0, NV_PMC_BOOT_42 */
	uint16_t device, subsystem; /* PCI ids of the board, both NVIDIA's */
	uint16_t pci_class;
	uint64_t vram_bytes;	/* of memory chips */
	bool inline_ecc;	/* ECC's check bits take 1/16 of them */
	uint16_t vbios_version; /* first two bytes of the ROM's version */
	/*
	 * The falcons have a boot ROM, which DMA and registers of a second page serve, and share their
	 * unit with a RISC-V core that the host selects. Without: secure code is verified when other
	 * code jumps into it, and the RISC-V core is the booter's affair.
	 */
	bool boot_rom;
	bool fuses;	 /* versions of programs can be revoked */
	bool flush_high; /* the flush page may be above 1 TiB */
	bool usable_fb;	 /* NV_USABLE_FB_SIZE_IN_MB */
	bool display;
	bool frts;
	bool pfifo_status; /* one array says what engines do, else each runlist */
	uint32_t classes[MODEL_CHIP_CLASSES]; /* by enum model_chip_class */
	/* The booters: bytes of their data by which they can be told apart, and of their signature. */
	uint32_t load_data, unload_data, signature;
};

/* NULL: GA102, an A40. NULL is the answer for a name that is unknown. */
const struct model_chip *model_chip_find(const char *name);

/*
 * The model knows classes by GA102's numbers, and no difference between a class and its like on another chip. The
 * number that it has for one of this chip's; MODEL_NO_CLASS: this chip has another in its place.
 */
#define MODEL_NO_CLASS UINT32_MAX
uint32_t model_chip_class(const struct model_chip *chip, uint32_t class_id);

#endif /* MODEL_CHIP_H */
