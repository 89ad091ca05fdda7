/* SPDX-License-Identifier: MIT */
/*
 * firmware.h - the parts of the responder, which acts as firmware of the release whose headers it was
 * compiled against: transport (fw_queue.c), resource manager (fw_rm.c) and its controls
 * (fw_controls.c), boot, events and plain calls (fw_main.c).
 *
 * It is no part of fwq and shares nothing with it: not one header, and no pack. Whatever the driver
 * does wrong ends with a message on stderr: fw_die() where the release's rules for the queue are broken
 * and nothing after it would mean anything, fw_refuse() where the answer can carry a status.
 */
#ifndef SCRAMBLE_FIRMWARE_H
#define SCRAMBLE_FIRMWARE_H

#include "agreed.h"
#include "vendor.h"

/* One call, put together from its records. */
struct fw_call {
	NvU32 function, sequence;
	NvU8 *data; /* payload */
	NvU32 len;
};

/* Ends the program: exit 3. */
void fw_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void fw_expect(const char *what, NvU64 have, NvU64 want);
/* Says what is refused, counts it, and gives the status back. */
NvU32 fw_refuse(NvU32 status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
extern NvU32 fw_refused;

/*
 * In a handler with parameters `p`: a field that did not arrive as it was sent ends the handler with a
 * refusal; a field, or each element of an array, gets or has what agreed.h says.
 */
#define SAME(have, want)                                                                           \
	do {                                                                                       \
		if ((NvU64)(have) != (NvU64)(want))                                                \
			return fw_refuse(NV_ERR_INVALID_ARGUMENT, "%s is 0x%llx, not 0x%llx",      \
					 #have, (unsigned long long)(have),                        \
					 (unsigned long long)(want));                              \
	} while (0)
#define IS_AT(path, i)	SAME(p->path, a_value(#path, i, sizeof(p->path)))
#define IS(path)	IS_AT(path, 0)
#define SET_AT(path, i) (p->path = a_value(#path, i, sizeof(p->path)))
#define SET(path)	SET_AT(path, 0)
#define IS_ALL(path)                                                                               \
	do {                                                                                       \
		for (NvU32 k = 0; k < NV_ARRAY_ELEMENTS(p->path); k++)                             \
			SAME(p->path[k], a_value(#path, k, sizeof(p->path[k])));                   \
	} while (0)
#define SET_ALL_AT(path, i)                                                                        \
	do {                                                                                       \
		for (NvU32 k = 0; k < NV_ARRAY_ELEMENTS(p->path); k++)                             \
			p->path[k] = a_value(#path, (i) + k, sizeof(p->path[k]));                  \
	} while (0)

/* ---- fw_queue.c */
struct fw_options {
	int memory;    /* the file that stands for the machine's memory */
	int doorbell;  /* eventfd: the driver has written */
	int interrupt; /* eventfd: we have */
	int echo;      /* a reply repeats its call's sequence number */
};

/* Finds RMARGS, the page table and the command queue, checks them, and sets up the status queue. */
const GSP_ARGUMENTS_CACHED *fw_attach(const struct fw_options *o);
/* Waits for the next call; the data is valid until the next. */
void fw_receive(struct fw_call *call);
/* Sends a message in as many records as it needs; between(n) is called after record n but the last. */
void fw_send(NvU32 function, NvU32 sequence, NvU32 result, const void *payload, NvU32 len,
	     void (*between)(NvU32 record));
void fw_event(NvU32 function, const void *payload, NvU32 len);

/* ---- fw_rm.c */
void fw_alloc(struct fw_call *call);
void fw_control(struct fw_call *call);
void fw_free(struct fw_call *call);
void fw_dup(struct fw_call *call);
NvU32 fw_objects(void); /* how many live */

/* ---- fw_controls.c */
/* What happens after the answer to a control. */
struct fw_later {
	NvU32 notifier;
	NvBool notify, channel;
};
/* The status; params are changed in place. */
NvU32 fw_run_control(NvU32 cmd, NvU32 class, void *params, NvU32 size, struct fw_later *later);

/* ---- fw_main.c */
/* The answer to `call`. */
void fw_answer(const struct fw_call *call, NvU32 result, void (*between)(NvU32 record));
/* Tells a subscriber, given by its handles, or all of the notifier. */
void fw_notify(NvU32 client, NvU32 event, NvU32 notifier, NvBool all);
void fw_error_log(void);
/* A channel's error, and what else may come at any time. */
void fw_channel_error(void);

#endif /* SCRAMBLE_FIRMWARE_H */
