/* SPDX-License-Identifier: MIT */
/*
 * The intervals of an address space, against a plain array that says for each page what has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gpu/vgpu/spans.h"
#include "tests/unit/rnd.h"

#define PAGES 64u
#define BASE  0x7f0000000000ull

struct plain {
	uint16_t object[PAGES]; /* 0: free */
	uint8_t shift[PAGES];
};

static bool free_of(const struct plain *p, unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++) {
		if (p->object[i])
			return false;
	}
	return true;
}

static bool covered(const struct plain *p, unsigned int first, unsigned int n, uint8_t shift)
{
	for (unsigned int i = first; i < first + n; i++) {
		if (!p->object[i] || p->shift[i] != shift)
			return false;
	}
	return true;
}

static void cut(const struct vgpu_span *piece, void *arg)
{
	struct plain *p = arg;
	unsigned int first = (unsigned int)((piece->va - BASE) >> 12);

	for (unsigned int i = first; i < first + (piece->size >> 12); i++) {
		assert_int_equal(p->object[i], piece->object);
		assert_int_equal(p->shift[i], piece->page_shift);
		p->object[i] = 0;
	}
}

/* Sorted, apart, alike neighbours merged, and page for page what the array says. */
static void compare(const struct vgpu_spans *spans, const struct plain *p)
{
	unsigned int at = 0, runs = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		runs += p->object[i] &&
			(!i || p->object[i - 1] != p->object[i] || p->shift[i - 1] != p->shift[i]);
	}
	assert_int_equal(spans->n, runs);
	for (unsigned int s = 0; s < spans->n; s++) {
		const struct vgpu_span *span = &spans->span[s];
		unsigned int first = (unsigned int)((span->va - BASE) >> 12);

		assert_true(first >= at);
		for (at = first; at < first + (span->size >> 12); at++) {
			assert_int_equal(p->object[at], span->object);
			assert_int_equal(p->shift[at], span->page_shift);
		}
	}
}

static void any_order_of_changes(void **state)
{
	struct vgpu_spans spans = {0};
	struct plain p;

	(void)state;
	memset(&p, 0, sizeof(p));
	rng = 0x5eed;
	for (unsigned int step = 0; step < 200000; step++) {
		unsigned int first = rnd() % PAGES;
		/* Short ones more often, or there would be few at a time. */
		unsigned int most = rnd() % 3 && PAGES - first > 4 ? 4 : PAGES - first;
		unsigned int n = 1 + rnd() % most;
		uint64_t va = BASE + (uint64_t)first * 4096, size = (uint64_t)n * 4096;
		struct vgpu_span span = {.va = va,
					 .size = size,
					 .object = (uint16_t)(1 + rnd() % 3),
					 .page_shift = rnd() % 2 ? 12 : 16};
		bool is_free = free_of(&p, first, n);

		assert_int_equal(vgpu_spans_overlap(&spans, va, size), !is_free);
		assert_int_equal(vgpu_spans_cover(&spans, va, size, span.page_shift),
				 covered(&p, first, n, span.page_shift));
		assert_int_equal(vgpu_spans_room(&spans), 0);
		if (is_free) {
			vgpu_spans_add(&spans, &span);
			for (unsigned int i = first; i < first + n; i++) {
				p.object[i] = span.object;
				p.shift[i] = span.page_shift;
			}
		} else {
			vgpu_spans_cut(&spans, va, size, cut, &p);
			assert_true(free_of(&p, first, n));
		}
		compare(&spans, &p);
	}
	vgpu_spans_cut(&spans, 0, UINT64_MAX, cut, &p);
	assert_true(free_of(&p, 0, PAGES));
	assert_int_equal(spans.n, 0);
	vgpu_spans_fini(&spans);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_of_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
