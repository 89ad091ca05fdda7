/* SPDX-License-Identifier: MIT */
/*
 * start.c - from the first C function to the image's start function, and the end of the domain.
 *
 * Bring-up order, each step needing the ones before: console ring (so that a failure can be told),
 * traps, memory, shared page, events, time, grants, xenstore, shutdown requests, image.
 */
#include <stdio.h>
#include <string.h>

#include "hv/xen/console.h"
#include "hv/xen/evtchn.h"
#include "hv/xen/gnttab.h"
#include "hv/xen/hypercall.h"
#include "hv/xen/loop.h"
#include "hv/xen/mm.h"
#include "hv/xen/time.h"
#include "hv/xen/traps.h"
#include "hv/xen/xen.h"

#define ARGS_MAX 64

extern const hv_start_fn hv_image_start; /* HV_IMAGE() */

struct start_info *hv_xen_start_info;
struct shared_info *hv_xen_shared_info;

static struct hv_common common;

struct hv_common *hv_common(void)
{
	return &common;
}

void hv_xen_shutdown(unsigned int reason)
{
	struct sched_shutdown op = {.reason = reason};

	hv_xen_console_flush();
	for (;;)
		hv_hypercall_sched(SCHEDOP_shutdown, &op);
}

/* Address behind the last thing the builder placed: everything up to there is in use. */
static uintptr_t builder_end(uintptr_t stack_top)
{
	const struct start_info *si = hv_xen_start_info;
	const uintptr_t ends[] = {
		(uintptr_t)hv_xen_image_end,
		(uintptr_t)si + HV_PAGE_SIZE,
		si->mod_len ? si->mod_start + si->mod_len : 0,
		si->mfn_list + si->nr_pages * sizeof(uint64_t),
		(uintptr_t)hv_xen_mfn_to_va(si->store_mfn) + HV_PAGE_SIZE,
		(uintptr_t)hv_xen_mfn_to_va(si->console.domU.mfn) + HV_PAGE_SIZE,
		si->pt_base + si->nr_pt_frames * HV_PAGE_SIZE,
		stack_top,
	};
	uintptr_t end = 0;
	unsigned int i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i] > end)
			end = ends[i];
	return end;
}

/* Words separated by blanks; no quoting. argv[argc] is NULL. */
static int split(char *line, char **argv)
{
	int argc = 0;
	char *save, *word = strtok_r(line, " \t\n", &save);

	for (; word && argc < ARGS_MAX; word = strtok_r(NULL, " \t\n", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static void map_shared_info(void)
{
	HV_CHECK(hv_xen_map_page(HV_XEN_SHARED_INFO, hv_xen_start_info->shared_info | PTE_DATA) ==
		 0);
	hv_xen_shared_info = (struct shared_info *)HV_XEN_SHARED_INFO;
}

static int run_image(void)
{
	static char line[MAX_GUEST_CMDLINE];
	static char *argv[ARGS_MAX + 1];
	int err, argc;

	memcpy(line, hv_xen_start_info->cmd_line, sizeof(line) - 1);
	argc = split(line, argv);
	err = hv_xen_xs_start();
	if (err != 0) {
		hv_log(HV_ERR, "xenstore: no connection: %d", err);
		return err;
	}
	err = hv_xen_shutdown_init();
	if (err != 0) {
		hv_log(HV_ERR, "xenstore: control/shutdown cannot be watched: %d", err);
		return err;
	}
	err = hv_image_start(argc, argv);
	if (err < 0) {
		hv_log(HV_ERR, "start failed: %d", err);
		return err;
	}
	return hv_xen_loop();
}

/* Called by boot.S on our own stack. */
void hv_xen_start(struct start_info *si, uintptr_t builder_stack_top);

void hv_xen_start(struct start_info *si, uintptr_t builder_stack_top)
{
	int code;

	hv_xen_start_info = si;
	hv_xen_p2m = (uint64_t *)si->mfn_list;
	hv_xen_console_init();
	hv_xen_traps_init();
	hv_xen_mm_init(builder_end(builder_stack_top));
	map_shared_info();
	hv_xen_events_init();
	hv_xen_time_init();
	hv_xen_console_attach();
	hv_xen_gnttab_init();
	hv_log(HV_INFO, "xen-vgpu: domain %u, %lu KiB, %u pages free", hv_domid(),
	       si->nr_pages * (HV_PAGE_SIZE / 1024), hv_pages_free_count());

	code = run_image();
	hv_xen_pci_stop();
	fflush(stdout);
	if (code != 0)
		hv_log(HV_ERR, "ending with code %d", code);
	hv_xen_shutdown(hv_xen_shutdown_reason(code));
}
