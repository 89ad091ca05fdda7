/* SPDX-License-Identifier: MIT */
/*
 * config.h - what the tool reads from xl configs: a guest's slices, a driver domain's PCI functions.
 */
#ifndef XVGPU_CONFIG_H
#define XVGPU_CONFIG_H

#include "spec.h"
#include "xlcfg.h"

#define XVGPU_UUID_LEN	    36 /* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
#define XVGPU_MAX_FUNCTIONS 8  /* PCI functions of one board */
#define XVGPU_BDF_MAX	    16 /* bytes of "DDDD:BB:DD.F" with its NUL */

struct xvgpu_guest {
	char name[XVGPU_NAME_MAX];
	char uuid[XVGPU_UUID_LEN + 1]; /* lower case; empty: the config has none */
	bool pvh;		       /* type="pvh"; in a record always false */
	int n;
	struct xvgpu_spec specs[XVGPU_MAX_DEVICES]; /* slots as written: -1 where none is */
	long line[XVGPU_MAX_DEVICES];		    /* where each stands in its file */
};

/*
 * A guest's config: name, uuid if there is one, and its vgpu list, of which every entry is parsed
 * and slots are checked for being asked for twice. Takes err. -EINVAL also when there is no vgpu
 * list or no name.
 */
int xvgpu_guest_read(const char *file, char *const *vars, int nvars, struct xvgpu_guest *guest,
		     struct xvgpu_err *err);
int xvgpu_guest_from(struct xvgpu_cfg *cfg, struct xvgpu_guest *guest, struct xvgpu_err *err);

struct xvgpu_driver {
	char name[XVGPU_NAME_MAX];
	int n;
	char bdf[XVGPU_MAX_FUNCTIONS][XVGPU_BDF_MAX]; /* canonical: "0000:03:00.0" */
	/* What bounds its guests; Xen's and xl's defaults where the config is silent. */
	uint32_t maptrack_frames; /* max_maptrack_frames: of XVGPU_MAPS_PER_FRAME grant maps each */
	uint32_t event_channels;  /* max_event_channels: the highest port, so as many as that */
	uint32_t memory;	  /* MiB; 0: not said */
	char ramdisk[XVGPU_PATH_MAX]; /* empty: none */
};
#define XVGPU_MAPS_PER_FRAME 256 /* struct grant_mapping of Xen's grant_table.c takes 16 bytes */

/* A driver domain's config: name, the functions of its pci list, limits. Takes err. */
int xvgpu_driver_read(const char *file, struct xvgpu_driver *driver, struct xvgpu_err *err);

int xvgpu_driver_from(struct xvgpu_cfg *cfg, struct xvgpu_driver *driver, struct xvgpu_err *err);

/*
 * Reads "[DDDD:]BB:DD.F", hexadecimal, and writes the canonical form. Text behind it is accepted
 * when it starts with ',' or '@' (xl's options). 0 or -EINVAL.
 */
int xvgpu_parse_bdf(const char *text, char bdf[XVGPU_BDF_MAX]);

/* A uuid in its usual form, any case, to lower case. 0 or -EINVAL. */
int xvgpu_parse_uuid(const char *text, char uuid[XVGPU_UUID_LEN + 1]);

#endif /* XVGPU_CONFIG_H */
