/* SPDX-License-Identifier: MIT */
/*
 * glue.c - what the vendor's sender and receiver call in their operating system.
 *
 * Declared by hand: this file sees neither world. Waiting is turned into an answer at once, so that a
 * full queue comes back to the test. What must not be reached, ends the program.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define TIMED_OUT 0x65u /* NV_ERR_TIMEOUT */

void *portMemCopy(void *to, size_t to_size, const void *from, size_t size);
void *portMemSet(void *at, uint8_t value, size_t size);
void timeoutSet(void *data, void *timeout, uint32_t us, uint32_t flags);
uint32_t timeoutCheck(void *data, void *timeout, uint32_t line);
void osSpinLoop(void);
void nvAssertFailedNoLog(void);
uint8_t nvDbgBreakpointEnabled(void);
void os_dbg_breakpoint(void);
uint32_t ccslEncrypt_KERNEL(void);
uint32_t ccslDecrypt_KERNEL(void);

uint64_t peer_bytes_copied;

static void unexpected(const char *what)
{
	fprintf(stderr, "the vendor's code called %s\n", what);
	abort();
}

void *portMemCopy(void *to, size_t to_size, const void *from, size_t size)
{
	(void)to_size;
	peer_bytes_copied += size;
	return memcpy(to, from, size);
}

void *portMemSet(void *at, uint8_t value, size_t size)
{
	return memset(at, value, size);
}

void timeoutSet(void *data, void *timeout, uint32_t us, uint32_t flags)
{
	(void)data;
	(void)timeout;
	(void)us;
	(void)flags;
}

uint32_t timeoutCheck(void *data, void *timeout, uint32_t line)
{
	(void)data;
	(void)timeout;
	(void)line;
	return TIMED_OUT;
}

void osSpinLoop(void)
{
}

void nvAssertFailedNoLog(void)
{
	unexpected("an assertion that failed");
}

uint8_t nvDbgBreakpointEnabled(void)
{
	return 0;
}

void os_dbg_breakpoint(void)
{
	unexpected("a breakpoint");
}

uint32_t ccslEncrypt_KERNEL(void)
{
	unexpected("encryption");
	return 0;
}

uint32_t ccslDecrypt_KERNEL(void)
{
	unexpected("decryption");
	return 0;
}
