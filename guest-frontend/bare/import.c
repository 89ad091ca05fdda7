/* SPDX-License-Identifier: MIT */
/*
 * import.c - memory of our own that the device reaches.
 *
 * An import is a run of the pool's pages: the backend maps them for its device, where no ring and no CPU
 * sees what becomes of them, so a page is used for something else only when Xen has confirmed the end of
 * its grant. The list that names the pages is offered for the time of the request only.
 */
#include <errno.h>
#include <stdlib.h>

#include "front_int.h"

struct front_import_mem {
	struct front_import pub;
	struct front_import_mem *next;
	struct front_run *data;
};

/* A list of all references of data; NULL: no memory or no grant references. */
static struct front_run *list_new(struct front_dev *dev, const struct front_run *data)
{
	unsigned int n = (data->pages + XENVGPU_GREFS_PER_DIR - 1) / XENVGPU_GREFS_PER_DIR;
	struct front_run *list = front_run_new(n);
	struct xenvgpu_page_directory *dir;

	if (!list)
		return NULL;
	for (unsigned int i = 0; i < n; i++) {
		if (front_run_offer(dev, list, i, HV_GRANT_RO)) {
			front_run_retire(dev, list);
			return NULL;
		}
	}
	dir = (void *)list->va;
	for (unsigned int i = 0; i + 1 < n; i++)
		dir[i].gref_dir_next_page = list->ref[i + 1];
	for (unsigned int i = 0; i < data->pages; i++)
		dir[i / XENVGPU_GREFS_PER_DIR].gref[i % XENVGPU_GREFS_PER_DIR] = data->ref[i];
	return list;
}

static int import_pages(struct front_dev *dev, struct front_import_mem *mem, uint32_t flags)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_IMPORT};
	struct xenvgpu_response rsp;
	struct front_run *list;
	int ret = 0;

	for (unsigned int i = 0; i < mem->data->pages && !ret; i++)
		ret = front_run_offer(dev, mem->data, i,
				      flags & XENVGPU_IMPORT_RO ? HV_GRANT_RO : 0);
	if (ret)
		return ret;
	list = list_new(dev, mem->data);
	if (!list)
		return -ENOMEM;
	req.op.mem_import.gref_directory = list->ref[0];
	req.op.mem_import.pages = mem->data->pages;
	req.op.mem_import.flags = flags;
	ret = front_call(dev, &req, &rsp);
	front_run_retire(dev, list);
	if (!ret)
		mem->pub.handle = rsp.op.mem_import.handle;
	return ret;
}

int front_mem_import(struct front_dev *dev, unsigned int pages, uint32_t flags,
		     struct front_import **out)
{
	struct front_import_mem *mem;
	int ret;

	if (front_state(dev) != FRONT_CONNECTED)
		return -ENODEV;
	if (!dev->channels_ok)
		return -EOPNOTSUPP;
	if (!pages || pages > XENVGPU_IMPORT_MAX || flags & ~XENVGPU_IMPORT_RO)
		return -EINVAL;
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return -ENOMEM;
	mem->data = front_run_new(pages);
	ret = mem->data ? import_pages(dev, mem, flags) : -ENOMEM;
	if (ret) {
		front_run_retire(dev, mem->data);
		free(mem);
		return ret;
	}
	mem->pub.va = mem->data->va;
	mem->pub.pages = pages;
	mem->next = dev->imports;
	dev->imports = mem;
	*out = &mem->pub;
	return 0;
}

int front_import_free(struct front_dev *dev, struct front_import *import)
{
	struct front_import_mem *mem = (struct front_import_mem *)import;
	struct front_import_mem **link = &dev->imports;
	int ret = 0;

	if (import->handle)
		ret = front_mem_free(dev, import->handle);
	if (ret == -EBUSY)
		return ret;
	while (*link != mem)
		link = &(*link)->next;
	*link = mem->next;
	front_run_retire(dev, mem->data);
	free(mem);
	return ret;
}

void front_imports_stop(struct front_dev *dev)
{
	for (struct front_import_mem *mem = dev->imports; mem; mem = mem->next)
		mem->pub.handle = 0;
}

void front_imports_exit(struct front_dev *dev)
{
	while (dev->imports) {
		struct front_import_mem *mem = dev->imports;

		dev->imports = mem->next;
		front_run_retire(dev, mem->data);
		free(mem);
	}
}
