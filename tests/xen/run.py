#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make run: the main job, on real Xen, seen from outside.

A driver domain owns the GPU and has started its firmware. Two guests, one bare PV and one Linux PVH, with
slices of different size, each have the GPU fill video memory with a pattern of their own: they write push
buffers in their own memory and ring; the driver domain is not in the way of a byte. They have it brought
back only after the other has filled its, and compare. Then the GPU model hashes each slice's memory
itself. All must agree.

    run.py [--fault]    --fault: the model spoils one byte of a copy; must fail
"""

import argparse
import os
import secrets
import sys
import time

import archives
import system
from system import System, fields

MIB = 1 << 20
FILL = 192 * MIB
VERSION = "535.113.01"
GRANT_TABLE_OP = "20."  # hypercall number, and its sub-operations
# name, kind, slice
GUESTS = [("alpha", "PV bare", 224 * MIB), ("beta", "PVH Linux", 256 * MIB)]
HEAD = ("domain", "kind", "slice (VRAM)", "written by DMA", "verified", "model hash", "submissions",
        "events to gpudom", "per submission")


def start_guests(s, seed):
    """Both guests at once; returns when both have filled their memory."""
    s.create_worker("alpha", f"mode=hold via=gpu key=1 seed={seed} bytes={FILL}", f"{GUESTS[0][2] // MIB}M")
    s.say("alpha, a bare PV guest, is up")
    s.create_linux("beta", f"selftest={FILL} selftest_dma=1 selftest_seed={seed} selftest_key=2",
                   f"{GUESTS[1][2] // MIB}M")
    s.say("beta, a Linux PVH guest, is up")
    for name, _, _ in GUESTS:
        s.wait_node(name, "phase", ".*written", 150)
        s.say(f"{name} has filled {FILL // MIB} MiB")


def slice_of(s, name):
    """(base, size) of a guest's slice, as gpudom publishes it."""
    stats = s.wait(lambda: (found := s.slices().get((s.domid(name), 0), {})).get("vram") and found,
                   f"stats of {name}", 20)
    base, size = stats["vram"].split("+")
    return int(base, 0), int(size, 0)


def row(s, name, kind, size):
    """Judges one guest: (is all well, bytes moved, submissions, the table's cells)."""
    result = s.wait_node(name, "result", ".*(verified|FAILED|MISMATCH)", 150)
    said = fields(result)
    base, got_size = slice_of(s, name)
    model = s.model_hash(base, FILL)
    verified = "verified" in result and "FAILED" not in result and "MISMATCH" not in result
    same = said.get("sha256") == model
    print(f"  {name}: {result}\n  model: {name}: VRAM {base:#x}+{FILL:#x} sha256={model}", flush=True)
    moved, submissions, sends = (int(said.get(key, 0)) for key in ("dma", "submissions", "sends"))
    return verified and same and got_size == size, moved, submissions, (
        name, kind, f"{size // MIB} MiB", f"{moved // MIB} MiB", "yes" if verified else "NO",
        "equal" if same else "DIFFERS", submissions, sends, f"{sends / max(1, submissions):.2f}")


def show(rows):
    """Prints the table."""
    widths = [max(len(str(r[i])) for r in rows) for i in range(len(HEAD))]
    for r in rows:
        print("  " + "  ".join(str(c).ljust(w) for c, w in zip(r, widths)))


def counted(s):
    """What gpudom has counted so far: its hypercalls and its status, once a moment has passed."""
    time.sleep(1)  # it publishes twice a second
    return s.hypercalls(), s.gpudom_status()


def summary(s, before, after, moved, submissions):
    """What all that cost the driver domain, while the guests had their bytes brought back."""
    calls = {k: v - before[0].get(k, 0) for k, v in after[0].items()}
    grants = sum(v for k, v in calls.items() if k.startswith(GRANT_TABLE_OP))
    copied = int(after[1]["copied"]) - int(before[1]["copied"])
    print(f"  {moved / (1 << 30):.2f} GiB written by DMA in {submissions} submissions; while it was brought back, and the "
          f"Linux guest let go of its pages, gpudom made {grants} grant operations and copied {copied} bytes")
    print(f"  gpudom: {os.path.getsize(os.path.join(system.BUILD, 'gpudom')) // 1024} KiB image, chip "
          f"{after[1].get('chip')}, VRAM {int(after[1].get('vram-total', 0)) // MIB} MiB, "
          f"firmware files {VERSION}; no vendor instruction runs: the GPU is tests/model")


def play(s, seed, fault):
    """The whole job; whether all is well."""
    s.start_gpudom()
    start_guests(s, seed)
    if fault:
        s.qom_set("gpu0", "fault", "flip-copy=12345")
        s.say("planted: one bit of each line that is copied flipped")
    before = counted(s)
    for name, _, _ in GUESTS:
        s.tell(name, "read")
    judged = [row(s, *g) for g in GUESTS]
    after = counted(s)
    print()
    show([HEAD] + [cells for *_, cells in judged])
    moved, submissions = (sum(j[i] for j in judged) for i in (1, 2))
    summary(s, before, after, moved, submissions)
    return all(ok for ok, *_ in judged) and moved >= 1 << 30


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--fault", action="store_true", help="the model spoils copies; must fail")
    args = args.parse_args()
    seed = secrets.randbits(63)
    begin = time.monotonic()
    good = False
    print(f"run: real Xen under QEMU, GPU model as PCI device {system.GPU_BDF}, seed {seed:#x}", flush=True)
    archive = archives.find(VERSION)
    if not archive:
        print("run: FAILED: Debian's package firmware-nvidia-graphics is not to be had; build/peer/firmware has apt's log")
        return 1
    try:
        with System("run", firmware=archive, linux="selftest.sh", limit=500) as s:
            good = play(s, seed, args.fault)
            s.stop(poweroff=True)
    except system.BedError as e:
        print(f"run: {e}")
    print(f"run: took {time.monotonic() - begin:.0f} s; logs are in {os.path.join(system.BUILD, 'run', 'run')}")
    print("run: ok" if good else "run: FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
