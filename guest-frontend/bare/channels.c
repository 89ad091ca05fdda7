/* SPDX-License-Identifier: MIT */
/*
 * channels.c - channels, their USERD, the doorbells, and sleep until something has ended.
 *
 * The backend grants a page with the USERDs of several channels; it is mapped once, however many they are,
 * and unmapped with the last. Backend and GPU write there, so it is read once per look and never believed:
 * GP_GET is the caller's to judge. Maps end with the connection, so nobody outside this file holds a
 * pointer to one.
 *
 * Submitting costs a store to USERD, an atomic or to the event page, and an event if the backend has taken
 * the last one in. Who waits for a completion sets a bit there (armed), which the backend takes out, and
 * sends an event, when an engine says that something has ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front_int.h"

#define LOOK_AGAIN (100 * HV_MS)

const char *front_channel_fault(const struct front_dev *dev,
				const struct xenvgpu_channel_create_resp *rsp)
{
	if (rsp->channel >= XENVGPU_MAX_CHANNELS)
		return "channel number out of range";
	if (dev->channel[rsp->channel].live)
		return "number of a channel that lives";
	if (!rsp->userd_gref || rsp->userd_offset % XENVGPU_USERD_SIZE ||
	    rsp->userd_offset >= HV_PAGE_SIZE)
		return "impossible place of USERD";
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		const struct front_channel *ch = &dev->channel[i];

		if (ch->live && ch->userd_ref == rsp->userd_gref &&
		    ch->userd_offset == rsp->userd_offset)
			return "USERD of another channel";
	}
	return NULL;
}

/* ---------------------------------------------------------------- USERD pages */

static int userd_get(struct front_dev *dev, struct front_channel *ch)
{
	struct front_userd *page;
	int ret;

	for (page = dev->userds; page; page = page->next)
		if (page->map.ref == ch->userd_ref)
			break;
	if (!page) {
		page = calloc(1, sizeof(*page));
		if (!page)
			return -ENOMEM;
		page->map.dom = dev->bound_dom;
		page->map.ref = ch->userd_ref;
		page->map.flags = HV_MAP_HOST;
		ret = hv_grant_map(&page->map, 1);
		if (ret) {
			free(page);
			return ret;
		}
		page->next = dev->userds;
		dev->userds = page;
	}
	page->channels++;
	ch->userd = page;
	return 0;
}

static void userd_put(struct front_dev *dev, struct front_userd *page)
{
	struct front_userd **link = &dev->userds;

	if (--page->channels)
		return;
	while (*link != page)
		link = &(*link)->next;
	*link = page->next;
	if (hv_grant_unmap(&page->map, 1))
		hv_log(HV_ERR, "front %u: cannot unmap a USERD page of dom%u", dev->index,
		       page->map.dom);
	free(page);
}

static void channel_gone(struct front_dev *dev, struct front_channel *ch)
{
	if (ch->userd)
		userd_put(dev, ch->userd);
	memset(ch, 0, sizeof(*ch));
}

void front_channels_stop(struct front_dev *dev)
{
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
		channel_gone(dev, &dev->channel[i]);
	memset(dev->armed, 0, sizeof(dev->armed));
	dev->completed = false;
}

/* ---------------------------------------------------------------- creation, destruction */

struct creation {
	bool done;
	int status;
	uint32_t channel;
};

/* From here on the channel is known, so that news of it are heard. */
static void created(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
		    void *arg)
{
	struct creation *creation = arg;

	creation->done = true;
	creation->status = status;
	if (status)
		return;
	creation->channel = rsp->op.channel_create.channel;
	dev->channel[creation->channel] = (struct front_channel){
		.live = true,
		.userd_ref = rsp->op.channel_create.userd_gref,
		.userd_offset = rsp->op.channel_create.userd_offset,
	};
}

static bool is_created(void *arg)
{
	return ((struct creation *)arg)->done;
}

