/* SPDX-License-Identifier: MIT */
/*
 * channel.c - makes channels, rings them, and tells their owners (see channel.h); end.c ends them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/fifo/group.h"
#include "gpu/core/gr/graphics.h"
#include "gpu/core/regs_vf.h"

#define GPFIFO_ENTRY  8u
#define USERD_BYTES   512u
#define ENTRIES_MAX   (1u << 20)				     /* 8 MiB of them */
#define METHOD_BUFFER (GPU_CHANNEL_SLOT - GPU_CHANNEL_METHOD_BUFFER) /* room for it */

/* ---------------------------------------------------------------- telling */

/* Its place in the table is free now, and so, after the caller's last words, is its memory. */
static void leave_table(struct gpu_channel *ch)
{
	hv_work_cancel(&ch->tell);
	ch->tenant->channel[ch->slot] = NULL;
}

static void leave_quietly(struct gpu_channel *ch)
{
	struct gpu_tenant *tenant = ch->tenant;
	void (*done)(struct gpu_tenant * t, int err) = tenant->channels_done;

	if (ch->end_err && !tenant->channels_err)
		tenant->channels_err = ch->end_err;
	leave_table(ch);
	free(ch);
	for (unsigned int i = 0; i < tenant->nr_slots; i++) {
		if (tenant->channel[i])
			return;
	}
	tenant->channels_done = NULL;
	done(tenant, tenant->channels_err);
}

static void leave(struct gpu_channel *ch)
{
	leave_table(ch);
	if (ch->done)
		ch->done(ch->end_err, ch->done_arg);
	else
		ch->ready(ch, ch->err, ch->ready_arg);
	free(ch);
}

/* What callbacks do to the channel, its end included, only asks for another run of this. */
static void tell(struct hv_work *w)
{
	struct gpu_channel *ch = (void *)((char *)w - offsetof(struct gpu_channel, tell));

	if (gpu_rm_stopped(ch->tenant->rm))
		return;
	if (ch->tell_ready && !ch->ending) {
		ch->tell_ready = false;
		ch->ready(ch, 0, ch->ready_arg);
	}
	if (ch->tell_fault && !ch->ending && ch->step == GPU_CHANNEL_LIVE) {
		ch->tell_fault = false;
		ch->desc.fault(ch, &ch->fault, ch->desc.arg);
	}
	if (ch->step != GPU_CHANNEL_GONE)
		return;
	if (ch->quiet)
		leave_quietly(ch);
	else
		leave(ch);
}

void gpu_channel_fault(struct gpu_channel *ch, const struct gpu_fault *fault)
{
	if (ch->faulted)
		return;
	ch->fault = *fault;
	ch->faulted = true;
	ch->tell_fault = true;
	hv_work_queue(&ch->tell);
}

/* ---------------------------------------------------------------- the beginning */

static struct gpu_turns *turns_of(const struct gpu_channel *ch)
{
	return &gpu_rm_fifo(ch->tenant->rm)->turns;
}

static int schedule(struct gpu_channel *ch)
{
	int err = gpu_channel_put_schedule(ch);

	ch->runs = !err;
	if (!err)
		err = fwq_client_control(&ch->tenant->client, &ch->call, ch->channel.handle,
					 FWQ_N_NVA06F_CTRL_CMD_GPFIFO_SCHEDULE,
					 FWQ_S_NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS);
	if (err)
		gpu_turns_scheduled(turns_of(ch), ch);
	return err;
}

/* The next of the engine's objects. Those of graphics have no parameters that would be needed. */
static int make_object(struct gpu_channel *ch)
{
	enum fwq_number class = gpu_channel_class(ch->tenant->pack, ch->class[ch->made]);
	int err;

	if (ch->kind == GPU_KIND_GRAPHICS)
		return fwq_object_alloc(&ch->object[ch->made], ch->channel.handle, class,
					FWQ_RM_NO_PARAMS);
	err = gpu_channel_put_engine(ch);
	return err ? err
		   : fwq_object_alloc(&ch->object[ch->made], ch->channel.handle, class,
				      FWQ_S_NVB0B5_ALLOCATION_PARAMETERS);
}

