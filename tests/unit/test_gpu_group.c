/* SPDX-License-Identifier: MIT */
/*
 * The life of channel groups: they come with the first channel, go with the last, and whatever is refused, not
 * answered or ended in between leaves nothing behind.
 */
#include <errno.h>

#include "tests/unit/fair_bed.h"

#define CALL_GROUP   "0xa06c"
#define CALL_SLICE   "0xa06c0103"
#define CALL_CHANNEL "0xc56f"

static unsigned int groups(const struct fair_bed *b)
{
	unsigned int n = 0;

	for (size_t i = 0; i < MODEL_GROUPS; i++)
		n += b->model->host->groups[i].used;
	return n;
}

/* The guest's only one, as RM has it. */
static const struct model_group *group(const struct fair_bed *b)
{
	const struct model_group *g = b->model->host->groups;

	assert_int_equal(groups(b), 1);
	while (!g->used)
		g++;
	return g;
}

static void plant(struct fair_bed *b, const char *fault)
{
	assert_int_equal(model_fault_set(b->model, fault), 0);
}

static bool works(struct fair_bed *b, struct fair_channel *c)
{
	fair_submit(c, 1);
	while (model_run(b->model) == MODEL_BUSY)
		;
	return fair_idle(c);
}

static bool some_turns(void *arg)
{
	return (*(unsigned int *)arg)-- == 0;
}

static void turns(unsigned int n)
{
	hv_loop_until(some_turns, &n, 20 * HV_MS);
}

/* What RM is told of the channel. */
static uint64_t method_buffer(struct gpu_channel *ch)
{
	uint64_t base = 0;

	assert_int_equal(gpu_channel_put_alloc(ch), 0);
	assert_int_equal(fwq_get(ch->tenant->pack, FWQ_F_NV_CHANNEL_ALLOC_PARAMS__mthdbufMem_base,
				 ch->buf + FWQ_RM_ROOM, GPU_CHANNEL_PARAMS, 0, 0, &base),
			 0);
	return base;
}

static void first_to_last(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct fair_bed *b = fair_bed_up(bed_versions[v]);
		struct fair_guest *g = fair_guest_up(b, 300, 8, FAIR_LINE, 1);
		const struct model_group *rm;

		/* Asked for together: one makes the group, the others wait for it. */
		for (unsigned int i = 0; i < 8; i++)
			fair_channel_ask(b, g, 0);
		for (unsigned int i = 0; i < 8; i++) {
			bed_until_called(&g->c[i].ready);
			assert_int_equal(g->c[i].err, 0);
		}
		rm = group(b);
		assert_int_equal(rm->nr_channels, 8);
		assert_int_equal(rm->timeslice_us, 300 * GPU_WEIGHT_US);
		assert_int_equal(rm->client, g->tenant->client.handle);
		assert_int_equal(rm->space, g->vm[0]->object.handle);
		for (unsigned int i = 0; i < 8; i++) {
			assert_true(works(b, &g->c[i]));
			assert_int_equal(g->c[i].ch->group->members, 8);
			/* Theirs together: whoever made the group may go first. */
			assert_int_equal(method_buffer(g->c[i].ch),
					 gpu_group_method_buffer(g->c[0].ch->group));
		}
		for (unsigned int i = 0; i < 8; i++) {
			assert_int_equal(groups(b), 1);
			fair_channel_end(&g->c[i]);
			assert_int_equal(g->vm[0]->channels, 7 - i);
		}
		assert_int_equal(groups(b), 0);
		g->n = 0;
		assert_true(works(b, fair_channel_up(b, g, 0)));
		fair_bed_down(b);
	}
}

/* Each engine has one, and each the whole slice: they do not take time from each other. */
static void a_group_for_each_engine(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 8, FAIR_LINE, 1);
	uint32_t engines = 0;

	(void)state;
	memset(gpu_rm_fifo(b->vm.rm)->load, 0, sizeof(gpu_rm_fifo(b->vm.rm)->load));
	for (unsigned int i = 0; i < 6; i++) {
		const struct gpu_channel *ch = fair_channel_up(b, g, 0)->ch;

		engines |= 1u << ch->engine;
		assert_int_equal(ch->group->engine, ch->engine);
		assert_int_equal(ch->group->slice, 1000);
	}
	assert_int_equal(__builtin_popcount(engines), 3);
	assert_int_equal(groups(b), 3);
	fair_bed_down(b);
}

