/* SPDX-License-Identifier: MIT */
/*
 * space.c - see space.h.
 *
 * A call goes through its range a few times, each time table by table: look whether all is well; make
 * the tables that are missing; write entries of pages; then, level by level upwards, what changed in
 * directories. Directories that were touched are clean again when a call ends, so their words between
 * the first and the last that changed are all of tables, which we know, never of pages of 2 MiB.
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/mmu/pool.h"
#include "gpu/core/mmu/space.h"
#include "hv/hv.h"

/* What is to be done to which pages. */
struct change {
	enum { MAP, UNMAP, RESERVE, RELEASE } what;
	enum gpu_page page;
	uint64_t va, end;
	/* MAP: attributes of every page; the run that comes next, and how much of it is done. */
	uint64_t attributes, done;
	const struct gpu_run *run;
	/* The PD0 that was looked for last, or 0 if it is not there; 1 + which part of the space it translates. */
	uint32_t pd0;
	uint64_t pd0_part;
};

static struct gpu_table *table(const struct gpu_space *s, uint32_t number)
{
	return &s->pool->tables[number];
}

/* The table of `level` on the way from va to a page of this size; 0 if there is none. */
static uint32_t find(const struct gpu_space *s, unsigned int level, enum gpu_page page, uint64_t va)
{
	uint32_t number = s->root;

	for (unsigned int l = GPU_TABLE_ROOT; l > level && number; l--)
		number = table(s, number)->child[gpu_entry_word(l, page, va)];
	return number;
}

/* find() of a PD0, which the tables of a change mostly share. */
static inline uint32_t find_pd0(const struct gpu_space *s, struct change *c, uint64_t va)
{
	uint64_t part = 1 + (va >> gpu_table_shift(GPU_PD0_LEVEL));

	if (c->pd0_part != part) {
		c->pd0 = find(s, GPU_PD0_LEVEL, c->page, va);
		c->pd0_part = part;
	}
	return c->pd0;
}

/* find() of the table whose entries are the pages. */
static inline uint32_t find_leaf(const struct gpu_space *s, struct change *c, uint64_t va)
{
	uint32_t number = find_pd0(s, c, va);

	return c->page == GPU_PAGE_2M || !number
		       ? number
		       : table(s, number)->child[gpu_entry_word(GPU_PD0_LEVEL, c->page, va)];
}

/* ---------------------------------------------------------------- sets of entries */

/* Those of [first, first + n) that are in the set's word i; at least one is. */
static uint64_t mask(unsigned int i, unsigned int first, unsigned int n)
{
	uint64_t m = ~0ull;

	if (first > i * 64)
		m &= ~0ull << (first % 64);
	if (first + n < i * 64 + 64)
		m &= ~0ull >> (i * 64 + 64 - first - n);
	return m;
}

/* Are all of [first, first + n)? */
static bool all_in(const uint64_t *set, unsigned int first, unsigned int n)
{
	uint64_t missing = 0;

	for (unsigned int i = first / 64; i <= (first + n - 1) / 64; i++)
		missing |= ~set[i] & mask(i, first, n);
	return !missing;
}

/* Is there one in [first, first + n)? */
static bool any(const uint64_t *set, unsigned int first, unsigned int n)
{
	uint64_t found = 0;

	for (unsigned int i = first / 64; i <= (first + n - 1) / 64; i++)
		found |= set[i] & mask(i, first, n);
	return found;
}

static void change_set(uint64_t *set, unsigned int first, unsigned int n, bool in)
{
	for (unsigned int i = first / 64; i <= (first + n - 1) / 64; i++)
		set[i] = in ? set[i] | mask(i, first, n) : set[i] & ~mask(i, first, n);
}

/* ---------------------------------------------------------------- may it be done? */

