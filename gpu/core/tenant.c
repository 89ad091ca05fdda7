/* SPDX-License-Identifier: MIT */
/*
 * tenant.c - tenants come and go (see tenant.h). Their spaces are in vm.c, their channels in fifo/.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/core/fifo/fifo.h"
#include "gpu/core/gr/graphics.h"
#include "gpu/core/tenant.h"

#define VRAM_MIN 0x80000ull

static struct gpu_tenant *of_client(struct fwq_client *client)
{
	return (struct gpu_tenant *)((char *)client - offsetof(struct gpu_tenant, client));
}

/* ---------------------------------------------------------------- the end */

static void release(struct gpu_tenant *t)
{
	struct gpu_tenant **link = &gpu_rm_fifo(t->rm)->tenants;

	while (*link && *link != t) /* not one that was never made */
		link = &(*link)->next;
	if (*link)
		*link = t->next;
	hv_work_cancel(&t->tell);
	gpu_turns_leave(&gpu_rm_fifo(t->rm)->turns, t);
	gpu_groups_free(t);
	gpu_vms_free(t);
	gpu_table_pool_fini(&t->pool);
	free(t);
}

static void tell(struct hv_work *w)
{
	struct gpu_tenant *t = (struct gpu_tenant *)((char *)w - offsetof(struct gpu_tenant, tell));
	void (*done)(int err, void *arg) = t->done;
	void *arg = t->done_arg;
	int err = t->err;

	if (gpu_rm_stopped(t->rm))
		return;
	if (!t->ending && !err) {
		t->ready(t, 0, t->ready_arg);
		return;
	}
	gpu_rm_leave(t->rm, &t->part);
	if (t->ending) {
		release(t);
		done(err, arg);
	} else {
		t->ready(t, err, t->ready_arg);
		release(t);
	}
}

static void failed(struct gpu_tenant *t, int err)
{
	t->err = t->err ? t->err : err;
}

static void client_ended(struct fwq_client *client, int err)
{
	struct gpu_tenant *t = of_client(client);

	failed(t, err);
	/* Lost as it may be already, it could come back to life. */
	if (err)
		gpu_give_up(t->gpu, "its firmware did not end what a tenant had");
	hv_work_queue(&t->tell);
}

void gpu_tenant_vm_quiet(struct gpu_tenant *t)
{
	if (!t->channels_ended || t->leaving || !gpu_vms_quiet(t))
		return;
	t->leaving = true;
	fwq_client_destroy(&t->client, client_ended, NULL);
}

static void channels_ended(struct gpu_tenant *t, int err)
{
	failed(t, err);
	gpu_vms_end(t);
	t->channels_ended = true;
	gpu_tenant_vm_quiet(t);
}

void gpu_tenant_end(struct gpu_tenant *tenant, void (*done)(int err, void *arg), void *arg)
{
	HV_CHECK(!tenant->ending);
	tenant->ending = true;
	tenant->err = 0;
	tenant->done = done;
	tenant->done_arg = arg;
	hv_work_cancel(&tenant->tell);
	gpu_vms_forget(tenant);
	gpu_tenant_channels_end(tenant, channels_ended);
}

/* The session ends without anybody having ended this tenant. */
static void gone(struct gpu_rm_part *part)
{
	struct gpu_tenant *t =
		(struct gpu_tenant *)((char *)part - offsetof(struct gpu_tenant, part));

	gpu_tenant_channels_drop(t);
	release(t);
}

/* ---------------------------------------------------------------- the beginning */

static void client_made(struct fwq_client *client, int err)
{
	struct gpu_tenant *t = of_client(client);

	if (err)
		hv_log(HV_ERR, "gpu %s: firmware: no RM client for a tenant: error %d",
		       hv_pci_name(t->gpu->pci), -err);
	t->err = err;
	hv_work_queue(&t->tell);
}

static bool vram_ok(const struct gpu *gpu, const struct gpu_range *vram)
{
	return vram->base % GPU_VRAM_ALIGN == 0 && vram->size % GPU_VRAM_ALIGN == 0 &&
	       vram->size >= VRAM_MIN && vram->size <= gpu->info.vram_usable &&
	       vram->base <= gpu->info.vram_usable - vram->size;
}

/* Contexts get what is left; of the rest, channels three eighths, or what all that may be need. */
static void split(struct gpu_tenant *t, const struct gpu_range *vram)
{
	uint64_t context = gpu_rm_graphics(t->rm)->layout.bytes;
	uint64_t size = vram->size, n = context ? (size - VRAM_MIN) / context : 0, channels;

	t->nr_contexts = n < GPU_CHANNELS_MAX ? (unsigned int)n : GPU_CHANNELS_MAX;
	size -= t->nr_contexts * context;
	t->contexts = (struct gpu_range){vram->base + size, vram->size - size};
	channels = size / 8 * 3;

	t->nr_slots = GPU_CHANNELS_MAX;
	if (channels < (uint64_t)GPU_CHANNELS_MAX * GPU_CHANNEL_SLOT)
		t->nr_slots = (unsigned int)(channels / GPU_CHANNEL_SLOT);
	channels = (uint64_t)t->nr_slots * GPU_CHANNEL_SLOT;
	t->slots = (struct gpu_range){vram->base, channels};
	t->tables = (struct gpu_range){vram->base + channels, size - channels};
}

/* Everything but a client and a place among others. */
static int prepare(struct gpu_tenant *t, const struct gpu_range *vram, bool outside)
{
	int err;

	split(t, vram);
	err = gpu_table_pool_init(&t->pool, &t->tables);
	if (err)
		return err;
	err = gpu_turns_join(&gpu_rm_fifo(t->rm)->turns, t, outside);
	if (err)
		gpu_table_pool_fini(&t->pool);
	return err;
}

static int make(struct gpu_rm *rm, const struct gpu_range *vram, bool outside,
		void (*ready)(struct gpu_tenant *tenant, int err, void *arg), void *arg,
		struct gpu_tenant **out)
{
	struct gpu *gpu = gpu_rm_gpu(rm);
	struct gpu_tenant *t;
	int err;

	if (!vram_ok(gpu, vram))
		return -EINVAL;
	if (gpu->lost)
		return -EIO;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct gpu_tenant){.rm = rm,
				 .gpu = gpu,
				 .pack = gpu_rm_pack(rm),
				 .part.gone = gone,
				 .weight = GPU_WEIGHT_DEFAULT,
				 .tell.fn = tell,
				 .ready = ready,
				 .ready_arg = arg};
	err = prepare(t, vram, outside);
	if (err) {
		free(t);
		return err;
	}
	err = fwq_client_create(gpu_rm_clients(rm), &t->client, GPU_TENANT_QUOTA, client_made,
				NULL);
	if (err) {
		release(t);
		return err;
	}
	gpu_rm_join(rm, &t->part);
	t->next = gpu_rm_fifo(rm)->tenants;
	gpu_rm_fifo(rm)->tenants = t;
	*out = t;
	return 0;
}

int gpu_tenant_new(struct gpu_rm *rm, const struct gpu_range *vram,
		   void (*ready)(struct gpu_tenant *tenant, int err, void *arg), void *arg,
		   struct gpu_tenant **out)
{
	return make(rm, vram, false, ready, arg, out);
}

int gpu_tenant_new_outside(struct gpu_rm *rm, const struct gpu_range *vram,
			   void (*ready)(struct gpu_tenant *tenant, int err, void *arg), void *arg,
			   struct gpu_tenant **out)
{
	return make(rm, vram, true, ready, arg, out);
}
