/* SPDX-License-Identifier: MIT */
/*
 * main.c - xvgpu, the dom0 tool: picks the sub-command. What each does is told in xvgpu(8) and at
 * the top of its file.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
	const char *name, *args, *what;
	enum xvgpu_exit (*fn)(int argc, char **argv);
} commands[] = {
	{"init", "BDF [OPTIONS]", "make the board at BDF a driver domain's; write its xl config",
	 xvgpu_cmd_init},
	{"create", "CFG [-p] [-q] [-d] [-e] [KEY=VALUE...]",
	 "create a guest whose config has a vgpu list", xvgpu_cmd_create},
	{"register", "CFG", "from now on plug in the guest's slices whenever it appears",
	 xvgpu_cmd_register},
	{"unregister", "NAME", "forget a registered guest", xvgpu_cmd_unregister},
	{"attach", "DOMAIN SLICE", "give a running guest one more slice", xvgpu_cmd_attach},
	{"detach", "DOMAIN N", "take slice N from a running guest", xvgpu_cmd_detach},
	{"list", "[--json]", "show driver domains and slices", xvgpu_cmd_list},
	{"top", "[-d SECONDS] [-n COUNT] [-b]", "show what slices do with the GPU, again and again",
	 xvgpu_cmd_top},
	{"daemon", "[--foreground] [--start]", "keep slices plugged in and driver domains alive",
	 xvgpu_cmd_daemon},
	{"firmware",
	 "pack DIR... -o FILE [--version V] [--chip NAME] [--abi FILE] | list FILE |\n"
	 "             set NAME FILE",
	 "make a firmware archive, look into one, restart a driver domain on one",
	 xvgpu_cmd_firmware},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(void)
{
	printf("usage: xvgpu COMMAND ...\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-10s %s\n             %s\n", commands[i].name, commands[i].args,
		       commands[i].what);
	printf("\n"
	       "init takes --name NAME (gpudom), --memory MIB (as needed), --kernel FILE\n"
	       "(/usr/lib/xvgpu/gpudom), --ramdisk FILE (none), --output FILE "
	       "(/etc/xvgpu/NAME.cfg),\n"
	       "--schedule best-effort|equal-share|fixed-share, --slots N (with fixed-share).\n"
	       "A slice is written backend=NAME,profile=NAME[,vram=SIZE][,weight=N][,slot=N].\n"
	       "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong config, 4 refused.\n"
	       "More in xvgpu(8).\n");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return (int)xvgpu_usage("xvgpu", "no command");
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			help();
			return XVGPU_EXIT_OK;
		}
	}
	if (!strcmp(argv[1], "--version")) {
		printf("xvgpu %s\n", XVGPU_VERSION);
		return XVGPU_EXIT_OK;
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return (int)commands[i].fn(argc - 1, argv + 1);
	return (int)xvgpu_usage("xvgpu", "%s: no such command", argv[1]);
}
