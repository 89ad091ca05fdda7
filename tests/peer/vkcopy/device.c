/* SPDX-License-Identifier: MIT */
/*
 * One VkDevice as vkcopy uses it: one queue, one timeline semaphore that counts its submissions, a
 * second one that only the host signals, and buffers that each have memory of their own, so that a
 * buffer's size decides by which pages a driver maps it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vkcopy.h"

#define WAIT_NS (120ULL * 1000 * 1000 * 1000) /* for machines with emulated processors */

static _Thread_local const char *speaker;

void vkcopy_speaker(const char *name)
{
	speaker = name;
}

bool vkcopy_say(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* One call, so that lines of threads and processes do not mix. */
	printf("vkcopy: %s%s\n", speaker ? speaker : "", text);
	return false;
}

const char *vkcopy_result(VkResult result)
{
	static _Thread_local char number[24];

	switch (result) {
#define NAMED(name)                                                                                \
	case name:                                                                                 \
		return #name
		NAMED(VK_SUCCESS);
		NAMED(VK_TIMEOUT);
		NAMED(VK_NOT_READY);
		NAMED(VK_ERROR_DEVICE_LOST);
		NAMED(VK_ERROR_UNKNOWN);
		NAMED(VK_ERROR_OUT_OF_HOST_MEMORY);
		NAMED(VK_ERROR_OUT_OF_DEVICE_MEMORY);
		NAMED(VK_ERROR_INITIALIZATION_FAILED);
		NAMED(VK_ERROR_FEATURE_NOT_PRESENT);
		NAMED(VK_ERROR_INCOMPATIBLE_DRIVER);
#undef NAMED
	default:
		snprintf(number, sizeof(number), "VkResult %d", (int)result);
		return number;
	}
}

bool vkcopy_ok(VkResult result, const char *call)
{
	/* The call's name only, without its arguments. */
	return result == VK_SUCCESS ||
	       vkcopy_say("%.*s() said %s", (int)strcspn(call, "("), call, vkcopy_result(result));
}

bool vkcopy_instance(VkInstance *instance)
{
	VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
				 .pApplicationName = "vkcopy",
				 .apiVersion = VK_API_VERSION_1_2};
	VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
				     .pApplicationInfo = &app};

	return VKCOPY_OK(vkCreateInstance(&info, NULL, instance));
}

bool vkcopy_choose(VkInstance instance, const char *name, VkPhysicalDevice *physical)
{
	VkPhysicalDevice all[16];
	uint32_t count = sizeof(all) / sizeof(all[0]);
	VkResult result = vkEnumeratePhysicalDevices(instance, &count, all);

	/* VK_INCOMPLETE: a name is looked for among the first ones. */
	if (result != VK_INCOMPLETE && !vkcopy_ok(result, "vkEnumeratePhysicalDevices"))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		VkPhysicalDeviceDriverProperties driver = {
			.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
		VkPhysicalDeviceProperties2 properties = {
			.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &driver};

		vkGetPhysicalDeviceProperties2(all[i], &properties);
		if (name && !strstr(properties.properties.deviceName, name))
			continue;
		vkcopy_say("device %s, driver %s %s", properties.properties.deviceName,
			   driver.driverName, driver.driverInfo);
		*physical = all[i];
		return true;
	}
	return vkcopy_say("none of %u devices has \"%s\" in its name", count, name ? name : "");
}

/* The first memory type that has `need` and nothing of `avoid`; else one that has `need`. */
static bool memory_type(const struct vkcopy_gpu *gpu, VkMemoryPropertyFlags need,
			VkMemoryPropertyFlags avoid, uint32_t *type)
{
	for (int strict = 1; strict >= 0; strict--) {
		for (uint32_t i = 0; i < gpu->memory.memoryTypeCount; i++) {
			VkMemoryPropertyFlags has = gpu->memory.memoryTypes[i].propertyFlags;

			if ((has & need) == need && !(strict && has & avoid)) {
				*type = i;
				return true;
			}
		}
	}
	return vkcopy_say("no memory type has the properties 0x%x", need);
}

/* A queue family for transfers: graphics and compute imply them. */
static bool queue_family(struct vkcopy_gpu *gpu)
{
	VkQueueFamilyProperties families[16];
	uint32_t count = sizeof(families) / sizeof(families[0]);

	vkGetPhysicalDeviceQueueFamilyProperties(gpu->physical, &count, families);
	for (gpu->family = 0; gpu->family < count; gpu->family++) {
		if (families[gpu->family].queueFlags &
		    (VK_QUEUE_TRANSFER_BIT | VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT))
			return true;
	}
	return vkcopy_say("none of %u queue families can copy", count);
}

static bool semaphore(struct vkcopy_gpu *gpu, VkSemaphore *made)
{
	VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
					  .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
	VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
				      .pNext = &type};

	return VKCOPY_OK(vkCreateSemaphore(gpu->device, &info, NULL, made));
}

