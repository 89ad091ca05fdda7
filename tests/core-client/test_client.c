/* SPDX-License-Identifier: MIT */
/*
 * The core has two clients, so that its contract is not gpu/vgpu's private one: here a small host driver (card.c,
 * vdev.c) runs two virtual machines on the model, with firmware of our own making. What machines do is done by
 * the test: rings and push buffers lie in memory that they have shown to their device.
 */
#include <errno.h>

#include "gpu/core/regs_pci.h"
#include "tests/core-client/vdev.h"
#include <nv/push.h>
#include "tests/unit/boot_bed.h"

#define FRAMEBUFFER (4 * MIB)
#define RAM	    0x10000u /* of a machine, that its device sees at the same address */
#define RAM_VA	    0x20000000ull
#define ENTRIES	    16u
#define AT_RING(i)  (0x100ul * (i))
#define AT_FENCE(i) (0x1000ul + 16ul * (i))
#define AT_PUSH	    0x2000u
#define AT_DATA	    0x4000u
#define DATA	    0x1000u
#define NOWHERE	    0x30000000ull

struct machine {
	struct vdev vdev;
	struct hv_dma ram;
	uint32_t put[VDEV_QUEUES], fence;
	unsigned int answers;
	int err;
	bool rings; /* has the doorbell page */
};

struct host {
	struct boot_bed *bed;
	struct card card;
	unsigned int ups;
	int err;
	uint64_t free; /* bytes without machines */
	struct machine machine[2];
};

/* ---------------------------------------------------------------- waiting */

