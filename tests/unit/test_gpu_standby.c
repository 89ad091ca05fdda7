/* SPDX-License-Identifier: MIT */
/*
 * The channel that RM of TU102 wants to stand by: there where it is wanted, nowhere else, and for as long as the session
 * lasts; without it there are no graphics.
 */
#include <errno.h>

#include "gpu/core/gr/graphics.h"
#include "tests/model/rm.h"
#include "tests/unit/channel_bed.h"

#define D3	0xc597u
#define REFUSED "no graphics: the channel that is to stand by: error "

static const struct model_rm *model_rm(const struct vm_bed *vm)
{
	return &vm->bed->model->gsp_rm->rm;
}

static bool wants(const char *chip, const char *version)
{
	return !strcmp(chip, "tu102") && strcmp(version, "535.113.01") != 0;
}

/* On each chip, with each version; tenants come and go, and it stays. */
static void where_it_is_wanted(void **state)
{
	unsigned int times = 0;

	(void)state;
	for (unsigned int i = 0; i < BOOT_BOARDS * BED_VERSIONS; i++) {
		const struct boot_board *board = &boot_boards[i / BED_VERSIONS];
		const char *version = bed_versions[i % BED_VERSIONS];
		unsigned int wanted = wants(board->chip, version);
		struct channel_bed bed = channel_bed_up_on(board, version);
		struct bed_tenant *t = bed_tenant_up_with(&bed, 0, 1);
		uint32_t standby = model_rm(&bed.vm)->standby;
		struct bed_channel *c;

		times += wanted;
		assert_int_equal(standby != 0, wanted);
		assert_int_equal(bed.vm.channels, wanted);
		assert_int_not_equal(standby, t->tenant->client.handle);
		c = bed_channel_ask_for(t, 0, gpu_classes(bed.boot->gpu)->engine[1]);
		bed_until_called(&c->ready);
		assert_int_equal(c->err, 0);
		assert_true(bed_works(bed_channel_up(t, 1), 5));
		assert_int_equal(bed_tenant_end(t), 0);
		assert_int_equal(model_rm(&bed.vm)->standby, standby);
		assert_int_equal(model_rm(&bed.vm)->standby_gone, 0);
		channel_bed_down(&bed);
	}
	assert_int_equal(times, 3);
}

/* A session during whose making the model has a fault. */
static struct channel_bed up_with_fault(const char *chip, const char *version, const char *fault)
{
	struct channel_bed bed = {.vm = vm_bed_up_on(boot_board(chip), version)};

	bed.boot = bed.vm.bed;
	assert_int_equal(model_fault_set(bed.boot->model, fault), 0);
	vm_bed_session(&bed.vm);
	bed.rm = bed.vm.rm;
	assert_int_equal(model_fault_set(bed.boot->model, "none"), 0);
	return bed;
}

/* As without graphics at all: copies go on, and of the channel nothing is left. */
static void refused(void **state)
{
	static const struct {
		const char *version, *fault;
	} cases[] = {
		{"570.144", "control-refused=0x20800a46"},
		{"535.261.03", "control-refused=0x20800a46"},
		{"550.163.01", "control-refused=0x00802046"},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_bed bed = up_with_fault("tu102", cases[i].version, cases[i].fault);
		struct gpu_channel_desc desc;
		struct gpu_channel *none;
		struct bed_tenant *t;

		assert_int_equal(gpu_graphics_context(bed.rm), 0);
		assert_int_equal(hosted_log_count(bed.boot->h, bed.boot->dom, REFUSED), 1);
		assert_int_equal(model_rm(&bed.vm)->standby, 0);
		assert_int_equal(bed.vm.channels + bed.vm.groups + bed.vm.directories, 0);
		/* What RM was told of stays its own. */
		assert_int_equal(bed.vm.vram_free + gpu_rm_graphics(bed.rm)->kept.size,
				 bed.boot->gpu->info.vram_usable);
		t = bed_tenant_up(&bed, 0);
		desc = bed_desc(t, 0);
		desc.engine_class = D3;
		assert_int_equal(gpu_channel_new(t->tenant, &desc, bed_channel_ready, NULL, &none),
				 -EOPNOTSUPP);
		assert_true(bed_works(bed_channel_up(t, 1), 5));
		assert_int_equal(bed_tenant_end(t), 0);
		channel_bed_down(&bed);
	}
}

