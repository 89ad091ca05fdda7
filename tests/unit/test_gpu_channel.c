/* SPDX-License-Identifier: MIT */
/*
 * Channels, with running firmware: they copy, of two tenants side by side; what one of them does wrong is told to
 * its owner and hurts nobody else. How they end: test_gpu_channel_ends.c.
 */
#include <errno.h>

#include "fwq/view.h"
#include "tests/unit/channel_copies.h"

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

static uint64_t alloc_value(const struct bed_channel *c, enum fwq_field field)
{
	const struct fwq_pack *pack = c->ch->tenant->pack;
	uint64_t v = 0;

	assert_int_equal(
		fwq_get(pack, field, c->ch->buf + FWQ_RM_ROOM, GPU_CHANNEL_PARAMS, 0, 0, &v), 0);
	return v;
}

/* What RM is told, and what the hardware finds; the model looks at some of it only. */
static void they_are_users(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct channel_bed bed = channel_bed_up(bed_versions[v]);
		struct bed_tenant *t = bed_tenant_up(&bed, 0);
		uint64_t words[512], dirt[GPU_CHANNEL_SLOT / 8], base;
		struct bed_channel *c;
		uint32_t flags;

		memset(dirt, 0xee, sizeof(dirt));
		assert_int_equal(gpu_vram_write(bed.boot->gpu, t->own.base, dirt, sizeof(dirt)), 0);
		c = bed_channel_up(t, 3);
		assert_int_equal(c->ch->slot, 0);
		for (uint32_t i = 0; i < USERD_BYTES; i += 4)
			assert_int_equal(*bed_userd(c, i), 0);
		assert_int_equal(gpu_channel_put_alloc(c->ch), 0);
		flags = (uint32_t)alloc_value(c, FWQ_F_NV_CHANNEL_ALLOC_PARAMS__flags);
		assert_int_equal(flags & 1u << 5, 0);	      /* PRIVILEGED_CHANNEL */
		assert_int_equal(flags & 1u << 7, 1u << 7);   /* CHANNEL_DENY_PHYSICAL_MODE_CE */
		assert_int_equal(flags & 1u << 22, 1u << 22); /* CHANNEL_DENY_AUTH_LEVEL_PRIV */
		assert_int_equal((flags >> 12 & 0x1ff) * 8 + (flags >> 8 & 7), c->ch->chid);
		assert_int_equal(alloc_value(c, FWQ_F_NV_CHANNEL_ALLOC_PARAMS__internalFlags) & 3,
				 0);
		assert_true(alloc_value(c, FWQ_F_NV_CHANNEL_ALLOC_PARAMS__userdMem_base) ==
			    t->userd.addr + 3ul * USERD_BYTES);
		assert_int_equal(gpu_vram_read(bed.boot->gpu, t->own.base, words, sizeof(words)),
				 0);
		base = gpu_vm_directory(t->vm) | 0xc00;
		assert_true(words[0x200 / 8] == base && words[0x2a0 / 8] == base);
		assert_true(words[0x298 / 8] == 1 && words[0x2b0 / 8] == 0x100000001);
		assert_int_equal(words[0x1f8 / 8], 0);
		assert_int_equal(words[0xff8 / 8], 0);
		assert_int_equal(gpu_vram_read(bed.boot->gpu,
					       t->own.base + GPU_CHANNEL_METHOD_BUFFER, words,
					       sizeof(words)),
				 0);
		assert_int_equal(words[0], 0);
		assert_int_equal(words[511], 0);
		assert_int_equal(bed_tenant_end(t), 0);
		channel_bed_down(&bed);
	}
}

/* ---------------------------------------------------------------- what is done wrong */

/* A report comes by the firmware's queue: some of the loop's turns later. */
static void reported(struct bed_channel *c)
{
	bed_until_called(&c->faults);
	assert_int_equal(c->faults, 1);
}

