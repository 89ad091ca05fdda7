/* SPDX-License-Identifier: MIT */
/*
 * session.c - listens to running firmware, and asks it for the engines (see session.h).
 *
 * The queue is looked at when the GSP interrupts. A timer looks too: often until it is known how the GSP
 * interrupts, and on boards where that cannot be had; once a second otherwise, for firmware that has died
 * says nothing. The cause of the interrupt is cleared before the queue is looked at, so a message
 * that comes meanwhile raises it again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "fwq/view.h"
#include "gpu/core/falcon.h"
#include "gpu/core/fifo/fifo.h"
#include "gpu/core/gpu.h"
#include "gpu/core/gr/graphics.h"
#include "gpu/core/intr.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/rm/session.h"
#include "gpu/core/rm/vectors.h"

#define POLL_BUSY  (HV_MS / 2)	 /* a call waits, and no interrupt will tell */
#define POLL_IDLE  (100 * HV_MS) /* none waits; what comes unasked is news about trouble */
#define POLL_ALIVE HV_S		 /* interrupts tell everything but death */
#define PARAMS	   4096u	 /* bytes; the table of engines has 3.2 KiB in every release */

struct gpu_rm {
	struct gpu *gpu;
	struct gpu_boot *boot;
	const struct fwq_pack *pack;
	struct fwq_rpc *rpc;
	struct gpu_falcon gsp;
	struct fwq_rm rm;
	struct fwq_clients clients;
	struct fwq_client self;
	struct gpu_intr intr;
	struct gpu_intr_source messages;
	struct hv_timer timer;
	bool ended;

	void (*ready)(struct gpu_rm *rm, int err, void *arg);
	void *arg;
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(PARAMS)] __attribute__((aligned(8)));

	struct gpu_engines engines;
	struct gpu_fifo fifo;
	struct gpu_graphics graphics;
	struct gpu_rm_stats stats;
	struct gpu_rm_part *parts;
};

/* ---------------------------------------------------------------- the beginning */

static void is_ready(struct gpu_rm *rm, int err)
{
	void (*ready)(struct gpu_rm * session, int error, void *arg) = rm->ready;

	rm->ready = NULL;
	if (ready && !rm->ended)
		ready(rm, err, rm->arg);
}

/* Ask for the piece that begins with the engine after the last that is known. */
static int ask_engines(struct gpu_rm *rm)
{
	const struct fwq_value values[] = {
		{FWQ_F_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS__baseIndex, rm->engines.n},
	};
	int err = fwq_rm_fill(&rm->call, FWQ_S_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS,
			      values, 1);

	if (err)
		return err;
	return fwq_client_control(&rm->self, &rm->call, FWQ_SUBDEVICE,
				  FWQ_N_NV2080_CTRL_CMD_FIFO_GET_DEVICE_INFO_TABLE,
				  FWQ_S_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS);
}

static void on_interrupt(const struct gpu_intr_vectors *raised, void *arg);

/*
 * From here on the GSP says when there is something to see, and engines when something is done; without that, the
 * timer goes on, and who waits for an engine looks by himself.
 */
static void listen_to_interrupt(struct gpu_rm *rm, uint32_t vector)
{
	int err = gpu_intr_has(vector) ? gpu_intr_open(rm->gpu, &rm->intr) : -EINVAL;

	if (err) {
		hv_log(HV_WARN, "gpu %s: no interrupt on vector %" PRIu32 ": error %d",
		       hv_pci_name(rm->gpu->pci), vector, -err);
		return;
	}
	gpu_intr_add(&rm->intr, &rm->messages, on_interrupt, rm);
	gpu_intr_enable(&rm->intr, &rm->messages, vector, true);
	gpu_awaken_start(&rm->fifo.awaken, &rm->intr, &rm->engines);
}

/* With graphics or without. */
static void graphics_begun(struct gpu_rm *rm)
{
	is_ready(rm, rm->gpu->lost ? -ENODEV : 0);
}

static void got_vectors(struct fwq_rm_call *call, int err)
{
	struct gpu_rm *rm = call->arg;
	uint32_t vector = 0;

	if (rm->ended)
		return;
	if (err)
		gpu_rm_complain(rm, call, err, "its interrupts");
	else
		err = gpu_vector_of_gsp(rm->pack, fwq_rm_reply(call), call->params_len, &vector);
	if (err) {
		hv_log(HV_WARN, "gpu %s: it is not known how the GSP interrupts: error %d",
		       hv_pci_name(rm->gpu->pci), -err);
	} else {
		gpu_vectors_of_engines(rm->pack, fwq_rm_reply(call), call->params_len,
				       &rm->engines);
		listen_to_interrupt(rm, vector);
	}
	gpu_graphics_begin(rm, graphics_begun);
}