/* 1: there is nothing to wait for. */
static int submit(struct gpu_channel *ch)
{
	struct fwq_client *client = &ch->tenant->client;
	const struct gpu_classes *classes = gpu_classes(ch->tenant->gpu);
	const struct fwq_pack *pack = ch->tenant->pack;
	int err;

	switch (ch->step) {
	case GPU_CHANNEL_SIZE:
		if (!fwq_rm_params(&ch->call,
				   FWQ_S_NV2080_CTRL_CE_GET_FAULT_METHOD_BUFFER_SIZE_PARAMS))
			return -ENOENT;
		return fwq_client_control(client, &ch->call, FWQ_SUBDEVICE,
					  FWQ_N_NV2080_CTRL_CMD_CE_GET_FAULT_METHOD_BUFFER_SIZE,
					  FWQ_S_NV2080_CTRL_CE_GET_FAULT_METHOD_BUFFER_SIZE_PARAMS);
	case GPU_CHANNEL_GROUP:
		return gpu_group_join(ch);
	case GPU_CHANNEL_ALLOC:
		err = gpu_channel_put_alloc(ch);
		return err ? err
			   : fwq_object_alloc(&ch->channel, ch->group->object.handle,
					      gpu_channel_class(pack, classes->gpfifo),
					      FWQ_S_NV_CHANNEL_ALLOC_PARAMS);
	case GPU_CHANNEL_BIND:
		err = gpu_channel_put_bind(ch);
		return err ? err
			   : fwq_client_control(client, &ch->call, ch->channel.handle,
						FWQ_N_NVA06F_CTRL_CMD_BIND,
						FWQ_S_NVA06F_CTRL_BIND_PARAMS);
	case GPU_CHANNEL_PROMOTE:
		if (ch->kind != GPU_KIND_GRAPHICS)
			return 1;
		err = gpu_context_put_promote(ch);
		return err ? err
			   : fwq_client_control(client, &ch->call, FWQ_SUBDEVICE,
						FWQ_N_NV2080_CTRL_CMD_GPU_PROMOTE_CTX,
						FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS);
	case GPU_CHANNEL_ENGINE:
		return make_object(ch);
	default:
		ch->parked = !gpu_turns_may_schedule(turns_of(ch), ch);
		return ch->parked ? 0 : schedule(ch);
	}
}

/* The call of the step; when it was accepted, the channel may be anything after this. */
static int go(struct gpu_channel *ch)
{
	int err;

	ch->busy = true;
	while ((err = submit(ch)) > 0)
		ch->step++;
	if (err)
		ch->busy = false;
	return err;
}

static void fail(struct gpu_channel *ch, int err)
{
	ch->err = err;
	ch->ending = true;
	gpu_channel_off(ch);
}

/* What the step waited for has ended. */
static void on(struct gpu_channel *ch, int err)
{
	ch->busy = false;
	if (err || ch->ending) {
		fail(ch, err);
		return;
	}
	if (ch->step != GPU_CHANNEL_ENGINE || ++ch->made == ch->nr_objects)
		ch->step++;
	if (ch->step == GPU_CHANNEL_LIVE) {
		ch->tell_ready = true;
		hv_work_queue(&ch->tell);
		if (ch->tenant->direct)
			gpu_usage_begin(&gpu_rm_fifo(ch->tenant->rm)->usage, ch->tenant->rm);
		return;
	}
	err = go(ch);
	if (err)
		fail(ch, err);
}

void gpu_channel_parked(struct gpu_channel *ch)
{
	int err = go(ch);

	if (err)
		fail(ch, err);
}

/* A call of the beginning has ended. */
static void came(struct gpu_channel *ch, struct fwq_rm_call *call, int err)
{
	if (err)
		gpu_rm_complain(ch->tenant->rm, call, err, "channel %" PRIu32, ch->chid);
	on(ch, err);
}

/* It was told there, if there was an error. */
void gpu_channel_grouped(struct gpu_channel *ch, int err)
{
	on(ch, err);
}

