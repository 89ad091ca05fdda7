/* SPDX-License-Identifier: MIT */
/*
 * vkcopy [OPTION]...
 *
 *   --device NAME     the first physical device with NAME in its name, not simply the first one
 *   --max-size BYTES  of a copy (64 MiB)
 *   --seed NUMBER     of what is written (1)
 *   --devices N       N VkDevices: used in turn, then by a thread each at once
 *   --processes N     N processes at once, each with its own instance and devices
 *   --size BYTES      of the copies of the following (65536)
 *   --bench N|Ns      N copies, or copies for N seconds, from one buffer to another
 *   --until-lost      copies until the driver says VK_ERROR_DEVICE_LOST, as when it is unbound
 *   --fault           a copy to an address that is not mapped; then a new device must work
 *
 * Without one of the last three, all kinds of transfers are made and each byte is looked at. The exit
 * status is 0 when all was as it should be, 1 when not, 2 for a wrong command line.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vkcopy.h"

#define MAX_DEVICES   8
#define MAX_PROCESSES 8
#define TURN_MAX      65536 /* bytes of the largest copy while devices are used in turn */

enum mode { VERIFY, BENCH, UNTIL_LOST, FAULT };

struct options {
	enum mode mode;
	const char *device;
	VkDeviceSize max, size;
	uint64_t seed, count;
	unsigned int seconds, devices, processes;
};

/* ---------------------------------------------------------------- devices */

struct user {
	struct vkcopy_gpu gpu;
	const struct options *options;
	char name[48];
	uint64_t seed;
	pthread_t thread;
	bool running, good;
};

static void *use(void *arg)
{
	struct vkcopy_totals totals = {0};
	struct user *u = arg;

	vkcopy_speaker(u->name);
	u->good = vkcopy_verify(&u->gpu, u->options->max, u->seed, &totals) &&
		  vkcopy_say_totals(&totals);
	return NULL;
}

/* Each size by each device before the next size. */
static bool in_turn(struct user *users, unsigned int count, VkDeviceSize max)
{
	struct vkcopy_totals totals = {0};

	for (unsigned int i = 0; vkcopy_size(i) && vkcopy_size(i) <= max; i++) {
		for (unsigned int d = 0; d < count; d++) {
			vkcopy_speaker(users[d].name);
			if (!vkcopy_verify_size(&users[d].gpu, vkcopy_size(i), users[d].seed + i,
						&totals))
				return false;
		}
	}
	vkcopy_speaker(NULL);
	return vkcopy_say_totals(&totals);
}

static bool at_once(struct user *users, unsigned int count)
{
	bool good = true;

	for (unsigned int d = 0; d < count; d++) {
		users[d].running = !pthread_create(&users[d].thread, NULL, use, &users[d]);
		if (!users[d].running)
			good = vkcopy_say("no thread for device %u", d);
	}
	for (unsigned int d = 0; d < count; d++) {
		if (users[d].running)
			pthread_join(users[d].thread, NULL);
		good &= users[d].good;
	}
	return good;
}

/* Says "ready" to the parent and waits until all of its children have. -1: there are no others. */
static void meet(int ready, int go)
{
	char byte = 0;

	if (ready < 0)
		return;
	/* Whoever fails here, or before, is waited for no longer: its end of the pipe closes. */
	if (write(ready, &byte, 1) == 1 && read(go, &byte, 1) < 0)
		vkcopy_say("the others cannot be waited for");
}

static bool verify(VkPhysicalDevice physical, const struct options *o, unsigned int process,
		   int ready, int go)
{
	struct user *users = calloc(o->devices, sizeof(*users));
	unsigned int open = 0;
	bool good;

	if (!users)
		return vkcopy_say("no memory for %u devices", o->devices);
	for (open = 0; open < o->devices && vkcopy_open(&users[open].gpu, physical); open++) {
		struct user *u = &users[open];

		u->options = o;
		u->seed = o->seed + process * 1000003ULL + open * 10007ULL;
		if (o->processes > 1)
			snprintf(u->name, sizeof(u->name), "process %u device %u: ", process, open);
		else if (o->devices > 1)
			snprintf(u->name, sizeof(u->name), "device %u: ", open);
	}
	good = open == o->devices;
	meet(ready, go);
	if (good && o->devices > 1)
		good = in_turn(users, o->devices, o->max < TURN_MAX ? o->max : TURN_MAX);
	good = good && at_once(users, o->devices);
	while (open > 0)
		vkcopy_close(&users[--open].gpu);
	free(users);
	return good;
}

/* One process from its instance to the end of it. */
static bool run(const struct options *o, unsigned int process, int ready, int go)
{
	VkPhysicalDevice physical;
	VkInstance instance;
	bool good;

	if (!vkcopy_instance(&instance))
		return false;
	good = vkcopy_choose(instance, o->device, &physical);
	if (good) {
		switch (o->mode) {
		case BENCH:
			good = vkcopy_bench(physical, o->size, o->count, o->seconds);
			break;
		case UNTIL_LOST:
			good = vkcopy_until_lost(physical, o->size);
			break;
		case FAULT:
			good = vkcopy_fault(physical, o->max);
			break;
		case VERIFY:
			good = verify(physical, o, process, ready, go);
			break;
		}
	}
	vkDestroyInstance(instance, NULL);
	return good;
}

