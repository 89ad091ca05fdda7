/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest's submissions (tests/xen/attacks.c) end with the error that they deserve, while its neighbour's
 * bytes stay what they are and go on moving.
 */
#include "tests/unit/submit_bed.h"

#include "tests/xen/attacks.h"
#include "tests/xen/pattern.h"

/* The neighbour moves a piece there and back; what it had put before is still there. */
static void neighbour(const struct attack *attack, void *arg)
{
	struct fixture *f = arg;
	struct user *u = enter(f, 1);
	uint64_t at = (uint64_t)(attack - attacks) % (OBJECT / MOVER_PIECE) * MOVER_PIECE;

	for (int i = 0; i < 2; i++) {
		if (i) {
			pattern_fill(u->mover.piece, 1, u->g.dom, at, MOVER_PIECE);
			assert_int_equal(mover_put(&u->mover, at), 0);
		}
		memset(u->mover.piece, 0, MOVER_PIECE);
		assert_int_equal(mover_get(&u->mover, at), 0);
		assert_int_equal(pattern_check(u->mover.piece, 1, u->g.dom, at, MOVER_PIECE),
				 MOVER_PIECE);
	}
	assert_false(u->mover.dma.stopped);
	leave(f);
}

static void attacks_end_as_they_should(void **state)
{
	struct fixture *f = *state;
	struct user *u = enter(f, 1);

	assert_int_equal(mover_open(&u->mover, u->front, OBJECT, true), 0);
	for (uint64_t at = 0; at < OBJECT; at += MOVER_PIECE) {
		pattern_fill(u->mover.piece, 1, u->g.dom, at, MOVER_PIECE);
		assert_int_equal(mover_put(&u->mover, at), 0);
	}
	leave(f);
	for (unsigned int i = 0; i < attacks_nr; i++) {
		char why[96];

		print_message("%s\n", attacks[i].name);
		u = enter(f, 0);
		if (attack_run(&attacks[i], u->front, neighbour, f, why, sizeof(why)))
			fail_msg("%s: %s", attacks[i].name, why);
		leave(f);
		neighbour(&attacks[i], f);
		assert_int_equal(hosted_iommu_refused(f->bed.h), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attacks_end_as_they_should, submit_setup,
						submit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
