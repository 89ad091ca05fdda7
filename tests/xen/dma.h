/* SPDX-License-Identifier: MIT */
/*
 * dma.h - a test guest's own submissions: one address space, one channel for a copy engine, batches.
 *
 * GPFIFO, push buffers and semaphore are pages of the guest's that the device reads and writes. Copies and
 * fills are put into a batch; a batch is published with one doorbell, and its end is a value that the GPU
 * writes to the semaphore, and an interrupt. Nothing here is fast where it need not be, and nothing is believed of the device:
 * what it says is read once and compared with what can be.
 */
#ifndef TESTS_XEN_DMA_H
#define TESTS_XEN_DMA_H

#include "guest-frontend/bare/front.h"
#include <nv/push.h>

#define DMA_SLOTS                                                                                  \
	16u /* entries of the GPFIFO, push buffers of a page each; one less can be under way */

struct dma {
	struct front_dev *dev;
	uint32_t space, channel, engine_class, copy_class;
	uint64_t va_next, va_end; /* not handed out yet */
	uint64_t kept;		  /* the start of what the space keeps from its owner */
	struct front_import *ring;
	uint64_t ring_va;
	struct push push; /* the batch that is being written */
	uint32_t fence;	  /* of the last batch that was published */
	uint64_t batches; /* published */
	bool stopped;	  /* the channel, after an error */
	struct xenvgpu_event why;
};

/*
 * Space, ring, channel. The device is connected; it reports stops of this channel to d from now on (one
 * struct dma a device). 0 or -errno; nothing is left after an error.
 */
int dma_open(struct dma *d, struct front_dev *dev);
/*
 * The same with a channel for the class with this low byte, which is one in every generation. One for graphics
 * reaches a copy engine too. -EOPNOTSUPP: the slice has none such.
 */
#define DMA_COPY 0xb5u
#define DMA_3D	 0x97u
int dma_open_for(struct dma *d, struct front_dev *dev, uint32_t low);
/* The same in three steps, one request or two each. After an error of one dma_close() takes back the others. */
int dma_open_space(struct dma *d, struct front_dev *dev, uint32_t low);
int dma_open_ring(struct dma *d);
int dma_open_channel(struct dma *d);
/* Imports that are bound in its space and what is in it stay the caller's. Without a connection this only forgets. */
void dma_close(struct dma *d);
/* Another channel in place of this one, whatever that does. 0 or -errno; then it can be tried again. */
int dma_renew(struct dma *d);

/* Shows size bytes of an object from offset on, whole pages of 1 << shift, at a virtual address chosen here. */
int dma_map(struct dma *d, uint32_t handle, uint64_t offset, uint64_t size, unsigned int shift,
	    uint32_t flags, uint64_t *va);
int dma_unmap(struct dma *d, uint64_t va, uint64_t size, unsigned int shift);
/* Imported pages, and where the GPU sees them. */
int dma_buffer(struct dma *d, unsigned int pages, struct front_import **out, uint64_t *va);

/*
 * Put a copy, or a fill of `bytes` (a multiple of 4), into the batch; one that is full is published first. 0,
 * -EIO (the channel was stopped), -ENODEV, -ETIMEDOUT (the GPU has not taken earlier batches in).
 */
int dma_copy(struct dma *d, uint64_t from, uint64_t to, uint32_t bytes);
int dma_fill(struct dma *d, uint64_t to, uint32_t value, uint32_t bytes);
/* Room for this many words of any method in the batch. Errors as above. */
int dma_room(struct dma *d, uint32_t words);

/* Publishes the batch: its fence is d->fence then. Nothing if it is empty. */
int dma_submit(struct dma *d);
/* Writes the batch and its entry and tells nobody: the GP_PUT that would publish it. The batch is not empty. */
uint32_t dma_write(struct dma *d);
/* Publishes any entry as the next, with no fence; a hostile guest's. */
int dma_submit_entry(struct dma *d, uint64_t entry);
/* Waits, asleep, for the end of all batches so far. 0, -EIO, -ENODEV, -ETIMEDOUT. */
int dma_wait(struct dma *d, uint64_t timeout);

#endif /* TESTS_XEN_DMA_H */
