/* SPDX-License-Identifier: MIT */
/*
 * xl.h - domains are made, ended and held by xl, and by nothing else.
 */
#ifndef XVGPU_XL_H
#define XVGPU_XL_H

#include "xvgpu.h"

/*
 * Runs `xl ARGS…` (a list ending with NULL; no shell) with our stderr and waits. Takes err: -EIO when
 * it could not be started or did not succeed.
 */
int xvgpu_xl(struct xvgpu_err *err, const char *const args[]);

#endif /* XVGPU_XL_H */
