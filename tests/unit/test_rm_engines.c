/* SPDX-License-Identifier: MIT */
/*
 * The table of engines as firmware sends it, good and bad, in the layout of every pack; and who of them has
 * which vector, by the table of interrupts.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fwq/packs.h"
#include "gpu/core/rm/vectors.h"

#define TABLE(f) FWQ_F_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS__##f
#define ENTRY(f) FWQ_F_NV2080_CTRL_FIFO_DEVICE_ENTRY__##f
#define FULL	 32u /* NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_MAX_ENTRIES */

struct table {
	const struct fwq_pack *pack;
	uint32_t size;
	uint8_t *params; /* exactly as long, so that a read beyond it is seen */
	struct gpu_engines out;
	struct gpu_error why;
	bool more;
};

static void put(struct table *t, enum fwq_field f, size_t at, uint32_t i, uint64_t value)
{
	assert_int_equal(fwq_put(t->pack, f, t->params, t->size, at, i, value), 0);
}

/* n engines, the first called e00, on runlist 100. */
static void fill(struct table *t, uint32_t n, bool more)
{
	uint32_t step = fwq_sizeof(t->pack, FWQ_S_NV2080_CTRL_FIFO_DEVICE_ENTRY);
	size_t first, size;

	memset(t->params, 0, t->size);
	put(t, TABLE(numEntries), 0, 0, n);
	put(t, TABLE(bMore), 0, 0, more);
	assert_int_equal(fwq_span(t->pack, TABLE(entries), t->size, 0, &first, &size), 0);
	assert_int_equal(size, (size_t)FULL * step);
	for (uint32_t i = 0; i < n && i < FULL; i++) {
		size_t at = first + (size_t)i * step;

		put(t, ENTRY(engineName), at, 0, 'e');
		put(t, ENTRY(engineName), at, 1, '0' + i / 10);
		put(t, ENTRY(engineName), at, 2, '0' + i % 10);
		put(t, ENTRY(engineData), at, 2, 1000 + i);
		put(t, ENTRY(engineData), at, 3, 100 + i);
		put(t, ENTRY(engineData), at, 8, 400 + i);
		put(t, ENTRY(numPbdmas), at, 0, i % 3);
		put(t, ENTRY(pbdmaIds), at, 0, 200 + i);
		put(t, ENTRY(pbdmaIds), at, 1, 300 + i);
	}
}

static void open_table(struct table *t, unsigned int pack)
{
	memset(t, 0, sizeof(*t));
	t->pack = &fwq_packs[pack];
	t->size = fwq_sizeof(t->pack, FWQ_S_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS);
	assert_true(t->size > 0);
	t->params = malloc(t->size ? t->size : 1);
	assert_non_null(t->params);
}

static int add(struct table *t)
{
	return gpu_engines_add(t->pack, t->params, t->size, &t->out, &t->more, &t->why);
}

static void every_pack_reads_it(void **state)
{
	(void)state;
	for (unsigned int p = 0; p < fwq_packs_count; p++) {
		const struct gpu_engine *e;
		struct table t;

		open_table(&t, p);
		fill(&t, 11, false);
		assert_int_equal(add(&t), 0);
		assert_int_equal(t.out.n, 11);
		assert_false(t.more);
		e = &t.out.engine[5];
		assert_string_equal(e->name, "e05");
		assert_int_equal(e->type, 1005);
		assert_int_equal(e->runlist, 105);
		assert_int_equal(e->mc, 405);
		assert_int_equal(e->nonstall, GPU_NO_VECTOR);
		assert_int_equal(e->pbdmas, 2);
		assert_int_equal(e->pbdma[0], 205);
		assert_int_equal(e->pbdma[1], 305);
		assert_int_equal(t.out.engine[3].pbdmas, 0);
		free(t.params);
	}
}

static void pieces_follow_one_another(void **state)
{
	struct table t;

	(void)state;
	open_table(&t, 0);
	fill(&t, FULL, true);
	assert_int_equal(add(&t), 0);
	assert_true(t.more);
	fill(&t, 3, false);
	assert_int_equal(add(&t), 0);
	assert_false(t.more);
	assert_int_equal(t.out.n, FULL + 3);
	assert_string_equal(t.out.engine[FULL + 2].name, "e02");
	free(t.params);
}

static void names_are_printable_and_end(void **state)
{
	size_t first, size;
	struct table t;

	(void)state;
	open_table(&t, 0);
	fill(&t, 1, false);
	assert_int_equal(fwq_span(t.pack, TABLE(entries), t.size, 0, &first, &size), 0);
	for (uint32_t i = 0; i < 16; i++)
		put(&t, ENTRY(engineName), first, i, i % 2 ? 0x1b : 'x');
	assert_int_equal(add(&t), 0);
	assert_string_equal(t.out.engine[0].name, "x?x?x?x?x?x?x?x");
	free(t.params);
}

static void refuses(struct table *t, int err, const char *word)
{
	assert_int_equal(add(t), err);
	if (!strstr(t->why.text, word))
		fail_msg("%s is not in: %s", word, t->why.text);
}

