/* SPDX-License-Identifier: MIT */
/*
 * life.c - the steps of a slice's life; see life.h.
 */
#include <errno.h>
#include <string.h>

#include "guest-frontend/bare/raw.h"
#include "life.h"

#define PATIENT	   (60 * HV_S) /* an emulated machine may be slow */
#define CONNECT_IN (120 * HV_S)
#define BUF_SIZE   65536u
#define BUF_PAGES  (BUF_SIZE / HV_PAGE_SIZE)
#define CYCLE_SIZE 32768u /* bytes that come and go */

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* ---------------------------------------------------------------- connecting */

static int share(struct life *l);

/* The back may have answered before the loop asks whether it is over. */
static void changed(struct front_dev *dev, enum front_state state, void *arg)
{
	struct life *l = arg;

	(void)dev;
	if (state != FRONT_CONNECTING)
		return;
	l->shared = true;
	if (l->deaf && life_steps[l->goal].go == share)
		l->deaf(l);
}

static bool has_shared(void *arg)
{
	return ((struct life *)arg)->shared;
}

/* Ring and event page are granted, their keys written: the back maps them. */
static int share(struct life *l)
{
	int ret = front_open(0, changed, l, &l->dev);

	if (ret)
		return ret;
	front_set_timeout(l->dev, PATIENT);
	return hv_loop_until(has_shared, l, CONNECT_IN);
}

static int connect(struct life *l)
{
	return front_wait_connected(l->dev, CONNECT_IN);
}

static int hello(struct life *l)
{
	struct xenvgpu_info_resp info;
	int ret = front_ping(l->dev, 1);

	return ret ? ret : front_info(l->dev, &info);
}

/* ---------------------------------------------------------------- memory, addresses */

static int make_object(struct life *l)
{
	return front_mem_alloc(l->dev, LIFE_OBJECT, &l->object);
}

static int make_space(struct life *l)
{
	return dma_open_space(&l->copy, l->dev, DMA_COPY);
}

static int bind_object(struct life *l, uint8_t operation, uint64_t va)
{
	const struct xenvgpu_bind bind = {
		.operation = operation,
		.page_shift = XENVGPU_PAGE_64K,
		.handle = operation == XENVGPU_BIND_MAP ? l->object : 0,
		.va = va,
		.size = LIFE_OBJECT,
	};

	return front_bind(l->dev, l->copy.space, &bind, 1, NULL);
}

/* Where dma_map() shows the next thing: the object. */
static int reserve(struct life *l)
{
	return bind_object(l, XENVGPU_BIND_RESERVE, l->copy.va_next);
}

static int show_object(struct life *l)
{
	return dma_map(&l->copy, l->object, 0, LIFE_OBJECT, XENVGPU_PAGE_64K, 0, &l->object_va);
}

static int import(struct life *l)
{
	return front_mem_import(l->dev, BUF_PAGES, 0, &l->buf);
}

static int show_import(struct life *l)
{
	return dma_map(&l->copy, l->buf->handle, 0, BUF_SIZE, XENVGPU_PAGE_4K, 0, &l->buf_va);
}

/* ---------------------------------------------------------------- a channel and its work */

static int make_ring(struct life *l)
{
	return dma_open_ring(&l->copy);
}

static int make_channel(struct life *l)
{
	return dma_open_channel(&l->copy);
}

/* Push buffer, GPFIFO entry and GP_PUT are there; the GPU is not told. */
static int write_work(struct life *l)
{
	int ret = dma_copy(&l->copy, l->object_va, l->buf_va, BUF_SIZE);
	uint8_t *userd = front_raw_userd(l->dev, l->copy.channel);

	if (ret || !userd)
		return ret ? ret : -ENOENT;
	l->put = dma_write(&l->copy);
	hv_wmb(); /* what the GPU may read from now on is there */
	HV_WRITE_ONCE(*(uint32_t *)(userd + XENVGPU_USERD_GP_PUT), l->put);
	return 0;
}

static int ring(struct life *l)
{
	return front_channel_ring(l->dev, l->copy.channel, l->put);
}

/* Batch after batch, as many at a time as there are slots. */
static int keep_copying(struct life *l)
{
	int ret = dma_copy(&l->copy, l->object_va, l->buf_va, BUF_SIZE);

	return ret ? ret : dma_submit(&l->copy);
}

