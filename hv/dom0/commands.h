/* SPDX-License-Identifier: MIT */
/*
 * commands.h - one function for each sub-command. argv[0] is the sub-command's name. They print
 * what they have to say and return the program's exit code.
 */
#ifndef XVGPU_COMMANDS_H
#define XVGPU_COMMANDS_H

#include "xvgpu.h"

enum xvgpu_exit xvgpu_cmd_init(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_create(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_register(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_unregister(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_attach(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_detach(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_list(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_top(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_daemon(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_firmware(int argc, char **argv);
enum xvgpu_exit xvgpu_cmd_firmware_set(int argc, char **argv); /* argv[0] is "set" */

/* Prints "xvgpu COMMAND: text" with a hint at --help; returns XVGPU_EXIT_USAGE. */
enum xvgpu_exit xvgpu_usage(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* XVGPU_COMMANDS_H */
