/* SPDX-License-Identifier: MIT */
/*
 * Secure code on a falcon without boot ROM, done wrong in every way that the model looks at; and the
 * registers that such a chip has and has not. A driver's side is written here after nouveau's
 * falcon/gm200.c and gsp/tu102.c, in the fewest words.
 */
#include "model_boot.h"

#define DMACTL	     0x010cu
#define RISCV_STATUS 0x1240u
#define IMEM_SIZE    0x10000u
#define PLAIN	     0x100u
#define SECURE	     0x200u
#define LOAD_DATA    0x6200u
#define SIGNATURE_AT 0x200u
#define NOT_RUN	     0xcafebeefu
#define LOADER_AT    (IMEM_SIZE - 0x200)
#define LOADER_TAG   0xfdu
#define FWSEC_CODE   0x800u
#define FWSEC_PLAIN  0x200u
#define LOW	     ((uint32_t)MEM_BASE) /* of a bus address; the rest is HIGH */
#define HIGH	     ((uint32_t)(MEM_BASE >> 32))
#define UNKNOWN(v)   ((v) == 0xbadf5040u)

static struct machine *board(const char *chip)
{
	const struct model_config config = {
		.chip = chip, .vram_bytes = 1ull << 30, .allow_unsigned = true};
	struct machine *mc = calloc(1, sizeof(*mc));

	if (!mc || model_create(&config, &machine_ops, mc, &mc->gpu))
		abort();
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	return mc;
}

static int turing_up(void **state)
{
	*state = board("tu102");
	return 0;
}

#define turing_test(fn) cmocka_unit_test_setup_teardown(fn, turing_up, machine_down)

static void reset(struct machine *mc, uint32_t base)
{
	wr(mc, base + 0x3c0, 1);
	wr(mc, base + 0x3c0, 0);
	assert_true(poll(mc, base + DMACTL, 6, 0));
	wr(mc, base + 0x624, rd(mc, base + 0x624) | 0x80);
	wr(mc, base + DMACTL, 0);
}

/* Blocks that count up from `first`. */
static void code(struct machine *mc, uint32_t base, uint32_t to, uint32_t size, uint32_t tag,
		 bool secure, uint32_t first)
{
	wr(mc, base + 0x180, 1u << 24 | (secure ? 1u << 28 : 0) | to);
	for (uint32_t i = 0; i < size; i += 4) {
		if (i % 256 == 0)
			wr(mc, base + 0x188, tag + i / 256);
		wr(mc, base + 0x184, first + i);
	}
}

static void data(struct machine *mc, uint32_t base, uint32_t to, const uint8_t *src, uint32_t size)
{
	wr(mc, base + 0x1c0, 1u << 24 | to);
	for (uint32_t i = 0; i < size; i += 4)
		wr(mc, base + 0x1c4, le32(src + i));
}

static void start(struct machine *mc, uint32_t base, uint32_t vector)
{
	wr(mc, base + MAILBOX0, NOT_RUN);
	wr(mc, base + MAILBOX1, 0);
	wr(mc, base + 0x104, vector);
	wr(mc, base + CPUCTL, 2);
	assert_true(poll(mc, base + CPUCTL, 0x10, 0x10));
}

/* What a booter that has run does at once: it complains that its mailboxes lead nowhere. */
static bool booter_ran(struct machine *mc)
{
	return rd(mc, SEC2 + MAILBOX0) != NOT_RUN;
}

