/* SPDX-License-Identifier: MIT */
/*
 * Text that xvgpu reads: a slice's description, config files, and what driver domains say about
 * themselves. The first byte chooses who reads the rest. Whatever the text, what is accepted must
 * keep the rules that later code relies on, and a refusal must be one printable line.
 *
 * COVERS: hv/dom0/spec.c hv/dom0/status.c hv/dom0/config.c hv/dom0/profiles.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/dom0/config.h"
#include "hv/dom0/edit.h"
#include "hv/dom0/profiles.h"
#include "hv/dom0/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* Whatever libxlutil does not free after a syntax error is its own. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libxlutil\n";
}

static void must(bool truth, const char *what)
{
	if (!truth) {
		fprintf(stderr, "broken rule: %s\n", what);
		abort();
	}
}

static void check_printable(const char *text)
{
	for (; *text; text++)
		must(*text >= ' ' && *text <= '~', "printable");
}

static void check_spec(const struct xvgpu_spec *spec)
{
	char text[XVGPU_SPEC_TEXT_MAX], twice[XVGPU_SPEC_TEXT_MAX];
	struct xvgpu_spec again;
	struct xvgpu_err err;

	must(xvgpu_name_ok(spec->backend, sizeof(spec->backend)), "backend is a name");
	must(xvgpu_name_ok(spec->profile, sizeof(spec->profile)), "profile is a name");
	must(spec->vram % XVGPU_VRAM_ALIGN == 0, "vram is aligned");
	must(spec->weight <= XVGPU_WEIGHT_MAX, "weight is in range");
	must(spec->slot >= -1 && spec->slot < XVGPU_MAX_DEVICES, "slot is in range");
	must(xvgpu_spec_format(spec, text, sizeof(text)) == 0, "a spec can be written");
	must(xvgpu_spec_parse(text, &again, &err) == 0, "and read again");
	must(xvgpu_spec_format(&again, twice, sizeof(twice)) == 0, "and written again");
	must(!strcmp(text, twice), "and is the same");
}

static void try_spec(const char *text)
{
	struct xvgpu_spec spec;
	struct xvgpu_err err;

	if (xvgpu_spec_parse(text, &spec, &err) == 0)
		check_spec(&spec);
	else
		check_printable(err.text);
}

static void try_status(const char *text)
{
	struct xvgpu_status status;
	char out[256];

	xvgpu_status_parse(text, &status);
	must(status.pairs.n >= 0 && status.pairs.n <= XVGPU_MAX_PAIRS, "pairs are bounded");
	for (int i = 0; i < status.pairs.n; i++) {
		check_printable(status.pairs.pair[i].key);
		check_printable(status.pairs.pair[i].value);
		xvgpu_escape(out, sizeof(out), status.pairs.pair[i].value, true);
		must(xvgpu_pairs_get(&status.pairs, status.pairs.pair[i].key), "a pair is found");
	}
	must(xvgpu_state_name(status.state), "the state has a name");
	xvgpu_escape(out, 16, text, true);
	check_printable(out);
}

/* A file, as people give it: through libxlutil. */
static const char *as_file(const char *text)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		must(fd >= 0, "memfd");
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	must(ftruncate(fd, 0) == 0, "truncate");
	must(pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text), "write");
	return path;
}

static void try_guest(const char *text)
{
	static struct xvgpu_guest guest;
	struct xvgpu_spec specs[XVGPU_MAX_DEVICES];
	struct xvgpu_err err;
	uint32_t seen = 0;

	if (xvgpu_guest_read(as_file(text), NULL, 0, &guest, &err)) {
		check_printable(err.text);
		return;
	}
	must(guest.n > 0 && guest.n <= XVGPU_MAX_DEVICES, "number of slices");
	for (int i = 0; i < guest.n; i++)
		check_spec(&guest.specs[i]);
	memcpy(specs, guest.specs, sizeof(specs));
	must(xvgpu_spec_slots(specs, guest.n, 0, &err) == 0, "slots can be given");
	for (int i = 0; i < guest.n; i++) {
		must(!(seen & 1u << specs[i].slot), "slots differ");
		seen |= 1u << specs[i].slot;
	}
	xvgpu_spec_slots(specs, guest.n, 0x55, &err);
}

