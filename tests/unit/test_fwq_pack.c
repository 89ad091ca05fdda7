/* SPDX-License-Identifier: MIT */
/*
 * ABI packs: the shipped ones say what the vendor's releases are known to say, above all where releases
 * differ under one name; and the parser refuses everything that is not a sound pack.
 *
 * The expected values are measured facts about each release, taken with a C compiler and the vendor's
 * headers and not from abigen; tests/peer compares every value of a pack.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fwq/pack.h"

static const struct release {
	const char *version;
	uint32_t control, init_args, rmargs, system_info, static_config;
	uint32_t lockdown;
	/* rc_triggered: fixed size, offsets of gfid, exceptLevel, exceptType */
	uint32_t rc, gfid, level, type;
	bool wpr_flags;
	uint32_t add_type;
} releases[] = {
	{"535.113.01", 24, 48, 80, 664, 2168, 0x101d, 20, FWQ_ABSENT, FWQ_ABSENT, 8, false, 316936},
	{"535.261.03", 24, 48, 80, 672, 2168, 0x101d, 28, 8, FWQ_ABSENT, 12, true, 316936},
	{"550.163.01", 24, 48, 80, 880, 2184, 0x101c, 28, 8, FWQ_ABSENT, 12, true, 325640},
	{"570.144", 24, 32, 72, 928, 1656, 0x101c, 48, 8, 12, 16, true, 334344},
	{"575.64.05", 40, 32, 88, 936, 1656, 0x101c, 48, 8, 12, 16, true, 522408},
	{"580.95.05", 40, 32, 88, 936, 1792, 0x101c, 48, 8, 12, 16, true, 694280},
	{"595.45.04", 40, 64, 136, 944, 1592, 0x101c, 48, 8, 12, 16, true, 694280},
};
#define RELEASES (sizeof(releases) / sizeof(releases[0]))

/* A small sound pack, but for its last line. */
#define HEAD  "abi 1\nversion 1.2\ntransport shared-queue\n"
#define BOOT  "boot sec2\nfile sec2 gsp\nstep sec2 place_wpr\n"
#define BEGIN HEAD BOOT

static struct fwq_pack pack;
static struct fwq_pack_error error;

static char *read_pack(const char *version, size_t *len)
{
	char path[64], *text = malloc(FWQ_PACK_TEXT_MAX);
	FILE *f;

	snprintf(path, sizeof(path), "fwq/abi/%s.abi", version);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, FWQ_PACK_TEXT_MAX, f);
	fclose(f);
	return text;
}

static void load(const char *version)
{
	size_t len;
	char *text = read_pack(version, &len);

	if (fwq_pack_parse(text, len, &pack, &error))
		fail_msg("%s: %s", version, error.text);
	free(text);
	assert_string_equal(pack.version, version);
}

/* ---------------------------------------------------------------- the shipped packs */

static void test_shipped_packs_load(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RELEASES; i++) {
		load(releases[i].version);
		assert_true(pack.boot[FWQ_BOOT_SEC2].present);
		assert_string_equal(pack.boot[FWQ_BOOT_SEC2].file[0], "gsp");
		assert_int_equal(pack.boot[FWQ_BOOT_SEC2].files, 4);
		assert_true(pack.boot[FWQ_BOOT_FSP].present);
		assert_string_equal(pack.boot[FWQ_BOOT_FSP].file[2], "fmc");
		/* 595 replaced the CPU sequencer by two loader events. */
		assert_int_equal(pack.boot[FWQ_BOOT_SEC2].step[pack.boot[FWQ_BOOT_SEC2].steps - 1],
				 i + 1 == RELEASES ? FWQ_STEP_run_loaders_until_init_done
						   : FWQ_STEP_run_sequencer_until_init_done);
	}
}

