/* SPDX-License-Identifier: MIT */
/*
 * What the stand-in for GSP-RM makes of address spaces, channels, the buffers and objects of engines,
 * and the display.
 */
#include "graphics_context.h"
#include "model_talk.h"

#include "tests/model/host.h"

#define DUPLICATE    0x19u
#define BAD_ARGUMENT 0x1fu
#define BAD_CLASS    0x22u
#define BAD_PARENT   0x36u
#define BAD_STRUCT   0x3au
#define NO_FIFO	     0x4fu
#define UNSUPPORTED  0x56u
#define NOT_FOUND    0x57u
#define IN_USE	     0x63u

#define SPACE	0x90f10000u
#define CHANNEL 0xf1f00000u

/* Places in VRAM. */
#define BLOCK	0x100000u
#define USERD	0x110000u
#define METHODS 0x120000u

static void desc(uint8_t *p, uint64_t base, uint64_t size, uint32_t space)
{
	memcpy(p, &base, 8);
	memcpy(p + 8, &size, 8);
	set32(p + 16, space);
}

/* NV_CHANNEL_ALLOC_PARAMS of a channel on an engine, with its id in USERD's page and index. */
static void channel_params(uint8_t *p, uint32_t engine_type, uint32_t chid)
{
	uint64_t gpfifo = 0x1234500000;

	memset(p, 0, 512);
	memcpy(p + 8, &gpfifo, 8);
	set32(p + 16, 512);
	set32(p + 20, chid % 8 << 8 | chid / 8 << 12 | 1u << 21);
	set32(p + 28, SPACE);
	set32(p + 128, engine_type);
	desc(p + 144, BLOCK, 0x1000, 2);
	desc(p + 168, USERD + chid % 8 * 0x200, 0x200, 2);
	desc(p + 192, BLOCK, 0x200, 2);
	desc(p + 216, METHODS, 0x5000, 2);
}

static struct talk space_up(struct machine *mc)
{
	struct talk t = talk_boot(mc);
	uint8_t params[48] = {0};

	rm_client(&t);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, SPACE, 0x90f1, params, sizeof(params)), 0);
	return t;
}

static uint32_t channel_new(struct talk *t, uint32_t handle, uint32_t engine_type, uint32_t chid)
{
	uint8_t p[512];

	channel_params(p, engine_type, chid);
	return rm_alloc(t, CLIENT, DEVICE, handle, 0xc56f, p, 360);
}

static void test_channel(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	uint8_t schedule[2] = {1}, bind[4] = {9};
	const uint8_t *ramfc = (const uint8_t *)model_vram_ptr(mc->gpu) + BLOCK;
	struct model_channel *ch;

	assert_int_equal(channel_new(&t, CHANNEL, 1, 19), 0);
	/* RM has described it for Host. */
	assert_int_equal(le32(ramfc + 0x008), USERD + 3 * 0x200);
	assert_int_equal(le32(ramfc + 0x010), 0xface);
	assert_int_equal(le32(ramfc + 0x048), 0x34500000);
	assert_int_equal(le32(ramfc + 0x04c), 9 << 16 | 0x12);
	assert_int_equal(le32(ramfc + 0x0e8), 19);
	ch = model_channel_find(mc->gpu, 0, 19);
	assert_non_null(ch);
	assert_false(ch->scheduled);
	assert_int_equal(rm_control(&t, CLIENT, CHANNEL, 0xa06f0104, bind, 4), 0);
	assert_int_equal(ch->engine, 1);
	assert_int_equal(rm_control(&t, CLIENT, CHANNEL, 0xa06f0103, schedule, 2), 0);
	assert_true(ch->scheduled);
	schedule[0] = 0;
	assert_int_equal(rm_control(&t, CLIENT, CHANNEL, 0xa06f0103, schedule, 2), 0);
	assert_false(ch->scheduled);
	/* An engine of another runlist. */
	set32(bind, 0x0b);
	assert_int_equal(rm_control(&t, CLIENT, CHANNEL, 0xa06f0104, bind, 4), BAD_ARGUMENT);

	/* An id is taken within a runlist only; without one RM chooses. */
	assert_int_equal(channel_new(&t, CHANNEL + 1, 9, 19), NO_FIFO);
	assert_int_equal(channel_new(&t, CHANNEL + 1, 0x0b, 19), 0);
	assert_int_equal(rm_free(&t, CLIENT, CHANNEL), 0);
	assert_null(model_channel_find(mc->gpu, 0, 19));
	assert_non_null(model_channel_find(mc->gpu, 1, 19));
	assert_int_equal(channel_new(&t, CHANNEL, 1, 19), 0);
	/* With the client everything goes. */
	assert_int_equal(rm_free(&t, CLIENT, CLIENT), 0);
	assert_null(model_channel_find(mc->gpu, 0, 19));
	assert_null(model_channel_find(mc->gpu, 1, 19));
}

