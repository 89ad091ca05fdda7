/* SPDX-License-Identifier: MIT */
/*
 * spaces.c - classes, address spaces, and what is bound in them.
 *
 * Changes travel in one page that is offered for as long as the connection lasts, so binding costs no grant
 * operation. A page whose request was given up may still be read and is not written to again.
 */
#include <errno.h>
#include <string.h>

#include "front_int.h"

_Static_assert(sizeof(struct xenvgpu_bind) * XENVGPU_MAX_BINDS == HV_PAGE_SIZE,
	       "the changes of one request fill a page");

/* A call that only a backend with feature-channels knows. */
static int call(struct front_dev *dev, const struct xenvgpu_request *req,
		struct xenvgpu_response *rsp)
{
	if (front_state(dev) == FRONT_CONNECTED && !dev->channels_ok)
		return -EOPNOTSUPP;
	return front_call(dev, req, rsp);
}

int front_class_list(struct front_dev *dev, struct xenvgpu_class_list_resp *classes)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_CLASS_LIST};
	struct xenvgpu_response rsp;
	int ret = call(dev, &req, &rsp);

	if (!ret)
		*classes = rsp.op.class_list;
	return ret;
}

int front_space_create(struct front_dev *dev, struct xenvgpu_space_create_resp *space)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_SPACE_CREATE};
	struct xenvgpu_response rsp;
	int ret = call(dev, &req, &rsp);

	if (!ret)
		*space = rsp.op.space_create;
	return ret;
}

int front_space_destroy(struct front_dev *dev, uint32_t space)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_SPACE_DESTROY,
				      .op.space_destroy.space = space};

	return call(dev, &req, NULL);
}

static void drop_page(struct front_dev *dev)
{
	front_run_retire(dev, dev->bind_page);
	dev->bind_page = NULL;
}

/* At most a page of changes; *done counts them when the backend has said how many. */
static int bind_some(struct front_dev *dev, uint32_t space, const struct xenvgpu_bind *binds,
		     unsigned int n, unsigned int *done)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_BIND};
	struct xenvgpu_response rsp = {0};
	int ret;

	if (!dev->bind_page) {
		struct front_run *page = front_run_new(1);

		if (!page)
			return -ENOMEM;
		ret = front_run_offer(dev, page, 0, HV_GRANT_RO);
		if (ret) {
			front_run_retire(dev, page);
			return ret;
		}
		dev->bind_page = page;
	}
	memcpy(dev->bind_page->va, binds, n * sizeof(*binds));
	req.op.bind.space = space;
	req.op.bind.gref = dev->bind_page->ref[0];
	req.op.bind.count = n;
	ret = front_call(dev, &req, &rsp);
	*done = rsp.op.bind.done;
	if (ret == -ETIMEDOUT && dev->bind_page)
		drop_page(dev);
	return ret;
}

int front_bind(struct front_dev *dev, uint32_t space, const struct xenvgpu_bind *binds,
	       unsigned int count, unsigned int *done)
{
	unsigned int at = 0, part = 0;
	int ret = 0;

	if (front_state(dev) != FRONT_CONNECTED)
		ret = -ENODEV;
	else if (!dev->channels_ok)
		ret = -EOPNOTSUPP;
	else if (!count)
		ret = -EINVAL;
	while (at < count && !ret) {
		unsigned int n = count - at;

		if (n > XENVGPU_MAX_BINDS)
			n = XENVGPU_MAX_BINDS;
		ret = bind_some(dev, space, binds + at, n, &part);
		at += part;
	}
	if (done)
		*done = at;
	return ret;
}

void front_spaces_stop(struct front_dev *dev)
{
	drop_page(dev);
}
