/* SPDX-License-Identifier: MIT */
/*
 * complain.c - a call that went wrong, in the log: in the same words whoever made it.
 *
 * Guests can provoke such calls, so the log has a brake.
 */
#include <stdarg.h>
#include <stdio.h>

#include "gpu/core/gpu.h"
#include "gpu/core/rm/session.h"

#define WHAT 64u

void gpu_rm_complain(const struct gpu_rm *rm, const struct fwq_rm_call *call, int err,
		     const char *fmt, ...)
{
	char text[FWQ_RM_TEXT], what[WHAT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	hv_log_dom(hv_domid(), HV_WARN, "gpu %s: firmware: %s: %s",
		   hv_pci_name(gpu_rm_gpu(rm)->pci), what, fwq_rm_text(call, err, text));
}
