/* SPDX-License-Identifier: MIT */
/*
 * The transfers that vkcopy judges: vkCmdCopyBuffer along host -> device -> device -> host,
 * vkCmdFillBuffer and vkCmdUpdateBuffer into either kind of memory. Each target lies in a buffer that
 * was filled with another word before, and the bytes around the target must still be that word.
 *
 * The three copies of a chain are ordered in two ways in turn: by barriers within one submission, or
 * as three submissions that wait for one another's values of the timeline, the first of them for the
 * host. All are submitted before the host lets them go.
 */
#include <string.h>

#include "vkcopy.h"

#define GUARD	   67	/* bytes looked at before and behind a target */
#define MARK	   0x5a /* in a host buffer until the first fill; no fill's byte, see word_of() */
#define UPDATE_MAX 65536
#define HOST_FILL  (1U << 20) /* fills of host-visible memory go up to this size */
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Powers of 4 and, between them, what is not aligned to anything. */
static const VkDeviceSize sizes[] = {
	1,	 4,	   12,	     16,    64,	   256,	  1021,	  1024,	   4092,
	4096,	 4099,	   16384,    65532, 65536, 65537, 262144, 1 << 20, (1 << 20) + 4,
	4 << 20, 16 << 20, 64 << 20,
};

VkDeviceSize vkcopy_size(unsigned int i)
{
	return i < LEN(sizes) ? sizes[i] : 0;
}

/* ---------------------------------------------------------------- what must be where */

/* What is looked at, for a message. */
struct subject {
	const char *what;
	VkDeviceSize size;
};

static bool wrong(const struct subject *s, const char *where, size_t i, uint8_t have, uint8_t want)
{
	return vkcopy_say("%s of %llu bytes: byte %zu of %s is 0x%02x, should be 0x%02x", s->what,
			  (unsigned long long)s->size, i, where, have, want);
}

static bool is_pattern(const struct subject *s, const uint8_t *at, size_t size, uint64_t seed)
{
	uint8_t want;
	size_t i = vkcopy_differs(at, size, seed, &want);

	return i == size || wrong(s, "the target", i, at[i], want);
}

static bool is_word(const struct subject *s, const char *where, const uint8_t *at, size_t phase,
		    size_t size, uint32_t word)
{
	uint8_t want;
	size_t i = vkcopy_differs_word(at, phase, size, word, &want);

	return i == size || wrong(s, where, i, at[i], want);
}

/* Words of one seed and different `other` (up to 7) have no byte in common; only those of 2 have MARK's bits. */
static uint32_t word_of(uint64_t seed, unsigned int other)
{
	uint32_t word;

	vkcopy_pattern(&word, sizeof(word), ~seed);
	return (word & 0x1f1f1f1f) | other * 0x20202020;
}

/* Where a target begins: page-aligned for every second seed, anywhere for the others. */
static VkDeviceSize offset_of(uint64_t seed, unsigned int which)
{
	return seed & 1 ? 4096ULL * which : GUARD + (seed >> 1 & 63) + 17ULL * which;
}

static VkDeviceSize round4(VkDeviceSize size)
{
	return (size + 3) & ~3ULL;
}

static void copy(VkCommandBuffer commands, const struct vkcopy_buffer *from, VkDeviceSize at,
		 const struct vkcopy_buffer *to, VkDeviceSize target, VkDeviceSize size)
{
	VkBufferCopy region = {.srcOffset = at, .dstOffset = target, .size = size};

	vkCmdCopyBuffer(commands, from->buffer, to->buffer, 1, &region);
}

/* ---------------------------------------------------------------- chains of copies */

enum { SOURCE, FIRST, SECOND, SINK, BUFFERS };

struct chain {
	struct vkcopy_gpu *gpu;
	VkDeviceSize size;
	uint64_t seed;
	bool split; /* into a submission for each copy */
	struct vkcopy_buffer buffer[BUFFERS];
	VkDeviceSize at[BUFFERS]; /* the target, or the source's bytes */
	VkDeviceSize windows;	  /* in the sink: the guards of FIRST and SECOND */
	VkCommandBuffer commands[3];
};

