/* SPDX-License-Identifier: MIT */
/*
 * Vectors of the GPU's interrupt tree against the model of the tree, by MSI and by MSI-X; vectors are raised
 * through the register that software may raise them with.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/core/gpu.h"
#include "gpu/core/intr.h"
#include "gpu/core/regs_vf.h"
#include "tests/unit/vgpu_bed.h"

#define LEAF_TRIGGER 0xb81640u /* dev_vm.h: raises the vector written */
#define VECTOR	     155u
#define NEIGHBOUR    154u /* of the same leaf */

struct fixture {
	struct bed bed;
	struct gpu_intr intr;
	struct gpu_intr_source source, other;
	struct gpu_intr_vectors seen; /* by the handler of `other` */
	unsigned int calls, other_calls;
	unsigned int raise_again; /* times that the handler raises it itself */
	bool close;
};

static void up(struct fixture *f, const struct model_config *board)
{
	bed_up(&f->bed, board);
	hosted_enter(f->bed.h, f->bed.gpudom);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	up(f, &bed_board);
	*state = f;
	return 0;
}

static int setup_msix(void **state)
{
	struct model_config board = bed_board;
	struct fixture *f = calloc(1, sizeof(*f));

	board.hide_msi = true;
	up(f, &board);
	*state = f;
	return 0;
}

static int setup_none(void **state)
{
	struct model_config board = bed_board;
	struct fixture *f = calloc(1, sizeof(*f));

	board.hide_msi = board.hide_msix = true;
	up(f, &board);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	gpu_intr_close(&f->intr);
	hosted_leave();
	bed_down(&f->bed);
	free(f);
	return 0;
}

static void raise_vector(struct fixture *f, uint32_t vector)
{
	gpu_wr32(f->bed.gpu, LEAF_TRIGGER, vector);
}

static void on_intr(const struct gpu_intr_vectors *raised, void *arg)
{
	struct fixture *f = arg;

	for (unsigned int i = 0; i < NV_VF_CPU_INTR_LEAVES; i++)
		assert_int_equal(raised->leaf[i], i == VECTOR / 32 ? 1u << VECTOR % 32 : 0);
	f->calls++;
	if (f->raise_again) {
		f->raise_again--;
		raise_vector(f, VECTOR);
	}
	if (f->close)
		gpu_intr_close(&f->intr);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void pass(void)
{
	assert_int_equal(hv_loop_until(never, NULL, HV_MS), -ETIMEDOUT);
}

static void opens(struct fixture *f)
{
	assert_int_equal(gpu_intr_open(f->bed.gpu, &f->intr), 0);
	gpu_intr_add(&f->intr, &f->source, on_intr, f);
	gpu_intr_enable(&f->intr, &f->source, VECTOR, true);
}

static void on_other(const struct gpu_intr_vectors *raised, void *arg)
{
	struct fixture *f = arg;

	f->seen = *raised;
	f->other_calls++;
}

/* One more source, of vectors in the same leaf, in its neighbour, and in another subtree. */
static void adds_other(struct fixture *f)
{
	gpu_intr_add(&f->intr, &f->other, on_other, f);
	gpu_intr_enable(&f->intr, &f->other, NEIGHBOUR, true);
	gpu_intr_enable(&f->intr, &f->other, 160, true);
	gpu_intr_enable(&f->intr, &f->other, 3, true);
}

static void a_raised_vector_is_heard(void **state)
{
	struct fixture *f = *state;

	opens(f);
	pass();
	assert_int_equal(f->calls, 0);
	for (unsigned int i = 1; i <= 3; i++) {
		raise_vector(f, VECTOR);
		pass();
		assert_int_equal(f->calls, i);
		assert_int_equal(gpu_rd32(f->bed.gpu, NV_VF_CPU_INTR_LEAF(VECTOR / 32)), 0);
	}
	raise_vector(f, NEIGHBOUR);
	pass();
	assert_int_equal(f->calls, 3);
	/* The neighbour stays pending: it is not ours to clear. */
	assert_int_equal(gpu_rd32(f->bed.gpu, NV_VF_CPU_INTR_LEAF(VECTOR / 32)),
			 1u << NEIGHBOUR % 32);
	raise_vector(f, VECTOR);
	pass();
	assert_int_equal(f->calls, 4);
}

static void raises_before_the_handler_are_one(void **state)
{
	struct fixture *f = *state;

	opens(f);
	for (unsigned int i = 0; i < 5; i++)
		raise_vector(f, VECTOR);
	pass();
	assert_int_equal(f->calls, 1);
}

static void a_raise_in_the_handler_is_not_lost(void **state)
{
	struct fixture *f = *state;

	opens(f);
	f->raise_again = 3;
	raise_vector(f, VECTOR);
	pass();
	assert_int_equal(f->calls, 4);
}

static void closed_nothing_is_heard(void **state)
{
	struct fixture *f = *state;

	opens(f);
	f->close = true;
	raise_vector(f, VECTOR);
	pass();
	assert_int_equal(f->calls, 1);
	raise_vector(f, VECTOR);
	pass();
	assert_int_equal(f->calls, 1);
	/* What was raised meanwhile is heard by the next that opens it. */
	f->close = false;
	opens(f);
	pass();
	assert_int_equal(f->calls, 2);
}

static void what_a_predecessor_enabled_is_off(void **state)
{
	struct fixture *f = *state;

	gpu_wr32(f->bed.gpu, NV_VF_CPU_INTR_LEAF_EN_SET(NEIGHBOUR / 32), UINT32_MAX);
	gpu_wr32(f->bed.gpu, NV_VF_CPU_INTR_LEAF_EN_SET(0), UINT32_MAX);
	gpu_wr32(f->bed.gpu, NV_VF_CPU_INTR_TOP_EN_SET, UINT32_MAX);
	opens(f);
	raise_vector(f, NEIGHBOUR);
	raise_vector(f, 3);
	pass();
	assert_int_equal(f->calls, 0);
}

static void vectors_behind_the_tree_are_none(void **state)
{
	(void)state;
	assert_true(gpu_intr_has(0) && gpu_intr_has(255));
	assert_false(gpu_intr_has(256) || gpu_intr_has(4096) || gpu_intr_has(UINT32_MAX));
}

static void sources_hear_of_their_own(void **state)
{
	struct fixture *f = *state;

	opens(f);
	adds_other(f);
	raise_vector(f, 3);
	raise_vector(f, 160);
	pass();
	assert_int_equal(f->calls, 0);
	assert_int_equal(f->other_calls, 1); /* one message, one call */
	assert_int_equal(f->seen.leaf[0], 1u << 3);
	assert_int_equal(f->seen.leaf[5], 1u << 0);
	assert_int_equal(f->seen.leaf[4], 0);
	raise_vector(f, NEIGHBOUR);
	raise_vector(f, VECTOR);
	pass();
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->other_calls, 2);
	assert_int_equal(f->seen.leaf[4], 1u << NEIGHBOUR % 32);
	gpu_intr_enable(&f->intr, &f->other, 3, false);
	raise_vector(f, 3);
	raise_vector(f, 160);
	pass();
	assert_int_equal(f->other_calls, 3);
	assert_int_equal(f->seen.leaf[0], 0);
}

