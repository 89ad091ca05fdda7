/* SPDX-License-Identifier: MIT */
/*
 * drmcheck - asks the render node in a Linux guest what it is, as any DRM program would, with libdrm.
 *
 *   drmcheck       one line: driver, kind of node, what GETPARAM says; not zero if anything is refused
 *   drmcheck hold  keeps the node open until it is lost ("lost": GETPARAM says ENODEV), then waits
 *                  for a new one ("back")
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>

#include "uapi/drm/xen_vgpu_drm.h"

#define NODES_FIRST 128 /* renderD128 and up */
#define NODES_LAST  143

/* The first render node of ours, open, or -1. */
static int open_node(void)
{
	for (int n = NODES_FIRST; n <= NODES_LAST; n++) {
		drmVersionPtr version;
		char path[32];
		int fd, ours;

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", n);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		ours = version && !strcmp(version->name, "xen-vgpu");
		drmFreeVersion(version);
		if (ours)
			return fd;
		close(fd);
	}
	return -1;
}

/* 0 or -errno. */
static int getparam(int fd, unsigned int param, unsigned long long *value)
{
	struct drm_xen_vgpu_getparam args = {.param = param};
	int ret = drmIoctl(fd, DRM_IOCTL_XEN_VGPU_GETPARAM, &args) ? -errno : 0;

	*value = args.value;
	return ret;
}

static int show(int fd)
{
	unsigned long long v[XEN_VGPU_PARAM_VRAM_FREE + 1], unknown;
	drmVersionPtr version = drmGetVersion(fd);
	uint64_t prime = 0;

	if (!version || drmGetCap(fd, DRM_CAP_PRIME, &prime)) {
		printf("FAILED: VERSION or GET_CAP: %s\n", strerror(errno));
		return 1;
	}
	for (unsigned int i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		int ret = getparam(fd, i, &v[i]);

		if (ret) {
			printf("FAILED: GETPARAM %u: %s\n", i, strerror(-ret));
			return 1;
		}
	}
	if (getparam(fd, 999, &unknown) != -EINVAL) {
		printf("FAILED: GETPARAM 999 is not refused\n");
		return 1;
	}
	printf("driver=%s version=%d.%d node=%s protocol=%llu features=%#llx pci=%04llx:%04llx "
	       "boot0=%#llx vram=%llu free=%llu\n",
	       version->name, version->version_major, version->version_minor,
	       drmGetNodeTypeFromFd(fd) == DRM_NODE_RENDER ? "render" : "other", v[0], v[1], v[2],
	       v[3], v[4], v[6], v[7]);
	drmFreeVersion(version);
	return 0;
}

static int hold(int fd)
{
	unsigned long long value;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("open\n");
	while (getparam(fd, XEN_VGPU_PARAM_VRAM_FREE, &value) != -ENODEV)
		usleep(100000);
	printf("lost\n");
	close(fd);
	while ((fd = open_node()) < 0 || getparam(fd, XEN_VGPU_PARAM_VRAM_FREE, &value)) {
		if (fd >= 0)
			close(fd);
		usleep(100000);
	}
	printf("back\n");
	return 0;
}

int main(int argc, char **argv)
{
	int fd = open_node();

	if (fd < 0) {
		printf("FAILED: no render node of xen-vgpu\n");
		return 1;
	}
	return argc > 1 && !strcmp(argv[1], "hold") ? hold(fd) : show(fd);
}
