/* SPDX-License-Identifier: MIT */
/*
 * The boot on every kind of chip: Turing and GA100, whose falcons have no boot ROM, Ampere, Ada. And the
 * tables that say which chip is of which kind.
 */
#include "gpu/core/boot/boot_int.h"
#include "tests/unit/boot_bed.h"

#define WPR2_HI 0x1fa828u

static struct boot_bed *up(const struct boot_board *board, const char *version)
{
	struct boot_bed *bed = boot_bed_up_on(board, version);

	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	return bed;
}

static void start_ok(struct boot_bed *bed)
{
	if (bed_start(bed))
		fail_msg("%s", gpu_boot_error(bed->boot));
	assert_true(gpu_falcon_riscv_active(&bed->boot->gsp));
}

static void stop_ok(struct boot_bed *bed)
{
	if (bed_stop(bed))
		fail_msg("%s", gpu_boot_error(bed->boot));
	assert_int_equal(gpu_rd32(bed->gpu, WPR2_HI), 0);
	assert_false(gpu_falcon_riscv_active(&bed->boot->gsp));
}

/* Nothing that this chip does not have was touched: the model knows what it does not have. */
static void only_known_registers(struct boot_bed *bed)
{
	struct model_stats stats;

	model_stats_get(bed->model, &stats);
	assert_int_equal(stats.unknown_reads, 0);
	assert_int_equal(stats.unknown_writes, 0);
}

static void every_board_starts_and_unloads(void **state)
{
	static const char *const versions[] = {"535.113.01", "570.144"};

	(void)state;
	for (unsigned int i = 0; i < BOOT_BOARDS; i++) {
		for (unsigned int v = 0; v < 2; v++) {
			struct boot_bed *bed = up(&boot_boards[i], versions[v]);

			start_ok(bed);
			stop_ok(bed);
			start_ok(bed);
			stop_ok(bed);
			only_known_registers(bed);
			boot_bed_down(bed);
		}
	}
}

/* A driver domain that died: the next one ends its firmware, with FWSEC-SB and the unloader. */
static void every_board_gets_rid_of_a_predecessor(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BOOT_BOARDS; i++) {
		struct boot_bed *bed = up(&boot_boards[i], "570.144");

		start_ok(bed);
		gpu_boot_free(bed->boot);
		assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
		start_ok(bed);
		stop_ok(bed);
		only_known_registers(bed);
		boot_bed_down(bed);
	}
}

static void frts_is_where_the_chip_has_it(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BOOT_BOARDS; i++) {
		struct boot_bed *bed = up(&boot_boards[i], "570.144");
		const struct gpu_layout *l = &bed->boot->layout;

		start_ok(bed);
		assert_int_equal(l->frts.size, strcmp(boot_boards[i].chip, "ga100") ? MIB : 0);
		assert_int_equal(l->frts.addr + l->frts.size, l->wpr_end);
		stop_ok(bed);
		boot_bed_down(bed);
	}
}

static void expect_failure(const struct boot_board *board, const char *fault, int err,
			   const char *step, const char *says)
{
	struct boot_bed *bed = up(board, "570.144");
	const char *error;
	int got;

	assert_int_equal(model_fault_set(bed->model, fault), 0);
	got = bed_start(bed);
	error = gpu_boot_error(bed->boot);
	if (got != err || strncmp(error, step, strlen(step)) != 0 || !strstr(error, says))
		fail_msg("%s on a %s: error %d, \"%s\"; not %d from %s: ...%s", fault, board->chip,
			 -got, error, -err, step, says);
	assert_int_equal(model_fault_set(bed->model, "none"), 0);
	/* A falcon that cannot be reset might still write to our memory: the GPU is given up. */
	assert_int_equal(gpu_is_lost(bed->gpu), !strncmp(fault, "never-scrubbed", 14));
	if (!gpu_is_lost(bed->gpu)) {
		start_ok(bed);
		stop_ok(bed);
	}
	boot_bed_down(bed);
}