static bool count(void *arg)
{
	return *(unsigned int *)arg;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void up(struct card *card, int err, void *arg)
{
	struct host *host = arg;

	(void)card;
	host->ups++;
	host->err = err;
}

static void answered(struct vdev *vdev, int err, void *arg)
{
	struct machine *m = arg;

	assert_ptr_equal(vdev, &m->vdev);
	m->answers++;
	m->err = err;
}

static int wait_answer(struct machine *m)
{
	assert_int_equal(hv_loop_until(count, &m->answers, 60 * HV_S), 0);
	assert_int_equal(m->answers, 1);
	m->answers = 0;
	return m->err;
}

/* ---------------------------------------------------------------- the host */

static int setup(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	struct boot_bed *bed = boot_bed_up("570.144");

	/* The bed's own hold on the function: the client takes it, as a driver is bound to it. */
	gpu_detach(bed->gpu);
	hosted_pci_reset(bed->slot);
	host->bed = bed;
	*state = host;
	assert_int_equal(card_probe(&host->card, bed->pci, &bed->fw, bed->pack, GPU_EQUAL_SHARE, 0,
				    up, host),
			 0);
	assert_int_equal(hv_loop_until(count, &host->ups, 60 * HV_S), 0);
	assert_int_equal(host->err, 0);
	host->free = card_state(&host->card).free;
	return 0;
}

static int teardown(void **state)
{
	struct host *host = *state;

	card_remove(&host->card);
	hosted_pci_reset(host->bed->slot);
	assert_int_equal(gpu_attach(host->bed->pci, &host->bed->gpu), 0);
	boot_bed_down(host->bed);
	free(host);
	return 0;
}

static struct machine *machine_up(struct host *host, unsigned int i, uint32_t weight)
{
	struct machine *m = &host->machine[i];

	memset(m, 0, sizeof(*m));
	assert_int_equal(hv_dma_alloc(RAM, &m->ram), 0);
	assert_int_equal(vdev_open(&m->vdev, &host->card, FRAMEBUFFER, weight, answered, m), 0);
	assert_int_equal(m->answers, 0);
	assert_int_equal(wait_answer(m), 0);
	return m;
}

/* The error of the device's end. */
static int machine_down(struct machine *m)
{
	vdev_close(&m->vdev, answered, m);
	assert_int_equal(m->answers, 0);
	assert_int_equal(wait_answer(m), 0);
	hv_dma_free(&m->ram);
	return m->err;
}

/* ---------------------------------------------------------------- what a machine does */

static void show_ram(struct machine *m)
{
	assert_int_equal(vdev_dma_map(&m->vdev, RAM_VA, &m->ram, false), 0);
}

#define DOORBELL 0xbb0090u /* NV_VIRTUAL_FUNCTION_DOORBELL */

static void open_queue(struct machine *m, unsigned int i)
{
	assert_int_equal(vdev_queue_open(&m->vdev, i, RAM_VA + AT_RING(i), ENTRIES, answered, m),
			 0);
	assert_int_equal(wait_answer(m), 0);
	m->put[i] = 0;
}

static struct push push_to(struct machine *m)
{
	struct push p = {.words = (void *)((char *)m->ram.va + AT_PUSH), .room = 0x1000 / 4};

	push_set_object(&p, PUSH_COPY_SUBCHANNEL, m->vdev.card->copy_class);
	return p;
}

/* What is in the push buffer is done, or not: whether its fence came. */
static bool run(struct machine *m, unsigned int i, struct push *p)
{
	volatile uint32_t *fence = (void *)((char *)m->ram.va + AT_FENCE(i));
	uint64_t *ring = (void *)((char *)m->ram.va + AT_RING(i));

	push_release(p, RAM_VA + AT_FENCE(i), ++m->fence);
	assert_false(p->full);
	ring[m->put[i]] = push_entry(RAM_VA + AT_PUSH, 4 * p->n);
	m->put[i] = (m->put[i] + 1) % ENTRIES;
	*vdev_userd(&m->vdev, i, PUSH_USERD_GP_PUT) = m->put[i];
	if (m->rings)
		gpu_wr32(m->vdev.card->gpu, DOORBELL, vdev_token(&m->vdev, i));
	else
		vdev_kick(&m->vdev, i);
	return *fence == m->fence;
}

static bool copy(struct machine *m, unsigned int i, uint64_t from, uint64_t to)
{
	struct push p = push_to(m);

	push_copy(&p, from, to, DATA, DATA, 1);
	return run(m, i, &p);
}

static uint8_t *data(struct machine *m)
{
	return (uint8_t *)m->ram.va + AT_DATA;
}

static bool is_all(const uint8_t *bytes, uint8_t value)
{
	return bytes[0] == value && !memcmp(bytes, bytes + 1, DATA - 1);
}

/* A page goes to the framebuffer and comes back, and the host's CPU finds it there too. */
static void moves_data(struct machine *m, unsigned int queue, uint64_t offset, uint8_t value)
{
	uint8_t seen[DATA];

	memset(data(m), value, DATA);
	assert_true(copy(m, queue, RAM_VA + AT_DATA, VDEV_FRAMEBUFFER + offset));
	assert_int_equal(vdev_read(&m->vdev, offset, seen, DATA), 0);
	assert_true(is_all(seen, value));
	memset(data(m), 0xee, DATA);
	assert_true(copy(m, queue, VDEV_FRAMEBUFFER + offset, RAM_VA + AT_DATA));
	assert_true(is_all(data(m), value));
}

/* ---------------------------------------------------------------- tests */

static void two_machines_share_the_card(void **state)
{
	struct host *host = *state;
	struct machine *a = machine_up(host, 0, GPU_WEIGHT_DEFAULT), *b = machine_up(host, 1, 300);
	const uint32_t word = 0x600dcafe;
	struct card_state now = card_state(&host->card);

	assert_string_equal(now.chip, "GA102");
	assert_string_equal(now.policy, "equal-share");
	assert_int_equal(now.turns, 0);
	assert_true(now.free < host->free && host->free <= now.vram);
	assert_true(now.cleaned >= 2 * FRAMEBUFFER);
	show_ram(a);
	show_ram(b);
	assert_int_equal(vdev_dma_map(&a->vdev, gpu_vm_end(a->vdev.vm), &a->ram, false), -EINVAL);
	open_queue(a, 0);
	open_queue(a, 5);
	open_queue(b, 0);
	assert_int_equal(vdev_queue_open(&b->vdev, 0, RAM_VA, ENTRIES, answered, b), -EBUSY);
	moves_data(a, 0, 0, 0x11);
	moves_data(b, 0, 0, 0x22);
	moves_data(a, 5, FRAMEBUFFER - DATA, 0x33);
	/* What the host's CPU stores, the machine's queue reads. */
	assert_int_equal(vdev_write(&b->vdev, 0x8000, &word, sizeof(word)), 0);
	assert_true(copy(b, 0, VDEV_FRAMEBUFFER + 0x8000, RAM_VA + AT_DATA));
	assert_memory_equal(data(b), &word, sizeof(word));
	assert_int_equal(vdev_write(&b->vdev, FRAMEBUFFER, &word, sizeof(word)), -EINVAL);
	assert_int_equal(vdev_read(&b->vdev, FRAMEBUFFER - 4, data(b), 8), -EINVAL);
	assert_true(copy(a, 0, VDEV_FRAMEBUFFER, RAM_VA + AT_DATA));
	assert_true(is_all(data(a), 0x11));
	assert_int_equal(machine_down(a), 0);
	moves_data(b, 0, 0, 0x44);
	assert_int_equal(machine_down(b), 0);
	assert_int_equal(card_state(&host->card).free, host->free);
}

/* Where the hole is, reads give zeros and writes go nowhere; once it is filled, the machine's own memory is there. */
static void a_hole_is_harmless_until_it_is_filled(void **state)
{
	struct host *host = *state;
	struct machine *m = machine_up(host, 0, GPU_WEIGHT_DEFAULT);
	struct hv_dma more;

	show_ram(m);
	open_queue(m, 0);
	memset(data(m), 0x55, DATA);
	assert_true(copy(m, 0, RAM_VA + AT_DATA, VDEV_HOLE));
	assert_true(copy(m, 0, VDEV_HOLE, RAM_VA + AT_DATA));
	assert_true(is_all(data(m), 0));
	assert_int_equal(hv_dma_alloc(DATA, &more), 0);
	memset(more.va, 0x66, DATA);
	assert_int_equal(vdev_dma_map(&m->vdev, VDEV_HOLE, &more, true), -EEXIST);
	assert_int_equal(vdev_fill_hole(&m->vdev), 0);
	assert_int_equal(vdev_dma_map(&m->vdev, VDEV_HOLE, &more, true), 0);
	assert_true(copy(m, 0, VDEV_HOLE, RAM_VA + AT_DATA));
	assert_true(is_all(data(m), 0x66));
	assert_int_equal(vdev_dma_unmap(&m->vdev, VDEV_HOLE, DATA), 0);
	assert_int_equal(vdev_dma_unmap(&m->vdev, VDEV_HOLE, DATA), -ENOENT);
	assert_int_equal(machine_down(m), 0);
	hv_dma_free(&more);
}

static void a_fault_stops_a_queue_until_the_reset(void **state)
{
	struct host *host = *state;
	struct machine *bad = machine_up(host, 0, GPU_WEIGHT_DEFAULT),
		       *good = machine_up(host, 1, GPU_WEIGHT_DEFAULT);

	show_ram(bad);
	show_ram(good);
	open_queue(bad, 0);
	open_queue(bad, 1);
	open_queue(good, 0);
	moves_data(good, 0, 0, 0x21);
	assert_false(copy(bad, 0, NOWHERE, RAM_VA + AT_DATA));
	assert_int_equal(hv_loop_until(never, NULL, HV_S), -ETIMEDOUT);
	assert_int_equal(bad->vdev.queue[0].fault.xid,
			 31); /* ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT */
	assert_int_equal(good->vdev.queue[0].fault.xid, 0);
	moves_data(good, 0, 0, 0x22);
	assert_int_equal(vdev_reset(&bad->vdev, answered, bad), 0);
	assert_int_equal(wait_answer(bad), 0);
	vdev_kick(&bad->vdev, 0);
	vdev_kick(&bad->vdev, VDEV_QUEUES);
	show_ram(bad); /* so it was gone */
	open_queue(bad, 0);
	moves_data(bad, 0, 0, 0x23);
	assert_int_equal(machine_down(bad), 0);
	assert_int_equal(machine_down(good), 0);
	assert_int_equal(card_state(&host->card).free, host->free);
}

/* Engines tell that something has ended: whose it may be is interrupted, and nobody else. */
static void an_interrupt_when_it_is_done(void **state)
{
	struct host *host = *state;
	struct machine *a = machine_up(host, 0, 1), *b = machine_up(host, 1, 1);
	struct push p;

	show_ram(a);
	open_queue(a, 2);
	p = push_to(a);
	assert_true(run(a, 2, &p));
	assert_int_equal(hv_loop_until(never, NULL, HV_S), -ETIMEDOUT);
	assert_int_equal(a->vdev.interrupts, 0);
	p = push_to(a);
	push_one(&p, 0, NVC56F_NON_STALL_INTERRUPT, 0);
	assert_true(run(a, 2, &p));
	assert_int_equal(hv_loop_until(count, &a->vdev.interrupts, HV_S), 0);
	assert_int_equal(a->vdev.interrupts, 1);
	assert_int_equal(b->vdev.interrupts, 0);
	assert_int_equal(machine_down(a), 0);
	assert_int_equal(machine_down(b), 0);
}

/* A machine with the doorbell page needs nobody to ring; what engines did for it is known all the same. */
static void a_trusted_machine_rings_itself(void **state)
{
	struct host *host = *state;
	struct machine *m = machine_up(host, 0, 1), *idle = machine_up(host, 1, 1);

	vdev_trust(&m->vdev);
	show_ram(m);
	open_queue(m, 0);
	open_queue(m, 1);
	assert_int_not_equal(vdev_token(&m->vdev, 0), vdev_token(&m->vdev, 1));
	m->rings = true;
	moves_data(m, 0, 0, 0x12);
	moves_data(m, 1, DATA, 0x13);
	assert_int_equal(vdev_time(&idle->vdev), 0);
	assert_true(vdev_time(&m->vdev) <= hv_now());
	assert_int_equal(m->vdev.looks != 0, vdev_time(&m->vdev) != 0);
	assert_int_equal(idle->vdev.looks, 0);
	assert_int_equal(machine_down(m), 0);
	assert_int_equal(machine_down(idle), 0);
}

/* What one machine has left in its framebuffer the next does not find. */
static void framebuffers_are_clean(void **state)
{
	struct host *host = *state;
	struct machine *m = machine_up(host, 0, GPU_WEIGHT_DEFAULT);
	uint64_t base = m->vdev.framebuffer.base;
	uint8_t seen[DATA];

	memset(seen, 0x77, DATA);
	for (uint64_t at = 0; at < FRAMEBUFFER; at += DATA)
		assert_int_equal(vdev_write(&m->vdev, at, seen, DATA), 0);
	assert_int_equal(machine_down(m), 0);
	m = machine_up(host, 0, GPU_WEIGHT_DEFAULT);
	assert_int_equal(m->vdev.framebuffer.base, base);
	for (uint64_t at = 0; at < FRAMEBUFFER; at += DATA) {
		assert_int_equal(vdev_read(&m->vdev, at, seen, DATA), 0);
		assert_true(is_all(seen, 0));
	}
	assert_int_equal(machine_down(m), 0);
}

/* At every step of its coming up a device can be closed. */
static void a_device_is_closed_while_it_opens(void **state)
{
	struct host *host = *state;
	struct machine *m = &host->machine[0];
	bool open = false;

	for (uint64_t wait = 1; !open; wait *= 4) {
		memset(m, 0, sizeof(*m));
		assert_int_equal(vdev_open(&m->vdev, &host->card, FRAMEBUFFER, 1, answered, m), 0);
		open = hv_loop_until(count, &m->answers, wait) == 0;
		m->answers = 0;
		vdev_close(&m->vdev, answered, m);
		assert_int_equal(wait_answer(m), 0);
		assert_int_equal(hv_loop_until(never, NULL, 3 * HV_S), -ETIMEDOUT);
		assert_int_equal(card_state(&host->card).free, host->free);
	}
	assert_int_equal(vdev_open(&m->vdev, &host->card, 4096, 1, answered, m), -EINVAL);
	assert_int_equal(vdev_open(&m->vdev, &host->card, 4096 * MIB, 1, answered, m), -ENOMEM);
}

/* Bus mastering is taken away: devices can be closed, and none be opened. */
static void a_lost_card_lets_go(void **state)
{
	struct host *host = *state;
	struct machine *m = machine_up(host, 0, GPU_WEIGHT_DEFAULT);

	show_ram(m);
	open_queue(m, 0);
	model_cfg_write(host->bed->model, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(hv_loop_until(never, NULL, 3 * HV_S), -ETIMEDOUT);
	assert_true(card_state(&host->card).lost);
	assert_int_equal(vdev_open(&host->machine[1].vdev, &host->card, FRAMEBUFFER, 1, answered,
				   &host->machine[1]),
			 -ENODEV);
	vdev_close(&m->vdev, answered, m);
	(void)wait_answer(m); /* with an error or without: the card reaches nothing */
	memset(m->ram.va, 0x5a, RAM);
	hv_dma_free(&m->ram);
	assert_null(host->card.vdevs);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(two_machines_share_the_card),		  T(an_interrupt_when_it_is_done),
		T(a_trusted_machine_rings_itself),	  T(a_hole_is_harmless_until_it_is_filled),
		T(a_fault_stops_a_queue_until_the_reset), T(framebuffers_are_clean),
		T(a_device_is_closed_while_it_opens),	  T(a_lost_card_lets_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