/* Brings a piece of the object and looks whether it is made of this word. */
static int look(struct life *l, uint32_t at, uint32_t word)
{
	const volatile uint32_t *words = (const volatile uint32_t *)l->buf->va;
	int ret = dma_copy(&l->copy, l->object_va + at, l->buf_va, BUF_SIZE);

	if (!ret)
		ret = dma_submit(&l->copy);
	if (!ret)
		ret = dma_wait(&l->copy, PATIENT);
	for (unsigned int i = 0; i < BUF_SIZE / 4 && !ret; i++)
		ret = words[i] == word ? 0 : -EILSEQ;
	return ret;
}

/* Nobody's bytes are there; then something is that the next owner has to have no sight of. */
static int wait_and_fill(struct life *l)
{
	int ret = dma_wait(&l->copy, PATIENT);

	for (uint32_t at = 0; at < LIFE_OBJECT && !ret; at += BUF_SIZE) {
		memset(l->buf->va, 0xff, BUF_SIZE);
		ret = look(l, at, 0);
	}
	l->dirty = ret == -EILSEQ;
	if (!ret)
		ret = dma_fill(&l->copy, l->object_va, LIFE_WORD, LIFE_OBJECT);
	return ret ? ret : look(l, LIFE_OBJECT - BUF_SIZE, LIFE_WORD);
}

/* For hours, into pages of the guest's own. */
static int copy_for_ever(struct life *l)
{
	int ret = dma_room(&l->copy, 11);

	if (ret)
		return ret;
	push_copy(&l->copy.push, l->object_va, l->buf_va, 0, HV_PAGE_SIZE, UINT32_MAX);
	return dma_submit(&l->copy);
}

/* Waits, with its interrupt armed, for what does not end. */
static int keep_waiting(struct life *l)
{
	int ret = front_channel_wait(l->dev, l->copy.channel, never, NULL, HV_S);

	return ret == -ETIMEDOUT ? 0 : ret;
}

/* ---------------------------------------------------------------- more channels, graphics */

static int channel_beside(struct life *l, uint32_t *channel)
{
	const struct xenvgpu_channel_create_req req = {
		.space = l->copy.space,
		.engine_class = l->copy.engine_class,
		.gpfifo = l->copy.ring_va,
		.entries = DMA_SLOTS,
	};

	return front_channel_create(l->dev, &req, channel);
}

/* In the group of the one that copies. */
static int make_second(struct life *l)
{
	return channel_beside(l, &l->second);
}

static int keep_making(struct life *l)
{
	uint32_t channel;
	int ret = channel_beside(l, &channel);

	return ret ? ret : front_channel_destroy(l->dev, channel);
}

static int make_graphics(struct life *l)
{
	return dma_open_for(&l->graphics, l->dev, DMA_3D);
}

/* By inline-to-memory, 3D and compute. */
static int keep_drawing(struct life *l)
{
	const uint32_t words[2] = {LIFE_WORD, ~LIFE_WORD};
	struct dma *d = &l->graphics;
	int ret = dma_room(d, 60);

	if (ret)
		return ret;
	push_inline(&d->push, PUSH_INLINE, l->canvas_va, words, 2);
	push_inline(&d->push, PUSH_3D, l->canvas_va + 8, words, 2);
	push_report(&d->push, PUSH_COMPUTE, l->canvas_va + 16, LIFE_WORD);
	return dma_submit(d);
}

static int draw(struct life *l)
{
	static const uint32_t drawn[5] = {LIFE_WORD, ~LIFE_WORD, LIFE_WORD, ~LIFE_WORD, LIFE_WORD};
	int ret = dma_buffer(&l->graphics, 1, &l->canvas, &l->canvas_va);

	if (!ret)
		ret = keep_drawing(l);
	if (!ret)
		ret = dma_wait(&l->graphics, PATIENT);
	return ret || !memcmp(l->canvas->va, drawn, sizeof(drawn)) ? ret : -EPROTO;
}

/* ---------------------------------------------------------------- taking away, while copies run */

static int show_again(struct life *l)
{
	return dma_map(&l->copy, l->object, 0, LIFE_OBJECT, XENVGPU_PAGE_64K, 0, &l->again_va);
}

static int keep_unmapping(struct life *l)
{
	int ret = bind_object(l, XENVGPU_BIND_UNMAP, l->again_va);

	return ret ? ret : bind_object(l, XENVGPU_BIND_MAP, l->again_va);
}

