/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest's submissions (tests/xen/attacks.c) end with the error that they deserve, while its neighbour's
 * bytes stay what they are and go on moving.
 */
#include "tests/unit/submit_bed.h"

#include "gpu/vgpu/device.h"
#include "guest-frontend/bare/raw.h"
#include "tests/xen/attacks.h"
#include "tests/xen/pattern.h"

/* Where the device finds a channel's USERD. */
static uint64_t userd_address(hv_domid_t dom, uint32_t channel)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		const struct vgpu_device *dev = gpudom.back->devices[i];

		if (dev && dev->front == dom)
			return dev->userd[channel / VGPU_USERD_PER_PAGE]->mem.addr +
			       (uint64_t)(channel % VGPU_USERD_PER_PAGE) * XENVGPU_USERD_SIZE;
	}
	fail_msg("dom%u has no slice", dom);
	return 0;
}

static hv_domid_t attacker_dom;

static uint64_t own_userd(struct front_dev *dev, uint32_t channel)
{
	(void)dev;
	return userd_address(attacker_dom, channel);
}

/* The neighbour's, while it rests. */
static void look_at_userd(struct fixture *f, uint8_t *userd)
{
	struct user *u = enter(f, 1);

	memcpy(userd, front_raw_userd(u->front, u->mover.dma.channel), XENVGPU_USERD_SIZE);
	leave(f);
}

static uint8_t userd_before[XENVGPU_USERD_SIZE];

static void userd_is_unchanged(struct fixture *f)
{
	uint8_t now[XENVGPU_USERD_SIZE];

	look_at_userd(f, now);
	assert_memory_equal(now, userd_before, sizeof(now));
}

/* The neighbour moves a piece there and back; what it had put before is still there. */
static void neighbour(const struct attack *attack, void *arg)
{
	struct fixture *f = arg;
	struct user *u;
	uint64_t at = (uint64_t)(attack - attacks) % (OBJECT / MOVER_PIECE) * MOVER_PIECE;

	userd_is_unchanged(f);
	u = enter(f, 1);
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
	look_at_userd(f, userd_before);
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
	look_at_userd(f, userd_before);
	forged_known =
		(struct forged_known){own_userd, userd_address(u->g.dom, u->mover.dma.channel)};
	attacker_dom = enter(f, 0)->g.dom;
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