/* Also a pack that nobody has measured yet: adding one touches no C file, this one included. */
static void test_every_pack_is_sound(void **state)
{
	DIR *dir = opendir("fwq/abi");
	const struct dirent *entry;
	unsigned int packs = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *end = strstr(entry->d_name, ".abi");
		char version[32];

		if (!end)
			continue;
		snprintf(version, sizeof(version), "%.*s", (int)(end - entry->d_name),
			 entry->d_name);
		load(version);
		packs++;
	}
	closedir(dir);
	assert_true(packs >= RELEASES);
}

static void test_control_header_grows_at_575(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RELEASES; i++) {
		load(releases[i].version);
		assert_int_equal(fwq_sizeof(&pack, FWQ_S_rpc_gsp_rm_control_v),
				 releases[i].control);
		assert_int_equal(pack.field[FWQ_F_rpc_gsp_rm_control_v__params].offset,
				 releases[i].control);
		assert_int_equal(fwq_has_field(&pack, FWQ_F_rpc_gsp_rm_control_v__rmctrlFlags),
				 releases[i].control == 40);
		assert_int_equal(fwq_sizeof(&pack, FWQ_S_rpc_gsp_rm_alloc_v), 32);
	}
}

static void test_lockdown_notice_moves_after_535(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RELEASES; i++) {
		load(releases[i].version);
		assert_int_equal(pack.number[FWQ_N_NV_VGPU_MSG_EVENT_GSP_LOCKDOWN_NOTICE],
				 releases[i].lockdown);
		assert_int_equal(
			fwq_has_number(&pack, FWQ_N_NV_VGPU_MSG_EVENT_GSP_POST_NOCAT_RECORD),
			releases[i].lockdown == 0x101c);
	}
}

static void test_rc_triggered_layouts(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RELEASES; i++) {
		const struct release *r = &releases[i];

		load(r->version);
		assert_int_equal(fwq_sizeof(&pack, FWQ_S_rpc_rc_triggered_v), r->rc);
		assert_int_equal(pack.field[FWQ_F_rpc_rc_triggered_v__gfid].offset, r->gfid);
		assert_int_equal(pack.field[FWQ_F_rpc_rc_triggered_v__exceptLevel].offset,
				 r->level);
		assert_int_equal(pack.field[FWQ_F_rpc_rc_triggered_v__exceptType].offset, r->type);
	}
}

static void same_size(const struct release *r, enum fwq_struct s, uint32_t want)
{
	if (fwq_sizeof(&pack, s) != want)
		fail_msg("%s: %s has %u bytes, not %u", r->version, fwq_struct_name(s),
			 fwq_sizeof(&pack, s), want);
}

static void test_structure_sizes(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RELEASES; i++) {
		const struct release *r = &releases[i];

		load(r->version);
		same_size(r, FWQ_S_MESSAGE_QUEUE_INIT_ARGUMENTS, r->init_args);
		same_size(r, FWQ_S_GSP_ARGUMENTS_CACHED, r->rmargs);
		same_size(r, FWQ_S_GspSystemInfo, r->system_info);
		same_size(r, FWQ_S_GspStaticConfigInfo, r->static_config);
		same_size(r, FWQ_S_GspFwWprMeta, 256);
		same_size(r, FWQ_S_rpc_message_header_v, 32);
		same_size(r, FWQ_S_NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS,
			  r->add_type);
		assert_int_equal(fwq_has_field(&pack, FWQ_F_GspFwWprMeta__flags), r->wpr_flags);
		assert_int_equal(pack.field[FWQ_F_GSP_MSG_QUEUE_ELEMENT__rpc].offset, 48);
		assert_int_equal(pack.number[FWQ_N_defaultStatusQueueSize], 0x40000);
		assert_in_range(pack.number[FWQ_N_NV_VGPU_MSG_FUNCTION_NUM_FUNCTIONS], 203, 229);
	}
}

/* ---------------------------------------------------------------- accessors */

