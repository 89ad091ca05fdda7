/* SPDX-License-Identifier: MIT */
/*
 * Guests that make, bind, ring, destroy, leave, come back and die at random, against everything that is real below
 * them: the back driver, the GPU core, firmware of our own making and the GPU model, in a whole gpudom. At the
 * end everything is as it was: pages, maps, grants, ports, VRAM, and RM's objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/gpudom.c" /* NOLINT(bugprone-suspicious-include): its start function is static */
#include "tests/model/gsp.h"
#include "tests/unit/boot_bed.h"
#include "tests/unit/rnd.h"
#include "tests/unit/vgpu_calls.h"

#define GUESTS	 6u
#define SPACES	 3u
#define CHANNELS 5u
#define OBJECTS	 5u
#define STEPS	 4000u
#define VRAM	 (8 * MIB)
#define VA	 0x10000000ull

/* What a guest believes that it has. */
struct user {
	struct guest g;
	bool there;
	uint32_t space[SPACES], object[OBJECTS], channel[CHANNELS];
	bool ringable[CHANNELS];
};

struct soak {
	struct bed bed;
	uint8_t *archive;
	struct user user[GUESTS];
	struct hosted_usage idle;
	uint64_t idle_vram;
	uint32_t objects; /* of RM's */
	unsigned int good, refused, deaths;
};

/* ---------------------------------------------------------------- the machine */

static uint64_t vram_free(struct soak *s)
{
	char path[64];

	hosted_advance(s->bed.h, 2 * HV_S); /* it publishes twice a second */
	snprintf(path, sizeof(path), "/local/domain/%u/data/xvgpu", s->bed.gpudom);
	return bed_stat(hosted_xs_str(s->bed.h, path), "vram-free");
}

static uint32_t rm_objects(struct soak *s)
{
	return s->bed.model->gsp_rm->rm.nr_objects;
}

static int setup(void **state)
{
	const struct model_config board = {.chip = boot_boards[0].chip,
					   .vram_bytes = 1024 * MIB,
					   .no_ecc = true,
					   .allow_unsigned = true};
	struct hosted_domain_config config = {
		.name = "gpudom", .start = gpudom_start, .pages = 8192, .module_size = FW_SIZE};
	struct soak *s = calloc(1, sizeof(*s));

	s->bed.h = hosted_new();
	s->bed.slot = hosted_pci_model(s->bed.h, &board, &s->bed.model);
	s->archive = aligned_alloc(HV_PAGE_SIZE, (FW_SIZE + HV_PAGE_SIZE - 1) & ~4095ul);
	memset(s->archive, 0, FW_SIZE);
	fw_archive(s->archive, &boot_boards[0], "535.113.01");
	config.module = s->archive;
	s->bed.gpudom = (hv_domid_t)hosted_domain_new(s->bed.h, &config);
	assert_int_equal(hosted_pci_assign(s->bed.slot, s->bed.gpudom), 0);
	hosted_advance(s->bed.h, 30 * HV_S);
	assert_int_equal(hosted_log_count(s->bed.h, s->bed.gpudom, "serving backend/vgpu"), 1);
	hosted_usage(s->bed.h, s->bed.gpudom, &s->idle);
	s->idle_vram = vram_free(s);
	s->objects = rm_objects(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct soak *s = *state;

	hosted_domain_destroy(s->bed.h, s->bed.gpudom);
	memset(&gpudom, 0, sizeof(gpudom));
	hosted_free(s->bed.h);
	free(s->archive);
	free(s);
	return 0;
}

/* ---------------------------------------------------------------- guests */

/* One request; the firmware may take its time. */
static int call(struct soak *s, struct guest *g, struct xenvgpu_request *req,
		struct xenvgpu_response *rsp)
{
	req->id = g->id++;
	guest_put(g, req);
	guest_push(g);
	for (unsigned int i = 0; i < 1000; i++) {
		bed_run(&s->bed);
		if (guest_get(g, rsp)) {
			assert_int_equal(rsp->id, req->id);
			s->good += !rsp->status;
			s->refused += rsp->status != 0;
			return rsp->status;
		}
		hosted_advance(s->bed.h, HV_MS);
	}
	fail_msg("operation %#x was not answered", req->operation);
	return 0;
}

static void wait_for(struct soak *s, struct guest *g, enum xenbus_state state)
{
	for (unsigned int i = 0; i < 1000 && back_state(g) != state; i++)
		hosted_advance(s->bed.h, 10 * HV_MS);
	assert_int_equal(back_state(g), state);
}

static void join(struct soak *s, struct user *u)
{
	if (!u->g.bed)
		guest_new(&s->bed, &u->g);
	guest_plug(&u->g, VRAM);
	wait_for(s, &u->g, XenbusStateInitWait);
	guest_new_port(&u->g);
	guest_connect(&u->g);
	u->there = true;
}

static void forget(struct user *u)
{
	memset(u->space, 0, sizeof(u->space));
	memset(u->object, 0, sizeof(u->object));
	memset(u->ringable, 0, sizeof(u->ringable));
	u->there = false;
}

/* In good order, by being unplugged, or by death; perhaps with a request under way. */
static void part(struct soak *s, struct user *u)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_SPACE_CREATE);

	if (rnd() % 2) {
		guest_put(&u->g, &req);
		guest_push(&u->g);
		hosted_run(s->bed.h, rnd() % 4);
	}
	switch (rnd() % 3) {
	case 0:
		guest_state(&u->g, XenbusStateClosing);
		guest_state(&u->g, XenbusStateClosed);
		wait_for(s, &u->g, XenbusStateClosed);
		guest_unplug(&u->g);
		break;
	case 1:
		guest_unplug(&u->g);
		break;
	default:
		hosted_domain_destroy(s->bed.h, u->g.dom);
		guest_unplug(&u->g);
		memset(&u->g, 0, sizeof(u->g));
		s->deaths++;
		break;
	}
	forget(u);
}

