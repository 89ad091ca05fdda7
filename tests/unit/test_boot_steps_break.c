/* SPDX-License-Identifier: MIT */
/*
 * Each step, broken at the very moment it begins: a boot that has come that far without a fault ends with
 * that step's name, in its time, and a later start works.
 *
 * test_boot_run_breaks.c has what is wrong from the beginning. docs/boot-failures.md lists both by step.
 */
#include "gpu/core/boot/boot_int.h"
#include "gpu/core/regs_falcon.h"
#include "tests/unit/boot_bed.h"

static struct boot_bed *up(void)
{
	struct boot_bed *bed = boot_bed_up("570.144");

	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	return bed;
}

static void works(struct boot_bed *bed)
{
	if (bed_start(bed) || bed_stop(bed))
		fail_msg("%s", gpu_boot_error(bed->boot));
}

struct place {
	struct boot_bed *bed;
	unsigned int at;
};

static bool reached(void *arg)
{
	const struct place *p = arg;

	return p->bed->over || p->bed->boot->at >= p->at;
}

static void begin(struct boot_bed *bed, bool stop)
{
	bed->over = false;
	if (stop)
		assert_int_equal(gpu_boot_stop(bed->boot, bed_done, bed), 0);
	else
		assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), 0);
}

/* As far as step `at` of the plan, which has not begun then. */
static void go(struct boot_bed *bed, unsigned int at)
{
	struct place place = {bed, at};

	assert_int_equal(hv_loop_until(reached, &place, 60 * HV_S), 0);
	assert_false(bed->over);
	assert_int_equal(bed->boot->at, at);
	assert_int_equal(bed->boot->stage, 0);
}

/* The last step of that name: some are made twice. */
static unsigned int step_called(const struct gpu_boot *b, const char *name)
{
	unsigned int at = b->steps;

	while (at--) {
		if (!strcmp(b->plan[at]->name, name))
			return at;
	}
	fail_msg("no step is called %s", name);
	return 0;
}

/* ---------------------------------------------------------------- what is done to a step */

static void plant(struct boot_bed *bed, const char *fault)
{
	if (model_fault_set(bed->model, fault))
		fail_msg("the model has no fault %s", fault);
}

static void no_ucode_id(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	bed->fw.booter_load.ucode_id = 0;
}

/* The falcon's boot ROM finds no such program, and starts none. */
static void other_ucode_id(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	bed->boot->booter_load.ucode_id ^= 1;
}

/* As if the archive had been loaded off a page. */
static void image_off_a_page(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	bed->fw.gsp.image.data += 8;
}

static void put_meta(struct boot_bed *bed, enum fwq_field field, uint64_t add)
{
	uint64_t v;

	assert_int_equal(fwq_get(bed->pack, field, bed->boot->meta.va, HV_PAGE_SIZE, 0, 0, &v), 0);
	v = add ? v + add : 0;
	assert_int_equal(fwq_put(bed->pack, field, bed->boot->meta.va, HV_PAGE_SIZE, 0, 0, v), 0);
}

static void unaligned_wpr(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	put_meta(bed, FWQ_F_GspFwWprMeta__gspFwWprStart, HV_PAGE_SIZE);
}

static void no_signature(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	put_meta(bed, FWQ_F_GspFwWprMeta__sizeOfSignature, 0);
}

static void cut_image(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	put_meta(bed, FWQ_F_GspFwWprMeta__sizeOfRadix3Elf, 0);
}

static void wrong_magic(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	put_meta(bed, FWQ_F_GspFwWprMeta__magic, 1);
}

/* The firmware looks for its arguments in a page of zeros. */
static void wrong_arguments(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	bed->boot->libos.addr = hv_dma_addr(bed->boot->flush);
}

static void clear_mailbox(struct boot_bed *bed, const char *arg)
{
	(void)arg;
	gpu_falcon_wr32(&bed->boot->gsp, NV_PFALCON_FALCON_MAILBOX0, 0);
}

