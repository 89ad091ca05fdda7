/* SPDX-License-Identifier: MIT */
/*
 * Each step of the boot with something wrong: it ends with a message that names the step and what was
 * found, within its time, the memory is given back, and the next try without the fault succeeds.
 */
#include "gpu/core/boot/boot_int.h"
#include "tests/unit/boot_bed.h"

/* A start that fails at `step` with `says`, and then one that does not. */
static void breaks(struct boot_bed *bed, int err, const char *step, const char *says)
{
	int got = bed_start(bed);
	const char *text = gpu_boot_error(bed->boot);

	if (got != err || strncmp(text, step, strlen(step)) != 0 || !strstr(text, says))
		fail_msg("error %d, not %d: \"%s\" is not \"%s: ...%s\"", got, err, text, step,
			 says);
	assert_int_equal(gpu_boot_state(bed->boot), GPU_BOOT_OFF);
}

static void works(struct boot_bed *bed)
{
	if (bed_start(bed) || bed_stop(bed))
		fail_msg("%s", gpu_boot_error(bed->boot));
}

static struct boot_bed *up(void)
{
	struct boot_bed *bed = boot_bed_up("570.144");

	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	return bed;
}

/* ---------------------------------------------------------------- faults of the hardware */

static void hardware_faults(void **state)
{
	static const struct {
		const char *fault;
		int err;
		const char *step, *says;
	} cases[] = {
		{"gfw-progress=0x20", -ETIMEDOUT, "wait_gfw_boot", "progress 00000020"},
		{"flip-reg=0x100c10", -EIO, "set_sysmem_flush", "NV_PFB_NISO_FLUSH_SYSMEM_ADDR"},
		{"flip-rom=0x200", -EINVAL, "read_rom", "BIT"},
		{"flip-rom=0x4000", -EIO, "run_fwsec_frts", "WPR2 1ffffe00"},
		{"flip-ucode=0x110100", -EIO, "run_fwsec_frts", "WPR2 1ffffe00"},
		{"flip-image=0", 0, NULL, NULL}, /* not signed here: arrives, see the real files */
		{"frts-error=0x17", -EIO, "run_fwsec_frts", "FRTS error 0x17"},
		{"wpr2-off-by=0x20000", -EIO, "run_fwsec_frts", "FRTS was to be at 0x3fe00000"},
		{"never-halts=0x110000", -ETIMEDOUT, "run_fwsec_frts", "FWSEC runs on"},
		{"never-scrubbed=0x110000", -EIO, "run_fwsec_frts", "cannot be started"},
		{"booter-load-error=0x42", -EIO, "run_booter_load", "SEC2 mailbox 0 is 00000042"},
		{"never-halts=0x840000", -ETIMEDOUT, "run_booter_load", "booter_load runs on"},
		{"never-scrubbed=0x840000", -EIO, "run_booter_load", "cannot be started"},
		{"riscv-dead=1", -ETIMEDOUT, "wait_riscv_active", "RISC-V core"},
		{"gsp-silent=0x1001", -ETIMEDOUT, "run_sequencer_until_init_done",
		 "does not say that it is up"},
		{"gsp-silent=65", -ETIMEDOUT, "get_static_info", "function 65: no answer"},
		{"rpc-result=0x31", -EIO, "get_static_info",
		 "function 65: the firmware answers 0x31"},
		{"flip-rpc=60", -EIO, "run_sequencer_until_init_done", "damaged (1"},
		{"sequencer-address=0x1000000", -EPROTO, "run_sequencer_until_init_done",
		 "0x1000000 at word"},
		{"sequencer-address=0x1402", -EPROTO, "run_sequencer_until_init_done",
		 "0x1402 at word"},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct boot_bed *bed = up();

		if (model_fault_set(bed->model, cases[i].fault))
			fail_msg("the model has no fault %s", cases[i].fault);
		if (cases[i].err)
			breaks(bed, cases[i].err, cases[i].step, cases[i].says);
		else
			works(bed);
		/* Of a GPU whose falcon cannot be reset nothing can be had any more. */
		if (strncmp(cases[i].fault, "never-scrubbed", 14) != 0) {
			assert_int_equal(model_fault_set(bed->model, "none"), 0);
			works(bed);
		} else {
			assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), -ENODEV);
		}
		boot_bed_down(bed);
	}
}