/* Without a boot ROM: what goes wrong is found at the same steps, and a retry works. */
static void faults_without_a_boot_rom(void **state)
{
	static const struct {
		const char *fault;
		int err;
		const char *step, *says;
	} cases[] = {
		{"never-scrubbed=0x110000", -EIO, "run_fwsec_frts", "cannot be started"},
		{"never-halts=0x110000", -ETIMEDOUT, "run_fwsec_frts", "FWSEC runs on"},
		{"flip-ucode=0x110000", -EIO, "run_fwsec_frts", "WPR2 1ffffe00"},
		{"flip-ucode=0x110700", -EIO, "run_fwsec_frts", "WPR2 1ffffe00"},
		{"frts-error=0x17", -EIO, "run_fwsec_frts", "FRTS error 0x17"},
		{"never-scrubbed=0x840000", -EIO, "run_booter_load", "cannot be started"},
		{"never-halts=0x840000", -ETIMEDOUT, "run_booter_load", "booter_load runs on"},
		{"booter-load-error=0x42", -EIO, "run_booter_load", "SEC2 mailbox 0 is 00000042"},
		{"riscv-dead=1", -ETIMEDOUT, "wait_riscv_active", "RISC-V core"},
		{"flip-reg=0x100c10", -EIO, "set_sysmem_flush", "NV_PFB_NISO_FLUSH_SYSMEM_ADDR"},
		/* The descriptor claims another version: 3, with signatures that are not there. */
		{"flip-rom=0x3501", -EINVAL, "read_rom", "FWSEC"},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_failure(&boot_boards[3], cases[i].fault, cases[i].err, cases[i].step,
			       cases[i].says);
}

/* ROM and chip do not belong together: refused before anything runs. */
static void fwsec_of_another_kind(void **state)
{
	struct boot_bed *bed = up(&boot_boards[0], "570.144");
	struct gpu_fwsec fwsec = {.version = 2};
	struct gpu_error why;
	struct gpu_ucode ucode;

	(void)state;
	assert_int_equal(gpu_ucode_from_fwsec(bed->gpu, &fwsec, NULL, &ucode, &why), -EOPNOTSUPP);
	expect_said(&why, "descriptor version 2 is not for a GA102");
	boot_bed_down(bed);

	bed = up(&boot_boards[3], "570.144");
	fwsec.version = 3;
	assert_int_equal(gpu_ucode_from_fwsec(bed->gpu, &fwsec, NULL, &ucode, &why), -EOPNOTSUPP);
	expect_said(&why, "descriptor version 3 is not for a TU102");
	boot_bed_down(bed);
}

/* Hostile ROMs and loaders on Turing. */
static void fwsec_places_are_checked(void **state)
{
	static const uint8_t bytes[0x2000];
	static const struct {
		struct gpu_fwsec fwsec;
		uint32_t loader;
		const char *says;
	} cases[] = {
		{{.imem_base = 0x100}, 0x200, "code for 0x100"},
		{{.dmem_base = 4}, 0x200, "data for 0x4"},
		{{.entry = 0x200}, 0x200, "entry 0x200"},
		{{.imem_sec_base = 0x180, .imem_sec_size = 0x100}, 0x200, "not whole blocks"},
		{{.imem_sec_base = 0xfffff000, .imem_sec_size = 0x100}, 0x200, "0xfffff100 bytes"},
		{{.imem_sec_base = 0x100}, 0x200, "not whole blocks"},
		{{.imem_sec_base = 0x100, .imem_sec_size = 0x100, .imem_offset = 8},
		 0x200,
		 "plain code 0x8"},
		{{.imem_sec_base = 0x100}, 0x1001, "loader of 4097 bytes"},
	};
	struct boot_bed *bed = up(&boot_boards[3], "570.144");

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gpu_falcon_loader loader = {{"loader", bytes, cases[i].loader}, 0xfd};
		struct gpu_fwsec fwsec = cases[i].fwsec;
		struct gpu_error why;
		struct gpu_ucode ucode;

		fwsec.version = 2;
		fwsec.image = (struct gpu_blob){"FWSEC", bytes, 0x400};
		fwsec.imem_size = 0x200;
		fwsec.dmem_offset = 0x200;
		fwsec.dmem_size = 0x200;
		assert_int_equal(gpu_ucode_from_fwsec(bed->gpu, &fwsec, &loader, &ucode, &why),
				 -EINVAL);
		expect_said(&why, cases[i].says);
	}
	boot_bed_down(bed);
}

