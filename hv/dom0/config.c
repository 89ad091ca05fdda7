/* SPDX-License-Identifier: MIT */
/*
 * config.c - what the tool reads from xl configs (see config.h).
 *
 * xl ignores keys it does not know, so the vgpu list lives in the same file as the rest of the
 * guest and this tool is the one that looks at it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* Xen's max_maptrack_frames (gnttab_max_maptrack_frames), xl's max_event_channels: xl.cfg(5). */
#define DEFAULT_MAPTRACK_FRAMES 1024
#define DEFAULT_EVENT_CHANNELS	1023

int xvgpu_parse_bdf(const char *text, char bdf[XVGPU_BDF_MAX])
{
	unsigned int domain = 0, bus, dev, fn;
	size_t n = strcspn(text, ",@");
	char copy[XVGPU_BDF_MAX];
	int used = 0;

	/* sscanf() alone would also take signs, blanks and 0x. */
	if (n >= sizeof(copy) || strspn(text, "0123456789abcdefABCDEF:.") < n)
		return -EINVAL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (sscanf(copy, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &used) != 4) {
		domain = 0;
		used = 0;
		if (sscanf(copy, "%2x:%2x.%1x%n", &bus, &dev, &fn, &used) != 3)
			return -EINVAL;
	}
	if ((size_t)used != n || dev > 31 || fn > 7)
		return -EINVAL;
	return xvgpu_print(bdf, XVGPU_BDF_MAX, "%04x:%02x:%02x.%x", domain, bus, dev, fn);
}

int xvgpu_parse_uuid(const char *text, char uuid[XVGPU_UUID_LEN + 1])
{
	if (strlen(text) != XVGPU_UUID_LEN)
		return -EINVAL;
	for (int i = 0; i <= XVGPU_UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (i < XVGPU_UUID_LEN &&
		    (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i])))
			return -EINVAL;
		uuid[i] = (char)tolower((unsigned char)text[i]);
	}
	return 0;
}

static int read_name(struct xvgpu_cfg *cfg, char name[XVGPU_NAME_MAX], struct xvgpu_err *err)
{
	const char *text;
	int rc = xvgpu_cfg_string(cfg, "name", &text, err);

	if (rc)
		return rc;
	if (!text)
		return xvgpu_cfg_fail(cfg, "name", err, -EINVAL, "missing");
	if (!xvgpu_name_ok(text, XVGPU_NAME_MAX))
		return xvgpu_cfg_fail(cfg, "name", err, -EINVAL,
				      "%s: need letters, digits and _.- only, at most %d", text,
				      XVGPU_NAME_MAX - 1);
	return xvgpu_print(name, XVGPU_NAME_MAX, "%s", text);
}

static int add_spec(const char *text, long line, void *arg, struct xvgpu_err *err)
{
	struct xvgpu_guest *guest = arg;
	struct xvgpu_spec *spec = &guest->specs[guest->n];
	struct xvgpu_spec check[XVGPU_MAX_DEVICES];
	int rc;

	if (guest->n == XVGPU_MAX_DEVICES)
		return xvgpu_fail(err, -EINVAL, "more than %d slices for one guest",
				  XVGPU_MAX_DEVICES);
	rc = xvgpu_spec_parse(text, spec, err);
	if (rc)
		return rc;
	guest->line[guest->n++] = line;
	/* On a copy, so that a slot asked for twice is told at the line that does it. */
	memcpy(check, guest->specs, sizeof(check));
	return xvgpu_spec_slots(check, guest->n, 0, err);
}