/* A fault on the way down: the error is told, the firmware is ended as far as possible, and it starts again. */
static void faults_on_the_way_down(void **state)
{
	static const struct {
		const char *fault, *says;
		int err;
	} cases[] = {
		{"gsp-silent=47", "say_goodbye: function 47: no answer", -ETIMEDOUT},
		{"rpc-result=0x65", "say_goodbye: function 47: the firmware answers 0x65", -EIO},
		{"sb-error=7", "run_fwsec_sb: SB error 0x7", -EIO},
		{"booter-unload-error=0x9", "run_booter_unload: SEC2 mailbox 0 is 00000009", -EIO},
		{"wpr2-stuck=1", "run_booter_unload: NV_PFB_PRI_MMU_WPR2_ADDR_HI is still", -EIO},
		{"never-halts=0x840000", "run_booter_unload: booter_unload runs on", -ETIMEDOUT},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct boot_bed *bed = up();

		assert_int_equal(bed_start(bed), 0);
		assert_int_equal(model_fault_set(bed->model, cases[i].fault), 0);
		assert_int_equal(bed_stop(bed), cases[i].err);
		if (!strstr(gpu_boot_error(bed->boot), cases[i].says))
			fail_msg("\"%s\" is not \"%s\"", gpu_boot_error(bed->boot), cases[i].says);
		assert_int_equal(gpu_boot_state(bed->boot), GPU_BOOT_OFF);
		assert_int_equal(model_fault_set(bed->model, "none"), 0);
		works(bed);
		boot_bed_down(bed);
	}
}

/* ---------------------------------------------------------------- files and packs that are wrong */

static void wrong_files_are_refused(void **state)
{
	struct boot_bed *bed = boot_bed_up("570.144");
	struct gpu_firmware fw = bed->fw;

	(void)state;
	assert_int_equal(
		gpu_boot_new(bed->gpu, &bed->fw, fwq_packs_find("535.113.01"), false, &bed->boot),
		-EINVAL);
	assert_int_equal(hosted_log_count(bed->h, bed->dom,
					  "firmware 570.144 with the ABI pack of 535.113.01"),
			 1);
	fw.family = gpu_family_find("tu102");
	assert_int_equal(gpu_boot_new(bed->gpu, &fw, bed->pack, false, &bed->boot), -EINVAL);
	assert_int_equal(
		hosted_log_count(bed->h, bed->dom, "firmware for tu102, but GA102 needs that for"),
		1);
	bed->boot = NULL;
	boot_bed_down(bed);
}

static void wrong_recipes_are_refused(void **state)
{
	struct boot_bed *bed = boot_bed_up("570.144");
	struct fwq_pack pack;
	struct fwq_recipe *r = &pack.boot[FWQ_BOOT_SEC2];

	(void)state;
	pack = *bed->pack;
	r->step[1] = r->step[0];
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, &pack, false, &bed->boot), -EINVAL);
	assert_int_equal(hosted_log_count(bed->h, bed->dom, "wait_gfw_boot is there twice"), 1);
	pack = *bed->pack;
	r->step[0] = FWQ_STEP_send_fsp_cot;
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, &pack, false, &bed->boot), -EINVAL);
	assert_int_equal(hosted_log_count(bed->h, bed->dom, "send_fsp_cot is not in this build"),
			 1);
	pack = *bed->pack;
	r->step[0] = FWQ_STEP_run_booter_load;
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, &pack, false, &bed->boot), -EINVAL);
	assert_int_equal(hosted_log_count(bed->h, bed->dom, "run_booter_load comes before"), 1);
	pack = *bed->pack;
	r->steps--;
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, &pack, false, &bed->boot), -EINVAL);
	assert_int_equal(
		hosted_log_count(bed->h, bed->dom, "run_sequencer_until_init_done is missing"), 1);
	pack = *bed->pack;
	r->present = false;
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, &pack, false, &bed->boot), -EINVAL);
	assert_int_equal(hosted_log_count(bed->h, bed->dom, "no recipe for a boot by SEC2"), 1);
	bed->boot = NULL;
	boot_bed_down(bed);
}

