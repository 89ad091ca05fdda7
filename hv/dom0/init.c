/* SPDX-License-Identifier: MIT */
/*
 * init.c - init: turns a board into a driver domain's.
 *
 * Looks at the board, hands all its functions to xen-pciback, writes the driver domain's xl config
 * and remembers where it is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <getopt.h>

#include <xenctrl.h>

#include "commands.h"
#include "init.h"
#include "lock.h"
#include "xl.h"

/* gpudom itself and what it needs besides its archive, in MiB. */
#define BASE_MEMORY  32
#define WITH_ARCHIVE 16
#define MAX_MEMORY   65536
#define FIXED_SHARE  "fixed-share"

static int file_size(const char *path, uint64_t *size)
{
	struct stat st;

	if (!path || stat(path, &st) || !S_ISREG(st.st_mode))
		return -ENOENT;
	*size = (uint64_t)st.st_size;
	return 0;
}

unsigned int xvgpu_memory_needed(uint64_t archive)
{
	/* The archive is used where it was loaded; there is no second copy. */
	uint64_t need = (archive >> 20) + 1 + WITH_ARCHIVE;

	return archive && need > BASE_MEMORY ? (unsigned int)need : BASE_MEMORY;
}

static int check_schedule(const struct xvgpu_init *init, struct xvgpu_err *err)
{
	static const char *const known[] = {"best-effort", "equal-share", FIXED_SHARE};
	bool fixed = init->schedule && !strcmp(init->schedule, FIXED_SHARE);
	bool ok = !init->schedule;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !ok; i++)
		ok = !strcmp(init->schedule, known[i]);
	if (!ok)
		return xvgpu_fail(err, -EINVAL,
				  "--schedule %s: not best-effort, equal-share or " FIXED_SHARE,
				  init->schedule);
	if (fixed && !init->slots)
		return xvgpu_fail(err, -EINVAL, "--schedule " FIXED_SHARE ": also needs --slots");
	if (!fixed && init->slots)
		return xvgpu_fail(err, -EINVAL,
				  "--slots %u: only --schedule " FIXED_SHARE " has slots",
				  init->slots);
	return 0;
}

int xvgpu_init_check(struct xvgpu_init *init, struct xvgpu_err *err)
{
	uint64_t size, archive = 0;
	unsigned int need;
	const char *paths[] = {init->kernel, init->ramdisk, init->output};

	if (!xvgpu_name_ok(init->name, XVGPU_NAME_MAX))
		return xvgpu_fail(err, -EINVAL, "--name %s: not a domain name", init->name);
	for (int i = 0; i < 3; i++) {
		if (!paths[i])
			continue;
		if (paths[i][0] != '/' || strpbrk(paths[i], "\"\\\n"))
			return xvgpu_fail(err, -EINVAL,
					  "%s: give a path from / without quotes or backslashes",
					  paths[i]);
	}
	if (file_size(init->kernel, &size))
		return xvgpu_fail(err, -ENOENT, "--kernel %s: no such file", init->kernel);
	if (init->ramdisk) {
		if (file_size(init->ramdisk, &archive))
			return xvgpu_fail(err, -ENOENT, "--ramdisk %s: no such file",
					  init->ramdisk);
	}
	need = xvgpu_memory_needed(archive);
	if (!init->memory)
		init->memory = need;
	if (init->memory < need || init->memory > MAX_MEMORY)
		return xvgpu_fail(err, -EINVAL, "--memory %u: need %u to %u (MiB)", init->memory,
				  need, MAX_MEMORY);
	return check_schedule(init, err);
}