/* Whether [va, end), which one table for pages of this size translates, has pages of another. */
static bool others(const struct gpu_space *s, struct change *c, uint64_t va, uint64_t end)
{
	enum gpu_page page = c->page, small = page == GPU_PAGE_4K ? GPU_PAGE_64K : GPU_PAGE_4K;
	uint32_t number = find_pd0(s, c, va);
	unsigned int first = gpu_entry_index(GPU_PD0_LEVEL, page, va), n;
	const struct gpu_table *pd0 = table(s, number), *t;

	if (!number)
		return false;
	if (page == GPU_PAGE_2M) {
		/* Tables that are empty do not stay, so there are pages below any. */
		n = gpu_entry_index(GPU_PD0_LEVEL, page, end - 1) - first + 1;
		for (unsigned int i = 2 * first; i < 2 * (first + n); i++) {
			if (pd0->child[i])
				return true;
		}
		return false;
	}
	if (any(pd0->live, first, 1) || any(pd0->sparse, first, 1))
		return true;
	number = pd0->child[gpu_entry_word(GPU_PD0_LEVEL, small, va)];
	if (!number)
		return false;
	t = table(s, number);
	first = gpu_entry_index(0, small, va);
	n = gpu_entry_index(0, small, end - 1) - first + 1;
	return any(t->live, first, n) || any(t->sparse, first, n);
}

/* The part of a change that is one table's. */
static int check_leaf(const struct gpu_space *s, struct change *c, uint64_t va, uint64_t end)
{
	unsigned int level = gpu_page_level(c->page), first = gpu_entry_index(level, c->page, va);
	unsigned int n = (unsigned int)((end - va) >> gpu_page_shift(c->page));
	uint32_t number = find_leaf(s, c, va);
	const struct gpu_table *t = table(s, number);

	if (c->what == UNMAP)
		return number && all_in(t->live, first, n) ? 0 : -ENOENT;
	if (c->what == RELEASE)
		return !number || !all_in(t->sparse, first, n) ? -ENOENT
		       : any(t->live, first, n)		       ? -EBUSY
							       : 0;
	if (number && (any(t->live, first, n) || (c->what == RESERVE && any(t->sparse, first, n))))
		return -EEXIST;
	return others(s, c, va, end) ? -EEXIST : 0;
}

static int check(const struct gpu_space *s, struct change *c)
{
	unsigned int level = gpu_page_level(c->page), shift = gpu_table_shift(level);
	int err = 0;

	/* More tables than there are cannot be right, and need not be looked for one by one. */
	if (((c->end - 1) >> shift) - (c->va >> shift) >= s->pool->n)
		return c->what == MAP || c->what == RESERVE ? -ENOMEM : -ENOENT;
	/* What is not there at all counts for more than what is busy. */
	for (uint64_t va = c->va, next; va < c->end && (!err || err == -EBUSY); va = next) {
		int found;

		next = gpu_table_end(level, va, c->end);
		found = check_leaf(s, c, va, next);
		err = found ? found : err;
	}
	return err;
}

/* ---------------------------------------------------------------- tables come and go */

/* A word of a directory changed; within one change of a space, none before it changes later. */
static void mark(struct gpu_table *t, unsigned int word)
{
	if (!t->dirty_words)
		t->dirty = (uint16_t)word;
	HV_CHECK(word >= t->dirty);
	t->dirty_words = (uint16_t)(word + 1 - t->dirty);
}

/* The tables on the way to va. 0 or -ENOMEM, with some of them made. */
static int make_way(struct gpu_space *s, struct change *c, uint64_t va)
{
	uint32_t number = find_pd0(s, c, va);
	unsigned int l = GPU_PD0_LEVEL;

	if (!number) {
		number = s->root;
		l = GPU_TABLE_ROOT;
	}
	for (;; l--) {
		struct gpu_table *t = table(s, number);
		unsigned int word;

		if (l == GPU_PD0_LEVEL)
			c->pd0 = number;
		if (l == gpu_page_level(c->page))
			return 0;
		word = gpu_entry_word(l, c->page, va);

		if (!t->child[word]) {
			t->child[word] = gpu_table_new(s->pool, s, l - 1);
			if (!t->child[word])
				return -ENOMEM;
			t->used++;
			mark(t, word);
		}
		number = t->child[word];
	}
}

