/* SPDX-License-Identifier: MIT */
/*
 * vdev.h - a virtual device for one virtual machine, made on a card (card.h): a framebuffer that was cleaned before
 * the machine sees it, an address space in which that and the machine's memory are shown, and queues whose rings and
 * push buffers are the machine's own.
 *
 * One thing at a time is asked of a device: open, queue_open, reset and close are answered by a call of the
 * function that was given, from the loop.
 */
#ifndef TESTS_CORE_CLIENT_VDEV_H
#define TESTS_CORE_CLIENT_VDEV_H

#include "tests/core-client/card.h"

#define VDEV_QUEUES	 8u
#define VDEV_USERD	 512ul	      /* bytes of each queue */
#define VDEV_TABLES	 (1ull << 20) /* VRAM besides the framebuffer: page tables, instance blocks */
#define VDEV_FRAMEBUFFER (1ull << 32) /* where the machine sees it */
#define VDEV_HOLE	 (1ull << 33) /* VDEV_HOLE_SIZE bytes that read as zeros, and swallow writes */
#define VDEV_HOLE_SIZE	 (2ull << 20)

struct vdev;

struct vdev_queue {
	struct vdev *vdev;
	struct gpu_channel *channel; /* NULL: closed */
	bool open;		     /* it takes submissions */
	struct gpu_fault fault;	     /* what stopped it; xid 0: nothing */
};

struct vdev {
	struct card *card;
	struct vdev *next;
	struct gpu_range framebuffer, tables;
	struct gpu_scrub scrub;
	bool scrubbing, closing;
	struct gpu_tenant *tenant;
	struct gpu_vm *vm;
	struct hv_dma userd; /* of all queues */
	struct vdev_queue queue[VDEV_QUEUES];
	uint32_t weight;
	struct hv_work work;
	unsigned int interrupts; /* that the machine was given */
	unsigned int looks;	 /* that found engines working for it */
	unsigned int leaving;	 /* queues that a reset still waits for */
	void (*answer)(struct vdev *vdev, int err, void *arg);
	void *arg;
};

typedef void vdev_answer(struct vdev *vdev, int err, void *arg);

/*
 * size: bytes of the framebuffer, a multiple of 2 MiB. weight: of its engine time. 0: the answer comes; the
 * memory of *vdev stays until vdev_close() is answered, which is next after an error in the answer. -errno:
 * nothing was made.
 */
int vdev_open(struct vdev *vdev, struct card *card, uint64_t size, uint32_t weight,
	      vdev_answer *answer, void *arg);
/* Any time, and then the device reaches nothing of the machine's any more. */
void vdev_close(struct vdev *vdev, vdev_answer *answer, void *arg);
/* Queues are gone and the address space is empty but for framebuffer and hole. */
int vdev_reset(struct vdev *vdev, vdev_answer *answer, void *arg);

/* Show the machine's memory to the device, whole pages of 4 KiB, and take it away again. -EINVAL: not there. */
int vdev_dma_map(struct vdev *vdev, uint64_t va, const struct hv_dma *memory, bool read_only);
int vdev_dma_unmap(struct vdev *vdev, uint64_t va, uint64_t size);

/* The hole is the machine's like any other address from now on, until a reset. */
int vdev_fill_hole(struct vdev *vdev);

/* The framebuffer as the host's CPU sees it: a trapped region. Multiples of 4 bytes; -EINVAL outside. */
int vdev_read(struct vdev *vdev, uint64_t offset, void *to, size_t len);
int vdev_write(struct vdev *vdev, uint64_t offset, const void *from, size_t len);

/* A queue with its ring of `entries` at va. -EBUSY: it is open; and gpu_channel_new()'s errors. */
int vdev_queue_open(struct vdev *vdev, unsigned int i, uint64_t va, uint32_t entries,
		    vdev_answer *answer, void *arg);
/* The queue's USERD, as the machine's CPU sees it. */
volatile uint32_t *vdev_userd(struct vdev *vdev, unsigned int i, uint32_t offset);
/* One of these engines has ended something: the machine is interrupted if it has a queue there. */
void vdev_awaken(struct vdev *vdev, uint64_t engines);
/* ns of engines that the machine has had. */
uint64_t vdev_time(const struct vdev *vdev);
/*
 * The machine is trusted with the doorbell page, and rings by itself from its next queue on; what it writes there for an
 * open queue.
 */
void vdev_trust(struct vdev *vdev);
uint32_t vdev_token(const struct vdev *vdev, unsigned int i);
/* The machine has rung: no queue of it, no harm. */
void vdev_kick(struct vdev *vdev, unsigned int i);

#endif /* TESTS_CORE_CLIENT_VDEV_H */