static int take_size(struct gpu_channel *ch)
{
	uint64_t size = 0;
	int err = fwq_get(ch->tenant->pack,
			  FWQ_F_NV2080_CTRL_CE_GET_FAULT_METHOD_BUFFER_SIZE_PARAMS__size,
			  fwq_rm_reply(&ch->call), ch->call.params_len, 0, 0, &size);

	if (err)
		return err;
	if (!size || size > METHOD_BUFFER) {
		hv_log(HV_ERR,
		       "gpu %s: firmware: method buffers of %" PRIu64 " bytes, and room for %u",
		       hv_pci_name(ch->tenant->gpu->pci), size, METHOD_BUFFER);
		return -EPROTO;
	}
	gpu_rm_fifo(ch->tenant->rm)->method_buffer = (uint32_t)size;
	return 0;
}

static void control_came(struct fwq_rm_call *call, int err)
{
	struct gpu_channel *ch = call->arg;

	if (!err && ch->step == GPU_CHANNEL_SIZE)
		err = take_size(ch);
	if (ch->step == GPU_CHANNEL_SCHEDULE)
		gpu_turns_scheduled(turns_of(ch), ch);
	came(ch, call, err);
}

static void object_came(struct fwq_object *object, int err)
{
	came(object->arg, &object->call, err);
}

static int check(const struct gpu_tenant *tenant, const struct gpu_channel_desc *desc)
{
	const struct gpu_vm *vm = desc->vm;
	uint64_t bytes = (uint64_t)desc->entries * GPFIFO_ENTRY, end;

	if (!vm || vm->tenant != tenant || !gpu_vm_usable(vm) || tenant->ending)
		return -EINVAL;
	if (gpu_class_kind(tenant->gpu, desc->engine_class) == GPU_KIND_NONE)
		return -EOPNOTSUPP;
	if (!desc->entries || desc->entries & (desc->entries - 1) || desc->entries > ENTRIES_MAX)
		return -EINVAL;
	/* What is kept from the tenant ends there. */
	end = GPU_KEPT_START;
	if (desc->gpfifo % GPFIFO_ENTRY || desc->gpfifo < gpu_vm_start(vm) || desc->gpfifo > end ||
	    bytes > end - desc->gpfifo)
		return -EINVAL;
	if (!desc->userd || desc->userd_dma % USERD_BYTES || !desc->fault)
		return -EINVAL;
	return 0;
}

_Static_assert(GPU_KEPT_START < 1ull << 40, "Host can name GPFIFOs there");

/* What the channel speaks. -EOPNOTSUPP: the pack does not know all of that. */
static int choose_classes(struct gpu_channel *ch)
{
	const struct gpu_classes *classes = gpu_classes(ch->tenant->gpu);
	struct gpu *gpu = ch->tenant->gpu;

	ch->kind = gpu_class_kind(gpu, ch->desc.engine_class);
	for (unsigned int i = 0; i < classes->n; i++) {
		if (ch->kind == GPU_KIND_GRAPHICS && !ch->tenant->single
			    ? gpu_class_kind(gpu, classes->engine[i]) != ch->kind
			    : classes->engine[i] != ch->desc.engine_class)
			continue;
		HV_CHECK(ch->nr_objects < GPU_CHANNEL_ENGINE_OBJECTS);
		ch->class[ch->nr_objects++] = classes->engine[i];
		if (gpu_channel_class(ch->tenant->pack, classes->engine[i]) == FWQ_NUMBERS)
			return -EOPNOTSUPP;
	}
	ch->left = ch->nr_objects;
	return gpu_channel_class(ch->tenant->pack, classes->gpfifo) == FWQ_NUMBERS ? -EOPNOTSUPP
										   : 0;
}

/* -1: it is not to be had. */
static int choose_engine(const struct gpu_channel *ch)
{
	struct gpu_rm *rm = ch->tenant->rm;

	if (ch->kind == GPU_KIND_COPY)
		return gpu_fifo_copy_engine(gpu_rm_fifo(rm), gpu_rm_engines(rm));
	return gpu_rm_graphics(rm)->ready || ch->tenant->golden
		       ? gpu_fifo_graphics_engine(gpu_rm_engines(rm))
		       : -1;
}

