/* SPDX-License-Identifier: MIT */
/* Why something was refused, in one line for a person: it names the object and the value. */
#ifndef GPU_CORE_ERROR_H
#define GPU_CORE_ERROR_H

#include <stdio.h>

struct gpu_error {
	char text[200];
};

/* Fills err, and is `ret`: `return gpu_fail(err, -EINVAL, "…", …);` */
#define gpu_fail(err, ret, ...) (snprintf((err)->text, sizeof((err)->text), __VA_ARGS__), (ret))

#endif /* GPU_CORE_ERROR_H */
