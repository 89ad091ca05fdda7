#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-nvk: what a copy costs with the whole GPU: Mesa's NVK on Debian's nouveau, no Xen, on the GPU model.

The baseline for slices. A Linux guest submits copies one by one (tests/peer/vkcopy --bench) and waits for each. What
one submission costs is the difference of a long and a short run of the program, divided: its start and end fall out.
Counted are instructions (tests/bed/insns.c), the CPU's accesses to the GPU and its interrupts (the model's counters),
and the time of its engines in the model's own clock, whose costs are chosen and not measured on a board (docs/model.md).
Nothing here depends on how fast this machine is. docs/bench.md says how to read it.
"""

import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests/peer"), os.path.join(TOP, "tests/bed")]

import insns  # noqa: E402
import linux_guest  # noqa: E402
import nouveau_boot  # noqa: E402
import nvk  # noqa: E402
from kernel_log import Wrong  # noqa: E402

SIZES = ((4096, "4 KiB"), (65536, "64 KiB"), (1 << 20, "1 MiB"))
SHORT, LONG = 50, 550  # submissions
# With KASLR off; programs are below all that belongs to the kernel.
RANGES = dict(nouveau_boot.RANGES, program=(0, 0x7fffffffffff))


def script(size):
    """A short run and a long one, with a mark before, between and after: the model's "line-written"."""
    mark = r"printf '\000' | dd of=/sys/bus/pci/devices/0000:00:02.0/config bs=1 seek=60 conv=notrunc 2>/dev/null"
    runs = [f"vkcopy --device=NVK --bench={count} --size={size} || exit 1" for count in (SHORT, LONG)]
    return "\n".join([runs[0], mark, runs[0], mark, runs[1], mark])


def costs(mark):
    """{name: count since power-on} at a mark."""
    model = mark["model"]
    found = {f"instructions, {where}": sum(row[0] for row in rows) for where, rows in mark["counts"].items()}
    found.update({"MMIO reads": model["mmio_reads"], "MMIO writes": model["mmio_writes"],
                  "DMA bytes": model["dma_bytes"], "interrupts": model["msis"],
                  "engine ns": sum(engine["busy_ns"] for engine in model["engines"])})
    return found


def each(size):
    """{name: what one submission costs}"""
    name = f"bench-nvk-{size}"
    out = os.path.join(linux_guest.vendor.OUT, "log", name + ".marks")
    run = nvk.program(script(size), name, plugin=insns.option(
        os.path.join(linux_guest.vendor.OUT, "insns.so"), out, RANGES))
    run.need(run.said(r"^peer: run ended with 0$"), "the program failed")
    marks = [costs(mark) for mark in insns.marks(out) if mark["mark"] == "line-written"][-3:]
    if len(marks) != 3:
        raise Wrong(f"{out} has {len(marks)} marks of the script, not 3")
    return {what: (marks[2][what] - 2 * marks[1][what] + marks[0][what]) / (LONG - SHORT) for what in marks[0]}


def main():
    rows = {}
    for size, label in SIZES:
        print(f"bench-nvk: {label}: a machine starts", flush=True)
        cost = each(size)
        if cost["engine ns"] <= 0:
            raise Wrong(f"{label}: no engine time")
        cost["submissions/s of engine time"] = 1e9 / cost["engine ns"]
        cost["MB/s of engine time"] = 1e3 * size / cost["engine ns"]
        for what, value in cost.items():
            rows.setdefault(what, []).append(f"{value:,.1f}" if value < 100 else f"{value:,.0f}")
    print("\nnative: NVK on nouveau with the whole GPU, for each submission of one copy and its wait:\n")
    print("| | " + " | ".join(label for _, label in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for what, values in rows.items():
        print(f"| {what} | " + " | ".join(values) + " |")


if __name__ == "__main__":
    try:
        main()
    except (Wrong, linux_guest.GuestError) as e:
        sys.exit(f"bench-nvk: {e}")
