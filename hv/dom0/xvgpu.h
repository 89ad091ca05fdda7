/* SPDX-License-Identifier: MIT */
/*
 * xvgpu.h - what every part of the dom0 tool shares: where its files are, its limits, its exit
 * codes, and how an error travels.
 *
 * An error is found deep down, where only the object at fault is known, and is told at the top,
 * where the program decides how to end. In between it travels as a negative errno value together
 * with one finished sentence in a struct xvgpu_err.
 *
 * A function that "takes err" fills it exactly when it returns a negative value.
 */
#ifndef XVGPU_H
#define XVGPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XVGPU_VERSION "0.1"

#define XVGPU_NAME_MAX	   64	/* bytes of a domain name, with its NUL */
#define XVGPU_PROFILE_MAX  32	/* bytes of a profile name, with its NUL */
#define XVGPU_PATH_MAX	   512	/* bytes of any path we make */
#define XVGPU_VALUE_MAX	   2048 /* bytes of a xenstore value (C xenstored's quota) */
#define XVGPU_MAX_DEVICES  8	/* slices of one guest: XENVGPU_MAX_DEVICES of vgpuif.h */
#define XVGPU_WEIGHT_MAX   1000
#define XVGPU_MAX_CHANNELS 64 /* channels of one slice: XENVGPU_MAX_CHANNELS */
#define XVGPU_MAX_IMPORTS                                                                          \
	32768 /* guest pages of one slice that the GPU reaches: VGPU_IMPORT_PAGES */
#define XVGPU_PAGE	 4096u
#define XVGPU_VRAM_ALIGN 0x10000u /* VRAM is handed out in multiples of it: XENVGPU_MEM_ALIGN */

/*
 * Slices one driver domain serves. xenstored gives an unprivileged domain 128 watches, of which a
 * slice takes one, and 1000 nodes, of which it takes ten (two directories, eight keys).
 */
#define XVGPU_MAX_SLICES 64

/* Domain ids of real domains are below this (DOMID_FIRST_RESERVED, public/xen.h). */
#define XVGPU_DOMID_LIMIT 0x7ff0u

enum xvgpu_exit {
	XVGPU_EXIT_OK = 0,
	XVGPU_EXIT_FAILED = 1, /* xl, xenstore or the system failed */
	XVGPU_EXIT_USAGE = 2,  /* wrong command line */
	XVGPU_EXIT_CONFIG = 3, /* a file or a slice's text is wrong */
	XVGPU_EXIT_REFUSED =
		4, /* all is well written, but cannot be had: no room, no such domain, … */
};

/*
 * The folders the tool works in. Tests point them elsewhere before they call anything; nothing else
 * changes them.
 */
struct xvgpu_paths {
	const char *etc;   /* /etc/xvgpu: profiles.conf and driver domains' configs */
	const char *lib;   /* /var/lib/xvgpu: what is registered */
	const char *run;   /* /run/xvgpu: locks */
	const char *sysfs; /* /sys */
};
extern struct xvgpu_paths xvgpu_paths;

struct xvgpu_err {
	char text[512];
};

/* Fills err with one sentence; whatever is unprintable in it is escaped. */
void xvgpu_err_set(struct xvgpu_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, as an expression whose value is code (a macro, so that checkers see the value). */
#define xvgpu_fail(err, code, ...)                                                                 \
	({                                                                                         \
		int fail_code = (code);                                                            \
		xvgpu_err_set(err, __VA_ARGS__);                                                   \
		fail_code;                                                                         \
	})

/* The exit code that belongs to a negative errno value. */
enum xvgpu_exit xvgpu_exit_code(int error);

/*
 * One line to the person (stderr, "xvgpu: …") or, in the daemon, to its log with date and time.
 * Whatever is unprintable is escaped, so text from a guest can do no harm.
 */
void xvgpu_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void xvgpu_say_with_time(void); /* from now on each line carries the time */

/*
 * Copies text so that it fits in size bytes and holds printable ASCII only: other bytes become
 * \xNN. json: also escapes what JSON wants escaped, and writes \u00NN.
 */
void xvgpu_escape(char *buf, size_t size, const char *text, bool json);

/* Microseconds since some time in the past, whatever is done to the clock on the wall. */
uint64_t xvgpu_clock_us(void);

/* snprintf that reports truncation: 0 or -ENAMETOOLONG. */
int xvgpu_print(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif /* XVGPU_H */