/* FIFO_DISABLE_CHANNELS: all of the list, or none. */
static void test_stop(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	struct model_channel *a, *b;
	uint8_t p[536] = {1};

	assert_int_equal(channel_new(&t, CHANNEL, 1, 3), 0);
	assert_int_equal(channel_new(&t, CHANNEL + 1, 0x0b, 4), 0);
	a = model_channel_find(mc->gpu, 0, 3);
	b = model_channel_find(mc->gpu, 1, 4);
	set32(p + 4, 2);
	set32(p + 24, CLIENT);
	set32(p + 28, CLIENT);
	set32(p + 280, CHANNEL);
	set32(p + 284, CHANNEL + 2);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x2080110b, p, sizeof(p)), 0x21);
	assert_false(a->stopped);
	set32(p + 284, CHANNEL + 1);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x2080110b, p, sizeof(p)), 0);
	assert_true(a->stopped && b->stopped);
	p[0] = 0;
	set32(p + 4, 1);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x2080110b, p, sizeof(p)), 0);
	assert_true(!a->stopped && b->stopped);
	set32(p + 4, 65);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x2080110b, p, sizeof(p)), BAD_ARGUMENT);
	set32(p + 4, 0);
	p[9] = 1; /* bRewindGpPut */
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x2080110b, p, sizeof(p)), UNSUPPORTED);
	assert_int_equal(rm_free(&t, CLIENT, CHANNEL), 0);
	assert_int_equal(rm_free(&t, CLIENT, CHANNEL + 1), 0);
}

static void test_chid_by_rm(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	uint8_t p[512];

	for (uint32_t i = 0; i < 3; i++) {
		channel_params(p, 1, 0);
		set32(p + 20, 0);
		assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL + i, 0xc56f, p, 360), 0);
		assert_non_null(model_channel_find(mc->gpu, 0, i));
	}
	assert_null(model_channel_find(mc->gpu, 0, 3));
}

static void test_channel_refused(void **state)
{
	/* A word of good parameters, what it becomes, and what RM says. */
	static const struct {
		uint32_t at, value, status;
	} bad[] = {
		{28, DEVICE, NOT_FOUND},    {28, 0, NOT_FOUND},		{128, 0x7f, BAD_ARGUMENT},
		{16, 0, BAD_ARGUMENT},	    {16, 3, BAD_ARGUMENT},	{8, 4, BAD_ARGUMENT},
		{12, 0x100, BAD_ARGUMENT},  {144, 0x800, BAD_ARGUMENT}, {148, 1, BAD_ARGUMENT},
		{152, 0x800, BAD_ARGUMENT}, {160, 0, BAD_ARGUMENT},	{168, 0x100, BAD_ARGUMENT},
		{192, 0x10, BAD_ARGUMENT},  {220, 0x100, BAD_ARGUMENT}, {224, 0x4000, BAD_ARGUMENT},
	};
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	uint8_t p[512];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		channel_params(p, 1, 1);
		set32(p + bad[i].at, bad[i].value);
		assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, 360),
				 bad[i].status);
	}
	channel_params(p, 1, 1);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, 368), BAD_STRUCT);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, 0), BAD_STRUCT);
	assert_int_equal(rm_alloc(&t, CLIENT, CLIENT, CHANNEL, 0xc56f, p, 360), BAD_PARENT);
	/* In system memory that the platform refuses. */
	desc(p + 192, MEM_BASE + MEM_SIZE, 0x200, 1);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, 360), 0x1e);
	assert_null(model_channel_find(mc->gpu, 0, 1));
	desc(p + 192, MEM_BASE, 0x200, 1);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, 360), 0);
	assert_int_equal(le32(mc->mem + 0x10), 0xface);
}

static void test_channels_run_out(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	uint32_t n = 0;

	while (channel_new(&t, CHANNEL + n, 1, n) == 0)
		n++;
	assert_int_equal(n, MODEL_CHANNELS);
	assert_int_equal(channel_new(&t, CHANNEL + n, 1, n), NO_FIFO);
}