void xvgpu_init_config(const struct xvgpu_init *init, const struct xvgpu_board *board, FILE *f)
{
	fprintf(f,
		"# Driver domain %s, which owns GPU %s (%04x:%04x). Written by `xvgpu init`;\n"
		"# yours to edit. `xvgpu daemon` starts it from this file whenever it has died.\n"
		"\n"
		"name = \"%s\"\n"
		"# PV is the only kind that xl lets own a PCI device without a device model in "
		"dom0.\n"
		"type = \"pv\"\n"
		"kernel = \"%s\"\n",
		init->name, board->bdf, board->vendor, board->device, init->name, init->kernel);
	if (init->ramdisk)
		fprintf(f,
			"# Firmware archive; used in place, so memory is its size and a little "
			"more.\n"
			"ramdisk = \"%s\"\n",
			init->ramdisk);
	if (init->schedule) {
		fprintf(f,
			"# How slices share the GPU's time (xvgpu(8), init): read by the driver "
			"domain.\n"
			"cmdline = \"schedule=%s",
			init->schedule);
		if (init->slots)
			fprintf(f, " slots=%u", init->slots);
		fprintf(f, "\"\n");
	}
	fprintf(f,
		"memory = %u\n"
		"# One event loop: more would idle.\n"
		"vcpus = 1\n"
		"\n"
		"# All functions of the board, since they share its reset. seize: xl takes them "
		"from\n"
		"# dom0's drivers, also after a reboot of the host.\n"
		"pci = [\n",
		init->memory);
	for (int i = 0; i < board->n; i++)
		fprintf(f, "\t\"%s,seize=1\",\n", board->functions[i]);
	fprintf(f,
		"]\n"
		"\n"
		"# Grant tables of version 1 only: version 2 has had several races, and nothing "
		"here\n"
		"# needs it.\n"
		"max_grant_version = 1\n"
		"# Pages of guests that can be mapped at a time: 256 for each frame. 1024 is 1 "
		"GiB. More\n"
		"# than 1024 needs gnttab_max_maptrack_frames=... on the command line of Xen "
		"4.17. A\n"
		"# guest whose profile's imports= does not fit is not admitted.\n"
		"max_maptrack_frames = 1024\n"
		"# One for each slice and a few of its own.\n"
		"max_event_channels = 127\n"
		"\n"
		"# A crash means going away: `xvgpu daemon` resets the board and starts it again, "
		"which xl\n"
		"# would not do. (To look at a crash, stop the daemon and say \"preserve\" here.) "
		"An orderly\n"
		"# reboot is xl's to do.\n"
		"on_poweroff = \"destroy\"\n"
		"on_reboot = \"restart\"\n"
		"on_crash = \"destroy\"\n"
		"on_watchdog = \"destroy\"\n");
}

/* Writes the config unless the very same is there; a different one is somebody's work. */
static int write_config(const struct xvgpu_init *init, const struct xvgpu_board *board,
			struct xvgpu_err *err)
{
	char *text = NULL, *old;
	size_t size, n = 0;
	int rc = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	xvgpu_init_config(init, board, f);
	fclose(f);
	old = calloc(1, size + 2);
	f = fopen(init->output, "re");
	if (f) {
		n = old ? fread(old, 1, size + 1, f) : 0;
		fclose(f);
		if (!old || n != size || memcmp(old, text, size) != 0)
			rc = xvgpu_fail(err, -EEXIST,
					"%s: is there already and differs; remove it "
					"or choose another --output",
					init->output);
	} else {
		rc = xvgpu_write_file(init->output, text, err);
	}
	free(old);
	free(text);
	return rc;
}

static int check_iommu(struct xvgpu_err *err)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	xc_physinfo_t info;
	int rc;

	if (!xc)
		return xvgpu_fail(err, -EIO, "cannot talk to Xen: %s", strerror(errno));
	rc = xc_physinfo(xc, &info);
	xc_interface_close(xc);
	if (rc)
		return xvgpu_fail(err, -EIO, "cannot ask Xen what it can do: %s", strerror(errno));
	if (!(info.capabilities & XEN_SYSCTL_PHYSCAP_directio))
		return xvgpu_fail(err, -ENODEV,
				  "Xen has no IOMMU in use: a driver domain could reach "
				  "all memory (switch VT-d or AMD-Vi on)");
	return 0;
}

