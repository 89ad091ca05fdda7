/* SPDX-License-Identifier: MIT */
/*
 * firmware-set.c - firmware set: restarts a driver domain on another firmware archive.
 *
 * All that can be known is checked first: the archive is whole and fits together, it is for the board's
 * family of chips, the config with it in is one that reads back as meant. Then the config is replaced
 * (the old one stays beside it), the domain is shut down in good order and made anew. If it does not
 * serve, it is destroyed, the old config is put back and started.
 *
 * The lock is held throughout, so the daemon looks on until it is over: then it finds a driver domain of
 * another number, and plugs every guest in again. It needs no telling what was done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "doorbell.h"
#include "edit.h"
#include "firmware.h"
#include "gpu/core/boot/firmware.h"
#include "init.h"
#include "keeper.h"
#include "lock.h"
#include "pci.h"
#include "session.h"
#include "status.h"
#include "xl.h"

#define LOOK_INTERVAL 100 /* ms between two looks at a domain */

struct change {
	const char *name;
	char config[XVGPU_PATH_MAX];	    /* the driver domain's */
	char archive[XVGPU_PATH_MAX];	    /* the new one, from / */
	char version[64], family[32];	    /* of it */
	char *before, *after;		    /* text of the config */
	struct xvgpu_driver driver, wanted; /* before, after */
	struct xs_handle *xs;
	struct xvgpu_domains domains;
};

/* ---------------------------------------------------------------- checks */

static int check_archive(struct change *c, const struct xvgpu_bytes *bytes, struct gpu_firmware *fw,
			 struct xvgpu_err *err)
{
	struct gpu_blob file = {c->archive, bytes->data, bytes->size};
	struct gpu_error why;

	if (gpu_archive_open(&file, &fw->archive, &why))
		return xvgpu_fail(err, -EINVAL, "%s", why.text);
	for (unsigned int i = 0; i < fw->archive.entries; i++)
		if (gpu_archive_check(&fw->archive.entry[i], &why))
			return xvgpu_fail(err, -EINVAL, "%s: %s", c->archive, why.text);
	if (gpu_firmware_open(&file, fw, &why))
		return xvgpu_fail(err, -EINVAL, "%s: %s", c->archive, why.text);
	xvgpu_escape(c->version, sizeof(c->version), fw->archive.version, false);
	xvgpu_escape(c->family, sizeof(c->family), fw->family->name, false);
	return 0;
}

static int make_config(struct change *c, size_t size, struct xvgpu_err *err)
{
	char ramdisk[XVGPU_PATH_MAX + 2], memory[16];
	unsigned int need = xvgpu_memory_needed(size);
	struct xvgpu_cfg *cfg;
	int rc;

	if (c->driver.memory > need)
		need = c->driver.memory;
	xvgpu_print(ramdisk, sizeof(ramdisk), "\"%s\"", c->archive);
	xvgpu_print(memory, sizeof(memory), "%u", need);
	c->after = xvgpu_edit(c->before, "ramdisk", ramdisk);
	if (c->after && need != c->driver.memory) {
		char *text = xvgpu_edit(c->after, "memory", memory);

		free(c->after);
		c->after = text;
	}
	if (!c->after)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	rc = xvgpu_cfg_parse(c->config, c->after, strlen(c->after), &cfg, err);
	if (rc)
		return rc;
	rc = xvgpu_driver_from(cfg, &c->wanted, err);
	xvgpu_cfg_close(cfg);
	if (rc)
		return rc;
	if (strcmp(c->wanted.ramdisk, c->archive) != 0 || c->wanted.memory != need)
		return xvgpu_fail(
			err, -EINVAL,
			"%s: cannot be changed to ramdisk=%s and memory=%u: do it by hand",
			c->config, ramdisk, need);
	return 0;
}

static int prepare(struct change *c, const char *archive, struct xvgpu_err *err)
{
	struct xvgpu_bytes bytes = {NULL, 0};
	struct gpu_firmware *fw;
	char *full = realpath(archive, NULL);
	int rc;

	if (!full)
		return xvgpu_fail(err, -ENOENT, "%s: %s", archive, strerror(errno));
	rc = xvgpu_print(c->archive, sizeof(c->archive), "%s", full);
	free(full);
	if (rc || strpbrk(c->archive, "\"\\\n"))
		return xvgpu_fail(err, -EINVAL, "%s: a path that a config cannot have", archive);
	rc = xvgpu_gpudom_read(c->name, c->config, err);
	if (!rc)
		rc = xvgpu_driver_read(c->config, &c->driver, err);
	if (!rc)
		rc = xvgpu_edit_read(c->config, &c->before, err);
	if (!rc)
		rc = xvgpu_read_bytes(c->archive, &bytes, err);
	if (rc)
		return rc;
	fw = malloc(sizeof(*fw));
	rc = fw ? check_archive(c, &bytes, fw, err) : xvgpu_fail(err, -ENOMEM, "out of memory");
	free(fw);
	free(bytes.data);
	return rc ? rc : make_config(c, bytes.size, err);
}

