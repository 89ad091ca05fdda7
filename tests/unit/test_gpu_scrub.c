/* SPDX-License-Identifier: MIT */
/*
 * The copy engine cleans video memory: all of it and nothing beside it, by turns, and what the model spoils is
 * noticed.
 */
#include <errno.h>

#include "tests/unit/channel_bed.h"

#define DIRT 0x5a

struct rig {
	struct channel_bed bed;
	struct gpu_scrubber *scrubber;
	uint64_t free; /* bytes of VRAM with the scrubber there */
};

struct job {
	struct gpu_scrub scrub; /* first */
	struct rig *rig;
	unsigned int ended, place; /* which one of all to end */
	int err;
};

static unsigned int places;

static void job_end(struct gpu_scrub *scrub, int err)
{
	struct job *job = (struct job *)scrub;

	job->ended++;
	job->place = ++places;
	job->err = err;
}

static uint8_t *vram(struct rig *r, uint64_t addr)
{
	return (uint8_t *)model_vram_ptr(r->bed.boot->model) + addr;
}

static struct rig *rig_of(bool by_cpu)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->bed = channel_bed_up("570.144");
	assert_int_equal(
		gpu_scrubber_new(r->bed.boot->gpu, by_cpu ? NULL : r->bed.rm, &r->scrubber), 0);
	r->free = gpu_vram_free_bytes(r->bed.boot->gpu);
	places = 0;
	return r;
}

static struct rig *rig_up(void)
{
	return rig_of(false);
}

/* The scrubber stays until the firmware has ended, with its channel. */
static void rig_down(struct rig *r)
{
	struct gpu_boot *boot = r->bed.boot->boot;

	gpu_rm_stop(r->bed.rm);
	gpu_boot_stop_now(boot);
	gpu_boot_free(boot);
	r->bed.boot->boot = NULL;
	gpu_rm_free(r->bed.rm);
	if (r->scrubber)
		gpu_scrubber_free(r->scrubber);
	boot_bed_down(r->bed.boot);
	free(r);
}

/* A range full of dirt, with a byte of it on either side. */
static struct gpu_range dirty(struct rig *r, uint64_t size)
{
	struct gpu_range range;

	assert_int_equal(gpu_vram_alloc(r->bed.boot->gpu, size, &range), 0);
	memset(vram(r, range.base), DIRT, size);
	return range;
}

static void start(struct rig *r, struct job *job, const struct gpu_range *range)
{
	*job = (struct job){.rig = r};
	gpu_scrub_start(r->scrubber, &job->scrub, range, job_end);
	assert_int_equal(job->ended, 0);
}

static void until_ended(struct job *job)
{
	bed_until_called(&job->ended);
	assert_int_equal(job->ended, 1);
}

static bool all(const uint8_t *bytes, uint8_t value, uint64_t n)
{
	return bytes[0] == value && !memcmp(bytes, bytes + 1, n - 1);
}

static void cleans(bool by_cpu)
{
	static const uint64_t sizes[] = {0x10000, 0x30000, GPU_SCRUB_PIECE,
					 GPU_SCRUB_PIECE + 0x10000, 3 * GPU_SCRUB_PIECE};
	struct rig *r = rig_of(by_cpu);
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct gpu_range before = dirty(r, 0x10000), range = dirty(r, sizes[i]),
				 behind = dirty(r, 0x10000);
		struct job job;

		start(r, &job, &range);
		until_ended(&job);
		assert_int_equal(job.err, 0);
		assert_true(all(vram(r, range.base), 0, range.size));
		assert_true(all(vram(r, before.base), DIRT, before.size));
		assert_true(all(vram(r, behind.base), DIRT, behind.size));
		bytes += sizes[i];
		assert_int_equal(gpu_scrubber_stats(r->scrubber)->bytes, bytes);
		gpu_vram_free(r->bed.boot->gpu, &before);
		gpu_vram_free(r->bed.boot->gpu, &range);
		gpu_vram_free(r->bed.boot->gpu, &behind);
	}
	assert_int_equal(gpu_vram_free_bytes(r->bed.boot->gpu), r->free);
	rig_down(r);
}

static void it_cleans_all_of_it_and_no_more(void **state)
{
	(void)state;
	cleans(false);
	cleans(true);
}

static void small_ones_do_not_wait(bool by_cpu)
{
	struct rig *r = rig_of(by_cpu);
	struct gpu_range large = dirty(r, 8 * GPU_SCRUB_PIECE), small[3];
	struct job a, b[3];

	start(r, &a, &large);
	for (unsigned int i = 0; i < 3; i++) {
		small[i] = dirty(r, 0x20000);
		start(r, &b[i], &small[i]);
	}
	until_ended(&a);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(b[i].err, 0);
		assert_int_equal(b[i].place, i + 1);
		assert_true(all(vram(r, small[i].base), 0, small[i].size));
	}
	assert_int_equal(a.place, 4);
	assert_true(all(vram(r, large.base), 0, large.size));
	rig_down(r);
}

static void small_ones_do_not_wait_for_large_ones(void **state)
{
	(void)state;
	small_ones_do_not_wait(false);
	small_ones_do_not_wait(true);
}

