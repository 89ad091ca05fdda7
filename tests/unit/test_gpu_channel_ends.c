/* SPDX-License-Identifier: MIT */
/*
 * Channels end, with running firmware: whatever they do, at any moment, and whatever the firmware makes of it; of them
 * nothing is left, and their neighbours go on.
 */
#include <errno.h>

#include "fwq/view.h"
#include "gpu/core/boot/boot_int.h"
#include "tests/unit/channel_copies.h"

/* Waits for what never comes. */
static void wait_for_ever(struct bed_channel *c)
{
	struct push p = bed_push(c);

	push_acquire(&p, SYSTEM_VA + SEM_AT(c->i), 0x7fffffff);
	bed_run(c, &p);
	assert_int_not_equal(*bed_userd(c, PUSH_USERD_GP_GET), c->put);
}

/*
 * Its entries say that there are more: each writes to USERD that the last one is the one before it. The owner has
 * USERD mapped for it.
 */
static void run_for_ever(struct bed_channel *c)
{
	struct bed_tenant *t = c->owner;
	uint64_t put = USERD_VA + (uint64_t)c->i * USERD_BYTES + PUSH_USERD_GP_PUT;

	for (uint32_t i = 0; i < BED_ENTRIES; i++) {
		uint32_t at = PUSH_AT(c->i) + 64 * i;
		struct push p = {.words = (void *)((char *)t->system.va + at), .room = 16};

		push_semaphore(&p, put, i, NVC56F_SEM_EXECUTE_RELEASE);
		bed_entry(c, push_entry(SYSTEM_VA + at, 4 * p.n));
	}
	*bed_userd(c, PUSH_USERD_GP_PUT) = 1;
	gpu_channel_ring(c->ch);
	assert_int_equal(c->faults, 0);
}

static void what_never_ends_can_be_ended(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0), *other = bed_tenant_up(&bed, 1);
	struct bed_channel *neighbour = bed_channel_up(other, 0);

	(void)state;
	bed_map(t, USERD_VA, t->userd.addr, HV_PAGE_SIZE, GPU_APERTURE_SYSMEM_COHERENT);
	for (unsigned int n = 0; n < 2; n++) {
		wait_for_ever(bed_channel_up(t, 0));
		run_for_ever(bed_channel_up(t, 1));
		assert_true(bed_works(neighbour, 1 + n));
		if (n) {
			/* With the whole tenant. */
			assert_int_equal(bed_tenant_end(t), 0);
		} else {
			assert_int_equal(bed_channel_end(&t->c[0]), 0);
			assert_int_equal(bed_channel_end(&t->c[1]), 0);
		}
		assert_int_equal(bed_model_channels(&bed), 1);
		round_trip(neighbour, (uint8_t)(20 + n));
	}
	assert_int_equal(bed_tenant_end(other), 0);
	channel_bed_down(&bed);
}

/*
 * However many channels a tenant has, they are stopped by one call; then each costs the two that free it, and each
 * of the three groups (an engine's each) one.
 */
static void all_at_once(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	uint64_t calls[2];

	(void)state;
	for (unsigned int n = 0; n < 2; n++) {
		struct bed_tenant *t = bed_tenant_up(&bed, 0);

		for (unsigned int i = 0; i < (n ? 7 : 3); i++)
			wait_for_ever(bed_channel_up(t, i));
		calls[n] = gpu_rm_fwq(bed.rm)->stats.calls;
		assert_int_equal(bed_tenant_end(t), 0);
		calls[n] = gpu_rm_fwq(bed.rm)->stats.calls - calls[n];
	}
	assert_int_equal(calls[1] - calls[0], 2 * 4);
	channel_bed_down(&bed);
}