/* ---------------------------------------------------------------- the domain */

/* Lets a moment pass; false when `end` has. */
static bool wait_until(uint64_t end)
{
	const struct timespec interval = {.tv_nsec = LOOK_INTERVAL * 1000000l};

	return xvgpu_clock_us() / 1000 < end && nanosleep(&interval, NULL) == 0;
}

/* The driver domain as of now, valid until the next look; NULL: there is none. Takes err. */
static int look(struct change *c, const struct xvgpu_domain **dom, struct xvgpu_err *err)
{
	int rc;

	xvgpu_domains_free(&c->domains);
	rc = xvgpu_domains_read(c->xs, &c->domains, err);
	*dom = rc ? NULL : xvgpu_domain_by_name(&c->domains, c->name);
	return rc;
}

/* Waits until a domain is gone, with all that libxl keeps of it. */
static int wait_gone(struct change *c, unsigned int domid, struct xvgpu_err *err)
{
	uint64_t end = xvgpu_clock_us() / 1000 + XVGPU_LINGER;
	const struct xvgpu_domain *dom;

	do {
		int rc = look(c, &dom, err);

		if (rc)
			return rc;
		if (!xvgpu_domain_by_id(&c->domains, domid) &&
		    !xvgpu_xs_exists(c->xs, XBT_NULL, "/libxl/%u", domid))
			return 0;
	} while (wait_until(end));
	return xvgpu_fail(err, -EIO, "%s: domain %u is still there after %d s", c->name, domid,
			  XVGPU_LINGER / 1000);
}

/*
 * Ends the domain if there is one, after guests that ring by themselves have lost its doorbell page: the daemon,
 * which sees to that otherwise, waits for the lock. One that is shutting down is xl's own process's to destroy.
 */
static int stop(struct change *c, bool orderly, struct xvgpu_err *err)
{
	const char *shutdown[] = {"shutdown", c->name, NULL};
	const char *destroy[] = {"destroy", c->name, NULL};
	const struct xvgpu_domain *dom;
	struct xvgpu_err why;
	unsigned int domid;
	int rc = look(c, &dom, err);

	if (rc || !dom)
		return rc;
	domid = dom->domid;
	rc = xvgpu_doorbells_take(c->xs, &c->domains, domid);
	if (rc)
		return xvgpu_fail(err, rc,
				  "%s: cannot take back its doorbell page from all guests: %s",
				  c->name, strerror(-rc));
	if (orderly || dom->shutdown) {
		rc = dom->shutdown ? 0 : xvgpu_xl(&why, shutdown);
		if (!rc)
			rc = wait_gone(c, domid, &why);
		if (!rc)
			return 0;
		xvgpu_say("%s: %s: destroying it", c->name, why.text);
	}
	/* It may have gone by itself meanwhile: what counts is that it has. */
	if (xvgpu_xl(&why, destroy))
		xvgpu_say("%s: %s", c->name, why.text);
	return wait_gone(c, domid, err);
}

/* Waits until it serves. *stuck: it says that only a reset of the bus will do. */
static int wait_serves(struct change *c, bool *stuck, struct xvgpu_err *err)
{
	uint64_t end = xvgpu_clock_us() / 1000 + XVGPU_START_TIME;
	struct xvgpu_status status = {.state = XVGPU_STATE_NONE};
	const struct xvgpu_domain *dom;

	do {
		int rc = look(c, &dom, err);

		if (rc)
			return rc;
		if (dom)
			xvgpu_status_read(c->xs, dom->domid, &status);
		*stuck |= status.state == XVGPU_STATE_NEEDS_RESET;
		if (!dom || dom->shutdown)
			return xvgpu_fail(err, -EIO, "it ended (%s); its console tells why",
					  xvgpu_state_name(status.state));
		if (status.state == XVGPU_STATE_RUNNING)
			return 0;
		if (status.state == XVGPU_STATE_LOST)
			return xvgpu_fail(err, -EIO, "it lost its GPU");
	} while (wait_until(end));
	return xvgpu_fail(err, -EIO, "it did not serve within %d s", XVGPU_START_TIME / 1000);
}

