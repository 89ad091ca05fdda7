/* SPDX-License-Identifier: MIT */
/*
 * Channels, with running firmware: they copy, of two tenants side by side; what one of them does wrong is told to
 * its owner and hurts nobody else; whatever they do, they end, and nothing of them is left.
 */
#include <errno.h>

#include "fwq/view.h"
#include "tests/unit/channel_bed.h"

/* Bytes of which neighbours, and those 256 apart, differ. */
static void pattern(uint8_t *p, uint32_t n, uint8_t seed)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed + i * 7 + (i >> 8));
}

static uint8_t *data(const struct bed_tenant *t)
{
	return (uint8_t *)t->system.va + SYSTEM_DATA;
}

/* From system memory to video memory, on there, and back: with a fill at the end of it. */
static void round_trip(struct bed_channel *c, uint8_t seed)
{
	struct bed_tenant *t = c->owner;
	struct push p = bed_push(c);
	uint8_t expected[0x3000], seen[0x3000];
	uint64_t out = SYSTEM_VA + SYSTEM_DATA + 0x4000;

	pattern(expected, sizeof(expected), seed);
	memcpy(data(t), expected, sizeof(expected));
	memset(data(t) + 0x4000, 0, sizeof(expected) + 8);
	push_set_object(&p, PUSH_COPY_SUBCHANNEL, NVC7B5);
	push_copy(&p, SYSTEM_VA + SYSTEM_DATA, DATA_VA + 0x1000, 0x1000, 0x1000, 3);
	push_wfi(&p);
	push_copy(&p, DATA_VA + 0x1000, DATA_VA + 0x8000, 0x1000, 0x1000, 3);
	push_wfi(&p);
	push_copy(&p, DATA_VA + 0x8000, out, 0x1000, 0x1000, 3);
	push_fill(&p, out + 0x3000, 0x600df111, 1);
	push_release(&p, SYSTEM_VA + SEM_AT(c->i), seed);
	bed_run(c, &p);
	assert_int_equal(bed_sem(c), seed);
	assert_memory_equal(data(t) + 0x4000, expected, sizeof(expected));
	assert_int_equal(*(uint32_t *)(void *)(data(t) + 0x7000), 0x600df111);
	assert_int_equal(data(t)[0x7004], 0);
	assert_int_equal(
		gpu_vram_read(t->bed->boot->gpu, t->data.base + 0x8000, seen, sizeof(seen)), 0);
	assert_memory_equal(seen, expected, sizeof(expected));
	assert_int_equal(*bed_userd(c, PUSH_USERD_GP_GET), c->put);
}

static void they_copy(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct channel_bed bed = channel_bed_up(bed_versions[v]);
		struct bed_tenant *a = bed_tenant_up(&bed, 0), *b = bed_tenant_up(&bed, 1);
		struct bed_channel *ca = bed_channel_up(a, 0), *cb = bed_channel_up(b, 0);

		for (uint8_t n = 0; n < 20; n++) {
			round_trip(ca, (uint8_t)(1 + n));
			round_trip(cb, (uint8_t)(101 + n));
		}
		assert_int_equal(bed_channel_end(ca), 0);
		assert_true(ca->master);
		round_trip(cb, 99);
		assert_int_equal(bed_channel_end(cb), 0);
		assert_int_equal(ca->faults + cb->faults, 0);
		assert_int_equal(bed_tenant_end(a), 0);
		assert_int_equal(bed_tenant_end(b), 0);
		channel_bed_down(&bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
