/* SPDX-License-Identifier: MIT */
/*
 * test_fwq_packs.c - the built-in packs: the same as their files, complete, and good for a transport.
 *
 * The parameters expected are those of GSP-RM 535 to 595 as measured in the vendor's releases; one
 * number wrong in a pack must be noticed before any memory is sized by it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fwq/packs.h"
#include "fwq/params.h"
#include "fwq/view.h"
#include "tests/unit/fwq_side.h"

static struct fwq_pack pack;
static struct fwq_pack_error error;

static const char *const versions[] = {"535.113.01", "535.261.03", "550.163.01", "570.144",
				       "575.64.05",  "580.95.05",  "595.45.04"};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static void load_file(const char *version)
{
	static char text[FWQ_PACK_TEXT_MAX];
	char path[64];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "fwq/abi/%s.abi", version);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_int_equal(fwq_pack_load(text, len, &pack, &error), 0);
}

static void built_in_is_what_the_file_says(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VERSIONS; i++)
		assert_non_null(fwq_packs_find(versions[i]));
	/* All that there are: a pack that is added needs no line here. */
	for (unsigned int i = 0; i < fwq_packs_count; i++) {
		const struct fwq_pack *built = &fwq_packs[i];

		assert_ptr_equal(fwq_packs_find(built->version), built);
		load_file(built->version);
		assert_string_equal(built->version, pack.version);
		assert_int_equal(built->transport, pack.transport);
		for (unsigned int b = 0; b < FWQ_BOOTS; b++)
			assert_memory_equal(&built->boot[b], &pack.boot[b], sizeof(pack.boot[b]));
		assert_memory_equal(built->number, pack.number, sizeof(pack.number));
		assert_memory_equal(built->has_number, pack.has_number, sizeof(pack.has_number));
		assert_memory_equal(built->size, pack.size, sizeof(pack.size));
		for (unsigned int f = 0; f < FWQ_FIELDS; f++)
			assert_memory_equal(&built->field[f], &pack.field[f],
					    sizeof(pack.field[f]));
	}
}

static void only_the_exact_version_is_found(void **state)
{
	(void)state;
	assert_null(fwq_packs_find("570.145"));
	assert_null(fwq_packs_find("570"));
	assert_null(fwq_packs_find("570.144.01"));
	assert_null(fwq_packs_find(""));
}

static void every_pack_is_the_known_transport(void **state)
{
	struct fwq_params want = side_params(), got;

	(void)state;
	want.rpc.echoes_sequence = 0;
	for (unsigned int i = 0; i < VERSIONS; i++) {
		assert_int_equal(fwq_params_from_pack(fwq_packs_find(versions[i]), &got), 0);
		assert_memory_equal(&got, &want, sizeof(want));
	}
}

static void a_pack_that_is_no_transport_is_refused(void **state)
{
	struct fwq_params p;

	(void)state;
#define REFUSED(what, value)                                                                       \
	do {                                                                                       \
		pack = *fwq_packs_find("570.144");                                                 \
		pack.what = (value);                                                               \
		assert_int_equal(fwq_params_from_pack(&pack, &p), -EINVAL);                        \
	} while (0)
	REFUSED(number[FWQ_N_defaultCommandQueueSize], 0x1000);
	REFUSED(number[FWQ_N_defaultStatusQueueSize], 0);
	REFUSED(number[FWQ_N_GSP_MSG_QUEUE_ELEMENT_SIZE_MIN], 0x100001000);
	REFUSED(number[FWQ_N_GSP_MSG_QUEUE_ELEMENT_SIZE_MAX], 0x1001);
	REFUSED(number[FWQ_N_GSP_MSG_QUEUE_HEADER_ALIGN], 21);
	REFUSED(number[FWQ_N_GSP_MSG_QUEUE_ELEMENT_ALIGN], 64);
	REFUSED(number[FWQ_N_NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD], 0x1000);
	REFUSED(field[FWQ_F_GSP_MSG_QUEUE_ELEMENT__rpc].offset, FWQ_ABSENT);
	REFUSED(field[FWQ_F_msgqTxHeader__writePtr].offset, 30);
#undef REFUSED
}

static void what_is_needed_must_be_there(void **state)
{
	(void)state;
	pack = *fwq_packs_find("580.95.05");
	assert_int_equal(fwq_pack_complete(&pack, &error), 0);

	pack.has_number[FWQ_N_NV01_ROOT] = false;
	assert_int_equal(fwq_pack_complete(&pack, &error), -EINVAL);
	assert_string_equal(error.text, "number NV01_ROOT is missing");
	pack.has_number[FWQ_N_NV01_ROOT] = true;

	pack.number[FWQ_N_NV01_ROOT] = 1ull << 32;
	assert_int_equal(fwq_pack_complete(&pack, &error), -EINVAL);
	assert_string_equal(error.text, "number NV01_ROOT is above 32 bits");
	pack.number[FWQ_N_NV01_ROOT] = 0;

	pack.field[FWQ_F_rpc_gsp_rm_control_v__cmd].offset = FWQ_ABSENT;
	assert_int_equal(fwq_pack_complete(&pack, &error), -EINVAL);
	assert_string_equal(error.text,
			    "field rpc_gsp_rm_control_v.cmd is missing or not one of 4 bytes");

	pack = *fwq_packs_find("580.95.05");
	pack.field[FWQ_F_rpc_gsp_rm_control_v__cmd].size = 8;
	assert_int_equal(fwq_pack_complete(&pack, &error), -EINVAL);

	pack = *fwq_packs_find("580.95.05");
	pack.field[FWQ_F_rpc_gsp_rm_control_v__cmd].count = 4;
	assert_int_equal(fwq_pack_complete(&pack, &error), -EINVAL);
}

static void one_name_reads_every_layout(void **state)
{
	uint8_t msg[64];

	(void)state;
	for (unsigned int i = 0; i < VERSIONS; i++) {
		const struct fwq_pack *p = fwq_packs_find(versions[i]);
		uint64_t v;

		memset(msg, 0, sizeof(msg));
		assert_true(fwq_sizeof(p, FWQ_S_rpc_gsp_rm_control_v) < sizeof(msg));
		fwq_wr(p, rpc_gsp_rm_control_v, cmd, msg + 1, 0x20800301);
		assert_int_equal(fwq_rd(p, rpc_gsp_rm_control_v, cmd, msg + 1), 0x20800301);
		assert_int_equal(
			fwq_get(p, FWQ_F_rpc_gsp_rm_control_v__cmd, msg, sizeof(msg), 1, 0, &v), 0);
		assert_int_equal(v, 0x20800301);
		assert_int_equal(fwq_num(p, NV20_SUBDEVICE_0), 0x2080);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_is_what_the_file_says),
		cmocka_unit_test(only_the_exact_version_is_found),
		cmocka_unit_test(every_pack_is_the_known_transport),
		cmocka_unit_test(a_pack_that_is_no_transport_is_refused),
		cmocka_unit_test(what_is_needed_must_be_there),
		cmocka_unit_test(one_name_reads_every_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
