#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-submit: what one submission costs a guest and the driver domain, in batches of 1, 8 and 64 copies.

Instructions are counted by valgrind, as the difference of a long and a short run, by the source file they come from: the
guest's front and its push buffers; gpudom's gpu/ and hv/common; the machine around them (hv/hosted, the model, libc) is left out.
"""

import os
import re
import subprocess

from bench_fwq import OUT

EXE = os.path.join(OUT, "bench", "bench_submit")
BATCHES = (1, 8, 64)
ROUNDS = 100
GUEST = re.compile(r"guest-frontend/|tests/xen/(dma|mover)|nv/push\.h")
DOMAIN = re.compile(r"(^|/)(gpu/|iommu/|hv/xenbus|hv/common/)")


def count(side, batch, batches):
    """(instructions of the guest, of the driver domain, the numbers that the program prints)."""
    path = os.path.join(OUT, "bench", "callgrind.out")
    p = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}", EXE, side, str(batch), str(batches)],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    table = subprocess.run(["callgrind_annotate", "--threshold=100", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    os.unlink(path)
    guest = domain = 0
    for line in table.splitlines():
        m = re.match(r"\s*([\d,]+) \([^)]*\)\s+(\S+?):(\S+)", line)
        if not m:
            continue
        n = int(m[1].replace(",", ""))
        if side == "ours":
            guest += n if GUEST.search(m[2]) else 0
            domain += n if DOMAIN.search(m[2]) and not GUEST.search(m[2]) else 0
        else:
            guest += n if m[3].startswith(("guest_", "stores")) else 0
            domain += n if m[3].startswith("domain_") else 0
    return (guest, domain, *(int(x) for x in p.stdout.splitlines()[-1].split()))


def main():
    print("per copy: instructions of guest and driver domain, events (guest to domain, back or doorbells), bytes the guest stores")
    for side in ("ours", "ring", "stores"):
        for batch in BATCHES:
            short, long = (count(side, batch, n) for n in (10, 10 + ROUNDS))
            per = [(b - a) / ROUNDS / batch for a, b in zip(short, long)]
            print(f"{side:>7} batch {batch:>2} | {per[0]:8.1f} | {per[1]:8.1f} | {per[2]:6.3f} {per[3]:6.3f} | {per[4]:8.1f}", flush=True)


if __name__ == "__main__":
    main()
