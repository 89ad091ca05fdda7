/* SPDX-License-Identifier: MIT */
/*
 * vkcopy - a Vulkan program that moves bytes and looks at every one of them afterwards.
 *
 * It uses the plain API of Vulkan 1.2 and links nothing but the loader, so any driver can be judged with
 * it, and the GPU below the driver. A file each: device.c (VkDevice, buffers, submissions), pattern.c
 * (what is written, and whether it arrived), verify.c (the copies), lost.c (devices that get lost) and
 * main.c (options, threads, processes).
 *
 * A function that can fail says what failed on standard output, in one line that starts with
 * "vkcopy: ", and returns false; a driver's VkResult is never passed over.
 */
#ifndef TESTS_PEER_VKCOPY_H
#define TESTS_PEER_VKCOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vulkan/vulkan.h>

#define VKCOPY_MAX_SIZE (64ULL << 20) /* bytes of the largest copy */

/* ---- device.c */

/* Names the thread that speaks: "process 1 device 0: ". Kept by reference; NULL for none. */
void vkcopy_speaker(const char *name);

/* One line "vkcopy: SPEAKER...". Always false, so that a failure can be returned as it is said. */
bool vkcopy_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether a call succeeded; says its name and result otherwise. */
bool vkcopy_ok(VkResult result, const char *call);
#define VKCOPY_OK(call) vkcopy_ok((call), #call)

/* "VK_ERROR_DEVICE_LOST", or a number for a result that has no name here. */
const char *vkcopy_result(VkResult result);

/* ---- pattern.c */

/* Writes `size` bytes of the pattern that `seed` makes. */
void vkcopy_pattern(void *to, size_t size, uint64_t seed);

/*
 * Where the first byte stands that is not the pattern's, counted from `at`; `size` if there is none.
 * `expected` gets the byte that should be there.
 */
size_t vkcopy_differs(const void *at, size_t size, uint64_t seed, uint8_t *expected);

/* Likewise for a repeated 32-bit word; `at` was `phase` bytes behind the beginning of one. */
size_t vkcopy_differs_word(const void *at, size_t phase, size_t size, uint32_t word,
			   uint8_t *expected);

/* ---- device.c */

struct vkcopy_gpu {
	VkPhysicalDevice physical;
	VkPhysicalDeviceMemoryProperties memory;
	VkDevice device;
	VkQueue queue;
	uint32_t family;
	uint32_t local; /* memory type: device-local, not host-visible if there is one such */
	uint32_t
		host; /* memory type: host-visible and coherent, not device-local if there is ... */
	VkCommandPool pool;
	VkSemaphore timeline; /* counts submissions */
	VkSemaphore gate;     /* signalled by the host only */
	uint64_t submitted;   /* the timeline's value when all is done */
	uint64_t opened;      /* the gate's value */
};

enum vkcopy_place { VKCOPY_LOCAL, VKCOPY_HOST };

/* A buffer in memory of its own. */
struct vkcopy_buffer {
	VkBuffer buffer;
	VkDeviceMemory memory;
	uint8_t *mapped; /* host-visible ones */
	VkDeviceSize size;
};

/* Makes the process's VkInstance; the caller ends it with vkDestroyInstance(). */
bool vkcopy_instance(VkInstance *instance);

/* The first physical device whose name contains `name` (NULL: any). */
bool vkcopy_choose(VkInstance instance, const char *name, VkPhysicalDevice *physical);

/* Makes a VkDevice with its queue, pool and semaphores. After false nothing is left. */
bool vkcopy_open(struct vkcopy_gpu *gpu, VkPhysicalDevice physical);

/* Frees what vkcopy_open() made; the device may be lost. */
void vkcopy_close(struct vkcopy_gpu *gpu);

/* After false nothing is left. */
bool vkcopy_buffer(struct vkcopy_gpu *gpu, enum vkcopy_place place, VkDeviceSize size,
		   struct vkcopy_buffer *buffer);

/* A buffer that was not made, all zero, is left alone. */
void vkcopy_free(struct vkcopy_gpu *gpu, struct vkcopy_buffer *buffer);

/* A new command buffer that records; `flags` as of VkCommandBufferBeginInfo. */
bool vkcopy_begin(struct vkcopy_gpu *gpu, VkCommandBufferUsageFlags flags,
		  VkCommandBuffer *commands);

/* Frees command buffers that no submission uses any more. VK_NULL_HANDLE ones are left alone. */
void vkcopy_drop(struct vkcopy_gpu *gpu, const VkCommandBuffer *commands, uint32_t count);

/* Makes what was written visible to the transfers and host reads that follow. */
void vkcopy_barrier(VkCommandBuffer commands);

/*
 * Submits an ended command buffer that waits for `wait` to reach `value` (VK_NULL_HANDLE: for nothing)
 * and signals the timeline with gpu->submitted, one more than before. Says nothing.
 */
VkResult vkcopy_submit(struct vkcopy_gpu *gpu, VkCommandBuffer commands, VkSemaphore wait,
		       uint64_t value);

/* Waits until the timeline has reached `value`; VK_TIMEOUT after two minutes. Says nothing. */
VkResult vkcopy_wait(struct vkcopy_gpu *gpu, uint64_t value);

/* ---- verify.c */

struct vkcopy_totals {
	unsigned int copies, fills, updates, waits;
	uint64_t bytes; /* of targets looked at */
};

/* Says them; true. */
bool vkcopy_say_totals(const struct vkcopy_totals *totals);

/* Every kind of transfer in every size up to `max`; adds to `totals`. */
bool vkcopy_verify(struct vkcopy_gpu *gpu, VkDeviceSize max, uint64_t seed,
		   struct vkcopy_totals *totals);

/* The sizes of copies; 0 behind the last. */
VkDeviceSize vkcopy_size(unsigned int i);

/* The transfers of one size. */
bool vkcopy_verify_size(struct vkcopy_gpu *gpu, VkDeviceSize size, uint64_t seed,
			struct vkcopy_totals *totals);

/* ---- lost.c */

/* `count` copies of `size` bytes within device-local memory, or as many as fit into `seconds`. */
bool vkcopy_bench(VkPhysicalDevice physical, VkDeviceSize size, uint64_t count,
		  unsigned int seconds);

/* Copies until the driver says VK_ERROR_DEVICE_LOST; true then. */
bool vkcopy_until_lost(VkPhysicalDevice physical, VkDeviceSize size);

/* Copies to an address that is not mapped: true if the device is lost and a new one works. */
bool vkcopy_fault(VkPhysicalDevice physical, VkDeviceSize max);

#endif