static void booter_on_sec2(void **state)
{
	static const struct {
		const char *what;
		bool plain_secure, secure_plain, elsewhere, no_signature;
		uint32_t secure_tag, gap, more, data, vector;
	} cases[] = {
		{.what = NULL}, /* as it should be */
		{.what = "secure code at the entry", .plain_secure = true},
		{.what = "no secure code", .secure_plain = true},
		{.what = "a wrong tag", .secure_tag = 1},
		{.what = "a gap", .gap = 0x100},
		{.what = "code beside it", .more = 0x8000},
		{.what = "not at the beginning", .elsewhere = true},
		{.what = "a boot vector elsewhere", .vector = 0x100},
		{.what = "a boot vector inside", .vector = 4},
		{.what = "no signature", .no_signature = true},
		{.what = "data too short", .data = 0x100},
	};
	static uint8_t bytes[LOAD_DATA];
	struct machine *mc = *state;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t at = cases[i].elsewhere ? 0x400 : 0;

		memset(bytes, 0x5a, sizeof(bytes));
		if (cases[i].no_signature)
			memset(bytes + SIGNATURE_AT, 0, 16);
		reset(mc, SEC2);
		code(mc, SEC2, at, PLAIN, 0, cases[i].plain_secure, 1);
		code(mc, SEC2, at + PLAIN + cases[i].gap, SECURE, 1 + cases[i].secure_tag,
		     !cases[i].secure_plain, 2);
		if (cases[i].more)
			code(mc, SEC2, cases[i].more, 0x100, 0x80, true, 3);
		data(mc, SEC2, 0, bytes, LOAD_DATA - cases[i].data);
		start(mc, SEC2, cases[i].vector);
		if (booter_ran(mc) != !cases[i].what)
			fail_msg("a booter %s with %s", cases[i].what ? "ran" : "did not run",
				 cases[i].what);
	}
}

/* FWSEC's command FRTS, in a copy of the program at AT_UCODE. */
static void prepare_fwsec(struct machine *mc)
{
	static uint8_t rom[0x6000];
	uint8_t *desc = rom + 0x3400 + 0x100, *dmem = mc->mem + AT_UCODE + FWSEC_CODE;

	rom_read(mc, rom, sizeof(rom));
	assert_int_equal(le32(desc), 60u << 16 | 2u << 8 | 1);
	assert_int_equal(le32(desc + 24), FWSEC_CODE);
	assert_int_equal(le32(desc + 36), FWSEC_CODE - FWSEC_PLAIN);
	memcpy(mc->mem + AT_UCODE, desc + 60, FWSEC_CODE + 0x800);
	set32(dmem + 0x40 + 0x2c, 0x15);
	set32(dmem + 0x300, 1);
	set32(dmem + 0x304, 24);
	set32(dmem + 0x314, 2);
	set32(dmem + 0x318, 1);
	set32(dmem + 0x31c, 20);
	set32(dmem + 0x320, (uint32_t)(FRTS_START >> 12));
	set32(dmem + 0x324, 0x100);
	set32(dmem + 0x328, 2);
}

static void loader_desc(uint8_t desc[0x54])
{
	memset(desc, 0, 0x54);
	set32(desc + 0x20, 4);
	set32(desc + 0x24, LOW + AT_UCODE);
	set32(desc + 0x28, HIGH);
	set32(desc + 0x30, FWSEC_PLAIN);
	set32(desc + 0x34, FWSEC_PLAIN);
	set32(desc + 0x38, FWSEC_CODE - FWSEC_PLAIN);
	set32(desc + 0x40, LOW + AT_UCODE + FWSEC_CODE);
	set32(desc + 0x44, HIGH);
	set32(desc + 0x48, 0x800);
}

