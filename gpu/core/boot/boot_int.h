/* SPDX-License-Identifier: MIT */
/*
 * boot_int.h - the state of a boot, shared by what orders the steps (boot.c) and the steps themselves
 * (steps.c, steps_board.c, steps_talk.c).
 *
 * Single-threaded (hv.h). A step is a function that is called until it returns 0 (done) or an error;
 * GPU_STEP_WAIT means "call me again soon". `stage` and `deadline` are 0 at its first call and its own
 * from then on.
 */
#ifndef GPU_BOOT_BOOT_INT_H
#define GPU_BOOT_BOOT_INT_H

#include "gpu/core/boot/boot.h"
#include "gpu/core/boot/channel.h"
#include "gpu/core/boot/libos.h"
#include "gpu/core/boot/radix3.h"
#include "gpu/core/boot/script.h"
#include "gpu/core/boot/ucode.h"
#include "gpu/core/gpu.h"

#define GPU_STEP_WAIT  1
#define GPU_BOOT_STEPS 48u /* a recipe's 32, and ours */

struct gpu_step {
	const char *name;
	int (*fn)(struct gpu_boot *b);
	uint32_t needs; /* bits of enum fwq_step: steps of the recipe that come before it */
};

struct gpu_boot {
	struct gpu *gpu;
	const struct gpu_firmware *fw;
	const struct fwq_pack *pack;
	bool vgpu;
	struct gpu_falcon gsp, sec2;

	enum gpu_boot_state state;
	const struct gpu_step *plan[GPU_BOOT_STEPS];
	unsigned int steps, at;
	unsigned int stage;
	uint64_t deadline;
	uint64_t started; /* of run_sequencer_until_init_done */
	struct hv_timer timer;
	void (*done)(struct gpu_boot *b, int err, void *arg);
	void *arg;
	char error[240];

	int err; /* of the first step of a stop that failed, and its text */
	char first_error[240];
	bool predecessor; /* WPR2 was set when we came */
	bool init_done;
	int call_err;
	bool call_over;

	/* From the first start to gpu_boot_free(); programs also to the next error. */
	void *flush; /* a page that the GPU may write to at any time */
	uint32_t flush_was, flush_hi_was;
	uint8_t *rom;		       /* while it is read */
	struct gpu_fwsec fwsec_places; /* where commands go; its blobs are void once rom is */
	struct gpu_ucode fwsec, booter_load, booter_unload;

	/* For one start. */
	struct gpu_radix3 radix3;
	struct gpu_boot_channel channel;
	struct gpu_libos libos;
	struct hv_dma meta, bootloader, signature;
	struct gpu_layout layout;
	struct gpu_script script;
	struct gpu_static_info info;
	struct gpu_boot_cost cost;
	struct fwq_call call;
	uint8_t *call_buf, *reply; /* of `call` */

	void (*event)(struct gpu_boot *b, uint32_t function, const uint8_t *payload, uint32_t len,
		      void *arg);
	void *event_arg;
};

/* Puts "STEP: text" into b->error; returns err, so that a step can end with it. */
int gpu_boot_fail(struct gpu_boot *b, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Is the step's time over? It begins with the first question. */
bool gpu_boot_late(struct gpu_boot *b, uint64_t ns);

/* Steps of the recipe, by enum fwq_step; fn is NULL where this build has none. */
extern const struct gpu_step gpu_recipe_steps[FWQ_STEPS];
/* What comes before the recipe and after it; and the way down. A NULL name ends each list. */
extern const struct gpu_step gpu_first_steps[], gpu_last_steps[], gpu_stop_steps[];

/* steps_board.c: ROM, falcons, video memory */
int gpu_step_wait_gfw_boot(struct gpu_boot *b);
int gpu_step_set_sysmem_flush(struct gpu_boot *b);
int gpu_step_read_rom(struct gpu_boot *b);
int gpu_step_load_booters(struct gpu_boot *b);
int gpu_step_look_for_predecessor(struct gpu_boot *b);
int gpu_step_end_predecessor(struct gpu_boot *b);
int gpu_step_run_fwsec_frts(struct gpu_boot *b);
int gpu_step_reset_gsp(struct gpu_boot *b);
int gpu_step_set_gsp_mailbox(struct gpu_boot *b);
int gpu_step_run_booter_load(struct gpu_boot *b);
int gpu_step_wait_riscv_active(struct gpu_boot *b);
int gpu_step_stop_gsp(struct gpu_boot *b);
int gpu_step_run_fwsec_sb(struct gpu_boot *b);
int gpu_step_run_booter_unload(struct gpu_boot *b);

/* steps_talk.c: calls and events */
int gpu_step_queue_system_info(struct gpu_boot *b);
int gpu_step_queue_registry(struct gpu_boot *b);
int gpu_step_run_sequencer_until_init_done(struct gpu_boot *b);
int gpu_step_get_static_info(struct gpu_boot *b);
int gpu_step_say_goodbye(struct gpu_boot *b);
int gpu_step_wait_unloaded(struct gpu_boot *b);
void gpu_boot_heard(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload, uint32_t len);

#endif /* GPU_BOOT_BOOT_INT_H */
