/* SPDX-License-Identifier: MIT */
/*
 * The board's ROM, read as each public driver reads it.
 *
 * nouveau, NVIDIA's open module and nova-core find FWSEC on three different ways through the same
 * tables. The ROM must lead all three to the same place, or the model would be a board for one of
 * them only.
 */
#include "model_boot.h"

#define ROM_READ 0x8000u

static uint8_t rom[ROM_READ];

struct image {
	uint32_t base, size;
	uint8_t type;
};

/* The chain as all three walk it: NPDE's length and end mark count. */
static unsigned int images(struct image *out)
{
	unsigned int n = 0;
	uint32_t base = 0;
	bool last = false;

	while (!last) {
		const uint8_t *image = rom + base, *pcir = image + le16(image + 0x18), *npde;
		uint32_t signature = le16(image);

		assert_true(n < 8 && base < ROM_READ);
		assert_true(signature == 0xaa55 || signature == 0x4e56);
		assert_true(!memcmp(pcir, "PCIR", 4) || !memcmp(pcir, "NPDS", 4));
		assert_int_equal(le16(pcir + 4), 0x10de);
		npde = image + ((le16(image + 0x18) + le16(pcir + 0x0a) + 15) & ~15u);
		assert_memory_equal(npde, "NPDE", 4);
		assert_true(le16(npde + 4) == 0x100 || le16(npde + 4) == 0x101);
		out[n].base = base;
		out[n].size = le16(npde + 8) * 512;
		out[n].type = pcir[0x14];
		assert_int_equal(out[n].size, le16(pcir + 0x10) * 512);
		last = npde[0x0a] & 0x80;
		assert_int_equal(last, pcir[0x15] >> 7);
		base += out[n].size;
		n++;
	}
	return n;
}

static const uint8_t *bit_token(char id)
{
	const uint8_t *bit = memmem(rom, 0x2000,
				    "\xff\xb8"
				    "BIT",
				    6);
	uint8_t sum = 0;

	assert_non_null(bit);
	for (int i = 0; i < bit[8]; i++)
		sum = (uint8_t)(sum + bit[i]);
	assert_int_equal(sum, 0);
	for (size_t i = 0; i < bit[10]; i++) {
		const uint8_t *token = bit + bit[8] + (size_t)i * bit[9];

		if (token[0] == (uint8_t)id)
			return token;
	}
	return NULL;
}

static int rom_up(void **state)
{
	if (machine_up(state))
		return -1;
	rom_read(*state, rom, sizeof(rom));
	return 0;
}

static void test_chain(void **state)
{
	struct image list[8] = {0};
	uint8_t sum = 0;

	(void)state;
	assert_int_equal(images(list), 4);
	assert_int_equal(list[0].type, 0x00);
	assert_int_equal(list[1].type, 0x03);
	assert_int_equal(list[2].type, 0xe0);
	assert_int_equal(list[3].type, 0xe0);
	for (uint32_t i = 0; i < list[0].size; i++)
		sum = (uint8_t)(sum + rom[i]);
	assert_int_equal(sum, 0);
	/* Erased flash behind it. */
	assert_int_equal(rom[list[3].base + list[3].size], 0xff);
}

