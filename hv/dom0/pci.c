/* SPDX-License-Identifier: MIT */
/*
 * pci.c - the board in sysfs (see pci.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pci.h"

#define VENDOR_NVIDIA 0x10de
#define CLASS_DISPLAY 0x0300 /* PCI class codes: VGA compatible controller */
#define CLASS_3D      0x0302

#define IORESOURCE_MEM 0x200 /* Linux include/linux/ioport.h */

static int device_path(char *path, const char *bdf, const char *attr)
{
	return xvgpu_print(path, XVGPU_PATH_MAX, "%s/bus/pci/devices/%s/%s", xvgpu_paths.sysfs, bdf,
			   attr);
}

static int read_hex(const char *bdf, const char *attr, unsigned long *value)
{
	char path[XVGPU_PATH_MAX], text[32], *end;
	ssize_t n;
	int fd;

	if (device_path(path, bdf, attr))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	*value = strtoul(text, &end, 16);
	return end == text || (*end && *end != '\n') ? -EIO : 0;
}

int xvgpu_board_read(const char *bdf, struct xvgpu_board *board, struct xvgpu_err *err)
{
	unsigned long vendor = 0, device = 0, class_code = 0;
	char path[XVGPU_PATH_MAX], other[XVGPU_BDF_MAX];

	memset(board, 0, sizeof(*board));
	if (read_hex(bdf, "vendor", &vendor) || read_hex(bdf, "device", &device) ||
	    read_hex(bdf, "class", &class_code))
		return xvgpu_fail(err, -ENODEV, "%s: no such PCI function", bdf);
	if (vendor != VENDOR_NVIDIA)
		return xvgpu_fail(err, -ENODEV, "%s: vendor %04lx is not NVIDIA (%04x)", bdf,
				  vendor, VENDOR_NVIDIA);
	if (class_code >> 8 != CLASS_DISPLAY && class_code >> 8 != CLASS_3D)
		return xvgpu_fail(err, -ENODEV,
				  "%s: class %04lx is neither a display (%04x) nor a 3D (%04x) "
				  "controller",
				  bdf, class_code >> 8, CLASS_DISPLAY, CLASS_3D);
	board->vendor = (uint16_t)vendor;
	board->device = (uint16_t)device;
	board->class_code = (uint32_t)class_code;
	xvgpu_print(board->bdf, XVGPU_BDF_MAX, "%s", bdf);
	xvgpu_print(board->functions[board->n++], XVGPU_BDF_MAX, "%s", bdf);
	for (int fn = 0; fn < XVGPU_MAX_FUNCTIONS; fn++) {
		xvgpu_print(other, sizeof(other), "%.*s%d", (int)strlen(bdf) - 1, bdf, fn);
		if (!strcmp(other, bdf) || device_path(path, other, "vendor") || access(path, F_OK))
			continue;
		xvgpu_print(board->functions[board->n++], XVGPU_BDF_MAX, "%s", other);
	}
	return 0;
}

int xvgpu_pci_bar0(const char *bdf, uint64_t *start, uint64_t *size, struct xvgpu_err *err)
{
	unsigned long long first = 0, last = 0, flags = 0;
	char path[XVGPU_PATH_MAX];
	FILE *f = NULL;
	int n = 0;

	/* A line for each BAR: first and last address, flags of Linux's struct resource. */
	if (!device_path(path, bdf, "resource"))
		f = fopen(path, "re");
	if (f) {
		n = fscanf(f, "0x%llx 0x%llx 0x%llx", &first, &last, &flags);
		fclose(f);
	}
	if (n != 3 || !(flags & IORESOURCE_MEM) || !first || last <= first)
		return xvgpu_fail(err, -ENODEV, "%s: BAR 0 is not memory", bdf);
	*start = first;
	*size = last - first + 1;
	return 0;
}

/* 0 or negative errno. */
static int write_attr(const char *bdf, const char *attr, const char *text)
{
	char path[XVGPU_PATH_MAX];
	int fd, rc = 0;

	if (device_path(path, bdf, attr))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		rc = -errno;
	close(fd);
	return rc;
}

int xvgpu_pci_reset(const char *bdf, bool bus, struct xvgpu_err *err)
{
	char path[XVGPU_PATH_MAX];
	int rc;

	if (device_path(path, bdf, "vendor") || access(path, F_OK))
		return xvgpu_fail(err, -ENOENT, "%s: no such PCI function", bdf);
	/* Linux Documentation/ABI/testing/sysfs-bus-pci: reset_method. */
	if (bus && write_attr(bdf, "reset_method", "bus"))
		return xvgpu_fail(err, -ENOENT, "%s: dom0's kernel cannot reset its bus alone",
				  bdf);
	rc = write_attr(bdf, "reset", "1");
	if (bus)
		write_attr(bdf, "reset_method", "default");
	if (rc == -ENOENT)
		return xvgpu_fail(err, rc, "%s: dom0's kernel knows no way to reset it", bdf);
	return rc ? xvgpu_fail(err, rc, "%s: reset failed: %s", bdf, strerror(-rc)) : 0;
}

static void reset_function(const char *name, const char *bdf, bool bus)
{
	struct xvgpu_err err;

	if (bus) {
		if (!xvgpu_pci_reset(bdf, true, &err)) {
			xvgpu_say("%s: reset the bus of %s", name, bdf);
			return;
		}
		xvgpu_say("%s: %s", name, err.text);
	}
	if (xvgpu_pci_reset(bdf, false, &err))
		xvgpu_say("%s: %s", name, err.text);
	else
		xvgpu_say("%s: reset %s", name, bdf);
}

void xvgpu_driver_reset(const struct xvgpu_driver *driver, bool bus)
{
	for (int i = 0; i < driver->n; i++)
		reset_function(driver->name, driver->bdf[i], bus);
}

bool xvgpu_pciback_loaded(void)
{
	char path[XVGPU_PATH_MAX];

	return xvgpu_print(path, sizeof(path), "%s/bus/pci/drivers/pciback", xvgpu_paths.sysfs) ==
		       0 &&
	       access(path, F_OK) == 0;
}
