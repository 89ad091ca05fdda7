/* SPDX-License-Identifier: MIT */
/*
 * fuzz_vgpu_policy.c - every xenstore value that the back driver reads.
 *
 * COVERS: gpu/vgpu/policy.c
 *
 * The input is a program: what the guest publishes (version, references, port, states), what the
 * toolstack writes (policy, online, frontend, names in the backend tree), who owns the policy nodes,
 * and when the back driver gets to look.
 *
 * Besides sanitizers: a device has a slice only if its policy was dom0's and valid, judged here by
 * other code, and then of the size that it says. Nothing is left afterwards.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/vgpu_bed.h"

#define VALUE_MAX 64

static struct bed bed;
static struct guest g;

struct input {
	const uint8_t *data;
	size_t len;
};

static uint8_t take(struct input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->data++;
}

/* A value from the input, up to a 0 byte; or, often, the good one. */
static const char *value(struct input *in, char *buf, const char *usual)
{
	size_t n = 0;

	if (take(in) % 4)
		return usual;
	while (n < VALUE_MAX - 1 && in->len && *in->data)
		buf[n++] = (char)take(in);
	take(in);
	buf[n] = '\0';
	return buf;
}

static const char *number(char *buf, uint64_t n)
{
	snprintf(buf, 24, "%llu", (unsigned long long)n);
	return buf;
}

/* Is this what a policy's number may be? Written the long way round, to be no copy of the original. */
static bool plain_number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned __int128 v = 0;

	if (!*s || strlen(s) > 20)
		return false;
	for (; *s; s++) {
		if (!strchr("0123456789", *s))
			return false;
		v = v * 10 + (unsigned int)(*s - '0');
	}
	*out = (uint64_t)v;
	return v >= min && v <= max;
}

static bool plain_name(const char *s)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return *s && strlen(s) < 32 && strspn(s, good) == strlen(s);
}

static bool plain_engines(const char *s)
{
	size_t copy = strncmp(s, "copy", 4) ? 0 : 4;
	const char *rest = s + copy + (copy && s[copy] == ',');

	return *rest ? !strcmp(rest, "graphics") && (!copy || rest > s + copy)
		     : copy && rest == s + copy;
}

static void policy_perms(struct input *in, const char *key, bool *trusted)
{
	struct hv_xs_perm perms[2] = {{.dom = 0}, {.dom = bed.gpudom, .read = true}};
	uint8_t b = take(in);
	char path[64];

	if (b < 224)
		return;
	perms[0].dom = b & 1 ? g.dom : 0;
	perms[0].write = b & 2;
	perms[1].dom = b & 4 ? g.dom : bed.gpudom;
	perms[1].write = b & 8;
	snprintf(path, sizeof(path), "/xvgpu/%u/%u/0%s", bed.gpudom, g.dom, key);
	BED_CHECK(hosted_xs_set_perms(hosted_xs_of(bed.h), 0, HV_XS_NONE, path, perms, 2) >= 0);
	if (b & 15)
		*trusted = false;
}

/* The sizes that valid policies of this run have named. */
static uint64_t sizes[64];
static unsigned int nr_sizes;

static void write_policy(struct input *in)
{
	static const char *const keys[] = {"",		"/profile", "/vram",	"/weight",
					   "/channels", "/engines", "/imports", "/doorbell"};
	char a[VALUE_MAX], b[VALUE_MAX], c[VALUE_MAX], d[VALUE_MAX], e[VALUE_MAX], f[VALUE_MAX];
	char doorbell[VALUE_MAX];
	const char *profile = value(in, a, "small"), *size = value(in, b, "131072");
	const char *weight = value(in, c, "100"), *channels = value(in, d, "4");
	const char *engines = value(in, e, "copy,graphics"), *imports = value(in, f, "256");
	const char *bell = value(in, doorbell, take(in) % 2 ? "direct" : "mediated");
	bool trusted = true;
	uint64_t vram, w;

	guest_policy(&g, profile, size, weight);
	guest_policy_set(&g, "channels", channels);
	guest_policy_set(&g, "engines", engines);
	guest_policy_set(&g, "imports", imports);
	guest_policy_set(&g, "doorbell", bell);
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		policy_perms(in, keys[i], &trusted);
	if (trusted && plain_name(profile) && plain_number(size, 1, INT64_MAX, &vram) &&
	    vram % 65536 == 0 && plain_number(weight, 1, 1000, &w) &&
	    plain_number(channels, 0, 64, &w) && plain_number(imports, 0, 32768, &w) &&
	    plain_engines(engines) && (!strcmp(bell, "direct") || !strcmp(bell, "mediated")) &&
	    nr_sizes < sizeof(sizes) / sizeof(sizes[0]))
		sizes[nr_sizes++] = vram;
}

