/* SPDX-License-Identifier: MIT */
/*
 * xvgpu_fake.h - what xvgpu stands on, inside one test program: a xenstore (nodes with owner and
 * readers, transactions that can be made to collide), a list of domains, guests' physical maps, and an xl
 * that makes and destroys domains. Included once by a test; it defines the functions that libxenstore,
 * domains.c, frame.c and xl.c would.
 */
#ifndef XVGPU_FAKE_H
#define XVGPU_FAKE_H

#include "tests/unit/xvgpu_fake_store.h"

/* ---------------------------------------------------------------- domains and xl */

/* A new domain with the nodes that libxl makes; uuid NULL: one made from the domid. */
static unsigned int fake_domain(const char *name, const char *uuid)
{
	struct xvgpu_domain *dom = &fake.dom[fake.n_dom++];
	char path[64];

	assert_true(fake.n_dom < 32);
	memset(dom, 0, sizeof(*dom));
	dom->domid = ++fake.next_domid;
	dom->pvh = fake.pvh;
	snprintf(dom->name, sizeof(dom->name), "%s", name);
	if (uuid)
		snprintf(dom->uuid, sizeof(dom->uuid), "%s", uuid);
	else
		snprintf(dom->uuid, sizeof(dom->uuid), "00000000-0000-0000-0000-%012u", dom->domid);
	snprintf(path, sizeof(path), "/local/domain/%u/name", dom->domid);
	fake_put(path, name);
	snprintf(path, sizeof(path), "/local/domain/%u", dom->domid);
	fake_find(path)->reader = (int)dom->domid;
	snprintf(path, sizeof(path), "/libxl/%u/device", dom->domid);
	fake_make(path);
	return dom->domid;
}

static inline struct xvgpu_domain *fake_dom(unsigned int domid)
{
	for (int i = 0; i < fake.n_dom; i++)
		if (fake.dom[i].domid == domid)
			return &fake.dom[i];
	return NULL;
}

/* What libxl does at the end of a domain: its own nodes go, a backend's nodes for it stay. */
static void fake_kill(unsigned int domid)
{
	struct xvgpu_domain *dom = fake_dom(domid);
	char path[64];

	assert_non_null(dom);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	fake_rm(path);
	snprintf(path, sizeof(path), "/libxl/%u", domid);
	fake_rm(path);
	for (int i = 0; i < fake.n_frames;)
		if (fake.frame[i].domid == domid)
			fake.frame[i] = fake.frame[--fake.n_frames];
		else
			i++;
	*dom = fake.dom[--fake.n_dom];
}

int xvgpu_frame_map(unsigned int domid, uint64_t gfn, uint64_t mfn)
{
	if (fake.frame_error)
		return fake.frame_error;
	for (int i = 0; i < fake.n_frames; i++)
		assert_false(fake.frame[i].domid == domid && fake.frame[i].gfn == gfn);
	assert_true(fake.n_frames < 32);
	fake.frame[fake.n_frames++] = (struct fake_frame){domid, gfn, mfn};
	return 0;
}

int xvgpu_frame_unmap(unsigned int domid, uint64_t gfn, uint64_t mfn)
{
	if (fake.frame_error)
		return fake.frame_error;
	for (int i = 0; i < fake.n_frames; i++) {
		if (fake.frame[i].domid == domid && fake.frame[i].gfn == gfn) {
			assert_int_equal(fake.frame[i].mfn, mfn);
			fake.frame[i] = fake.frame[--fake.n_frames];
			break;
		}
	}
	return 0;
}

int xvgpu_domains_read(struct xs_handle *xs, struct xvgpu_domains *domains, struct xvgpu_err *err)
{
	(void)xs;
	(void)err;
	domains->n = fake.n_dom;
	domains->list = malloc(sizeof(fake.dom));
	memcpy(domains->list, fake.dom, sizeof(fake.dom));
	return 0;
}

static void fake_xl_create(const char *config)
{
	struct xvgpu_driver *driver = calloc(1, sizeof(*driver));
	struct xvgpu_guest *guest = calloc(1, sizeof(*guest));
	const char *name, *uuid = NULL;
	struct xvgpu_err err;
	unsigned int domid;

	if (xvgpu_driver_read(config, driver, &err) == 0) {
		name = driver->name;
	} else {
		assert_int_equal(xvgpu_guest_read(config, NULL, 0, guest, &err), 0);
		name = guest->name;
		uuid = guest->uuid[0] ? guest->uuid : NULL;
	}
	domid = fake_domain(name, uuid);
	if (fake.on_create)
		fake.on_create(domid, name);
	free(driver);
	free(guest);
}