bool vkcopy_open(struct vkcopy_gpu *gpu, VkPhysicalDevice physical)
{
	float priority = 1.0F;
	VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
					 .queueCount = 1,
					 .pQueuePriorities = &priority};
	VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
		.timelineSemaphore = VK_TRUE};
	VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
				   .pNext = &timeline,
				   .queueCreateInfoCount = 1,
				   .pQueueCreateInfos = &queue};
	VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};

	*gpu = (struct vkcopy_gpu){.physical = physical};
	vkGetPhysicalDeviceMemoryProperties(physical, &gpu->memory);
	if (!memory_type(gpu, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
			 VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT, &gpu->local) ||
	    !memory_type(gpu,
			 VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
			 VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, &gpu->host) ||
	    !queue_family(gpu))
		return false;
	queue.queueFamilyIndex = pool.queueFamilyIndex = gpu->family;
	if (!VKCOPY_OK(vkCreateDevice(physical, &info, NULL, &gpu->device)))
		return false;
	vkGetDeviceQueue(gpu->device, gpu->family, 0, &gpu->queue);
	if (VKCOPY_OK(vkCreateCommandPool(gpu->device, &pool, NULL, &gpu->pool)) &&
	    semaphore(gpu, &gpu->timeline) && semaphore(gpu, &gpu->gate))
		return true;
	vkcopy_close(gpu);
	return false;
}

void vkcopy_close(struct vkcopy_gpu *gpu)
{
	vkDestroySemaphore(gpu->device, gpu->gate, NULL);
	vkDestroySemaphore(gpu->device, gpu->timeline, NULL);
	vkDestroyCommandPool(gpu->device, gpu->pool, NULL);
	vkDestroyDevice(gpu->device, NULL);
	*gpu = (struct vkcopy_gpu){0};
}

bool vkcopy_buffer(struct vkcopy_gpu *gpu, enum vkcopy_place place, VkDeviceSize size,
		   struct vkcopy_buffer *buffer)
{
	VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
				   .size = size,
				   .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
					    VK_BUFFER_USAGE_TRANSFER_DST_BIT};
	VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
				       .memoryTypeIndex =
					       place == VKCOPY_LOCAL ? gpu->local : gpu->host};
	VkMemoryRequirements need;
	void *mapped;

	*buffer = (struct vkcopy_buffer){.size = size};
	if (!VKCOPY_OK(vkCreateBuffer(gpu->device, &info, NULL, &buffer->buffer)))
		return false;
	vkGetBufferMemoryRequirements(gpu->device, buffer->buffer, &need);
	memory.allocationSize = need.size;
	if (!(need.memoryTypeBits & 1U << memory.memoryTypeIndex))
		vkcopy_say("a buffer cannot be in memory type %u", memory.memoryTypeIndex);
	else if (VKCOPY_OK(vkAllocateMemory(gpu->device, &memory, NULL, &buffer->memory)) &&
		 VKCOPY_OK(vkBindBufferMemory(gpu->device, buffer->buffer, buffer->memory, 0))) {
		if (place == VKCOPY_LOCAL)
			return true;
		if (VKCOPY_OK(vkMapMemory(gpu->device, buffer->memory, 0, VK_WHOLE_SIZE, 0,
					  &mapped))) {
			buffer->mapped = mapped;
			return true;
		}
	}
	vkcopy_free(gpu, buffer);
	return false;
}

void vkcopy_free(struct vkcopy_gpu *gpu, struct vkcopy_buffer *buffer)
{
	vkDestroyBuffer(gpu->device, buffer->buffer, NULL);
	vkFreeMemory(gpu->device, buffer->memory, NULL);
	*buffer = (struct vkcopy_buffer){0};
}

bool vkcopy_begin(struct vkcopy_gpu *gpu, VkCommandBufferUsageFlags flags,
		  VkCommandBuffer *commands)
{
	VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
					    .commandPool = gpu->pool,
					    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
					    .commandBufferCount = 1};
	VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
					  .flags = flags};

	if (!VKCOPY_OK(vkAllocateCommandBuffers(gpu->device, &info, commands))) {
		*commands = VK_NULL_HANDLE;
		return false;
	}
	return VKCOPY_OK(vkBeginCommandBuffer(*commands, &begin));
}

void vkcopy_drop(struct vkcopy_gpu *gpu, const VkCommandBuffer *commands, uint32_t count)
{
	vkFreeCommandBuffers(gpu->device, gpu->pool, count, commands);
}

void vkcopy_barrier(VkCommandBuffer commands)
{
	VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
				   .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
				   .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT |
						    VK_ACCESS_TRANSFER_WRITE_BIT |
						    VK_ACCESS_HOST_READ_BIT};

	vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
			     VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
			     &barrier, 0, NULL, 0, NULL);
}

VkResult vkcopy_submit(struct vkcopy_gpu *gpu, VkCommandBuffer commands, VkSemaphore wait,
		       uint64_t value)
{
	VkPipelineStageFlags stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
	uint64_t signal = gpu->submitted + 1;
	VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = wait ? 1 : 0,
		.pWaitSemaphoreValues = &value,
		.signalSemaphoreValueCount = 1,
		.pSignalSemaphoreValues = &signal};
	VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
			     .pNext = &values,
			     .waitSemaphoreCount = wait ? 1 : 0,
			     .pWaitSemaphores = &wait,
			     .pWaitDstStageMask = &stage,
			     .commandBufferCount = 1,
			     .pCommandBuffers = &commands,
			     .signalSemaphoreCount = 1,
			     .pSignalSemaphores = &gpu->timeline};
	VkResult result = vkQueueSubmit(gpu->queue, 1, &info, VK_NULL_HANDLE);

	if (result == VK_SUCCESS)
		gpu->submitted = signal;
	return result;
}

VkResult vkcopy_wait(struct vkcopy_gpu *gpu, uint64_t value)
{
	VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
				    .semaphoreCount = 1,
				    .pSemaphores = &gpu->timeline,
				    .pValues = &value};

	return vkWaitSemaphores(gpu->device, &info, WAIT_NS);
}
