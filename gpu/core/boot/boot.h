/* SPDX-License-Identifier: MIT */
/*
 * boot.h - starting and ending the GPU's firmware (GSP-RM), Turing to Ada.
 *
 * The order of the steps is the pack's: its boot recipe names them, steps.c implements them. Before
 * the recipe come reading the board's ROM and, when a predecessor died without unloading (WPR2 is set),
 * ending its firmware; after it the static configuration is read. Everything runs from the event loop:
 * a step that waits for firmware has a deadline and is looked at every half millisecond. A step that
 * loads a falcon takes below a millisecond (30 ms when hardware fails), which is all that is ever
 * waited for at a time.
 *
 * After a failure the falcons are reset, so that nothing reaches our memory, the memory is freed, and
 * gpu_boot_start() may be called again. If they cannot be reset, bus mastering is taken away and the GPU
 * is lost.
 *
 * The firmware's pages are used where they are and must stay until gpu_boot_free(): a restart of the
 * firmware reads them again.
 */
#ifndef GPU_BOOT_BOOT_H
#define GPU_BOOT_BOOT_H

#include "fwq/pack.h"
#include "fwq/rpc.h"
#include "gpu/core/boot/firmware.h"
#include "gpu/core/boot/layout.h"
#include "gpu/core/boot/static_info.h"
#include "gpu/core/core.h"

enum gpu_boot_state {
	GPU_BOOT_OFF, /* no firmware runs */
	GPU_BOOT_STARTING,
	GPU_BOOT_RUNNING,
	GPU_BOOT_STOPPING,
};

struct gpu_boot;

/*
 * gpu, fw and pack stay the caller's and must outlive *out. vgpu: leave room for GSP-RM's own vGPUs.
 * 0; -ENOMEM; -EINVAL (logged): the files are not for this chip, pack and image are of different
 * versions, or the recipe cannot be followed: a step that this build does not have, a step before
 * another that it needs, or one twice.
 */
int gpu_boot_new(struct gpu *gpu, const struct gpu_firmware *fw, const struct fwq_pack *pack,
		 bool vgpu, struct gpu_boot **out);
/* In any state; what runs is ended as after a failure, done() is not called. */
void gpu_boot_free(struct gpu_boot *b);

/*
 * Start the firmware. 0: done(b, err, arg) will be called from the loop. err 0: it runs; -EBUSY: a
 * predecessor's firmware cannot be ended, dom0 must reset the function; -ETIMEDOUT, -EIO, -EPROTO,
 * -EINVAL, -ENOMEM, -ENODEV and others: gpu_boot_error() says which step, register and value.
 * -EBUSY: not off; -ENODEV: the GPU is lost.
 */
int gpu_boot_start(struct gpu_boot *b, void (*done)(struct gpu_boot *b, int err, void *arg),
		   void *arg);
/*
 * Unload it in good order; nobody calls it any more. 0: done() will be called; err as above, and the
 * state is off in any case. -EBUSY: it does not run; -ENODEV.
 */
int gpu_boot_stop(struct gpu_boot *b, void (*done)(struct gpu_boot *b, int err, void *arg),
		  void *arg);

/*
 * The same without the event loop, for a domain that is about to end and has no loop to come back to:
 * below a second, and with firmware that does not answer 12 s at most. Errors as of both.
 */
int gpu_boot_stop_now(struct gpu_boot *b);

enum gpu_boot_state gpu_boot_state(const struct gpu_boot *b);
/* Why the last start or stop failed: one line, "STEP: ...". Valid until the next one. */
const char *gpu_boot_error(const struct gpu_boot *b);

/* What the start has cost, from the domain's first instruction until the firmware said that it is up. */
struct gpu_boot_cost {
	uint64_t hypercalls;
	uint64_t copied; /* bytes, by this domain's CPU (hv_copied()) */
};

/* While it runs. fn gets every event that boot does not take for itself; poll the RPC layer yourself. */
const struct gpu_static_info *gpu_boot_info(const struct gpu_boot *b);
/* The end of the video memory that is ours while it runs: from 0 on, below its own and its regions. */
uint64_t gpu_boot_usable_end(const struct gpu_boot *b);
const struct gpu_boot_cost *gpu_boot_cost(const struct gpu_boot *b);
const struct gpu_layout *gpu_boot_layout(const struct gpu_boot *b);
struct fwq_rpc *gpu_boot_rpc(struct gpu_boot *b);
const struct fwq_pack *gpu_boot_pack(const struct gpu_boot *b);
void gpu_boot_on_event(struct gpu_boot *b,
		       void (*fn)(struct gpu_boot *b, uint32_t function, const uint8_t *payload,
				  uint32_t len, void *arg),
		       void *arg);

#endif /* GPU_BOOT_BOOT_H */