/* Calls of the firmware's that make and end a channel. */
#define CALL_SIZE     "0x20802a08"
#define CALL_GROUP    "0xa06c"
#define CALL_SLICE    "0xa06c0103"
#define CALL_CHANNEL  "0xc56f"
#define CALL_BIND     "0xa06f0104"
#define CALL_ENGINE   "0xc7b5"
#define CALL_SCHEDULE "0xa06f0103"
#define CALL_STOP     "0x2080110b"

/* Each step of the making refused: nothing is left, and the next channel can be made. */
static void refused_at_each_step(void **state)
{
	static const char *const faults[] = {
		"control-refused=" CALL_SIZE,	  "alloc-refused=" CALL_GROUP,
		"control-refused=" CALL_SLICE,	  "alloc-refused=" CALL_CHANNEL,
		"control-refused=" CALL_BIND,	  "alloc-refused=" CALL_ENGINE,
		"control-refused=" CALL_SCHEDULE, "flip-control=0x20802a0800000002", /* too large */
	};
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);

	(void)state;
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct bed_channel *c;

		gpu_rm_fifo(bed.rm)->method_buffer = 0; /* asked once in a session */
		assert_int_equal(model_fault_set(bed.boot->model, faults[i]), 0);
		c = bed_channel_ask(t, 0);
		bed_until_called(&c->ready);
		assert_true(c->err < 0);
		assert_int_equal(c->ready, 1);
		assert_int_equal(bed_model_channels(&bed), 0);
		assert_int_equal(bed_model_groups(&bed), 0);
		assert_int_equal(t->vm->channels, 0);
		assert_int_equal(t->tenant->client.used, 1); /* the space's */
		assert_int_equal(model_fault_set(bed.boot->model, "none"), 0);
		c = bed_channel_up(t, 0);
		assert_true(bed_works(c, 1 + i));
		assert_int_equal(bed_channel_end(c), 0);
	}
	assert_false(gpu_is_lost(bed.boot->gpu));
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* What is refused at the end: RM's free of the channel alone is what matters. */
static void refused_ends(void **state)
{
	static const struct {
		const char *fault;
		bool lost;
	} cases[] = {
		{"control-refused=" CALL_STOP, false},
		{"free-refused=" CALL_ENGINE, false},
		{"free-refused=" CALL_CHANNEL, true},
		{"free-refused=" CALL_GROUP, false}, /* the space or the client takes it along */
	};

	(void)state;
	for (unsigned int i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_bed bed = channel_bed_up("570.144");
		struct bed_tenant *t = bed_tenant_up(&bed, 0);
		struct bed_channel *c = bed_channel_up(t, 0);
		bool lost = cases[i / 2].lost, whole = i % 2;
		uint32_t chid = c->ch->chid;
		int err;

		wait_for_ever(c);
		assert_int_equal(model_fault_set(bed.boot->model, cases[i / 2].fault), 0);
		err = whole ? bed_tenant_end(t) : bed_channel_end(c);
		assert_int_equal(err != 0, lost);
		assert_int_equal(whole ? t->end.mastering : c->master, !lost);
		assert_int_equal(gpu_is_lost(bed.boot->gpu), lost);
		assert_int_equal(gpu_rm_fifo(bed.rm)->chids.taken[chid], lost);
		assert_int_equal(c->done, !whole);
		if (!whole) {
			assert_int_equal(model_fault_set(bed.boot->model, "none"), 0);
			bed_tenant_end(t);
		}
		channel_bed_down(&bed);
	}
}

/*
 * Calls of the end that are never answered: the function masters the bus no more when the owner is told, for then
 * the memory is his again.
 */
