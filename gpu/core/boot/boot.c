/* SPDX-License-Identifier: MIT */
/*
 * boot.c - orders the steps, waits for them, and cleans up after them (see boot.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/boot/boot_int.h"
#include "gpu/core/regs_pfb.h"

#define LOOK_AGAIN (HV_MS / 2)
#define STOP_STEP  (HV_MS / 10)
#define REGS_LEAST 0x1000000u /* bytes of BAR0: all registers of boot are below */

int gpu_boot_fail(struct gpu_boot *b, int err, const char *fmt, ...)
{
	char text[sizeof(b->error)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(b->error, sizeof(b->error), "%s: %.200s", b->plan[b->at]->name, text);
	return err;
}

bool gpu_boot_late(struct gpu_boot *b, uint64_t ns)
{
	if (!b->deadline)
		b->deadline = hv_now() + ns;
	return hv_now() >= b->deadline;
}

/* ---------------------------------------------------------------- the plan */

static void plan_list(struct gpu_boot *b, const struct gpu_step *list)
{
	for (; list->name; list++)
		b->plan[b->steps++] = list;
}

static void plan_start(struct gpu_boot *b)
{
	const struct fwq_recipe *recipe = &b->pack->boot[FWQ_BOOT_SEC2];

	b->steps = 0;
	plan_list(b, gpu_first_steps);
	for (unsigned int i = 0; i < recipe->steps; i++)
		b->plan[b->steps++] = &gpu_recipe_steps[recipe->step[i]];
	plan_list(b, gpu_last_steps);
}

static void plan_stop(struct gpu_boot *b)
{
	b->steps = 0;
	plan_list(b, gpu_stop_steps);
}

_Static_assert(FWQ_PACK_STEPS_MAX + 8 <= GPU_BOOT_STEPS, "a recipe, six steps before, one after");
_Static_assert(FWQ_STEPS <= 32, "needs is a bit for each step");

/* Can the recipe be followed, from the first step to the one that sees the firmware up? */
static int check_recipe(const struct gpu_boot *b)
{
	const struct fwq_recipe *recipe = &b->pack->boot[FWQ_BOOT_SEC2];
	const char *wrong = NULL;
	uint32_t had = 0;
	uint8_t step = 0;

	for (unsigned int i = 0; i < recipe->steps && !wrong; i++) {
		step = recipe->step[i];
		if (!gpu_recipe_steps[step].fn)
			wrong = "is not in this build";
		else if (had & 1u << step)
			wrong = "is there twice";
		else if (gpu_recipe_steps[step].needs & ~had)
			wrong = "comes before a step that it needs";
		had |= 1u << step;
	}
	if (!wrong && !(had & 1u << FWQ_STEP_run_sequencer_until_init_done)) {
		step = FWQ_STEP_run_sequencer_until_init_done;
		wrong = "is missing";
	}
	if (!wrong)
		return 0;
	hv_log(HV_ERR, "gpu %s: pack %s: boot step %s %s", hv_pci_name(b->gpu->pci),
	       b->pack->version, fwq_step_name(step), wrong);
	return -EINVAL;
}

/* ---------------------------------------------------------------- the end of a start or a stop */

static void free_dma(struct hv_dma *dma)
{
	if (dma->va)
		hv_dma_free(dma);
	memset(dma, 0, sizeof(*dma));
}

/* What one start of the firmware used. */
static void free_start(struct gpu_boot *b)
{
	gpu_script_free(&b->script);
	gpu_libos_free(&b->libos);
	gpu_boot_channel_close(&b->channel);
	gpu_radix3_free(&b->radix3);
	free_dma(&b->meta);
	free_dma(&b->bootloader);
	free_dma(&b->signature);
	free(b->call_buf);
	free(b->reply);
	b->call_buf = b->reply = NULL;
	if (b->rom)
		hv_pages_free(b->rom, GPU_VBIOS_SIZE_MAX / HV_PAGE_SIZE);
	b->rom = NULL;
}

/* After an error too: the ROM may have been read wrong, and is read again then. */
static void free_programs(struct gpu_boot *b)
{
	gpu_ucode_free(&b->fwsec);
	gpu_ucode_free(&b->booter_load);
	gpu_ucode_free(&b->booter_unload);
}

/* Nothing on the GPU may reach our memory when this returns. */
static void quiesce(struct gpu_boot *b)
{
	int err;

	if (b->gpu->lost)
		return; /* off the bus, or without bus mastering */
	err = gpu_falcon_reset(&b->gsp);
	if (!err)
		err = gpu_falcon_reset(&b->sec2);
	if (err)
		gpu_give_up(b->gpu, "its falcons cannot be reset");
}

static void finish(struct gpu_boot *b, int err)
{
	void (*done)(struct gpu_boot * boot, int error, void *arg) = b->done;
	bool runs = !err && b->state == GPU_BOOT_STARTING;

	if (b->err)
		memcpy(b->error, b->first_error, sizeof(b->error));
	if (err)
		hv_log(HV_ERR, "gpu %s: firmware %s %s: %s: error %d", hv_pci_name(b->gpu->pci),
		       b->fw->gsp.version,
		       b->state == GPU_BOOT_STARTING ? "does not start" : "does not unload",
		       b->error, -err);
	if (!runs) {
		quiesce(b);
		free_start(b);
	}
	if (err)
		free_programs(b);
	b->state = runs ? GPU_BOOT_RUNNING : GPU_BOOT_OFF;
	b->done = NULL;
	done(b, err, b->arg);
}

/* ---------------------------------------------------------------- one step after the other */

static void next_step(struct gpu_boot *b)
{
	b->at++;
	b->stage = 0;
	b->deadline = 0;
}

static int run_step(struct gpu_boot *b)
{
	int ret = b->gpu->lost ? -ENODEV : b->plan[b->at]->fn(b);

	/* Whatever a step makes of registers that read as ones, this is what is the matter. */
	if (ret < 0 && !gpu_answers(b->gpu))
		return gpu_boot_fail(b, -ENODEV, "the GPU is lost");
	return ret;
}

/* On the way down the steps after a failed one are worth a try; the first error is what counts. */
static void note_error(struct gpu_boot *b, int err)
{
	hv_log(HV_WARN, "gpu %s: unloading: %s", hv_pci_name(b->gpu->pci), b->error);
	if (b->err)
		return;
	b->err = err;
	memcpy(b->first_error, b->error, sizeof(b->first_error));
}

static void turn(struct hv_timer *t)
{
	struct gpu_boot *b = (struct gpu_boot *)((char *)t - offsetof(struct gpu_boot, timer));
	int ret = run_step(b);

	if (ret == GPU_STEP_WAIT) {
		hv_timer_arm(t, hv_now() + LOOK_AGAIN);
		return;
	}
	if (ret < 0 && b->state == GPU_BOOT_STOPPING && !b->gpu->lost) {
		note_error(b, ret);
		ret = 0;
	}
	if (!ret)
		next_step(b);
	if (ret || b->at == b->steps)
		finish(b, ret ? ret : b->err);
	else
		hv_timer_arm(t, hv_now()); /* let others have their turn */
}

static void begin(struct gpu_boot *b, enum gpu_boot_state state,
		  void (*done)(struct gpu_boot *b, int err, void *arg), void *arg)
{
	b->state = state;
	b->at = b->stage = 0;
	b->deadline = 0;
	b->err = 0;
	b->error[0] = '\0';
	b->done = done;
	b->arg = arg;
	hv_timer_arm(&b->timer, hv_now());
}

int gpu_boot_start(struct gpu_boot *b, void (*done)(struct gpu_boot *b, int err, void *arg),
		   void *arg)
{
	if (b->state != GPU_BOOT_OFF)
		return -EBUSY;
	if (gpu_is_lost(b->gpu))
		return -ENODEV;
	b->init_done = false;
	b->script.commands = 0;
	plan_start(b);
	begin(b, GPU_BOOT_STARTING, done, arg);
	return 0;
}

int gpu_boot_stop(struct gpu_boot *b, void (*done)(struct gpu_boot *b, int err, void *arg),
		  void *arg)
{
	if (b->state != GPU_BOOT_RUNNING)
		return -EBUSY;
	if (gpu_is_lost(b->gpu))
		return -ENODEV;
	plan_stop(b);
	begin(b, GPU_BOOT_STOPPING, done, arg);
	return 0;
}

static void ended(struct gpu_boot *b, int err, void *arg)
{
	(void)b;
	*(int *)arg = err;
}

int gpu_boot_stop_now(struct gpu_boot *b)
{
	int err = 0, ret = gpu_boot_stop(b, ended, &err);

	while (!ret && b->state == GPU_BOOT_STOPPING) {
		hv_timer_cancel(&b->timer);
		turn(&b->timer);
		if (b->state == GPU_BOOT_STOPPING)
			hv_delay(STOP_STEP);
	}
	return ret ? ret : err;
}

/* ---------------------------------------------------------------- coming and going */

static int check_files(const struct gpu_boot *b)
{
	const char *bus = hv_pci_name(b->gpu->pci);

	if (strcmp(b->fw->family->name, b->gpu->chip->firmware) != 0) {
		hv_log(HV_ERR, "gpu %s: firmware for %s, but %s needs that for %s", bus,
		       b->fw->family->name, b->gpu->chip->name, b->gpu->chip->firmware);
		return -EINVAL;
	}
	if (strcmp(b->fw->gsp.version, b->pack->version) != 0) {
		hv_log(HV_ERR, "gpu %s: firmware %s with the ABI pack of %s", bus,
		       b->fw->gsp.version, b->pack->version);
		return -EINVAL;
	}
	if (!b->pack->boot[FWQ_BOOT_SEC2].present) {
		hv_log(HV_ERR, "gpu %s: pack %s has no recipe for a boot by SEC2", bus,
		       b->pack->version);
		return -EINVAL;
	}
	if (b->gpu->regs.size < REGS_LEAST) {
		hv_log(HV_ERR, "gpu %s: BAR0 of %zu bytes", bus, b->gpu->regs.size);
		return -EINVAL;
	}
	return check_recipe(b);
}

int gpu_boot_new(struct gpu *gpu, const struct gpu_firmware *fw, const struct fwq_pack *pack,
		 bool vgpu, struct gpu_boot **out)
{
	struct gpu_boot *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->gpu = gpu;
	b->fw = fw;
	b->pack = pack;
	b->vgpu = vgpu;
	b->gsp = gpu_falcon_gsp(gpu);
	b->sec2 = gpu_falcon_sec2(gpu);
	b->timer.fn = turn;
	err = check_files(b);
	if (err) {
		free(b);
		return err;
	}
	*out = b;
	return 0;
}

static void give_back_flush_page(struct gpu_boot *b)
{
	if (!b->flush)
		return;
	if (b->gpu->chip->kind->flush_high)
		gpu_wr32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI, b->flush_hi_was);
	gpu_wr32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR, b->flush_was);
	hv_pages_free(b->flush, 1);
}