int front_channel_create(struct front_dev *dev, const struct xenvgpu_channel_create_req *desc,
			 uint32_t *channel)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_CHANNEL_CREATE,
				      .op.channel_create = *desc};
	struct creation creation = {0};
	struct front_channel *ch;
	unsigned int epoch;
	int ticket, ret;

	if (front_state(dev) == FRONT_CONNECTED && !dev->channels_ok)
		return -EOPNOTSUPP;
	ticket = front_call_start(dev, &req, created, &creation);
	if (ticket < 0)
		return ticket;
	epoch = dev->epoch;
	ret = hv_loop_until(is_created, &creation, dev->timeout);
	if (!creation.done) {
		front_forget(dev, ticket);
		return ret;
	}
	if (creation.status)
		return creation.status;
	if (epoch != dev->epoch)
		return -ENODEV;
	ch = &dev->channel[creation.channel];
	ret = userd_get(dev, ch);
	if (ret) {
		hv_log_dom(dev->bound_dom, HV_WARN, "front %u: cannot map USERD, grant %u: %d",
			   dev->index, ch->userd_ref, ret);
		(void)front_channel_destroy(dev, creation.channel);
		return ret;
	}
	*channel = creation.channel;
	return 0;
}

/* Outlives a caller that gave up: the entry is the device's. */
static void ended(struct front_dev *dev, int status, const struct xenvgpu_response *rsp, void *arg)
{
	struct front_channel *ch = arg;

	(void)rsp;
	ch->ending = false;
	ch->end_status = status;
	if (!status || status == -ENOENT)
		channel_gone(dev, ch);
}

static bool is_ended(void *arg)
{
	return !((struct front_channel *)arg)->ending;
}

/* A channel that the caller may name. */
static struct front_channel *find(struct front_dev *dev, uint32_t channel)
{
	if (channel >= XENVGPU_MAX_CHANNELS || !dev->channel[channel].live ||
	    dev->channel[channel].ending)
		return NULL;
	return &dev->channel[channel];
}

int front_channel_destroy(struct front_dev *dev, uint32_t channel)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_CHANNEL_DESTROY,
				      .op.channel_destroy.channel = channel};
	struct front_channel *ch = find(dev, channel);
	int ret;

	if (front_state(dev) != FRONT_CONNECTED)
		return -ENODEV;
	if (!ch)
		return -ENOENT;
	ch->ending = true;
	ch->end_status = 0;
	ret = front_call_start(dev, &req, ended, ch);
	if (ret < 0) {
		ch->ending = false;
		return ret;
	}
	ret = hv_loop_until(is_ended, ch, dev->timeout);
	return ch->ending ? ret : ch->end_status;
}

/* ---------------------------------------------------------------- doorbells */

int front_channel_ring(struct front_dev *dev, uint32_t channel, uint32_t gp_put)
{
	struct xenvgpu_event_page *page;
	struct front_channel *ch = find(dev, channel);
	uint32_t bit = 1u << channel % 32;
	uint8_t *userd;

	if (front_state(dev) != FRONT_CONNECTED || dev->raw)
		return -ENODEV;
	if (!ch || !ch->userd)
		return -ENOENT;
	if (ch->stopped)
		return -EIO;
	userd = (uint8_t *)ch->userd->map.va + ch->userd_offset;
	hv_wmb(); /* what the GPU is told to read is there */
	HV_WRITE_ONCE(*(uint32_t *)(userd + XENVGPU_USERD_GP_PUT), gp_put);
	dev->stats.rings++;
	page = (void *)dev->event_page->va;
	/* A full barrier: GP_PUT is seen before the bit. */
	if (__atomic_fetch_or(&page->doorbell[channel / 32], bit, __ATOMIC_SEQ_CST) & bit)
		return 0;
	dev->stats.ring_sends++;
	/* A dead peer is noticed through xenstore, so an error needs no handling here. */
	(void)hv_evtchn_send(dev->port);
	return 0;
}

int front_channel_get(struct front_dev *dev, uint32_t channel, uint32_t *gp_get)
{
	struct front_channel *ch = find(dev, channel);

	if (front_state(dev) != FRONT_CONNECTED)
		return -ENODEV;
	if (!ch || !ch->userd)
		return -ENOENT;
	*gp_get = HV_READ_ONCE(*(uint32_t *)((uint8_t *)ch->userd->map.va + ch->userd_offset +
					     XENVGPU_USERD_GP_GET));
	return 0;
}