static void silence_at_the_end(void **state)
{
	static const char *const faults[] = {
		"control-silent=" CALL_STOP, "free-silent=" CALL_ENGINE,
		"free-silent=" CALL_CHANNEL, "free-silent=" CALL_GROUP};

	(void)state;
	for (unsigned int i = 0; i < 2 * sizeof(faults) / sizeof(faults[0]); i++) {
		struct channel_bed bed = channel_bed_up("570.144");
		struct bed_tenant *t = bed_tenant_up(&bed, 0);
		struct bed_channel *c = bed_channel_up(t, 0), *d = bed_channel_up(t, 1);
		bool whole = i % 2;

		wait_for_ever(c);
		assert_true(bed_works(d, 5));
		assert_int_equal(model_fault_set(bed.boot->model, faults[i / 2]), 0);
		if (whole)
			assert_true(bed_tenant_end(t) < 0);
		else
			assert_true(bed_channel_end(c) < 0);
		assert_false(whole ? t->end.mastering : c->master);
		assert_true(gpu_is_lost(bed.boot->gpu));
		assert_true(hosted_log_count(bed.boot->h, bed.boot->dom, "lost: ") > 0);
		if (!whole) {
			assert_int_equal(bed_channel_end(d),
					 -ENODEV); /* nobody is asked any more */
			assert_int_not_equal(bed_tenant_end(t), 0);
		}
		channel_bed_down(&bed);
	}
}

/*
 * Calls of the making that are carried out and never answered. When it is known that the channel is gone all the
 * same, that is all; a channel that may run and cannot be stopped costs the GPU.
 */
static void silence_at_the_beginning(void **state)
{
	static const struct {
		const char *fault;
		bool lost;
	} cases[] = {
		{"control-silent=" CALL_SIZE, false},	 {"alloc-silent=" CALL_GROUP, false},
		{"control-silent=" CALL_SLICE, false},	 {"alloc-silent=" CALL_CHANNEL, false},
		{"control-silent=" CALL_BIND, false},	 {"alloc-silent=" CALL_ENGINE, false},
		{"control-silent=" CALL_SCHEDULE, true},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_bed bed = channel_bed_up("570.144");
		struct bed_tenant *t = bed_tenant_up(&bed, 0);
		struct bed_channel *c;

		if (!i)
			gpu_rm_fifo(bed.rm)->method_buffer = 0; /* as before the first channel */
		assert_int_equal(model_fault_set(bed.boot->model, cases[i].fault), 0);
		c = bed_channel_ask(t, 0);
		bed_until_called(&c->ready);
		assert_int_equal(c->err, -ETIMEDOUT);
		assert_int_equal(gpu_is_lost(bed.boot->gpu), cases[i].lost);
		if (!cases[i].lost)
			assert_int_equal(bed_model_channels(&bed) + bed_model_groups(&bed), 0);
		assert_int_equal(bed_master(&bed), !cases[i].lost);
		assert_int_equal(model_fault_set(bed.boot->model, "none"), 0);
		assert_int_equal(bed_tenant_end(t) != 0, cases[i].lost);
		channel_bed_down(&bed);
	}
}

/* ---------------------------------------------------------------- at any moment */

enum act { FREE, END, FREE_THEN_END, ACTS };

/* A channel at one of its moments: the firmware has answered n calls, the last of them told to nobody yet if half. */
static struct bed_channel *at_moment(struct channel_bed *bed, struct bed_tenant *t, unsigned int n,
				     bool half)
{
	struct bed_channel *c;

	hold(&bed->vm);
	c = bed_channel_ask(t, 0);
	while (n > 1 || (n && !half)) {
		step(&bed->vm);
		n--;
	}
	if (half)
		half_step(&bed->vm);
	return c;
}

/* While `less` is more than 0, the next channel is for the engine that this one has, and so of its group. */
static void prefer(struct channel_bed *bed, const struct bed_channel *c, int less)
{
	for (unsigned int i = 0; i < GPU_ENGINES_MAX; i++)
		gpu_rm_fifo(bed->rm)->load[i] += i == c->ch->engine ? 0 : (unsigned int)less;
}

