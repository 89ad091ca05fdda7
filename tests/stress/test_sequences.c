/* SPDX-License-Identifier: MIT */
/*
 * Sixteen guests make, map, submit, unmap and destroy at random, and close, unplug and die in the midst of it, on the
 * whole driver domain with firmware and the GPU model. Every answer and every byte is compared with what it must
 * be; and whenever all of it has been taken down, everything that can be counted is what it was at the start.
 *
 * SEED chooses another course of events, SEQUENCES how many there are.
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

static struct seat seats[SEATS];

/* ---------------------------------------------------------------- steps */

/* What the slice holds, as its guest and Xen see it. */
static void look(struct seat *s)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_INFO);
	const struct object *o = &s->object[below(OBJECTS)];
	struct xenvgpu_response rsp;
	struct hosted_usage now;
	unsigned int mapped = 2; /* ring and event page */

	settle(s);
	if (o->handle)
		check_object(s, o);
	expect(s, &req, &rsp, 0);
	MUST(rsp.op.info.vram_size == s->share.quota &&
		     rsp.op.info.vram_free == s->share.quota - vram_used(s),
	     "%#" PRIx64 " bytes are free, not %#" PRIx64, rsp.op.info.vram_free,
	     s->share.quota - vram_used(s));
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (s->object[i].handle && s->object[i].guest_pages)
			mapped += (unsigned int)(s->object[i].size / HV_PAGE_SIZE);
	}
	for (unsigned int i = 0; i < CHANNELS; i++)
		mapped += s->channel[i].live ? RING_PAGES : 0;
	usage(s, &now);
	MUST(now.grants_mapped == mapped, "%u of its pages are mapped, not %u", now.grants_mapped,
	     mapped);
}

/* The next thing in the life of an object. */
static void object_step(struct seat *s, struct object *o)
{
	struct seat_space *space = any_space(s);

	if (!space) {
		make_space(s);
		return;
	}
	if (!o->handle) {
		if (below(3))
			alloc_object(s, (uint64_t)(below(20) ? 1 + below(SMALL) : LARGE) * UNIT);
		else
			import_object(s);
		return;
	}
	if (!o->shown && (!o->submitted || below(4) == 0)) {
		settle(s);
		map_object(s, space, o);
	} else if (!o->shown) {
		settle(s);
		free_object(s, o);
	} else if (!o->submitted || below(2)) {
		if (!channel_in(s, space))
			make_channel(s, space);
		submit_some(s, channel_in(s, space));
	} else {
		settle(s);
		unmap_object(s, o, below(4) != 0);
	}
}

static void object_any(struct seat *s)
{
	object_step(s, &s->object[below(OBJECTS)]);
}

static void write_any(struct seat *s)
{
	struct object *o = &s->object[below(OBJECTS)];

	settle(s);
	if (o->handle)
		write_object(s, o);
}

static void free_any(struct seat *s)
{
	struct object *o = &s->object[below(OBJECTS)];

	settle(s);
	if (o->handle)
		free_object(s, o);
}

static void change_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space)
		random_changes(s, space);
}

static void release_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space)
		release_stretch(s, space);
}

static void space_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space && below(3) == 0)
		end_space(s, space);
	else
		make_space(s);
}

static void channel_any(struct seat *s)
{
	struct seat_space *space = any_space(s);
	struct seat_channel *c = any_channel(s, false);

	if (below(2) && space) {
		make_channel(s, space);
	} else if (c) {
		if (below(2) && !c->stopped)
			submit_some(s, c);
		end_channel(s, c);
	}
}

