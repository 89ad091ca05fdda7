/* SPDX-License-Identifier: MIT */
/*
 * test_fwq_rm.c - RM calls in every release, against a firmware that knows none of our tables.
 *
 * The caller writes parameters and names a class or a control; whichever pack is loaded, what arrives
 * must be laid out as that release has it (control headers of 24 and of 40 bytes), and what comes back
 * must be believed only when it fits. Refusals keep their status; lies end with -EPROTO, and no reply,
 * however long or wrong, touches memory outside the caller's buffer.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fwq_fake.h"
#include "tests/unit/rnd.h"

#include "fwq/view.h"

#define CLIENT 0xc1d00005u
#define OBJECT 0x00e00001u

static struct fwq_caller caller;
static struct fwq_rm_call call;
static uint8_t *buf; /* of exactly the size given, for the sanitizer */
static unsigned int ended;
static int last_err;

static void on_done(struct fwq_rm_call *c, int err)
{
	assert_ptr_equal(c, &call);
	ended++;
	last_err = err;
}

static void use_buffer(uint32_t params)
{
	free(buf);
	buf = malloc(FWQ_RM_SIZE(params));
	fwq_rm_call_init(&call, &fake_rm, &caller, buf, FWQ_RM_SIZE(params), on_done, NULL);
}

static void start(unsigned int release, bool echo)
{
	fake_start(release, echo);
	fwq_rpc_caller_add(&fake_rpc, &caller);
	use_buffer(64);
	ended = 0;
	last_err = 1;
	/* A client and an object that the firmware has, without our help. */
	fake_add(CLIENT, 0, CLIENT, 0);
	fake_add(CLIENT, CLIENT, OBJECT, 0x2080);
}

static int setup(void **state)
{
	(void)state;
	rng = 0x1234567;
	start(5, true);
	return 0;
}

static int cleanup(void **state)
{
	free(buf);
	buf = NULL;
	return fake_end(state);
}

/* Time slices: eight bytes in every release. */
static void control(int want)
{
	void *params = fwq_rm_params(&call, FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS);

	assert_non_null(params);
	assert_int_equal(fwq_put(fake_rm.pack, FWQ_F_NVA06C_CTRL_TIMESLICE_PARAMS__timesliceUs,
				 params, 8, 0, 0, 0x1122334455667788),
			 0);
	assert_int_equal(fwq_rm_control(&call, CLIENT, OBJECT, FWQ_N_NVA06C_CTRL_CMD_SET_TIMESLICE,
					FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS),
			 want);
}

static void answered(int err)
{
	unsigned int before = ended;

	fake_turns();
	assert_int_equal(ended, before + 1);
	assert_int_equal(last_err, err);
}

/* ---------------------------------------------------------------- what arrives */

static uint8_t seen[0x1000];
static uint32_t seen_len, seen_function;

/* What the fake received is what it is about to answer. */
static void look(uint32_t function, uint8_t *payload, uint32_t *len, uint32_t *result)
{
	(void)result;
	assert_true(*len <= sizeof(seen));
	memcpy(seen, payload, *len);
	seen_len = *len;
	seen_function = function;
}

static void a_control_in_every_release(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * FAKE_RELEASES; i++) {
		uint32_t header = fake_releases[i / 2].control_header;
		const uint8_t *reply;

		start(i / 2, i % 2);
		fake_spoil = look;
		control(0);
		answered(0);
		assert_int_equal(seen_function, 76);
		assert_int_equal(seen_len, header + 8);
		assert_int_equal(fake_word(seen, 0), CLIENT);
		assert_int_equal(fake_word(seen, 4), OBJECT);
		assert_int_equal(fake_word(seen, 8), 0xa06c0103);
		assert_int_equal(fake_word(seen, 16), 8);
		/* The fake has changed each byte on the way. */
		assert_int_equal(fake_word(seen, header), 0x55667788 ^ 0x5a5a5a5a);
		reply = fwq_rm_reply(&call);
		assert_int_equal(call.params_len, 8);
		assert_int_equal(call.status, 0);
		assert_memory_equal(reply, seen + header, 8);
	}
}