static bool chain_buffers(struct chain *c)
{
	for (unsigned int i = 0; i < BUFFERS; i++) {
		c->at[i] = offset_of(c->seed, i + 1);
		c->windows = c->at[i] + c->size + GUARD;
		if (!vkcopy_buffer(c->gpu, i == FIRST || i == SECOND ? VKCOPY_LOCAL : VKCOPY_HOST,
				   round4(c->windows + (i == SINK ? 5ULL * GUARD : 0)),
				   &c->buffer[i]))
			return false;
	}
	return true;
}

static void record_copies(struct chain *c, unsigned int step, VkCommandBuffer commands)
{
	VkDeviceSize to = c->windows;

	if (step == 0) {
		for (unsigned int i = FIRST; i < BUFFERS; i++)
			vkCmdFillBuffer(commands, c->buffer[i].buffer, 0, VK_WHOLE_SIZE,
					word_of(c->seed, i));
		vkcopy_barrier(commands);
	}
	copy(commands, &c->buffer[step], c->at[step], &c->buffer[step + 1], c->at[step + 1],
	     c->size);
	if (step < 2)
		return;
	for (unsigned int i = FIRST; i <= SECOND; i++, to += 2ULL * GUARD) {
		copy(commands, &c->buffer[i], c->at[i] - GUARD, &c->buffer[SINK], to, GUARD);
		copy(commands, &c->buffer[i], c->at[i] + c->size, &c->buffer[SINK], to + GUARD,
		     GUARD);
	}
}

static bool chain_record(struct chain *c)
{
	VkCommandBuffer commands = VK_NULL_HANDLE;

	for (unsigned int step = 0; step < 3; step++) {
		if (step == 0 || c->split) {
			if (!vkcopy_begin(c->gpu, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
					  &c->commands[step]))
				return false;
			commands = c->commands[step];
		}
		record_copies(c, step, commands);
		vkcopy_barrier(commands);
		if ((step == 2 || c->split) && !VKCOPY_OK(vkEndCommandBuffer(commands)))
			return false;
	}
	return true;
}

/* Submits the three copies, of which the first waits for the gate. */
static bool chain_submit(struct chain *c)
{
	struct vkcopy_gpu *gpu = c->gpu;

	for (unsigned int i = 0; i < 3; i++) {
		VkSemaphore wait = i ? gpu->timeline : gpu->gate;
		uint64_t value = i ? gpu->submitted : gpu->opened + 1;

		if (!vkcopy_ok(vkcopy_submit(gpu, c->commands[i], wait, value), "vkQueueSubmit"))
			return false;
	}
	return true;
}

/* Nothing of what was submitted may have happened yet; then the host opens the gate. */
static bool chain_let_go(struct chain *c, uint64_t before)
{
	struct vkcopy_gpu *gpu = c->gpu;
	VkSemaphoreSignalInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
				      .semaphore = gpu->gate,
				      .value = ++gpu->opened};
	uint64_t value = before;
	bool good =
		VKCOPY_OK(vkGetSemaphoreCounterValue(gpu->device, gpu->timeline, &value)) &&
		((value == before && *(volatile uint8_t *)c->buffer[SINK].mapped == MARK) ||
		 vkcopy_say(
			 "copy of %llu bytes was done before the host had signalled its semaphore",
			 (unsigned long long)c->size));

	return VKCOPY_OK(vkSignalSemaphore(gpu->device, &info)) && good;
}

static bool chain_run(struct chain *c)
{
	struct vkcopy_gpu *gpu = c->gpu;
	uint64_t before = gpu->submitted;
	bool good;

	if (!c->split)
		return vkcopy_ok(vkcopy_submit(gpu, c->commands[0], VK_NULL_HANDLE, 0),
				 "vkQueueSubmit") &&
		       vkcopy_ok(vkcopy_wait(gpu, gpu->submitted), "vkWaitSemaphores");
	*c->buffer[SINK].mapped = MARK;
	/* Whatever fails, what has been submitted comes to its end. */
	good = chain_submit(c);
	good &= chain_let_go(c, before);
	for (uint64_t value = before + 1; value <= gpu->submitted; value++)
		good &= vkcopy_ok(vkcopy_wait(gpu, value), "vkWaitSemaphores");
	return good;
}

