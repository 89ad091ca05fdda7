/* SPDX-License-Identifier: MIT */
/*
 * shutdown.c - what the toolstack asks of a domain through control/shutdown.
 *
 * xl writes a word there and waits for the domain to clear it and then to end (xen's
 * docs/misc/xenstore-paths.pandoc). This domain cannot be suspended: the GPU's state cannot travel.
 * So no feature-suspend is offered, a "suspend" is left standing unacknowledged, and xl's attempt
 * fails after its own time-out.
 */
#include <errno.h>
#include <string.h>

#include "hv/xen/xen.h"

#include <xen/sched.h>

/*
 * What the toolstack has asked for (SHUTDOWN_*), or -1. It gets that, however an image ends that is
 * told to end.
 */
static int asked = -1;

unsigned int hv_xen_shutdown_reason(int code)
{
	if (asked >= 0)
		return (unsigned int)asked;
	return code == 0 ? SHUTDOWN_poweroff : SHUTDOWN_crash;
}

static void on_request(struct hv_xs_watch *w, const char *changed)
{
	static bool said_no;
	char word[16];
	int ret = hv_xs_read(HV_XS_NONE, w->path, word, sizeof(word));

	(void)changed;
	if (ret == -ENOENT || !ret)
		return; /* nothing asked, or our own acknowledgement */
	if (ret < 0) {
		hv_log(HV_WARN, "control/shutdown: unreadable: error %d", -ret);
		return;
	}
	if (!strcmp(word, "suspend")) {
		if (!said_no)
			hv_log(HV_WARN, "control/shutdown: suspend refused: a GPU cannot be saved");
		said_no = true;
		return;
	}
	ret = hv_xs_write(HV_XS_NONE, w->path, "");
	if (ret)
		hv_log(HV_WARN, "control/shutdown: %s not acknowledged: error %d", word, -ret);
	if (!strcmp(word, "poweroff") || !strcmp(word, "halt") || !strcmp(word, "reboot")) {
		hv_log(HV_INFO, "control/shutdown: %s", word);
		asked = strcmp(word, "reboot") ? SHUTDOWN_poweroff : SHUTDOWN_reboot;
		hv_exit(0);
	} else {
		hv_log(HV_WARN, "control/shutdown: \"%s\" is unknown, ignored", word);
	}
}

int hv_xen_shutdown_init(void)
{
	static const char *const offered[] = {"control/feature-poweroff", "control/feature-reboot"};
	static struct hv_xs_watch watch = {.path = "control/shutdown", .fn = on_request};

	for (unsigned int i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
		int ret = hv_xs_write(HV_XS_NONE, offered[i], "1");

		if (ret) /* the toolstack did not give us the node; shutdown works all the same */
			hv_log(HV_DEBUG, "%s: not written: error %d", offered[i], -ret);
	}
	return hv_xs_watch(&watch);
}
