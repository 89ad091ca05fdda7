#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does the plugin that counts what a driver costs (insns.c) count right?

A machine whose only program is a loop in its ROM, short enough to count by hand.
"""

import os
import subprocess
import sys
import tempfile
import time

import insns
from bed import BUILD
from results import Results, check, check_equal

PLUGIN = os.path.join(BUILD, "insns.so")
ROUNDS = 1000
CODE = 0xFFFFE000  # the ROM ends at 4 GiB; real mode's first segment starts 64 KiB before
PROGRAM = (b"\xb9" + ROUNDS.to_bytes(2, "little")  # mov cx, ROUNDS
           + b"\x66\xa3\x00\x05"                   # again: mov [0x500], eax
           + b"\xe2\xfa"                           # loop again
           + b"\xf4")                              # hlt
HALT = CODE + len(PROGRAM) - 1


def machine(folder, plugin):
    """Starts QEMU with the program and the plugin; the vCPU halts and stays so."""
    rom = bytearray(65536)
    rom[CODE & 0xFFFF:(CODE & 0xFFFF) + len(PROGRAM)] = PROGRAM
    rom[0xFFF0:0xFFF3] = b"\xe9" + ((CODE - 0xFFFFFFF3) & 0xFFFF).to_bytes(2, "little")  # jmp
    with open(f"{folder}/bios", "wb") as f:
        f.write(rom)
    return subprocess.Popen(["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-smp", "2", "-m", "64",
                             "-nodefaults", "-display", "none", "-bios", f"{folder}/bios",
                             "-plugin", plugin],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def main():
    results = Results("insns")
    with tempfile.TemporaryDirectory(prefix="insns-") as folder, \
            results.case("a loop of known length, to the instruction and the byte"):
        out = f"{folder}/marks"
        ranges = {"loop": (CODE, HALT), "elsewhere": (0x1000, 0xFFFFF)}
        process = machine(folder, insns.option(PLUGIN, out, ranges, {"halted": HALT}))
        try:
            deadline = time.monotonic() + 60
            while not os.path.exists(out) or not insns.marks(out):
                check(process.poll() is None, "QEMU ended")
                check(time.monotonic() < deadline, "the program does not come to its end")
                time.sleep(0.05)
            process.terminate()
            process.wait(30)
        finally:
            process.kill()
            process.communicate()
        halted, end = insns.marks(out)
        check_equal((halted["mark"], halted["vcpu"], halted["model"]), ("halted", 0, None), "the mark")
        # mov, then mov and loop ROUNDS times, then hlt: its own block has begun.
        check_equal(halted["counts"]["loop"], [[2 + 2 * ROUNDS, 4 * ROUNDS], [0, 0]], "counts by vCPU")
        check_equal(halted["counts"]["elsewhere"], [[0, 0], [0, 0]], "code outside")
        check_equal(end["mark"], "exit", "the last mark")
        check_equal(insns.between(halted, end), {"loop": (0, 0), "elsewhere": (0, 0)}, "halted time")
    with tempfile.TemporaryDirectory(prefix="insns-") as folder, \
            results.case("options that make no sense are refused"):
        for bad in ("range=a:2-1", "range=a:1", "range=:1-2", "mark=a:1-2", "mark=a:", "speed=1", "range=a b:1-2"):
            process = machine(folder, f"{PLUGIN},out={folder}/marks,{bad}")
            try:
                said = process.communicate(timeout=30)[1]
            finally:
                process.kill()
            check(process.returncode and "insns: option refused" in said, f"{bad}: {process.returncode} {said}")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