static void at_a_moment(struct channel_bed *bed, unsigned int n, bool half, enum act act,
			bool group)
{
	struct bed_tenant *t = bed_tenant_up(bed, 0);
	struct bed_channel *other = bed_channel_up(t, 1), *c;
	struct told end = {.model = bed->boot->model};
	unsigned int ready, calls = group ? 7 : 4;

	prefer(bed, other, group ? 0 : 100);
	c = at_moment(bed, t, n, half);
	prefer(bed, other, group ? 0 : -100);
	/* Four calls make a channel that is not the first, after the three that make a group. */
	ready = c->ready;
	assert_int_equal(ready, n > calls || (n == calls && !half));
	if (act == FREE || act == FREE_THEN_END)
		gpu_channel_free(c->ch, bed_channel_done, c);
	if (act == FREE_THEN_END)
		step(&bed->vm);
	if (act == END || act == FREE_THEN_END)
		gpu_tenant_end(t->tenant, ended, &end);
	assert_int_equal(c->done, 0);
	let_go(&bed->vm);
	if (act == FREE) {
		bed_until_called(&c->done);
		assert_int_equal(c->err, 0);
		assert_true(bed_works(other, 77));
		gpu_tenant_end(t->tenant, ended, &end);
	}
	assert_int_equal(await(&end), 0);
	assert_int_equal(c->done, act == FREE);
	assert_int_equal(c->ready, ready);
	assert_int_equal(bed_model_channels(bed), 0);
	bed_tenant_memory_free(t);
}

/* Ended while it is being made: nobody hears that it is ready, unless he has. */
static void ended_at_any_moment(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");

	(void)state;
	for (unsigned int n = 0; n <= 9; n++) {
		for (enum act act = FREE; act < 2 * ACTS; act++) {
			at_a_moment(&bed, n, false, act % ACTS, act / ACTS);
			if (n)
				at_a_moment(&bed, n, true, act % ACTS, act / ACTS);
		}
	}
	assert_false(gpu_is_lost(bed.boot->gpu));
	channel_bed_down(&bed);
}

/* The session goes away under all of it: nobody is called, nothing is left. */
static void without_an_end(void **state)
{
	(void)state;
	for (unsigned int n = 0; n <= 32; n++) {
		struct channel_bed bed = channel_bed_up("570.144");
		struct bed_tenant *t = bed_tenant_up(&bed, 0);
		struct bed_channel *c = at_moment(&bed, t, n % 12, n % 2);
		unsigned int ready, done;

		if (n % 3)
			gpu_channel_free(c->ch, bed_channel_done, c);
		if (n > 10)
			step(&bed.vm);
		if (n > 21)
			half_step(&bed.vm);
		ready = c->ready;
		done = c->done;
		let_go(&bed.vm);
		hv_dma_free(&t->system);
		hv_dma_free(&t->userd);
		vm_bed_down(&bed.vm);
		assert_int_equal(c->ready, ready);
		assert_int_equal(c->done, done);
	}
}

