/* SPDX-License-Identifier: MIT */
/*
 * A bad driver, to see that vkcopy can fail: it stands between vkcopy and the loader in the program
 * of tests/peer/test_vkcopy.py. VKCOPY_SPOIL=WHAT[=N] says what it does; everything else goes through.
 *
 *   short  long  shift        the Nth copy lacks its last byte, has one more, lands one byte further
 *   fill  update              the Nth one that is not of a whole buffer writes one wrong bit
 *   no-wait                   submissions do not wait for semaphores
 *   submit-lost  wait-lost    the Nth call says VK_ERROR_DEVICE_LOST, as all submissions after it
 *   wait-unknown              the Nth wait says VK_ERROR_UNKNOWN; submissions then VK_ERROR_DEVICE_LOST
 *   wait-forgotten            the Nth wait says VK_ERROR_UNKNOWN, and submissions are taken
 *   fault                     once memory has been freed, submissions to its device are lost
 *   fault-unnoticed           or they do nothing, successfully
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <vulkan/vulkan.h>

#define REAL(name) ((PFN_##name)dlsym(RTLD_NEXT, #name))

/* Keeps the driver in memory to the end, so that the leak checker can tell whose memory is left. */
int dlclose(void *handle)
{
	(void)handle;
	return 0;
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libvulkan_lvp\nleak:libLLVM\n";
}

static VkDevice freed; /* the first one of which memory was freed */
static VkDevice made;  /* the last one that was made */
static VkQueue freed_queue;
static VkQueue queue_of_made;
static int submissions_lost;

static int spoils(const char *what)
{
	const char *asked = getenv("VKCOPY_SPOIL");
	size_t length = strlen(what);

	return asked && !strncmp(asked, what, length) && (!asked[length] || asked[length] == '=');
}

/* Whether it is the Nth time that this is asked of what is to be spoiled; each `what` has one caller. */
static int turn(const char *what, unsigned int *count)
{
	const char *number;

	if (!spoils(what))
		return 0;
	number = strchr(getenv("VKCOPY_SPOIL"), '=');
	return ++*count == (number ? strtoul(number + 1, NULL, 10) : 1);
}

VKAPI_ATTR void VKAPI_CALL vkCmdCopyBuffer(VkCommandBuffer commands, VkBuffer from, VkBuffer to,
					   uint32_t count, const VkBufferCopy *regions)
{
	static unsigned int short_count, long_count, shift_count;
	VkBufferCopy region = regions[0];

	region.size -= turn("short", &short_count);
	region.size += turn("long", &long_count);
	region.dstOffset += turn("shift", &shift_count);
	REAL(vkCmdCopyBuffer)(commands, from, to, count, &region);
}

VKAPI_ATTR void VKAPI_CALL vkCmdFillBuffer(VkCommandBuffer commands, VkBuffer buffer,
					   VkDeviceSize offset, VkDeviceSize size, uint32_t data)
{
	static unsigned int count;

	if (size != VK_WHOLE_SIZE && turn("fill", &count))
		data ^= 0x01000000;
	REAL(vkCmdFillBuffer)(commands, buffer, offset, size, data);
}

VKAPI_ATTR void VKAPI_CALL vkCmdUpdateBuffer(VkCommandBuffer commands, VkBuffer buffer,
					     VkDeviceSize offset, VkDeviceSize size,
					     const void *data)
{
	static unsigned int count;
	uint8_t copy[65536];

	memcpy(copy, data, size);
	if (turn("update", &count))
		copy[size - 1] ^= 0x80;
	REAL(vkCmdUpdateBuffer)(commands, buffer, offset, size, copy);
}

VKAPI_ATTR VkResult VKAPI_CALL vkCreateDevice(VkPhysicalDevice physical,
					      const VkDeviceCreateInfo *info,
					      const VkAllocationCallbacks *allocator,
					      VkDevice *device)
{
	VkResult result = REAL(vkCreateDevice)(physical, info, allocator, device);

	made = result == VK_SUCCESS ? *device : VK_NULL_HANDLE;
	return result;
}

VKAPI_ATTR void VKAPI_CALL vkGetDeviceQueue(VkDevice device, uint32_t family, uint32_t index,
					    VkQueue *queue)
{
	REAL(vkGetDeviceQueue)(device, family, index, queue);
	if (device == made)
		queue_of_made = *queue;
}

VKAPI_ATTR void VKAPI_CALL vkDestroyDevice(VkDevice device, const VkAllocationCallbacks *allocator)
{
	if (device == freed)
		freed_queue = VK_NULL_HANDLE;
	REAL(vkDestroyDevice)(device, allocator);
}

VKAPI_ATTR void VKAPI_CALL vkFreeMemory(VkDevice device, VkDeviceMemory memory,
					const VkAllocationCallbacks *allocator)
{
	if (memory && !freed && (spoils("fault") || spoils("fault-unnoticed"))) {
		freed = device;
		freed_queue = queue_of_made;
	}
	REAL(vkFreeMemory)(device, memory, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL vkQueueSubmit(VkQueue queue, uint32_t count,
					     const VkSubmitInfo *submits, VkFence fence)
{
	static unsigned int calls;
	VkTimelineSemaphoreSubmitInfo values =
		*(const VkTimelineSemaphoreSubmitInfo *)submits->pNext;
	VkSubmitInfo submit = *submits;
	VkResult result;

	submissions_lost |= turn("submit-lost", &calls);
	if (submissions_lost)
		return VK_ERROR_DEVICE_LOST;
	if (queue == freed_queue && freed_queue)
		return spoils("fault") ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;
	if (!spoils("no-wait"))
		return REAL(vkQueueSubmit)(queue, count, submits, fence);
	submit.waitSemaphoreCount = values.waitSemaphoreValueCount = 0;
	submit.pNext = &values;
	result = REAL(vkQueueSubmit)(queue, count, &submit, fence);
	return result == VK_SUCCESS ? vkQueueWaitIdle(queue) : result;
}

VKAPI_ATTR VkResult VKAPI_CALL vkWaitSemaphores(VkDevice device, const VkSemaphoreWaitInfo *info,
						uint64_t timeout)
{
	static unsigned int lost, unknown, forgotten;

	if (device == freed && freed_queue)
		return VK_SUCCESS;
	if (turn("wait-lost", &lost)) {
		/* What is in use may be freed on a device that is lost, but this one is not. */
		vkDeviceWaitIdle(device);
		return VK_ERROR_DEVICE_LOST;
	}
	if (turn("wait-forgotten", &forgotten))
		return VK_ERROR_UNKNOWN;
	if (turn("wait-unknown", &unknown)) {
		submissions_lost = 1;
		return VK_ERROR_UNKNOWN;
	}
	return REAL(vkWaitSemaphores)(device, info, timeout);
}
