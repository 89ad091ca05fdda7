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
 *   mode=idle   never touch the device
 *   mode=sit    connect and stay
 * After its work the guest waits for data/go=end.
 */
#include "guest-frontend/bare/front.h"
#include "tests/common/sha256.h"
#include "tests/xen/pattern.h"
#include "worker.h"

#define PIECE 0x100000ull /* bytes per call */

static uint64_t key, seed, bytes;
static uint8_t *buf;

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
	uint64_t hypercalls, upcalls, sends, requests, batches, wakeups, grants;
};

static struct costs costs_now(const struct front_dev *dev)
{
	const struct front_stats *s = front_stats(dev);

	return (struct costs){
		.hypercalls = hv_hypercalls_total(),
		.upcalls = hv_upcalls(),
		.sends = s->notifies,
		.requests = s->requests,
		.batches = s->batches,
		.wakeups = s->wakeups,
		.grants = s->grants,
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
	uint32_t handle;
	int err;

	if (!dev || (err = front_mem_alloc(dev, bytes, &handle))) {
		answer("result", "FAILED: no device or no memory");
		return;
	}
	before = costs_now(dev);
	for (uint64_t at = 0; !err && at < bytes; at += PIECE) {
		pattern_fill(buf, seed, key, at, PIECE);
		err = front_mem_write(dev, handle, at, buf, PIECE);
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

		memset(buf, 0, PIECE);
		err = front_mem_read(dev, handle, at, buf, PIECE);
		sha256_update(&sha, buf, PIECE);
		where = pattern_check(buf, seed, key, at, PIECE);
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
		       "wakeups=%llu hypercalls=%llu upcalls=%llu grants=%llu",
		       (unsigned long long)bytes, 2ull * bytes, hex,
		       (unsigned long long)(after.requests - before.requests),
		       (unsigned long long)(after.batches - before.batches),
		       (unsigned long long)(after.sends - before.sends),
		       (unsigned long long)(after.wakeups - before.wakeups),
		       (unsigned long long)(after.hypercalls - before.hypercalls),
		       (unsigned long long)(after.upcalls - before.upcalls),
		       (unsigned long long)(after.grants - before.grants));
}

static void loop(void)
{
	struct front_dev *dev;
	uint64_t done = 0, losses = 0, next_report = 0;
	uint32_t handle = 0;
	int err = front_open(0, NULL, NULL, &dev);

	if (err) {
		answer("result", "FAILED: open: %d", err);
		return;
	}
	front_set_timeout(dev, 60 * HV_S);
	for (uint64_t generation = 0; !told("stop"); generation++) {
		uint64_t at = generation % (bytes / PIECE) * PIECE;

		if (!handle) { /* first time, or all contents are gone */
			err = front_wait_connected(dev, 120 * HV_S);
			if (!err)
				err = front_mem_alloc(dev, bytes, &handle);
			if (err == -ENODEV) {
				handle = 0;
				nap(50 * HV_MS);
				continue;
			}
			if (err) {
				answer("result", "FAILED: connect: %d (state %s)", err,
				       front_state_name(front_state(dev)));
				return;
			}
		}
		pattern_fill(buf, seed + generation, key, at, PIECE);
		err = front_mem_write(dev, handle, at, buf, PIECE);
		memset(buf, 0, PIECE);
		if (!err)
			err = front_mem_read(dev, handle, at, buf, PIECE);
		if (err == -ENODEV) {
			losses++;
			handle = 0;
			continue;
		}
		if (err || pattern_check(buf, seed + generation, key, at, PIECE) < PIECE) {
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
	front_destroy(dev);
	answer("result", "verified moved=%llu losses=%llu", (unsigned long long)done,
	       (unsigned long long)losses);
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
	buf = malloc(PIECE);
	if (!buf || bytes % PIECE || !bytes)
		return -EINVAL;
	answer("phase", "started");
	if (!strcmp(mode, "hold"))
		hold();
	else if (!strcmp(mode, "loop"))
		loop();
	else if (!strcmp(mode, "cycle"))
		cycle(order_number(argc, argv, "cycles", 100));
	else if (!strcmp(mode, "sit"))
		answer("phase", connect(120 * HV_S) ? "connected" : "FAILED");
	else if (strcmp(mode, "idle") != 0)
		return -EINVAL;
	return wait_told("end", 900 * HV_S);
}

HV_IMAGE(worker_start);
