# SPDX-License-Identifier: MIT
"""Reads what xentrace wrote and counts hypercalls by domain and number, as Xen itself saw them.

Format (xen/include/public/trace.h): 32-bit little-endian words. A record's head holds the event in
bits 0-27, the number of extra words in 28-30, and in bit 31 whether a 64-bit time stamp precedes
them. xentrace puts a TRC_TRACE_CPU_CHANGE record before each chunk, with the CPU and the chunk's size.
"""

import collections
import struct

TRC_LOST_RECORDS = 0x0001F001
TRC_TRACE_CPU_CHANGE = 0x0001F003
TRC_SCHED_RUNSTATE_CHANGE = 0x00021001  # | old state << 8 | new state << 4; 0 is "running"
TRC_PV_HYPERCALL_V2 = 0x0020100D
TRC_PV_64_FLAG = 0x00000100
# Classes for xentrace -e: scheduling and PV entry.
MASK = 0x0022F000


def count(data):
    """({(domain, hypercall number): times}, records lost)."""
    calls = collections.Counter()
    running = {}
    cpu = lost = at = 0
    while at + 4 <= len(data):
        head, = struct.unpack_from("<I", data, at)
        at += 4
        event, extra = head & 0x0FFFFFFF, head >> 28 & 7
        if head >> 31:
            at += 8
        words = struct.unpack_from(f"<{extra}I", data, at) if at + 4 * extra <= len(data) else ()
        at += 4 * extra
        if not words:
            continue
        if event == TRC_TRACE_CPU_CHANGE:
            cpu = words[0]
        elif event == TRC_LOST_RECORDS:
            lost += words[0]
        elif event & ~0xFF0 == TRC_SCHED_RUNSTATE_CHANGE and event >> 4 & 0xF == 0:
            running[cpu] = words[0] >> 16  # domain; the low half is the vCPU
        elif event & ~TRC_PV_64_FLAG == TRC_PV_HYPERCALL_V2 and cpu in running:
            calls[running[cpu], words[0] & 0xFFFFF] += 1
    return calls, lost
