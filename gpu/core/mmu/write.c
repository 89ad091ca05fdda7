/* SPDX-License-Identifier: MIT */
/*
 * write.c - entries of tables are put together in our memory, and go to VRAM with one call of ops->write() for each table.
 *
 * A table's memory in VRAM is what its last user left there. Words that cannot have been used since they were last
 * cleared are known to be 0, and are not written.
 */
#include <string.h>

#include "gpu/core/mmu/change.h"
#include "gpu/core/mmu/entries.h"

/* Words of a table, from where to where. */
struct words {
	unsigned int from, to;
};

/*
 * What to write of a table that gets its own `words`: of one that is not in VRAM yet also what is left there of the last
 * one. Its own are then what may be stale when it has gone.
 */
static struct words to_write(struct gpu_table *t, struct words words)
{
	struct words all = {words.from < t->stale ? words.from : t->stale,
			    words.to > t->stale_end ? words.to : t->stale_end};
	struct words stale = t->fresh ? words : all, now = t->fresh ? all : words;

	t->stale = (uint16_t)stale.from;
	t->stale_end = (uint16_t)stale.to;
	t->fresh = false;
	return now;
}

/* pool->words to words [first, first + n) of a table. */
static inline int put(struct gpu_space *s, uint32_t number, unsigned int first, unsigned int n)
{
	uint64_t addr = gpu_table_addr(s->pool, number) + first * sizeof(uint64_t);

	s->changed = true;
	s->err = s->ops->write(s->ctx, addr, s->pool->words, n);
	return s->err;
}

/* Two words; an SSE register on x86-64. */
typedef uint64_t pair __attribute__((vector_size(16)));

/* n PTEs, each `step` more than the one before: to every word, or to every second with 0 between them. */
static void fill_words(uint64_t *words, unsigned int stride, uint64_t pte, uint64_t step,
		       unsigned int n)
{
	pair two = {pte, stride == 1 ? pte + step : 0};
	const pair more = {stride == 1 ? 2 * step : step, stride == 1 ? 2 * step : 0};
	uint64_t *end = words + (size_t)n * stride;

	for (; words + 1 < end; words += 2, two += more)
		memcpy(words, &two, sizeof(two));
	if (words < end)
		*words = two[0];
}

/* The next n PTEs of a mapping. */
static void fill(struct gpu_change *c, uint64_t *words, unsigned int n)
{
	unsigned int stride = gpu_entry_words(c->level);
	uint64_t step = gpu_pte_step(c->page);

	while (n) {
		uint64_t left = (c->run->size - c->done) >> c->shift;
		uint64_t pte = gpu_pte(c->run->aperture, c->run->addr + c->done) | c->attributes;
		unsigned int k = left < n ? (unsigned int)left : n;

		fill_words(words, stride, pte, step, k);
		words += (size_t)k * stride;
		n -= k;
		c->done += (uint64_t)k << c->shift;
		if (c->done == c->run->size) {
			c->run++;
			c->done = 0;
		}
	}
}

/* What is in use after a change of entries [first, end). */
static void account(struct gpu_table *t, const struct gpu_change *c, unsigned int first,
		    unsigned int end)
{
	uint64_t *set = c->what == GPU_MAP || c->what == GPU_UNMAP ? t->live : t->sparse;

	if (gpu_change_adds(c)) {
		gpu_entries_add(set, first, end);
		t->used = (uint16_t)(t->used + (end - first));
	} else {
		gpu_entries_remove(set, first, end);
		t->used = (uint16_t)(t->used - (end - first));
	}
}

/* Entries [first, first + n) of a leaf. */
static int write_leaf(struct gpu_space *s, struct gpu_change *c, uint32_t number,
		      unsigned int first, unsigned int n)
{
	struct gpu_table *t = gpu_table(s, number);
	unsigned int stride = gpu_entry_words(c->level);
	struct words own = {first * stride, (first + n) * stride}, all;
	uint64_t *at;

	account(t, c, first, first + n);
	if (!t->used) { /* it goes: not worth a write */
		gpu_change_touch(s, c, number);
		return 0;
	}
	all = to_write(t, own);
	at = s->pool->words + (own.from - all.from);
	if (c->what != GPU_MAP || all.to - all.from > own.to - own.from)
		memset(s->pool->words, 0, (all.to - all.from) * sizeof(*at));
	if (c->what == GPU_MAP) {
		fill(c, at, n);
	} else {
		for (unsigned int i = 0; i < n; i++) {
			if (gpu_entries_has(t->sparse, first + i))
				at[(size_t)i * stride] = NV_MMU_VER2_VOL;
		}
	}
	return put(s, number, all.from, all.to - all.from);
}

int gpu_change_write(struct gpu_space *s, struct gpu_change *c)
{
	int err = 0;

	for (uint64_t va = c->va, next; va < c->end && !err; va = next) {
		next = gpu_change_next(c, va);
		err = write_leaf(s, c, gpu_change_leaf(s, c, va), gpu_change_first(c, va),
				 gpu_change_entries(c, va, next));
	}
	return err;
}

int gpu_directory_write(struct gpu_space *s, uint32_t number)
{
	struct gpu_table *t = gpu_table(s, number);
	struct words own = {t->dirty, t->dirty_end}, all;

	if (own.from == own.to && !t->fresh)
		return 0;
	all = to_write(t, own);
	if (all.to - all.from > own.to - own.from)
		memset(s->pool->words, 0, (all.to - all.from) * sizeof(uint64_t));
	for (unsigned int i = own.from; i < own.to; i++) {
		uint32_t child = t->child[i];

		s->pool->words[i - all.from] = child ? gpu_pde(gpu_table_addr(s->pool, child)) : 0;
	}
	t->dirty = t->dirty_end = 0;
	return all.to > all.from ? put(s, number, all.from, all.to - all.from) : 0;
}
