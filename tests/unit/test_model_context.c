/* SPDX-License-Identifier: MIT */
/*
 * Graphics contexts on the model: what RM takes for one, and that the engine notices when a channel's
 * context is not there, is somebody else's too, or was given away too early.
 */
#include "sched_bed.h"

#include "tests/model/tlb.h"

#define BAD_ARGUMENT 0x1fu
#define BAD_STATE    0x40u
#define NOT_FOUND    0x57u

#define OWNED	    0x90f10001u /* a space of which RM knows where its tables begin */
#define NO_DISABLE  0x2080110bu
#define PARTS_MAIN  0u /* places in context_parts */
#define PARTS_MAP   3u
#define PARTS_WORK  4u
#define PARTS_ATTR  7u
#define ENTRY_AT(i) (48 + 32 * (i))

/* ---------------------------------------------------------------- promotion */

static uint32_t promote(struct bed *b, uint8_t *p)
{
	return rm_control(&b->talk, CLIENT, SUBDEVICE, PROMOTE_CTX, p, PROMOTE_PARAMS);
}

/* After a change of what is good. */
#define PROMOTED(change, status)                                                                   \
	do {                                                                                       \
		context_params(b.vram, 0, CHANNEL_AT(0), p);                                       \
		change;                                                                            \
		assert_int_equal(promote(&b, p), status);                                          \
	} while (0)

static void test_promotion(void **state)
{
	uint8_t p[PROMOTE_PARAMS], *state_at = p + ENTRY_AT(PARTS_MAIN),
				   *attributes = p + ENTRY_AT(PARTS_ATTR);
	struct bed b = bed_up(NULL, false);

	(void)state;
	assert_int_equal(chan_alloc(&b, 0, DEVICE, 1, SPACE), 0);
	/* Objects need a context, and the first of all is 3D. */
	assert_int_equal(rm_alloc(&b.talk, CLIENT, CHANNEL_AT(0), 1, 0xc797, NULL, 0), BAD_STATE);
	PROMOTED(set32(p + 40, 17), BAD_ARGUMENT);
	PROMOTED(set32(p + 16, CHANNEL_AT(1)), NOT_FOUND);
	PROMOTED(state_at[28] = 13, BAD_ARGUMENT);
	PROMOTED(state_at[28] = CONTEXT_GFXP_POOL, BAD_ARGUMENT);
	/* What RM is to prepare: at a page, large enough, inside of VRAM, cleared; and not just anything. */
	PROMOTED(state_at[0] = 1, BAD_ARGUMENT);
	PROMOTED(set32(state_at + 16, 0x11f000), BAD_ARGUMENT);
	PROMOTED(state_at[4] = 1, BAD_ARGUMENT);
	PROMOTED(b.vram[CONTEXT_VRAM + 0x11fff8] = 1, BAD_ARGUMENT);
	PROMOTED(attributes[30] = 1, BAD_ARGUMENT);
	/* Neither a place nor an address. */
	PROMOTED(attributes[31] = 1, BAD_ARGUMENT);
	PROMOTED((void)0, 0);
	assert_int_equal(rm_alloc(&b.talk, CLIENT, CHANNEL_AT(0), 1, 0xc7c0, NULL, 0), BAD_STATE);
	assert_int_equal(rm_alloc(&b.talk, CLIENT, CHANNEL_AT(0), 1, 0xc797, NULL, 0), 0);
	assert_int_equal(rm_alloc(&b.talk, CLIENT, CHANNEL_AT(0), 2, 0xc7c0, NULL, 0), 0);
	bed_down(&b);
}

/* Where RM knows the tables, it looks. */
static void test_promotion_is_walked(void **state)
{
	uint8_t p[PROMOTE_PARAMS], space[48] = {0}, directory[32] = {0};
	struct bed b = bed_up(NULL, false);

	(void)state;
	set32(space + 4, 1u << 3); /* IS_EXTERNALLY_OWNED */
	assert_int_equal(rm_alloc(&b.talk, CLIENT, DEVICE, OWNED, 0x90f1, space, 48), 0);
	set32(directory, PD3);
	set32(directory + 8, 4);
	set32(directory + 16, OWNED);
	assert_int_equal(rm_control(&b.talk, CLIENT, DEVICE, 0x801813, directory, 32), 0);
	assert_int_equal(chan_alloc(&b, 0, DEVICE, 1, OWNED), 0);
	PROMOTED((void)0, BAD_ARGUMENT);
	context_tables(b.vram, 0);
	PROMOTED((void)0, 0);
	/* Another page than the one that is prepared, one that is missing, one that cannot be written. */
	put64_at(b.vram, CONTEXT_PD0 + 16, pte(CONTEXT_VRAM));
	PROMOTED((void)0, BAD_ARGUMENT);
	context_tables(b.vram, 0);
	put64_at(b.vram, CONTEXT_PD0 + 16 * 14, 0);
	PROMOTED((void)0, BAD_ARGUMENT);
	put64_at(b.vram, CONTEXT_PD0 + 16 * 14, pte(CONTEXT_VRAM) | 1 << 6);
	PROMOTED((void)0, BAD_ARGUMENT);
	/* The access map need not be. */
	context_tables(b.vram, 0);
	put64_at(b.vram, CONTEXT_PD0 + 16 * PARTS_MAP,
		 pte(CONTEXT_VRAM + PARTS_MAP * CONTEXT_PAGE) | 1 << 6);
	PROMOTED((void)0, 0);
	bed_down(&b);
}