static void test_accessors(void **state)
{
	const enum fwq_field function = FWQ_F_rpc_message_header_v__function;
	const enum fwq_field handles = FWQ_F_NV_CHANNEL_ALLOC_PARAMS__hUserdMemory;
	uint8_t buf[512] = {0};
	size_t offset, size;
	uint64_t value = 7;

	(void)state;
	load("535.113.01");
	assert_int_equal(fwq_put(&pack, function, buf, 40, 8, 0, 0x11223344), 0);
	assert_memory_equal(buf + 8 + 12, "\x44\x33\x22\x11", 4);
	assert_int_equal(fwq_get(&pack, function, buf, 40, 8, 0, &value), 0);
	assert_int_equal(value, 0x11223344);

	/* bounds of value, array and buffer */
	assert_int_equal(fwq_put(&pack, function, buf, 40, 8, 0, 1ull << 32), -EOVERFLOW);
	assert_int_equal(fwq_put(&pack, function, buf, 40, 8, 1, 0), -ERANGE);
	assert_int_equal(fwq_get(&pack, function, buf, 16, 0, 0, &value), 0);
	assert_int_equal(fwq_get(&pack, function, buf, 15, 0, 0, &value), -ERANGE);
	assert_int_equal(fwq_get(&pack, function, buf, 40, 41, 0, &value), -ERANGE);
	assert_int_equal(fwq_get(&pack, function, buf, 40, SIZE_MAX, 0, &value), -ERANGE);

	/* arrays */
	assert_int_equal(pack.field[handles].count, 8);
	assert_int_equal(fwq_put(&pack, handles, buf, sizeof(buf), 0, 7, 0xabcd), 0);
	assert_int_equal(fwq_get(&pack, handles, buf, sizeof(buf), 0, 7, &value), 0);
	assert_int_equal(value, 0xabcd);
	assert_int_equal(fwq_put(&pack, handles, buf, sizeof(buf), 0, 8, 0), -ERANGE);

	/* what a version lacks, and what is no number */
	assert_int_equal(fwq_get(&pack, FWQ_F_rpc_rc_triggered_v__gfid, buf, 512, 0, 0, &value),
			 -ENOENT);
	assert_int_equal(fwq_span(&pack, FWQ_F_rpc_rc_triggered_v__gfid, 512, 0, &offset, &size),
			 -ENOENT);
	assert_int_equal(fwq_get(&pack, FWQ_F_GSP_MSG_QUEUE_ELEMENT__rpc, buf, 512, 0, 0, &value),
			 -EINVAL);
	assert_int_equal(fwq_number_or(&pack, FWQ_N_GSP_FW_HEAP_SIZE_VGPU_48VMS, 5), 5);
	assert_int_equal(fwq_number_or(&pack, FWQ_N_NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL, 5), 76);
	assert_true(fwq_has_struct(&pack, FWQ_S_GspFwWprMeta));

	/* bytes: an array, and a flexible array up to the end of the buffer */
	assert_int_equal(fwq_span(&pack, handles, 512, 4, &offset, &size), 0);
	assert_int_equal(offset, 4 + pack.field[handles].offset);
	assert_int_equal(size, 32);
	assert_int_equal(
		fwq_span(&pack, FWQ_F_rpc_gsp_rm_control_v__params, 100, 32, &offset, &size), 0);
	assert_int_equal(offset, 56);
	assert_int_equal(size, 44);
	assert_int_equal(
		fwq_span(&pack, FWQ_F_rpc_gsp_rm_control_v__params, 55, 32, &offset, &size),
		-ERANGE);
}

#define RC "rpc_rc_triggered_v"

/*
 * One reader, five layouts of one event. The lines are what releases of each kind say (535.113.01;
 * 535.183.01 and 550.90.07; 535.261.03; 555.58 and 560.35.03; 565.57.01 and later).
 */