static bool chain_check(const struct chain *c)
{
	const struct subject s = {"copy host -> device -> device -> host", c->size};
	const uint8_t *sink = c->buffer[SINK].mapped;
	VkDeviceSize at = c->at[SINK], behind = at + c->size, end = c->windows + 4ULL * GUARD;
	uint32_t word = word_of(c->seed, SINK);

	if (!is_pattern(&s, sink + at, c->size, c->seed) ||
	    !is_word(&s, "the host buffer before the target", sink, 0, at, word) ||
	    !is_word(&s, "the host buffer behind the target", sink + behind, behind, GUARD, word) ||
	    !is_word(&s, "the host buffer's end", sink + end, end, c->buffer[SINK].size - end,
		     word))
		return false;
	sink += c->windows;
	for (unsigned int i = FIRST; i <= SECOND; i++, sink += 2ULL * GUARD) {
		word = word_of(c->seed, i);
		if (!is_word(&s, "the bytes before a target on the device", sink, c->at[i] - GUARD,
			     GUARD, word) ||
		    !is_word(&s, "the bytes behind a target on the device", sink + GUARD,
			     c->at[i] + c->size, GUARD, word))
			return false;
	}
	return true;
}

static bool verify_chain(struct vkcopy_gpu *gpu, VkDeviceSize size, uint64_t seed, bool split,
			 struct vkcopy_totals *totals)
{
	struct chain c = {.gpu = gpu, .size = size, .seed = seed, .split = split};
	bool good = chain_buffers(&c) && chain_record(&c);

	if (good) {
		vkcopy_pattern(c.buffer[SOURCE].mapped + c.at[SOURCE], size, seed);
		good = chain_run(&c) && chain_check(&c);
	}
	vkcopy_drop(gpu, c.commands, LEN(c.commands));
	for (unsigned int i = 0; i < BUFFERS; i++)
		vkcopy_free(gpu, &c.buffer[i]);
	totals->copies += 3;
	totals->waits += split ? 3 : 1;
	totals->bytes += size;
	return good;
}

/* ---------------------------------------------------------------- fills and updates */

struct write {
	struct subject subject;
	enum vkcopy_place place;
	bool update; /* else a fill */
	uint64_t seed;
	uint32_t around, word; /* the buffer before; what a fill writes */
	VkDeviceSize at;
	struct vkcopy_buffer target,
		seen; /* `seen` only where the host cannot look at the target */
	VkCommandBuffer commands;
};

static bool write_record(struct vkcopy_gpu *gpu, struct write *w)
{
	uint8_t data[UPDATE_MAX];
	VkBuffer target = w->target.buffer;

	if (!vkcopy_begin(gpu, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT, &w->commands))
		return false;
	vkCmdFillBuffer(w->commands, target, 0, VK_WHOLE_SIZE, w->around);
	vkcopy_barrier(w->commands);
	if (w->update) {
		vkcopy_pattern(data, w->subject.size, w->seed);
		vkCmdUpdateBuffer(w->commands, target, w->at, w->subject.size, data);
	} else {
		vkCmdFillBuffer(w->commands, target, w->at, w->subject.size, w->word);
	}
	vkcopy_barrier(w->commands);
	if (w->place == VKCOPY_LOCAL) {
		copy(w->commands, &w->target, 0, &w->seen, 0, w->target.size);
		vkcopy_barrier(w->commands);
	}
	return VKCOPY_OK(vkEndCommandBuffer(w->commands));
}

static bool write_check(const struct write *w)
{
	const struct subject *s = &w->subject;
	const struct vkcopy_buffer *b = w->place == VKCOPY_LOCAL ? &w->seen : &w->target;
	VkDeviceSize behind = w->at + s->size;

	return (w->update ? is_pattern(s, b->mapped + w->at, s->size, w->seed)
			  : is_word(s, "the target", b->mapped + w->at, 0, s->size, w->word)) &&
	       is_word(s, "the buffer before the target", b->mapped, 0, w->at, w->around) &&
	       is_word(s, "the buffer behind the target", b->mapped + behind, 0, b->size - behind,
		       w->around);
}

