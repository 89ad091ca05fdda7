#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-mmu: what page table entries cost, written by us, by NVIDIA's mmu_walk library and by plain stores.

All in one run on this machine (tests/bench/bench_mmu.c): ours is gpu/core/mmu as it is compiled for gpudom, theirs is
NVIDIA's library unchanged, with the same code generation flags and callbacks that only store. The fastest round of several turns,
taken by turns. Instructions of a round that maps and unmaps are counted by valgrind, as the difference of a long and a short
run: they do not depend on what else the machine does. Prints; never fails for being slow. docs/bench.md says how to read the table.
"""

import glob
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/peer"))

from bench_fwq import instructions  # noqa: E402
from document import Table, number  # noqa: E402
from test_msgq import VERSION, vendor_objects  # noqa: E402
from vendor import OUT, fetch  # noqa: E402

BENCH = os.path.join(OUT, "bench")
SIDES = ("ours", "theirs", "plain")
SHIFTS = ((12, "4 KiB"), (16, "64 KiB"), (21, "2 MiB"))
PAGES = (16, 512, 8192)
TURNS = 7
NANOSECONDS = 50e6  # of one turn, about
COUNTED = 200  # rounds more in the long run than in the short one, under valgrind


def build(tree):
    with open(os.path.join(BENCH, "flags"), encoding="utf-8") as f:
        code = f.read().split()
    library = glob.glob(os.path.join(tree, "src/nvidia/src/libraries/mmu/mmu_*.c"))
    library += [os.path.join(tree, "src/nvidia/src/libraries/containers", name) for name in ("btree/btree.c", "list.c")]
    # As in a driver that is shipped: without the checks of a debug build. Our callbacks ignore much of what they are told.
    extra = ["-UPORT_IS_CHECKED_BUILD", "-DPORT_IS_CHECKED_BUILD=0", "-Wno-unused-parameter", *code, f"-I{TOP}"]
    objects = vendor_objects(tree, os.path.join(BENCH, "mmu"), extra, library, "tests/bench/mmu_vendor.c")
    exe = os.path.join(BENCH, "bench_mmu")
    # Sections that nothing needs go, and with them the vendor's calls into the rest of its driver.
    subprocess.run(["gcc", "-no-pie", "-Wl,--gc-sections", "-Wl,-z,noexecstack", "-o", exe, *objects,
                    os.path.join(BENCH, "mmu.a")], check=True)
    return exe


def run(exe, side, shift, pages, rounds):
    """Nanoseconds of mapping and of unmapping, of the fastest round."""
    out = subprocess.run([exe, side, str(shift), str(pages), str(rounds)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [max(1, int(x)) for x in out.split()]


def measure(exe, shift, pages):
    """{side: (ns of mapping, ns of unmapping)}, each the best."""
    rounds = {side: max(20, int(NANOSECONDS / sum(run(exe, side, shift, pages, 20)))) for side in SIDES}
    best = {side: [float("inf")] * 2 for side in SIDES}
    for _ in range(TURNS):
        for side in SIDES:
            best[side] = [min(pair) for pair in zip(best[side], run(exe, side, shift, pages, rounds[side]))]
    return best


def counted(exe, side, shift, pages):
    """Instructions per page, of mapping and unmapping."""
    short, long = (instructions(exe, side, shift, pages, n) for n in (10, 10 + COUNTED))
    return (long - short) / COUNTED / pages


def main():
    tree = fetch(VERSION)
    if tree is None:
        sys.exit("bench-mmu: the mirror has no source of NVIDIA's " + VERSION)
    exe = build(tree)
    print("instructions per page, mapping and unmapping; million page table entries per second, mapping; ns per page, unmapping")
    with Table("page, pages in one call", "instructions, ours", "`mmu_walk`", "ratio", "plain stores", "M entries/s, ours", "`mmu_walk`", "ratio",
               "plain stores", "unmapping ns, ours", "`mmu_walk`", "ratio") as table:
        for shift, name in SHIFTS:
            for pages in PAGES:
                best = measure(exe, shift, pages)
                rate = [pages * 1e3 / best[side][0] for side in SIDES]
                gone = [best[side][1] / pages for side in SIDES]
                count = [counted(exe, side, shift, pages) for side in SIDES]
                table.row(f"{name}, {pages}", number(count[0]), number(count[1]), f"{count[1] / count[0]:.1f}", number(count[2]), number(rate[0]),
                          number(rate[1]), f"{rate[0] / rate[1]:.1f}", number(rate[2]), number(gone[0]), number(gone[1]), f"{gone[1] / gone[0]:.1f}")


if __name__ == "__main__":
    main()