/* ---------------------------------------------------------------- the tests */

struct breakage {
	const char *begins; /* when this step does … */
	void (*harm)(struct boot_bed *bed, const char *arg);
	const char *arg;
	const char *step; /* … this one fails; NULL: the same */
	const char *says;
	int err;
	bool lost; /* and the GPU is lost with it */
};

static void break_steps(const struct breakage *cases, unsigned int n, bool stop)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct breakage *c = &cases[i];
		const char *step = c->step ? c->step : c->begins, *text;
		struct boot_bed *bed = up();
		struct gpu_firmware fw = bed->fw;
		int err;

		/* A first start for the ROM and the booters, which stay. */
		if (stop)
			assert_int_equal(bed_start(bed), 0);
		else
			works(bed);
		begin(bed, stop);
		go(bed, step_called(bed->boot, c->begins));
		c->harm(bed, c->arg);
		err = bed_wait(bed);
		text = gpu_boot_error(bed->boot);
		if (err != c->err || strncmp(text, step, strlen(step)) != 0 ||
		    !strstr(text, c->says))
			fail_msg("error %d, not %d: \"%s\" is not \"%s: ...%s\"", err, c->err, text,
				 step, c->says);
		bed->fw = fw;
		assert_int_equal(bed->gpu->lost, c->lost);
		if (c->lost)
			boot_bed_revive(bed);
		assert_int_equal(model_fault_set(bed->model, "none"), 0);
		works(bed);
		boot_bed_down(bed);
	}
}

static void steps_of_a_start(void **state)
{
	static const struct breakage cases[] = {
		{"wait_gfw_boot", plant, "gfw-progress=0", NULL, "does not finish", -ETIMEDOUT,
		 false},
		{"set_sysmem_flush", plant, "flip-reg=0x100c40", NULL,
		 "NV_PFB_NISO_FLUSH_SYSMEM_ADDR", -EIO, false},
		{"build_radix3", image_off_a_page, NULL, NULL, "image of 2119680 bytes at", -EINVAL,
		 false},
		{"run_fwsec_frts", plant, "frts-error=0x21", NULL, "FRTS error 0x21", -EIO, false},
		{"reset_gsp", plant, "never-scrubbed=0x110000", NULL,
		 "the GSP does not come out of reset", -EIO, true},
		{"set_gsp_mailbox", wrong_arguments, NULL, "wait_riscv_active",
		 "RISC-V core is not active", -ETIMEDOUT, false},
		{"run_booter_load", wrong_magic, NULL, NULL, "SEC2 mailbox 0 is", -EIO, false},
		{"run_booter_load", unaligned_wpr, NULL, NULL, "SEC2 mailbox 0 is", -EIO, false},
		{"run_booter_load", no_signature, NULL, NULL, "SEC2 mailbox 0 is", -EIO, false},
		{"run_booter_load", cut_image, NULL, NULL, "SEC2 mailbox 0 is", -EIO, false},
		{"run_booter_load", other_ucode_id, NULL, NULL, "as before: it has not run", -EIO,
		 false},
	};

	(void)state;
	break_steps(cases, sizeof(cases) / sizeof(cases[0]), false);
}

/* The booters are prepared once; this is the first start. */
static void booters_are_wrong(void **state)
{
	struct boot_bed *bed = up();
	struct gpu_firmware fw = bed->fw;

	(void)state;
	no_ucode_id(bed, NULL);
	assert_int_equal(bed_start(bed), -EINVAL);
	assert_non_null(strstr(gpu_boot_error(bed->boot), "load_booters: "));
	assert_non_null(strstr(gpu_boot_error(bed->boot), "ucode id 0"));
	bed->fw = fw;
	works(bed);
	boot_bed_down(bed);
}