static int start(struct change *c, bool *stuck, struct xvgpu_err *err)
{
	const char *create[] = {"create", c->config, NULL};
	int rc;

	xvgpu_driver_reset(&c->driver, *stuck);
	*stuck = false;
	rc = xvgpu_xl(err, create);
	return rc ? rc : wait_serves(c, stuck, err);
}

/* The new firmware does not serve, for the reason in err. */
static int go_back(struct change *c, bool stuck, struct xvgpu_err *err)
{
	struct xvgpu_err why = *err, inner;
	int rc;

	xvgpu_say("%s: firmware %s does not serve: %s: going back", c->name, c->version, why.text);
	rc = xvgpu_write_file(c->config, c->before, &inner);
	if (!rc)
		rc = stop(c, false, &inner);
	if (!rc)
		rc = start(c, &stuck, &inner);
	if (rc)
		return xvgpu_fail(err, -EIO,
				  "%s: firmware %s does not serve (%s), and going back failed: %s",
				  c->name, c->version, why.text, inner.text);
	return xvgpu_fail(err, -EIO, "%s: firmware %s does not serve (%s): serves with %s again",
			  c->name, c->version, why.text,
			  c->driver.ramdisk[0] ? c->driver.ramdisk : "none");
}

/* ---------------------------------------------------------------- the command */

/* A driver domain that runs knows its board; one that does not will tell when it starts. */
static int check_family(struct change *c, unsigned int domid, struct xvgpu_err *err)
{
	struct xvgpu_status status;
	const char *family;

	xvgpu_status_read(c->xs, domid, &status);
	family = xvgpu_pairs_get(&status.pairs, "family");
	if (family && strcmp(family, c->family) != 0)
		return xvgpu_fail(err, -EINVAL, "%s: is for %s, the board of %s takes %s",
				  c->archive, c->family, c->name, family);
	return 0;
}

static int write_configs(struct change *c, struct xvgpu_err *err)
{
	char old[XVGPU_PATH_MAX];
	int rc;

	if (xvgpu_print(old, sizeof(old), "%s.before", c->config))
		return xvgpu_fail(err, -EINVAL, "%s: the path is too long", c->config);
	rc = xvgpu_write_file(old, c->before, err);
	return rc ? rc : xvgpu_write_file(c->config, c->after, err);
}

static int set(struct change *c, struct xvgpu_err *err)
{
	const struct xvgpu_domain *dom;
	bool stuck = false;
	int rc = look(c, &dom, err);

	if (!rc && dom)
		rc = check_family(c, dom->domid, err);
	if (!rc)
		rc = write_configs(c, err);
	if (rc)
		return rc;
	if (!dom) {
		printf("%s: is not running; firmware %s is for its next start\n", c->name,
		       c->version);
		return 0;
	}
	rc = stop(c, true, err);
	if (rc) { /* whatever runs, or is started by the daemon, does so with what it had */
		struct xvgpu_err inner;

		if (xvgpu_write_file(c->config, c->before, &inner))
			xvgpu_say("%s", inner.text);
		return rc;
	}
	rc = start(c, &stuck, err);
	if (rc)
		return go_back(c, stuck, err);
	printf("%s: serves with firmware %s, memory=%u; before: %s\n", c->name, c->version,
	       c->wanted.memory, c->driver.ramdisk[0] ? c->driver.ramdisk : "none");
	return 0;
}

static int run(const char *name, const char *archive, struct xvgpu_err *err)
{
	struct change c = {.name = name};
	int rc = prepare(&c, archive, err);

	if (!rc) {
		c.xs = xs_open(0);
		rc = c.xs ? set(&c, err)
			  : xvgpu_fail(err, -EIO, "cannot talk to xenstore: %s", strerror(errno));
	}
	xvgpu_domains_free(&c.domains);
	if (c.xs)
		xs_close(c.xs);
	free(c.before);
	free(c.after);
	return rc;
}

enum xvgpu_exit xvgpu_cmd_firmware_set(int argc, char **argv)
{
	struct xvgpu_err err;
	int rc, lock;

	if (argc != 3 || argv[1][0] == '-')
		return xvgpu_usage("firmware set", "give a driver domain and an archive");
	rc = lock = xvgpu_lock(&err);
	if (lock >= 0) {
		rc = run(argv[1], argv[2], &err);
		xvgpu_unlock(lock);
	}
	if (rc < 0) {
		xvgpu_say("%s", err.text);
		return xvgpu_exit_code(rc);
	}
	if (!xvgpu_daemon_runs())
		xvgpu_say("no xvgpu daemon runs: guests are plugged in again when one does");
	return XVGPU_EXIT_OK;
}
