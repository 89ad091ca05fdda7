/* SPDX-License-Identifier: MIT */
/*
 * agreed.h - what client and responder both know: values that go over the wire and must arrive.
 *
 * No layout and no number of the vendor's: those the client has from a pack, the responder from headers.
 * Most fields carry a_value(), made from the field's own name, so that a field that lands in another's
 * place is noticed and no list of values needs to be kept.
 */
#ifndef SCRAMBLE_AGREED_H
#define SCRAMBLE_AGREED_H

/* What element i of a field carries; size is its width in bytes. FNV-1a of the path from the structure. */
static inline unsigned long long a_value(const char *path, unsigned int i, unsigned int size)
{
	unsigned long long v = 0xcbf29ce484222325ull + i;

	while (*path)
		v = (v ^ (unsigned char)*path++) * 0x100000001b3ull;
	return v >> (64 - 8 * size);
}

/* Bus address of the first byte of the shared memory file; the libos arguments are there. */
#define A_DMA_BASE 0x1234500000ull

#define A_REGISTRY_NAME_0 "RMSecBusResetEnable"
#define A_REGISTRY_DATA_0 1u
#define A_REGISTRY_NAME_1 "RmScramble"
#define A_REGISTRY_DATA_1 0xfeed5eedu

/* How many entries of a table are used, and where the table of devices is asked from. */
#define A_REGIONS     3u
#define A_INTERRUPTS  11u
#define A_DEVICES     7u
#define A_DEVICE_BASE 32u
#define A_BUFFERS     5u

#define A_NOTIFIER    5u
#define A_NOTIFY_TEXT "what the notifier has to say"
#define A_XID_TEXT    "MMU Fault: ENGINE COPY0, in the middle of a call"
#define A_JOURNAL     "the journal of a channel's error"
#define A_PRINT	      "printed by a microcode"

/* The boot script: register offsets and values. */
#define A_WRITE_ADDR   0x00110040u
#define A_WRITE_VAL    0x600df00du
#define A_MODIFY_ADDR  0x00118200u
#define A_MODIFY_MASK  0x00000ff0u
#define A_MODIFY_VAL   0x00000120u
#define A_POLL_ADDR    0x00111388u
#define A_POLL_MASK    0x00000080u
#define A_POLL_VAL     0x00000080u
#define A_POLL_TIMEOUT 20000u
#define A_POLL_ERROR   42u
#define A_DELAY	       150u
#define A_STORE_ADDR   0x00110044u
#define A_STORE_INDEX  1u

/* The large message: byte i, there and back. */
#define A_LARGE_OUT(i)	((unsigned char)((i)*131u + ((i) >> 9)))
#define A_LARGE_BACK(i) ((unsigned char)((i)*77u + ((i) >> 8) + 5u))

#endif /* SCRAMBLE_AGREED_H */