int xvgpu_xl(struct xvgpu_err *err, const char *const args[])
{
	size_t n = strlen(fake.xl_log);

	for (int i = 0; args[i]; i++)
		n += (size_t)snprintf(fake.xl_log + n, sizeof(fake.xl_log) - n, "%s%s",
				      i ? " " : "", args[i]);
	snprintf(fake.xl_log + n, sizeof(fake.xl_log) - n, ";");
	if (fake.xl_fails && !strcmp(args[0], fake.xl_fails))
		return xvgpu_fail(err, -EIO, "xl %s %s: failed with exit code 1", args[0], args[1]);
	if (!strcmp(args[0], "create"))
		fake_xl_create(args[1]);
	if (!strcmp(args[0], "destroy") || !strcmp(args[0], "shutdown"))
		for (int i = 0; i < fake.n_dom; i++)
			if (!strcmp(fake.dom[i].name, args[1])) {
				fake_kill(fake.dom[i].domid);
				break;
			}
	return 0;
}

/* ---------------------------------------------------------------- files */

static char fake_top[] = "/tmp/xvgpu-test-XXXXXX";
static char fake_dirs[4][64];

static void fake_write_file(const char *path, const char *text)
{
	char dir[256];
	FILE *f;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	assert_int_equal(xvgpu_make_dirs(dir, 0755), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Writes a file below the test's folder and returns its path (overwritten by the next call). */
static const char *fake_file(const char *name, const char *text)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", fake_top, name);
	fake_write_file(path, text);
	return path;
}

/* What is printed between these two; overwritten by the next. */
static inline int fake_output_begin(void)
{
	int saved = dup(STDOUT_FILENO);
	char path[128];

	snprintf(path, sizeof(path), "%s/out", fake_top);
	fflush(stdout);
	assert_non_null(freopen(path, "w", stdout));
	return saved;
}

static inline const char *fake_output_end(int saved)
{
	static char text[8192];
	char path[128];
	size_t n;
	FILE *f;

	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	snprintf(path, sizeof(path), "%s/out", fake_top);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static int fake_group_setup(void **state)
{
	static const char *const names[] = {"etc", "lib", "run", "sys"};
	const char **paths[] = {&xvgpu_paths.etc, &xvgpu_paths.lib, &xvgpu_paths.run,
				&xvgpu_paths.sysfs};

	(void)state;
	if (!mkdtemp(fake_top))
		return -1;
	for (int i = 0; i < 4; i++) {
		snprintf(fake_dirs[i], sizeof(fake_dirs[i]), "%s/%s", fake_top, names[i]);
		*paths[i] = fake_dirs[i];
	}
	return 0;
}

static void fake_clean(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", fake_top);
	assert_int_equal(system(command), 0); /* NOLINT(bugprone-command-processor) */
}

static int fake_group_teardown(void **state)
{
	(void)state;
	fake_clean();
	return 0;
}

/*
 * Before each test: an empty host with profiles and one driver domain, "gpudom", registered but not
 * running.
 */
static int fake_setup(void **state)
{
	char config[128];

	(void)state;
	fake_clean();
	memset(&fake, 0, sizeof(fake));
	fake.refuse = -1;
	fake_put("/local/domain/0/name", "Domain-0");
	fake_file("etc/profiles.conf", "profiles = [\n"
				       " \"name=small, vram=256M, max-vram=512M, weight=70\",\n"
				       " \"name=large, vram=1G\",\n]\n");
	fake_file("sys/bus/pci/devices/0000:03:00.0/vendor", "0x10de\n");
	fake_file("sys/bus/pci/devices/0000:03:00.0/device", "0x2235\n");
	fake_file("sys/bus/pci/devices/0000:03:00.0/class", "0x030200\n");
	fake_file("sys/bus/pci/devices/0000:03:00.0/resource",
		  "0x00000000f8000000 0x00000000f8ffffff 0x0000000000040200\n"
		  "0x0000002000000000 0x0000002fffffffff 0x000000000014220c\n");
	fake_file("sys/bus/pci/devices/0000:03:00.0/reset", "");
	snprintf(config, sizeof(config), "%s",
		 fake_file("etc/gpudom.cfg", "name=\"gpudom\"\npci=[\"03:00.0,seize=1\"]\n"));
	{
		struct xvgpu_err err;

		assert_int_equal(xvgpu_gpudom_write("gpudom", config, &err), 0);
	}
	return 0;
}

/* What a driver domain publishes when it serves. */
static inline void fake_serves(unsigned int domid, const char *state)
{
	char path[64], text[128];

	snprintf(path, sizeof(path), "/local/domain/%u/data/xvgpu", domid);
	snprintf(text, sizeof(text), "state=%s chip=GA102 pci=10de:2235 vram-total=1073741824",
		 state);
	fake_put(path, text);
}

#endif /* XVGPU_FAKE_H */