/* Refused while its owner has asked for the end, and when it is over but was not told: he hears of the end. */
static void ended_while_it_fails(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *c;

	(void)state;
	bed_channel_up(t, 1);
	assert_int_equal(model_fault_set(bed.boot->model, "alloc-refused=0xc56f"), 0);
	for (unsigned int n = 0; n <= 1; n++) {
		c = at_moment(&bed, t, n, n);
		assert_int_equal(c->ready, 0);
		gpu_channel_free(c->ch, bed_channel_done, c);
		let_go(&bed.vm);
		bed_until_called(&c->done);
		assert_int_equal(c->err, 0);
		assert_int_equal(c->ready, 0);
	}
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* The firmware dies while channels run and one is on its way: the ends come, without mastering of the bus. */
static void the_firmware_dies(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *c = bed_channel_up(t, 0), *d;

	(void)state;
	wait_for_ever(c);
	assert_int_equal(model_fault_set(bed.boot->model, "gsp-silent=76"), 0);
	d = bed_channel_ask(t, 1);
	gpu_channel_free(c->ch, bed_channel_done, c);
	fwq_wr(bed.boot->pack, msgqTxHeader, writePtr, bed.boot->boot->channel.queue.msg,
	       0xdeadbeef);
	bed_until_called(&c->done);
	assert_true(c->err < 0);
	assert_false(c->master);
	bed_until_called(&d->ready);
	assert_true(d->err < 0);
	assert_true(gpu_is_lost(bed.boot->gpu));
	assert_true(bed_tenant_end(t) < 0);
	channel_bed_down(&bed);
}

/* In callbacks everything is allowed. */
static void end_in_fault(struct gpu_channel *ch, const struct gpu_fault *fault, void *arg)
{
	struct bed_channel *c = arg;

	bed_channel_fault(ch, fault, arg);
	gpu_channel_free(ch, bed_channel_done, c);
	assert_int_equal(c->done, 0);
}

/* The GPU is lost in the midst of it, so the end is there at once. */
static void lose_and_end_in_fault(struct gpu_channel *ch, const struct gpu_fault *fault, void *arg)
{
	struct bed_channel *c = arg;

	bed_channel_fault(ch, fault, arg);
	gpu_give_up(c->owner->bed->boot->gpu, "for this test");
	gpu_channel_free(ch, bed_channel_done, c);
	assert_int_equal(c->done, 0);
}

static void tenant_end_in_ready(struct gpu_channel *ch, int err, void *arg)
{
	struct bed_channel *c = arg;

	bed_channel_ready(ch, err, arg);
	gpu_tenant_end(c->owner->tenant, ended, &c->owner->end);
	assert_int_equal(c->owner->end.times, 0);
}

/* A channel whose owner's fault() ends it is made, and faults. */
static struct bed_channel *faults_and_ends(struct bed_tenant *t,
					   void (*fault)(struct gpu_channel *ch,
							 const struct gpu_fault *fault, void *arg))
{
	struct gpu_channel_desc desc = bed_desc(t, 0);
	struct bed_channel *c = &t->c[0];
	struct push p;

	*c = (struct bed_channel){.owner = t};
	desc.fault = fault;
	assert_int_equal(gpu_channel_new(t->tenant, &desc, bed_channel_ready, c, &c->ch), 0);
	bed_until_called(&c->ready);
	p = bed_push(c);
	push_copy(&p, UNMAPPED_VA, DATA_VA, 64, 64, 1);
	bed_run(c, &p);
	bed_until_called(&c->done);
	return c;
}

static void loss_in_a_callback(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *c = faults_and_ends(t, lose_and_end_in_fault);

	(void)state;
	pass(HV_MS);
	assert_int_equal(c->done, 1);
	assert_int_equal(c->err, -ENODEV);
	assert_int_not_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

static void ends_in_callbacks(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *c = faults_and_ends(t, end_in_fault);
	struct gpu_channel_desc desc = bed_desc(t, 0);

	(void)state;
	desc.fault = end_in_fault;
	assert_int_equal(c->faults, 1);
	assert_int_equal(c->err, 0);
	*c = (struct bed_channel){.owner = t};
	assert_int_equal(gpu_channel_new(t->tenant, &desc, tenant_end_in_ready, c, &c->ch), 0);
	assert_int_equal(await(&t->end), 0);
	assert_int_equal(c->ready, 1);
	bed_tenant_memory_free(t);
	channel_bed_down(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_never_ends_can_be_ended),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(refused_at_each_step),
		cmocka_unit_test(refused_ends),
		cmocka_unit_test(silence_at_the_end),
		cmocka_unit_test(silence_at_the_beginning),
		cmocka_unit_test(ended_at_any_moment),
		cmocka_unit_test(without_an_end),
		cmocka_unit_test(ended_while_it_fails),
		cmocka_unit_test(the_firmware_dies),
		cmocka_unit_test(loss_in_a_callback),
		cmocka_unit_test(ends_in_callbacks),
	};

	return cmocka_run_group_tests_name("gpu: ends of channels", tests, NULL, NULL);
}