static void what_the_cpu_sees_is_noticed_too(void **state)
{
	struct rig *r = rig_of(true);
	struct gpu_range range = dirty(r, 0x40000);
	struct job job;
	char fault[64];

	(void)state;
	snprintf(fault, sizeof(fault), "flip-vram-write=%llu",
		 (unsigned long long)range.base + 777);
	assert_int_equal(model_fault_set(r->bed.boot->model, fault), 0);
	start(r, &job, &range);
	until_ended(&job);
	assert_int_equal(job.err, -EIO);
	rig_down(r);
}

/* The model stores one bit of what the engine writes the wrong way round. */
static void a_spoiled_byte_is_noticed(void **state)
{
	struct rig *r = rig_up();
	struct gpu_range range = dirty(r, 0x40000), other = dirty(r, 0x10000);
	struct job job, next;

	(void)state;
	assert_int_equal(model_fault_set(r->bed.boot->model, "flip-copy=12345"), 0);
	start(r, &job, &range);
	start(r, &next, &other);
	until_ended(&job);
	assert_int_equal(job.err, -EIO);
	assert_int_equal(model_fault_set(r->bed.boot->model, "none"), 0);
	until_ended(&next);
	assert_false(gpu_is_lost(r->bed.boot->gpu));
	start(r, &job, &range);
	until_ended(&job);
	assert_int_equal(job.err, 0);
	rig_down(r);
}

static void what_is_abandoned_comes_back_when_the_gpu_is_off_it(void **state)
{
	struct rig *r = rig_up();
	struct gpu *gpu = r->bed.boot->gpu;
	struct gpu_range now = dirty(r, 2 * GPU_SCRUB_PIECE), waiting = dirty(r, 0x10000),
			 last = dirty(r, 0x10000);
	uint64_t with = gpu_vram_free_bytes(gpu);
	struct job a, b, c;

	(void)state;
	start(r, &a, &now);
	start(r, &b, &waiting);
	start(r, &c, &last);
	while (!gpu_scrubber_stats(r->scrubber)->submissions)
		pass(1); /* until the first piece is under way */
	gpu_scrub_abandon(&b.scrub, &waiting);
	assert_int_equal(gpu_vram_free_bytes(gpu), with + waiting.size);
	gpu_scrub_abandon(&a.scrub, &now);
	assert_int_equal(gpu_vram_free_bytes(gpu), with + waiting.size);
	until_ended(&c);
	assert_int_equal(c.err, 0);
	assert_int_equal(a.ended + b.ended, 0);
	assert_int_equal(gpu_vram_free_bytes(gpu), with + waiting.size + now.size);
	gpu_vram_free(gpu, &last);
	assert_int_equal(gpu_vram_free_bytes(gpu), r->free);
	rig_down(r);
}

static void an_engine_that_hangs_is_given_up(void **state)
{
	struct rig *r = rig_up();
	struct gpu_range range = dirty(r, 0x10000), other = dirty(r, 0x10000);
	struct job job, next, late;

	(void)state;
	assert_int_equal(model_fault_set(r->bed.boot->model, "flip-semaphore=0"), 0);
	start(r, &job, &range);
	start(r, &next, &other);
	until_ended(&job);
	until_ended(&next);
	assert_int_equal(job.err, -ENODEV);
	assert_int_equal(next.err, -ENODEV);
	assert_true(gpu_is_lost(r->bed.boot->gpu));
	assert_false(bed_master(&r->bed));
	start(r, &late, &range);
	until_ended(&late);
	assert_int_equal(late.err, -ENODEV);
	rig_down(r);
}

/* The engine is not to be had, for want of any of its parts: the CPU does it, and the engine has no VRAM. */
static void without_the_engine_the_cpu_does_it(void **state)
{
	static const char *const faults[] = {"alloc-refused=0x90f1", "alloc-refused=0xc56f",
					     "alloc-refused=0xc7b5", "control-refused=0xa06f0103"};

	(void)state;
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct rig *r = calloc(1, sizeof(*r));
		struct gpu_range range;
		struct job job;

		r->bed = channel_bed_up("535.113.01");
		r->free = gpu_vram_free_bytes(r->bed.boot->gpu);
		assert_int_equal(model_fault_set(r->bed.boot->model, faults[i]), 0);
		assert_int_equal(gpu_scrubber_new(r->bed.boot->gpu, r->bed.rm, &r->scrubber), 0);
		range = dirty(r, 0x50000);
		start(r, &job, &range);
		until_ended(&job);
		assert_int_equal(job.err, 0);
		assert_true(all(vram(r, range.base), 0, range.size));
		assert_int_equal(gpu_scrubber_stats(r->scrubber)->submissions, 0);
		gpu_vram_free(r->bed.boot->gpu, &range);
		assert_int_equal(gpu_vram_free_bytes(r->bed.boot->gpu), r->free);
		rig_down(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_cleans_all_of_it_and_no_more),
		cmocka_unit_test(small_ones_do_not_wait_for_large_ones),
		cmocka_unit_test(a_spoiled_byte_is_noticed),
		cmocka_unit_test(what_the_cpu_sees_is_noticed_too),
		cmocka_unit_test(what_is_abandoned_comes_back_when_the_gpu_is_off_it),
		cmocka_unit_test(an_engine_that_hangs_is_given_up),
		cmocka_unit_test(without_the_engine_the_cpu_does_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