/* A pack that says something else than the firmware does: hardware's checks find each. */
static void wrong_packs_are_found(void **state)
{
	static const struct {
		enum fwq_number number;
		uint64_t value;
		const char *step, *says;
		int err;
	} numbers[] = {
		{FWQ_N_GSP_FW_WPR_META_MAGIC, 1, "run_booter_load", "SEC2 mailbox 0", -EIO},
		{FWQ_N_GSP_FW_WPR_META_REVISION, 9, "run_booter_load", "SEC2 mailbox 0", -EIO},
		{FWQ_N_LIBOS_MEMORY_REGION_CONTIGUOUS, 2, "wait_riscv_active", "RISC-V core",
		 -ETIMEDOUT},
		{FWQ_N_GSP_FW_HEAP_PARAM_CLIENT_ALLOC_SIZE, 4096 * MIB, "place_wpr",
		 "heap of 0x101f00000", -ENOSPC},
		{FWQ_N_GSP_FW_HEAP_PARAM_SIZE_PER_GB_FB, UINT64_MAX, "place_wpr", "out of range",
		 -EINVAL},
		{FWQ_N_NV_VGPU_MSG_EVENT_GSP_INIT_DONE, 0x1009, "run_sequencer_until_init_done",
		 "does not say that it is up", -ETIMEDOUT},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct boot_bed *bed = boot_bed_up("570.144");
		struct fwq_pack *pack = malloc(sizeof(*pack));

		assert_non_null(pack);
		*pack = *bed->pack;
		pack->number[numbers[i].number] = numbers[i].value;
		assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, pack, false, &bed->boot), 0);
		breaks(bed, numbers[i].err, numbers[i].step, numbers[i].says);
		gpu_boot_free(bed->boot);
		free(pack);
		assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
		works(bed);
		boot_bed_down(bed);
	}
}

static void wrong_fields_are_found(void **state)
{
	static const struct {
		enum fwq_field field;
		uint32_t offset;
		const char *step, *says;
		int err;
	} fields[] = {
		{FWQ_F_GspFwWprMeta__gspFwWprEnd, 72, "run_booter_load", "SEC2 mailbox 0", -EIO},
		{FWQ_F_GspFwWprMeta__sysmemAddrOfSignature, 80, "run_booter_load", "SEC2 mailbox 0",
		 -EIO},
		{FWQ_F_GspFwWprMeta__verified, FWQ_ABSENT, NULL, NULL,
		 0}, /* nothing is put there */
		{FWQ_F_GspFwWprMeta__fbSize, FWQ_ABSENT, "place_wpr", "GspFwWprMeta.fbSize",
		 -ENOENT},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__cmdQueueOffset, 24, "wait_riscv_active",
		 "RISC-V core", -ETIMEDOUT},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__statQueueOffset, FWQ_ABSENT,
		 "build_libos_args", "statQueueOffset", -ENOENT},
		{FWQ_F_GspSystemInfo__gpuPhysFbAddr, 16, "run_sequencer_until_init_done",
		 "does not say that it is up", -ETIMEDOUT},
		{FWQ_F_GspSystemInfo__gpuPhysAddr, FWQ_ABSENT, "queue_system_info",
		 "GspSystemInfo.gpuPhysAddr", -ENOENT},
		{FWQ_F_PACKED_REGISTRY_TABLE__size, FWQ_ABSENT, "queue_registry",
		 "PACKED_REGISTRY_TABLE.size", -ENOENT},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct boot_bed *bed = boot_bed_up("570.144");
		struct fwq_pack *pack = malloc(sizeof(*pack));

		assert_non_null(pack);
		*pack = *bed->pack;
		pack->field[fields[i].field].offset = fields[i].offset;
		assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, pack, false, &bed->boot), 0);
		if (fields[i].err)
			breaks(bed, fields[i].err, fields[i].step, fields[i].says);
		else
			works(bed);
		gpu_boot_free(bed->boot);
		free(pack);
		assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
		works(bed);
		boot_bed_down(bed);
	}
}