static void test_one_reader_of_rc_triggered(void **state)
{
	static const struct {
		const char *lines;
		uint8_t event[20]; /* channel 5, exception 31 and, where there is one, gfid 2 */
		int gfid;	   /* what its accessor says */
	} layouts[] = {
		{"struct " RC " 20\nfield " RC " chid 4 4 1\nfield " RC " exceptType 8 4 1\n",
		 {[4] = 5, [8] = 31},
		 -ENOENT},
		{"struct " RC " 24\nfield " RC " chid 4 4 1\nfield " RC " exceptType 8 4 1\n"
		 "field " RC " rcJournalBufferSize 20 4 1\nfield " RC " rcJournalBuffer 24 0 0\n",
		 {[4] = 5, [8] = 31},
		 -ENOENT},
		{"struct " RC " 28\nfield " RC " chid 4 4 1\nfield " RC " gfid 8 4 1\nfield " RC
		 " exceptType 12 4 1\n",
		 {[4] = 5, [8] = 2, [12] = 31},
		 0},
		{"struct " RC " 44\nfield " RC " chid 4 4 1\nfield " RC " exceptLevel 8 4 1\n"
		 "field " RC " exceptType 12 4 1\n",
		 {[4] = 5, [8] = 1, [12] = 31},
		 -ENOENT},
		{"struct " RC " 48\nfield " RC " chid 4 4 1\nfield " RC " gfid 8 4 1\nfield " RC
		 " exceptLevel 12 4 1\n"
		 "field " RC " exceptType 16 4 1\n",
		 {[4] = 5, [8] = 2, [12] = 1, [16] = 31},
		 0},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		char text[512];
		uint64_t value = 0;

		snprintf(text, sizeof(text), BEGIN "%send\n", layouts[i].lines);
		if (fwq_pack_parse(text, strlen(text), &pack, &error))
			fail_msg("layout %u: %s", i, error.text);
		assert_int_equal(fwq_get(&pack, FWQ_F_rpc_rc_triggered_v__exceptType,
					 layouts[i].event, 20, 0, 0, &value),
				 0);
		assert_int_equal(value, 31);
		assert_int_equal(fwq_get(&pack, FWQ_F_rpc_rc_triggered_v__chid, layouts[i].event,
					 20, 0, 0, &value),
				 0);
		assert_int_equal(value, 5);
		assert_int_equal(fwq_get(&pack, FWQ_F_rpc_rc_triggered_v__gfid, layouts[i].event,
					 20, 0, 0, &value),
				 layouts[i].gfid);
		if (!layouts[i].gfid)
			assert_int_equal(value, 2);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(fwq_number_name(FWQ_N_MSGQ_VERSION), "MSGQ_VERSION");
	assert_string_equal(fwq_struct_name(FWQ_S_GspFwWprMeta), "GspFwWprMeta");
	assert_string_equal(fwq_field_name(FWQ_F_GspSystemInfo__gspVFInfo_totalVFs),
			    "GspSystemInfo.gspVFInfo.totalVFs");
	assert_string_equal(fwq_step_name(FWQ_STEP_wait_fsp), "wait_fsp");
	assert_string_equal(fwq_number_name(FWQ_NUMBERS), "?");
	assert_string_equal(fwq_struct_name(FWQ_STRUCTS), "?");
	assert_string_equal(fwq_field_name(FWQ_FIELDS), "?");
	assert_string_equal(fwq_step_name(FWQ_STEPS), "?");
}

/* ---------------------------------------------------------------- packs that lie */

#define X10(s) s s s s s s s s s s

static void test_sound_pack(void **state)
{
	static const char text[] =
		"# words\n\n" BEGIN "number NOBODY_KNOWS 5\nstruct nobody 8\n"
		"field nobody at.all 0 8 1\nnumber MSGQ_VERSION 0xffffffffffffffff\n"
		"number RM_PAGE_SIZE 18446744073709551615\nend\n# more words\n";

	(void)state;
	if (fwq_pack_parse(text, strlen(text), &pack, &error))
		fail_msg("%s", error.text);
	assert_string_equal(pack.version, "1.2");
	assert_true(pack.number[FWQ_N_MSGQ_VERSION] == UINT64_MAX);
	assert_true(pack.number[FWQ_N_RM_PAGE_SIZE] == UINT64_MAX);
	assert_int_equal(pack.boot[FWQ_BOOT_SEC2].step[0], FWQ_STEP_place_wpr);
	assert_false(pack.boot[FWQ_BOOT_FSP].present);
	assert_int_equal(fwq_sizeof(&pack, FWQ_S_GspFwWprMeta), 0);
}

static void test_unsound_packs(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{"", "line 0: no `end`: cut off?"},
		{"abi 2\n", "line 1: a pack begins with `abi 1`"},
		{BEGIN, "line 6: no `end`: cut off?"},
		{BEGIN "end", "line 7: no newline at the end: cut off?"},
		{BEGIN "end\nend\n", "line 8: something behind `end`"},
		{"abi 1\nend\n", "line 2: no transport line"},
		{"abi 1\ntransport shared-queue\nend\n", "line 3: no version line"},
		{HEAD "end\n", "line 4: no boot recipe"},
		{HEAD "boot fsp\nend\n", "line 5: boot fsp has no files"},
		{HEAD "boot fsp\nfile fsp gsp\nend\n", "line 6: boot fsp has no steps"},
		{HEAD "version 1.2\n", "line 4: a second version"},
		{HEAD "transport shared-queue\n", "line 4: a second transport"},
		{"abi 1\nversion 1/2\n", "line 2: version 1/2 is not digits and dots"},
		{"abi 1\nversion 12345678901234567890123456789012\n",
		 "line 2: version of 32 characters; at most 31"},
		{"abi 1\ntransport r000\n", "line 2: unknown transport r000"},
		{HEAD "boot usb\n", "line 4: unknown boot usb"},
		{HEAD "file usb gsp\n", "line 4: unknown boot usb"},
		{HEAD "step usb place_wpr\n", "line 4: unknown boot usb"},
		{BEGIN "boot sec2\n", "line 7: boot sec2 twice"},
		{HEAD "file sec2 gsp\n", "line 4: file before its boot line (0)"},
		{HEAD "step sec2 wait_fsp\n", "line 4: step before its boot line (0)"},
		{BEGIN "file sec2 ../x\n", "line 7: file name ../x is not a-z, 0-9 and _"},
		{BEGIN "file sec2 abcdefghijklmnopqrstuvwxyzabcdef\n",
		 "line 7: file name of 32 characters; at most 31"},
		{BEGIN X10("file sec2 gsp\n") "end\n", "line 14: more than 8 files"},
		{BEGIN X10("step sec2 wait_fsp\n") X10("step sec2 wait_fsp\n")
			 X10("step sec2 wait_fsp\n") X10("step sec2 wait_fsp\n"),
		 "line 38: more than 32 steps"},
		{BEGIN "step sec2 dance\n", "line 7: unknown step dance"},
		{BEGIN "dance\n", "line 7: unknown line dance"},
		{BEGIN "number RM_PAGE_SIZE\n", "line 7: number has 3 words, not 2"},
		{BEGIN "number RM_PAGE_SIZE -1\n", "line 7: -1 is no number"},
		{BEGIN "number RM_PAGE_SIZE 0x\n", "line 7: 0x is no number"},
		{BEGIN "number RM_PAGE_SIZE 0x1G\n", "line 7: 0x1G is no number"},
		{BEGIN "number RM_PAGE_SIZE 18446744073709551616\n",
		 "line 7: 18446744073709551616 is no number"},
		{BEGIN "number RM_PAGE_SIZE 1\nnumber RM_PAGE_SIZE 1\n",
		 "line 8: number RM_PAGE_SIZE twice"},
		{BEGIN "struct msgqRxHeader 1048577\n",
		 "line 7: size 1048577 of msgqRxHeader is no number up to 1048576"},
		{BEGIN "struct msgqRxHeader 4\nstruct msgqRxHeader 4\n",
		 "line 8: struct msgqRxHeader twice"},
		{BEGIN "field msgqRxHeader readPtr 0 4 1\n",
		 "line 7: field msgqRxHeader.readPtr before its struct line"},
		{BEGIN "struct msgqRxHeader 4\nfield msgqRxHeader readPtr 1 4 1\n",
		 "line 8: field msgqRxHeader.readPtr lies outside the 4 bytes of its structure"},
		{BEGIN "struct msgqRxHeader 4\nfield msgqRxHeader readPtr 4294967295 4 1\n",
		 "line 8: 4294967295 is no number up to 1048576"},
		{BEGIN "struct msgqRxHeader 4\nfield msgqRxHeader readPtr 0 4 3\n",
		 "line 8: field msgqRxHeader.readPtr: 3 elements in 4 bytes"},
		{BEGIN "struct msgqRxHeader 4\nfield msgqRxHeader readPtr 0 4 0\n",
		 "line 8: field msgqRxHeader.readPtr: 0 elements in 4 bytes"},
		{BEGIN "struct msgqRxHeader 4\nfield msgqRxHeader readPtr 0 0 1\n",
		 "line 8: field msgqRxHeader.readPtr: 1 elements in 0 bytes"},
		{BEGIN "struct msgqRxHeader 4\nfield msgqRxHeader readPtr 0 4 1\n"
		       "field msgqRxHeader readPtr 0 4 1\n",
		 "line 9: field msgqRxHeader.readPtr twice"},
		{BEGIN "number  x 1\n", "line 7: more than one blank"},
		{BEGIN "number x 1 \n", "line 7: a blank at the end"},
		{BEGIN "number x\t1\n", "line 7: byte 0x09 is no text"},
		{BEGIN "number \x80 1\n", "line 7: byte 0x80 is no text"},
		{BEGIN "field a b 1 2 3 4\n", "line 7: too many words"},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* A block of exactly that size: a read beyond it is seen by AddressSanitizer. */
		size_t len = strlen(bad[i].text);
		char *text = malloc(len + !len);

		assert_non_null(text);
		memcpy(text, bad[i].text, len);
		assert_int_equal(fwq_pack_parse(text, len, &pack, &error), -EINVAL);
		assert_string_equal(error.text, bad[i].error);
		free(text);
	}
}

