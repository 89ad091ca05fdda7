/* SPDX-License-Identifier: MIT */
/*
 * worker - an honest guest: fills video memory with a pattern of its own and reads it back.
 *
 * The pattern depends on the guest (key=), the run (seed=) and the address, so bytes of another
 * guest, of another run or from another place are noticed. Words:
 *   mode=hold   write bytes=, answer data/phase "written", wait for data/go=read, read back and
 *               verify, answer data/result
 *   mode=loop   write and verify pieces for ever, through loss and re-plug, until data/go=stop;
 *               data/progress tells how far it is
 *   mode=cycle  connect, ping, disconnect, cycles= times; data/progress, data/result
 *   mode=submit open, answer data/phase "ready", wait for data/go=run, publish batches= batches of ops= copies,
 *               each when the last has ended, answer data/phase "submitted"; at data/go=read read back and
 *               verify, answer data/result
 *   mode=limits make channels, then import pages, until that is refused; data/result tells how many
 *   mode=idle   never touch the device
 *   mode=sit    connect and stay
 * With via=gpu, hold and loop move the bytes by submissions of their own to the GPU. After its work the guest
 * waits for data/go=end.
 */
#include "tests/common/sha256.h"
#include "tests/xen/mover.h"
#include "tests/xen/pattern.h"
#include "worker.h"

#define PIECE	   ((uint64_t)MOVER_PIECE) /* bytes per call */
#define LIMIT_STEP 8u			   /* pages of an import, in mode=limits */

static uint64_t key, seed, bytes;
static bool via_gpu;
static struct mover mover;

static struct front_dev *connect(uint64_t timeout)
{
	struct front_dev *dev;
	int err = front_open(0, NULL, NULL, &dev);

	if (!err) {
		front_set_timeout(dev, 60 * HV_S); /* an emulated machine may be slow */
		err = front_wait_connected(dev, timeout);
	}
	if (err)
		hv_log(HV_ERR, "no connection: %d", err);
	return err ? NULL : dev;
}

/* What the platform and the front have counted so far. */
struct costs {
	uint64_t hypercalls, upcalls, sends, requests, batches, wakeups, grants, submissions;
	uint64_t sleeps, completions, fallbacks;
};

static struct costs costs_now(const struct front_dev *dev)
{
	const struct front_stats *s = front_stats(dev);

	return (struct costs){
		.hypercalls = hv_hypercalls_total(),
		.upcalls = hv_upcalls(),
		.sends = s->notifies + s->ring_sends,
		.requests = s->requests,
		.batches = s->batches,
		.wakeups = s->wakeups,
		.grants = s->grants,
		.submissions = mover.dma.batches,
		.sleeps = s->sleeps,
		.completions = s->completions,
		.fallbacks = s->fallbacks,
	};
}

static void hold(void)
{
	struct front_dev *dev = connect(120 * HV_S);
	struct costs before, after;
	char hex[SHA256_HEX];
	uint8_t digest[SHA256_SIZE];
	struct sha256 sha;
	uint64_t bad = UINT64_MAX;
	int err = dev ? mover_open(&mover, dev, bytes, via_gpu) : -ENODEV;

	if (err) {
		answer("result", "FAILED: no device or no memory: %d", err);
		return;
	}
	before = costs_now(dev);
	for (uint64_t at = 0; !err && at < bytes; at += PIECE) {
		pattern_fill(mover.piece, seed, key, at, PIECE);
		err = mover_put(&mover, at);
	}
	if (err) {
		answer("result", "FAILED: write: %d", err);
		return;
	}
	answer("phase", "written");
	if (wait_told("read", 300 * HV_S))
		return;

	sha256_init(&sha);
	for (uint64_t at = 0; !err && at < bytes; at += PIECE) {
		size_t where;

		memset(mover.piece, 0, PIECE);
		err = mover_get(&mover, at);
		sha256_update(&sha, mover.piece, PIECE);
		where = pattern_check(mover.piece, seed, key, at, PIECE);
		if (where < PIECE && bad == UINT64_MAX)
			bad = at + where;
	}
	after = costs_now(dev);
	sha256_final(&sha, digest);
	sha256_hex(digest, hex);
	if (err)
		answer("result", "FAILED: read: %d", err);
	else if (bad != UINT64_MAX)
		answer("result", "FAILED: mismatch at %#llx sha256=%s", (unsigned long long)bad,
		       hex);
	else
		answer("result",
		       "verified bytes=%llu moved=%llu sha256=%s requests=%llu batches=%llu "
		       "sends=%llu "
		       "wakeups=%llu hypercalls=%llu upcalls=%llu grants=%llu dma=%llu "
		       "submissions=%llu",
		       (unsigned long long)bytes, 2ull * bytes, hex,
		       (unsigned long long)(after.requests - before.requests),
		       (unsigned long long)(after.batches - before.batches),
		       (unsigned long long)(after.sends - before.sends),
		       (unsigned long long)(after.wakeups - before.wakeups),
		       (unsigned long long)(after.hypercalls - before.hypercalls),
		       (unsigned long long)(after.upcalls - before.upcalls),
		       (unsigned long long)(after.grants - before.grants),
		       (unsigned long long)mover.by_gpu,
		       (unsigned long long)(after.submissions - before.submissions));
}

