/* SPDX-License-Identifier: MIT */
/*
 * steps_talk.c - steps that talk to GSP-RM through its queues.
 *
 * While the firmware starts, a message that is damaged or missing ends the boot at once: what it was
 * cannot be known, and waiting for it would only end in a less clear error.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fwq/event.h"
#include "fwq/status.h"
#include "fwq/view.h"
#include "gpu/core/boot/boot_int.h"
#include "gpu/core/boot/system_info.h"
#include "gpu/core/regs_falcon.h"

#define QUEUE_TIMEOUT	  HV_S
#define INIT_DONE_TIMEOUT (20 * HV_S) /* without a message; NVIDIA's driver waits several seconds */
#define SCRIPTS_TIMEOUT	  (60 * HV_S) /* all that it has us do while it starts */
#define CALL_TIMEOUT	  (4 * HV_S)
#define UNLOADED_TIMEOUT  (2 * HV_S) /* as nouveau's r535_gsp_fini */

#define MAILBOX0_UNLOADED (1u << 31) /* GSP-RM has let go (nouveau, r535_gsp_fini) */

/* ---------------------------------------------------------------- calls */

static void over(struct fwq_call *call, int err)
{
	struct gpu_boot *b = call->arg;

	b->call_over = true;
	b->call_err = err;
}

/* Begin b->call with request bytes in b->call_buf. */
static int submit(struct gpu_boot *b, uint32_t function, uint32_t request_len, uint32_t reply_size,
		  bool one_way, uint64_t timeout)
{
	int err;

	b->call_over = false;
	b->call_err = 0;
	b->call = (struct fwq_call){
		.function = function,
		.request_len = request_len,
		.request = b->call_buf,
		.reply = b->reply,
		.reply_size = reply_size,
		.one_way = one_way,
		.timeout = timeout,
		.done = over,
		.arg = b,
	};
	err = fwq_rpc_submit(&b->channel.rpc, &b->channel.caller, &b->call, hv_now());
	return err ? gpu_boot_fail(b, err, "function %" PRIu32 " cannot be queued", function) : 0;
}

/* A call before the firmware runs: there is room, so it is in the queue when this returns. */
static int queue(struct gpu_boot *b, uint32_t function, int len, const struct gpu_error *why)
{
	int err;

	if (len < 0)
		return gpu_boot_fail(b, len, "%s", why->text);
	err = submit(b, function, (uint32_t)len, 0, true, QUEUE_TIMEOUT);
	if (!err && (!b->call_over || b->call_err))
		err = gpu_boot_fail(b, -EIO, "function %" PRIu32 " does not fit into the queue",
				    function);
	return err;
}

static int get_buffers(struct gpu_boot *b, uint32_t reply)
{
	if (!b->call_buf)
		b->call_buf = malloc(GPU_CALL_MAX);
	if (reply && !b->reply)
		b->reply = malloc(reply);
	if (!b->call_buf || (reply && !b->reply))
		return gpu_boot_fail(b, -ENOMEM, "no memory for a call");
	memset(b->call_buf, 0, GPU_CALL_MAX);
	return 0;
}

int gpu_step_queue_system_info(struct gpu_boot *b)
{
	struct gpu_error why;
	int err = get_buffers(b, 0);

	return err ? err
		   : queue(b, fwq_num(b->pack, NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO),
			   gpu_system_info_write(b->gpu, b->pack, b->call_buf, &why), &why);
}

int gpu_step_queue_registry(struct gpu_boot *b)
{
	struct gpu_error why;
	int err = get_buffers(b, 0);

	return err ? err
		   : queue(b, fwq_num(b->pack, NV_VGPU_MSG_FUNCTION_SET_REGISTRY),
			   gpu_registry_write(b->pack, b->call_buf, &why), &why);
}

/* ---------------------------------------------------------------- listening */

static void start_event(struct gpu_boot *b, const struct fwq_event *ev)
{
	char line[FWQ_EVENT_LINE_MAX];

	switch (ev->kind) {
	case FWQ_EVENT_INIT_DONE:
		b->init_done = true;
		b->cost = (struct gpu_boot_cost){hv_hypercalls_total(), hv_copied()};
		return;
	case FWQ_EVENT_RUN_CPU_SEQUENCER:
		/* An error stays in the script and is found by the step. */
		if (gpu_script_add(&b->script, ev->script.at, ev->script.len) && !b->call_err)
			b->call_err = -EPROTO;
		return;
	default:
		if (fwq_event_log(ev, line, sizeof(line)))
			hv_log(HV_WARN, "gpu %s: firmware: %s", hv_pci_name(b->gpu->pci), line);
	}
}

void gpu_boot_heard(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload, uint32_t len)
{
	struct gpu_boot *b = rpc->arg;
	struct fwq_event ev;

	if (b->state == GPU_BOOT_RUNNING && b->event) {
		b->event(b, function, payload, len, b->event_arg);
		return;
	}
	if (fwq_event_decode(b->pack, function, payload, len, &ev)) {
		hv_log(HV_WARN,
		       "gpu %s: firmware: event %#" PRIx32 " of %" PRIu32 " bytes is not one",
		       hv_pci_name(b->gpu->pci), function, len);
		return;
	}
	if (b->state == GPU_BOOT_STARTING)
		start_event(b, &ev);
}

