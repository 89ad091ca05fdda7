#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Our queues against NVIDIA's own: its msgq.c and the sender and receiver that use it, in one process.

The vendor's source is fetched and compiled as it is; tests/peer/msgq/vendor.c puts it at the other end of
our pair of queues. Each end then produces for the other: see tests/peer/msgq/interop.c. Afterwards a fault
of each kind is planted in each direction, and has to be found.

A message of 16 elements takes as many bytes as a thousand small ones, so a million messages are 8 GiB.
"""

import os
import subprocess
import sys

from vendor import PEER, TOP, fetch

VERSION = "535.261.03"
MESSAGES = 600000  # in each direction, one thread
THREADED = 200000  # in each direction, a thread for each end
CALLS = 20000
SOURCES = ("src/nvidia/src/kernel/gpu/gsp/message_queue_cpu.c", "src/common/shared/msgq/msgq.c")
# What has to be said about a planted fault. "ring" is a byte changed after the record was sealed.
PLANTS = {"byte": "differs at byte 0", "swap": "has sequence 1001", "drop": "has sequence 1001",
          "ring:ours": "GspMsgQueueReceiveStatus refused message 1000", "ring:theirs": "1 bad, 1 gaps"}


def vendor_objects(tree, where, extra=(), theirs=SOURCES, ours="tests/peer/msgq/vendor.c"):
    """Compile the vendor's files, and ours that includes their headers, with `extra` flags; the objects' paths."""
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(TOP, "fwq/abigen/flags"), encoding="utf-8") as f:
        flags = f.read().replace("-Isrc", "-isystem src").split()
    made = []
    for source in (*theirs, os.path.join(TOP, ours)):
        made.append(os.path.join(where, os.path.basename(source)[:-2] + ".o"))
        warn = ["-w"] if source in theirs else ["-Wall", "-Wextra", "-Werror"]
        # The vendor reads the same memory as words of different sizes.
        subprocess.run(["gcc", "-O2", "-g", "-ffunction-sections", "-fno-strict-aliasing", *warn, *flags,
                        *extra, "-c", source, "-o", made[-1]], cwd=tree, check=True)
    return made


def build(tree):
    exe = os.path.join(PEER, "interop")
    # Sections that nothing needs go, and with them the vendor's calls into the rest of its driver.
    subprocess.run(["gcc", "-fsanitize=address,undefined", "-Wl,--gc-sections", "-o", exe,
                    *vendor_objects(tree, os.path.join(PEER, "msgq")), os.path.join(PEER, "msgq.a"),
                    "-lpthread"], check=True)
    return exe


def main():
    tree = fetch(VERSION)
    if tree is None:
        print("skip msgq: the mirror has no source of this version")
        return 0
    exe = build(tree)
    bad = 0

    def case(name, argv, code, words):
        nonlocal bad
        p = subprocess.run([exe, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=600, check=False)
        said = p.stdout.strip() or "(nothing)"
        good = p.returncode == code and words in said
        bad += not good
        why = said.splitlines()[-1] if good else f"exit code {p.returncode}: {said}"
        print(f"{'ok' if good else 'FAILED'} {name}: {why}", flush=True)

    case("refusals", ["refusals"], 0, "all refused by us")
    case("storm", ["storm", str(MESSAGES)], 0, "messages")
    case("threads", ["threads", str(THREADED)], 0, "messages")
    case("calls", ["calls", str(CALLS)], 0, "calls")
    for kind in ("byte", "ring", "swap", "drop"):
        for who in ("ours", "theirs"):
            case(f"planted-{kind}-{who}", ["plant", f"{kind}:{who}"], 1,
                 PLANTS.get(f"{kind}:{who}") or PLANTS[kind])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
