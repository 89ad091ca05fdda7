/* SPDX-License-Identifier: MIT */
/*
 * The table of boards (see chip.h).
 *
 * Sources. Chip ids: nv_ref.h and nv_arch.h (TU116's implementation is 8, TU117's 7), in the form in
 * which nouveau's log prints them. Boards: generated/g_nv_name_released.h of OGKM 535.261.03 and
 * NVIDIA's product briefs. Which chip has what: ChipHal comments in generated/g_kernel_gsp_nvoc.c
 * (kgspConfigureFalcon, kgspReadUcodeFuseVersion, kgspGetFrtsSize), g_kern_mem_sys_nvoc.c
 * (kmemsysReadUsableFbSize, kmemsysProgramSysmemFlushBuffer) and g_gpu_nvoc.c
 * (gpuFuseSupportsDisplay). Booters: Debian's firmware-nvidia-graphics. Classes: g_gpu_class_list.c.
 */
#include "chip.h"

#include <stddef.h>
#include <string.h>

#define GIB (1ull << 30)

#define CLASS_VGA 0x0300
#define CLASS_3D  0x0302

static const struct model_chip chips[] = {
	{
		.name = "ga102", /* A40 */
		.family = MODEL_GA102,
		.boot_0 = 0xb72000a1u,
		.boot_42 = 0x172a1000u,
		.device = 0x2235,
		.subsystem = 0x145a,
		.pci_class = CLASS_3D,
		.vram_bytes = 48 * GIB,
		.inline_ecc = true,
		.vbios_version = 0x9402,
		.boot_rom = true,
		.fuses = true,
		.flush_high = true,
		.usable_fb = true,
		.display = true,
		.frts = true,
		.load_data = 0x6200,
		.unload_data = 0x4d00,
		.classes = {0xc56f, 0xc7b5, 0xc797, 0xc7c0},
		.signature = 384,
	},
	{
		.name = "ad102", /* L40 */
		.family = MODEL_AD102,
		.boot_0 = 0x192000a1u,
		.boot_42 = 0x192a1000u,
		.device = 0x26b5,
		.subsystem = 0x169d,
		.pci_class = CLASS_3D,
		.vram_bytes = 48 * GIB,
		.inline_ecc = true,
		.vbios_version = 0x9502,
		.boot_rom = true,
		.fuses = true,
		.flush_high = true,
		.usable_fb = true,
		.display = true,
		.frts = true,
		.load_data = 0x6000,
		.unload_data = 0x4e00,
		.classes = {0xc56f, 0xc7b5, 0xc997, 0xc9c0},
		.signature = 384,
	},
	{
		.name = "ga100", /* A100 PCIe 40GB; HBM has room of its own for check bits */
		.family = MODEL_GA100,
		.boot_0 = 0x170000a1u,
		.boot_42 = 0x170a1000u,
		.device = 0x20f1,
		.subsystem = 0x145f,
		.pci_class = CLASS_3D,
		.vram_bytes = 40 * GIB,
		.vbios_version = 0x9200,
		.fuses = true,
		.flush_high = true,
		.load_data = 0x6400,
		.unload_data = 0x4f00,
		.classes = {0xc56f, 0xc6b5, 0xc697, 0xc6c0},
		.signature = 384,
	},
	{
		.name = "tu102", /* Quadro RTX 8000 */
		.family = MODEL_TU102,
		.boot_0 = 0x162000a1u,
		.boot_42 = 0x162a1000u,
		.device = 0x1e30,
		.subsystem = 0x129e,
		.pci_class = CLASS_VGA,
		.vram_bytes = 48 * GIB,
		.inline_ecc = true,
		.vbios_version = 0x9002,
		.display = true,
		.frts = true,
		.load_data = 0x6200,
		.unload_data = 0x4d00,
		.pfifo_status = true,
		.classes = {0xc46f, 0xc5b5, 0xc597, 0xc5c0},
		.signature = 16,
	},
	{
		.name = "tu117", /* T600 */
		.family = MODEL_TU116,
		.boot_0 = 0x167000a1u,
		.boot_42 = 0x167a1000u,
		.device = 0x1fb1,
		.subsystem = 0x1488,
		.pci_class = CLASS_VGA,
		.vram_bytes = 4 * GIB,
		.vbios_version = 0x9017,
		.display = true,
		.frts = true,
		.load_data = 0x6200,
		.unload_data = 0x4d00,
		.pfifo_status = true,
		.classes = {0xc46f, 0xc5b5, 0xc597, 0xc5c0},
		.signature = 16,
	},
};

const struct model_chip *model_chip_find(const char *name)
{
	if (!name)
		return &chips[0];
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
		if (!strcmp(chips[i].name, name))
			return &chips[i];
	return NULL;
}

uint32_t model_chip_class(const struct model_chip *chip, uint32_t class_id)
{
	for (unsigned int i = 0; i < MODEL_CHIP_CLASSES; i++)
		if (chip->classes[i] == class_id)
			return chips[0].classes[i];
	for (unsigned int i = 0; i < MODEL_CHIP_CLASSES; i++)
		if (chips[0].classes[i] == class_id)
			return MODEL_NO_CLASS;
	return class_id;
}