/* A slot, an engine and an id. */
static int place(struct gpu_channel *ch)
{
	struct gpu_fifo *fifo = gpu_rm_fifo(ch->tenant->rm);
	int err = choose_classes(ch), engine;

	while (ch->slot < ch->tenant->nr_slots && ch->tenant->channel[ch->slot])
		ch->slot++;
	if (ch->slot == ch->tenant->nr_slots)
		return -EDQUOT;
	engine = err ? -1 : choose_engine(ch);
	if (engine < 0)
		return -EOPNOTSUPP;
	err = gpu_chids_take(&fifo->chids, ch, &ch->chid);
	if (err)
		return err;
	ch->engine = (unsigned int)engine;
	ch->token = NV_VF_DOORBELL_TOKEN(gpu_rm_engines(ch->tenant->rm)->engine[ch->engine].runlist,
					 ch->chid);
	ch->tenant->channel[ch->slot] = ch;
	ch->vm->channels++;
	fifo->load[ch->engine]++;
	gpu_awaken_use(&fifo->awaken, ch->engine, true);
	return 0;
}

static int begin(struct gpu_channel *ch)
{
	int err = gpu_channel_write_instance(ch);

	if (!err && ch->kind == GPU_KIND_GRAPHICS)
		err = gpu_context_take(ch);
	if (err)
		return err == -ENOMEM || err == -EDQUOT ? err : -EIO;
	memset(ch->desc.userd, 0, USERD_BYTES);
	ch->step =
		gpu_rm_fifo(ch->tenant->rm)->method_buffer ? GPU_CHANNEL_GROUP : GPU_CHANNEL_SIZE;
	err = go(ch);
	return err == -EDQUOT || err == -ENOMEM || !err ? err : -EIO;
}

int gpu_channel_new(struct gpu_tenant *tenant, const struct gpu_channel_desc *desc,
		    void (*ready)(struct gpu_channel *channel, int err, void *arg), void *arg,
		    struct gpu_channel **out)
{
	struct gpu_channel *ch;
	int err = check(tenant, desc);

	if (err)
		return err;
	ch = calloc(1, sizeof(*ch));
	if (!ch)
		return -ENOMEM;
	ch->tenant = tenant;
	ch->vm = desc->vm;
	ch->desc = *desc;
	ch->tell.fn = tell;
	ch->ready = ready;
	ch->ready_arg = arg;
	fwq_object_init(&ch->channel, &tenant->client, ch->buf, sizeof(ch->buf), object_came, ch);
	for (unsigned int i = 0; i < GPU_CHANNEL_ENGINE_OBJECTS; i++)
		fwq_object_init(&ch->object[i], &tenant->client, ch->buf, sizeof(ch->buf),
				object_came, ch);
	if (tenant->names) {
		fwq_object_name(&ch->channel, tenant->names->channel);
		fwq_object_name(&ch->object[0], tenant->names->object);
	}
	fwq_rm_call_init(&ch->call, gpu_rm_fwq(tenant->rm), &tenant->client.caller, ch->buf,
			 sizeof(ch->buf), control_came, ch);
	err = place(ch);
	if (err) {
		free(ch);
		return err;
	}
	err = begin(ch);
	if (err) {
		gpu_channel_release(ch, true);
		leave_table(ch);
		free(ch);
		return err;
	}
	*out = ch;
	return 0;
}

unsigned int gpu_channel_engine(const struct gpu_channel *channel)
{
	return channel->engine;
}

void gpu_channel_ring(struct gpu_channel *channel)
{
	if (channel->step != GPU_CHANNEL_LIVE)
		return;
	gpu_wr32(channel->tenant->gpu, NV_VF_DOORBELL, channel->token);
	gpu_usage_begin(&gpu_rm_fifo(channel->tenant->rm)->usage, channel->tenant->rm);
}

uint32_t gpu_channel_token(const struct gpu_channel *channel)
{
	return channel->token;
}