/* Those who wait for a group that cannot be made are all told, and the next ones get another. */
static void cannot_be_made(void **state)
{
	static const struct {
		const char *fault;
		bool silent; /* RM is not asked the like again before it has answered, so that is the end */
	} cases[] = {
		{"alloc-refused=" CALL_GROUP, false},
		{"control-refused=" CALL_SLICE, false},
		{"alloc-silent=" CALL_GROUP, true},
		{"control-silent=" CALL_SLICE, true},
	};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct fair_bed *b = fair_bed_up("570.144");
		struct fair_guest *g = fair_guest_up(b, 100, 8, FAIR_LINE, 1);

		fair_space(b, g, 0);
		plant(b, cases[i].fault);
		for (unsigned int n = 0; n < 3; n++)
			fair_channel_ask(b, g, 0);
		for (unsigned int n = 0; n < 3; n++) {
			bed_until_called(&g->c[n].ready);
			assert_true(g->c[n].err < 0);
		}
		assert_int_equal(groups(b), 0);
		assert_int_equal(g->vm[0]->channels, 0);
		assert_int_equal(g->tenant->client.used, 1); /* the space's */
		plant(b, "none");
		g->n = 0;
		if (!cases[i].silent)
			assert_true(works(b, fair_channel_up(b, g, 0)));
		assert_false(gpu_is_lost(b->vm.bed->gpu));
		assert_int_equal(fair_guest_down(b, g), 0);
		fair_bed_down(b);
	}
}

/* A group that RM has and will not free is empty: it is not used again, and goes with the space or the tenant. */
static void cannot_be_freed(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 1);
	unsigned int slots;

	(void)state;
	fair_channel_up(b, g, 0);
	slots = g->tenant->nr_slots;
	plant(b, "free-refused=" CALL_GROUP);
	for (unsigned int i = 0; i < slots; i++) {
		g->n = i;
		if (i)
			assert_true(works(b, fair_channel_up(b, g, 0)));
		assert_int_equal(g->c[i].ch->group->slice, 1000);
		fair_channel_end(&g->c[i]);
		assert_int_equal(groups(b), i + 1);
	}
	/* When all numbers are used up, there is none, and that is all. */
	plant(b, "none");
	g->n = 0;
	{
		struct gpu_channel_desc desc = {.vm = g->vm[0],
						.engine_class = NVC7B5,
						.gpfifo = FAIR_VA,
						.entries = FAIR_ENTRIES,
						.userd = g->userd.va,
						.userd_dma = g->userd.addr,
						.fault = fair_fault};
		struct gpu_channel *ch;

		assert_int_equal(gpu_channel_new(g->tenant, &desc, fair_ready, NULL, &ch), -EDQUOT);
	}
	assert_int_equal(g->vm[0]->channels, 0);
	assert_int_equal(fair_guest_down(b, g), 0);
	assert_int_equal(groups(b), 0);
	fair_bed_down(b);
}

/* The slice of a live group changes: or not, and the group goes on with the one it has. */
static void slices_change(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 1);
	struct fair_channel *c = fair_channel_up(b, g, 0);
	uint64_t calls;

	(void)state;
	assert_int_equal(group(b)->timeslice_us, 1000);
	/* Several at once: one call at a time, and the last one holds. */
	for (uint32_t w = 1; w <= 50; w++)
		gpu_tenant_weight(g->tenant, w);
	pass(HV_MS);
	assert_int_equal(group(b)->timeslice_us, 500);
	calls = gpu_rm_fwq(b->vm.rm)->stats.calls;
	gpu_tenant_weight(g->tenant, 50);
	pass(HV_MS);
	assert_int_equal(gpu_rm_fwq(b->vm.rm)->stats.calls, calls);
	plant(b, "control-refused=" CALL_SLICE);
	gpu_tenant_weight(g->tenant, 70);
	pass(HV_MS);
	assert_int_equal(group(b)->timeslice_us, 500);
	assert_true(hosted_log_count(b->vm.bed->h, b->vm.bed->dom, "group of channels") > 0);
	plant(b, "none");
	assert_true(works(b, c));
	gpu_tenant_weight(g->tenant, GPU_WEIGHT_MAX);
	pass(HV_MS);
	assert_int_equal(group(b)->timeslice_us, 10000);
	fair_bed_down(b);
}

