/* SPDX-License-Identifier: MIT */
/*
 * busy - a guest whose channels (channels=, in an address space each) all copy without an end, or, with jobs=0, do nothing.
 *
 * What each gets of the engines is for the harness to see, in the model and in what gpudom tells. From data/phase "busy" on
 * they copy, until data/go=stop; data/result tells that all have ended.
 */
#include "tests/xen/dma.h"
#include "worker.h"

#define CHANNELS_MAX XENVGPU_MAX_SPACES
#define COPY_WORDS   11u

static struct dma dma[CHANNELS_MAX];

/* Lines of a page each, as many as one launch can have: hours of work. */
static int keep_copying(struct dma *d)
{
	struct front_import *page;
	uint64_t va;
	int err = dma_buffer(d, 1, &page, &va);

	if (!err)
		err = dma_room(d, COPY_WORDS);
	if (err)
		return err;
	push_copy(&d->push, va, va, 0, HV_PAGE_SIZE, UINT32_MAX);
	return dma_submit(d);
}

static int busy_start(int argc, char **argv)
{
	uint64_t channels = order_number(argc, argv, "channels", 1), open = 0;
	uint64_t jobs = order_number(argc, argv, "jobs", 1);
	struct front_dev *dev;
	int err = channels && channels <= CHANNELS_MAX ? front_open(0, NULL, NULL, &dev) : -EINVAL;

	if (!err) {
		front_set_timeout(dev, 60 * HV_S); /* an emulated machine may be slow */
		err = front_wait_connected(dev, 120 * HV_S);
	}
	for (; !err && open < channels; open++)
		err = dma_open(&dma[open], dev);
	for (uint64_t i = 0; !err && jobs && i < channels; i++)
		err = keep_copying(&dma[i]);
	if (err) {
		answer("phase", "FAILED: %d after %llu channels", err, (unsigned long long)open);
	} else {
		answer("phase", "busy");
		err = wait_told("stop", 900 * HV_S);
	}
	while (open)
		dma_close(&dma[--open]);
	answer("result", err ? "FAILED: %d" : "ended", err);
	return wait_told("end", 900 * HV_S);
}

HV_IMAGE(busy_start);