static void no_loader_in_the_archive(void **state)
{
	struct boot_bed *bed = up(&boot_boards[3], "570.144");

	(void)state;
	bed->fw.has_falcon_loader = false;
	assert_int_equal(bed_start(bed), -EINVAL);
	assert_non_null(strstr(gpu_boot_error(bed->boot), "no entry falcon_loader"));
	bed->fw.has_falcon_loader = true;
	start_ok(bed);
	stop_ok(bed);
	boot_bed_down(bed);
}

/* ECC's sixteenth is in no register before GA10x, and not taken off where memory has room for it. */
static void sizes_of_memory(void **state)
{
	static const struct {
		const char *chip;
		uint64_t chips, usable;
	} boards[] = {
		{"ga102", 2048 * MIB, 1920 * MIB}, {"ad102", 2048 * MIB, 1920 * MIB},
		{"tu102", 2048 * MIB, 1920 * MIB}, {"tu117", 4096 * MIB, 4096 * MIB},
		{"ga100", 2560 * MIB, 2560 * MIB},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		const struct model_config config = {.chip = boards[i].chip,
						    .vram_bytes = boards[i].chips};
		struct hosted *h = hosted_new();
		struct model *model;
		struct hosted_pci *slot = hosted_pci_model(h, &config, &model);
		int dom = hosted_domain_new(h, &(struct hosted_domain_config){.name = "gpudom"});
		struct hv_pci *pci;
		struct gpu *gpu;

		assert_int_equal(hosted_pci_assign(slot, (hv_domid_t)dom), 0);
		hosted_enter(h, (hv_domid_t)dom);
		assert_int_equal(hv_pci_open(0, &pci), 0);
		assert_int_equal(gpu_attach(pci, &gpu), 0);
		assert_int_equal(gpu_info(gpu)->vram_size, boards[i].usable);
		assert_int_equal(gpu_info(gpu)->vram_usable, boards[i].usable - MIB);
		gpu_detach(gpu);
		hv_pci_close(pci);
		hosted_leave();
		hosted_free(h);
	}
}

/* ---------------------------------------------------------------- the tables */

static void every_chip_is_found(void **state)
{
	static const struct gpu_chip *const kinds[] = {gpu_chips_tu10x, gpu_chips_ga100,
						       gpu_chips_ga10x, gpu_chips_ad10x};
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		for (const struct gpu_chip *chip = kinds[i]; chip->name; chip++, n++) {
			assert_ptr_equal(gpu_chip_find(chip->id), chip);
			assert_non_null(gpu_family_find(chip->firmware));
			assert_non_null(chip->kind);
			assert_true(chip->kind->scrubbing_mask && chip->kind->riscv_active_mask);
		}
	}
	assert_int_equal(n, 16);
	assert_null(gpu_chip_find(0x180)); /* GH100: its firmware is started by FSP */
	assert_null(gpu_chip_find(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_board_starts_and_unloads),
		cmocka_unit_test(every_board_gets_rid_of_a_predecessor),
		cmocka_unit_test(frts_is_where_the_chip_has_it),
		cmocka_unit_test(faults_without_a_boot_rom),
		cmocka_unit_test(fwsec_of_another_kind),
		cmocka_unit_test(fwsec_places_are_checked),
		cmocka_unit_test(no_loader_in_the_archive),
		cmocka_unit_test(sizes_of_memory),
		cmocka_unit_test(every_chip_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