/* Pages that the GPU has just written to come back. */
static int keep_returning(struct life *l)
{
	const struct dma before = l->graphics;
	struct dma *d = &l->graphics;
	struct front_import *pages;
	uint64_t va = 0;
	int ret = dma_buffer(d, CYCLE_SIZE / HV_PAGE_SIZE, &pages, &va);

	if (ret)
		return ret;
	d->va_next = before.va_next; /* the same addresses each time */
	ret = dma_fill(d, va, LIFE_WORD, CYCLE_SIZE);
	if (!ret)
		ret = dma_submit(d);
	if (!ret)
		ret = dma_wait(d, PATIENT);
	if (!ret)
		ret = dma_unmap(d, va, CYCLE_SIZE, XENVGPU_PAGE_4K);
	return ret ? ret : front_import_free(l->dev, pages);
}

/* The pages that the GPU is writing to: that ends the channel. */
static int pull(struct life *l)
{
	int ret = dma_unmap(&l->copy, l->buf_va, BUF_SIZE, XENVGPU_PAGE_4K);

	/* The model looks at an engine that has long been busy again when there is a doorbell. */
	if (!ret)
		ret = keep_copying(l);
	if (!ret)
		ret = front_channel_wait(l->dev, l->copy.channel, never, NULL, PATIENT);
	if (ret != -EIO)
		return ret ? ret : -EPROTO;
	return front_import_free(l->dev, l->buf);
}

static int end_channel(struct life *l)
{
	return front_channel_destroy(l->dev, l->copy.channel);
}

static int end_all(struct life *l)
{
	int ret = front_channel_destroy(l->dev, l->second);

	if (ret)
		return ret;
	dma_close(&l->graphics);
	dma_close(&l->copy);
	ret = front_import_free(l->dev, l->buf);
	if (!ret)
		ret = front_import_free(l->dev, l->canvas);
	return ret ? ret : front_mem_free(l->dev, l->object);
}

/* ---------------------------------------------------------------- the end */

static int say_closing(struct life *l)
{
	front_close(l->dev);
	return 0;
}

static bool has_closed(void *arg)
{
	return front_state(arg) == FRONT_CLOSED;
}

static int be_closed(struct life *l)
{
	return hv_loop_until(has_closed, l->dev, PATIENT);
}

const struct life_step life_steps[] = {
	{.name = "plugged"},
	{.name = "ring-shared", .go = share, .deaf = true},
	{.name = "connected", .go = connect},
	{.name = "hello", .go = hello, .keep = hello},
	{.name = "object", .go = make_object},
	{.name = "space", .go = make_space},
	{.name = "reserved", .go = reserve},
	{.name = "object-shown", .go = show_object},
	{.name = "imported", .go = import},
	{.name = "import-shown", .go = show_import},
	{.name = "ring-imported", .go = make_ring},
	{.name = "channel", .go = make_channel},
	{.name = "written", .go = write_work},
	{.name = "rung", .go = ring, .keep = keep_copying},
	{.name = "waited", .go = wait_and_fill},
	{.name = "copying", .go = copy_for_ever},
	{.name = "armed", .keep = keep_waiting},
	{.name = "second-channel", .go = make_second, .keep = keep_making},
	{.name = LIFE_GRAPHICS, .go = make_graphics},
	{.name = "drawing", .go = draw, .keep = keep_drawing},
	{.name = "unmapping", .go = show_again, .keep = keep_unmapping},
	{.name = "returning", .go = keep_returning, .keep = keep_returning},
	{.name = "pulled", .go = pull, .alone = true},
	{.name = "channel-ended", .go = end_channel, .alone = true},
	{.name = "all-ended", .go = end_all, .alone = true},
	{.name = "closing", .go = say_closing, .deaf = true},
	{.name = "closed", .go = be_closed},
};
const unsigned int life_steps_nr = sizeof(life_steps) / sizeof(life_steps[0]);

unsigned int life_find(const char *name)
{
	unsigned int i = 0;

	while (i < life_steps_nr && strcmp(life_steps[i].name, name) != 0)
		i++;
	return i;
}

int life_go(struct life *l, unsigned int step)
{
	int ret = 0;

	l->goal = step;
	for (unsigned int i = 0; i <= step && !ret; i++) {
		if (life_steps[i].alone && i != step)
			continue;
		l->doing = life_steps[i].name;
		if (life_steps[i].go)
			ret = life_steps[i].go(l);
	}
	if (!ret && l->deaf && life_steps[step].deaf)
		l->deaf(l);
	return ret;
}