static void loop(void)
{
	struct front_dev *dev;
	uint64_t done = 0, losses = 0, next_report = 0;
	bool open = false;
	int err = front_open(0, NULL, NULL, &dev);

	if (err) {
		answer("result", "FAILED: open: %d", err);
		return;
	}
	front_set_timeout(dev, 60 * HV_S);
	for (uint64_t generation = 0; !told("stop"); generation++) {
		uint64_t at = generation % (bytes / PIECE) * PIECE;

		if (!open) { /* first time, or all contents are gone */
			err = front_wait_connected(dev, 120 * HV_S);
			if (!err)
				err = mover_open(&mover, dev, bytes, via_gpu);
			if (err == -ENODEV) {
				nap(50 * HV_MS);
				continue;
			}
			if (err) {
				answer("result", "FAILED: connect: %d (state %s)", err,
				       front_state_name(front_state(dev)));
				return;
			}
			open = true;
		}
		pattern_fill(mover.piece, seed + generation, key, at, PIECE);
		err = mover_put(&mover, at);
		memset(mover.piece, 0, PIECE);
		if (!err)
			err = mover_get(&mover, at);
		if (err == -ENODEV) {
			losses++;
			mover_close(&mover);
			open = false;
			continue;
		}
		if (err || pattern_check(mover.piece, seed + generation, key, at, PIECE) < PIECE) {
			answer("result", "FAILED: piece %llu: error %d or mismatch",
			       (unsigned long long)generation, err);
			return;
		}
		done += 2 * PIECE;
		nap(10 *
		    HV_MS); /* steady traffic, not a flood: the machine may be an emulated one */
		if (hv_now() >= next_report) {
			answer("progress", "verified=%llu losses=%llu", (unsigned long long)done,
			       (unsigned long long)losses);
			next_report = hv_now() + 500 * HV_MS;
		}
	}
	if (open)
		mover_close(&mover);
	front_destroy(dev);
	answer("result", "verified moved=%llu losses=%llu", (unsigned long long)done,
	       (unsigned long long)losses);
}

/* Batches in steady state: what they cost is counted here and, by the harness, in gpudom. */
static void submit(uint64_t batches, uint64_t ops)
{
	struct front_dev *dev = connect(120 * HV_S);
	uint32_t part = (uint32_t)(PIECE / ops) & ~3u;
	struct costs before, after;
	int err = dev ? mover_open(&mover, dev, bytes, true) : -ENODEV;

	pattern_fill(mover.piece, seed, key, 0, PIECE);
	for (uint64_t at = 0; !err && at < bytes; at += PIECE)
		err = mover_put(&mover, at);
	if (err) {
		answer("result", "FAILED: open: %d", err);
		return;
	}
	/* Other bytes, so that what was there does not pass for what was sent. */
	pattern_fill(mover.piece, seed + 1, key, 0, PIECE);
	answer("phase", "ready");
	if (wait_told("run", 300 * HV_S))
		return;
	before = costs_now(dev);
	for (uint64_t i = 0; i < batches && !err; i++) {
		uint64_t to = mover.object_va + i % (bytes / PIECE) * PIECE;

		for (uint64_t op = 0; op < ops && !err; op++)
			err = dma_copy(&mover.dma, mover.buf_va + op * part, to + op * part, part);
		if (!err)
			err = dma_submit(&mover.dma);
		if (!err)
			err = dma_wait(&mover.dma, 60 * HV_S);
	}
	after = costs_now(dev);
	if (err) {
		answer("result", "FAILED: batch: %d", err);
		return;
	}
	answer("phase", "submitted");
	if (wait_told("read", 300 * HV_S))
		return;
	for (uint64_t at = 0; at < bytes && !err; at += PIECE) {
		memset(mover.piece, 0, PIECE);
		err = mover_get(&mover, at);
		if (!err && pattern_check(mover.piece, seed + 1, key, 0, ops * part) < ops * part)
			err = -EILSEQ;
	}
	if (err)
		answer("result", "FAILED: %d", err);
	else
		answer("result",
		       "verified submissions=%llu ops=%llu sends=%llu requests=%llu grants=%llu "
		       "hypercalls=%llu upcalls=%llu sleeps=%llu completions=%llu fallbacks=%llu",
		       (unsigned long long)(after.submissions - before.submissions),
		       (unsigned long long)ops, (unsigned long long)(after.sends - before.sends),
		       (unsigned long long)(after.requests - before.requests),
		       (unsigned long long)(after.grants - before.grants),
		       (unsigned long long)(after.hypercalls - before.hypercalls),
		       (unsigned long long)(after.upcalls - before.upcalls),
		       (unsigned long long)(after.sleeps - before.sleeps),
		       (unsigned long long)(after.completions - before.completions),
		       (unsigned long long)(after.fallbacks - before.fallbacks));
}