static void an_alloc_and_a_free_in_every_release(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * FAKE_RELEASES; i++) {
		uint8_t *params;

		start(i / 2, i % 2);
		fake_spoil = look;
		params = fwq_rm_params(&call, FWQ_S_NV2080_ALLOC_PARAMETERS);
		fwq_wr(fake_rm.pack, NV2080_ALLOC_PARAMETERS, subDeviceId, params, 0);
		assert_int_equal(fwq_rm_alloc(&call, CLIENT, OBJECT, 0x77, FWQ_N_NV20_SUBDEVICE_0,
					      FWQ_S_NV2080_ALLOC_PARAMETERS),
				 0);
		answered(0);
		assert_int_equal(seen_function, 103);
		assert_int_equal(seen_len, 36);
		assert_int_equal(fake_word(seen, 0), CLIENT);
		assert_int_equal(fake_word(seen, 4), OBJECT);
		assert_int_equal(fake_word(seen, 8), 0x77);
		assert_int_equal(fake_word(seen, 12), 0x2080);
		assert_int_equal(call.params_len, 4);
		assert_true(fake_find(CLIENT, 0x77) >= 0);

		assert_int_equal(fwq_rm_free(&call, CLIENT, OBJECT), 0);
		answered(0);
		assert_int_equal(seen_function, 10);
		assert_int_equal(fake_word(seen, 0), CLIENT);
		assert_int_equal(fake_word(seen, 8), OBJECT);
		assert_true(fake_find(CLIENT, 0x77) < 0);
	}
}

static void a_dup_in_every_release(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * FAKE_RELEASES; i++) {
		start(i / 2, i % 2);
		fake_add(0xc1d00006, 0, 0xc1d00006, 0);
		assert_int_equal(fwq_rm_dup(&call, 0xc1d00006, 0xc1d00006, 0x99, CLIENT, OBJECT),
				 0);
		answered(0);
		assert_true(fake_find(0xc1d00006, 0x99) >= 0);
		assert_int_equal(fwq_rm_dup(&call, 0xc1d00006, 0xc1d00006, 0x9a, CLIENT, 0xbad), 0);
		answered(-ENOENT);
		assert_int_equal(call.status, 0x57);
	}
}

static void plain_rpcs_in_every_release(void **state)
{
	static const struct {
		enum fwq_number number;
		enum fwq_struct payload;
		uint32_t function, len;
	} rpcs[] = {
		{FWQ_N_NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER,
		 FWQ_S_rpc_unloading_guest_driver_v, 47, 8},
		{FWQ_N_NV_VGPU_MSG_FUNCTION_SET_PAGE_DIRECTORY, FWQ_S_rpc_set_page_directory_v, 54,
		 48},
		{FWQ_N_NV_VGPU_MSG_FUNCTION_UNSET_PAGE_DIRECTORY, FWQ_S_rpc_unset_page_directory_v,
		 79, 16},
		{FWQ_N_NV_VGPU_MSG_FUNCTION_UPDATE_BAR_PDE, FWQ_S_rpc_update_bar_pde_v, 70, 24},
	};

	(void)state;
	for (unsigned int i = 0; i < FAKE_RELEASES; i++) {
		start(i, true);
		fake_spoil = look;
		for (unsigned int n = 0; n < sizeof(rpcs) / sizeof(rpcs[0]); n++) {
			uint8_t *payload = fwq_rm_params(&call, rpcs[n].payload);

			assert_non_null(payload);
			memset(payload, (int)(0x40 + n), rpcs[n].len);
			assert_int_equal(fwq_rm_rpc(&call, rpcs[n].number, rpcs[n].payload), 0);
			answered(0);
			assert_int_equal(seen_function, rpcs[n].function);
			assert_int_equal(seen_len, rpcs[n].len);
			assert_memory_equal(seen, fwq_rm_reply(&call), rpcs[n].len);
			assert_int_equal(seen[0], 0x40 + n);
			assert_int_equal(call.params_len, rpcs[n].len);
		}
	}
}

