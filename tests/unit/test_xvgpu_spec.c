/* SPDX-License-Identifier: MIT */
/*
 * The text of a slice, and the text that a driver domain says about itself. The first decides what a
 * guest gets, so anything not understood must be refused; the second comes from another domain, so
 * nothing in it may do harm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hv/dom0/config.h"
#include "hv/dom0/status.h"

static struct xvgpu_err err;

static void good_spec(void **state)
{
	struct xvgpu_spec s;

	(void)state;
	assert_int_equal(xvgpu_spec_parse("backend=gpudom,profile=small", &s, &err), 0);
	assert_string_equal(s.backend, "gpudom");
	assert_string_equal(s.profile, "small");
	assert_int_equal(s.vram, 0);
	assert_int_equal(s.weight, 0);
	assert_int_equal(s.slot, -1);
	assert_int_equal(
		xvgpu_spec_parse(" slot = 3 ,\tweight=1000, vram=1G ,profile=a.b,backend=g-1", &s,
				 &err),
		0);
	assert_int_equal(s.slot, 3);
	assert_int_equal(s.weight, 1000);
	assert_int_equal(s.vram, 1u << 30);
}

static void bad_spec(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "empty item"},
		{",", "empty item"},
		{"backend=g,profile=p,", "empty item"},
		{"backend", "backend: not of the form key=value"},
		{"=g", "no key"},
		{"backend=,profile=p", "backend: no value"},
		{"profile=p", "no backend="},
		{"backend=g", "no profile="},
		{"backend=g,profile=p,vrma=1G", "vrma: unknown key"},
		{"backend=g,profile=p,Vram=1G", "Vram: unknown key"},
		{"backend=g,profile=p,profile=q", "profile: given twice"},
		{"backend=../g,profile=p", "backend=../g: not a name"},
		{"backend=.g,profile=p", "not a name"},
		{"backend=g,profile=p q", "profile=p q: not a name"},
		{"backend=g,profile=012345678901234567890123456789012", "not a name"},
		{"backend=g,profile=p,vram=0", "vram=0: not a positive multiple of 64K"},
		{"backend=g,profile=p,vram=100", "multiple of 64K"},
		{"backend=g,profile=p,vram=-1G", "not a size"},
		{"backend=g,profile=p,vram=1X", "not a size"},
		{"backend=g,profile=p,vram=1GB", "not a size"},
		{"backend=g,profile=p,vram=99999999999999999999", "too large"},
		{"backend=g,profile=p,vram=99999999T", "too large"},
		{"backend=g,profile=p,weight=0", "weight=0: not a number from 1 to 1000"},
		{"backend=g,profile=p,weight=1001", "not a number from"},
		{"backend=g,profile=p,weight=1e2", "not a number from"},
		{"backend=g,profile=p,weight=010", "not a number from"},
		{"backend=g,profile=p,slot=8", "slot=8: not a number from 0 to 7"},
		{"backend=g,profile=p,slot=-1", "not a number from"},
		{"backend=g,profile=p,doorbell=1", "doorbell=1: neither mediated nor direct"},
		{"backend=g,profile=p,doorbell=Direct", "neither mediated nor direct"},
		{"a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1", "too many items"},
		{"backend=\x01\xff,profile=p", "backend=\\x01\\xff: not a name"},
	};
	struct xvgpu_spec s;
	char longer[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(xvgpu_spec_parse(cases[i].text, &s, &err), -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s: said \"%s\"", cases[i].text, err.text);
	}
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(xvgpu_spec_parse(longer, &s, &err), -EINVAL);
	assert_non_null(strstr(err.text, "longer than"));
}

static void spec_round_trip(void **state)
{
	static const char *const texts[] = {
		"backend=gpudom,profile=small",
		"backend=g,profile=p,vram=65536",
		"backend=g,profile=p,vram=17179869184,weight=7,slot=0",
		"backend=g,profile=p,doorbell=direct,slot=3",
	};
	char text[XVGPU_SPEC_TEXT_MAX];
	struct xvgpu_spec s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(xvgpu_spec_parse(texts[i], &s, &err), 0);
		assert_int_equal(xvgpu_spec_format(&s, text, sizeof(text)), 0);
		assert_string_equal(text, texts[i]);
	}
	assert_true(s.direct);
	assert_int_equal(xvgpu_spec_format(&s, text, 10), -ENAMETOOLONG);
	assert_int_equal(xvgpu_spec_parse("backend=g,profile=p,doorbell=mediated", &s, &err), 0);
	assert_false(s.direct);
}

static void slots(void **state)
{
	struct xvgpu_spec s[9] = {{.slot = -1}, {.slot = 0}, {.slot = -1}, {.slot = 2}};

	(void)state;
	assert_int_equal(xvgpu_spec_slots(s, 4, 0, &err), 0);
	assert_int_equal(s[0].slot, 1);
	assert_int_equal(s[1].slot, 0);
	assert_int_equal(s[2].slot, 3);
	assert_int_equal(s[3].slot, 2);
	assert_int_equal(xvgpu_spec_slots(s, 4, 1u << 3, &err), -EBUSY);
	s[1].slot = 2;
	assert_int_equal(xvgpu_spec_slots(s, 4, 0, &err), -EINVAL);
	assert_string_equal(err.text, "slot=2: given to two slices");
	for (int i = 0; i < 9; i++)
		s[i].slot = -1;
	assert_int_equal(xvgpu_spec_slots(s, 9, 0, &err), -ENOSPC);
	s[0].slot = -1;
	assert_int_equal(xvgpu_spec_slots(s, 1, 0x7f, &err), 0);
	assert_int_equal(s[0].slot, 7);
	s[0].slot = -1;
	assert_int_equal(xvgpu_spec_slots(s, 1, 0xff, &err), -ENOSPC);
}

static void sizes(void **state)
{
	char text[24];
	uint64_t n;

	(void)state;
	assert_int_equal(xvgpu_parse_size("0", &n), 0);
	assert_int_equal(xvgpu_parse_size("4096", &n), 0);
	assert_int_equal(n, 4096);
	assert_int_equal(xvgpu_parse_size("3k", &n), 0);
	assert_int_equal(n, 3072);
	assert_int_equal(xvgpu_parse_size("2GiB", &n), 0);
	assert_int_equal(n, 2ull << 30);
	assert_int_equal(xvgpu_parse_size("18446744073709551615", &n), 0);
	assert_int_equal(xvgpu_parse_size("18446744073709551616", &n), -ERANGE);
	assert_int_equal(xvgpu_parse_size("16777216T", &n), -ERANGE);
	assert_int_equal(xvgpu_parse_size("", &n), -EINVAL);
	assert_int_equal(xvgpu_parse_size("K", &n), -EINVAL);
	assert_int_equal(xvgpu_parse_size("1Gi", &n), -EINVAL);
	xvgpu_format_size(text, sizeof(text), 256ull << 20);
	assert_string_equal(text, "256M");
	xvgpu_format_size(text, sizeof(text), 65537);
	assert_string_equal(text, "65537");
	xvgpu_format_size(text, sizeof(text), 0);
	assert_string_equal(text, "0");
	xvgpu_format_size(text, sizeof(text), 1ull << 60);
	assert_string_equal(text, "1048576T");
}

static void bdf(void **state)
{
	static const char *const bad[] = {"",	     "03",	   "03:00",	 "03:00.8",
					  "03:20.0", "x3:00.0",	   "0x3:00.0",	 "03:00.0x",
					  "+3:00.0", "03:00.0 ",   " 03:00.0",	 "12345:03:00.0",
					  "0:0:0:0", "103:00.0.0", "03:00.0;rm", "0000:03:00.01"};
	char out[XVGPU_BDF_MAX];

	(void)state;
	assert_int_equal(xvgpu_parse_bdf("03:00.0", out), 0);
	assert_string_equal(out, "0000:03:00.0");
	assert_int_equal(xvgpu_parse_bdf("0001:aF:1f.7,seize=1,permissive=1", out), 0);
	assert_string_equal(out, "0001:af:1f.7");
	assert_int_equal(xvgpu_parse_bdf("0:2.0@5", out), 0);
	assert_string_equal(out, "0000:00:02.0");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (xvgpu_parse_bdf(bad[i], out) != -EINVAL)
			fail_msg("%s accepted", bad[i]);
}

static void uuid(void **state)
{
	char out[XVGPU_UUID_LEN + 1];

	(void)state;
	assert_int_equal(xvgpu_parse_uuid("0123ABCD-4567-89ab-cdef-0123456789AB", out), 0);
	assert_string_equal(out, "0123abcd-4567-89ab-cdef-0123456789ab");
	assert_int_equal(xvgpu_parse_uuid("0123ABCD-4567-89ab-cdef-0123456789A", out), -EINVAL);
	assert_int_equal(xvgpu_parse_uuid("0123ABCD-4567-89ab-cdef-0123456789ABC", out), -EINVAL);
	assert_int_equal(xvgpu_parse_uuid("0123ABCD-4567-89ab-cdef-0123456789Ag", out), -EINVAL);
	assert_int_equal(xvgpu_parse_uuid("0123ABCD04567-89ab-cdef-0123456789AB", out), -EINVAL);
}

static void status(void **state)
{
	struct xvgpu_status s;

	(void)state;
	xvgpu_status_parse("state=running chip=GA102 pci=10de:2235 vram-total=51539607552 "
			   "vram-free=1 slices=2\n",
			   &s);
	assert_int_equal(s.state, XVGPU_STATE_RUNNING);
	assert_int_equal(s.vram_total, 51539607552);
	assert_string_equal(xvgpu_pairs_get(&s.pairs, "pci"), "10de:2235");
	assert_null(xvgpu_pairs_get(&s.pairs, "none"));
	xvgpu_status_parse("state=lost", &s);
	assert_int_equal(s.state, XVGPU_STATE_LOST);
	xvgpu_status_parse("state=stopping", &s);
	assert_int_equal(s.state, XVGPU_STATE_STOPPING);
	xvgpu_status_parse("state=silent vram-total=-1", &s);
	assert_int_equal(s.state, XVGPU_STATE_NONE);
	assert_int_equal(s.vram_total, 0);
	xvgpu_status_parse("", &s);
	assert_int_equal(s.state, XVGPU_STATE_NONE);
	assert_int_equal(s.pairs.n, 0);
}

static void hostile_status(void **state)
{
	char text[4096], *p = text;
	struct xvgpu_status s;

	(void)state;
	/* No pair, an unprintable value, a key with a quote, an empty key, a second '=', no value. */
	xvgpu_status_parse("word a=\x1b[2J \"k=v =v b=1=2 c= =", &s);
	assert_int_equal(s.pairs.n, 1);
	assert_string_equal(s.pairs.pair[0].key, "b");
	assert_string_equal(s.pairs.pair[0].value, "1=2");
	for (int i = 0; i < 400; i++)
		p += sprintf(p, "k%d=v ", i);
	xvgpu_status_parse(text, &s);
	assert_int_equal(s.pairs.n, XVGPU_MAX_PAIRS);
	memset(text, 'a', sizeof(text));
	text[100] = '=';
	text[sizeof(text) - 1] = '\0';
	xvgpu_status_parse(text, &s);
	assert_int_equal(s.pairs.n, 0);
	memset(text, 'a', sizeof(text));
	text[1] = '=';
	text[sizeof(text) - 1] = '\0';
	xvgpu_status_parse(text, &s);
	assert_int_equal(s.pairs.n, 0);
}