/* ---------------------------------------------------------------- switches */

/* A word of inline data at DATA. */
static bool draws(struct chan *c, uint32_t value)
{
	c->at = 0;
	method(c, 2, 0x180, 4);
	method(c, 2, 0x184, 1);
	method(c, 2, 0x188, 0);
	method(c, 2, 0x18c, DATA);
	method(c, 2, 0x1b0, 1);
	method(c, 2, 0x1b4, value);
	submit(c, 1);
	return done(c) && word(c->b, DATA) == value && !c->ch->failed;
}

static uint64_t errors(const struct bed *b)
{
	return host(b)->context_errors;
}

/* The start of a part of context n, as it lies in VRAM. */
static uint64_t part(unsigned int n, unsigned int i)
{
	return CONTEXT_VRAM + n * CONTEXT_SIZE + i * CONTEXT_PAGE;
}

static void test_switches(void **state)
{
	struct bed b = bed_up(NULL, false);
	struct chan c[3];
	uint64_t loaded;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		c[i] = chan_new(&b, i, 0, GRAPHICS);
	for (uint32_t n = 0; n < 12; n++)
		assert_true(draws(&c[n % 3], 0x100 + n));
	assert_int_equal(host(&b)->contexts_loaded, 12);
	assert_true(host(&b)->resident == c[2].ch->group);
	/* One that has the engine keeps it. */
	loaded = host(&b)->contexts_loaded;
	assert_true(draws(&c[2], 1) && draws(&c[2], 2));
	assert_int_equal(host(&b)->contexts_loaded, loaded);
	/* Copies and semaphores of Host's need no context. */
	c[0].at = 0;
	copy(&c[0], 64);
	sem(&c[0], SEM, 7, RELEASE_SEM);
	submit(&c[0], 1);
	assert_true(done(&c[0]) && word(&b, SEM) == 7);
	assert_int_equal(host(&b)->contexts_loaded, loaded);
	assert_int_equal(errors(&b), 0);
	bed_down(&b);
}

static void test_no_context(void **state)
{
	struct bed b = bed_up(NULL, false);
	struct chan c = chan_new(&b, 0, 0, GRAPHICS), copies = chan_new(&b, 1, 0, COPY2);

	(void)state;
	assert_true(draws(&c, 1));
	/* With its last object it goes. */
	assert_int_equal(rm_free(&b.talk, CLIENT, CONTEXT_OBJECT), 0);
	assert_null(host(&b)->resident);
	assert_false(draws(&c, 2));
	assert_non_null(strstr(b.mc->last_log, "no graphics context"));
	copy(&copies, 64);
	submit(&copies, 1);
	assert_true(done(&copies));
	bed_down(&b);
}

/* One channel's state, touched while the other has the engine; at the start and at the end of it. */
static void test_state_is_watched(void **state)
{
	static const uint64_t touched[] = {0, 0x120000 - 8};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct bed b = bed_up(NULL, false);
		struct chan c[2] = {chan_new(&b, 0, 0, GRAPHICS), chan_new(&b, 1, 0, GRAPHICS)};

		assert_true(draws(&c[0], 1) && draws(&c[1], 2));
		b.vram[part(0, PARTS_MAIN) + touched[i]] ^= 1;
		assert_false(draws(&c[0], 3));
		assert_non_null(strstr(b.mc->last_log, "context buffer 0 is not as it was left"));
		assert_int_equal(errors(&b), 1);
		assert_true(draws(&c[1], 4));
		bed_down(&b);
	}
}

/* Before its first turn, state and map are RM's. */
static void test_what_rm_prepared(void **state)
{
	static const struct {
		unsigned int part;
		const char *says;
	} cases[] = {{PARTS_MAIN, "is not RM's image"}, {PARTS_MAP, "no access map"}};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct bed b = bed_up(NULL, false);
		struct chan c = chan_new(&b, 0, 0, GRAPHICS);

		b.vram[part(0, cases[i].part)] ^= 1;
		assert_false(draws(&c, 1));
		assert_non_null(strstr(b.mc->last_log, cases[i].says));
		assert_int_equal(errors(&b), 1);
		bed_down(&b);
	}
}

