/* SPDX-License-Identifier: MIT */
/*
 * Completions under the real core and the model's firmware: which engines are told of, how often, and what of it
 * reaches the domain when channels do nothing but interrupt.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/core/regs_vf.h"
#include "tests/unit/channel_bed.h"

struct ears {
	struct channel_bed *bed;
	unsigned int calls;
	uint64_t engines; /* of the last call */
	uint64_t last, closest;
	struct bed_channel *again; /* interrupts once more while it is told */
};

/* The channel pushes `n` interrupts, and is done when this returns. */
static void interrupt(struct bed_channel *c, unsigned int n)
{
	struct push p = bed_push(c);

	while (n--)
		push_one(&p, 0, NVC56F_NON_STALL_INTERRUPT, 0);
	bed_run(c, &p);
}

static void awoken(uint64_t engines, void *arg)
{
	struct ears *e = arg;
	uint64_t now = hv_now();

	if (e->calls++ && now - e->last < e->closest)
		e->closest = now - e->last;
	e->last = now;
	e->engines = engines;
	if (e->again)
		interrupt(e->again, 1);
}

static struct ears listen(struct channel_bed *bed)
{
	return (struct ears){.bed = bed, .closest = UINT64_MAX};
}

static uint64_t bit_of(const struct bed_channel *c)
{
	return 1ull << gpu_channel_engine(c->ch);
}

/* With every release: the engine of the channel that is done, and no other. */
static void an_engine_is_named(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct channel_bed bed = channel_bed_up(bed_versions[v]);
		struct ears e = listen(&bed);
		struct bed_tenant *t = bed_tenant_up(&bed, 0);

		gpu_on_awaken(bed.rm, awoken, &e);
		for (unsigned int i = 0; i < 4; i++)
			bed_channel_up(t, i);
		/* Nobody else is on the runlists of these. */
		assert_int_not_equal(bit_of(&t->c[0]), bit_of(&t->c[1]));
		assert_int_equal(bit_of(&t->c[0]), bit_of(&t->c[3]));
		for (unsigned int i = 0; i < 4; i++) {
			interrupt(&t->c[i], 1);
			pass(HV_MS);
			assert_int_equal(e.calls, i + 1);
			assert_int_equal(e.engines, bit_of(&t->c[i]));
		}
		interrupt(&t->c[0], 1);
		interrupt(&t->c[1], 1);
		interrupt(&t->c[3], 1);
		pass(HV_MS);
		assert_int_equal(e.calls, 5);
		assert_int_equal(e.engines, bit_of(&t->c[0]) | bit_of(&t->c[1]));
		assert_int_equal(bed_tenant_end(t), 0);
		gpu_on_awaken(bed.rm, NULL, NULL);
		channel_bed_down(&bed);
	}
}