static void toolstack(struct input *in, unsigned int what)
{
	char buf[VALUE_MAX], path[200];

	switch (what) {
	case 0:
		hosted_xs_printf(bed.h, guest_back(&g, "online"), "%s", value(in, buf, "0"));
		break;
	case 1:
		hosted_xs_printf(bed.h, guest_back(&g, "online"), "1");
		break;
	case 2: /* the node anew, perhaps with another frontend */
		hosted_xs_rm(hosted_xs_of(bed.h), 0, HV_XS_NONE, guest_back(&g, ""));
		guest_nodes(&g);
		snprintf(path, sizeof(path), "%s", guest_front(&g, ""));
		hosted_xs_printf(bed.h, guest_back(&g, "frontend"), "%s", value(in, buf, path));
		hosted_xs_printf(bed.h, guest_back(&g, "frontend-id"), "%s", value(in, buf, "2"));
		break;
	default: /* a neighbour of any name; xenstored itself refuses a bad path */
		snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%s", bed.gpudom,
			 value(in, buf, "7/0/frontend"));
		hosted_xs_printf(bed.h, path, "x");
		break;
	}
}

static void front_write(const char *key, const char *v)
{
	hosted_enter(bed.h, g.dom);
	if (*v)
		hv_xs_write(HV_XS_NONE, guest_front(&g, key), v);
	else
		hv_xs_rm(HV_XS_NONE, guest_front(&g, key));
	hosted_leave();
}

static void offer(struct input *in)
{
	static const char *const keys[] = {"version", "ring-ref", "event-page-ref",
					   "event-channel"};
	const uint64_t usual[] = {1, g.ring_ref, g.event_ref, g.port};
	char buf[VALUE_MAX], text[24];

	guest_new_port(&g);
	guest_offer(&g);
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		front_write(keys[i], value(in, buf, number(text, usual[i])));
	if (take(in) % 16 == 15)
		front_write("event-page-ref", number(text, g.ring_ref));
	guest_state(&g, XenbusStateInitialised);
}

static bool step(struct input *in)
{
	char buf[VALUE_MAX], state[2] = {0};
	uint8_t op = take(in), n;

	switch (op % 12) {
	case 0:
	case 1:
		state[0] = (char)('0' + take(in) % 10);
		front_write("state", value(in, buf, state));
		break;
	case 2:
	case 3:
		bed_run(&bed);
		break;
	case 4:
		hosted_advance(bed.h, take(in) * HV_MS);
		break;
	case 5:
		offer(in);
		break;
	case 6:
		write_policy(in);
		break;
	case 7:
	case 8:
		toolstack(in, op / 12 % 4);
		break;
	case 9: /* faster than it is looked at */
		n = take(in);
		for (unsigned int i = 0; i < n; i++) {
			front_write("state", i % 2 ? "1" : "6");
			hosted_run(bed.h, 4);
		}
		break;
	case 10:
		hosted_run(bed.h, 1);
		break;
	default:
		if (take(in) == 0xee) {
			model_flr(bed.model);
			return true;
		}
		break;
	}
	return false;
}

/* Whoever holds a slice has one of the sizes that dom0 allowed. */
static void check_slice(void)
{
	const char *stats = hosted_xs_str(bed.h, guest_back(&g, "stats"));
	const char *size = stats ? strchr(stats, '+') : NULL;
	uint64_t held = size ? strtoull(size + 1, NULL, 10) : 0;
	bool known = !held;

	for (unsigned int i = 0; i < nr_sizes; i++)
		known |= held == sizes[i];
	BED_CHECK(known);
	if (back_state(&g) == XenbusStateConnected)
		BED_CHECK(held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	bool lost = false;
	char path[64];

	if (!bed.h) {
		bed_up(&bed, &bed_board);
		guest_new(&bed, &g);
	}
	nr_sizes = 0;
	write_policy(&in);
	guest_nodes(&g);
	bed_run(&bed);
	for (unsigned int i = 0; i < 64 && in.len; i++)
		lost |= step(&in);
	hosted_advance(bed.h, 2 * HV_S);
	if (!lost)
		check_slice();
	guest_unplug(&g);
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu", bed.gpudom);
	hosted_xs_rm(hosted_xs_of(bed.h), 0, HV_XS_NONE, path);
	bed_run(&bed);
	bed_check_idle(&bed);
	hosted_log_clear(bed.h, bed.gpudom);
	if (lost) {
		bed_down(&bed);
		memset(&bed, 0, sizeof(bed));
	}
	return 0;
}