static void fwsec_with_a_loader(void **state)
{
	static const struct {
		const char *what;
		uint32_t desc_at, desc_is;  /* a word of the loader's structure */
		uint32_t byte;		    /* of the program that is changed, from 1 */
		uint32_t loader_at, vector; /* moved by so much */
		bool no_aperture, no_desc, secure, beside;
	} cases[] = {
		{.what = NULL},
		{.what = "another CTXDMA", .desc_at = 0x20, .desc_is = 5},
		{.what = "no such CTXDMA", .desc_at = 0x20, .desc_is = 8},
		{.what = "code from elsewhere", .desc_at = 0x24, .desc_is = LOW + AT_META},
		{.what = "code not aligned", .desc_at = 0x24, .desc_is = LOW + 4},
		{.what = "plain code from elsewhere", .desc_at = 0x2c, .desc_is = 0x100},
		{.what = "too little plain code", .desc_at = 0x30, .desc_is = 0x100},
		{.what = "secure code from elsewhere", .desc_at = 0x34, .desc_is = 0x300},
		{.what = "too little secure code", .desc_at = 0x38, .desc_is = 0x500},
		{.what = "another entry", .desc_at = 0x3c, .desc_is = 0x100},
		{.what = "data from elsewhere", .desc_at = 0x40, .desc_is = LOW + AT_META},
		{.what = "too little data", .desc_at = 0x48, .desc_is = 0x700},
		{.what = "plain code changed", .byte = 1},
		{.what = "secure code changed", .byte = FWSEC_CODE},
		{.what = "data changed", .byte = FWSEC_CODE + 0x101},
		{.what = "the loader not at the end", .loader_at = 0x200},
		{.what = "the loader at another tag", .vector = 0x200},
		{.what = "a boot vector inside", .vector = 4},
		{.what = "no aperture", .no_aperture = true},
		{.what = "no structure", .no_desc = true},
		{.what = "a secure loader", .secure = true},
		{.what = "code beside the loader", .beside = true},
	};
	struct machine *mc = *state;
	uint8_t desc[0x54];

	for (unsigned int i = sizeof(cases) / sizeof(cases[0]); i-- > 0;) {
		prepare_fwsec(mc);
		if (cases[i].byte)
			mc->mem[AT_UCODE + cases[i].byte - 1] ^= 1;
		loader_desc(desc);
		if (cases[i].desc_at)
			set32(desc + cases[i].desc_at, cases[i].desc_is);
		reset(mc, GSP);
		if (!cases[i].no_aperture)
			wr(mc, GSP + 0x610, 5);
		if (!cases[i].no_desc)
			data(mc, GSP, 0, desc, sizeof(desc));
		code(mc, GSP, LOADER_AT - cases[i].loader_at, 0x200, LOADER_TAG, cases[i].secure,
		     7);
		if (cases[i].beside)
			code(mc, GSP, 0, 0x100, 0, false, 8);
		start(mc, GSP, LOADER_TAG * 256 + cases[i].vector);
		if ((rd(mc, WPR2_HI) != 0) != !cases[i].what)
			fail_msg("FWSEC %s with %s", cases[i].what ? "ran" : "did not run",
				 cases[i].what);
		assert_int_equal(rd(mc, FRTS_SCRATCH), 0);
	}
	assert_int_equal(rd(mc, WPR2_LO) >> 4, FRTS_START >> 12);
}

/* A board that wants the vendor's signatures knows the loader, and no booter of ours. */
static void unsigned_is_refused(void **state)
{
	static uint8_t bytes[LOAD_DATA];
	const struct model_config config = {.chip = "tu102", .vram_bytes = 1ull << 30};
	struct machine *mc = calloc(1, sizeof(*mc));
	uint8_t desc[0x54];

	(void)state;
	assert_non_null(mc);
	assert_int_equal(model_create(&config, &machine_ops, mc, &mc->gpu), 0);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	memset(bytes, 0x5a, sizeof(bytes));
	reset(mc, SEC2);
	code(mc, SEC2, 0, PLAIN, 0, false, 1);
	code(mc, SEC2, PLAIN, SECURE, 1, true, 2);
	data(mc, SEC2, 0, bytes, LOAD_DATA);
	start(mc, SEC2, 0);
	assert_false(booter_ran(mc));
	assert_non_null(strstr(mc->last_log, "no signature of the vendor's"));

	prepare_fwsec(mc);
	loader_desc(desc);
	reset(mc, GSP);
	wr(mc, GSP + 0x610, 5);
	data(mc, GSP, 0, desc, sizeof(desc));
	code(mc, GSP, LOADER_AT, 0x200, LOADER_TAG, false, 7);
	start(mc, GSP, LOADER_TAG * 256);
	assert_int_equal(rd(mc, WPR2_HI), 0);
	assert_non_null(strstr(mc->last_log, "the loader is not the vendor's"));
	model_destroy(mc->gpu);
	free(mc);
}

