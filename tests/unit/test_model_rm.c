/* SPDX-License-Identifier: MIT */
/*
 * The stand-in for GSP-RM: its objects, and what it tells of the engines.
 */
#include "model_talk.h"

#define DUPLICATE   0x19u
#define BAD_CLASS   0x22u
#define BAD_HANDLE  0x33u
#define BAD_PARENT  0x36u
#define BAD_STRUCT  0x3au
#define UNSUPPORTED 0x56u
#define NOT_FOUND   0x57u

#define GET_ENGINES 0x20800170u
#define INTR_TABLE  0x20800a5cu
#define DEVICE_INFO 0x20801112u

static const struct {
	const char *release;
	uint32_t system_info, root, engines;
	/* Numbers of: GSP, graphics, NVDEC0 among interrupts; SEC2, OFA among RM's engines. */
	uint32_t mc_gsp, mc_gr, mc_nvdec, rm_sec2, rm_ofa;
} releases[] = {
	{"535.113.01", 664, 108, 252, 49, 82, 64, 0x30, 0x3d},
	{"535.261.03", 672, 108, 252, 49, 82, 64, 0x30, 0x3d},
	{"550.163.01", 880, 108, 260, 50, 84, 65, 0x31, 0x3e},
	{"570.144", 928, 120, 340, 50, 84, 65, 0x31, 0x3e},
};
#define NR_RELEASES (sizeof(releases) / sizeof(releases[0]))

/* The n-th word of something. */
static uint32_t word(const uint8_t *p, size_t n)
{
	return le32(p + 4 * n);
}

static void unload(struct machine *mc)
{
	assert_true(fwsec(mc, 0x19, 0));
	assert_int_equal(booter_unload(mc), 0);
}

static void test_tree(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint8_t params[64] = {0};

	rm_client(&t);
	/* Another client may use the same handles, and another subdevice may be made. */
	assert_int_equal(rm_alloc(&t, 7, 0, 7, 0x41, NULL, 0), 0);
	assert_int_equal(rm_alloc(&t, 7, 7, DEVICE, 0x80, NULL, 0), 0);
	assert_int_equal(rm_alloc(&t, 7, DEVICE, SUBDEVICE, 0x2080, NULL, 0), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 1, 0x2080, NULL, 0), 0);

	/* Freed with all below it, and nothing else. */
	assert_int_equal(rm_free(&t, CLIENT, DEVICE), 0);
	assert_int_equal(rm_free(&t, CLIENT, DEVICE), NOT_FOUND);
	assert_int_equal(rm_free(&t, CLIENT, SUBDEVICE), NOT_FOUND);
	assert_int_equal(rm_free(&t, CLIENT, 1), NOT_FOUND);
	assert_int_equal(rm_control(&t, 7, SUBDEVICE, GET_ENGINES, params, 64), BAD_STRUCT);
	assert_int_equal(rm_alloc(&t, CLIENT, CLIENT, DEVICE, 0x80, NULL, 0), 0);
	assert_int_equal(rm_free(&t, CLIENT, CLIENT), 0);
	assert_int_equal(rm_free(&t, CLIENT, CLIENT), BAD_HANDLE);
	assert_int_equal(rm_free(&t, 7, SUBDEVICE), 0);
	assert_int_equal(rm_free(&t, 7, 7), 0);

	/* All is gone when the firmware is started again. */
	rm_client(&t);
	unload(mc);
	t = talk_boot(mc);
	rm_client(&t);
}

/* Handle 0 leaves the choice to RM: what it chooses is free then, and can be freed. */
static void test_own_handles(void **state)
{
	struct talk t = talk_boot(*state);
	uint8_t device[56] = {0};

	rm_client(&t);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rm_alloc(&t, CLIENT, CLIENT, 0, 0x80, device, sizeof(device)), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CLIENT, 0xcaf00001, 0x80, device, sizeof(device)),
			 DUPLICATE);
	assert_int_equal(rm_free(&t, CLIENT, 0), NOT_FOUND);
	assert_int_equal(rm_free(&t, CLIENT, 0xcaf00000), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CLIENT, 0xcaf00000, 0x80, device, sizeof(device)), 0);
	assert_int_equal(rm_free(&t, CLIENT, 0xcaf00001), 0);
	assert_int_equal(rm_free(&t, CLIENT, 0xcaf00001), NOT_FOUND);
}