/* What the engine works in is written by somebody meanwhile: it is the one who has the engine that notices. */
static void test_work_is_watched(void **state)
{
	struct bed b = bed_up(NULL, false);
	struct chan c[2] = {chan_new(&b, 0, 0, GRAPHICS), chan_new(&b, 1, 0, GRAPHICS)};

	(void)state;
	assert_true(draws(&c[0], 1));
	b.vram[part(0, PARTS_ATTR)] ^= 1;
	assert_true(draws(&c[1], 2));
	assert_true(c[0].ch->failed);
	assert_int_equal(errors(&b), 1);
	bed_down(&b);
}

/* Not shown any more while it has the engine, or when it wants it; with a stale translation gone. */
static void test_hidden(void **state)
{
	(void)state;
	for (unsigned int has = 0; has < 2; has++) {
		struct bed b = bed_up(NULL, false);
		struct chan c[2] = {chan_new(&b, 0, 0, GRAPHICS), chan_new(&b, 1, 0, GRAPHICS)};

		assert_true(draws(&c[0], 1));
		if (!has)
			assert_true(draws(&c[1], 2));
		put64_at(b.vram, CONTEXT_PD0, 0);
		model_tlb_invalidate(b.mc->gpu, NULL, NULL);
		if (has)
			assert_true(draws(&c[1], 2));
		else
			assert_false(draws(&c[0], 3));
		assert_true(c[0].ch->failed);
		assert_int_equal(c[0].ch->fault_address, CONTEXT_VA);
		assert_int_equal(errors(&b), 1);
		bed_down(&b);
	}
}

/* Stopped, a channel's state is saved while its memory is still its own; freed, it is not. */
static void test_stop_saves(void **state)
{
	uint8_t stop[536] = {1};
	struct bed b = bed_up(NULL, false);
	struct chan c = chan_new(&b, 0, 0, GRAPHICS);
	uint64_t saved;

	(void)state;
	assert_true(draws(&c, 1));
	memcpy(&saved, b.vram + part(0, PARTS_MAIN), 8);
	assert_true(saved == CONTEXT_IMAGE);
	set32(stop + 4, 1);
	set32(stop + 24, CLIENT);
	set32(stop + 24 + 4ull * 64, c.handle);
	assert_int_equal(rm_control(&b.talk, CLIENT, SUBDEVICE, NO_DISABLE, stop, 536), 0);
	assert_null(host(&b)->resident);
	memcpy(&saved, b.vram + part(0, PARTS_MAIN), 8);
	assert_true(saved == c.ch->group->context.saved);
	/* It goes on with that. */
	stop[0] = 0;
	assert_int_equal(rm_control(&b.talk, CLIENT, SUBDEVICE, NO_DISABLE, stop, 536), 0);
	assert_true(draws(&c, 2));
	memset(b.vram + part(0, 0), 0, CONTEXT_PREPARED);
	assert_int_equal(rm_free(&b.talk, CLIENT, c.handle), 0);
	assert_null(host(&b)->resident);
	assert_int_equal(errors(&b), 0);
	bed_down(&b);
}

/* One memory for two channels, as nouveau has it for what RM calls global: no harm, for what is in use is one's. */
static void test_shared_work(void **state)
{
	struct bed b = bed_up(NULL, false);
	struct chan c[2] = {chan_new(&b, 0, 0, GRAPHICS), chan_new(&b, 1, 0, GRAPHICS)};

	(void)state;
	for (unsigned int i = PARTS_WORK; i < CONTEXT_SIZE / CONTEXT_PAGE; i++)
		put64_at(b.vram, CONTEXT_PD0 + 16 * (CONTEXT_SIZE / CONTEXT_PAGE + i),
			 pte(part(0, i)));
	for (uint32_t n = 0; n < 6; n++)
		assert_true(draws(&c[n % 2], n));
	assert_int_equal(errors(&b), 0);
	bed_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promotion),	 cmocka_unit_test(test_promotion_is_walked),
		cmocka_unit_test(test_switches),	 cmocka_unit_test(test_no_context),
		cmocka_unit_test(test_state_is_watched), cmocka_unit_test(test_what_rm_prepared),
		cmocka_unit_test(test_work_is_watched),	 cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_stop_saves),	 cmocka_unit_test(test_shared_work),
	};

	return cmocka_run_group_tests_name("model: graphics contexts", tests, NULL, NULL);
}
