/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * ring.h - vgpuif.h includes <xen/io/ring.h>, as Xen's tree names it; the kernel keeps it here.
 */
#include <xen/interface/io/ring.h>