/* What each chip has. A register that it lacks reads as an error of the GPU's bus. */
static void registers_of_the_chips(void **state)
{
	static const struct {
		uint32_t reg;
		bool ga102, ad102, ga100, tu102;
	} regs[] = {
		{GSP + RISCV, true, true, false, false},
		{GSP + BCR_CTRL, true, true, false, false},
		{GSP + RISCV_STATUS, false, false, true, true},
		{SEC2 + RISCV_STATUS, false, false, false, false},
		{SEC2 + 0x1210, true, true, false, false}, /* BROM_PARAADDR */
		{SEC2 + 0x1180, true, true, false, false}, /* MOD_SEL */
		{SEC2 + 0x1198, true, true, false, false},
		{SEC2 + 0x119c, true, true, false, false},
		{0x824140, true, true, true, false}, /* fuses */
		{0x8241c0, true, true, true, false},
		{0x820c04, true, true, true, false},
		{0x021c04, false, false, false, true},
		{0x100c10, true, true, true, true}, /* flush page */
		{0x100c40, true, true, true, false},
		{0x100ce0, true, true, true, true}, /* size of memory */
		{0x1183a4, true, true, false, false},
		{0x625f04, true, true, false, true}, /* VGA workspace */
		{WPR2_HI, true, true, true, true},
	};
	static const char *const chips[] = {"ga102", "ad102", "ga100", "tu102"};

	(void)state;
	for (unsigned int c = 0; c < 4; c++) {
		struct machine *mc = board(chips[c]);
		void *made = mc;

		for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
			const bool has[] = {regs[i].ga102, regs[i].ad102, regs[i].ga100,
					    regs[i].tu102};

			if (UNKNOWN(rd(mc, regs[i].reg)) == has[c])
				fail_msg("%s: register 0x%x", chips[c], regs[i].reg);
			if (!has[c])
				wr(mc, regs[i].reg, 0x11);
		}
		machine_down(&made);
	}
}

static void identities(void **state)
{
	static const struct {
		const char *chip;
		uint32_t boot_0, boot_42, pci, subsystem;
	} boards[] = {
		{NULL, 0xb72000a1, 0x172a1000, 0x223510de, 0x145a10de},
		{"ga102", 0xb72000a1, 0x172a1000, 0x223510de, 0x145a10de},
		{"ad102", 0x192000a1, 0x192a1000, 0x26b510de, 0x169d10de},
		{"ga100", 0x170000a1, 0x170a1000, 0x20f110de, 0x145f10de},
		{"tu102", 0x162000a1, 0x162a1000, 0x1e3010de, 0x129e10de},
		{"tu117", 0x167000a1, 0x167a1000, 0x1fb110de, 0x148810de},
	};
	const struct model_config nobody = {.chip = "gh100"};
	struct model *none;

	(void)state;
	for (unsigned int i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		struct machine *mc = board(boards[i].chip);
		void *made = mc;

		assert_int_equal(rd(mc, 0), boards[i].boot_0);
		assert_int_equal(rd(mc, 0xa00), boards[i].boot_42);
		assert_int_equal(model_cfg_read(mc->gpu, 0, 4), boards[i].pci);
		assert_int_equal(model_cfg_read(mc->gpu, 0x2c, 4), boards[i].subsystem);
		machine_down(&made);
	}
	assert_int_equal(model_create(&nobody, &machine_ops, NULL, &none), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		turing_test(booter_on_sec2),	       turing_test(fwsec_with_a_loader),
		cmocka_unit_test(unsigned_is_refused), cmocka_unit_test(registers_of_the_chips),
		cmocka_unit_test(identities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