/* Take in what has come. 0, or an error: what is heard cannot be relied on. */
static int listen(struct gpu_boot *b)
{
	const struct fwq_queue_stats *q = &b->channel.queue.stats;
	const struct fwq_rpc_stats *r = &b->channel.rpc.stats;

	gpu_falcon_wr32(&b->gsp, NV_PFALCON_FALCON_IRQSCLR, NV_PFALCON_FALCON_IRQSTAT_SWGEN0);
	if (fwq_rpc_poll(&b->channel.rpc, hv_now()) < 0)
		return gpu_boot_fail(b, -EIO, "the firmware's queue is broken");
	if (b->state == GPU_BOOT_STARTING &&
	    (q->bad_records || q->gaps || q->old || r->bad_headers))
		return gpu_boot_fail(b, -EIO,
				     "messages of the firmware are damaged (%" PRIu64
				     ", headers %" PRIu64 "), missing (%" PRIu64
				     ") or old (%" PRIu64 ")",
				     q->bad_records, r->bad_headers, q->gaps, q->old);
	return 0;
}

static void prepare_script(struct gpu_boot *b)
{
	b->script.gsp = b->gsp;
	b->script.sec2 = b->sec2;
	b->script.pack = b->pack;
	b->script.libos = b->libos.addr;
	b->script.app_version = b->fw->bootloader.app_version;
}

int gpu_step_run_sequencer_until_init_done(struct gpu_boot *b)
{
	int ret;

	if (!b->stage) {
		prepare_script(b);
		b->call_err = 0;
		b->started = hv_now();
		b->stage = 1;
	}
	if (!b->script.queued) {
		ret = listen(b);
		if (ret)
			return ret;
	}
	if (b->call_err)
		return gpu_boot_fail(b, b->call_err, "%s", b->script.error.text);
	if (b->script.queued && hv_now() - b->started >= SCRIPTS_TIMEOUT)
		return gpu_boot_fail(b, -ETIMEDOUT,
				     "the firmware's scripts do not end (%" PRIu32 " commands)",
				     b->script.commands);
	if (b->script.queued) {
		b->deadline = 0; /* it works: its silence is counted from the script's end */
		ret = gpu_script_step(&b->script);
		return ret < 0 ? gpu_boot_fail(b, ret, "%s", b->script.error.text) : GPU_STEP_WAIT;
	}
	if (b->init_done)
		return 0;
	if (!gpu_boot_late(b, INIT_DONE_TIMEOUT))
		return GPU_STEP_WAIT;
	return gpu_boot_fail(b, -ETIMEDOUT,
			     "the firmware does not say that it is up (%" PRIu64
			     " messages, RISC-V %08" PRIx32 ", mailbox 0 %08" PRIx32 ")",
			     b->channel.queue.stats.received, gpu_falcon_riscv_status(&b->gsp),
			     gpu_falcon_rd32(&b->gsp, NV_PFALCON_FALCON_MAILBOX0));
}

/* Wait for b->call. 0: answered without an error. */
static int wait_call(struct gpu_boot *b)
{
	int err = listen(b);

	if (err)
		return err;
	if (!b->call_over)
		return GPU_STEP_WAIT;
	if (b->call_err)
		return gpu_boot_fail(b, b->call_err, "function %" PRIu32 ": no answer",
				     b->call.function);
	if (b->call.result)
		return gpu_boot_fail(b, -EIO,
				     "function %" PRIu32 ": the firmware answers %#" PRIx32,
				     b->call.function, b->call.result);
	return 0;
}

int gpu_step_get_static_info(struct gpu_boot *b)
{
	uint32_t size = gpu_static_info_size(b->pack);
	struct gpu_error why;
	int ret;

	if (!b->stage) {
		if (!size || size > GPU_CALL_MAX)
			return gpu_boot_fail(b, -EINVAL,
					     "pack %s: GspStaticConfigInfo of %" PRIu32 " bytes",
					     b->pack->version, size);
		ret = get_buffers(b, size);
		if (!ret)
			ret = submit(b, fwq_num(b->pack, NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO),
				     size, size, false, CALL_TIMEOUT);
		if (ret)
			return ret;
		b->stage = 1;
	}
	ret = wait_call(b);
	if (ret)
		return ret;
	ret = gpu_static_info_decode(b->pack, b->reply, b->call.reply_len, b->gpu->info.vram_size,
				     &b->info, &why);
	return ret ? gpu_boot_fail(b, ret, "%s", why.text) : 0;
}

/* ---------------------------------------------------------------- goodbye */

int gpu_step_say_goodbye(struct gpu_boot *b)
{
	uint32_t size = fwq_sizeof(b->pack, FWQ_S_rpc_unloading_guest_driver_v);
	int err;

	if (!b->stage) {
		/* All zero: not for a suspend, to power level 0. */
		err = size > GPU_CALL_MAX
			      ? gpu_boot_fail(b, -EINVAL,
					      "pack %s: UNLOADING_GUEST_DRIVER of %" PRIu32
					      " bytes",
					      b->pack->version, size)
			      : get_buffers(b, 0);
		if (!err)
			err = submit(b,
				     fwq_num(b->pack, NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER),
				     size, 0, false, CALL_TIMEOUT);
		if (err)
			return err;
		b->stage = 1;
	}
	return wait_call(b);
}

int gpu_step_wait_unloaded(struct gpu_boot *b)
{
	uint32_t mailbox = gpu_falcon_rd32(&b->gsp, NV_PFALCON_FALCON_MAILBOX0);

	if (mailbox & MAILBOX0_UNLOADED)
		return 0;
	if (!gpu_boot_late(b, UNLOADED_TIMEOUT))
		return GPU_STEP_WAIT;
	return gpu_boot_fail(b, -ETIMEDOUT, "GSP mailbox 0 stays %08" PRIx32, mailbox);
}
