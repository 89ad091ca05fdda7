/* SPDX-License-Identifier: MIT */
/*
 * session.h - the time in which the firmware runs: somebody listens to it, asks it, and notices its death.
 *
 * A session begins when boot is over (boot.h) and ends before the firmware is unloaded. It looks at the
 * message queue when the GSP interrupts, and now and then without being asked; hands events to whom they
 * are for; and logs what the firmware reports about itself. At its beginning it makes an RM client of the
 * driver domain's own and asks which engines the board has, how the GSP interrupts, and, where there are
 * graphics, has them made ready (gr/graphics.h). Where the GSP does not interrupt,
 * or the platform has no interrupts, the queue is looked at ten times a second.
 *
 * Death of the firmware: its queue's header breaks, or its core halts. Nothing that runs on the GPU can be
 * stopped then, so the GPU is given up (gpu_give_up()): bus mastering is taken away, and who waits for
 * gpu_on_lost() is told, as for a GPU that fell off the bus. However it was lost: the session notices within a
 * second, and every call that waits for the firmware ends with -EIO then.
 *
 * Source: nouveau, r535/gsp.c (r535_gsp_intr, r535_gsp_msgq_work).
 */
#ifndef GPU_RM_SESSION_H
#define GPU_RM_SESSION_H

#include "fwq/client.h"
#include "gpu/core/boot/boot.h"
#include "gpu/core/rm/engines.h"

struct gpu_rm;
struct gpu_fifo;

struct gpu_rm_stats {
	uint64_t polls;	     /* looks at the queue */
	uint64_t interrupts; /* of them, because the GSP had interrupted */
	uint64_t events;     /* told to us unasked */
	uint64_t garbled;    /* of them, those that are none */
};

/* Something that cannot be without the session. */
struct gpu_rm_part {
	struct gpu_rm_part *next;
	void (*gone)(struct gpu_rm_part
			     *part); /* free it: the firmware has ended, nobody is to be called */
};

/*
 * Begin a session with the firmware that runs (GPU_BOOT_RUNNING); gpu and boot outlive it. 0: ready(rm,
 * err, arg) will be called once from the loop: 0, the engines are known; or why they are not, and the
 * session is of no use (logged). -ENOMEM, -EINVAL (logged): the pack lacks what sessions need.
 */
int gpu_rm_new(struct gpu *gpu, struct gpu_boot *boot,
	       void (*ready)(struct gpu_rm *rm, int err, void *arg), void *arg,
	       struct gpu_rm **out);
/*
 * Nothing looks at the firmware any more and nobody is called: before gpu_boot_stop(), gpu_boot_stop_now() or
 * gpu_boot_free(). Calls that are under way end with the firmware, so the memory stays until then.
 */
void gpu_rm_stop(struct gpu_rm *rm);
/* After the firmware has ended. */
void gpu_rm_free(struct gpu_rm *rm);

/* Both: from ready(rm, 0) on. */
const struct gpu_engines *gpu_rm_engines(const struct gpu_rm *rm);
struct fwq_clients *gpu_rm_clients(struct gpu_rm *rm);
const struct gpu_rm_stats *gpu_rm_stats(const struct gpu_rm *rm);

/* The same: what a session is with. */
struct gpu_fifo *gpu_rm_fifo(struct gpu_rm *rm);
struct gpu *gpu_rm_gpu(const struct gpu_rm *rm);
const struct fwq_pack *gpu_rm_pack(const struct gpu_rm *rm);
struct fwq_rm *gpu_rm_fwq(struct gpu_rm *rm);
struct fwq_caller *gpu_rm_caller(struct gpu_rm *rm); /* of the driver domain's own client */

/* Our own client, for what is nobody's. */
struct fwq_client *gpu_rm_self(struct gpu_rm *rm);

/* Logs how a call ended; fmt: what it was about. */
void gpu_rm_complain(const struct gpu_rm *rm, const struct fwq_rm_call *call, int err,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* gpu_rm_stop() was called: there is nobody to be told anything. */
bool gpu_rm_stopped(const struct gpu_rm *rm);

/* A part is its owner's, who takes it away again; gpu_rm_free() calls gone() of those that are left. */
void gpu_rm_join(struct gpu_rm *rm, struct gpu_rm_part *part);
void gpu_rm_leave(struct gpu_rm *rm, struct gpu_rm_part *part);

#endif /* GPU_RM_SESSION_H */
