/* SPDX-License-Identifier: MIT */
/*
 * completion.c - engines have finished something: guests that wait for that are woken.
 *
 * A guest says in its event page for which channels it waits. Hardware says which engine it was, so every guest that
 * waits for a channel there is told to look, once, whatever number of channels it has and however much has ended.
 * The core sees to it that this does not happen too often (gpu_on_awaken()).
 *
 * What an interrupt costs beyond events is two words read for each connected device. The page is the guest's, who
 * may change it meanwhile: bits are taken out by one atomic operation, and only those that were there then count.
 */
#include "gpu/vgpu/device.h"

/* Those of armed[i] whose channels are on one of these engines. */
static uint32_t concerned(const struct vgpu_device *dev, unsigned int i, uint64_t engines)
{
	uint32_t bits = HV_READ_ONCE(dev->ring.events->armed[i]) & dev->bells[i], found = 0;

	for (; bits; bits &= bits - 1) {
		unsigned int n = 32 * i + (unsigned int)__builtin_ctz(bits);

		if (engines >> gpu_channel_engine(dev->channel[n].core) & 1)
			found |= bits & -bits;
	}
	return found;
}

static void wake(struct vgpu_device *dev, uint64_t engines)
{
	bool any = false;

	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS / 32; i++) {
		uint32_t bits = concerned(dev, i, engines);

		if (bits)
			any |= __atomic_fetch_and(&dev->ring.events->armed[i], ~bits,
						  __ATOMIC_SEQ_CST) &
			       bits;
	}
	if (!any)
		return;
	dev->stats.completions++;
	vgpu_ring_notify(dev);
	vgpu_stats_dirty(dev->back, dev);
}

static void awoken(uint64_t engines, void *arg)
{
	struct vgpu_back *back = arg;

	back->awakenings++;
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		struct vgpu_device *dev = back->devices[i];

		/* Later the core has, or is about to have, no channels of it. */
		if (dev && dev->phase == VGPU_CONNECTED)
			wake(dev, engines);
	}
}

void vgpu_completions_listen(struct vgpu_back *back, bool listen)
{
	if (back->rm)
		gpu_on_awaken(back->rm, listen ? awoken : NULL, back);
}