static void what_cannot_be_is_refused(void **state)
{
	struct fwq_pack *without = malloc(sizeof(*without));
	size_t first, size;
	struct table t;

	(void)state;
	assert_non_null(without);
	open_table(&t, 0);
	fill(&t, FULL + 1, false);
	refuses(&t, -EPROTO, "33 engines after 0");
	fill(&t, 0xffffffff, false);
	refuses(&t, -EPROTO, "4294967295 engines");
	fill(&t, 0, true);
	refuses(&t, -EPROTO, "a piece of 0 engines of 32");
	fill(&t, 3, true);
	refuses(&t, -EPROTO, "a piece of 3 engines of 32");

	fill(&t, 1, false);
	assert_int_equal(fwq_span(t.pack, TABLE(entries), t.size, 0, &first, &size), 0);
	put(&t, ENTRY(numPbdmas), first, 0, 3);
	refuses(&t, -EPROTO, "engine \"e00\" with 3 PBDMA units");

	fill(&t, 1, false);
	t.out.n = GPU_ENGINES_MAX;
	refuses(&t, -EPROTO, "1 engines after 64");
	t.out.n = 0;

	assert_int_equal(gpu_engines_add(t.pack, t.params, t.size - 1, &t.out, &t.more, &t.why),
			 -EPROTO);
	assert_int_equal(gpu_engines_add(t.pack, t.params, 0, &t.out, &t.more, &t.why), -EPROTO);

	*without = *t.pack;
	without->has_number[FWQ_N_ENGINE_INFO_TYPE_RUNLIST] = false;
	t.pack = without;
	refuses(&t, -ENOENT, "engineData");
	without->has_number[FWQ_N_ENGINE_INFO_TYPE_RUNLIST] = true;
	without->number[FWQ_N_ENGINE_INFO_TYPE_RUNLIST] = 16; /* behind the words there are */
	t.out.n = 0;
	refuses(&t, -EPROTO, "engineData");
	free(t.params);
	free(without);
}

#define VECTORS(f) FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS__##f
#define VECTOR(f)  FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY__##f

static const uint32_t vector_table[][3] = {
	/* MC_ENGINE_IDX_*, stall, non-stall */
	{401, 190, 7},
	{77, 191, 8}, /* an engine that is not in the list */
	{403, 192, GPU_NO_VECTOR},
	{404, 193, 100000},
};
#define VECTOR_TABLE (sizeof(vector_table) / sizeof(vector_table[0]))

/* The table of interrupts, saying that it has n entries. */
static void fill_vectors(const struct fwq_pack *pack, uint8_t *params, uint32_t size, uint32_t n)
{
	uint32_t step = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY);
	size_t first, span;

	memset(params, 0, size);
	assert_int_equal(fwq_put(pack, VECTORS(tableLen), params, size, 0, 0, n), 0);
	assert_int_equal(fwq_span(pack, VECTORS(table), size, 0, &first, &span), 0);
	for (size_t i = 0; i < VECTOR_TABLE; i++) {
		size_t at = first + i * step;

		assert_int_equal(
			fwq_put(pack, VECTOR(engineIdx), params, size, at, 0, vector_table[i][0]),
			0);
		assert_int_equal(
			fwq_put(pack, VECTOR(vectorStall), params, size, at, 0, vector_table[i][1]),
			0);
		assert_int_equal(fwq_put(pack, VECTOR(vectorNonStall), params, size, at, 0,
					 vector_table[i][2]),
				 0);
	}
}

/* Engines have the vectors that the table of interrupts gives them; where that is wrong they have none. */
static void engines_get_their_vectors(void **state)
{
	(void)state;
	for (unsigned int p = 0; p < fwq_packs_count; p++) {
		const struct fwq_pack *pack = &fwq_packs[p];
		uint32_t size =
			fwq_sizeof(pack, FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS);
		uint8_t *params = malloc(size ? size : 1);
		struct table t;

		assert_non_null(params);
		open_table(&t, p);
		fill(&t, 6, false);
		assert_int_equal(add(&t), 0);
		fill_vectors(pack, params, size, 129);
		gpu_vectors_of_engines(pack, params, size, &t.out);
		fill_vectors(pack, params, size, VECTOR_TABLE);
		gpu_vectors_of_engines(pack, params, 4, &t.out);
		for (unsigned int i = 0; i < 6; i++)
			assert_int_equal(t.out.engine[i].nonstall, GPU_NO_VECTOR);
		gpu_vectors_of_engines(pack, params, size, &t.out);
		for (unsigned int i = 0; i < 6; i++)
			assert_int_equal(t.out.engine[i].nonstall, i == 1   ? 7
								   : i == 4 ? 100000
									    : GPU_NO_VECTOR);
		free(t.params);
		free(params);
	}
}

/* A pack that cannot say which engine the table means: engines have no vectors, and that is no error. */
static void packs_may_not_know_the_index(void **state)
{
	struct fwq_pack *without = malloc(sizeof(*without));
	struct table t;

	(void)state;
	assert_non_null(without);
	open_table(&t, 0);
	*without = *t.pack;
	without->has_number[FWQ_N_ENGINE_INFO_TYPE_MC] = false;
	t.pack = without;
	fill(&t, 3, false);
	assert_int_equal(add(&t), 0);
	assert_int_equal(t.out.engine[1].mc, GPU_NO_MC);
	free(t.params);
	free(without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pack_reads_it),
		cmocka_unit_test(pieces_follow_one_another),
		cmocka_unit_test(names_are_printable_and_end),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(engines_get_their_vectors),
		cmocka_unit_test(packs_may_not_know_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
