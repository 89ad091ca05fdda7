/* SPDX-License-Identifier: MIT */
/*
 * Stand-in for GSP-RM: its life from the start of the RISC-V core to the unloading.
 *
 * The driver has put the address of an array of memory regions into the GSP's mailboxes: three log
 * buffers, whose pages must lie one behind the other and say so, and RMARGS, which leads to the
 * queues. Before it says that it is up (INIT_DONE), the firmware wants to know the system it is in
 * and the registry; drivers queue both before they start it, or as soon as it runs; and it has the
 * driver reset its core and resume it (gsp_sequencer.c). It answers whenever the doorbell rings.
 *
 * Which structures it uses follows from the release of the image that was loaded. If it cannot start,
 * the core goes inactive again.
 *
 * Sources: OGKM kernel_gsp.c (kgspSetupLibosInitArgs, kgspBootstrapRiscvOSEarly); nouveau
 * gsp/r535.c (r535_gsp_libos_init, r535_gsp_fini).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gsp.h"
#include "host.h"

#define PAGE	 4096u
#define UNLOADED 0x80000000u /* in the GSP's MAILBOX0 */

int model_gsp_create(struct model *m)
{
	m->gsp_rm = calloc(1, sizeof(*m->gsp_rm));
	return m->gsp_rm ? 0 : -ENOMEM;
}

void model_gsp_destroy(struct model *m)
{
	free(m->gsp_rm);
}

void model_gsp_stop(struct model *m)
{
	struct model_gsp *g = m->gsp_rm;

	if (g->layout)
		g->paused = g->sequenced && !g->init_done ? g->layout : NULL;
	g->layout = NULL;
}

void model_gsp_forget(struct model *m)
{
	m->gsp_rm->layout = NULL;
	m->gsp_rm->paused = NULL;
}

static uint64_t id8(const char *name)
{
	uint64_t id = 0;

	while (*name)
		id = id << 8 | (uint8_t)*name++;
	return id;
}

static const struct libos_memory_region_init_argument *
region(const struct libos_memory_region_init_argument *args, const char *name)
{
	for (int i = 0; i < LIBOS_ARGUMENTS && args[i].id8; i++)
		if (args[i].id8 == id8(name))
			return &args[i];
	return NULL;
}

/* The buffer holds, behind a put pointer, the addresses of its pages. */
static bool log_buffer_ok(struct model *m, const struct libos_memory_region_init_argument *log)
{
	uint64_t pages[PAGE / 8];

	if (log->size % PAGE || !log->size || log->size / PAGE >= PAGE / 8 ||
	    model_dma(m, false, log->pa, pages, sizeof(pages)))
		return false;
	for (uint64_t i = 0; i < log->size / PAGE; i++)
		if (pages[1 + i] != log->pa + i * PAGE)
			return false;
	return true;
}

static const char *take_arguments(struct model *m, uint64_t *rmargs)
{
	static const char *const names[] = {"LOGINIT", "LOGINTR", "LOGRM", "RMARGS"};
	struct libos_memory_region_init_argument args[LIBOS_ARGUMENTS];
	uint64_t addr = (uint64_t)m->gsp.mailbox[1] << 32 | m->gsp.mailbox[0];

	if (addr % PAGE || model_dma(m, false, addr, args, sizeof(args)))
		return "the arguments cannot be read";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct libos_memory_region_init_argument *arg = region(args, names[i]);

		if (!arg)
			return "a region is missing";
		if (arg->kind != LIBOS_MEMORY_REGION_CONTIGUOUS ||
		    arg->loc != LIBOS_MEMORY_REGION_LOC_SYSMEM || arg->pa % PAGE)
			return "kind, place or alignment of a region";
		if (i < 3 && !log_buffer_ok(m, arg))
			return "a log buffer's pages are not contiguous, or it does not list them";
		*rmargs = arg->pa;
	}
	return NULL;
}

bool model_gsp_start(struct model *m, const uint8_t *image, uint64_t size)
{
	struct model_gsp *g = m->gsp_rm;
	const char *wrong;
	uint64_t rmargs;

	memset(g, 0, sizeof(*g));
	model_rm_reset(&g->rm);
	g->layout = m->firmware.release ? model_gsp_layout(m->firmware.release)
					: model_gsp_layout_in(image, size);
	wrong = g->layout ? take_arguments(m, &rmargs) : "a release that the model does not know";
	if (wrong || !model_gsp_queue_start(m, rmargs)) {
		if (wrong)
			model_log(m, "GSP stand-in: cannot start: %s", wrong);
		g->layout = NULL;
		return false;
	}
	model_log(m, "GSP stand-in: up, in the layout of %s", g->layout->release);
	model_gsp_doorbell(m);
	return true;
}

void model_gsp_doorbell(struct model *m)
{
	const struct rpc_message_header *rpc;
	struct model_gsp *g = m->gsp_rm;

	if (!g->layout || m->gsp.in_reset)
		return;
	model_host_pass(m);
	while (g->layout && (rpc = model_gsp_receive(m)) != NULL)
		model_gsp_answer(m, rpc);
	if (g->layout && g->system_info && g->registry && !g->sequenced) {
		g->sequenced = true;
		model_gsp_sequence(m);
	}
}

bool model_gsp_resume(struct model *m)
{
	struct model_gsp *g = m->gsp_rm;
	uint32_t not_used = 0;

	if (!g->paused || !model_gsp_sequence_done(m)) {
		model_log(m, "GSP stand-in: not resumed: %s",
			  g->paused ? "its program was not carried out" : "it does not wait");
		return false;
	}
	g->layout = g->paused;
	g->paused = NULL;
	g->init_done = true;
	model_rm_bars_start(m);
	model_gsp_send(m, NV_VGPU_MSG_EVENT_GSP_INIT_DONE, 0, 0, &not_used, sizeof(not_used));
	model_log(m, "GSP stand-in: INIT_DONE sent");
	model_milestone(m, "init-done");
	model_gsp_doorbell(m);
	return true;
}

void model_gsp_unloaded(struct model *m)
{
	model_log(m, "GSP stand-in: unloaded");
	m->gsp.mailbox[0] = UNLOADED;
	model_rm_bars_stop(m);
	model_host_channels_reset(m);
	model_gsp_forget(m);
}
