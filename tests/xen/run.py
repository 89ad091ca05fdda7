#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make run: the main job, on real Xen, seen from outside.

A driver domain owns the GPU. Two guests, one bare PV and one Linux PVH, with slices of different
size, each fill 64 MiB of video memory with a pattern of their own, and read it back only after the
other has filled its. Then the GPU model hashes each slice's memory itself. All must agree.

    run.py [--fault]    --fault: flip one bit of the first guest's VRAM in the model; must fail
"""

import argparse
import os
import secrets
import sys
import time

import system
from system import System, fields

MIB = 1 << 20
FILL = 64 * MIB
# name, kind, slice
GUESTS = [("alpha", "PV bare", 96 * MIB), ("beta", "PVH Linux", 160 * MIB)]
HEAD = ("domain", "kind", "slice (VRAM)", "moved", "verified", "model hash", "requests", "hypercalls/req",
        "events/req to back", "to front")


def start_guests(s, seed):
    """Both guests at once; returns when both have filled their memory."""
    s.create_worker("alpha", f"mode=hold key=1 seed={seed} bytes={FILL}", f"{GUESTS[0][2] // MIB}M")
    s.say("alpha, a bare PV guest, is up")
    s.create_linux("beta", f"selftest={FILL} selftest_seed={seed} selftest_key=2",
                   f"{GUESTS[1][2] // MIB}M")
    s.say("beta, a Linux PVH guest, is up")
    for name, _, _ in GUESTS:
        s.wait_node(name, "phase", ".*written", 150)
        s.say(f"{name} has filled {FILL // MIB} MiB")


def slice_of(s, name):
    """(base, size, all stats) of a guest's slice, as gpudom publishes it."""
    stats = s.wait(lambda: (found := s.slices().get((s.domid(name), 0), {})).get("vram") and found,
                   f"stats of {name}", 20)
    base, size = stats["vram"].split("+")
    return int(base, 0), int(size, 0), stats


def row(s, name, kind, size):
    """Judges one guest: the table's cells and whether all is well."""
    result = s.wait_node(name, "result", ".*(verified|FAILED|MISMATCH)", 150)
    said = fields(result)
    base, got_size, stats = slice_of(s, name)
    model = s.model_hash(base, FILL)
    verified = "verified" in result and "FAILED" not in result and "MISMATCH" not in result
    same = said.get("sha256") == model
    print(f"  {name}: {result}\n  model: {name}: VRAM {base:#x}+{FILL:#x} sha256={model}", flush=True)
    requests = int(said.get("requests", 0)) or 1
    hypercalls = f"{int(said['hypercalls']) / requests:.2f}" if "hypercalls" in said else "-"
    return verified and same and got_size == size, (
        name, kind, f"{size // MIB} MiB", f"{2 * FILL // MIB} MiB", "yes" if verified else "NO",
        "equal" if same else "DIFFERS", said.get("requests", "?"), hypercalls,
        f"{int(said.get('sends', 0)) / requests:.2f}",
        f"{int(stats['events-sent']) / max(1, int(stats['requests'])):.2f}")


def show(rows):
    """Prints the table."""
    widths = [max(len(str(r[i])) for r in rows) for i in range(len(HEAD))]
    for r in rows:
        print("  " + "  ".join(str(c).ljust(w) for c, w in zip(r, widths)))


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--fault", action="store_true", help="flip one bit in the model's VRAM; must fail")
    args = args.parse_args()
    seed = secrets.randbits(63)
    begin = time.monotonic()
    good = False
    print(f"run: real Xen under QEMU, GPU model as PCI device {system.GPU_BDF}, seed {seed:#x}")
    print("run: no vendor firmware runs; the GPU is tests/model")
    try:
        with System("run", linux="selftest.sh", limit=400) as s:
            s.start_gpudom()
            start_guests(s, seed)
            if args.fault:
                base, _, _ = slice_of(s, "alpha")
                s.qom_set("gpu0", "fault", f"flip-vram-read={base + 12345678}")
                s.say("planted: one bit of alpha's VRAM reads flipped")
            before = sum(s.hypercalls().values())
            for name, _, _ in GUESTS:
                s.tell(name, "read")
            judged = [row(s, *g) for g in GUESTS]
            time.sleep(1)  # gpudom publishes its counts twice a second
            reads = 2 * FILL // 65536
            after = sum(s.hypercalls().values())
            print()
            show([HEAD] + [cells for _, cells in judged])
            status = s.gpudom_status()
            print(f"  gpudom: {os.path.getsize(os.path.join(system.BUILD, 'gpudom')) // 1024} KiB image, "
                  f"memory=32, chip {status.get('chip')}, VRAM {int(status.get('vram-total', 0)) // MIB} MiB, "
                  f"{(after - before) / reads:.2f} hypercalls per 64 KiB read")
            good = all(ok for ok, _ in judged)
            s.stop(poweroff=True)
    except system.BedError as e:
        print(f"run: {e}")
    print(f"run: took {time.monotonic() - begin:.0f} s; logs are in {os.path.join(system.BUILD, 'run', 'run')}")
    print("run: ok" if good else "run: FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