/* Takes tables without entries out of their directories, from below. Those in VRAM die at commit. */
static void reap(struct gpu_space *s, struct change *c)
{
	const bool whole = c->what == UNMAP || c->what == RELEASE;
	bool more = true;

	/* Where no table goes, none of those above has become empty: but of a way that was made in part. */
	for (unsigned int l = gpu_page_level(c->page); l < GPU_TABLE_ROOT && more; l++) {
		more = !whole;
		for (uint64_t va = c->va; va < c->end; va = gpu_table_end(l, va, c->end)) {
			uint32_t number = l ? find(s, l, c->page, va) : find_leaf(s, c, va);
			unsigned int word = gpu_entry_word(l + 1, c->page, va);
			struct gpu_table *directory;

			if (!number || table(s, number)->used)
				continue;
			directory = table(s, l ? find(s, l + 1, c->page, va) : c->pd0);
			more = true;
			directory->child[word] = 0;
			directory->used--;
			mark(directory, word);
			if (table(s, number)->fresh) {
				gpu_table_free(s->pool, number);
			} else {
				table(s, number)->next = s->dying;
				s->dying = number;
			}
		}
	}
	c->pd0_part = 0; /* it may be among them */
}

/* All tables that a change needs, or none. */
static int make(struct gpu_space *s, struct change *c)
{
	unsigned int level = gpu_page_level(c->page);
	int err = 0;

	for (uint64_t va = c->va; va < c->end && !err; va = gpu_table_end(level, va, c->end))
		err = make_way(s, c, va);
	if (!err)
		return 0;
	reap(s, c);
	/* Nothing of it is in VRAM: the directories that are have not changed. */
	for (unsigned int l = level + 1; l < GPU_TABLE_LEVELS; l++) {
		for (uint64_t va = c->va; va < c->end; va = gpu_table_end(l, va, c->end))
			table(s, find(s, l, c->page, va))->dirty_words = 0;
	}
	return err;
}

/* ---------------------------------------------------------------- writing */

/* Words of a table, from where to where. */
struct words {
	unsigned int from, to;
};

/*
 * What to write of a table that gets `words`: of one that is not in VRAM yet also what may be left of the last one
 * there, in the first `size` words. The table's stale words are then what they are after that.
 */
static struct words to_write(struct gpu_table *t, struct words words, unsigned int size)
{
	struct words all = words;

	if (t->fresh && t->stale < t->stale_end) {
		unsigned int end = t->stale_end < size ? t->stale_end : size;

		if (t->stale < all.from)
			all.from = t->stale;
		if (t->stale < size && end > all.to)
			all.to = end;
	}
	if (t->stale == t->stale_end || (t->fresh && t->stale_end <= size)) {
		t->stale = (uint16_t)words.from;
		t->stale_end = (uint16_t)words.to;
	}
	if (words.from < t->stale)
		t->stale = (uint16_t)words.from;
	if (words.to > t->stale_end)
		t->stale_end = (uint16_t)words.to;
	t->fresh = false;
	return all;
}

/* pool->words to words [first, first + n) of a table. */
static int put(struct gpu_space *s, uint32_t number, unsigned int first, unsigned int n)
{
	uint64_t addr = gpu_table_addr(s->pool, number) + first * sizeof(uint64_t);

	s->changed = true;
	s->err = s->ops->write(s->ctx, addr, s->pool->words, n);
	return s->err;
}

/* n PTEs, each `step` more than the one before: to every word, or to every second. */
static void fill_words(uint64_t *words, unsigned int stride, uint64_t pte, uint64_t step,
		       unsigned int n)
{
	unsigned int i = 0;

	if (stride == 1) {
		/* Four at a time: they do not wait for one another. */
		for (; i + 4 <= n; i += 4, pte += 4 * step) {
			words[i] = pte;
			words[i + 1] = pte + step;
			words[i + 2] = pte + 2 * step;
			words[i + 3] = pte + 3 * step;
		}
	}
	for (; i < n; i++, pte += step)
		words[(size_t)i * stride] = pte;
}