/* Where a driver lands, given the table pointers and its own idea of how they count. */
static void test_fwsec_found(void **state)
{
	struct image list[8] = {0};
	uint32_t table, nouveau, open, nova, desc, size;
	const uint8_t *token, *p;

	(void)state;
	images(list);
	token = bit_token('p');
	assert_non_null(token);
	assert_int_equal(token[1], 2);
	assert_true(le16(token + 2) >= 4);
	table = le32(rom + le16(token + 4));
	/* nouveau bios/base.c: pointers past the first image go into the first of type 0xe0. */
	assert_true(table >= list[0].size);
	nouveau = table - list[0].size + list[2].base;
	/* OGKM: distance of the first 0xe0 from the end of the first image, added. */
	open = table + (list[2].base - list[0].size);
	/* nova-core: counted from the first 0xe0, and from the second once past the first. */
	nova = table - list[0].size;
	nova += nova < list[2].size ? list[2].base : list[3].base - list[2].size;
	assert_int_equal(nouveau, open);
	assert_int_equal(nouveau, nova);

	p = rom + nouveau;
	assert_int_equal(p[0], 1);
	assert_true(p[1] >= 6 && p[2] >= 6 && p[3] > 0);
	desc = 0;
	for (size_t i = 0; i < p[3]; i++) {
		const uint8_t *entry = p + p[1] + i * p[2];

		assert_int_not_equal(entry[0], 0x05);
		if (entry[0] == 0x85)
			desc = le32(entry + 2);
	}
	/* nova-core wants it in the second. */
	assert_true(desc - list[0].size >= list[2].size);
	desc = desc - list[0].size + list[2].base;
	p = rom + desc;
	assert_int_equal(le32(p) & 1, 1);
	assert_int_equal(p[1], 3);
	size = le32(p) >> 16;
	assert_int_equal(size, 44 + 384 * p[39]);
	assert_true(desc + size + ((le32(p + 4) + 255) & ~255u) <= list[3].base + list[3].size);
	assert_int_equal(le32(p + 4), le32(p + 20) + le32(p + 32));
	/* What DMA of whole blocks needs. */
	assert_int_equal(le32(p + 20) % 256, 0);
	assert_int_equal(le32(p + 32) % 256, 0);
	assert_true(le32(p + 8) + 384 <= le32(p + 32));
	assert_int_equal(le16(p + 36), 0x400);
}

/* The interface that drivers patch. */
static void test_fwsec_interface(void **state)
{
	const uint8_t *desc = rom + 0x3400 + 0x100;
	const uint8_t *data = desc + (le32(desc) >> 16) + le32(desc + 20);
	const uint8_t *appif = data + le32(desc + 12), *mapper;

	(void)state;
	assert_int_equal(appif[0], 1);
	assert_int_equal(appif[1], 4);
	assert_int_equal(appif[2], 8);
	assert_true(appif[3] >= 2);
	mapper = data + le32(appif + 4 + 8 + 4);
	assert_int_equal(le32(appif + 4 + 8), 4);
	assert_memory_equal(mapper, "DMAP", 4);
	assert_int_equal(le16(mapper + 4), 3);
	assert_int_equal(le16(mapper + 6), 64);
	assert_true(le32(mapper + 12) >= 44);
	assert_true(le32(mapper + 8) + le32(mapper + 12) <= le32(desc + 32));
}

/* A version, no display outputs, and fuses that ask for a version of FWSEC that is there. */
static void test_other_tables(void **state)
{
	struct machine *mc = *state;
	const uint8_t *dcb = rom + le16(rom + 0x36);
	const uint8_t *token = bit_token('i'), *desc = rom + 0x3400 + 0x100;
	uint32_t fuse = rd(mc, 0x8241c0 + (desc[38] - 1u) * 4);

	assert_non_null(token);
	assert_true(le16(token + 2) >= 5);
	assert_int_equal(rom[le16(token + 4) + 3], 0x94);
	assert_int_equal(dcb[0], 0x41);
	assert_int_equal(dcb[2], 0);
	assert_int_equal(le32(dcb + 6), 0x4edcbdcb);
	assert_true(le16(desc + 40) & 1u << (32 - __builtin_clz(fuse)));
	assert_int_equal(rd(mc, 0x824148), 1);
	wr(mc, 0x824148, 0);
	assert_int_equal(rd(mc, 0x824148), 1);
	wr(mc, 0x300000, 0);
	assert_int_equal(rd(mc, 0x300000) & 0xffff, 0xaa55);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 0x300001, 1), 0xaa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_chain, rom_up, machine_down),
		cmocka_unit_test_setup_teardown(test_fwsec_found, rom_up, machine_down),
		cmocka_unit_test_setup_teardown(test_fwsec_interface, rom_up, machine_down),
		cmocka_unit_test_setup_teardown(test_other_tables, rom_up, machine_down),
	};

	return cmocka_run_group_tests_name("model: video BIOS", tests, NULL, NULL);
}