/* A control of RM's own client, whose handles the static configuration gave. */
int gpu_rm_internal(struct gpu_rm *rm, struct fwq_rm_call *call, enum fwq_number cmd,
		    enum fwq_struct params)
{
	const struct gpu_static_info *info = gpu_boot_info(rm->boot);

	return fwq_rm_control(call, info->client, info->subdevice, cmd, params);
}

static int ask_vectors(struct gpu_rm *rm)
{
	const enum fwq_struct type = FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS;

	fwq_rm_call_init(&rm->call, &rm->rm, &rm->self.caller, rm->buf, sizeof(rm->buf),
			 got_vectors, rm);
	if (!fwq_rm_params(&rm->call, type))
		return -ENOENT;
	return gpu_rm_internal(rm, &rm->call, FWQ_N_NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE,
			       type);
}

static void got_engines(struct fwq_rm_call *call, int err)
{
	struct gpu_rm *rm = call->arg;
	struct gpu_error why;
	bool more = false;

	if (rm->ended)
		return;
	if (err) {
		gpu_rm_complain(rm, call, err, "its engines");
		is_ready(rm, err);
		return;
	}
	err = gpu_engines_add(rm->pack, fwq_rm_reply(call), call->params_len, &rm->engines, &more,
			      &why);
	if (err)
		hv_log(HV_ERR, "gpu %s: firmware: table of engines: %s", hv_pci_name(rm->gpu->pci),
		       why.text);
	else
		err = more ? ask_engines(rm) : ask_vectors(rm);
	if (err)
		is_ready(rm, err);
}

static void client_made(struct fwq_client *client, int err)
{
	static const char *const steps[] = {"root", "device", "subdevice"};
	struct gpu_rm *rm = client->arg;

	if (rm->ended)
		return;
	if (err) {
		hv_log(HV_ERR, "gpu %s: firmware: no RM client: its %s: error %d",
		       hv_pci_name(rm->gpu->pci), steps[client->step], -err);
		is_ready(rm, err);
		return;
	}
	fwq_rm_call_init(&rm->call, &rm->rm, &client->caller, rm->buf, sizeof(rm->buf), got_engines,
			 rm);
	err = ask_engines(rm);
	if (err) {
		hv_log(HV_ERR, "gpu %s: pack %s: the table of engines cannot be asked for",
		       hv_pci_name(rm->gpu->pci), rm->pack->version);
		is_ready(rm, err);
	}
}

/* ---------------------------------------------------------------- listening */

static void heard(struct gpu_boot *boot, uint32_t function, const uint8_t *payload, uint32_t len,
		  void *arg)
{
	struct gpu_rm *rm = arg;
	char line[FWQ_EVENT_LINE_MAX];
	struct fwq_event ev;

	(void)boot;
	rm->stats.events++;
	if (fwq_event_decode(rm->pack, function, payload, len, &ev)) {
		rm->stats.garbled++;
		hv_log_dom(hv_domid(), HV_WARN,
			   "gpu %s: firmware: event %#" PRIx32 " of %" PRIu32 " bytes is not one",
			   hv_pci_name(rm->gpu->pci), function, len);
		return;
	}
	if (ev.kind == FWQ_EVENT_POST_EVENT) {
		fwq_clients_post(&rm->clients, &ev.post);
		return;
	}
	gpu_fifo_heard(&rm->fifo, &ev);
	/* Guests can provoke these, so the log has a brake. */
	if (fwq_event_log(&ev, line, sizeof(line)))
		hv_log_dom(hv_domid(), HV_WARN, "gpu %s: firmware: %s", hv_pci_name(rm->gpu->pci),
			   line);
}

/* The queue has been looked at: does it still make sense, and is there somebody behind it? */
static const char *death(struct gpu_rm *rm, int polled)
{
	if (polled < 0)
		return "its firmware's queue is broken";
	if (!gpu_falcon_riscv_active(&rm->gsp))
		return "its firmware has halted";
	return NULL;
}

static uint64_t next_look(const struct gpu_rm *rm)
{
	uint64_t now = hv_now(), deadline = fwq_rpc_deadline(rm->rpc);

	if (!rm->intr.gpu)
		return now + (deadline == UINT64_MAX ? POLL_IDLE : POLL_BUSY);
	return deadline < now + POLL_ALIVE ? deadline : now + POLL_ALIVE;
}

/* The firmware will not answer any more: who waits for it is told. */
static void nobody_there(struct gpu_rm *rm, int err)
{
	fwq_rpc_break(rm->rpc);
	fwq_clients_poll(&rm->clients);
	is_ready(rm, err);
}