/* ---------------------------------------------------------------- completions */

static uint32_t *armed_word(struct front_dev *dev, uint32_t channel)
{
	struct xenvgpu_event_page *page = (void *)dev->event_page->va;

	return &page->armed[channel / 32];
}

/* What the backend has taken out. It may do so for nothing, but only as often as somebody asks it to. */
static void completions_look(struct front_dev *dev)
{
	for (uint32_t i = 0; i < XENVGPU_MAX_CHANNELS / 32; i++) {
		uint32_t taken = dev->armed[i] & ~HV_READ_ONCE(*armed_word(dev, 32 * i));

		dev->armed[i] &= ~taken;
		dev->completed |= taken != 0;
	}
}

bool front_completions_take(struct front_dev *dev)
{
	bool any;

	completions_look(dev);
	any = dev->completed;
	dev->completed = false;
	dev->stats.completions += any;
	return any;
}

static void arm(struct front_dev *dev, uint32_t channel)
{
	uint32_t bit = 1u << channel % 32, *word = armed_word(dev, channel);

	completions_look(dev);
	if (dev->armed[channel / 32] & bit)
		return;
	dev->armed[channel / 32] |= bit;
	/* A full barrier: the bit is there before the caller looks once more. */
	__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
}

static void disarm(struct front_dev *dev, uint32_t channel)
{
	uint32_t bit = 1u << channel % 32;

	completions_look(dev);
	__atomic_fetch_and(armed_word(dev, channel), ~bit, __ATOMIC_SEQ_CST);
	dev->armed[channel / 32] &= ~bit;
}

struct completion_wait {
	struct front_dev *dev;
	uint32_t channel;
	unsigned int epoch;
	bool (*done)(void *arg);
	void *arg;
};

/* The connection is gone, or the channel has ended, or was stopped. */
static int wait_error(const struct completion_wait *w)
{
	const struct front_channel *ch;

	if (w->dev->epoch != w->epoch || front_state(w->dev) != FRONT_CONNECTED || w->dev->raw)
		return -ENODEV;
	ch = find(w->dev, w->channel);
	if (!ch || !ch->userd)
		return -ENOENT;
	return ch->stopped ? -EIO : 0;
}

static bool wait_over(void *arg)
{
	struct completion_wait *w = arg;

	if (w->done(w->arg) || wait_error(w))
		return true;
	arm(w->dev, w->channel);
	return w->done(w->arg);
}

int front_channel_wait(struct front_dev *dev, uint32_t channel, bool (*done)(void *arg), void *arg,
		       uint64_t timeout)
{
	struct completion_wait w = {dev, channel, dev->epoch, done, arg};
	uint64_t end = hv_now() + timeout, now;
	int ret, err;

	if (done(arg))
		return 0;
	dev->stats.sleeps++;
	do {
		now = hv_now();
		ret = hv_loop_until(wait_over, &w, end - now < LOOK_AGAIN ? end - now : LOOK_AGAIN);
	} while (ret == -ETIMEDOUT && hv_now() < end);
	dev->stats.fallbacks += done(arg) && hv_now() - now >= LOOK_AGAIN;
	err = wait_error(&w);
	if (!err || err == -EIO)
		disarm(dev, channel);
	if (done(arg))
		return 0;
	return err ? err : ret;
}

/* ---------------------------------------------------------------- news */

void front_on_channel_stopped(struct front_dev *dev, front_stopped_fn fn, void *arg)
{
	dev->channel_stopped = fn;
	dev->channel_stopped_arg = arg;
}

bool front_channel_event(struct front_dev *dev, const struct xenvgpu_event *evt)
{
	struct front_channel *ch = &dev->channel[evt->op.channel.channel];

	/* One that we have destroyed meanwhile, or news that we know already. */
	if (!ch->live || ch->stopped)
		return false;
	ch->stopped = true;
	if (dev->channel_stopped)
		dev->channel_stopped(dev, evt, dev->channel_stopped_arg);
	return true;
}
