/* SPDX-License-Identifier: MIT */
/*
 * attach.c - taking over a PCI function, and noticing when it is gone.
 *
 * Nothing tells a domain that its device was taken away: Xen clears bus mastering after a burst of
 * IOMMU faults without a word (xen/drivers/passthrough/pci.c, PT_FAULT_THRESHOLD), and a function
 * that fell off the bus reads as ones. So the core looks, once a second and after every access that
 * matters, and a GPU once found lost stays lost.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/core/gpu.h"
#include "gpu/core/regs_pci.h"
#include "gpu/core/regs_pgc6.h"
#include "gpu/core/regs_pmc.h"

#define WATCH_PERIOD HV_S
#define GFW_TIMEOUT  (4 * HV_S) /* NVIDIA waits as long: GPU_GFW_BOOT_COMPLETION_TIMEOUT_US, about */

static void mark_lost(struct gpu *gpu, const char *why)
{
	if (gpu->lost)
		return;
	gpu->lost = true;
	hv_log(HV_ERR, "gpu %s: lost: %s", hv_pci_name(gpu->pci), why);
	hv_timer_cancel(&gpu->watch);
	hv_work_queue(&gpu->lost_work);
}

bool gpu_answers(struct gpu *gpu)
{
	if (!gpu->lost && gpu_rd32(gpu, NV_PMC_BOOT_0) != gpu->info.pmc_boot_0)
		mark_lost(gpu, "its registers do not answer");
	return !gpu->lost;
}

bool gpu_is_lost(struct gpu *gpu)
{
	uint32_t command;
	int ret;

	if (gpu->lost)
		return true;
	ret = hv_pci_cfg_read(gpu->pci, PCI_COMMAND, 2, &command);
	if (ret && ret != -ETIMEDOUT)
		mark_lost(gpu, "its configuration space cannot be read");
	else if (!ret && !(command & PCI_COMMAND_MASTER))
		mark_lost(gpu, "bus mastering was taken away");
	else /* a dom0 too busy to answer says nothing of the GPU: its registers do */
		gpu_answers(gpu);
	return gpu->lost;
}

static void watch_tick(struct hv_timer *t)
{
	struct gpu *gpu = (struct gpu *)((char *)t - offsetof(struct gpu, watch));

	if (!gpu_is_lost(gpu))
		hv_timer_arm(&gpu->watch, hv_now() + WATCH_PERIOD);
}

static void tell_lost(struct hv_work *w)
{
	struct gpu *gpu = (struct gpu *)((char *)w - offsetof(struct gpu, lost_work));

	if (gpu->on_lost)
		gpu->on_lost(gpu, gpu->on_lost_arg);
}

void gpu_on_lost(struct gpu *gpu, void (*fn)(struct gpu *gpu, void *arg), void *arg)
{
	gpu->on_lost = fn;
	gpu->on_lost_arg = arg;
}

const struct gpu_info *gpu_info(const struct gpu *gpu)
{
	return &gpu->info;
}

const struct gpu_classes *gpu_classes(const struct gpu *gpu)
{
	return gpu->chip->classes;
}

enum gpu_kind gpu_class_kind(const struct gpu *gpu, uint32_t class_id)
{
	const struct gpu_classes *classes = gpu_classes(gpu);
	unsigned int i = 0;

	while (i < classes->n && classes->engine[i] != class_id)
		i++;
	switch (i < classes->n ? class_id : 0) {
#define CLASS(name, number, kind)                                                                  \
	case (number):                                                                             \
		return (kind);
#include "gpu/core/chip/classes.h"
#undef CLASS
	default:
		return GPU_KIND_NONE;
	}
}

static int read_ids(struct gpu *gpu)
{
	uint32_t vendor, device;
	int err = hv_pci_cfg_read(gpu->pci, PCI_VENDOR_ID, 2, &vendor);

	if (!err)
		err = hv_pci_cfg_read(gpu->pci, PCI_DEVICE_ID, 2, &device);
	if (err)
		return err;
	gpu->info.pci_vendor = (uint16_t)vendor;
	gpu->info.pci_device = (uint16_t)device;
	if (vendor != PCI_VENDOR_NVIDIA) {
		hv_log(HV_ERR, "gpu %s: vendor %04" PRIx32 " is not NVIDIA's",
		       hv_pci_name(gpu->pci), vendor);
		return -ENODEV;
	}
	return 0;
}

static int set_command(struct gpu *gpu, uint32_t set, uint32_t clear)
{
	uint32_t command;
	int err = hv_pci_cfg_read(gpu->pci, PCI_COMMAND, 2, &command);

	if (err)
		return err;
	return hv_pci_cfg_write(gpu->pci, PCI_COMMAND, 2, (command & ~clear) | set);
}