static void test_alloc_refused(void **state)
{
	static const struct {
		uint32_t client, parent, object, class_id, size, status;
	} bad[] = {
		{CLIENT, CLIENT, 1, 0x9999, 0, BAD_CLASS},
		{CLIENT, CLIENT, CLIENT, 0, 0, DUPLICATE},
		{9, 0, 8, 0, 0, BAD_HANDLE},
		{0, 0, 0, 0, 0, BAD_HANDLE},
		{9, 0, 9, 0, 107, BAD_STRUCT},
		{9, 9, 1, 0x80, 0, BAD_HANDLE},
		{CLIENT, 5, 1, 0x80, 0, NOT_FOUND},
		{CLIENT, 0, 1, 0x80, 0, NOT_FOUND},
		{CLIENT, CLIENT, CLIENT, 0x80, 0, BAD_HANDLE},
		{CLIENT, DEVICE, 1, 0x80, 0, BAD_PARENT},
		{CLIENT, CLIENT, 1, 0x2080, 0, BAD_PARENT},
		{CLIENT, SUBDEVICE, 1, 0x2080, 0, BAD_PARENT},
		{CLIENT, DEVICE, DEVICE, 0x2080, 0, DUPLICATE},
		{CLIENT, CLIENT, 1, 0x80, 52, BAD_STRUCT},
		{CLIENT, DEVICE, 1, 0x2080, 8, BAD_STRUCT},
	};
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint8_t params[128] = {0};

	rm_client(&t);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rm_alloc(&t, bad[i].client, bad[i].parent, bad[i].object,
					  bad[i].class_id, params, bad[i].size),
				 bad[i].status);
	/* None of them left anything. */
	assert_int_equal(rm_free(&t, CLIENT, 1), NOT_FOUND);
	assert_int_equal(rm_free(&t, 9, 9), BAD_HANDLE);
	/* The firmware's own client is not the driver's to free. */
	assert_int_equal(rm_free(&t, 0xc1e00004, 0x5d1d0000), BAD_HANDLE);
	assert_int_equal(rm_free(&t, 0xc1e00004, 0xc1e00004), BAD_HANDLE);
}

static void test_control_refused(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint8_t params[4096];
	unsigned int logged;

	memset(params, 0x11, sizeof(params));
	rm_client(&t);
	assert_int_equal(rm_control(&t, 9, 9, INTR_TABLE, params, 2068), BAD_HANDLE);
	assert_int_equal(rm_control(&t, CLIENT, 9, INTR_TABLE, params, 2068), NOT_FOUND);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, INTR_TABLE, params, 2064), BAD_STRUCT);
	assert_int_equal(rm_control(&t, CLIENT, DEVICE, INTR_TABLE, params, 2068), UNSUPPORTED);
	logged = mc->nr_log;
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x2080ffff, params, 64), UNSUPPORTED);
	assert_int_equal(mc->nr_log, logged + 1);
	assert_non_null(strstr(mc->last_log, "0x2080ffff"));
	for (size_t i = 0; i < sizeof(params); i++)
		assert_int_equal(params[i], 0x11);
	set32(params, 16); /* device info comes in steps of 32 */
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, DEVICE_INFO, params, 3212), 0x1f);
}

static void test_objects_run_out(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint32_t status = 0, n = 0;

	rm_client(&t);
	while (!status && n < 5000)
		status = rm_alloc(&t, CLIENT, DEVICE, 0x1000 + n++, 0x2080, NULL, 0);
	assert_int_equal(status, 0x1a);
	assert_int_equal(n, 4096 - 6 + 1);
	assert_int_equal(rm_free(&t, CLIENT, DEVICE), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CLIENT, DEVICE, 0x80, NULL, 0), 0);
}

static uint32_t find_vectors(const uint8_t *table, uint32_t mc_index, uint32_t *nonstall)
{
	for (uint32_t i = 0; i < le32(table); i++) {
		const uint8_t *entry = table + 4 + 16ul * i;

		if (le16(entry) != mc_index)
			continue;
		*nonstall = le32(entry + 12);
		return le32(entry + 8);
	}
	*nonstall = 0;
	fail_msg("no interrupt of engine %u", mc_index);
	return 0;
}