/*
 * Whatever the config: one that could be read can still be read when a setting was changed, and then the
 * setting is what it was to be and the others are what they were.
 */
static void try_edit(const char *text)
{
	char *changed = xvgpu_edit(text, "memory", "77"), *again, *file;
	struct xvgpu_driver before, after;
	struct xvgpu_err err;

	must(changed, "memory enough");
	again = xvgpu_edit(changed, "memory", "77");
	must(again && !strcmp(again, changed), "once is enough");
	if (xvgpu_driver_read(as_file(text), &before, &err) == 0 && before.memory &&
	    xvgpu_driver_read(as_file(changed), &after, &err) == 0) {
		must(after.memory == 77, "the setting counts");
		after.memory = before.memory;
		must(!memcmp(&before, &after, sizeof(after)), "nothing else changed");
	}
	must(xvgpu_edit_read(as_file(text), &file, &err) == 0 && !strcmp(file, text),
	     "a file is read as it is");
	free(file);
	free(again);
	free(changed);
}

static void try_driver(const char *text)
{
	struct xvgpu_driver driver;
	struct xvgpu_err err;
	char bdf[XVGPU_BDF_MAX];

	try_edit(text);
	if (xvgpu_driver_read(as_file(text), &driver, &err)) {
		check_printable(err.text);
		return;
	}
	for (int i = 0; i < driver.n; i++)
		must(!xvgpu_parse_bdf(driver.bdf[i], bdf) && !strcmp(bdf, driver.bdf[i]),
		     "a function's name is canonical");
}

static void check_profile(const struct xvgpu_profile *p)
{
	must(p, "a profile is found");
	must(p->channels <= XVGPU_MAX_CHANNELS, "channels are in range");
	must(p->imports <= XVGPU_MAX_IMPORTS, "imports are in range");
	must(!strcmp(p->engines, "copy") || !strcmp(p->engines, "graphics") ||
		     !strcmp(p->engines, "copy,graphics"),
	     "engines are as the driver domain reads them");
}

static void try_profiles(const char *text)
{
	static struct xvgpu_profiles profiles;
	struct xvgpu_spec spec = {.backend = "g", .profile = "none", .slot = -1};
	struct xvgpu_cfg *cfg;
	struct xvgpu_err err;

	if (xvgpu_cfg_open(as_file(text), NULL, 0, &cfg, &err))
		return;
	if (xvgpu_profiles_from(cfg, &profiles, &err) == 0) {
		xvgpu_profiles_apply(&profiles, &spec, &err);
		memcpy(spec.profile, profiles.profile[0].name, sizeof(spec.profile));
		must(xvgpu_profiles_apply(&profiles, &spec, &err) == 0, "defaults are allowed");
		check_spec(&spec);
		check_profile(xvgpu_profile_find(&profiles, spec.profile));
		spec.direct = true;
		must((xvgpu_profiles_apply(&profiles, &spec, &err) == 0) == profiles.trust_doorbell,
		     "whom to trust is said");
		spec.vram = UINT64_MAX;
		must(xvgpu_profiles_apply(&profiles, &spec, &err) != 0, "there is a limit");
	}
	xvgpu_cfg_close(cfg);
}

static void try_numbers(const char *text)
{
	char out[64], uuid[XVGPU_UUID_LEN + 1];
	uint64_t n, again;

	if (xvgpu_parse_size(text, &n) == 0) {
		xvgpu_format_size(out, sizeof(out), n);
		must(!xvgpu_parse_size(out, &again) && again == n, "a size survives");
	}
	if (xvgpu_parse_u64(text, 1000, &n) == 0)
		must(n <= 1000, "a number is in range");
	if (xvgpu_parse_uuid(text, uuid) == 0)
		must(strlen(uuid) == XVGPU_UUID_LEN, "a uuid is whole");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *) = {try_spec,   try_status,	  try_guest,
							try_driver, try_profiles, try_numbers};
	char *text;

	if (size == 0 || size > 8192)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](text);
	free(text);
	return 0;
}