static int map_regs(struct gpu *gpu)
{
	struct hv_pci_bar bar;
	int err = hv_pci_bar(gpu->pci, 0, &bar);

	if (err)
		return err;
	/* The highest register in use must be inside, whatever the BAR claims to be. */
	if (bar.size < NV_USABLE_FB_SIZE_IN_MB + 4 || bar.size > 64u << 20)
		return -ENODEV;
	return hv_mmio_map(gpu->pci, 0, 0, bar.size, HV_MMIO_UC, &gpu->regs);
}

static int identify(struct gpu *gpu)
{
	uint32_t boot0 = gpu_rd32(gpu, NV_PMC_BOOT_0);
	uint32_t boot42 = gpu_rd32(gpu, NV_PMC_BOOT_42);
	uint16_t id = NV_PMC_BOOT_42_CHIP_ID(boot42);

	gpu->info.pmc_boot_0 = boot0;
	gpu->info.pmc_boot_42 = boot42;
	if (boot0 == NV_NO_ANSWER || NV_PRI_IS_ERROR(boot0) || NV_PRI_IS_ERROR(boot42)) {
		hv_log(HV_ERR, "gpu %s: no answer (NV_PMC_BOOT_0 %08" PRIx32 ")",
		       hv_pci_name(gpu->pci), boot0);
		return -ENODEV;
	}
	gpu->chip = gpu_chip_find(id);
	/* BOOT_0 is the older form of the same; a board on which they differ is not understood. */
	if (!gpu->chip || NV_PMC_BOOT_0_CHIP(boot0) != id) {
		hv_log(HV_ERR,
		       "gpu %s: chip %03x (NV_PMC_BOOT_0 %08" PRIx32 ", NV_PMC_BOOT_42 %08" PRIx32
		       ") is not in this build",
		       hv_pci_name(gpu->pci), id, boot0, boot42);
		return -ENODEV;
	}
	gpu->info.chip = gpu->chip->name;
	gpu->info.family = gpu->chip->firmware;
	return 0;
}

/* The board's own firmware trains the memory; sizes mean nothing before it is done. */
static int wait_gfw(struct gpu *gpu)
{
	const uint32_t mask = NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK;
	const uint32_t readable =
		NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK_READ_PROTECTION_LEVEL0;
	uint64_t deadline = hv_now() + GFW_TIMEOUT;
	uint32_t progress = 0;

	for (;;) {
		uint32_t m = gpu_rd32(gpu, mask);

		if (!NV_PRI_IS_ERROR(m) && (m & readable)) {
			progress = gpu_rd32(gpu, NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT);
			if (!NV_PRI_IS_ERROR(progress) &&
			    NV_PGC6_GFW_BOOT_PROGRESS(progress) ==
				    NV_PGC6_GFW_BOOT_PROGRESS_COMPLETED)
				return 0;
		}
		if (hv_now() >= deadline)
			break;
		hv_delay(HV_MS);
	}
	hv_log(HV_ERR, "gpu %s: its own firmware did not finish starting (progress %08" PRIx32 ")",
	       hv_pci_name(gpu->pci), progress);
	return -ENODEV;
}

static int bring_up(struct gpu *gpu)
{
	int err = read_ids(gpu);

	if (!err)
		err = set_command(gpu, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	if (!err)
		err = map_regs(gpu);
	if (!err)
		err = identify(gpu);
	if (!err)
		err = wait_gfw(gpu);
	if (!err)
		err = gpu_vram_init(gpu);
	if (!err)
		err = gpu_bar1_init(gpu);
	return err;
}

int gpu_attach(struct hv_pci *pci, struct gpu **out)
{
	struct gpu *gpu = calloc(1, sizeof(*gpu));
	int err;

	if (!gpu)
		return -ENOMEM;
	gpu->pci = pci;
	gpu->watch.fn = watch_tick;
	gpu->lost_work.fn = tell_lost;
	err = bring_up(gpu);
	if (!err && gpu_is_lost(gpu))
		err = -ENODEV;
	if (err) {
		gpu_detach(gpu);
		return err;
	}
	hv_timer_arm(&gpu->watch, hv_now() + WATCH_PERIOD);
	*out = gpu;
	return 0;
}

void gpu_give_up(struct gpu *gpu, const char *why)
{
	set_command(gpu, 0, PCI_COMMAND_MASTER); /* best effort: the function may be gone */
	mark_lost(gpu, why);
}

void gpu_detach(struct gpu *gpu)
{
	hv_timer_cancel(&gpu->watch);
	hv_work_cancel(&gpu->lost_work);
	gpu_bar1_fini(gpu);
	gpu_vram_fini(gpu);
	if (gpu->regs.size)
		hv_mmio_unmap(&gpu->regs);
	set_command(gpu, 0, PCI_COMMAND_MASTER); /* best effort: the function may be gone */
	free(gpu);
}
