/* SPDX-License-Identifier: MIT */
/*
 * common.h - what both ports of hv.h share: log, work and timer queues, hypercall counters.
 *
 * A port keeps one struct hv_common per domain and says which one is running; everything declared
 * in hv.h that needs no more than that is implemented here once.
 */
#ifndef HV_COMMON_H
#define HV_COMMON_H

#include "hv/hv.h"

#define HV_COUNT_NR  64 /* hypercall numbers 0..63 */
#define HV_COUNT_SUB 64 /* sub-operations; larger ones share the last counter */
#define HV_LOG_DOMS  64 /* domains whose log rate is tracked at a time; the oldest is forgotten */

struct hv_log_limit {
	hv_domid_t dom;
	unsigned int lines;	 /* in this second */
	unsigned int suppressed; /* since the last line that got through */
	uint64_t second_start;
	uint64_t last_use;
};

struct hv_common {
	struct hv_work *work_head, *work_tail;
	struct hv_timer *timers; /* ascending deadline */
	struct hv_log_limit limits[HV_LOG_DOMS];
	uint64_t hypercalls[HV_COUNT_NR][HV_COUNT_SUB];
	void (*on_exit)(void);
	struct hv_work exit_work;
	bool exiting;
	int exit_code;
	bool log_debug;
};

/* Provided by the port. */
struct hv_common *hv_common(void);   /* of the running domain */
void hv_port_puts(const char *line); /* one line, without newline, to the domain's console */

/* For the port's loop: runs what is due, at most `max` items; true when anything ran. */
bool hv_common_run_work(unsigned int max);
bool hv_common_run_timers(void);
/* Deadline of the earliest timer, or UINT64_MAX. */
uint64_t hv_common_next_deadline(void);
/* Counts one hypercall. Cheap enough for every call. */
void hv_common_count(unsigned int nr, unsigned int sub);

#endif /* HV_COMMON_H */