/* The later releases' parameters are longer. */
static void test_later_release(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot_release(mc, "570.144", 928);
	uint8_t space[48] = {0}, p[512], falcons[1284];

	rm_client(&t);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, SPACE, 0x90f1, space, sizeof(space)), 0);
	channel_params(p, 1, 0);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, 360), BAD_STRUCT);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, CHANNEL, 0xc56f, p, 368), 0);
	/* A control that moved. */
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800a42, falcons, 1284), UNSUPPORTED);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x208001b0, falcons, 1284), 0);
	assert_int_equal(le32(falcons), 5);
}

static void test_objects(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	uint8_t params[16] = {0}, promote[PROMOTE_PARAMS];

	assert_int_equal(channel_new(&t, CHANNEL, 1, 0), 0);
	assert_int_equal(channel_new(&t, CHANNEL + 1, 0x0b, 0), 0);
	assert_int_equal(channel_new(&t, CHANNEL + 2, 0x13, 0), 0);
	context_params(model_vram_ptr(mc->gpu), 0, CHANNEL, promote);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, PROMOTE_CTX, promote, sizeof(promote)),
			 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL, 1, 0xc797, NULL, 0), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL, 2, 0xc7c0, params, 16), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL, 3, 0xc7b5, params, 8), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL + 1, 4, 0xc7b5, params, 8), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL + 2, 5, 0xc7b0, params, 12), 0);
	/* A class that no engine of the runlist executes; a parent that is no channel. */
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL + 1, 6, 0xc797, NULL, 0), BAD_CLASS);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL + 2, 6, 0xc7b5, NULL, 0), BAD_CLASS);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL, 6, 0xc7fa, NULL, 0), BAD_CLASS);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL, 6, 0xc7b7, NULL, 0), BAD_CLASS);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 6, 0xc797, NULL, 0), BAD_PARENT);
	assert_int_equal(rm_alloc(&t, CLIENT, CHANNEL, 6, 0xc797, params, 8), BAD_STRUCT);
	assert_int_equal(rm_free(&t, CLIENT, CHANNEL), 0);
	assert_int_equal(rm_free(&t, CLIENT, 1), NOT_FOUND);
	assert_int_equal(rm_free(&t, CLIENT, 4), 0);
}

static void test_buffers(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	static uint8_t info[1600], falcons[1284];
	uint8_t size[4];

	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20802a08, size, 4), 0);
	assert_int_equal(le32(size), 0x5000);
	memset(info, 0xff, sizeof(info));
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800a32, info, sizeof(info)), 0);
	assert_int_not_equal(le32(info), 0);
	assert_int_equal(le32(info + 4), 0x1000);
	assert_int_equal(le32(info + 8), 0);   /* VLD: there is none */
	assert_int_equal(le32(info + 200), 0); /* of a second graphics engine */
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800a42, falcons, 1284), 0);
	assert_int_equal(le32(falcons), 5); /* two NVDEC, NVENC, OFA, SEC2 */
	assert_int_equal(le32(falcons + 4), 0x8f99e100);
	assert_int_not_equal(le32(falcons + 12), 0);
}

static void test_reserved_pdes(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	uint8_t p[184] = {0};

	set32(p + 8, 0x20000000); /* page size */
	set32(p + 16, 0x20000000);
	set32(p + 24, 0x3fffffff);
	set32(p + 32, 2);
	set32(p + 40, 0x1000);
	set32(p + 48, 0x20);
	set32(p + 56, 1);
	set32(p + 64, 0x2000);
	set32(p + 72, 0x1000);
	set32(p + 80, 1);
	assert_int_equal(rm_control(&t, CLIENT, SPACE, 0x90f10106, p, sizeof(p)), 0);
	set32(p + 24, 0x3ffffffe);
	assert_int_equal(rm_control(&t, CLIENT, SPACE, 0x90f10106, p, sizeof(p)), BAD_ARGUMENT);
	set32(p + 24, 0x3fffffff);
	set32(p + 68, 1);
	assert_int_equal(rm_control(&t, CLIENT, SPACE, 0x90f10106, p, sizeof(p)), BAD_ARGUMENT);
	set32(p + 68, 0);
	set32(p + 32, 7);
	assert_int_equal(rm_control(&t, CLIENT, SPACE, 0x90f10106, p, sizeof(p)), BAD_ARGUMENT);
	set32(p + 32, 0);
	assert_int_equal(rm_control(&t, CLIENT, SPACE, 0x90f10106, p, sizeof(p)), BAD_ARGUMENT);
	set32(p + 32, 2);
	assert_int_equal(rm_control(&t, CLIENT, DEVICE, 0x90f10106, p, sizeof(p)), UNSUPPORTED);
	/* RM requires parameters of an address space. */
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, SPACE + 1, 0x90f1, NULL, 0), BAD_STRUCT);
}