/* A masked source wakes nobody, and nothing of it is lost; others are heard meanwhile. */
static void masked_it_stays_pending(void **state)
{
	struct fixture *f = *state;
	uint64_t woken;

	opens(f);
	adds_other(f);
	gpu_intr_mask(&f->intr, &f->other, true);
	woken = hv_upcalls();
	raise_vector(f, 3);
	raise_vector(f, NEIGHBOUR);
	pass();
	assert_int_equal(f->other_calls, 0);
	assert_true(hv_upcalls() - woken <= 1); /* of pass() itself */
	raise_vector(f, VECTOR);
	pass();
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->other_calls, 0);
	gpu_intr_enable(&f->intr, &f->other, 100, true); /* while it is masked */
	raise_vector(f, 100);
	pass();
	assert_int_equal(f->other_calls, 0);
	gpu_intr_mask(&f->intr, &f->other, false);
	pass();
	assert_int_equal(f->other_calls, 1);
	assert_int_equal(f->seen.leaf[0], 1u << 3);
	assert_int_equal(f->seen.leaf[3], 1u << 4);
	assert_int_equal(f->seen.leaf[4], 1u << NEIGHBOUR % 32);
	assert_int_equal(f->calls, 1);
}

static void no_kind_of_interrupt_is_told(void **state)
{
	struct fixture *f = *state;

	assert_true(gpu_intr_open(f->bed.gpu, &f->intr) < 0);
	assert_null(f->intr.gpu);
}

int main(void)
{
#define T(fn, up) cmocka_unit_test_setup_teardown(fn, up, teardown)
	const struct CMUnitTest tests[] = {
		T(a_raised_vector_is_heard, setup),
		T(a_raised_vector_is_heard, setup_msix),
		T(raises_before_the_handler_are_one, setup),
		T(a_raise_in_the_handler_is_not_lost, setup),
		T(a_raise_in_the_handler_is_not_lost, setup_msix),
		T(closed_nothing_is_heard, setup),
		T(what_a_predecessor_enabled_is_off, setup),
		T(vectors_behind_the_tree_are_none, setup),
		T(sources_hear_of_their_own, setup),
		T(sources_hear_of_their_own, setup_msix),
		T(masked_it_stays_pending, setup),
		T(no_kind_of_interrupt_is_told, setup_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