/* A stopped channel does nothing, however often it is rung. */
static void ring_stopped(struct seat *s)
{
	for (unsigned int i = 0; i < CHANNELS; i++) {
		if (s->channel[i].live && s->channel[i].stopped)
			guest_bell(&s->g, s->channel[i].number);
	}
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*fn)(struct seat *s);
} steps[] = {
	{"an object", 760, object_any},
	{"random changes", 70, change_any},
	{"a release", 25, release_any},
	{"a write", 20, write_any},
	{"a free", 20, free_any},
	{"a space", 20, space_any},
	{"a channel", 40, channel_any},
	{"a fault", 12, submit_fault},
	{"taking away", 12, pull},
	{"a wrong request", 40, refused_request},
	{"looking", 20, look},
	{"ringing", 6, ring_stopped},
	{"a reconnect", 2, reconnect_guest},
	{"an unplug", 2, unplug_guest},
	{"a death", 2, kill_guest},
	{"an end in the midst", 4, end_in_the_midst},
};

static void step(void)
{
	unsigned int total = 0, i, choice;
	struct seat *s;

	run.step++;
	run.seat = below(SEATS);
	run.doing = "connecting";
	s = &seats[run.seat];
	if (!s->connected) {
		connect_guest(s);
		return;
	}
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		total += steps[i].weight;
	choice = below(total);
	for (i = 0; choice >= steps[i].weight; i++)
		choice -= steps[i].weight;
	run.doing = steps[i].name;
	take_events(s);
	steps[i].fn(s);
}

/* ---------------------------------------------------------------- everything is taken down */

/* The guest itself takes everything down, one by one. */
static void tidy(struct seat *s)
{
	struct seat_channel *c;

	settle(s);
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (s->object[i].handle)
			unmap_object(s, &s->object[i], true);
		MUST(!s->object[i].shown, "%u cells", s->object[i].shown);
		if (s->object[i].handle)
			free_object(s, &s->object[i]);
	}
	while ((c = any_channel(s, false)))
		end_channel(s, c);
	for (unsigned int i = 0; i < SPACES; i++) {
		if (s->space[i].handle)
			end_space(s, &s->space[i]);
	}
	look(s);
	close_guest(s);
	unplug_guest(s);
}

static void level(struct counts *start)
{
	run.doing = "taking all down";
	for (run.seat = 0; run.seat < SEATS; run.seat++) {
		struct seat *s = &seats[run.seat];

		if (s->connected && below(2))
			tidy(s);
		else if (s->connected)
			end_in_the_midst(s);
	}
	for (run.seat = 0; run.seat < SEATS; run.seat++) {
		if (seats[run.seat].g.dom)
			kill_guest(&seats[run.seat]);
	}
	hosted_advance(bed.h, 5 * HV_S);
	hosted_log_clear(bed.h, bed.gpudom);
	run.doing = "comparing with the start";
	compare(start);
}

/* ---------------------------------------------------------------- the test */

static void machine_up(uint8_t *archive)
{
	const struct model_config board = {.chip = boot_boards[0].chip,
					   .vram_bytes = 1024 * MIB,
					   .no_ecc = true,
					   .allow_unsigned = true};
	struct hosted_domain_config config = {
		.name = "gpudom", .start = gpudom_start, .pages = 8192, .module_size = FW_SIZE};

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

static void sequences(uint32_t seed, unsigned long long n)
{
	uint8_t *archive = aligned_alloc(HV_PAGE_SIZE, (FW_SIZE + HV_PAGE_SIZE - 1) & ~4095ul);
	unsigned long long next = LEVEL;
	struct counts start;

	print_message("SEED=%u SEQUENCES=%llu\n", seed, n);
	memset(&run, 0, sizeof(run));
	run.seed = seed;
	rng = seed;
	machine_up(archive);
	hosted_shuffle(bed.h, seed);
	hosted_log_clear(bed.h, bed.gpudom);
	count(&start);
	start.heap = 0;
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
	(void)state;
	sequences(number("SEED", SAME_SEED), number("SEQUENCES", SEQUENCES));
	if (run.seed == SAME_SEED && run.sequences >= SEQUENCES)
		all_happened();
}

/* Others each time; the seed is told. */
static void new_ones(void **state)
{
	(void)state;
	sequences(number("SEED", (uint32_t)time(NULL)), number("SEQUENCES", LEVEL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_ones),
		cmocka_unit_test(new_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