/* Ended while RM is being told of a slice: it is heard out first. */
static void ends_behind_a_slice(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 3; n++) {
		struct fair_bed *b = fair_bed_up("570.144");
		struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 1);
		struct fair_channel *c = fair_channel_up(b, g, 0);
		bool silent = n == 2;

		if (silent)
			plant(b, "control-silent=" CALL_SLICE);
		else
			hold(&b->vm);
		gpu_tenant_weight(g->tenant, 1);
		assert_true(c->ch->group->busy);
		gpu_channel_free(c->ch, fair_done, c);
		if (!silent)
			let_go(&b->vm);
		if (n == 1) {
			assert_int_equal(fair_guest_down(b, g), 0);
		} else {
			bed_until_called(&c->done);
			/* Who is not told that a channel has stopped does not wait for ever. */
			assert_int_equal(c->err != 0, silent);
			assert_int_equal(gpu_is_lost(b->vm.bed->gpu), silent);
		}
		assert_true(silent || !groups(b));
		fair_bed_down(b);
	}
}

/* The same at any moment of the end: what RM is being told of then is not mixed with the group's free. */
static void a_slice_behind_the_end(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 1);
	unsigned int behind = 0;

	(void)state;
	for (unsigned int n = 0; n < 6; n++) {
		struct fair_channel *c = fair_channel_up(b, g, 0);

		hold(&b->vm);
		gpu_channel_free(c->ch, fair_done, c);
		for (unsigned int i = 0; i < n && !c->done; i++)
			step(&b->vm);
		if (!c->done) {
			gpu_tenant_weight(g->tenant, 1 + n);
			/* The channel's free is under way, and the slice's call waits behind it. */
			behind += c->ch->step == GPU_CHANNEL_FREE && c->ch->group->busy;
		}
		let_go(&b->vm);
		bed_until_called(&c->done);
		assert_int_equal(c->err, 0);
		assert_int_equal(groups(b), 0);
		g->n = 0;
	}
	assert_int_not_equal(behind, 0);
	assert_int_equal(hosted_log_count(b->vm.bed->h, b->vm.bed->dom, "warning"), 0);
	fair_bed_down(b);
}

/* However many spaces a tenant has, and however small its weight: no slice is 0. */
static void the_smallest_slice(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct fair_guest *g = fair_guest_up(b, 1, 16, FAIR_LINE, 1);
	struct gpu_vm *vm[GPU_SPACES_MAX];

	(void)state;
	for (unsigned int i = 0; i < GPU_SPACES_MAX; i++) {
		vm[i] = vm_up(&b->vm, g->tenant);
		g->vm[0] = vm[i];
		fair_channel_up(b, g, 0);
	}
	pass(HV_MS);
	assert_int_equal(groups(b), GPU_SPACES_MAX);
	for (size_t i = 0; i < MODEL_GROUPS; i++)
		if (b->model->host->groups[i].used)
			assert_int_equal(b->model->host->groups[i].timeslice_us, 1);
	fair_bed_down(b);
}