static bool verify_write(struct vkcopy_gpu *gpu, struct write *w, struct vkcopy_totals *totals)
{
	bool good;

	w->around = word_of(w->seed, 0);
	w->word = word_of(w->seed, 7);
	w->at = round4(offset_of(w->seed, 1));
	good = vkcopy_buffer(gpu, w->place, w->at + w->subject.size + round4(GUARD), &w->target) &&
	       (w->place == VKCOPY_HOST ||
		vkcopy_buffer(gpu, VKCOPY_HOST, w->target.size, &w->seen)) &&
	       write_record(gpu, w) &&
	       vkcopy_ok(vkcopy_submit(gpu, w->commands, VK_NULL_HANDLE, 0), "vkQueueSubmit") &&
	       vkcopy_ok(vkcopy_wait(gpu, gpu->submitted), "vkWaitSemaphores") && write_check(w);
	vkcopy_drop(gpu, &w->commands, 1);
	vkcopy_free(gpu, &w->seen);
	vkcopy_free(gpu, &w->target);
	totals->fills += !w->update;
	totals->updates += w->update;
	totals->waits++;
	totals->bytes += w->subject.size;
	return good;
}

static bool verify_fill(struct vkcopy_gpu *gpu, VkDeviceSize size, uint64_t seed,
			struct vkcopy_totals *totals)
{
	struct write local = {{"fill in device memory", size}, VKCOPY_LOCAL, .seed = seed};
	struct write host = {{"fill in host memory", size}, VKCOPY_HOST, .seed = seed};

	return verify_write(gpu, &local, totals) &&
	       (size > HOST_FILL || verify_write(gpu, &host, totals));
}

static bool verify_update(struct vkcopy_gpu *gpu, VkDeviceSize size, uint64_t seed,
			  struct vkcopy_totals *totals)
{
	struct write local = {
		{"update in device memory", size}, VKCOPY_LOCAL, .update = true, .seed = seed};
	struct write host = {
		{"update in host memory", size}, VKCOPY_HOST, .update = true, .seed = seed};

	return verify_write(gpu, &local, totals) && verify_write(gpu, &host, totals);
}

/* ---------------------------------------------------------------- sizes */

bool vkcopy_verify_size(struct vkcopy_gpu *gpu, VkDeviceSize size, uint64_t seed,
			struct vkcopy_totals *totals)
{
	/* Both ways of ordering with both ways of aligning, while that is cheap. */
	bool good = verify_chain(gpu, size, seed, seed >> 1 & 1, totals);

	if (size <= HOST_FILL)
		good = good && verify_chain(gpu, size, seed + 1, seed >> 1 & 1, totals) &&
		       verify_chain(gpu, size, seed + 2, !(seed >> 1 & 1), totals);
	/* Of these Vulkan takes whole words only. */
	if (size % 4)
		return good;
	good = good && verify_fill(gpu, size, seed + 3, totals);
	if (size <= UPDATE_MAX)
		good = good && verify_update(gpu, size, seed + 4, totals);
	return good;
}

bool vkcopy_verify(struct vkcopy_gpu *gpu, VkDeviceSize max, uint64_t seed,
		   struct vkcopy_totals *totals)
{
	for (unsigned int i = 0; vkcopy_size(i) && vkcopy_size(i) <= max; i++) {
		if (!vkcopy_verify_size(gpu, vkcopy_size(i), seed + 5ULL * i, totals))
			return false;
	}
	return true;
}

bool vkcopy_say_totals(const struct vkcopy_totals *t)
{
	vkcopy_say("%u copies, %u fills, %u updates: %llu bytes as they should be, %u waits",
		   t->copies, t->fills, t->updates, (unsigned long long)t->bytes, t->waits);
	return true;
}
