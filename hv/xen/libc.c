/* SPDX-License-Identifier: MIT */
/*
 * libc.c - the system calls newlib expects below it.
 *
 * There is a console for descriptors 1 and 2, memory for malloc, the time of day, and a way to end.
 * There are no files, processes or signals, and the calls for them say so: ENOSYS, or EBADF for a
 * descriptor that is not open.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "hv/xen/console.h"
#include "hv/xen/mm.h"
#include "hv/xen/time.h"

static uintptr_t heap_end = HV_XEN_HEAP;    /* what newlib was given */
static uintptr_t heap_mapped = HV_XEN_HEAP; /* page-aligned; pages below are backed */

static int fail(int err)
{
	errno = err;
	return -1;
}

/* One more page at the end of the heap. */
static int heap_extend(void)
{
	void *page;

	if (hv_xen_l1_ensure(heap_mapped & ~(HV_XEN_L1_SPAN - 1)) != 0)
		return -ENOMEM;
	page = hv_pages_alloc(1);
	if (!page)
		return -ENOMEM;
	HV_CHECK(hv_xen_map_page(heap_mapped, hv_xen_va_to_mfn(page) << HV_PAGE_SHIFT | PTE_DATA) ==
		 0);
	heap_mapped += HV_PAGE_SIZE;
	return 0;
}

static void heap_shrink(void)
{
	void *page;

	heap_mapped -= HV_PAGE_SIZE;
	page = hv_xen_mfn_to_va(hv_xen_va_to_mfn((void *)heap_mapped));
	HV_CHECK(hv_xen_map_page(heap_mapped, 0) == 0);
	hv_pages_free(page, 1);
}

/* newlib's allocator calls this; the area is backed by pages as it grows, freed as it shrinks. */
void *sbrk(ptrdiff_t by)
{
	uintptr_t old = heap_end, end = old + by;

	if (by > (ptrdiff_t)(HV_XEN_HEAP + HV_XEN_HEAP_SIZE - old) ||
	    by < -(ptrdiff_t)(old - HV_XEN_HEAP)) {
		errno = ENOMEM;
		return (void *)-1;
	}
	while (heap_mapped < end) {
		if (heap_extend() != 0) {
			while (heap_mapped >= old + HV_PAGE_SIZE)
				heap_shrink();
			errno = ENOMEM;
			return (void *)-1;
		}
	}
	while (heap_mapped >= end + HV_PAGE_SIZE)
		heap_shrink();
	heap_end = end;
	return (void *)old;
}

_READ_WRITE_RETURN_TYPE write(int fd, const void *buf, size_t len)
{
	if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
		return fail(EBADF);
	hv_xen_console_write(buf, len);
	return len;
}

_READ_WRITE_RETURN_TYPE read(int fd, void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return fd == STDIN_FILENO ? 0 : fail(EBADF);
}

int fstat(int fd, struct stat *st)
{
	if (fd < STDIN_FILENO || fd > STDERR_FILENO)
		return fail(EBADF);
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFCHR;
	return 0;
}

/* "Yes" makes stdio buffer by lines. */
int isatty(int fd)
{
	if (fd < STDIN_FILENO || fd > STDERR_FILENO)
		return fail(EBADF) + 1;
	return 1;
}

off_t lseek(int fd, off_t offset, int whence)
{
	(void)offset;
	(void)whence;
	return fail(fd < STDIN_FILENO || fd > STDERR_FILENO ? EBADF : ESPIPE);
}

int close(int fd)
{
	return fd < STDIN_FILENO || fd > STDERR_FILENO ? fail(EBADF) : 0;
}

int open(const char *path, int flags, ...)
{
	(void)path;
	(void)flags;
	return fail(ENOSYS);
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	uint64_t seconds;
	uint32_t ns;

	(void)zone;
	hv_xen_time_wall(&seconds, &ns);
	tv->tv_sec = seconds;
	tv->tv_usec = ns / 1000;
	return 0;
}

pid_t getpid(void)
{
	return 1;
}

/* raise() and abort() end here: there is nobody to handle a signal. */
int kill(pid_t pid, int sig)
{
	(void)pid;
	hv_panic("signal %d raised", sig);
}

/* exit() has flushed stdio by now. */
void _exit(int code)
{
	if (code != 0)
		hv_log(HV_ERR, "exit(%d)", code);
	hv_xen_shutdown(hv_xen_shutdown_reason(code));
}
