/* SPDX-License-Identifier: MIT */
/*
 * card.h - a host driver's physical function: a client of gpu/core/core.h that has nothing to do with Xen, guests'
 * rings or gpu/vgpu. It probes the board, starts the firmware, and is then what virtual devices (vdev.h) are made
 * on, much as a VFIO driver has it.
 *
 * docs/core.md says how this contract meets that of NVIDIA's vGPU series.
 */
#ifndef TESTS_CORE_CLIENT_CARD_H
#define TESTS_CORE_CLIENT_CARD_H

#include "gpu/core/boot/boot.h"
#include "gpu/core/core.h"
#include "gpu/core/rm/session.h"

struct vdev;

struct card {
	struct gpu *gpu;
	struct gpu_boot *boot;
	struct gpu_rm *rm;
	struct gpu_scrubber *scrubber;
	uint32_t copy_class;	/* what a queue of a virtual device is made for */
	enum gpu_policy policy; /* wanted */
	unsigned int slots;
	struct vdev *vdevs;
	bool lost;
	void (*up)(struct card *card, int err, void *arg);
	void *arg;
};

/*
 * How machines share engines (gpu_policy_set()) is said here. Everything up to a card on which devices can be opened. 0: up(card, err, arg) will be called; in either case of
 * an error card_remove() is next. -errno of what failed; -EIO: the board's DMA does not see our memory.
 */
int card_probe(struct card *card, struct hv_pci *pci, const struct gpu_firmware *fw,
	       const struct fwq_pack *pack, enum gpu_policy policy, unsigned int slots,
	       void (*up)(struct card *card, int err, void *arg), void *arg);
/* After the last vdev_close() is done. */
void card_remove(struct card *card);

struct card_state {
	const char *chip, *policy;
	uint64_t vram, free; /* bytes: for devices, and what nobody has */
	uint64_t cleaned;    /* bytes so far */
	unsigned int slots;
	uint64_t turns; /* of slots, so far */
	bool lost;
};
struct card_state card_state(const struct card *card);

#endif /* TESTS_CORE_CLIENT_CARD_H */
