/* SPDX-License-Identifier: MIT */
/*
 * Sixteen guests make, map, submit, unmap and destroy at random, and close, unplug and die in the midst of it, on the
 * whole driver domain with firmware and the GPU model. Every answer and every byte is compared with what it must
 * be; and whenever all of it has been taken down, everything that can be counted is what it was at the start.
 *
 * SEED chooses another course of events, SEQUENCES how many there are. A part of them is under each policy of sharing
 * engines: turns take channels off and put them on in the midst of everything, and hold up those that are new.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "gpu/gpudom.c" /* NOLINT(bugprone-suspicious-include): its start function is static */
#include "tests/unit/boot_bed.h"
#include "tests/stress/sequence_counts.h"

#define SEATS	  16u
#define SAME_SEED 0x5e9u
#define SEQUENCES 10000u
#define LEVEL	  500u /* sequences between two comparisons with the start */

/* More slots than guests: those who went keep theirs until the firmware has let go of their channels. */
static const struct {
	const char *words; /* gpudom's */
	unsigned int tenths;
} policies[] = {{"schedule=best-effort", 5},
		{"schedule=equal-share", 1},
		{"schedule=fixed-share slots=24", 4}};
#define POLICIES (sizeof(policies) / sizeof(policies[0]))

static struct seat seats[SEATS];

/* ---------------------------------------------------------------- the course of events */

static void step(void)
{
	struct seat *s;

	hosted_log_clear(bed.h, bed.gpudom); /* it grows with chance, and is counted: it is heap */
	run.step++;
	run.seat = below(SEATS);
	run.doing = "connecting";
	s = &seats[run.seat];
	if (!s->connected) {
		connect_guest(s);
		return;
	}
	next_step(s);
}

/* ---------------------------------------------------------------- everything is taken down */

static void level(struct start *start)
{
	run.doing = "taking all down";
	for (run.seat = 0; run.seat < SEATS; run.seat++) {
		struct seat *s = &seats[run.seat];

		if (s->connected && below(2)) {
			tidy(s);
			close_guest(s);
			unplug_guest(s);
		} else if (s->connected) {
			end_in_the_midst(s);
		}
	}
	for (run.seat = 0; run.seat < SEATS; run.seat++) {
		if (seats[run.seat].g.dom)
			kill_guest(&seats[run.seat]);
	}
	hosted_advance(bed.h, 5 * HV_S);
	run.doing = "comparing with the start";
	compare(start);
}

/* ---------------------------------------------------------------- the test */

static void machine_up(uint8_t *archive, const char *words)
{
	const struct model_config board = {.chip = boot_boards[0].chip,
					   .vram_bytes = 1024 * MIB,
					   .no_ecc = true,
					   .allow_unsigned = true};
	struct hosted_domain_config config = {.name = "gpudom",
					      .start = gpudom_start,
					      .cmdline = words,
					      .pages = 8192,
					      .module_size = FW_SIZE};

	memset(&bed, 0, sizeof(bed));
	bed.h = hosted_new();
	bed.slot = hosted_pci_model(bed.h, &board, &bed.model);
	memset(archive, 0, FW_SIZE);
	fw_archive(archive, &boot_boards[0], "535.113.01");
	config.module = archive;
	bed.gpudom = (hv_domid_t)hosted_domain_new(bed.h, &config);
	assert_int_equal(hosted_pci_assign(bed.slot, bed.gpudom), 0);
	hosted_advance(bed.h, 30 * HV_S);
	assert_int_equal(hosted_log_count(bed.h, bed.gpudom, "serving backend/vgpu"), 1);
	/* Directories that stay once there was a guest. */
	bed_node(&bed, 0, bed.gpudom, "", "/xvgpu/%u", bed.gpudom);
	bed_node(&bed, 0, bed.gpudom, "", "/local/domain/%u/backend/vgpu", bed.gpudom);
}

static void machine_down(void)
{
	hosted_enter(bed.h, bed.gpudom);
	hv_exit(0);
	hosted_leave();
	hosted_advance(bed.h, 30 * HV_S);
	assert_int_equal(hosted_domain_state(bed.h, bed.gpudom, NULL), HOSTED_SHUTDOWN);
	hosted_domain_destroy(bed.h, bed.gpudom);
	memset(&gpudom, 0, sizeof(gpudom)); /* the domain is gone, and its memory with it */
	hosted_free(bed.h);
}

/* A test in which something never succeeds would not test it: in the course that is always the same. */
static void all_happened(void)
{
	static const uint8_t shifts[] = {XENVGPU_PAGE_4K, XENVGPU_PAGE_64K};

	for (unsigned int op = XENVGPU_BIND_MAP; op <= XENVGPU_BIND_RELEASE; op++) {
		for (unsigned int i = 0; i < 2; i++)
			assert_true(run.changed[op][shifts[i]] >= run.sequences / 100);
	}
	assert_true(run.changed[XENVGPU_BIND_UNMAP][XENVGPU_PAGE_2M] >= run.sequences / 1000);
	assert_true(run.batches >= run.sequences && run.faults && run.cut);
	assert_true(run.ends && run.deaths && run.refused);
}

static void sequences(uint32_t seed, unsigned long long n, const char *words)
{
	uint8_t *archive = aligned_alloc(HV_PAGE_SIZE, (FW_SIZE + HV_PAGE_SIZE - 1) & ~4095ul);
	unsigned long long next = LEVEL;
	struct start start;

	print_message("SEED=%u SEQUENCES=%llu %s\n", seed, n, words);
	memset(&run, 0, sizeof(run));
	run.seed = seed;
	rng = seed;
	machine_up(archive, words);
	hosted_shuffle(bed.h, seed);
	hosted_log_clear(bed.h, bed.gpudom);
	begin(&start);
	while (run.sequences < n) {
		step();
		if (run.sequences < next)
			continue;
		level(&start);
		next += LEVEL;
	}
	level(&start);
	machine_down();
	free(archive);
	print_message(
		"%llu sequences in %llu steps: %llu requests, %llu of them refused, %llu batches, "
		"%llu cut off, %llu faults, %llu connections ended, %llu guests died\n",
		run.sequences, run.step, run.calls, run.refused, run.batches, run.cut, run.faults,
		run.ends, run.deaths);
}

static uint32_t number(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);
	uint32_t n = text ? (uint32_t)strtoul(text, NULL, 0) : otherwise;

	return n ? n : 1;
}

/* The same each time, so that what fails here fails again. */
static void the_same_ones(void **state)
{
	const unsigned long long n = number("SEQUENCES", SEQUENCES);

	(void)state;
	for (unsigned int i = 0; i < POLICIES; i++) {
		sequences(number("SEED", SAME_SEED), (n * policies[i].tenths + 9) / 10,
			  policies[i].words);
		if (run.seed == SAME_SEED && n >= SEQUENCES)
			all_happened();
	}
}

/* Others each time; the seed is told. */
static void new_ones(void **state)
{
	const uint32_t seed = number("SEED", (uint32_t)time(NULL));

	(void)state;
	sequences(seed, number("SEQUENCES", LEVEL), policies[seed % POLICIES].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_ones),
		cmocka_unit_test(new_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