static int make_assignable(const struct xvgpu_board *board, struct xvgpu_err *err)
{
	int rc = 0;

	if (!xvgpu_pciback_loaded())
		return xvgpu_fail(err, -ENODEV,
				  "dom0's kernel has no pciback driver: modprobe "
				  "xen-pciback");
	for (int i = 0; i < board->n && !rc; i++) {
		const char *args[] = {"pci-assignable-add", board->functions[i], NULL};

		rc = xvgpu_xl(err, args);
	}
	return rc;
}

static int init_board(struct xvgpu_init *init, const char *bdf, struct xvgpu_err *err)
{
	struct xvgpu_board board = {.n = 0};
	char canonical[XVGPU_BDF_MAX];
	int rc;

	if (xvgpu_parse_bdf(bdf, canonical))
		return xvgpu_fail(err, -EINVAL, "%s: not a PCI function [DDDD:]BB:DD.F", bdf);
	rc = xvgpu_init_check(init, err);
	if (!rc)
		rc = xvgpu_board_read(canonical, &board, err);
	if (!rc)
		rc = check_iommu(err);
	if (!rc)
		rc = make_assignable(&board, err);
	if (!rc)
		rc = write_config(init, &board, err);
	if (!rc)
		rc = xvgpu_gpudom_write(init->name, init->output, err);
	if (!rc)
		printf("%s: %d function%s of %04x:%04x at %s, config %s\n", init->name, board.n,
		       board.n == 1 ? "" : "s", board.vendor, board.device, board.bdf,
		       init->output);
	return rc;
}

enum xvgpu_exit xvgpu_cmd_init(int argc, char **argv)
{
	static const struct option options[] = {{"name", required_argument, NULL, 'n'},
						{"memory", required_argument, NULL, 'm'},
						{"kernel", required_argument, NULL, 'k'},
						{"output", required_argument, NULL, 'o'},
						{"ramdisk", required_argument, NULL, 'r'},
						{"schedule", required_argument, NULL, 's'},
						{"slots", required_argument, NULL, 'S'},
						{NULL, 0, NULL, 0}};
	struct xvgpu_init init = {.name = "gpudom", .kernel = "/usr/lib/xvgpu/gpudom"};
	char output[XVGPU_PATH_MAX];
	struct xvgpu_err err;
	uint64_t number;
	int opt, rc, lock;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			init.name = optarg;
			break;
		case 'm':
			if (xvgpu_parse_u64(optarg, MAX_MEMORY, &number) || !number)
				return xvgpu_usage("init", "--memory %s: not a number of MiB",
						   optarg);
			init.memory = (unsigned int)number;
			break;
		case 'k':
			init.kernel = optarg;
			break;
		case 'o':
			init.output = optarg;
			break;
		case 'r':
			init.ramdisk = optarg;
			break;
		case 's':
			init.schedule = optarg;
			break;
		case 'S':
			if (xvgpu_parse_u64(optarg, XVGPU_MAX_SLICES, &number) || !number)
				return xvgpu_usage("init", "--slots %s: not a number from 1 to %d",
						   optarg, XVGPU_MAX_SLICES);
			init.slots = (unsigned int)number;
			break;
		default:
			return XVGPU_EXIT_USAGE; /* getopt has said why */
		}
	}
	if (optind != argc - 1)
		return xvgpu_usage("init", "give one PCI function");
	if (!init.output) {
		if (xvgpu_print(output, sizeof(output), "%s/%s.cfg", xvgpu_paths.etc, init.name))
			return xvgpu_usage("init", "--name %s: too long", init.name);
		init.output = output;
	}
	rc = lock = xvgpu_lock(&err);
	if (lock >= 0) {
		rc = init_board(&init, argv[optind], &err);
		xvgpu_unlock(lock);
	}
	if (rc < 0)
		xvgpu_say("%s", err.text);
	return xvgpu_exit_code(rc < 0 ? rc : 0);
}