/* The next n PTEs of a mapping. */
static void fill(struct change *c, uint64_t *words, unsigned int n)
{
	unsigned int shift = gpu_page_shift(c->page);
	unsigned int stride = gpu_entry_words(gpu_page_level(c->page));
	uint64_t step = gpu_pte_step(c->page);

	while (n) {
		uint64_t left = (c->run->size - c->done) >> shift;
		uint64_t pte = gpu_pte(c->run->aperture, c->run->addr + c->done) | c->attributes;
		unsigned int k = left < n ? (unsigned int)left : n;

		fill_words(words, stride, pte, step, k);
		words += (size_t)k * stride;
		n -= k;
		c->done += (uint64_t)k << shift;
		if (c->done == c->run->size) {
			c->run++;
			c->done = 0;
		}
	}
}

/* What is in use after a change of entries [first, first + n). */
static void account(struct gpu_table *t, const struct change *c, unsigned int first, unsigned int n)
{
	bool more = c->what == MAP || c->what == RESERVE;

	change_set(c->what == MAP || c->what == UNMAP ? t->live : t->sparse, first, n, more);
	t->used = (uint16_t)(more ? t->used + n : t->used - n);
}

/* One table's part of a change; a table that is left empty is not worth a write. */
static int write_leaf(struct gpu_space *s, struct change *c, uint64_t va, uint64_t end)
{
	unsigned int level = gpu_page_level(c->page), stride = gpu_entry_words(level);
	unsigned int first = gpu_entry_index(level, c->page, va);
	unsigned int n = (unsigned int)((end - va) >> gpu_page_shift(c->page)), words;
	uint32_t number = find_leaf(s, c, va);
	struct gpu_table *t = table(s, number);
	struct words all;
	uint64_t *at;

	account(t, c, first, n);
	if (!t->used)
		return 0;
	all = to_write(t, (struct words){first * stride, (first + n) * stride},
		       gpu_table_words(level, c->page));
	at = s->pool->words + (first * stride - all.from);
	words = all.to - all.from;
	if (words > n || c->what != MAP)
		memset(s->pool->words, 0, words * sizeof(uint64_t));
	if (c->what == MAP) {
		fill(c, at, n);
	} else {
		for (unsigned int i = 0; i < n; i++) {
			if (any(t->sparse, first + i, 1))
				at[(size_t)i * stride] = NV_MMU_VER2_VOL;
		}
	}
	return put(s, number, all.from, words);
}

/* What changed in a directory. */
static int write_directory(struct gpu_space *s, uint32_t number)
{
	struct gpu_table *t = table(s, number);
	unsigned int first = t->dirty, end = t->dirty + t->dirty_words;
	struct words all;

	if (!t->dirty_words && !t->fresh)
		return 0;
	all = to_write(t, (struct words){first, end}, gpu_table_words(t->level, GPU_PAGE_4K));
	if (all.to - all.from > t->dirty_words)
		memset(s->pool->words, 0, (all.to - all.from) * sizeof(uint64_t));
	for (unsigned int i = first; i < end; i++) {
		uint32_t child = t->child[i];

		s->pool->words[i - all.from] = child ? gpu_pde(gpu_table_addr(s->pool, child)) : 0;
	}
	t->dirty_words = 0;
	return all.to > all.from ? put(s, number, all.from, all.to - all.from) : 0;
}

static int write_directories(struct gpu_space *s, const struct change *c)
{
	bool more = true;
	int err = 0;

	/* What came or went at one level is what changed in the next. */
	for (unsigned int l = gpu_page_level(c->page) + 1; l < GPU_TABLE_LEVELS && more; l++) {
		more = false;
		for (uint64_t va = c->va; va < c->end && !err; va = gpu_table_end(l, va, c->end)) {
			uint32_t number = find(s, l, c->page, va);

			more |= !number || table(s, number)->fresh;
			err = number ? write_directory(s, number) : 0;
		}
	}
	return err;
}

static int apply(struct gpu_space *s, struct change *c)
{
	unsigned int level = gpu_page_level(c->page);
	int err = check(s, c);

	if (!err && (c->what == MAP || c->what == RESERVE))
		err = make(s, c);
	for (uint64_t va = c->va, next; va < c->end && !err; va = next) {
		next = gpu_table_end(level, va, c->end);
		err = write_leaf(s, c, va, next);
	}
	if (err)
		return err;
	if (c->what == UNMAP || c->what == RELEASE)
		reap(s, c);
	return write_directories(s, c);
}