/* Who reads or writes what nobody has mapped is told, and only he. */
static void faults_find_their_channel(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct channel_bed bed = channel_bed_up(bed_versions[v]);
		bool told = !strcmp(bed_versions[v],
				    "570.144"); /* earlier reports have no room for it */
		struct bed_tenant *a = bed_tenant_up(&bed, 0), *b = bed_tenant_up(&bed, 1);
		struct bed_channel *c[4];
		struct push p;

		for (unsigned int i = 0; i < 4; i++)
			c[i] = bed_channel_up(i % 2 ? b : a, i / 2);
		/* The second space has something there: an address says nothing about whose it is. */
		bed_map(b, UNMAPPED_VA, b->data.base, 0x1000, GPU_APERTURE_VRAM);
		p = bed_push(c[2]);
		push_copy(&p, SYSTEM_VA + SYSTEM_DATA, UNMAPPED_VA, 0x1000, 0x1000, 1);
		push_release(&p, SYSTEM_VA + SEM_AT(c[2]->i), 0xbad);
		bed_run(c[2], &p);
		assert_int_equal(c[2]->faults, 0); /* not from within a call */
		reported(c[2]);
		assert_int_equal(c[2]->fault.xid, 31);
		assert_true(c[2]->fault.address == (told ? UNMAPPED_VA : 0));
		assert_int_equal(c[2]->fault.type, told ? MMU_FAULT_PDE : 0);
		assert_int_equal(bed_sem(c[2]), 0);
		assert_false(bed_works(c[2], 1));
		round_trip(c[0], 11); /* of the same tenant */
		round_trip(c[1], 12);
		assert_true(bed_works(c[3], 13));
		for (unsigned int i = 0; i < 4; i++) {
			assert_int_equal(c[i]->faults, i == 2);
			assert_int_equal(bed_channel_end(c[i]), 0);
		}
		assert_true(bed_works(bed_channel_up(a, 1), 14)); /* in its place */
		assert_int_equal(bed_tenant_end(a), 0);
		assert_int_equal(bed_tenant_end(b), 0);
		channel_bed_down(&bed);
	}
}

static void invalidate_tlbs(struct push *p, const struct bed_tenant *t)
{
	(void)t;
	push_method(p, 0, NVC56F_MEM_OP_A, 4);
	push_word(p, 0);
	push_word(p, 0);
	push_word(p, 1); /* all directories */
	push_word(p, 9u << 27);
}

static void physical_source(struct push *p, const struct bed_tenant *t)
{
	push_one(p, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_SRC_PHYS_MODE, 0);
	push_copy_with(p, t->own.base, SYSTEM_VA + SYSTEM_DATA, 64, 64, 1,
		       NVC7B5_LAUNCH_DMA_SRC_PHYSICAL);
}

static void physical_source_in_system_memory(struct push *p, const struct bed_tenant *t)
{
	push_one(p, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_SRC_PHYS_MODE, 1);
	push_copy_with(p, t->userd.addr, SYSTEM_VA + SYSTEM_DATA, 64, 64, 1,
		       NVC7B5_LAUNCH_DMA_SRC_PHYSICAL);
}

static void physical_destination(struct push *p, const struct bed_tenant *t)
{
	push_one(p, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_DST_PHYS_MODE, 0);
	push_copy_with(p, SYSTEM_VA + SYSTEM_DATA, t->data.base, 64, 64, 1,
		       NVC7B5_LAUNCH_DMA_DST_PHYSICAL);
}

static void physical_destination_in_system_memory(struct push *p, const struct bed_tenant *t)
{
	push_one(p, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_DST_PHYS_MODE, 2);
	push_copy_with(p, SYSTEM_VA + SYSTEM_DATA, t->system.addr + SYSTEM_DATA, 64, 64, 1,
		       NVC7B5_LAUNCH_DMA_DST_PHYSICAL);
}

/* RM's part of the instance block as for the kernel of a host: what our channels are not. */
static void make_privileged(struct bed_channel *c)
{
	struct gpu *gpu = c->owner->bed->boot->gpu;
	uint64_t ramfc = gpu_tenant_slot(c->owner->tenant, c->ch->slot) + GPU_CHANNEL_INSTANCE;
	uint32_t hce = RAMFC_HCE_CTRL_PRIV, config = RAMFC_CONFIG_VALUE | RAMFC_CONFIG_PRIV;

	assert_int_equal(gpu_vram_write(gpu, ramfc + RAMFC_HCE_CTRL, &hce, 4), 0);
	assert_int_equal(gpu_vram_write(gpu, ramfc + RAMFC_CONFIG, &config, 4), 0);
}

