/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * selftest.c - moves a pattern into video memory and back, when module parameters ask for it.
 *
 * Each time a backend connects: allocate one object, write the pattern to all of it, say so in the
 * log, wait until selftest_go is set, read all of it back, compare each byte and log the outcome
 * with the SHA-256 of what was read. So a harness can let all guests write before any of them reads.
 * The object stays allocated, so that its contents can be inspected from the other side, until the
 * connection ends. With selftest_dma the GPU moves the bytes, from and to memory of ours.
 *
 * With selftest_forge, where we have the GPU's doorbell page, the test is a bad neighbour while it waits: it rings
 * for channels of others, which must not mind, and also when the page goes away under it, which we must not.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/wait.h>

#include <crypto/sha2.h>

#include "front.h"
#include "pattern.h"

static unsigned long long selftest_bytes;
static unsigned long long selftest_seed;
static unsigned int selftest_key;
static bool selftest_dma;
static bool selftest_forge;
static bool selftest_go;
static DECLARE_WAIT_QUEUE_HEAD(go_wait);

static int set_size(const char *text, const struct kernel_param *kp)
{
	char *end;
	unsigned long long size = memparse(text, &end);

	if (end == text || (*end && *end != '\n') || size % XENVGPU_MEM_ALIGN)
		return -EINVAL;
	*(unsigned long long *)kp->arg = size;
	return 0;
}

static const struct kernel_param_ops size_ops = {.set = set_size, .get = param_get_ullong};
module_param_cb(selftest, &size_ops, &selftest_bytes, 0444);
MODULE_PARM_DESC(selftest, "bytes of video memory to test when a backend connects, a multiple of "
			   "64 KiB, K M G allowed (0: no test)");
module_param(selftest_seed, ullong, 0444);
MODULE_PARM_DESC(selftest_seed, "seed of the test pattern");
module_param(selftest_key, uint, 0444);
MODULE_PARM_DESC(selftest_key, "key of the test pattern, different for each guest");

module_param(selftest_dma, bool, 0444);
MODULE_PARM_DESC(selftest_dma, "the GPU moves the bytes (default: the backend does)");

module_param(selftest_forge, bool, 0444);
MODULE_PARM_DESC(selftest_forge, "ring for channels that are not ours while waiting (default 0)");

static int set_go(const char *text, const struct kernel_param *kp)
{
	int ret = param_set_bool(text, kp);

	wake_up_all(&go_wait);
	return ret;
}

static const struct kernel_param_ops go_ops = {.set = set_go, .get = param_get_bool};
module_param_cb(selftest_go, &go_ops, &selftest_go, 0644);
MODULE_PARM_DESC(selftest_go, "the test reads back only when 1 has been written here (default 0)");

void front_selftest_wake(void)
{
	wake_up_all(&go_wait);
}

struct test {
	struct front_conn *conn;
	struct front_dma *dma; /* NULL: the backend moves */
	u32 handle;
	const char *doing; /* for the message about a failure */
	u64 forged;	   /* doorbells rung for others */
	struct sha256_state sha;
	u64 mismatch; /* address of the first wrong word, or selftest_bytes */
};

static void *buf_get(struct test *t)
{
	return t->dma ? front_dma_buf(t->dma) : front_buf_get(t->conn);
}

static void buf_put(struct test *t)
{
	if (!t->dma)
		front_buf_put(t->conn);
}

static int copy(struct test *t, bool to_object, u64 address, u32 length)
{
	if (t->dma)
		return front_dma_move(t->conn, t->dma, to_object, address, length);
	return front_copy(t->conn, to_object ? XENVGPU_OP_MEM_WRITE : XENVGPU_OP_MEM_READ,
			  t->handle, address, length);
}

/* Fills or checks one buffer's worth at address. */
static int move(struct test *t, bool to_object, u64 address, u32 length)
{
	void *buf = buf_get(t);
	int ret;

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	if (to_object)
		pattern_fill(buf, selftest_seed, selftest_key, address, length);
	else
		memset(buf, 0, length); /* what a read leaves out must not look right */
	ret = copy(t, to_object, address, length);
	if (!ret && !to_object) {
		size_t good = pattern_check(buf, selftest_seed, selftest_key, address, length);

		if (good < length && t->mismatch == selftest_bytes)
			t->mismatch = address + good;
		sha256_update(&t->sha, buf, length);
	}
	buf_put(t);
	return ret;
}

static int move_all(struct test *t, bool to_object)
{
	u32 chunk = t->dma ? FRONT_DMA_BUF : rounddown(t->conn->info.copy_max, 8);
	u64 address;
	int ret;

	if (!chunk)
		return -EOPNOTSUPP;
	for (address = 0; address < selftest_bytes; address += chunk) {
		ret = move(t, to_object, address, min_t(u64, chunk, selftest_bytes - address));
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* NVIDIA's token: runlist in 22:16, channel in 11:0. Those of the first channels of many runlists. */
#define FORGE_RUNLISTS 16
#define FORGE_CHANNELS 32

static void forge(struct test *t)
{
	u32 i;

	for (i = 0; i < FORGE_RUNLISTS * FORGE_CHANNELS; i++)
		writel(i / FORGE_CHANNELS << 16 | i % FORGE_CHANNELS,
		       t->conn->bell + XENVGPU_DOORBELL);
	t->forged += i;
	usleep_range(5000, 10000);
}

static void wait_go(struct test *t)
{
	bool forges = selftest_forge && t->conn->bell, gone = false;

	while (forges && !selftest_go && !READ_ONCE(t->conn->dead)) {
		forge(t);
		if (!gone && readl(t->conn->bell) == ~0u) {
			pr_info("selftest: the doorbell page has gone\n");
			gone = true;
		}
	}
	wait_event_idle(go_wait, selftest_go || READ_ONCE(t->conn->dead));
}

static int run(struct test *t)
{
	int ret;

	t->doing = "allocating";
	ret = front_mem_alloc(t->conn, selftest_bytes, &t->handle);
	if (ret)
		return ret;
	if (selftest_dma) {
		struct front_dma *dma;

		t->doing = "making a channel";
		dma = front_dma_open(t->conn, t->handle, selftest_bytes);
		if (IS_ERR(dma))
			return PTR_ERR(dma);
		t->dma = dma;
	}
	t->doing = "writing";
	ret = move_all(t, true);
	if (ret)
		return ret;
	pr_info("selftest: bytes=%llu written\n", selftest_bytes);
	wait_go(t);
	t->doing = "reading";
	return move_all(t, false);
}

void front_selftest(struct front_conn *conn)
{
	struct test t = {.conn = conn, .mismatch = selftest_bytes};
	u8 digest[SHA256_DIGEST_SIZE];
	char dma[96] = "";
	int ret;

	if (!selftest_bytes)
		return;
	sha256_init(&t.sha);
	ret = run(&t);
	sha256_final(&t.sha, digest);
	if (t.dma)
		snprintf(dma, sizeof(dma), " dma=%llu submissions=%u forged=%llu", t.dma->moved,
			 t.dma->submissions, t.forged);
	front_dma_close(conn, t.dma);
	if (ret)
		pr_err("selftest: bytes=%llu FAILED %s: error %d\n", selftest_bytes, t.doing, -ret);
	else if (t.mismatch < selftest_bytes)
		pr_err("selftest: bytes=%llu sha256=%*phN MISMATCH at %#llx\n", selftest_bytes,
		       SHA256_DIGEST_SIZE, digest, t.mismatch);
	else
		pr_info("selftest: bytes=%llu sha256=%*phN%s verified\n", selftest_bytes,
			SHA256_DIGEST_SIZE, digest, dma);
}