/* One's error stops all of the group, and they know; a neighbour's work goes on. */
static void an_error_is_the_groups(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct fair_bed *b = fair_bed_up(bed_versions[v]);
		struct fair_guest *g = fair_guest_up(b, 100, 8, FAIR_LINE, 1);
		struct fair_guest *other = fair_guest_up(b, 100, 1, FAIR_LINE, 1);
		bool told = !strcmp(bed_versions[v], "570.144");
		struct fair_channel *c, *elsewhere;

		c = fair_channel_up(b, other, 0);
		for (unsigned int i = 0; i < 4; i++)
			fair_channel_up(b, g, 0);
		elsewhere = fair_channel_up(b, g, 1);
		pass(HV_MS);
		assert_int_equal(elsewhere->ch->group->slice, 500);
		assert_int_equal(gpu_vm_unmap(g->vm[0], FAIR_VA, FAIR_MEMORY, GPU_PAGE_4K), 0);
		assert_int_equal(gpu_vm_commit(g->vm[0]), 0);
		assert_false(works(b, &g->c[2]));
		for (unsigned int i = 0; i < 4; i++) {
			bed_until_called(&g->c[i].faults);
			assert_int_equal(g->c[i].fault.xid, 31);
			/* Only one of them was there. */
			assert_true(g->c[i].fault.address == (told && i == 2 ? FAIR_VA : 0));
		}
		assert_int_equal(elsewhere->faults + c->faults, 0);
		assert_true(works(b, c) && works(b, elsewhere));
		pass(HV_MS);
		assert_int_equal(elsewhere->ch->group->slice, 1000);
		/* Nobody joins those; the next ones do without them. */
		{
			struct gpu_run run = {g->memory.addr, FAIR_MEMORY,
					      GPU_APERTURE_SYSMEM_COHERENT};
			struct gpu_map map = {
				.va = FAIR_VA, .page = GPU_PAGE_4K, .runs = &run, .n = 1};

			assert_int_equal(gpu_vm_map(g->vm[0], &map), 0);
			assert_int_equal(gpu_vm_commit(g->vm[0]), 0);
		}
		assert_true(works(b, fair_channel_up(b, g, 0)));
		assert_ptr_not_equal(g->c[5].ch->group, g->c[0].ch->group);
		for (unsigned int i = 0; i < 6; i++) {
			assert_int_equal(g->c[i].faults, i < 4);
			fair_channel_end(&g->c[i]);
		}
		assert_int_equal(groups(b), 1);
		fair_bed_down(b);
	}
}

/* Channels come and go at any moment of the group's making and end. */
static void at_any_moment(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	unsigned int made = 0;

	(void)state;
	for (unsigned int n = 0; n < 48; n++) {
		struct fair_guest *g = fair_guest_up(b, 100, 8, FAIR_LINE, 1);
		struct fair_channel *c[3];

		fair_space(b, g, 0);
		c[0] = fair_channel_ask(b, g, 0);
		turns(n / 2);
		made += c[0]->ready;
		c[1] = fair_channel_ask(b, g, 0);
		gpu_channel_free(c[0]->ch, fair_done, c[0]);
		gpu_tenant_weight(g->tenant, 1 + n);
		turns(n % 8);
		c[2] = fair_channel_ask(b, g, n % 3 == 2);
		if (n % 2) {
			bed_until_called(&c[0]->done);
			bed_until_called(&c[1]->ready);
			bed_until_called(&c[2]->ready);
			assert_true(works(b, c[1]) && works(b, c[2]));
			fair_channel_end(c[1]);
			fair_channel_end(c[2]);
			assert_int_equal(groups(b), 0);
		}
		assert_int_equal(fair_guest_down(b, g), 0);
		b->n--;
		assert_int_equal(groups(b), 0);
	}
	assert_in_range(made, 1, 47);
	fair_bed_down(b);
}

/* RM is silent, or gone, while a channel waits for its group: all ends come, and nothing is left. */
static void the_firmware_is_gone(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 2; n++) {
		struct fair_bed *b = fair_bed_up("570.144");
		struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 1);
		struct fair_channel *c;

		fair_channel_up(b, g, 0);
		fair_space(b, g, 1);
		gpu_tenant_weight(g->tenant, 7);
		hold(&b->vm);
		c = fair_channel_ask(b, g, 1);
		if (n) {
			bed_until_called(&c->ready);
			assert_true(c->err < 0);
			assert_true(gpu_is_lost(b->vm.bed->gpu));
		}
		assert_int_not_equal(fair_guest_down(b, g), 0);
		fair_bed_down(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_to_last),	  cmocka_unit_test(a_group_for_each_engine),
		cmocka_unit_test(cannot_be_made),	  cmocka_unit_test(cannot_be_freed),
		cmocka_unit_test(slices_change),	  cmocka_unit_test(ends_behind_a_slice),
		cmocka_unit_test(a_slice_behind_the_end), cmocka_unit_test(the_smallest_slice),
		cmocka_unit_test(an_error_is_the_groups), cmocka_unit_test(at_any_moment),
		cmocka_unit_test(the_firmware_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