/* Physical addresses and methods for the privileged end a channel; made privileged it could do it. */
static void nothing_privileged(void **state)
{
	static void (*const what[])(struct push * p, const struct bed_tenant *t) = {
		invalidate_tlbs,
		physical_source,
		physical_destination,
		physical_source_in_system_memory,
		physical_destination_in_system_memory,
	};
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *good = bed_channel_up(t, 7);

	(void)state;
	for (unsigned int i = 0; i < 2 * sizeof(what) / sizeof(what[0]); i++) {
		struct bed_channel *c = bed_channel_up(t, 0);
		struct push p = bed_push(c);
		uint8_t before[64];

		if (i % 2)
			make_privileged(c);
		memset((char *)t->system.va + SEM_AT(0), 0, 16);
		memcpy(before, data(t), sizeof(before));
		what[i / 2](&p, t);
		push_release(&p, SYSTEM_VA + SEM_AT(0), 1 + i);
		bed_run(c, &p);
		if (i % 2) {
			assert_int_equal(bed_sem(c), 1 + i);
		} else {
			reported(c);
			assert_int_equal(c->fault.xid, 32);
			assert_true(c->fault.address == 0);
			assert_int_equal(bed_sem(c), 0);
			assert_memory_equal(data(t), before, sizeof(before));
		}
		assert_true(bed_works(good, 100 + i));
		assert_int_equal(bed_channel_end(c), 0);
	}
	assert_int_equal(good->faults, 0);
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* GP_PUT of another channel, by its physical address: one that is privileged would write it. */
static void forged_userd(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *good = bed_channel_up(t, 7);
	const uint64_t put = t->userd.addr + 7ull * USERD_BYTES + PUSH_USERD_GP_PUT;

	(void)state;
	for (unsigned int privileged = 0; privileged < 2; privileged++) {
		struct bed_channel *c = bed_channel_up(t, 0);
		struct push p = bed_push(c);
		uint32_t before = *bed_userd(good, PUSH_USERD_GP_PUT), forged = before + 5;

		if (privileged)
			make_privileged(c);
		memcpy(data(t), &forged, 4);
		push_one(&p, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_DST_PHYS_MODE, 2);
		push_copy_with(&p, SYSTEM_VA + SYSTEM_DATA, put, 4, 4, 1,
			       NVC7B5_LAUNCH_DMA_DST_PHYSICAL);
		bed_run(c, &p);
		assert_int_equal(*bed_userd(good, PUSH_USERD_GP_PUT), privileged ? forged : before);
		*bed_userd(good, PUSH_USERD_GP_PUT) = before;
		if (!privileged) {
			reported(c);
			assert_int_equal(c->fault.xid, 32);
		}
		assert_true(bed_works(good, 1 + privileged));
		assert_int_equal(bed_channel_end(c), 0);
	}
	assert_int_equal(good->faults, 0);
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

static void report(const struct channel_bed *bed, uint32_t chid, uint32_t gfid, uint32_t len)
{
	const struct fwq_pack *pack = bed->boot->pack;
	uint32_t size = fwq_sizeof(pack, FWQ_S_rpc_rc_triggered_v);
	uint8_t payload[256] = {0};

	assert_true(size <= sizeof(payload));
	assert_int_equal(fwq_put(pack, FWQ_F_rpc_rc_triggered_v__chid, payload, size, 0, 0, chid),
			 0);
	assert_int_equal(fwq_put(pack, FWQ_F_rpc_rc_triggered_v__gfid, payload, size, 0, 0, gfid),
			 0);
	assert_int_equal(
		fwq_put(pack, FWQ_F_rpc_rc_triggered_v__exceptType, payload, size, 0, 0, 109), 0);
	model_gsp_send(bed->boot->model, fwq_num(pack, NV_VGPU_MSG_EVENT_RC_TRIGGERED), 0, 0,
		       payload, len ? len : size);
	pass(10 * HV_MS);
}

/* Firmware may say anything. */
static void reports_about_nobody(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	struct bed_channel *c = bed_channel_up(t, 0);
	uint32_t chid = c->ch->chid, gone;
	const struct gpu_fifo *fifo = gpu_rm_fifo(bed.rm);
	const uint32_t nobody[] = {0, chid + 1, GPU_CHIDS - 1, GPU_CHIDS, 0x7fffffff, UINT32_MAX};

	(void)state;
	for (unsigned int i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		report(&bed, nobody[i], 0, 0);
	assert_int_equal(fifo->strays, 6);
	report(&bed, chid, 5, 0); /* of a virtual function, which has ids of its own */
	assert_int_equal(fifo->strays, 7);
	report(&bed, chid, 0, 12); /* too short */
	assert_int_equal(fifo->strays, 7);
	assert_int_equal(c->faults, 0);
	report(&bed, chid, 0, 0);
	assert_int_equal(c->faults, 1);
	assert_int_equal(c->fault.xid, 109);
	report(&bed, chid, 0, 0); /* it is broken already */
	assert_int_equal(c->faults, 1);
	assert_int_equal(fifo->strays, 7);
	assert_int_equal(bed_channel_end(c), 0);
	c = bed_channel_up(t, 0);
	gone = c->ch->chid;
	gpu_channel_free(c->ch, bed_channel_done, c);
	report(&bed, gone, 0, 0); /* it ends */
	assert_int_equal(c->done, 1);
	assert_int_equal(c->faults, 0);
	assert_int_equal(fifo->strays, 7);
	c = bed_channel_up(t, 0);
	report(&bed, gone, 0, 0); /* late */
	assert_int_equal(c->faults, 0);
	assert_int_equal(fifo->strays, 8);
	assert_int_equal(bed_tenant_end(t), 0);
	channel_bed_down(&bed);
}

/* ---------------------------------------------------------------- where they go */

static void engines_and_ids(void **state)
{
	struct channel_bed bed = channel_bed_up("535.113.01");
	struct bed_tenant *t = bed_tenant_up(&bed, 0);
	const struct gpu_engines *engines = gpu_rm_engines(bed.rm);
	unsigned int on[GPU_ENGINES_MAX] = {0};
	uint32_t ids[BED_CHANNELS], last;

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct bed_channel *c = bed_channel_up(t, i);

		on[c->ch->engine]++;
		ids[i] = c->ch->chid;
		assert_int_equal(c->ch->token,
				 engines->engine[c->ch->engine].runlist << 16 | ids[i]);
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	}
	/* Three copy engines have runlists of their own; the two others share that of graphics. */
	for (unsigned int i = 0; i < engines->n; i++)
		assert_int_equal(on[i], i >= 3 && i <= 5 ? 2 : 0);
	last = ids[5];
	for (unsigned int n = 0; n < 10; n++) {
		assert_int_equal(bed_channel_end(&t->c[n % 6]), 0);
		assert_int_equal(bed_channel_up(t, n % 6)->ch->chid, last + 1 + n);
	}
	assert_int_equal(bed_tenant_end(t), 0);
	for (unsigned int i = 0; i < engines->n; i++)
		assert_int_equal(gpu_rm_fifo(bed.rm)->load[i], 0);
	channel_bed_down(&bed);
}

/* Boards without a copy engine of its own runlist; and without any. */
static void choice_of_engines(void **state)
{
	static const struct gpu_engine graphics = {.type = 1, .runlist = 0},
				       shared = {.type = 9, .runlist = 0},
				       shared2 = {.type = 10, .runlist = 0},
				       own = {.type = 18, .runlist = 1},
				       video = {.type = 19, .runlist = 2};
	struct gpu_engines e = {1, {graphics}};
	struct gpu_fifo *fifo = calloc(1, sizeof(*fifo));

	(void)state;
	assert_non_null(fifo);
	assert_int_equal(gpu_fifo_copy_engine(fifo, &e), -1);
	e = (struct gpu_engines){2, {graphics, video}};
	assert_int_equal(gpu_fifo_copy_engine(fifo, &e), -1);
	e = (struct gpu_engines){3, {graphics, shared, shared2}};
	assert_int_equal(gpu_fifo_copy_engine(fifo, &e), 1);
	fifo->load[1] = 2;
	fifo->load[2] = 1;
	assert_int_equal(gpu_fifo_copy_engine(fifo, &e), 2);
	e = (struct gpu_engines){4, {graphics, shared, own, video}};
	fifo->load[1] = 0;
	fifo->load[2] = 100;
	assert_int_equal(gpu_fifo_copy_engine(fifo, &e), 2);
	free(fifo);
}

static void table_of_ids(void **state)
{
	struct gpu_chids *c = calloc(1, sizeof(*c));
	struct gpu_channel *some = (void *)c; /* nobody looks into it */
	uint32_t id, first;

	(void)state;
	assert_non_null(c);
	for (uint32_t i = GPU_CHID_FIRST; i < GPU_CHIDS; i++) {
		assert_int_equal(gpu_chids_take(c, some, &id), 0);
		assert_int_equal(id, i);
	}
	assert_int_equal(gpu_chids_take(c, some, &id), -ENOSPC);
	gpu_chids_give(c, 7, true);
	gpu_chids_give(c, 5, false); /* lost */
	gpu_chids_give(c, 3, true);
	assert_null(gpu_chids_find(c, 7));
	assert_null(gpu_chids_find(c, 5));
	assert_ptr_equal(gpu_chids_find(c, 6), some);
	assert_null(gpu_chids_find(c, 0));
	assert_null(gpu_chids_find(c, GPU_CHIDS));
	assert_int_equal(gpu_chids_take(c, some, &first), 0);
	assert_int_equal(gpu_chids_take(c, some, &id), 0);
	assert_int_equal(first, 3);
	assert_int_equal(id, 7);
	assert_int_equal(gpu_chids_take(c, some, &id), -ENOSPC);
	free(c);
}

static void what_cannot_be_asked(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up(&bed, 0), *other = bed_tenant_up(&bed, 1);
	struct gpu_channel_desc good = bed_desc(t, 0), d;
	struct gpu_channel *ch;
	uint64_t end, kept_end;

	(void)state;
	gpu_vm_kept(t->vm, &end, &kept_end);
#define REFUSED(error, change)                                                                     \
	do {                                                                                       \
		d = good;                                                                          \
		change;                                                                            \
		assert_int_equal(gpu_channel_new(t->tenant, &d, bed_channel_ready, NULL, &ch),     \
				 error);                                                           \
	} while (0)
	REFUSED(-EINVAL, d.vm = NULL);
	REFUSED(-EINVAL, d.vm = other->vm);
	REFUSED(-EOPNOTSUPP, d.engine_class = 0xc997);
	REFUSED(-EDQUOT, d.engine_class = 0xc797); /* its VRAM has no room for a context */
	REFUSED(-EOPNOTSUPP, d.engine_class = 0xc56f);
	REFUSED(-EINVAL, d.gpfifo += 4);
	REFUSED(-EINVAL, d.gpfifo = gpu_vm_start(t->vm) - 8);
	REFUSED(-EINVAL, d.gpfifo = end);
	REFUSED(-EINVAL, d.gpfifo = end - 8ul * BED_ENTRIES + 8);
	REFUSED(-EINVAL, d.gpfifo = ~7ull);
	REFUSED(-EINVAL, d.entries = 0);
	REFUSED(-EINVAL, d.entries = 3);
	REFUSED(-EINVAL, d.entries = 1u << 31);
	REFUSED(-EINVAL, d.userd = NULL);
	REFUSED(-EINVAL, d.userd_dma += 4);
#undef REFUSED
	/* A quota of one tenant's, and what it gives back. */
	for (unsigned int n = 0; n < 2; n++) {
		struct bed_channel *c = calloc(t->tenant->nr_slots + 1, sizeof(*c));
		unsigned int made = 0;

		assert_non_null(c);
		for (; made <= t->tenant->nr_slots; made++) {
			int err = gpu_channel_new(t->tenant, &good, bed_channel_ready, &c[made],
						  &c[made].ch);

			if (err) {
				assert_int_equal(err, -EDQUOT);
				break;
			}
		}
		assert_int_equal(made, t->tenant->nr_slots);
		for (unsigned int i = 0; i < made; i++) {
			bed_until_called(&c[i].ready);
			assert_int_equal(c[i].err, 0);
			c[i].owner = t;
		}
		for (unsigned int i = 0; i < made; i++)
			gpu_channel_free(c[i].ch, bed_channel_done, &c[i]);
		for (unsigned int i = 0; i < made; i++)
			bed_until_called(&c[i].done);
		assert_int_equal(bed_model_channels(&bed), 0);
		free(c);
	}
	assert_int_equal(bed_tenant_end(t), 0);
	assert_int_equal(bed_tenant_end(other), 0);
	channel_bed_down(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_copy),
		cmocka_unit_test(they_are_users),
		cmocka_unit_test(faults_find_their_channel),
		cmocka_unit_test(nothing_privileged),
		cmocka_unit_test(forged_userd),
		cmocka_unit_test(reports_about_nobody),
		cmocka_unit_test(engines_and_ids),
		cmocka_unit_test(choice_of_engines),
		cmocka_unit_test(table_of_ids),
		cmocka_unit_test(what_cannot_be_asked),
	};

	return cmocka_run_group_tests_name("gpu: channels", tests, NULL, NULL);
}