/* 694,280 bytes in the newer releases: eleven records there and eleven back. */
static void parameters_larger_than_a_record(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * FAKE_RELEASES; i++) {
		uint32_t size = fake_releases[i / 2].add_vgpu_type;
		const uint8_t *reply;
		uint8_t *params;

		start(i / 2, i % 2);
		use_buffer(size);
		params = fwq_rm_params(
			&call, FWQ_S_NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS);
		assert_non_null(params);
		for (uint32_t n = 0; n < size; n++)
			params[n] = (uint8_t)(n * 31 >> 3);
		assert_int_equal(
			fwq_rm_control(
				&call, CLIENT, OBJECT,
				FWQ_N_NV2080_CTRL_CMD_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE,
				FWQ_S_NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS),
			0);
		answered(0);
		assert_int_equal(call.params_len, size);
		reply = fwq_rm_reply(&call);
		for (uint32_t n = 0; n < size; n++)
			assert_int_equal(reply[n], (uint8_t)(n * 31 >> 3) ^ 0x5a);
	}
}

/* A header whose padding lies behind its flexible array: 44 bytes, and 48 as a structure. */
static void a_header_with_padding(void **state)
{
	static struct fwq_pack padded;

	(void)state;
	padded = *fake_rm.pack;
	padded.size[FWQ_S_rpc_gsp_rm_control_v] = 48;
	padded.field[FWQ_F_rpc_gsp_rm_control_v__params].offset = 44;
	assert_int_equal(fwq_rm_init(&fake_rm, &fake_rpc, &padded), 0);
	control(0);
	/* The message is as long as the structure and the parameters; its end is not our memory. */
	assert_int_equal(call.call.request_len, 48 + 8);
	assert_int_equal(fake_word(buf + FWQ_RM_ROOM, 8), 0);
	assert_int_equal(fwq_rpc_caller_remove(&fake_rpc, &caller), 0);
	assert_int_equal(last_err, -ECANCELED);
}

/* ---------------------------------------------------------------- what is not sent */

static void what_a_release_lacks(void **state)
{
	uint64_t before = fake_rm.stats.calls;

	(void)state;
	start(0, true);
	assert_int_equal(fwq_rm_alloc(&call, CLIENT, OBJECT, 1, FWQ_N_BLACKWELL_DMA_COPY_A,
				      FWQ_RM_NO_PARAMS),
			 -ENOENT);
	assert_int_equal(
		fwq_rm_control(&call, CLIENT, OBJECT, FWQ_N_BLACKWELL_DMA_COPY_A, FWQ_RM_NO_PARAMS),
		-ENOENT);
	assert_null(fwq_rm_params(&call, FWQ_S_GspLoadExecGenericBootloaderParams));
	assert_int_equal(fwq_rm_control(&call, CLIENT, OBJECT, FWQ_N_NVA06C_CTRL_CMD_SET_TIMESLICE,
					FWQ_S_GspLoadExecGenericBootloaderParams),
			 -ENOENT);
	assert_int_equal(fwq_rm_rpc(&call, FWQ_N_NV_VGPU_MSG_EVENT_GSP_LOAD_EXEC_HS_BINARY,
				    FWQ_RM_NO_PARAMS),
			 -ENOENT);
	assert_int_equal(fake_rm.stats.calls, before);
	assert_int_equal(ended, 0);
}

static void buffers_too_small_and_calls_not_ended(void **state)
{
	(void)state;
	use_buffer(7);
	assert_null(fwq_rm_params(&call, FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS));
	assert_int_equal(fwq_rm_control(&call, CLIENT, OBJECT, FWQ_N_NVA06C_CTRL_CMD_SET_TIMESLICE,
					FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS),
			 -EMSGSIZE);
	use_buffer(8);
	control(0);
	control(-EBUSY);
	assert_int_equal(fwq_rm_free(&call, CLIENT, OBJECT), -EBUSY);
	assert_int_equal(fwq_rm_dup(&call, CLIENT, CLIENT, 1, CLIENT, OBJECT), -EBUSY);
	assert_int_equal(fwq_rm_alloc(&call, CLIENT, CLIENT, 1, FWQ_N_NV01_ROOT, FWQ_RM_NO_PARAMS),
			 -EBUSY);
	assert_int_equal(fwq_rm_rpc(&call, FWQ_N_NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER,
				    FWQ_RM_NO_PARAMS),
			 -EBUSY);
	answered(0);
}

