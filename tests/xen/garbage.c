/* SPDX-License-Identifier: MIT */
/*
 * garbage.c - random submissions; see garbage.h.
 *
 * Random words alone end at the first header. So most have the shape of something that is right, with random
 * parts: more of the GPU is reached by what is nearly right.
 */
#include <errno.h>
#include <string.h>

#include "garbage.h"
#include "guest-frontend/bare/raw.h"

#define BUF_PAGES   4u
#define WORDS	    128u	  /* of a push buffer at most */
#define RENEW_PAUSE (250 * HV_MS) /* between two attempts to get a channel */
#define RENEW_TRIES 400u
#define USERD_WORDS (XENVGPU_USERD_SIZE / 4)

static uint32_t next(struct garbage *g)
{
	g->random = g->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(g->random >> 32);
}

static uint32_t below(struct garbage *g, uint32_t n)
{
	return next(g) % n;
}

/* Somewhere that the guest has, or near it, or anywhere. */
static uint64_t somewhere(struct garbage *g)
{
	switch (below(g, 4)) {
	case 0:
		return (uint64_t)next(g) << 32 | next(g);
	case 1:
		return g->dma.ring_va + 4ull * below(g, 0x8000);
	default:
		return g->va + 4ull * below(g, BUF_PAGES * HV_PAGE_SIZE / 4);
	}
}

/* ---------------------------------------------------------------- push buffers */

static void words(struct garbage *g, struct push *p)
{
	for (uint32_t n = 1 + below(g, WORDS); n; n--)
		push_word(p, next(g));
}

/* Headers of every kind, for any subchannel and method, with data or without. */
static void methods(struct garbage *g, struct push *p)
{
	for (uint32_t n = 1 + below(g, 12); n; n--) {
		uint32_t count = below(g, 6), kind = below(g, 8);
		uint32_t subchannel = below(g, 4) ? PUSH_COPY_SUBCHANNEL : below(g, 8);

		/* dev_ram: secondary opcode or type, count, subchannel, method in words */
		push_word(p, kind << 29 | count << 16 | subchannel << 13 | below(g, 0x400));
		for (; count; count--)
			push_word(p, below(g, 2) ? next(g) : (uint32_t)somewhere(g));
	}
}

/* What is right, but for where and how much. */
static void copies(struct garbage *g, struct push *p)
{
	for (uint32_t n = 1 + below(g, 4); n; n--) {
		uint32_t size = below(g, 3 * HV_PAGE_SIZE);

		switch (below(g, 4)) {
		case 0:
			push_fill(p, somewhere(g), next(g), size / 4);
			break;
		case 1:
			push_semaphore(p, somewhere(g), next(g), next(g) & 0x7ffffff);
			break;
		case 2:
			push_copy_with(p, somewhere(g), somewhere(g), next(g), size, below(g, 3),
				       next(g));
			break;
		default:
			push_copy(p, somewhere(g), somewhere(g), size, size, 1);
			break;
		}
	}
}

/* The same with some bits that are not. */
static void flipped(struct garbage *g, struct push *p)
{
	copies(g, p);
	for (uint32_t n = 1 + below(g, 4); n && p->n; n--)
		p->words[below(g, p->n)] ^= 1u << below(g, 32);
}

static uint64_t push_buffer(struct garbage *g)
{
	static void (*const kinds[])(struct garbage *, struct push *) = {words,	 methods, methods,
									 copies, flipped, flipped};
	const uint32_t page = below(g, BUF_PAGES);
	struct push p = {.words = (uint32_t *)(g->buf->va + (size_t)page * HV_PAGE_SIZE),
			 .room = HV_PAGE_SIZE / 4};

	kinds[below(g, sizeof(kinds) / sizeof(kinds[0]))](g, &p);
	return push_entry(g->va + (uint64_t)page * HV_PAGE_SIZE, 4 * p.n);
}

/* ---------------------------------------------------------------- GPFIFO and USERD */

static int entry(struct garbage *g)
{
	uint64_t entry = push_buffer(g);

	switch (below(g, 8)) {
	case 0:
		entry = (uint64_t)next(g) << 32 | next(g);
		break;
	case 1:
		entry ^= 1ull << below(g, 64);
		break;
	default:
		break;
	}
	return dma_submit_entry(&g->dma, entry);
}

/* All of it, or a word; then the doorbell. The GPU writes there too: nothing is lost that was right. */
static int userd(struct garbage *g)
{
	uint8_t *at = front_raw_userd(g->dma.dev, g->dma.channel);

	if (!at)
		return -EIO; /* stopped and gone meanwhile */
	for (uint32_t n = 1 + below(g, 2) * USERD_WORDS; n; n--)
		HV_WRITE_ONCE(((uint32_t *)at)[below(g, USERD_WORDS)], next(g));
	return front_channel_ring(g->dma.dev, g->dma.channel, next(g) >> below(g, 32));
}

/* What is right comes last, so that one sees when the channel has got over it. */
static int fence(struct garbage *g, uint64_t patience)
{
	int ret = dma_room(&g->dma, 2);

	if (ret)
		return ret;
	push_one(&g->dma.push, PUSH_COPY_SUBCHANNEL, NVC56F_SET_OBJECT, g->dma.engine_class);
	ret = dma_submit(&g->dma);
	return ret ? ret : dma_wait(&g->dma, patience);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* The back end gives a guest whose channels stop all the time new ones only so fast. */
static int renew(struct garbage *g)
{
	int ret = dma_renew(&g->dma);

	for (unsigned int i = 0; i < RENEW_TRIES && ret == -EBUSY; i++) {
		g->waits++;
		(void)hv_loop_until(never, NULL, RENEW_PAUSE);
		ret = dma_renew(&g->dma);
	}
	return ret;
}

/* ---------------------------------------------------------------- all of it */

int garbage_submit(struct garbage *g, unsigned int n, uint64_t patience)
{
	int ret = 0;

	for (; n; n--) {
		ret = below(g, 8) ? entry(g) : userd(g);
		if (!ret)
			ret = fence(g, patience);
		g->done++;
		g->stopped += g->dma.stopped;
		g->busy += ret == -ETIMEDOUT;
		if (ret && ret != -EIO && ret != -ETIMEDOUT)
			return ret;
		if (ret)
			ret = renew(g);
		if (ret)
			return ret;
	}
	return 0;
}

int garbage_open(struct garbage *g, struct front_dev *dev, uint64_t seed)
{
	int ret;

	memset(g, 0, sizeof(*g));
	g->random = seed;
	ret = dma_open(&g->dma, dev);
	for (unsigned int i = 0; i < RENEW_TRIES && ret == -EBUSY; i++) {
		(void)hv_loop_until(never, NULL, RENEW_PAUSE);
		ret = dma_open(&g->dma, dev);
	}
	if (!ret)
		ret = dma_buffer(&g->dma, BUF_PAGES, &g->buf, &g->va);
	return ret;
}

int garbage_close(struct garbage *g)
{
	dma_close(&g->dma);
	return g->buf ? front_import_free(g->dma.dev, g->buf) : 0;
}