/* The same engines by each control, in the release's numbers. */
static void test_engines(void **state)
{
	struct machine *mc = *state;

	for (size_t i = 0; i < NR_RELEASES; i++) {
		struct talk t = talk_boot_release(mc, releases[i].release, releases[i].system_info);
		static uint8_t engines[512], info[3212], intr[2068];
		uint32_t nonstall, nr;
		uint64_t runlists = 0, pbdmas = 0;
		uint8_t root[128] = {0};

		assert_int_equal(rm_alloc(&t, 5, 5, 5, 0, root, releases[i].root), 0);
		rm_client(&t);
		memset(engines, 0xff, sizeof(engines));
		assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, GET_ENGINES, engines,
					    releases[i].engines),
				 0);
		memset(info, 0xff, sizeof(info));
		set32(info, 0);
		assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, DEVICE_INFO, info, sizeof(info)),
				 0);
		memset(intr, 0xff, sizeof(intr));
		assert_int_equal(
			rm_control(&t, 0xc1e00004, 0x5d1d0000, INTR_TABLE, intr, sizeof(intr)), 0);

		nr = word(info, 1);
		assert_int_equal(nr, 11);
		assert_int_equal(info[8], 0);		 /* no more */
		assert_int_equal(le32(engines), nr + 1); /* and software */
		assert_int_equal(word(engines, 1), 0x1); /* graphics */
		assert_int_equal(word(engines, 2), 0x9);
		assert_int_equal(word(engines, 8), 0x14); /* NVDEC1 */
		assert_int_equal(word(engines, 12), 0x22);
		assert_int_equal(word(engines, 13), 0);
		for (uint32_t j = 0; j < nr; j++) {
			const uint8_t *entry = info + 12 + 100ul * j;
			uint32_t stall = find_vectors(intr, word(entry, 8), &nonstall);

			runlists |= 1ull << word(entry, 3);
			/* Same runlist, same PBDMAs, same registers. */
			for (uint32_t k = 0; k < word(entry, 20); k++) {
				pbdmas |= 1ull << word(entry, 16 + k);
				assert_int_equal(word(entry, 18 + k), word(entry, 16 + k) + 32);
			}
			assert_int_equal(word(entry, 20), word(entry, 3) ? 1 : 2);
			assert_int_equal(word(entry, 11) % 0x400, 0);
			assert_int_equal(stall / 32, 6);
			assert_int_equal(nonstall / 32, 0);
			assert_int_equal(entry[99], 0); /* the name ends */
		}
		assert_true(runlists == 0x1ff && pbdmas == 0x3ff);
		assert_string_equal((char *)info + 12 + 84, "graphics");
		assert_int_equal(word(info, 3 + 4), 64);
		assert_int_equal(word(info, 3 + 8), releases[i].mc_gr);
		assert_int_equal(word(info, 3 + 25 * 6 + 8), releases[i].mc_nvdec);
		assert_int_equal(word(info, 3 + 25 * 9 + 2), releases[i].rm_ofa);
		assert_int_equal(word(info, 3 + 25 * 10 + 2), releases[i].rm_sec2);
		assert_int_equal(word(info, 3 + 25 * 4), 0x793ceb03); /* CE3 */
		/* The firmware's own interrupt, and the display's, in the subtree of the rest. */
		assert_int_equal(find_vectors(intr, releases[i].mc_gsp, &nonstall) / 64, 2);
		assert_int_equal(nonstall, ~0u);
		assert_int_equal(find_vectors(intr, 2, &nonstall), 154);
		assert_int_equal(intr[2052], 2);
		assert_int_equal(intr[2052 + 2], 3);

		/* Behind the last one there is nothing. */
		set32(info, 32);
		assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, DEVICE_INFO, info, sizeof(info)),
				 0);
		assert_int_equal(le32(info), 32);
		assert_int_equal(word(info, 1), 0);
		unload(mc);
	}
}

/* Planted faults of RM's answers: one class, one control, one byte of an answer. */
static void test_planted(void **state)
{
	static const char *const bad[] = {
		"alloc-refused=0x10000",       "control-refused=0x100000000",
		"flip-answer=0x1000000000000", "vector-lost=256",
		"flip-semaphore=64",	       "gp-get-stuck=2",
	};
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	static uint8_t good[2068], table[2068];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(model_fault_set(mc->gpu, bad[i]), -EINVAL);
	rm_client(&t);
	assert_int_equal(model_fault_set(mc->gpu, "alloc-refused=0x2080"), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 1, 0x2080, NULL, 0), 0x1a);
	assert_int_equal(rm_alloc(&t, 7, 0, 7, 0, NULL, 0), 0);
	assert_int_equal(model_fault_set(mc->gpu, "none control-refused=0x20800a5c"), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 1, 0x2080, NULL, 0), 0);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, INTR_TABLE, table, 2068), 0xffff);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, GET_ENGINES, table, 252), 0);
	assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, INTR_TABLE, good, 2068), 0);
	assert_int_equal(model_fault_set(mc->gpu, "flip-control=0x20800a5c00000801"), 0);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, INTR_TABLE, table, 2068), 0);
	assert_int_equal(table[0x801], good[0x801] ^ 1);
	table[0x801] ^= 1;
	assert_memory_equal(table, good, 2068);
	/* The status, in an answer to an allocation. */
	assert_int_equal(model_fault_set(mc->gpu, "none flip-answer=0x6700000010"), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 2, 0x2080, NULL, 0), 1);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, INTR_TABLE, table, 2068), 0);
	assert_memory_equal(table, good, 2068);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_tree),
		boot_test(test_own_handles),
		boot_test(test_alloc_refused),
		boot_test(test_control_refused),
		boot_test(test_objects_run_out),
		boot_test(test_engines),
		boot_test(test_planted),
	};

	return cmocka_run_group_tests_name("model: RM", tests, NULL, NULL);
}