/* The copy engine's own interrupt, behind its semaphore. */
static void a_copy_can_interrupt(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *c = bed_channel_up(t, 0);
	struct ears e = listen(&bed);
	struct push p = bed_push(c);

	(void)state;
	gpu_on_awaken(bed.rm, awoken, &e);
	push_set_object(&p, PUSH_COPY_SUBCHANNEL, NVC7B5);
	push_copy_with(&p, DATA_VA, DATA_VA + 4096, 64, 64, 1, NVC7B5_LAUNCH_DMA_INTERRUPT);
	bed_run(c, &p);
	pass(HV_MS);
	assert_int_equal(e.calls, 1);
	p = bed_push(c);
	push_copy(&p, DATA_VA, DATA_VA + 4096, 64, 64, 1);
	push_release_awaken(&p, SYSTEM_VA + SEM_AT(0), 5);
	bed_run(c, &p);
	pass(HV_MS);
	assert_int_equal(bed_sem(c), 5);
	assert_int_equal(e.calls, 2);
	p = bed_push(c);
	push_copy(&p, DATA_VA, DATA_VA + 4096, 64, 64, 1);
	push_release(&p, SYSTEM_VA + SEM_AT(0), 6);
	bed_run(c, &p);
	pass(HV_MS);
	assert_int_equal(e.calls, 2);
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* One that interrupts again whenever it is heard: the gap is kept, and the domain sleeps meanwhile. */
static void a_storm_is_one_in_a_gap(void **state)
{
	struct channel_bed bed = channel_bed_up("535.113.01");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct ears e = listen(&bed);
	uint64_t upcalls, begin;

	(void)state;
	e.again = bed_channel_up(t, 0);
	gpu_on_awaken(bed.rm, awoken, &e);
	interrupt(e.again, 400);
	pass(0);
	assert_int_equal(e.calls, 1);
	begin = hv_now();
	upcalls = hv_upcalls();
	pass(10 * HV_MS);
	assert_in_range(e.calls, 100, 1 + 10 * HV_MS / GPU_AWAKEN_GAP);
	assert_true(e.closest >= GPU_AWAKEN_GAP);
	/* Each gap has an end that wakes the domain, too. */
	assert_true(hv_upcalls() - upcalls <= 2 * (hv_now() - begin) / GPU_AWAKEN_GAP + 10);
	e.again = NULL;
	pass(HV_MS);
	/* It is over, and the next is heard at once. */
	e.calls = 0;
	interrupt(&t->c[0], 1);
	pass(1);
	assert_int_equal(e.calls, 1);
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* What comes in the gap is heard at its end, not lost. */
static void what_comes_in_the_gap_comes_later(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct ears e = listen(&bed);

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		bed_channel_up(t, i);
	gpu_on_awaken(bed.rm, awoken, &e);
	interrupt(&t->c[0], 1);
	pass(GPU_AWAKEN_GAP / 2);
	assert_int_equal(e.calls, 1);
	interrupt(&t->c[1], 1);
	pass(GPU_AWAKEN_GAP / 4);
	assert_int_equal(e.calls, 1);
	pass(GPU_AWAKEN_GAP / 2);
	assert_int_equal(e.calls, 2);
	assert_int_equal(e.engines, bit_of(&t->c[1]));
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* Vectors are enabled while there are channels for the engine and somebody to be told, and only then. */
static void nobody_is_woken_for_nothing(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct gpu *gpu = bed.boot->gpu;
	struct ears e = listen(&bed);
	uint32_t with;

	(void)state;
	bed_channel_up(t, 0);
	assert_int_equal(gpu_rd32(gpu, NV_VF_CPU_INTR_LEAF_EN_SET(0)), 0);
	interrupt(&t->c[0], 1);
	pass(HV_MS);
	gpu_on_awaken(bed.rm, awoken, &e);
	with = gpu_rd32(gpu, NV_VF_CPU_INTR_LEAF_EN_SET(0));
	assert_int_equal(__builtin_popcount(with), 1);
	pass(HV_MS);
	assert_int_equal(e.calls, 1); /* of before: it was pending */
	bed_channel_up(t, 1);
	assert_int_equal(__builtin_popcount(gpu_rd32(gpu, NV_VF_CPU_INTR_LEAF_EN_SET(0))), 2);
	assert_int_equal(bed_channel_end(&t->c[1]), 0);
	assert_int_equal(gpu_rd32(gpu, NV_VF_CPU_INTR_LEAF_EN_SET(0)), with);
	gpu_on_awaken(bed.rm, NULL, NULL);
	assert_int_equal(gpu_rd32(gpu, NV_VF_CPU_INTR_LEAF_EN_SET(0)), 0);
	interrupt(&t->c[0], 1);
	pass(HV_MS);
	assert_int_equal(e.calls, 1);
	gpu_on_awaken(bed.rm, awoken, &e);
	assert_int_equal(bed_tenant_end(t), 0);
	assert_int_equal(gpu_rd32(gpu, NV_VF_CPU_INTR_LEAF_EN_SET(0)), 0);
	channel_bed_down(&bed);
}

/* Where the firmware gives the engine no vector, channels work and nobody is told; the log says so, once. */
static void engines_without_a_vector(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct gpu_engines *engines = (struct gpu_engines *)gpu_rm_engines(bed.rm);
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct ears e = listen(&bed);
	struct hosted *h = bed.boot->h;

	(void)state;
	gpu_on_awaken(bed.rm, awoken, &e);
	for (unsigned int i = 0; i < engines->n; i++)
		engines->engine[i].nonstall = i % 2 ? GPU_NO_VECTOR : 256;
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(bed_works(bed_channel_up(t, 0), 3));
		interrupt(&t->c[0], 1);
		pass(HV_MS);
		assert_int_equal(bed_channel_end(&t->c[0]), 0);
	}
	assert_int_equal(e.calls, 0);
	assert_int_equal(hosted_log_count(h, bed.boot->dom, "has no interrupt for completions"), 1);
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* The session ends in a gap: nothing comes later. */
static void ended_in_a_gap(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct ears e = listen(&bed);

	(void)state;
	bed_channel_up(t, 0);
	gpu_on_awaken(bed.rm, awoken, &e);
	interrupt(&t->c[0], 1);
	pass(0);
	assert_int_equal(e.calls, 1);
	interrupt(&t->c[0], 1);
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
	assert_true(e.calls <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_is_named),
		cmocka_unit_test(a_copy_can_interrupt),
		cmocka_unit_test(a_storm_is_one_in_a_gap),
		cmocka_unit_test(what_comes_in_the_gap_comes_later),
		cmocka_unit_test(nobody_is_woken_for_nothing),
		cmocka_unit_test(engines_without_a_vector),
		cmocka_unit_test(ended_in_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