/* ---------------------------------------------------------------- our own side */

/* Memory that is not there, or not contiguous (the log buffers), at every place where some is asked for. */
static void no_memory(void **state)
{
	struct boot_bed *bed = up();
	unsigned int calls, logs = 0;

	(void)state;
	hosted_fail_nth(bed->h, bed->dom, HOSTED_FAIL_PAGES, 0);
	works(bed);
	calls = hosted_fail_calls(bed->h, bed->dom, HOSTED_FAIL_PAGES);
	gpu_boot_free(bed->boot);
	assert_true(calls > 10);
	for (unsigned int i = 1; i <= calls; i++) {
		assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
		hosted_fail_nth(bed->h, bed->dom, HOSTED_FAIL_PAGES, i);
		assert_int_equal(bed_start(bed), -ENOMEM);
		logs += strstr(gpu_boot_error(bed->boot), "build_libos_args: LOG") != NULL;
		hosted_fail_nth(bed->h, bed->dom, HOSTED_FAIL_PAGES, 0);
		works(bed);
		gpu_boot_free(bed->boot);
	}
	assert_int_equal(logs, GPU_LIBOS_LOGS);
	bed->boot = NULL;
	boot_bed_down(bed);
}

/* A log buffer that lies in pieces is what the firmware refuses, should our allocator ever be wrong. */
static void log_buffer_in_pieces(void **state)
{
	struct boot_bed *bed = up();
	uint64_t *log;

	(void)state;
	bed->over = false;
	assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), 0);
	while (!bed->boot->libos.addr)
		hv_loop_until(bed_is_over, bed, HV_MS / 4);
	log = bed->boot->libos.log[1].va;
	log[3] += HV_PAGE_SIZE;
	assert_int_equal(bed_wait(bed), -ETIMEDOUT);
	assert_non_null(strstr(gpu_boot_error(bed->boot), "wait_riscv_active: "));
	works(bed);
	boot_bed_down(bed);
}

/* A GPU that falls off the bus at any moment: lost, no hang, no memory given back while it may write. */
static void gpu_goes_away(void **state)
{
	(void)state;
	for (unsigned int ms = 0; ms < 12; ms++) {
		struct boot_bed *bed = up();

		bed->over = false;
		assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), 0);
		hv_loop_until(bed_is_over, bed, ms * HV_MS);
		hosted_pci_reset(bed->slot); /* behind our back: memory decoding off */
		if (!bed->over)
			assert_int_equal(bed_wait(bed), -ENODEV);
		if (gpu_boot_state(bed->boot) == GPU_BOOT_RUNNING)
			assert_int_equal(gpu_boot_stop(bed->boot, bed_done, bed), -ENODEV);
		else
			assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), -ENODEV);
		boot_bed_down(bed);
	}
}

/* A message is missing, or one comes again: made by a queue that has counted wrong. */
static void sequence_is_watched(void **state)
{
	static const struct {
		uint32_t next;
		const char *says;
	} cases[] = {{UINT32_MAX, "missing (1)"}, {1, "old (1)"}};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct boot_bed *bed = up();

		bed->over = false;
		assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), 0);
		while (!bed->boot->libos.addr)
			hv_loop_until(bed_is_over, bed, HV_MS / 4);
		bed->boot->channel.queue.rx_seq = cases[i].next;
		assert_int_equal(bed_wait(bed), -EIO);
		assert_non_null(strstr(gpu_boot_error(bed->boot), cases[i].says));
		works(bed);
		boot_bed_down(bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hardware_faults),
		cmocka_unit_test(faults_on_the_way_down),
		cmocka_unit_test(wrong_files_are_refused),
		cmocka_unit_test(wrong_recipes_are_refused),
		cmocka_unit_test(wrong_packs_are_found),
		cmocka_unit_test(wrong_fields_are_found),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(log_buffer_in_pieces),
		cmocka_unit_test(gpu_goes_away),
		cmocka_unit_test(sequence_is_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