static void test_display(void **state)
{
	struct machine *mc = *state;
	struct talk t = space_up(mc);
	uint8_t heads[12], mask[8], info[28], inst[24] = {0}, event[24] = {0}, notify[20] = {0};

	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 0x730000, 0x73, NULL, 0), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 0x730001, 0x73, NULL, 0), IN_USE);
	assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 0xc6700000, 0xc670, NULL, 0), 0);
	memset(heads, 0xff, sizeof(heads));
	assert_int_equal(rm_control(&t, CLIENT, 0x730000, 0x730102, heads, 12), 0);
	assert_int_equal(le32(heads + 8), 0);
	memset(heads, 0xff, sizeof(heads));
	assert_int_equal(rm_control(&t, CLIENT, 0x730000, 0x730120, heads, 12), 0);
	assert_int_equal(le32(heads + 4), 0);
	memset(mask, 0xff, sizeof(mask));
	assert_int_equal(rm_control(&t, CLIENT, 0x730000, 0x730287, mask, 8), 0);
	assert_int_equal(le32(mask + 4), 0);
	memset(info, 0xff, sizeof(info));
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800a01, info, sizeof(info)), 0);
	assert_int_equal(le32(info + 4), 0); /* windowPresentMask */
	/* Instance memory must be somewhere. */
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800a49, inst, 24), BAD_ARGUMENT);
	set32(inst, 0x10000);
	set32(inst + 8, 0x10000);
	set32(inst + 16, 2);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800a49, inst, 24), 0);
	set32(inst + 4, 0x10);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800a49, inst, 24), BAD_ARGUMENT);
	/* Events can be asked for, below anything. */
	assert_int_equal(rm_alloc(&t, CLIENT, SUBDEVICE, 0x7e0000, 0x7e, event, 24), 0);
	assert_int_equal(rm_alloc(&t, CLIENT, 0x730000, 0x7e0001, 0x7e, event, 24), 0);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800301, notify, 20), 0);
}

/* Seven GPCs with six TPCs each, and what RM says of zcull. */
static void test_units(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint8_t p[40] = {0};

	rm_client(&t);
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800137, p, 4), 0);
	assert_int_equal(le32(p), 0x7f);
	for (uint32_t gpc = 0; gpc < 34; gpc++) {
		set32(p, gpc);
		set32(p + 4, 0);
		assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800138, p, 8),
				 gpc < 7 ? 0 : BAD_ARGUMENT);
		assert_int_equal(le32(p), gpc);
		assert_int_equal(le32(p + 4), gpc < 7 ? 0x3f : 0);
	}
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20801206, p, sizeof(p)), 0);
	for (size_t i = 0; i < sizeof(p); i += 4)
		assert_int_not_equal(le32(p + i), 0);
}

/* Controls that were renumbered: a release has its own number and not the other's. */
static void test_renumbered(void **state)
{
	static const struct {
		const char *release;
		uint32_t system_info, supported, other;
	} releases[] = {
		{"535.113.01", 664, 0x730120, 0x730107},
		{"550.163.01", 880, 0x730120, 0x730107},
		{"570.144", 928, 0x730107, 0x730120},
	};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		struct talk t = talk_boot_release(mc, releases[i].release, releases[i].system_info);
		uint8_t p[12] = {0, 0, 0, 0, 1, 1, 1, 1};

		rm_client(&t);
		assert_int_equal(rm_alloc(&t, CLIENT, DEVICE, 0x730000, 0x73, NULL, 0), 0);
		assert_int_equal(rm_control(&t, CLIENT, 0x730000, releases[i].supported, p, 12), 0);
		assert_int_equal(le32(p + 4), 0);
		assert_int_equal(rm_control(&t, CLIENT, 0x730000, releases[i].other, p, 12),
				 UNSUPPORTED);
		assert_true(fwsec(mc, 0x19, 0));
		assert_int_equal(booter_unload(mc), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_channel),	 boot_test(test_stop),
		boot_test(test_channel),	 boot_test(test_chid_by_rm),
		boot_test(test_channel_refused), boot_test(test_channels_run_out),
		boot_test(test_later_release),	 boot_test(test_objects),
		boot_test(test_buffers),	 boot_test(test_reserved_pdes),
		boot_test(test_display),	 boot_test(test_units),
		boot_test(test_renumbered),
	};

	return cmocka_run_group_tests_name("model: channels", tests, NULL, NULL);
}