/* ---------------------------------------------------------------- calls */

int gpu_space_init(struct gpu_space *s, struct gpu_table_pool *pool, uint64_t limit,
		   const struct gpu_mmu_ops *ops, void *ctx)
{
	int err;

	if (!gpu_range_fits(0, limit, GPU_PAGE_4K, 1ull << GPU_VA_BITS))
		return -EINVAL;
	*s = (struct gpu_space){.pool = pool, .ops = ops, .ctx = ctx, .limit = limit};
	s->root = gpu_table_new(pool, s, GPU_TABLE_ROOT);
	if (!s->root)
		return -ENOMEM;
	err = write_directory(s, s->root);
	if (err)
		gpu_space_fini(s);
	return err;
}

void gpu_space_fini(struct gpu_space *s)
{
	for (uint32_t i = 1; i <= s->pool->n; i++) {
		if (table(s, i)->owner == s)
			gpu_table_free(s->pool, i);
	}
	memset(s, 0, sizeof(*s));
}

uint64_t gpu_space_directory(const struct gpu_space *s)
{
	return gpu_table_addr(s->pool, s->root);
}

int gpu_space_commit(struct gpu_space *s)
{
	if (s->err || !s->changed)
		return s->err;
	s->err = s->ops->invalidate(s->ctx, gpu_space_directory(s));
	if (s->err)
		return s->err;
	s->changed = false;
	while (s->dying) {
		uint32_t number = s->dying;

		s->dying = table(s, number)->next;
		gpu_table_free(s->pool, number);
	}
	return 0;
}

/* A change of [va, va + size), if these can be meant. */
static int apply_to(struct gpu_space *s, struct change *c, uint64_t va, uint64_t size)
{
	if (s->err)
		return s->err;
	if ((unsigned int)c->page > GPU_PAGE_2M || !gpu_range_fits(va, size, c->page, s->limit))
		return -EINVAL;
	c->va = va;
	c->end = va + size;
	return apply(s, c);
}

/* The bytes of all runs; 0 if one of them cannot be mapped, or all together are beyond the limit. */
static uint64_t runs_size(const struct gpu_space *s, const struct gpu_map *map)
{
	uint64_t size = 0;

	for (unsigned int i = 0; i < map->n; i++) {
		const struct gpu_run *run = &map->runs[i];

		if (run->aperture != GPU_APERTURE_VRAM &&
		    run->aperture != GPU_APERTURE_SYSMEM_COHERENT &&
		    run->aperture != GPU_APERTURE_SYSMEM_NONCOHERENT)
			return 0;
		if (!gpu_target_fits(run->aperture, run->addr, run->size, map->page) ||
		    run->size > s->limit - size)
			return 0;
		size += run->size;
	}
	return size;
}

int gpu_space_map(struct gpu_space *s, const struct gpu_map *map)
{
	struct change c = {.what = MAP, .page = map->page, .run = map->runs};

	if (s->err)
		return s->err;
	if (map->flags & ~(GPU_MAP_READ_ONLY | GPU_MAP_PRIVILEGED | GPU_MAP_VOLATILE))
		return -EINVAL;
	c.attributes = (uint64_t)map->kind << NV_MMU_VER2_PTE_KIND_SHIFT;
	if (map->flags & GPU_MAP_READ_ONLY)
		c.attributes |= NV_MMU_VER2_PTE_READ_ONLY;
	if (map->flags & GPU_MAP_PRIVILEGED)
		c.attributes |= NV_MMU_VER2_PTE_PRIVILEGE;
	if (map->flags & GPU_MAP_VOLATILE)
		c.attributes |= NV_MMU_VER2_VOL;
	return apply_to(s, &c, map->va, runs_size(s, map));
}

int gpu_space_unmap(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page)
{
	struct change c = {.what = UNMAP, .page = page};

	return apply_to(s, &c, va, size);
}

int gpu_space_reserve(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page)
{
	struct change c = {.what = RESERVE, .page = page};

	return apply_to(s, &c, va, size);
}

int gpu_space_release(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page)
{
	struct change c = {.what = RELEASE, .page = page};

	return apply_to(s, &c, va, size);
}
