/* SPDX-License-Identifier: MIT */
/*
 * sync.c - a call that waits: for the boot steps that run before the event loop does.
 */
#include <errno.h>

#include "fwq/rpc.h"
#include "hv/hv.h"

#define POLL_NS 20000ull /* between looks; a boot call takes milliseconds */

struct wait {
	void *arg; /* the caller's own */
	bool over;
	int err;
};

static void done(struct fwq_call *call, int err)
{
	struct wait *w = call->arg;

	w->over = true;
	w->err = err;
}

int fwq_rpc_call_sync(struct fwq_rpc *rpc, struct fwq_caller *caller, struct fwq_call *call)
{
	struct wait w = {.arg = call->arg};
	int ret;

	call->done = done;
	call->arg = &w;
	ret = fwq_rpc_submit(rpc, caller, call, hv_now());
	while (!ret && !w.over)
		if (!fwq_rpc_poll(rpc, hv_now()) && !w.over)
			hv_delay(POLL_NS);
	call->arg = w.arg;
	return ret ? ret : w.err;
}
