/* SPDX-License-Identifier: MIT */
/*
 * Copies in an endless row, and what becomes of a device that gets lost under them.
 *
 * The address that is not mapped (vkcopy_fault()) is that of a buffer whose memory has been freed
 * after the copy was recorded: a driver with address spaces of its own takes the memory out of them,
 * as Mesa's NVK does by VM_BIND, so the copy engine finds no page. Vulkan leaves open what then happens;
 * with a GPU that has an MMU the channel ends, and with it the VkDevice.
 */
#include <time.h>

#include "vkcopy.h"

#define FLIGHT	   8   /* submissions at once */
#define TRIES	   500 /* submissions after a fault, until the driver must have noticed */
#define TRY_NS	   20000000
#define FAULT_SIZE 65536
#define SEED	   0x51ed270b35ae92c4ULL

/* A copy that is submitted again and again: `host` -> `from` once, then `from` -> `to`. */
struct pump {
	struct vkcopy_gpu gpu;
	struct vkcopy_buffer host, from, to;
	VkCommandBuffer in, copy, out;
	VkDeviceSize size;
};

static bool record(struct pump *p, const struct vkcopy_buffer *from, const struct vkcopy_buffer *to,
		   VkCommandBuffer *commands)
{
	VkBufferCopy region = {.size = p->size};

	if (!vkcopy_begin(&p->gpu, VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT, commands))
		return false;
	vkCmdCopyBuffer(*commands, from->buffer, to->buffer, 1, &region);
	vkcopy_barrier(*commands);
	return VKCOPY_OK(vkEndCommandBuffer(*commands));
}

/* Submits and waits. */
static VkResult once(struct pump *p, VkCommandBuffer commands)
{
	VkResult result = vkcopy_submit(&p->gpu, commands, VK_NULL_HANDLE, 0);

	return result == VK_SUCCESS ? vkcopy_wait(&p->gpu, p->gpu.submitted) : result;
}

static void pump_end(struct pump *p)
{
	const VkCommandBuffer commands[] = {p->in, p->copy, p->out};
	VkResult result = vkDeviceWaitIdle(p->gpu.device);

	if (result != VK_ERROR_DEVICE_LOST)
		vkcopy_ok(result, "vkDeviceWaitIdle");
	vkcopy_drop(&p->gpu, commands, 3);
	vkcopy_free(&p->gpu, &p->host);
	vkcopy_free(&p->gpu, &p->from);
	vkcopy_free(&p->gpu, &p->to);
	vkcopy_close(&p->gpu);
}

/* After false nothing is left. */
static bool pump_start(struct pump *p, VkPhysicalDevice physical, VkDeviceSize size)
{
	*p = (struct pump){.size = size};
	if (!vkcopy_open(&p->gpu, physical))
		return false;
	if (vkcopy_buffer(&p->gpu, VKCOPY_HOST, size, &p->host) &&
	    vkcopy_buffer(&p->gpu, VKCOPY_LOCAL, size, &p->from) &&
	    vkcopy_buffer(&p->gpu, VKCOPY_LOCAL, size, &p->to) &&
	    record(p, &p->host, &p->from, &p->in) && record(p, &p->from, &p->to, &p->copy) &&
	    record(p, &p->to, &p->host, &p->out)) {
		vkcopy_pattern(p->host.mapped, size, SEED);
		if (vkcopy_ok(once(p, p->in), "the first copy"))
			return true;
	}
	pump_end(p);
	return false;
}

/* One more copy; waits for an older one so that not more than FLIGHT are under way. */
static VkResult pump_stroke(struct pump *p, const char **call)
{
	VkResult result = vkcopy_submit(&p->gpu, p->copy, VK_NULL_HANDLE, 0);

	*call = "vkQueueSubmit";
	if (result != VK_SUCCESS || p->gpu.submitted <= FLIGHT)
		return result;
	*call = "vkWaitSemaphores";
	return vkcopy_wait(&p->gpu, p->gpu.submitted - FLIGHT);
}