static void look(struct gpu_rm *rm)
{
	const char *why;
	int ret;

	if (rm->gpu->lost) {
		nobody_there(rm, -ENODEV);
		return;
	}
	rm->stats.polls++;
	gpu_falcon_wr32(&rm->gsp, NV_PFALCON_FALCON_IRQSCLR, NV_PFALCON_FALCON_IRQSTAT_SWGEN0);
	ret = fwq_clients_poll(&rm->clients);
	if (rm->ended)
		return; /* by a callback */
	why = death(rm, ret);
	if (why) {
		if (gpu_answers(rm->gpu))
			gpu_give_up(rm->gpu, why);
		nobody_there(rm, -EIO);
	} else {
		/* When there may be more, others have their turn first. */
		hv_timer_arm(&rm->timer, ret > 0 ? hv_now() : next_look(rm));
	}
}

static void on_timer(struct hv_timer *t)
{
	look((struct gpu_rm *)((char *)t - offsetof(struct gpu_rm, timer)));
}

static void on_interrupt(const struct gpu_intr_vectors *raised, void *arg)
{
	struct gpu_rm *rm = arg;

	(void)raised;
	rm->stats.interrupts++;
	look(rm);
}

/* ---------------------------------------------------------------- coming and going */

int gpu_rm_new(struct gpu *gpu, struct gpu_boot *boot,
	       void (*ready)(struct gpu_rm *rm, int err, void *arg), void *arg, struct gpu_rm **out)
{
	struct gpu_rm *rm = calloc(1, sizeof(*rm));
	int err;

	if (!rm)
		return -ENOMEM;
	rm->gpu = gpu;
	rm->boot = boot;
	rm->pack = gpu_boot_pack(boot);
	rm->rpc = gpu_boot_rpc(boot);
	rm->gsp = gpu_falcon_gsp(gpu);
	rm->timer.fn = on_timer;
	rm->ready = ready;
	rm->arg = arg;
	err = fwq_rm_init(&rm->rm, rm->rpc, rm->pack);
	if (!err)
		err = fwq_clients_init(&rm->clients, &rm->rm);
	if (!err)
		err = fwq_client_create(&rm->clients, &rm->self, 0, client_made, rm);
	if (err) {
		hv_log(HV_ERR, "gpu %s: pack %s: no RM client can be made: error %d",
		       hv_pci_name(gpu->pci), rm->pack->version, -err);
		free(rm);
		return err;
	}
	gpu_boot_on_event(boot, heard, rm);
	hv_timer_arm(&rm->timer, hv_now());
	*out = rm;
	return 0;
}

void gpu_rm_stop(struct gpu_rm *rm)
{
	rm->ended = true;
	gpu_awaken_stop(&rm->fifo.awaken);
	gpu_intr_close(&rm->intr);
	hv_timer_cancel(&rm->timer);
	gpu_fifo_stop(&rm->fifo);
	gpu_boot_on_event(rm->boot, NULL, NULL);
}

void gpu_rm_free(struct gpu_rm *rm)
{
	hv_timer_cancel(&rm->timer);
	while (rm->parts) {
		struct gpu_rm_part *part = rm->parts;

		rm->parts = part->next;
		part->gone(part);
	}
	free(rm);
}

const struct gpu_engines *gpu_rm_engines(const struct gpu_rm *rm)
{
	return &rm->engines;
}

struct fwq_clients *gpu_rm_clients(struct gpu_rm *rm)
{
	return &rm->clients;
}

const struct gpu_rm_stats *gpu_rm_stats(const struct gpu_rm *rm)
{
	return &rm->stats;
}

struct gpu_fifo *gpu_rm_fifo(struct gpu_rm *rm)
{
	return &rm->fifo;
}

struct gpu_graphics *gpu_rm_graphics(struct gpu_rm *rm)
{
	return &rm->graphics;
}

struct fwq_caller *gpu_rm_caller(struct gpu_rm *rm)
{
	return &rm->self.caller;
}

struct gpu *gpu_rm_gpu(const struct gpu_rm *rm)
{
	return rm->gpu;
}

const struct fwq_pack *gpu_rm_pack(const struct gpu_rm *rm)
{
	return rm->pack;
}

struct fwq_rm *gpu_rm_fwq(struct gpu_rm *rm)
{
	return &rm->rm;
}

struct fwq_client *gpu_rm_self(struct gpu_rm *rm)
{
	return &rm->self;
}

bool gpu_rm_stopped(const struct gpu_rm *rm)
{
	return rm->ended;
}

void gpu_rm_join(struct gpu_rm *rm, struct gpu_rm_part *part)
{
	part->next = rm->parts;
	rm->parts = part;
}

void gpu_rm_leave(struct gpu_rm *rm, struct gpu_rm_part *part)
{
	struct gpu_rm_part **link = &rm->parts;

	while (*link != part)
		link = &(*link)->next;
	*link = part->next;
}
