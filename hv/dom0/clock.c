/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the time that waits and rates go by.
 */
#include <time.h>

#include "xvgpu.h"

uint64_t xvgpu_clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}