static void escapes(void **state)
{
	char out[32];

	(void)state;
	xvgpu_escape(out, sizeof(out), "a\"b\\\n\x7f", true);
	assert_string_equal(out, "a\\\"b\\\\\\u000a\\u007f");
	xvgpu_escape(out, sizeof(out), "a\n\"", false);
	assert_string_equal(out, "a\\x0a\"");
	xvgpu_escape(out, 4, "ab\n", false); /* an escape is never cut in two */
	assert_string_equal(out, "ab");
}

static void exit_codes(void **state)
{
	(void)state;
	assert_int_equal(xvgpu_exit_code(0), XVGPU_EXIT_OK);
	assert_int_equal(xvgpu_exit_code(-EINVAL), XVGPU_EXIT_CONFIG);
	assert_int_equal(xvgpu_exit_code(-ENOSPC), XVGPU_EXIT_REFUSED);
	assert_int_equal(xvgpu_exit_code(-EIO), XVGPU_EXIT_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_spec),
		cmocka_unit_test(bad_spec),
		cmocka_unit_test(spec_round_trip),
		cmocka_unit_test(slots),
		cmocka_unit_test(sizes),
		cmocka_unit_test(bdf),
		cmocka_unit_test(uuid),
		cmocka_unit_test(status),
		cmocka_unit_test(hostile_status),
		cmocka_unit_test(escapes),
		cmocka_unit_test(exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
