/* SPDX-License-Identifier: MIT */
/*
 * rpc.h - calls to the firmware, their replies, and events, over one pair of queues.
 *
 * A call is asynchronous: fwq_rpc_submit() queues it, done() is called exactly once later, from
 * fwq_rpc_poll() (or from submit, see there). Callers (guests, ourselves) take turns, and each has at
 * most one call with the firmware at a time, so that nobody can crowd others out. Neither done() nor
 * event() may poll. A message longer
 * than a record goes as one record with its function and as many continuation records as it needs,
 * with nothing of ours in between; long replies come back in the same way.
 *
 * The wire does not say how long a long reply is. As in NVIDIA's and nouveau's clients, the caller
 * knows: a reply ends when reply_size bytes have come, or with the first record that is not full, or
 * at once when it reports an error.
 *
 * Which call a reply belongs to: function and sequence number. Firmware that does not repeat
 * sequence numbers (params: echoes_sequence 0) gets a function only once at a time, and after a
 * time-out not again before the late reply has come; so a late reply is never mistaken for another.
 *
 * Trouble. A time-out ends the call with -ETIMEDOUT; its late reply is dropped and counted. A reply
 * whose records are lost or interrupted ends its call with -EIO. When a message has gone out in part
 * and its time is over, or the queue is broken, no later message would be understood: all calls, then
 * and later, end with -EIO until the owner starts the firmware and this afresh.
 *
 * Sources: nouveau r535/rpc.c; NVIDIA/open-gpu-kernel-modules rpc.c (_issueRpcLarge).
 */
#ifndef FWQ_RPC_H
#define FWQ_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include "fwq/queue.h"

#define FWQ_MESSAGE_MAX	 0x400000u /* payload of a call or a reply, ours: 4 MiB */
#define FWQ_POLL_RECORDS 64u	   /* records looked at per poll */
#define FWQ_OWED_MAX	 16u	   /* functions whose late reply is awaited (no echo) */

/*
 * One call. The caller owns the structure, request and reply, and leaves them alone between submit
 * and done.
 */
struct fwq_call {
	uint32_t function;
	uint32_t request_len; /* payload bytes, without the RPC header */
	const void *request;  /* the payload, unless fill is set */
	/* Writes payload bytes [offset, offset + len) in place, into the ring; not called twice. */
	void (*fill)(struct fwq_call *call, uint32_t offset, void *dst, uint32_t len);
	void *reply;	     /* where the reply's payload goes */
	uint32_t reply_size; /* most that is welcome; 0: the payload is not wanted */
	bool one_way;	     /* the firmware sends no reply: done when sent */
	uint64_t timeout;    /* ns from submit, above 0 */
	/* err 0: answered (result and reply_len are set) or, one_way, sent. */
	void (*done)(struct fwq_call *call, int err);
	void *arg;

	uint32_t result;    /* rpc_result, the firmware's word: 0 is success */
	uint32_t reply_len; /* bytes in reply */

	/* The RPC layer's. */
	struct fwq_call *next;
	struct fwq_caller *caller;
	uint64_t deadline;
	uint32_t sequence; /* of its first record */
	uint32_t sent;	   /* payload bytes published */
	uint32_t records;  /* published */
};

/* One who calls. Owned by the user; the fields are the RPC layer's. */
struct fwq_caller {
	struct fwq_caller *next;
	struct fwq_call *first, *last; /* not begun yet */
	struct fwq_call *flight;       /* with the firmware, or on the way to it */
};

struct fwq_rpc_stats {
	uint64_t calls, replies, events;
	uint64_t timeouts;
	uint64_t unexpected;  /* replies without a call: late, duplicate, invented */
	uint64_t stray;	      /* continuation records that continue nothing */
	uint64_t bad_headers; /* wrong signature or header version */
	uint64_t cut_replies; /* long replies that were interrupted */
};

struct fwq_rpc {
	struct fwq_queue *q;
	const struct fwq_params *p;
	/* An event: payload is valid during the call. May submit calls. */
	void (*event)(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload, uint32_t len);
	void *arg;

	struct fwq_caller *callers;  /* all; the next to be served is the first */
	struct fwq_call *sending;    /* gone out in part, or about to */
	struct fwq_call *assembling; /* its reply has come in part */
	uint64_t gaps;		     /* of the queue, when that began */
	uint32_t sequence;
	uint32_t owed[FWQ_OWED_MAX]; /* functions with a late reply to come */
	uint32_t owed_n;
	bool pumping;
	bool broken;
	struct fwq_rpc_stats stats;
};

/* q is initialised and outlives rpc. */
void fwq_rpc_init(struct fwq_rpc *rpc, struct fwq_queue *q,
		  void (*event)(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload,
				uint32_t len),
		  void *arg);

void fwq_rpc_caller_add(struct fwq_rpc *rpc, struct fwq_caller *caller);
/*
 * End its calls with -ECANCELED and forget it. -EBUSY, and nothing has happened: a call of its has
 * gone out in part and must go on; try again after a poll. done() may not submit for this caller.
 */
int fwq_rpc_caller_remove(struct fwq_rpc *rpc, struct fwq_caller *caller);

/*
 * Queue a call and send what can be sent. 0: done() will be called, a one-way call's perhaps before
 * this returns. -EINVAL: no timeout, lengths above FWQ_MESSAGE_MAX, or a function that is an event
 * or the continuation; -EIO: broken. On an error done() is not called.
 */
int fwq_rpc_submit(struct fwq_rpc *rpc, struct fwq_caller *caller, struct fwq_call *call,
		   uint64_t now);

/*
 * After an interrupt, and at fwq_rpc_deadline(): take in what has come, end what is late, send.
 * Looks at no more than FWQ_POLL_RECORDS records; 1: there may be more, call again soon; 0; -EIO:
 * broken.
 */
int fwq_rpc_poll(struct fwq_rpc *rpc, uint64_t now);

/* The firmware is dead, whoever found out: every call ends with -EIO, and so does all that comes later. */
void fwq_rpc_break(struct fwq_rpc *rpc);

/* When poll must run at the latest; UINT64_MAX: no call waits. */
uint64_t fwq_rpc_deadline(const struct fwq_rpc *rpc);

/*
 * For boot only, before there is an event loop: submit, and poll until it is done; call->done is
 * overwritten. Returns what done() would have been given, or submit's error.
 */
int fwq_rpc_call_sync(struct fwq_rpc *rpc, struct fwq_caller *caller, struct fwq_call *call);

#endif /* FWQ_RPC_H */
