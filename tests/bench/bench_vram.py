#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-vram: what handing out ranges of VRAM costs with 1,000, 10,000 and 100,000 of them out.

All in one run on this machine (tests/bench/bench_vram.c): ours is gpu/core/extent.c as it is compiled for gpudom; beside it
a textbook bitmap, and glibc's malloc with smaller sizes. Instructions of a pair, free one and make another, are counted by
valgrind, as the difference of a long and a short run; seconds are the best of several turns. Prints; never fails for being slow.
"""

import os
import subprocess

from bench_fwq import OUT, instructions
from document import Table, number

BENCH = os.path.join(OUT, "bench")
SIDES = ("ours", "bitmap", "malloc")
LIVE = (1000, 10000, 100000)
TURNS = 5
PAIRS = 20000
COUNTED = 2000  # pairs more in the long run than in the short one


def run(exe, side, live, pairs):
    out = subprocess.run([exe, side, str(live), str(pairs)], stdout=subprocess.PIPE, text=True, check=True).stdout
    ns, failed, hole = out.split()
    return int(ns), int(failed), float(hole)


def main():
    exe = os.path.join(BENCH, "bench_vram")
    subprocess.run(["gcc", "-no-pie", "-Wl,-z,noexecstack", "-o", exe, os.path.join(BENCH, "vram.a")], check=True)
    print("instructions and ns of a pair: free one, make another")
    notes = []
    with Table("objects", *(what + side for what in ("instructions, ", "ns, ") for side in SIDES)) as table:
        for live in LIVE:
            turns = {side: [] for side in SIDES}
            for _ in range(TURNS):
                for side in SIDES:
                    turns[side].append(run(exe, side, live, PAIRS))
            counted = [[instructions(exe, side, live, n) for n in (10, 10 + COUNTED)] for side in SIDES]
            table.row(f"{live:,}", *(number((long - short) / COUNTED) for short, long in counted),
                      *(number(min(t[0] for t in turns[side]) / PAIRS) for side in SIDES))
            notes += [f"{live:,}, {side}: {failed} of {PAIRS:,} objects found no place; the largest hole is {hole:.1f} % of what is free (0: not known)"
                      for side in SIDES for _, failed, hole in turns[side][:1]]
    print("\n".join(notes))


if __name__ == "__main__":
    main()
