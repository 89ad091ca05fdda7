# SPDX-License-Identifier: MIT
"""Planted faults that only a program's work shows: cases of nouveau_boot.py.

vkcopy on NVK (nvk.py), and nouveau below it, must say what is wrong. Each is one wrong byte, bit, interrupt
or pointer of a model whose start and whose end nouveau finds nothing wrong with.
"""

import dataclasses
import functools

import linux_guest
import nvk


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    planted: str  # as the model takes it
    options: str  # of vkcopy
    sign: str     # on the console


FAULTS = (
    Fault("program-copy-byte", "flip-copy=0x0", "--max-size=65536",
          r"^vkcopy: copy host -> .*: byte 0 of the target is 0x\w\w, should be 0x\w\w$"),
    # The graphics engine's: fences come back only when somebody asks.
    Fault("program-interrupt-lost", "vector-lost=0", "--max-size=65536",
          r"nouveau 0000:00:02\.0: vkcopy\[\d+\]: job timeout, channel \d+ killed!$"),
    # The ring is full for good.
    Fault("program-get-stuck", "gp-get-stuck=1", "--bench=6000 --size=4",
          r"nouveau 0000:00:02\.0: vkcopy\[\d+\]: nv50cal_space: -16$"),
    # Instance memory that nouveau uses again for other channels.
    Fault("program-stale-tlb", "tlb-keeps=1", "--fault --max-size=65536",
          r"nouveau 0000:00:02\.0: vkcopy\[\d+\]: channel \d+ killed!$"),
)


def noticed(fault):
    script = f"timeout 60 vkcopy --device=NVK {fault.options}\n"
    run = nvk.program(script, fault.name, fault=fault.planted)
    ended = run.said(r"^peer: run ended with (\d+)$")
    run.need(ended and ended[1] != "0", "the program finds nothing wrong")
    sign = run.said(fault.sign)
    run.need(sign, f"nobody says /{fault.sign}/")
    return f"{fault.planted}: {sign.group(0).strip()}"


def cases():
    """{name: (pair, function)} as nouveau_boot.cases()."""
    return {fault.name: (linux_guest.TRIXIE, functools.partial(noticed, fault)) for fault in FAULTS}