static void limits(void)
{
	struct front_dev *dev = connect(120 * HV_S);
	struct dma *d = &mover.dma;
	struct xenvgpu_info_resp info;
	struct front_import *import;
	unsigned int channels = 1, pages;
	uint32_t channel;
	int err = dev ? front_info(dev, &info) : -ENODEV, refusal;

	if (!err)
		err = dma_open(d, dev); /* one channel, and the pages of its ring */
	if (err) {
		answer("result", "FAILED: %d", err);
		return;
	}
	do {
		const struct xenvgpu_channel_create_req req = {.space = d->space,
							       .engine_class = d->engine_class,
							       .gpfifo = d->ring_va,
							       .entries = DMA_SLOTS};

		refusal = front_channel_create(dev, &req, &channel);
		channels += !refusal;
	} while (!refusal);
	for (pages = d->ring->pages; !err; pages += err ? 0 : LIMIT_STEP)
		err = front_mem_import(dev, LIMIT_STEP, 0, &import);
	answer("result", "refused channels=%u error=%d max=%u pages=%u error-of-import=%d",
	       channels, refusal, info.max_channels, pages, err);
}

static void cycle(uint64_t cycles)
{
	for (uint64_t i = 0; i < cycles; i++) {
		struct front_dev *dev = connect(30 * HV_S);
		uint32_t handle;
		int err = dev ? front_ping(dev, i) : -ENODEV;

		/* Every other time an object is left for the close to release. */
		if (!err && i % 2)
			err = front_mem_alloc(dev, XENVGPU_MEM_ALIGN, &handle);
		if (err) {
			answer("result", "FAILED: cycle %llu: %d", (unsigned long long)i, err);
			return;
		}
		front_destroy(dev);
		if (i % 10 == 9)
			answer("progress", "cycles=%llu", (unsigned long long)i + 1);
	}
	answer("result", "verified cycles=%llu grants-given=%u pages-free=%u",
	       (unsigned long long)cycles, hv_grants_given(), hv_pages_free_count());
}

static int worker_start(int argc, char **argv)
{
	const char *mode = order_text(argc, argv, "mode", "hold");

	key = order_number(argc, argv, "key", 1);
	seed = order_number(argc, argv, "seed", 1);
	bytes = order_number(argc, argv, "bytes", 4 * PIECE);
	via_gpu = !strcmp(order_text(argc, argv, "via", "back"), "gpu");
	if (bytes % PIECE || !bytes)
		return -EINVAL;
	answer("phase", "started");
	if (!strcmp(mode, "hold"))
		hold();
	else if (!strcmp(mode, "loop"))
		loop();
	else if (!strcmp(mode, "cycle"))
		cycle(order_number(argc, argv, "cycles", 100));
	else if (!strcmp(mode, "submit"))
		submit(order_number(argc, argv, "batches", 100),
		       order_number(argc, argv, "ops", 4));
	else if (!strcmp(mode, "limits"))
		limits();
	else if (!strcmp(mode, "sit"))
		answer("phase", connect(120 * HV_S) ? "connected" : "FAILED");
	else if (strcmp(mode, "idle") != 0)
		return -EINVAL;
	return wait_told("end", 900 * HV_S);
}

HV_IMAGE(worker_start);
