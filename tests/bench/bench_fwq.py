#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-fwq: our queues beside NVIDIA's, in one run on this machine. Prints; never fails for being slow.

Both sides run the same rounds (tests/bench/bench_fwq.c): fill a payload in, send, receive, checksum at both
ends. Ours is fwq/ as it is compiled for gpudom; NVIDIA's is its message_queue_cpu.c and msgq.c, unchanged,
compiled with the same code generation flags. Messages per second of processor time are the best of several
turns, taken by turns. Instructions are counted by valgrind, as the difference of a long and a short run.
docs/bench.md says how to read the tables.
"""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/peer"))

from test_msgq import VERSION, vendor_objects  # noqa: E402
from vendor import OUT, fetch  # noqa: E402

BENCH = os.path.join(OUT, "bench")
SIZES = ((64, "64 B"), (4096, "4 KiB"), (65536, "64 KiB"))
TURNS = 9
NANOSECONDS = 150e6  # of one turn, about
ROUNDS = 200  # more in the long run than in the short one, under valgrind


def build(tree):
    """Two programs: with this machine's memcpy, and with gpudom's (hv/xen/memcpy.c)."""
    with open(os.path.join(BENCH, "flags"), encoding="utf-8") as f:
        flags = f.read().split()
    objects = vendor_objects(tree, BENCH, flags)
    wrap = [f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "realloc", "aligned_alloc")]
    made = []
    for name, extra in (("bench_fwq", []), ("bench_fwq_gpudom", [os.path.join(OUT, "xen/hv/xen/memcpy.o")])):
        made.append(os.path.join(BENCH, name))
        subprocess.run(["gcc", "-no-pie", "-Wl,--gc-sections", "-Wl,-z,noexecstack", *wrap, "-o", made[-1],
                        *objects, *extra, os.path.join(BENCH, "fwq.a")], check=True)
    return made


def run(*argv):
    """(ns, bytes copied, allocations) of a whole run."""
    out = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, text=True, check=True).stdout
    return tuple(int(x) for x in out.split())


def instructions(*argv):
    # glibc's memcpy may use `rep movsb`, of which valgrind counts every byte: not here.
    env = dict(os.environ, GLIBC_TUNABLES="glibc.cpu.x86_rep_movsb_threshold=0x10000000")
    p = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                        *[str(a) for a in argv]], env=env, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", p.stderr)[1])


def per_message(exe, what, size):
    """Instructions of one message."""
    short, long = (instructions(exe, *what, size, n) for n in (10, 10 + ROUNDS))
    return (long - short) / ROUNDS


def rate(exe, size):
    """Messages per second of ours and theirs: the best of TURNS runs each, taken by turns."""
    sides = ("ours", "theirs")
    n = [max(100, int(NANOSECONDS / (run(exe, "queue", who, size, 1000)[0] / 1000))) for who in sides]
    best = [0.0, 0.0]
    for _ in range(TURNS):
        for i, who in enumerate(sides):
            best[i] = max(best[i], n[i] * 1e9 / run(exe, "queue", who, size, n[i])[0])
    return best


def table(title, row):
    """row(size): our number and NVIDIA's, and whether more is better."""
    print(f"\n{title}\n{'payload':>9} | {'ours':>10} | {'NVIDIA':>10} | {'ratio':>6}")
    for size, name in SIZES:
        ours, theirs, more = row(size)
        ratio = ours / theirs if more else theirs / ours
        print(f"{name:>9} | {ours:10.0f} | {theirs:10.0f} | {ratio:5.2f}x", flush=True)


def queues(exe, gpudom):
    table("messages per second of processor time, memcpy of this machine's C library",
          lambda size: (*rate(exe, size), True))
    table("messages per second of processor time, memcpy of gpudom",
          lambda size: (*rate(gpudom, size), True))
    table("instructions per message",
          lambda size: (per_message(exe, ("queue", "ours"), size),
                        per_message(exe, ("queue", "theirs"), size), False))
    table("bytes copied per message",
          lambda size: (*(run(exe, "queue", who, size, 100)[1] / 100 for who in ("ours", "theirs")), False))


def calls(exe):
    print("\ncalls through fwq/rpc.c, reply as long as the call, NVIDIA's code at the firmware's end")
    print(f"{'payload':>9} | {'bytes copied by us':>18} | {'allocations':>11}")
    for size, name in (*SIZES, (700000, "700,000 B")):
        _, copied, allocations = run(exe, "rpc", size, 100)
        print(f"{name:>9} | {copied // 100:18} | {allocations:11}", flush=True)


def main():
    tree = fetch(VERSION)
    if tree is None:
        sys.exit("bench-fwq: the mirror has no source of NVIDIA's " + VERSION)
    exe, gpudom = build(tree)
    queues(exe, gpudom)
    calls(exe)


if __name__ == "__main__":
    main()