static void test_size_limit(void **state)
{
	char *text = calloc(1, FWQ_PACK_TEXT_MAX + 1);

	(void)state;
	assert_non_null(text);
	assert_int_equal(fwq_pack_parse(text, FWQ_PACK_TEXT_MAX + 1, &pack, &error), -EINVAL);
	assert_string_equal(error.text, "line 0: 262145 bytes; at most 262144");
	free(text);
}

/* Wherever a pack is cut off, it is refused. */
static void test_cut_packs(void **state)
{
	size_t len;
	char *text = read_pack("570.144", &len);

	(void)state;
	for (size_t cut = 0; cut < len; cut += cut + 97 < len ? 97 : 1)
		assert_int_equal(fwq_pack_parse(text, cut, &pack, &error), -EINVAL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped_packs_load),
		cmocka_unit_test(test_every_pack_is_sound),
		cmocka_unit_test(test_control_header_grows_at_575),
		cmocka_unit_test(test_lockdown_notice_moves_after_535),
		cmocka_unit_test(test_rc_triggered_layouts),
		cmocka_unit_test(test_structure_sizes),
		cmocka_unit_test(test_accessors),
		cmocka_unit_test(test_one_reader_of_rc_triggered),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sound_pack),
		cmocka_unit_test(test_unsound_packs),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_cut_packs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
