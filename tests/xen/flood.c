/* SPDX-License-Identifier: MIT */
/*
 * flood.c - spaces and channels, made and destroyed without a pause; see flood.h.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "flood.h"

#define STOP_TIMEOUT (60 * HV_S) /* an emulated machine may be slow */
#define ENTRIES	     16u
#define BURST	     16u
#define REST	     (2 * HV_MS)

static void send(struct flood_lane *lane);

static void answered(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
		     void *arg)
{
	struct flood_lane *lane = arg;
	struct flood *f = lane->flood;

	(void)dev;
	lane->flying = false;
	if (status == -ENODEV)
		return;
	f->answers++;
	f->refused += status != 0;
	if (!status) {
		lane->made = !lane->made;
		if (lane->made)
			lane->number = lane->of_channels ? rsp->op.channel_create.channel
							 : rsp->op.space_create.space;
	}
	if (f->stop && !lane->made)
		return;
	if (++lane->burst < BURST) {
		send(lane);
		return;
	}
	lane->flying = true; /* soon */
	lane->burst = 0;
	hv_timer_arm(&lane->rest, hv_now() + REST);
}

static void rested(struct hv_timer *t)
{
	send((struct flood_lane *)((char *)t - offsetof(struct flood_lane, rest)));
}

static void send(struct flood_lane *lane)
{
	const struct dma *d = lane->flood->dma;
	struct xenvgpu_request req = {.operation = lane->of_channels ? XENVGPU_OP_CHANNEL_CREATE
								     : XENVGPU_OP_SPACE_CREATE};

	if (lane->made && lane->of_channels) {
		req.operation = XENVGPU_OP_CHANNEL_DESTROY;
		req.op.channel_destroy.channel = lane->number;
	} else if (lane->made) {
		req.operation = XENVGPU_OP_SPACE_DESTROY;
		req.op.space_destroy.space = lane->number;
	} else if (lane->of_channels) {
		req.op.channel_create.space = d->space;
		req.op.channel_create.engine_class = d->engine_class;
		req.op.channel_create.gpfifo = d->ring_va; /* never rung */
		req.op.channel_create.entries = ENTRIES;
	}
	lane->flying = front_submit(d->dev, &req, answered, lane) >= 0;
	front_flush(d->dev);
}

void flood_start(struct flood *f, const struct dma *dma)
{
	memset(f, 0, sizeof(*f));
	f->dma = dma;
	for (unsigned int i = 0; i < FLOOD_LANES; i++) {
		f->lane[i] =
			(struct flood_lane){.flood = f, .of_channels = i % 2, .rest.fn = rested};
		send(&f->lane[i]);
	}
}

static bool over(void *arg)
{
	const struct flood *f = arg;

	for (unsigned int i = 0; i < FLOOD_LANES; i++)
		if (f->lane[i].flying)
			return false;
	return true;
}

int flood_stop(struct flood *f)
{
	int ret;

	if (!f->dma)
		return 0;
	f->stop = true;
	ret = hv_loop_until(over, f, STOP_TIMEOUT);
	for (unsigned int i = 0; i < FLOOD_LANES && !ret; i++)
		ret = f->lane[i].made ? -ENODEV : 0;
	return ret;
}