void gpu_boot_free(struct gpu_boot *b)
{
	hv_timer_cancel(&b->timer);
	if (b->state != GPU_BOOT_OFF)
		quiesce(b);
	free_start(b);
	free_programs(b);
	give_back_flush_page(b);
	free(b);
}

enum gpu_boot_state gpu_boot_state(const struct gpu_boot *b)
{
	return b->state;
}

const char *gpu_boot_error(const struct gpu_boot *b)
{
	return b->error;
}

const struct gpu_static_info *gpu_boot_info(const struct gpu_boot *b)
{
	return &b->info;
}

uint64_t gpu_boot_usable_end(const struct gpu_boot *b)
{
	uint64_t end = 0;

	/* As long as usable regions follow one another from 0 on; then what the firmware got. */
	for (unsigned int i = 0; i < b->info.regions; i++) {
		if (b->info.region[i].usable && b->info.region[i].base <= end &&
		    b->info.region[i].limit >= end)
			end = b->info.region[i].limit + 1;
	}
	return end < b->layout.non_wpr_heap.addr ? end : b->layout.non_wpr_heap.addr;
}

const struct gpu_boot_cost *gpu_boot_cost(const struct gpu_boot *b)
{
	return &b->cost;
}

const struct gpu_layout *gpu_boot_layout(const struct gpu_boot *b)
{
	return &b->layout;
}

struct fwq_rpc *gpu_boot_rpc(struct gpu_boot *b)
{
	return &b->channel.rpc;
}

const struct fwq_pack *gpu_boot_pack(const struct gpu_boot *b)
{
	return b->pack;
}

void gpu_boot_on_event(struct gpu_boot *b,
		       void (*fn)(struct gpu_boot *b, uint32_t function, const uint8_t *payload,
				  uint32_t len, void *arg),
		       void *arg)
{
	b->event = fn;
	b->event_arg = arg;
}
