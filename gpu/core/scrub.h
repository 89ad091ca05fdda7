/* SPDX-License-Identifier: MIT */
/*
 * scrub.h - video memory is cleared and looked at before anybody gets it.
 *
 * By the copy engine, through a tenant of the driver domain's own with one channel; without that, by our
 * CPU through BAR 1, a step at a time.
 * A job's range is worked on in pieces: the piece is
 * mapped, filled with zeros by the GPU, copied by the GPU into a buffer of ours, all of it, and compared there.
 * Jobs take turns, a piece each, so a large range does not keep a small one waiting. The GPU is off a piece
 * when the semaphore behind its last submission was written; one that is not done with a submission within
 * GPU_SCRUB_TIMEOUT is given up.
 */
#ifndef GPU_SCRUB_H
#define GPU_SCRUB_H

#include "gpu/core/core.h"

#define GPU_SCRUB_TIMEOUT (2 * HV_S)
#define GPU_SCRUB_PIECE	  (16ull << 20) /* bytes at most that are mapped at a time */

struct gpu_scrubber;

/* A range being cleaned; owned by the caller, the fields are the scrubber's. */
struct gpu_scrub {
	struct gpu_scrub *next; /* in turn */
	struct gpu_scrubber *scrubber;
	struct gpu_range range;
	uint64_t done; /* bytes that are clean, and were looked at */
	void (*end)(struct gpu_scrub *job, int err);
};

struct gpu_scrub_stats {
	uint64_t bytes;	      /* cleaned and compared */
	uint64_t submissions; /* what that took */
};

/*
 * rm NULL: the CPU does it, as it does for a start when the engine is not to be had (logged). Jobs can be
 * started at once. VRAM for its own tables is taken from gpu_vram_alloc(). -ENOMEM.
 */
int gpu_scrubber_new(struct gpu *gpu, struct gpu_rm *rm, struct gpu_scrubber **out);
/*
 * When the firmware has ended and the device reaches nothing any more. No end() is called; ranges of jobs
 * that are abandoned are forgotten with the rest of VRAM.
 */
void gpu_scrubber_free(struct gpu_scrubber *scrubber);
const struct gpu_scrub_stats *gpu_scrubber_stats(const struct gpu_scrubber *scrubber);

/*
 * Clean a range (multiples of GPU_VRAM_ALIGN). end(job, err) is called once, from the loop: 0, all of it
 * reads as zeros; -EIO, it does not (logged with the address: withdraw it); -ENODEV, the GPU is lost.
 */
void gpu_scrub_start(struct gpu_scrubber *scrubber, struct gpu_scrub *job,
		     const struct gpu_range *range, void (*end)(struct gpu_scrub *job, int err));
/*
 * The owner of a job that has not ended goes away: end() is not called, the structure is the owner's at once.
 * give_back, which contains the range, is freed (gpu_vram_free()) as soon as the GPU is off it; NULL: it is
 * withdrawn for good.
 */
void gpu_scrub_abandon(struct gpu_scrub *job, const struct gpu_range *give_back);

#endif /* GPU_SCRUB_H */