static void headers_that_do_not_fit_are_refused(void **state)
{
	static struct fwq_pack wrong;

	(void)state;
	wrong = *fake_rm.pack;
	wrong.size[FWQ_S_rpc_gsp_rm_alloc_v] = FWQ_RM_ROOM + 8;
	wrong.field[FWQ_F_rpc_gsp_rm_alloc_v__params].offset = FWQ_RM_ROOM + 8;
	assert_int_equal(fwq_rm_init(&fake_rm, &fake_rpc, &wrong), -EINVAL);
	wrong = *fwq_packs_find("580.95.05");
	wrong.field[FWQ_F_rpc_gsp_rm_control_v__params].offset = FWQ_ABSENT;
	assert_int_equal(fwq_rm_init(&fake_rm, &fake_rpc, &wrong), -EINVAL);
	/* A status where the parameters are, and a structure that ends long after they begin. */
	wrong = *fwq_packs_find("580.95.05");
	wrong.field[FWQ_F_rpc_gsp_rm_control_v__params].offset = 12;
	wrong.size[FWQ_S_rpc_gsp_rm_control_v] = 16;
	assert_int_equal(fwq_rm_init(&fake_rm, &fake_rpc, &wrong), -EINVAL);
	wrong = *fwq_packs_find("580.95.05");
	wrong.size[FWQ_S_rpc_gsp_rm_control_v] = 64;
	assert_int_equal(fwq_rm_init(&fake_rm, &fake_rpc, &wrong), -EINVAL);
}

/* ---------------------------------------------------------------- refusals */

static void a_status_becomes_an_errno_and_a_name(void **state)
{
	char text[FWQ_RM_TEXT];

	(void)state;
	fake_refuse_function = FAKE_CONTROL;
	fake_refuse_status = 0x1a; /* NV_ERR_INSUFFICIENT_RESOURCES */
	control(0);
	answered(-ENOSPC);
	assert_int_equal(call.status, 0x1a);
	assert_true(fwq_rm_undone(&call));
	assert_int_equal(fake_rm.stats.refused, 1);
	assert_string_equal(fwq_rm_text(&call, last_err, text),
			    "control NVA06C_CTRL_CMD_SET_TIMESLICE 00e00001 of client c1d00005: "
			    "NV_ERR_INSUFFICIENT_RESOURCES (0x1a)");
	fake_refuse_status = 0xabcdef; /* nobody's */
	control(0);
	answered(-EIO);
	assert_int_equal(call.status, 0xabcdef);
	assert_non_null(strstr(fwq_rm_text(&call, last_err, text), ": status (0xabcdef)"));
	fake_refuse_status = 0;
	assert_int_equal(fwq_rm_free(&call, CLIENT, 0xbad), 0);
	answered(-ENOENT);
	assert_string_equal(fwq_rm_text(&call, last_err, text),
			    "free 00000bad of client c1d00005: NV_ERR_OBJECT_NOT_FOUND (0x57)");
	fake_silent = 1;
	assert_int_equal(fwq_rm_rpc(&call, FWQ_N_NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER,
				    FWQ_RM_NO_PARAMS),
			 0);
	fake_turns();
	fake_wait();
	assert_int_equal(last_err, -ETIMEDOUT);
	assert_false(fwq_rm_undone(&call));
	assert_string_equal(fwq_rm_text(&call, last_err, text),
			    "NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER: error -110");
}

static uint32_t spoil_result, spoil_cut, spoil_at, spoil_xor;

static void spoil_reply(uint32_t function, uint8_t *payload, uint32_t *len, uint32_t *result)
{
	(void)function;
	*result = spoil_result;
	if (spoil_at < *len)
		payload[spoil_at] ^= (uint8_t)spoil_xor;
	if (spoil_cut < *len)
		*len = spoil_cut;
}

static void spoil(uint32_t result, uint32_t cut, uint32_t at, uint32_t x)
{
	spoil_result = result;
	spoil_cut = cut;
	spoil_at = at;
	spoil_xor = x;
	fake_spoil = spoil_reply;
}