int xvgpu_guest_from(struct xvgpu_cfg *cfg, struct xvgpu_guest *guest, struct xvgpu_err *err)
{
	const char *uuid, *type;
	int rc;

	memset(guest, 0, sizeof(*guest));
	rc = read_name(cfg, guest->name, err);
	if (rc)
		return rc;
	rc = xvgpu_cfg_string(cfg, "uuid", &uuid, err);
	if (rc)
		return rc;
	if (uuid && xvgpu_parse_uuid(uuid, guest->uuid))
		return xvgpu_cfg_fail(cfg, "uuid", err, -EINVAL, "%s: not a uuid", uuid);
	rc = xvgpu_cfg_string(cfg, "type", &type, err);
	if (rc)
		return rc;
	guest->pvh = type && !strcmp(type, "pvh");
	rc = xvgpu_cfg_list(cfg, "vgpu", add_spec, guest, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return xvgpu_cfg_fail(cfg, "vgpu", err, -EINVAL, "missing or empty");
	return 0;
}

int xvgpu_guest_read(const char *file, char *const *vars, int nvars, struct xvgpu_guest *guest,
		     struct xvgpu_err *err)
{
	struct xvgpu_cfg *cfg;
	int rc = xvgpu_cfg_open(file, vars, nvars, &cfg, err);

	if (rc)
		return rc;
	rc = xvgpu_guest_from(cfg, guest, err);
	xvgpu_cfg_close(cfg);
	return rc;
}

static int add_function(const char *text, long line, void *arg, struct xvgpu_err *err)
{
	struct xvgpu_driver *driver = arg;

	(void)line;
	if (driver->n == XVGPU_MAX_FUNCTIONS)
		return xvgpu_fail(err, -EINVAL, "more than %d functions", XVGPU_MAX_FUNCTIONS);
	if (xvgpu_parse_bdf(text, driver->bdf[driver->n]))
		return xvgpu_fail(err, -EINVAL, "%s: not a PCI function [DDDD:]BB:DD.F", text);
	driver->n++;
	return 0;
}

/* A number as xl takes it, decimal or 0x…; unchanged when the key is absent. */
static int read_number(struct xvgpu_cfg *cfg, const char *key, uint32_t *value,
		       struct xvgpu_err *err)
{
	const char *text;
	char *end;
	unsigned long long number;
	int rc = xvgpu_cfg_string(cfg, key, &text, err);

	if (rc || !text)
		return rc;
	errno = 0;
	number = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || *end || errno || number > UINT32_MAX)
		return xvgpu_cfg_fail(cfg, key, err, -EINVAL, "%s: not a number", text);
	*value = (uint32_t)number;
	return 0;
}

int xvgpu_driver_from(struct xvgpu_cfg *cfg, struct xvgpu_driver *driver, struct xvgpu_err *err)
{
	const char *ramdisk = NULL;
	int rc;

	*driver = (struct xvgpu_driver){.maptrack_frames = DEFAULT_MAPTRACK_FRAMES,
					.event_channels = DEFAULT_EVENT_CHANNELS};
	rc = read_name(cfg, driver->name, err);
	if (rc == 0)
		rc = xvgpu_cfg_list(cfg, "pci", add_function, driver, err);
	if (rc == 0)
		rc = xvgpu_cfg_fail(cfg, "pci", err, -EINVAL, "missing or empty");
	if (rc > 0)
		rc = read_number(cfg, "max_maptrack_frames", &driver->maptrack_frames, err);
	if (rc == 0)
		rc = read_number(cfg, "max_event_channels", &driver->event_channels, err);
	if (rc == 0)
		rc = read_number(cfg, "memory", &driver->memory, err);
	if (rc == 0)
		rc = xvgpu_cfg_string(cfg, "ramdisk", &ramdisk, err);
	if (rc == 0 && ramdisk &&
	    xvgpu_print(driver->ramdisk, sizeof(driver->ramdisk), "%s", ramdisk))
		rc = xvgpu_cfg_fail(cfg, "ramdisk", err, -EINVAL, "too long");
	return rc;
}

int xvgpu_driver_read(const char *file, struct xvgpu_driver *driver, struct xvgpu_err *err)
{
	struct xvgpu_cfg *cfg;
	int rc = xvgpu_cfg_open(file, NULL, 0, &cfg, err);

	memset(driver, 0, sizeof(*driver));
	if (rc)
		return rc;
	rc = xvgpu_driver_from(cfg, driver, err);
	xvgpu_cfg_close(cfg);
	return rc;
}