/* Never answered: the channel cannot be taken off either, for that needs a control, and the GPU is lost. */
static void never_answered(void **state)
{
	struct vm_bed vm = vm_bed_up_on(boot_board("tu102"), "570.144");

	(void)state;
	assert_int_equal(model_fault_set(vm.bed->model, "control-silent=0x20800a46"), 0);
	assert_int_equal(gpu_rm_new(vm.bed->gpu, vm.bed->boot, session_ready, &vm.session, &vm.rm),
			 0);
	assert_int_equal(await(&vm.session), -ENODEV);
	assert_true(gpu_is_lost(vm.bed->gpu));
	assert_int_equal(gpu_graphics_context(vm.rm), 0);
	vm_bed_down(&vm);
}

/* The session ends after so many of the firmware's answers: nothing of its memory is left (boot_bed_down() looks). */
static void ended_at_any_moment(void **state)
{
	unsigned int stood = 0;

	(void)state;
	for (unsigned int n = 0; n < 56; n++) {
		struct vm_bed vm = vm_bed_up_on(boot_board("tu102"), "570.144");

		vm.session.times = 0;
		hold(&vm);
		assert_int_equal(
			gpu_rm_new(vm.bed->gpu, vm.bed->boot, session_ready, &vm.session, &vm.rm),
			0);
		for (unsigned int i = 0; i < n; i++)
			step(&vm);
		stood += model_rm(&vm)->standby != 0;
		let_go(&vm);
		vm_bed_down(&vm);
	}
	/* So it was ended before and after. */
	assert_in_range(stood, 1, 55);
}

/* ---------------------------------------------------------------- what RM refuses */

struct asking {
	struct fwq_rm_call call;
	unsigned int times;
	int err;
	uint8_t buf[FWQ_RM_SIZE(64)] __attribute__((aligned(8)));
};

static void answered(struct fwq_rm_call *call, int err)
{
	struct asking *a = call->arg;

	a->times++;
	a->err = err;
}

/* RM's status; the pack that this is said by is 570.144's. */
static uint32_t ask(struct bed_tenant *t, bool teardown)
{
	const enum fwq_struct type = FWQ_S_NV2080_CTRL_INTERNAL_GR_INIT_BUG4208224_WAR_PARAMS;
	const struct fwq_value value = {
		FWQ_F_NV2080_CTRL_INTERNAL_GR_INIT_BUG4208224_WAR_PARAMS__bTeardown, teardown};
	struct fwq_client *client = &t->tenant->client;
	struct asking a = {.times = 0};

	fwq_rm_call_init(&a.call, gpu_rm_fwq(t->bed->rm), &client->caller, a.buf, sizeof(a.buf),
			 answered, &a);
	assert_int_equal(fwq_rm_fill(&a.call, type, &value, 1), 0);
	assert_int_equal(fwq_client_control(client, &a.call, FWQ_SUBDEVICE,
					    FWQ_N_NV2080_CTRL_CMD_INTERNAL_KGR_INIT_BUG4208224_WAR,
					    type),
			 0);
	bed_until_called(&a.times);
	return a.err ? a.call.status : 0;
}

static void the_model_refuses(void **state)
{
	static const struct {
		const char *chip, *fault;
		uint32_t begin, teardown; /* status */
	} cases[] = {
		{"ga102", "none", NV_ERR_NOT_SUPPORTED, NV_ERR_NOT_SUPPORTED},
		{"tu117", "none", NV_ERR_NOT_SUPPORTED, NV_ERR_NOT_SUPPORTED},
		/* Another's stands by already. */
		{"tu102", "none", NV_ERR_INVALID_STATE, NV_ERR_INVALID_STATE},
		/* Nobody's, but the client has no channel of that handle. */
		{"tu102", "control-refused=0x20800a46", NV_ERR_INVALID_CHANNEL,
		 NV_ERR_INVALID_STATE},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_bed bed = up_with_fault(cases[i].chip, "570.144", cases[i].fault);
		struct bed_tenant *t;

		t = bed_tenant_up_with(&bed, 0, 1);
		bed_channel_up(t, 0);
		assert_int_equal(ask(t, false), cases[i].begin);
		assert_int_equal(ask(t, true), cases[i].teardown);
		assert_int_equal(bed_tenant_end(t), 0);
		channel_bed_down(&bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_it_is_wanted), cmocka_unit_test(refused),
		cmocka_unit_test(never_answered),     cmocka_unit_test(ended_at_any_moment),
		cmocka_unit_test(the_model_refuses),
	};

	return cmocka_run_group_tests_name("gpu: a channel stands by", tests, NULL, NULL);
}