/* ---------------------------------------------------------------- what they do */

static void memory(struct soak *s, struct user *u)
{
	uint32_t *object = &u->object[rnd() % OBJECTS];
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_FREE);
	struct xenvgpu_response rsp;
	int ret;

	if (*object) {
		req.op.mem_free.handle = *object;
		ret = call(s, &u->g, &req, &rsp);
		assert_true(!ret || ret == -XEN_EBUSY);
		if (!ret)
			*object = 0;
		return;
	}
	if (rnd() % 2) {
		req = bed_request(XENVGPU_OP_MEM_IMPORT);
		req.op.mem_import.gref_directory = u->g.dir_ref;
		req.op.mem_import.pages = 1 + rnd() % 200;
		if (!call(s, &u->g, &req, &rsp))
			*object = rsp.op.mem_import.handle;
		return;
	}
	req = bed_request(XENVGPU_OP_MEM_ALLOC);
	req.op.mem_alloc.size = (1 + rnd() % 8) * (uint64_t)XENVGPU_MEM_ALIGN;
	if (!call(s, &u->g, &req, &rsp))
		*object = rsp.op.mem_alloc.handle;
}

static void space(struct soak *s, struct user *u)
{
	uint32_t *handle = &u->space[rnd() % SPACES];
	struct xenvgpu_request req = bed_request(XENVGPU_OP_SPACE_CREATE);
	struct xenvgpu_response rsp;
	int ret;

	if (!*handle) {
		assert_int_equal(call(s, &u->g, &req, &rsp), 0);
		*handle = rsp.op.space_create.space;
		return;
	}
	if (rnd() % 4)
		return; /* they live longer than what is in them */
	req = bed_request(XENVGPU_OP_SPACE_DESTROY);
	req.op.space_destroy.space = *handle;
	ret = call(s, &u->g, &req, &rsp);
	assert_true(!ret || ret == -XEN_EBUSY);
	if (!ret)
		*handle = 0;
}

static void binds(struct soak *s, struct user *u)
{
	static const uint8_t shifts[] = {12, 12, 16, 21};
	struct xenvgpu_bind bind[8];
	struct xenvgpu_request req;
	struct xenvgpu_response rsp;
	uint32_t n = 1 + rnd() % 8;

	for (unsigned int i = 0; i < n; i++) {
		uint8_t shift = shifts[rnd() % 4];
		uint64_t page = 1ull << shift;

		bind[i] = bed_bind((uint8_t)(1 + rnd() % 4), shift,
				   VA + (rnd() % 32 << 21) + (rnd() % 64 * page) % (2 * MIB),
				   (1 + rnd() % 16) * page);
		if (bind[i].operation == XENVGPU_BIND_MAP)
			bind[i].handle = u->object[rnd() % OBJECTS];
	}
	req = guest_bind_request(&u->g, u->space[rnd() % SPACES], bind, n);
	call(s, &u->g, &req, &rsp);
}

static void channels(struct soak *s, struct user *u)
{
	unsigned int i = rnd() % CHANNELS;
	struct xenvgpu_request req = bed_request(XENVGPU_OP_CHANNEL_DESTROY);
	struct xenvgpu_response rsp;

	if (u->ringable[i] && rnd() % 4) {
		guest_bell(&u->g, u->channel[i]);
		bed_run(&s->bed);
	} else if (u->ringable[i]) {
		req.op.channel_destroy.channel = u->channel[i];
		assert_int_equal(call(s, &u->g, &req, &rsp), 0);
		u->ringable[i] = false;
	} else {
		req = guest_channel_request(u->space[rnd() % SPACES],
					    gpu_classes(gpudom.gpu)->engine[0],
					    VA + (rnd() % 32 << 21));
		if (!call(s, &u->g, &req, &rsp)) {
			u->channel[i] = rsp.op.channel_create.channel;
			u->ringable[i] = true;
		}
	}
}

static void anything_in_any_order(void **state)
{
	struct soak *s = *state;
	struct hosted_usage now;

	rng = 0x50a4;
	for (unsigned int step = 0; step < STEPS; step++) {
		struct user *u = &s->user[rnd() % GUESTS];
		unsigned int what = rnd() % 100;

		if (!u->there)
			join(s, u);
		else if (what < 2)
			part(s, u);
		else if (what < 30)
			memory(s, u);
		else if (what < 40)
			space(s, u);
		else if (what < 75)
			binds(s, u);
		else
			channels(s, u);
	}
	for (unsigned int i = 0; i < GUESTS; i++) {
		if (s->user[i].there)
			part(s, &s->user[i]);
	}
	hosted_advance(s->bed.h, 5 * HV_S);
	print_message("%u requests done, %u refused, %u deaths\n", s->good, s->refused, s->deaths);
	assert_true(s->good > STEPS / 4 && s->deaths > 10);
	assert_int_equal(hosted_domain_state(s->bed.h, s->bed.gpudom, NULL), HOSTED_RUNNING);
	hosted_usage(s->bed.h, s->bed.gpudom, &now);
	assert_int_equal(now.pages, s->idle.pages);
	assert_int_equal(now.maps, s->idle.maps);
	assert_int_equal(now.grants, s->idle.grants);
	assert_int_equal(now.ports, s->idle.ports);
	assert_int_equal(vram_free(s), s->idle_vram);
	assert_int_equal(rm_objects(s), s->objects);
	assert_int_equal(hosted_iommu_refused(s->bed.h), 0);
	assert_int_equal(hosted_pci_master_cleared(s->bed.slot), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(anything_in_any_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