/* A firmware that has one wish after the other, each of them sound, and never says that it is up. */
static bool wishes(void *arg)
{
	uint32_t payload[2 + 8 + 2] = {64, 2, [10] = 3, 3000000}; /* DELAY_US */
	struct boot_bed *bed = arg;

	if (!bed->over && bed->boot->stage && !bed->boot->script.queued)
		assert_int_equal(gpu_script_add(&bed->boot->script, payload, sizeof(payload)), 0);
	return bed->over;
}

static void scripts_without_end(void **state)
{
	struct boot_bed *bed = up();

	(void)state;
	works(bed);
	begin(bed, false);
	go(bed, step_called(bed->boot, "run_sequencer_until_init_done"));
	assert_int_equal(hv_loop_until(wishes, bed, 100 * HV_S), 0);
	assert_int_equal(bed->err, -ETIMEDOUT);
	assert_non_null(strstr(gpu_boot_error(bed->boot),
			       "run_sequencer_until_init_done: the firmware's scripts do not end"));
	works(bed);
	boot_bed_down(bed);
}

static void steps_of_a_stop(void **state)
{
	static const struct breakage cases[] = {
		{"say_goodbye", plant, "gsp-silent=47", NULL, "function 47: no answer", -ETIMEDOUT,
		 false},
		{"wait_unloaded", clear_mailbox, NULL, NULL, "GSP mailbox 0 stays 00000000",
		 -ETIMEDOUT, false},
		{"stop_gsp", plant, "never-scrubbed=0x110000", NULL,
		 "the GSP does not come out of reset", -EIO, true},
		{"run_fwsec_sb", plant, "sb-error=7", NULL, "SB error 0x7", -EIO, false},
		{"run_fwsec_sb", plant, "never-halts=0x110000", NULL, "FWSEC runs on", -ETIMEDOUT,
		 false},
		{"run_booter_unload", plant, "wpr2-stuck=1", NULL,
		 "NV_PFB_PRI_MMU_WPR2_ADDR_HI is still", -EIO, false},
	};

	(void)state;
	break_steps(cases, sizeof(cases) / sizeof(cases[0]), true);
}

/* The step that an error is of, looked for from `at` on. */
static unsigned int step_in_error(const struct gpu_boot *b, unsigned int at)
{
	const char *text = gpu_boot_error(b);

	for (; at < b->steps; at++) {
		size_t len = strlen(b->plan[at]->name);

		if (!strncmp(text, b->plan[at]->name, len) && text[len] == ':')
			return at;
	}
	fail_msg("\"%s\" is of no later step", text);
	return 0;
}

/*
 * And what can happen to every one of them: nobody is there any more. The next one that needs an answer
 * says so: those that only fill memory do not look.
 */
static void every_step_finds_a_lost_gpu(void **state)
{
	unsigned int steps[2] = {1, 1};

	(void)state;
	for (unsigned int stop = 0; stop < 2; stop++) {
		for (unsigned int at = 0; at < steps[stop]; at++) {
			struct boot_bed *bed = up();
			unsigned int told;

			if (stop)
				assert_int_equal(bed_start(bed), 0);
			begin(bed, stop);
			go(bed, at);
			steps[stop] = bed->boot->steps;
			hosted_pci_reset(bed->slot);
			assert_int_equal(bed_wait(bed), -ENODEV);
			told = step_in_error(bed->boot, at);
			assert_true(told - at <= 4);
			assert_non_null(strstr(gpu_boot_error(bed->boot), "the GPU is lost"));
			boot_bed_revive(bed);
			works(bed);
			boot_bed_down(bed);
		}
	}
	assert_true(steps[0] > 15);
	assert_int_equal(steps[1], 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_of_a_start),
		cmocka_unit_test(booters_are_wrong),
		cmocka_unit_test(scripts_without_end),
		cmocka_unit_test(steps_of_a_stop),
		cmocka_unit_test(every_step_finds_a_lost_gpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