static void the_rpc_itself_is_refused(void **state)
{
	(void)state;
	spoil(0x56, 0, 0, 0); /* NV_ERR_NOT_SUPPORTED, and no payload at all */
	control(0);
	answered(-EOPNOTSUPP);
	assert_int_equal(call.status, 0x56);
	assert_int_equal(call.params_len, 0);
	/* The header's own word, when there is one, says more. */
	spoil(0xffff, 1000, 12, 0x1a);
	control(0);
	answered(-ENOSPC);
	assert_int_equal(call.status, 0x1a);
	spoil(0xff000001, 0, 0, 0); /* NV_VGPU_MSG_RESULT_RPC_UNKNOWN_FUNCTION */
	assert_int_equal(fwq_rm_rpc(&call, FWQ_N_NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER,
				    FWQ_RM_NO_PARAMS),
			 0);
	answered(-EIO);
	assert_int_equal(call.status, 0xff000001);
	assert_int_equal(fake_rm.stats.malformed, 0);
}

static void a_warning_is_a_success(void **state)
{
	(void)state;
	fake_refuse_function = FAKE_CONTROL;
	fake_refuse_status = 0x10006; /* NV_WARN_NOTHING_TO_DO */
	control(0);
	answered(0);
	assert_int_equal(call.status, 0x10006);
	assert_int_equal(call.params_len, 8);
}

/* ---------------------------------------------------------------- lies */

/* Whichever word of a header is wrong, or missing, the reply is none. */
static void every_wrong_header_is_noticed(void **state)
{
	/* Words that repeat what was asked. */
	static const uint32_t control_echo[] = {0, 4, 8, 16}, alloc_echo[] = {0, 4, 8, 12},
			      free_echo[] = {0, 8}, dup_echo[] = {0, 4, 8};

	(void)state;
	for (unsigned int r = 0; r < FAKE_RELEASES; r++) {
		start(r, true);
		for (unsigned int i = 0; i < 16; i++) {
			spoil(0, 1000, control_echo[i / 4] + i % 4, 0x81);
			control(0);
			answered(-EPROTO);
			assert_false(fwq_rm_undone(&call));
			spoil(0, 1000, alloc_echo[i / 4] + i % 4, 0x10);
			assert_int_equal(fwq_rm_alloc(&call, CLIENT, CLIENT, 0x100 + i,
						      FWQ_N_TURING_DMA_COPY_A, FWQ_RM_NO_PARAMS),
					 0);
			answered(-EPROTO);
			spoil(0, 1000, dup_echo[i / 4 % 3] + i % 4, 0x01);
			assert_int_equal(
				fwq_rm_dup(&call, CLIENT, CLIENT, 0x200 + i, CLIENT, OBJECT), 0);
			answered(-EPROTO);
			spoil(0, 1000, free_echo[i / 4 % 2] + i % 4, 0x01);
			assert_int_equal(fwq_rm_free(&call, CLIENT, 0x200 + i), 0);
			answered(-EPROTO);
		}
		for (uint32_t cut = 0; cut < fake_release->control_header + 8; cut++) {
			spoil(0, cut, 1000, 0);
			control(0);
			answered(-EPROTO);
		}
		/* An alloc's reply needs no parameters. */
		for (uint32_t cut = 0; cut < 36; cut++) {
			spoil(0, cut, 1000, 0);
			fwq_rm_params(&call, FWQ_S_NV2080_ALLOC_PARAMETERS);
			assert_int_equal(fwq_rm_alloc(&call, CLIENT, CLIENT, 0x300 + cut,
						      FWQ_N_NV20_SUBDEVICE_0,
						      FWQ_S_NV2080_ALLOC_PARAMETERS),
					 0);
			answered(cut < 32 ? -EPROTO : 0);
			assert_int_equal(call.params_len, cut < 32 ? 0 : cut - 32);
		}
		assert_int_equal(fake_rm.stats.malformed,
				 4 * 16 + fake_release->control_header + 8 + 32);
	}
}

static void longer(uint32_t function, uint8_t *payload, uint32_t *len, uint32_t *result)
{
	(void)function;
	(void)result;
	memset(payload + *len, 0xee, 5000);
	*len += 5000;
}

static void a_reply_longer_than_asked_for(void **state)
{
	(void)state;
	fake_spoil = longer;
	control(0);
	answered(-EMSGSIZE);
	assert_int_equal(fwq_rm_free(&call, CLIENT, OBJECT), 0);
	answered(-EMSGSIZE);
}

