#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A step of letting go of a guest never ends, on real Xen: nothing is given back that the GPU still reaches.

A guest is destroyed while the GPU copies for it without an end, and one step of its release is made to time out: the
firmware takes no call any more, or answers one call never, or the MMU does not get done. gpudom must take
bus mastering away before a page goes back, and report the GPU lost; then the daemon starts it anew, and the
neighbour's work verifies.

How one sees the order: the GPU goes on copying all the time, for a second guest at least. A page that went back
earlier would be in Xen's log, which names each DMA that its IOMMU refuses; a DMA that finds mastering off, and
ends the channel with that, is counted by the model. The daemon is away until all that has been looked at.

The first step is tried here, all with RELEASE=all (`make release`).
"""

import json
import os
import sys

import system  # noqa: F401
import archives
from test_isolation import cases
from system import GPU_BDF, System, fields
from results import Results, check, check_equal

VERSION = "535.113.01"
MASTER = 0x4
# Name, planted fault, what gpudom says why. Numbers: classes and controls of NVIDIA's headers, for GA102.
STEPS = (
    ("no call is taken", "gsp-deaf=1", "a channel does not end"),
    ("the MMU's invalidation", "tlb-stuck=1", "its MMU does not get done with an invalidation"),
    ("the stop of its channel", "control-silent=0x2080110b", "a channel does not end"),
    ("the free of its engine", "free-silent=0xc7b5", "a channel does not end"),
    ("the free of its channel", "free-silent=0xc56f", "a channel does not end"),
    ("the free of its group", "free-silent=0xa06c", "a channel does not end"),
    ("unset page directory", "gsp-silent=79", "its firmware did not end an address space"),
    ("the free of its RM client", "free-silent=0", "its firmware did not end what a tenant had"),
)
IN_CHECK = 1


def command(s):
    """PCI_COMMAND of the GPU, as dom0 reads it from the hardware."""
    return int.from_bytes(s.get(f"/sys/bus/pci/devices/{GPU_BDF}/config")[4:6], "little")


def stats(s):
    return json.loads(s.qom_get("gpu0", "stats"))


def progress(s):
    """{"verified": bytes, "losses": connections lost} of the honest neighbour."""
    return {k: int(v) for k, v in fields(s.node("stays", "progress")).items()}


def endless(s, names):
    """Guests for which the GPU copies without an end."""
    first = [name for name, _ in cases()].index("endless_copy")
    for name in names:
        s.create_worker(name, f"first={first} every=100", "32M", image="attacker")
    for name in names:
        s.wait_node(name, "phase", "connected", 120)
        s.tell(name, "start")
    for name in names:
        s.wait_node(name, "busy", "endless_copy", 120)


def dies(s, fault):
    """Under the fault; the place on gpudom's console before it."""
    at = len(s.guest_log("gpudom"))
    s.qom_set("gpu0", "fault", f"none {fault}")
    s.ok("xl destroy dies")
    return at


def recovers(s, results, step, old, before):
    with results.case(f"{step}: gpudom is started anew"):
        s.qom_set("gpu0", "fault", "none")
        s.ok("xl destroy busy")
        s.start_daemon()
        s.wait(lambda: s.domid("gpudom") not in (None, old) and s.gpudom_running(), "a new gpudom", 120)
        check(command(s) & MASTER, f"command {command(s):#x}")
    with results.case(f"{step}: the neighbour's work goes on and verifies"):
        s.wait(lambda: progress(s)["losses"] == before["losses"] + 1, "the neighbour to have noticed", 120)
        start = progress(s)["verified"]
        s.wait(lambda: progress(s)["verified"] > start + (8 << 20), "it to go on", 120)


def times_out(s, results, step, fault, why):
    endless(s, ("busy", "dies"))
    begin, old, before, errors = len(s.xen_log()), s.domid("gpudom"), progress(s), stats(s)["dma_errors"]
    s.ok("kill $(pidof xvgpu)")
    with results.case(f"{step}: the GPU is reported lost"):
        at = dies(s, fault)
        s.wait_guest("gpudom", rf"gpu \S+: lost: {why}", 60, at)
        s.wait(lambda: s.gpudom_status().get("state") == "lost", "the status node to say so", 30)
    with results.case(f"{step}: bus mastering is off, and the GPU still copies, in vain"):
        check(not command(s) & MASTER, f"command {command(s):#x}")
        s.wait(lambda: stats(s)["dma_errors"] > errors, "DMA without mastering", 30)
    with results.case(f"{step}: then all pages went back"):
        s.wait(lambda: "(null)" not in s.ok("xl list"), "Xen to have the last page of the dead guest", 30)
        check_equal(s.iommu_faults(begin), [], "lines about the IOMMU")
    recovers(s, results, step, old, before)


def main():
    results = Results("release")
    archive = archives.find_or_skip(results, VERSION, "release")
    if not archive:
        return results.finish()
    steps = STEPS if os.environ.get("RELEASE") == "all" else STEPS[:IN_CHECK]
    with System("release", firmware=archive, images=("worker", "attacker"), limit=150 + 200 * len(steps)) as s:
        s.start_gpudom()
        s.create_worker("stays", "mode=loop via=gpu key=1 bytes=4M", "32M")
        s.wait_node("stays", "progress", "verified", 120)
        for step in steps:
            times_out(s, results, *step)
        with results.case("the neighbour's data was right"):
            s.tell("stays", "stop")
            s.wait_node("stays", "result", "verified", 60)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