/* ---------------------------------------------------------------- processes */

static bool processes(const struct options *o)
{
	pid_t child[MAX_PROCESSES];
	int ready[2], go[2];
	unsigned int started;
	bool good = true;
	char byte;

	if (pipe(ready) || pipe(go))
		return vkcopy_say("no pipe: %s", strerror(errno));
	/* Before any call of Vulkan: a driver need not survive a fork. */
	for (started = 0; started < o->processes; started++) {
		child[started] = fork();
		if (child[started] < 0) {
			good = vkcopy_say("no process: %s", strerror(errno));
			break;
		}
		if (child[started] == 0) {
			close(ready[0]);
			close(go[1]);
			good = run(o, started, ready[1], go[0]);
			exit(good ? 0 : 1);
		}
	}
	close(ready[1]);
	close(go[0]);
	/* Each is ready or has ended, and then the pipe is at its end. */
	for (unsigned int i = 0; i < started && read(ready[0], &byte, 1) == 1;)
		i++;
	close(go[1]);
	close(ready[0]);
	for (unsigned int i = 0; i < started; i++) {
		int status;

		if (waitpid(child[i], &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			good = vkcopy_say("process %u failed", i);
	}
	return good;
}

/* ---------------------------------------------------------------- the command line */

static bool number(const char *option, const char *text, uint64_t least, uint64_t most,
		   const char *end, uint64_t *value)
{
	char *rest;

	errno = 0;
	*value = strtoull(text, &rest, 0);
	if (errno || rest == text || strcmp(rest, end) != 0 || strchr(text, '-') ||
	    *value < least || *value > most)
		return vkcopy_say("--%s %s: not a number from %llu to %llu", option, text,
				  (unsigned long long)least, (unsigned long long)most);
	return true;
}

static bool bench_length(const char *text, struct options *o)
{
	bool seconds = text[0] && text[strlen(text) - 1] == 's';
	uint64_t value;

	o->mode = BENCH;
	if (!number("bench", text, 1, seconds ? 86400 : UINT32_MAX, seconds ? "s" : "", &value))
		return false;
	o->seconds = seconds ? (unsigned int)value : 0;
	o->count = value;
	return true;
}

static bool parse(int argc, char **argv, struct options *o)
{
	enum { DEVICE, MAX_SIZE, SEED, DEVICES, PROCESSES, SIZE, BENCH_FOR, LOST, PROVOKE };
	static const struct option options[] = {
		{"device", required_argument, NULL, DEVICE},
		{"max-size", required_argument, NULL, MAX_SIZE},
		{"seed", required_argument, NULL, SEED},
		{"devices", required_argument, NULL, DEVICES},
		{"processes", required_argument, NULL, PROCESSES},
		{"size", required_argument, NULL, SIZE},
		{"bench", required_argument, NULL, BENCH_FOR},
		{"until-lost", no_argument, NULL, LOST},
		{"fault", no_argument, NULL, PROVOKE},
		{0},
	};
	uint64_t devices = 1, processes = 1;
	bool good = true;
	int which, index;

	while (good && (which = getopt_long(argc, argv, "", options, &index)) != -1) {
		switch (which) {
		case DEVICE:
			o->device = optarg;
			break;
		case MAX_SIZE:
			good = number("max-size", optarg, 1, VKCOPY_MAX_SIZE, "", &o->max);
			break;
		case SEED:
			good = number("seed", optarg, 0, UINT64_MAX, "", &o->seed);
			break;
		case DEVICES:
			good = number("devices", optarg, 1, MAX_DEVICES, "", &devices);
			break;
		case PROCESSES:
			good = number("processes", optarg, 1, MAX_PROCESSES, "", &processes);
			break;
		case SIZE:
			good = number("size", optarg, 4, VKCOPY_MAX_SIZE, "", &o->size);
			break;
		case BENCH_FOR:
			good = bench_length(optarg, o);
			break;
		case LOST:
			o->mode = UNTIL_LOST;
			break;
		case PROVOKE:
			o->mode = FAULT;
			break;
		default:
			return false; /* getopt has said why */
		}
	}
	o->devices = (unsigned int)devices;
	o->processes = (unsigned int)processes;
	if (good && optind < argc)
		return vkcopy_say("%s: there are only options", argv[optind]);
	return good;
}

int main(int argc, char **argv)
{
	struct options options = {.max = VKCOPY_MAX_SIZE, .size = 65536, .seed = 1};
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!parse(argc, argv, &options))
		return 2;
	good = options.processes > 1 ? processes(&options) : run(&options, 0, -1, -1);
	vkcopy_say(good ? "ok" : "failed");
	return good ? 0 : 1;
}