static void noise(uint32_t function, uint8_t *payload, uint32_t *len, uint32_t *result)
{
	(void)function;
	for (uint32_t n = rnd() % 4; n; n--)
		if (*len)
			payload[rnd() % *len] = (uint8_t)rnd();
	if (!(rnd() % 4))
		*len = rnd() % (*len + 10);
	if (!(rnd() % 8))
		*result = rnd() >> rnd() % 32;
}

/* Anything may be wrong with a reply: the call ends once, and only its buffer was written. */
static void noisy_firmware(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < FAKE_RELEASES; r++) {
		start(r, r & 1);
		for (unsigned int i = 0; i < 3000; i++) {
			unsigned int before = ended;

			fake_spoil = noise;
			switch (rnd() % 4) {
			case 0:
				assert_int_equal(fwq_rm_free(&call, CLIENT, 0x400 + rnd() % 8), 0);
				break;
			case 1:
				assert_int_equal(
					fwq_rm_alloc(&call, CLIENT, CLIENT, 0x400 + rnd() % 8,
						     FWQ_N_TURING_DMA_COPY_A, FWQ_RM_NO_PARAMS),
					0);
				break;
			case 2:
				assert_int_equal(fwq_rm_dup(&call, CLIENT, CLIENT,
							    0x400 + rnd() % 8, CLIENT, OBJECT),
						 0);
				break;
			default:
				control(0);
			}
			fake_turns();
			assert_int_equal(ended, before + 1);
			assert_true(call.params_len <= 8);
		}
	}
}

/* ---------------------------------------------------------------- waiting */

static void a_call_that_waits(void **state)
{
	(void)state;
	call.done = NULL;
	control(0);
	assert_int_equal(call.params_len, 8);
	assert_int_equal(fwq_rm_free(&call, CLIENT, 0xbad), -ENOENT);
	assert_int_equal(call.status, 0x57);
	fake_silent = 1;
	assert_int_equal(fwq_rm_free(&call, CLIENT, OBJECT), -ETIMEDOUT);
	assert_true(fake_now >= FWQ_RM_TIMEOUT);
	spoil(0, 3, 1000, 0);
	control(-EPROTO);
	fake_spoil = NULL;
	call.timeout = 0;
	control(-EINVAL);
	assert_int_equal(ended, 0);
}

static void late_replies_are_nobodys(void **state)
{
	(void)state;
	for (unsigned int echo = 0; echo < 2; echo++) {
		start(5, echo);
		control(0);
		fake_now += FWQ_RM_TIMEOUT;
		fwq_clients_poll(&fake_set);
		assert_int_equal(last_err, -ETIMEDOUT);
		/* The owner has the memory back. */
		free(buf);
		buf = NULL;
		fake_turns();
		assert_int_equal(ended, 1);
		assert_int_equal(fake_rpc.stats.unexpected, 1);
		use_buffer(8);
		control(0);
		answered(0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_control_in_every_release, setup),
		cmocka_unit_test_setup(an_alloc_and_a_free_in_every_release, setup),
		cmocka_unit_test_setup(a_dup_in_every_release, setup),
		cmocka_unit_test_setup(plain_rpcs_in_every_release, setup),
		cmocka_unit_test_setup(parameters_larger_than_a_record, setup),
		cmocka_unit_test_setup(a_header_with_padding, setup),
		cmocka_unit_test_setup(what_a_release_lacks, setup),
		cmocka_unit_test_setup(buffers_too_small_and_calls_not_ended, setup),
		cmocka_unit_test_setup(headers_that_do_not_fit_are_refused, setup),
		cmocka_unit_test_setup(a_status_becomes_an_errno_and_a_name, setup),
		cmocka_unit_test_setup(the_rpc_itself_is_refused, setup),
		cmocka_unit_test_setup(a_warning_is_a_success, setup),
		cmocka_unit_test_setup(every_wrong_header_is_noticed, setup),
		cmocka_unit_test_setup(a_reply_longer_than_asked_for, setup),
		cmocka_unit_test_setup(noisy_firmware, setup),
		cmocka_unit_test_setup(a_call_that_waits, setup),
		cmocka_unit_test_setup(late_replies_are_nobodys, setup),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
