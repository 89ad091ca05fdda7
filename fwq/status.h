/* SPDX-License-Identifier: MIT */
/*
 * status.h - what the firmware's status words mean.
 *
 * RM answers with an NV_STATUS: 0, an error, or a warning, which is a success with a remark. The
 * numbers are the pack's, because a release may renumber them; what a name means to us as an errno
 * is decided here once. The name is kept for the log: an errno says less.
 *
 * Source: NVIDIA/open-gpu-kernel-modules nvstatuscodes.h, nvstatus.h (NV_STATUS_LEVEL).
 */
#ifndef FWQ_STATUS_H
#define FWQ_STATUS_H

#include <stdint.h>

#include "fwq/pack.h"

/*
 * 0 for NV_OK and for warnings; a negative errno for errors; -EIO for errors that no errno tells
 * apart, and for numbers that the pack does not know, warnings among them.
 */
int fwq_status_errno(const struct fwq_pack *pack, uint32_t status);

/* The vendor's name, such as "NV_ERR_NO_MEMORY"; NULL: not in the pack. Static. */
const char *fwq_status_name(const struct fwq_pack *pack, uint32_t status);

#endif /* FWQ_STATUS_H */
