/* SPDX-License-Identifier: MIT */
/*
 * card.c - see card.h. Probing goes from callback to callback: attach, a look whether DMA works, the firmware, a
 * session with it, and something that cleans memory.
 */
#include <errno.h>
#include <string.h>

#include "tests/core-client/card.h"
#include "tests/core-client/vdev.h"

#define PROBE_BYTES 256u /* the falcon's largest transfer */

/* The function reads a page of ours through the IOMMU, before anything depends on that. */
static int probe_dma(struct gpu *gpu)
{
	uint8_t seen[PROBE_BYTES], *page = hv_pages_alloc(1);
	int err;

	if (!page)
		return -ENOMEM;
	for (unsigned int i = 0; i < PROBE_BYTES; i++)
		page[i] = (uint8_t)(i * 5 + 3);
	err = gpu_falcon_dma_load(gpu, hv_dma_addr(page), 0, PROBE_BYTES);
	if (!err)
		err = gpu_falcon_dmem_read(gpu, 0, seen, PROBE_BYTES);
	if (!err && memcmp(page, seen, PROBE_BYTES) != 0)
		err = -EIO;
	hv_pages_free(page, 1);
	return err;
}

/* The first class of a copy engine; 0 if there is none. */
static uint32_t copy_class(const struct gpu *gpu)
{
	const struct gpu_classes *classes = gpu_classes(gpu);

	for (unsigned int i = 0; i < classes->n; i++) {
		if (gpu_class_kind(gpu, classes->engine[i]) == GPU_KIND_COPY)
			return classes->engine[i];
	}
	return 0;
}

static void lost(struct gpu *gpu, void *arg)
{
	struct card *card = arg;

	(void)gpu;
	card->lost = true;
}

/* Which queue it was is not known: every machine that has one on such an engine looks for itself. */
static void awaken(uint64_t engines, void *arg)
{
	struct card *card = arg;

	for (struct vdev *vdev = card->vdevs; vdev; vdev = vdev->next)
		vdev_awaken(vdev, engines);
}

static void session_up(struct gpu_rm *rm, int err, void *arg)
{
	struct card *card = arg;

	if (!err)
		err = gpu_policy_set(rm, card->policy, card->slots);
	if (!err)
		err = gpu_scrubber_new(card->gpu, rm, &card->scrubber);
	if (!err)
		gpu_on_awaken(rm, awaken, card);
	card->up(card, err, card->arg);
}

static void firmware_up(struct gpu_boot *boot, int err, void *arg)
{
	struct card *card = arg;

	if (!err)
		err = gpu_vram_limit(card->gpu, gpu_boot_usable_end(boot));
	if (!err)
		err = gpu_rm_new(card->gpu, boot, session_up, card, &card->rm);
	if (err)
		card->up(card, err, card->arg);
}

int card_probe(struct card *card, struct hv_pci *pci, const struct gpu_firmware *fw,
	       const struct fwq_pack *pack, enum gpu_policy policy, unsigned int slots,
	       void (*up)(struct card *card, int err, void *arg), void *arg)
{
	int err;

	*card = (struct card){.policy = policy, .slots = slots, .up = up, .arg = arg};
	err = gpu_attach(pci, &card->gpu);
	if (err)
		return err;
	gpu_on_lost(card->gpu, lost, card);
	card->copy_class = copy_class(card->gpu);
	err = probe_dma(card->gpu);
	if (!err)
		err = gpu_boot_new(card->gpu, fw, pack, false, &card->boot);
	return err ? err : gpu_boot_start(card->boot, firmware_up, card);
}

void card_remove(struct card *card)
{
	if (card->rm)
		gpu_rm_stop(card->rm);
	if (card->boot) {
		/* Of a GPU that is lost there is nothing to be unloaded. */
		if (gpu_boot_state(card->boot) == GPU_BOOT_RUNNING)
			(void)gpu_boot_stop_now(card->boot);
		gpu_boot_free(card->boot);
	}
	if (card->rm)
		gpu_rm_free(card->rm);
	if (card->scrubber)
		gpu_scrubber_free(card->scrubber);
	if (card->gpu)
		gpu_detach(card->gpu);
	*card = (struct card){0};
}

struct card_state card_state(const struct card *card)
{
	struct card_state state = {
		.chip = gpu_info(card->gpu)->chip,
		.vram = gpu_info(card->gpu)->vram_usable,
		.free = gpu_vram_free_bytes(card->gpu),
		.cleaned = gpu_scrubber_stats(card->scrubber)->bytes,
		.turns = gpu_turn_stats(card->rm)->slots,
		.lost = card->lost,
	};

	state.policy = gpu_policy_name(gpu_policy_get(card->rm, &state.slots));
	return state;
}
