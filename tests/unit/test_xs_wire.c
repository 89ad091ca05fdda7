/* SPDX-License-Identifier: MIT */
/*
 * test_xs_wire.c - xenstore messages and the shared ring, with everything wrong that can be wrong.
 *
 * Values in xenstored's answers are written by other domains and the ring page can change under our
 * hands, so each length, NUL, number and index is tried at and beyond its limits. Buffers of exact
 * size let AddressSanitizer see a read or write one byte too far.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/common/parse.h"
/* The real sources, statics and all. NOLINTBEGIN(bugprone-suspicious-include) */
#include "hv/xen/xs_ring.c"
#include "hv/xen/xs_wire.c"
/* NOLINTEND(bugprone-suspicious-include) */

#define BYTES(s) s, sizeof(s) - 1 /* a literal without its last NUL */

/* ---------------------------------------------------------------- numbers */

static void numbers_are_digits_and_nothing_else(void **state)
{
	static const char *const bad[] = {"",	" 1",  "1 ", "+1", "-1", "0x1",
					  "1a", "1\n", "1.", "/",  ":"};
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hv_parse_u64(bad[i], strlen(bad[i]), UINT64_MAX, &v), -EINVAL);
	assert_int_equal(v, 77);
	assert_int_equal(hv_parse_u64("18446744073709551615", 20, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(hv_parse_u64("18446744073709551616", 20, UINT64_MAX, &v), -EINVAL);
	assert_int_equal(hv_parse_u64("99999999999999999999", 20, UINT64_MAX, &v), -EINVAL);
	assert_int_equal(hv_parse_u64("007", 3, 7, &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(hv_parse_u64("8", 1, 7, &v), -EINVAL);
	assert_int_equal(hv_parse_u64("0", 1, 0, &v), 0);
	assert_int_equal(hv_parse_u64("1", 1, 0, &v), -EINVAL);
	assert_int_equal(hv_parse_u64("12", 1, 9, &v), 0); /* exactly len characters */
	assert_int_equal(v, 1);
	assert_int_equal(hv_parse_hex("fE", 2, 255, &v), 0);
	assert_int_equal(v, 254);
	assert_int_equal(hv_parse_hex("0g", 2, 255, &v), -EINVAL);
	assert_int_equal(hv_parse_hex("100", 3, 255, &v), -EINVAL);
}

/* ---------------------------------------------------------------- requests */

static void requests_stop_at_the_payload_limit(void **state)
{
	static struct xs_buf b;
	static char big[XENSTORE_PAYLOAD_MAX];

	(void)state;
	hv_xs_buf_reset(&b);
	hv_xs_buf_str(&b, "a");
	hv_xs_buf_raw(&b, big, sizeof(big) - 2);
	assert_false(b.overflow);
	assert_int_equal(b.len, XENSTORE_PAYLOAD_MAX);
	hv_xs_buf_raw(&b, big, 0);
	assert_false(b.overflow);
	hv_xs_buf_str(&b, "");
	assert_true(b.overflow);
	hv_xs_buf_reset(&b);
	hv_xs_buf_raw(&b, big, sizeof(big));
	hv_xs_buf_raw(&b, big, 1);
	hv_xs_buf_raw(&b, big, 0); /* once over, always over */
	assert_true(b.overflow);
}

static void permissions_survive_the_round_trip(void **state)
{
	static const struct hv_xs_perm in[] = {
		{0, false, false}, {7, true, false}, {65535, false, true}, {12, true, true}};
	struct hv_xs_perm out[4];
	static struct xs_buf b;

	(void)state;
	hv_xs_buf_reset(&b);
	hv_xs_buf_perms(&b, in, 4);
	assert_int_equal(b.len, sizeof("n0\0r7\0w65535\0b12"));
	assert_memory_equal(b.data, "n0\0r7\0w65535\0b12", b.len);
	assert_int_equal(hv_xs_wire_perms(b.data, b.len, out, 4), 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(out[i].dom, in[i].dom);
		assert_int_equal(out[i].read, in[i].read);
		assert_int_equal(out[i].write, in[i].write);
	}
	memset(out, 0x55, sizeof(out));
	assert_int_equal(hv_xs_wire_perms(b.data, b.len, out, 1), 4); /* only one filled in */
	assert_int_equal(out[1].dom, 0x5555);
}

static void malformed_permissions_are_refused(void **state)
{
	struct hv_xs_perm p[2];

	(void)state;
	assert_int_equal(hv_xs_wire_perms(BYTES(""), p, 2), -EIO);
	assert_int_equal(hv_xs_wire_perms(BYTES("n0"), p, 2), -EIO); /* no NUL */
	assert_int_equal(hv_xs_wire_perms(BYTES("n0\0r1"), p, 2), -EIO);
	assert_int_equal(hv_xs_wire_perms(BYTES("n\0"), p, 2), -EIO);
	assert_int_equal(hv_xs_wire_perms(BYTES("x0\0"), p, 2), -EIO);
	assert_int_equal(hv_xs_wire_perms(BYTES("n65536\0"), p, 2), -EIO);
	assert_int_equal(hv_xs_wire_perms(BYTES("n-1\0"), p, 2), -EIO);
	assert_int_equal(hv_xs_wire_perms(BYTES("n0\0\0"), p, 2), -EIO);
}

/* ---------------------------------------------------------------- answers */

static void answers_match_their_request(void **state)
{
	struct xsd_sockmsg hdr = {.type = XS_READ, .req_id = 5, .len = 0};

	(void)state;
	assert_int_equal(hv_xs_wire_reply(&hdr, "", XS_READ, 5), 0);
	assert_int_equal(hv_xs_wire_reply(&hdr, "", XS_READ, 6), -EPROTO);
	assert_int_equal(hv_xs_wire_reply(&hdr, "", XS_WRITE, 5), -EPROTO);
}

static int error(const char *text, size_t len)
{
	struct xsd_sockmsg hdr = {.type = XS_ERROR, .req_id = 1, .len = (uint32_t)len};
	char *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, text, len);
	ret = hv_xs_wire_reply(&hdr, copy, XS_READ, 1);
	free(copy);
	return ret;
}

static void error_strings_become_errno(void **state)
{
	(void)state;
	assert_int_equal(error(BYTES("ENOENT\0")), -ENOENT);
	assert_int_equal(error(BYTES("EACCES\0")), -EACCES);
	assert_int_equal(error(BYTES("EAGAIN\0")), -EAGAIN);
	assert_int_equal(error(BYTES("E2BIG\0")), -E2BIG);
	assert_int_equal(error(BYTES("ENOSPC\0")), -ENOSPC);
	assert_int_equal(error(BYTES("ENOENT")), -EIO); /* no NUL */
	assert_int_equal(error(BYTES("")), -EIO);
	assert_int_equal(error(BYTES("\0")), -EIO);
	assert_int_equal(error(BYTES("EWHATEVER\0")), -EIO);
	assert_int_equal(error(BYTES("enoent\0")), -EIO);
}

static void values_fit_or_are_refused(void **state)
{
	char buf[4] = "xxx";

	(void)state;
	assert_int_equal(hv_xs_wire_text(BYTES("abc"), buf, sizeof(buf)), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(hv_xs_wire_text(BYTES("abcd"), buf, sizeof(buf)), -E2BIG);
	assert_int_equal(hv_xs_wire_text(BYTES("a\0b"), buf, sizeof(buf)), -EINVAL);
	assert_int_equal(hv_xs_wire_text(BYTES("a\0"), buf, sizeof(buf)), -EINVAL);
	assert_int_equal(hv_xs_wire_text(BYTES(""), buf, 1), 0);
	assert_string_equal(buf, "");
	assert_int_equal(hv_xs_wire_text(BYTES(""), buf, 0), -E2BIG); /* no room for the NUL */
}

static void directories_are_whole_names(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(hv_xs_wire_list(BYTES("a\0bc\0"), buf, sizeof(buf)), 2);
	assert_memory_equal(buf, "a\0bc", 5);
	assert_int_equal(hv_xs_wire_list(BYTES(""), buf, sizeof(buf)), 0);
	assert_int_equal(hv_xs_wire_list(BYTES("a\0b"), buf, sizeof(buf)), -EIO);
	assert_int_equal(hv_xs_wire_list(BYTES("\0"), buf, sizeof(buf)), -EIO);
	assert_int_equal(hv_xs_wire_list(BYTES("a\0\0"), buf, sizeof(buf)), -EIO);
	assert_int_equal(hv_xs_wire_list(BYTES("abcdefg\0"), buf, sizeof(buf)), 1);
	assert_int_equal(hv_xs_wire_list(BYTES("abcdefgh\0"), buf, sizeof(buf)), -E2BIG);
}

static void transaction_ids_are_numbers(void **state)
{
	hv_xs_tx tx = 0;

	(void)state;
	assert_int_equal(hv_xs_wire_tx(BYTES("12\0"), &tx), 0);
	assert_int_equal(tx, 12);
	assert_int_equal(hv_xs_wire_tx(BYTES("4294967295\0"), &tx), 0);
	assert_true(tx == UINT32_MAX);
	assert_int_equal(hv_xs_wire_tx(BYTES("4294967296\0"), &tx), -EIO);
	assert_int_equal(hv_xs_wire_tx(BYTES("0\0"), &tx), -EIO); /* "no transaction" */
	assert_int_equal(hv_xs_wire_tx(BYTES("12"), &tx), -EIO);
	assert_int_equal(hv_xs_wire_tx(BYTES("12\0x"), &tx), -EIO);
	assert_int_equal(hv_xs_wire_tx(BYTES(""), &tx), -EIO);
	assert_int_equal(hv_xs_wire_tx(BYTES("x\0"), &tx), -EIO);
}

static void events_are_path_and_token(void **state)
{
	const char *path = "";
	uint32_t token = 0;

	(void)state;
	assert_int_equal(hv_xs_wire_event(BYTES("a/b\0"
						"9\0"),
					  &path, &token),
			 0);
	assert_string_equal(path, "a/b");
	assert_int_equal(token, 9);
	assert_int_equal(hv_xs_wire_event(BYTES("a/b\0"
						"9"),
					  &path, &token),
			 -EIO);
	assert_int_equal(hv_xs_wire_event(BYTES("a/b\0"), &path, &token), -EIO);
	assert_int_equal(hv_xs_wire_event(BYTES("a/b"), &path, &token), -EIO);
	assert_int_equal(hv_xs_wire_event(BYTES("\0"
						"9\0"),
					  &path, &token),
			 -EIO);
	assert_int_equal(hv_xs_wire_event(BYTES("a/b\0\0"), &path, &token), -EIO);
	assert_int_equal(hv_xs_wire_event(BYTES("a/b\0x\0"), &path, &token), -EIO);
	assert_int_equal(hv_xs_wire_event(BYTES("a/b\0"
						"9\0z\0"),
					  &path, &token),
			 -EIO);
	assert_int_equal(hv_xs_wire_event(BYTES(""), &path, &token), -EIO);
}

/* ---------------------------------------------------------------- the ring */

static struct xenstore_domain_interface page;
static struct xs_ring ring;

/* What xenstored would do: put bytes into the response ring, as far as there is room. */
static size_t daemon_puts(const void *data, size_t len)
{
	size_t n = 0;

	while (n < len && page.rsp_prod - page.rsp_cons < XENSTORE_RING_SIZE) {
		memcpy(&page.rsp[MASK_XENSTORE_IDX(page.rsp_prod)], (const char *)data + n, 1);
		page.rsp_prod++;
		n++;
	}
	return n;
}

static void start(uint32_t indices)
{
	memset(&page, 0, sizeof(page));
	page.req_prod = page.req_cons = page.rsp_prod = page.rsp_cons = indices;
	hv_xs_ring_init(&ring, &page);
}

static void messages_arrive_in_any_pieces(void **state)
{
	struct {
		struct xsd_sockmsg hdr;
		char text[5];
	} __attribute__((packed)) msg = {{XS_READ, 3, 0, 5}, "hello"};
	bool freed = false;

	(void)state;
	start(0xfffffff8u); /* over the wrap of index and ring */
	assert_int_equal(hv_xs_ring_get(&ring, &freed), 0);
	for (size_t i = 0; i < sizeof(msg); i++) {
		daemon_puts((char *)&msg + i, 1);
		assert_int_equal(hv_xs_ring_get(&ring, &freed), i + 1 == sizeof(msg));
	}
	assert_int_equal(ring.hdr.req_id, 3);
	assert_string_equal(ring.payload, "hello");
	assert_false(freed);
	assert_int_equal(hv_xs_ring_get(&ring, &freed), 0);
	msg.hdr.len = 0; /* two empty ones at once */
	daemon_puts(&msg.hdr, sizeof(msg.hdr));
	daemon_puts(&msg.hdr, sizeof(msg.hdr));
	assert_int_equal(hv_xs_ring_get(&ring, &freed), 1);
	assert_string_equal(ring.payload, "");
	assert_int_equal(hv_xs_ring_get(&ring, &freed), 1);
	assert_int_equal(hv_xs_ring_get(&ring, &freed), 0);
}

static void the_longest_payload_needs_several_rings_full(void **state)
{
	static char msg[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg hdr = {XS_DIRECTORY, 1, 0, XENSTORE_PAYLOAD_MAX};
	bool freed = false;
	size_t put = 0;

	(void)state;
	start(100);
	memset(msg, 'z', sizeof(msg));
	memcpy(msg, &hdr, sizeof(hdr));
	while (put < sizeof(msg)) {
		put += daemon_puts(msg + put, sizeof(msg) - put);
		freed = false;
		assert_int_equal(hv_xs_ring_get(&ring, &freed), put == sizeof(msg));
		/* A full ring was emptied: the daemon has to hear of it. */
		assert_int_equal(freed, put < sizeof(msg) || sizeof(msg) % XENSTORE_RING_SIZE == 0);
	}
	assert_int_equal(strlen(ring.payload), XENSTORE_PAYLOAD_MAX);
}

static void a_length_beyond_the_limit_is_fatal(void **state)
{
	struct xsd_sockmsg hdr = {XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1};
	bool freed = false;

	(void)state;
	start(0);
	daemon_puts(&hdr, sizeof(hdr));
	assert_int_equal(hv_xs_ring_get(&ring, &freed), -EIO);
	hdr.len = UINT32_MAX;
	start(0);
	daemon_puts(&hdr, sizeof(hdr));
	assert_int_equal(hv_xs_ring_get(&ring, &freed), -EIO);
}

static void indices_out_of_range_are_fatal(void **state)
{
	static const uint32_t far[] = {XENSTORE_RING_SIZE + 1, 0x80000000u, UINT32_MAX};
	bool freed = false;

	(void)state;
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		start(7);
		page.rsp_prod = 7 + far[i];
		assert_int_equal(hv_xs_ring_get(&ring, &freed), -EIO);
		start(7);
		page.req_cons = 7 - far[i];
		assert_int_equal(hv_xs_ring_put(&ring, "x", 1), -EIO);
	}
	start(7); /* exactly full is not out of range */
	page.req_cons = 7 - XENSTORE_RING_SIZE;
	assert_int_equal(hv_xs_ring_put(&ring, "x", 1), 0);
}

static void our_own_indices_are_not_read_back(void **state)
{
	bool freed = false;

	(void)state;
	start(0);
	page.req_prod = 500; /* somebody scribbles */
	page.rsp_cons = 500;
	assert_int_equal(hv_xs_ring_put(&ring, "abc", 3), 3);
	assert_int_equal(page.req_prod, 3);
	assert_memory_equal(page.req, "abc", 3);
	assert_int_equal(hv_xs_ring_get(&ring, &freed), 0);
}

static void requests_wait_for_room(void **state)
{
	static char data[XENSTORE_RING_SIZE + 10];

	(void)state;
	memset(data, 'd', sizeof(data));
	start(1000); /* across the ring's end */
	assert_int_equal(hv_xs_ring_put(&ring, data, sizeof(data)), XENSTORE_RING_SIZE);
	assert_int_equal(hv_xs_ring_put(&ring, data, 10), 0);
	page.req_cons += 4;
	assert_int_equal(hv_xs_ring_put(&ring, data, 10), 4);
	assert_int_equal(page.req_prod, 1000 + XENSTORE_RING_SIZE + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits_and_nothing_else),
		cmocka_unit_test(requests_stop_at_the_payload_limit),
		cmocka_unit_test(permissions_survive_the_round_trip),
		cmocka_unit_test(malformed_permissions_are_refused),
		cmocka_unit_test(answers_match_their_request),
		cmocka_unit_test(error_strings_become_errno),
		cmocka_unit_test(values_fit_or_are_refused),
		cmocka_unit_test(directories_are_whole_names),
		cmocka_unit_test(transaction_ids_are_numbers),
		cmocka_unit_test(events_are_path_and_token),
		cmocka_unit_test(messages_arrive_in_any_pieces),
		cmocka_unit_test(the_longest_payload_needs_several_rings_full),
		cmocka_unit_test(a_length_beyond_the_limit_is_fatal),
		cmocka_unit_test(indices_out_of_range_are_fatal),
		cmocka_unit_test(our_own_indices_are_not_read_back),
		cmocka_unit_test(requests_wait_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
