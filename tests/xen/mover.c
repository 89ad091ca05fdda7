/* SPDX-License-Identifier: MIT */
/*
 * mover.c - a test guest's bytes on their way; see mover.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mover.h"

#define FILLER	     0xa5a5a5a5u
#define DONE_TIMEOUT (60 * HV_S) /* an emulated machine may be slow */

static int open_gpu(struct mover *m, uint64_t bytes)
{
	int ret = dma_open(&m->dma, m->dev);

	if (ret)
		return ret;
	ret = dma_map(&m->dma, m->handle, 0, bytes, XENVGPU_PAGE_64K, 0, &m->object_va);
	if (!ret)
		ret = dma_buffer(&m->dma, MOVER_PIECE / HV_PAGE_SIZE, &m->buf, &m->buf_va);
	if (ret)
		dma_close(&m->dma);
	else
		m->piece = m->buf->va;
	return ret;
}

int mover_open(struct mover *m, struct front_dev *dev, uint64_t bytes, bool gpu)
{
	int ret;

	memset(m, 0, sizeof(*m));
	m->dev = dev;
	m->gpu = gpu;
	ret = front_mem_alloc(dev, bytes, &m->handle);
	if (ret)
		return ret;
	if (gpu)
		return open_gpu(m, bytes);
	m->piece = malloc(MOVER_PIECE);
	return m->piece ? 0 : -ENOMEM;
}

void mover_close(struct mover *m)
{
	if (m->gpu) {
		dma_close(&m->dma);
		(void)front_import_free(m->dev, m->buf);
	} else {
		free(m->piece);
	}
	m->piece = NULL;
}

static int gpu_copy(struct mover *m, uint64_t from, uint64_t to)
{
	int ret = dma_copy(&m->dma, from, to, MOVER_PIECE);

	m->by_gpu += MOVER_PIECE;
	if (!ret)
		ret = dma_submit(&m->dma);
	return ret ? ret : dma_wait(&m->dma, DONE_TIMEOUT);
}

int mover_put(struct mover *m, uint64_t at)
{
	int ret;

	if (!m->gpu)
		return front_mem_write(m->dev, m->handle, at, m->piece, MOVER_PIECE);
	ret = dma_fill(&m->dma, m->object_va + at, FILLER, MOVER_PIECE);
	m->by_gpu += MOVER_PIECE;
	return ret ? ret : gpu_copy(m, m->buf_va, m->object_va + at);
}

int mover_get(struct mover *m, uint64_t at)
{
	if (!m->gpu)
		return front_mem_read(m->dev, m->handle, at, m->piece, MOVER_PIECE);
	return gpu_copy(m, m->object_va + at, m->buf_va);
}