static bool arrived(struct pump *p)
{
	uint8_t want;
	size_t i;

	vkcopy_pattern(p->host.mapped, p->size, ~SEED);
	if (!vkcopy_ok(once(p, p->out), "the last copy"))
		return false;
	i = vkcopy_differs(p->host.mapped, p->size, SEED, &want);
	return i == p->size ||
	       vkcopy_say("copy of %llu bytes: byte %zu is 0x%02x, should be 0x%02x",
			  (unsigned long long)p->size, i, p->host.mapped[i], want);
}

bool vkcopy_bench(VkPhysicalDevice physical, VkDeviceSize size, uint64_t count,
		  unsigned int seconds)
{
	struct timespec start, now;
	const char *call = "";
	uint64_t done = 0;
	bool good = true;
	struct pump p;

	if (!pump_start(&p, physical, size))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		good = vkcopy_ok(pump_stroke(&p, &call), call);
		done += good;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (good && (seconds ? now.tv_sec - start.tv_sec < seconds : done < count));
	good = good && arrived(&p);
	if (good)
		vkcopy_say("bench: %ju submissions, %ju bytes", (uintmax_t)done,
			   (uintmax_t)done * size);
	pump_end(&p);
	return good;
}

/*
 * Submits until the driver says that the device is lost. A wait may end with another error before: the
 * wait is a system call of its own, to a file that is no longer a GPU's. What counts is the next submission.
 */
bool vkcopy_until_lost(VkPhysicalDevice physical, VkDeviceSize size)
{
	VkResult result, before = VK_SUCCESS;
	const char *call = "";
	struct pump p;
	bool lost;

	if (!pump_start(&p, physical, size))
		return false;
	vkcopy_say("submitting");
	do {
		result = pump_stroke(&p, &call);
	} while (result == VK_SUCCESS);
	if (result != VK_ERROR_DEVICE_LOST) {
		before = result;
		vkcopy_say("%s() said %s", call, vkcopy_result(result));
		result = vkcopy_submit(&p.gpu, p.copy, VK_NULL_HANDLE, 0);
		call = "vkQueueSubmit";
	}
	lost = result == VK_ERROR_DEVICE_LOST;
	if (lost)
		vkcopy_say("lost after %llu submissions", (unsigned long long)p.gpu.submitted);
	else
		vkcopy_say("not lost: %s() said %s after %s", call, vkcopy_result(result),
			   vkcopy_result(before));
	pump_end(&p);
	return lost;
}

/* Makes the device of `p` run into an address that is not mapped; true when it is lost. */
static bool provoke(struct pump *p)
{
	const struct timespec pause = {.tv_nsec = TRY_NS};
	VkResult result;
	int tries = 0;

	vkFreeMemory(p->gpu.device, p->to.memory, NULL);
	p->to.memory = VK_NULL_HANDLE;
	/* The wait may end without an error: the channel's fences are signalled when it ends. */
	result = once(p, p->copy);
	while (result == VK_SUCCESS && tries++ < TRIES) {
		nanosleep(&pause, NULL);
		result = once(p, p->in);
	}
	if (result == VK_SUCCESS)
		return vkcopy_say("fault: a copy to an address that is not mapped was not noticed");
	vkcopy_say("fault: %s, with %d submissions after it", vkcopy_result(result), tries);
	return result == VK_ERROR_DEVICE_LOST;
}

bool vkcopy_fault(VkPhysicalDevice physical, VkDeviceSize max)
{
	struct vkcopy_totals totals = {0};
	struct vkcopy_gpu bystander, next;
	struct pump p;
	bool good;

	if (!vkcopy_open(&bystander, physical))
		return false;
	good = pump_start(&p, physical, FAULT_SIZE);
	if (good) {
		good = provoke(&p);
		pump_end(&p);
	}
	vkcopy_speaker("a device that was there before: ");
	good = good && vkcopy_verify(&bystander, max, SEED, &totals) && vkcopy_say_totals(&totals);
	vkcopy_close(&bystander);
	vkcopy_speaker("a new device: ");
	totals = (struct vkcopy_totals){0};
	if (good && (good = vkcopy_open(&next, physical))) {
		good = vkcopy_verify(&next, max, SEED, &totals) && vkcopy_say_totals(&totals);
		vkcopy_close(&next);
	}
	vkcopy_speaker(NULL);
	return good;
}
