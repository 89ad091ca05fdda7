#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A burst of IOMMU faults costs the device its bus mastering; gpudom notices and all recovers.

The model makes 20 stray DMA reads in quick succession (its property stray-dma), as a GPU gone wild
would. Xen then clears PCI_COMMAND.MASTER and tells nobody. gpudom must report the GPU lost and tell its
guests; xvgpu daemon resets the function, starts gpudom anew and plugs the guests in again. An orderly reboot of gpudom ends the same way, without a reset.
"""

import json
import sys

import system  # noqa: F401
from system import GPU_BDF, System, fields
from results import Results, check

COMMAND_MASTER = 0x4
GUESTS = ("pv", "pv2")


def command(s):
    """PCI_COMMAND of the GPU, as dom0 reads it from the hardware."""
    data = s.get(f"/sys/bus/pci/devices/{GPU_BDF}/config")
    return int.from_bytes(data[4:6], "little")


def progress(s, name):
    """{"verified": bytes, "losses": connections lost} of a guest."""
    return {k: int(v) for k, v in fields(s.node(name, "progress")).items()}


def main():
    results = Results("recovery")
    with System("recovery", limit=500) as s:
        s.start_gpudom()
        for key, name in enumerate(GUESTS, 1):
            s.create_worker(name, f"mode=loop key={key} bytes=8M", "64M")
            s.wait_node(name, "progress", "verified")
        resets = json.loads(s.qom_get("gpu0", "stats"))["flrs"]
        first = s.domid("gpudom")
        with results.case("bus mastering is on while gpudom serves"):
            check(command(s) & COMMAND_MASTER, f"command {command(s):#x}")
        with results.case("20 quick faults: Xen clears PCI_COMMAND.MASTER"):
            at = len(s.xen_log())
            # Xen counts those that come within 10 ms of the last: on a busy machine one burst may be spread wider.
            def burst():
                s.qom_set("gpu0", "stray-dma", "0x100000,20")
                return not command(s) & COMMAND_MASTER
            s.wait(burst, "MASTER to be cleared", 20)
            s.wait_xen(r"DMAR:\[DMA Read\] Request device \[0000:00:02\.0\]", after=at)
        with results.case("gpudom reports the GPU lost"):
            s.wait_guest("gpudom", "[Ll]ost", 20)
        for name in GUESTS:
            with results.case(f"{name} is told"):
                s.wait(lambda: progress(s, name)["losses"] >= 1, f"the loss at {name}", 90)
        with results.case("the daemon resets the function and starts gpudom anew"):
            s.wait(lambda: s.domid("gpudom") not in (None, first) and s.gpudom_running(),
                   "a new gpudom", 90)
            check(command(s) & COMMAND_MASTER, f"command {command(s):#x}")
        for name in GUESTS:
            with results.case(f"traffic of {name} resumes and verifies"):
                start = progress(s, name)["verified"]
                s.wait(lambda: progress(s, name)["verified"] > start + (4 << 20), "traffic to resume", 120)
        with results.case("the function was reset"):
            now = json.loads(s.qom_get("gpu0", "stats"))["flrs"]
            check(now > resets, f"{resets} resets before, {now} after")
        second = s.domid("gpudom")
        with results.case("xl reboot: gpudom says goodbye and comes back"):
            s.ok("xl reboot gpudom")
            s.wait_guest("gpudom", "control/shutdown: reboot", 20)
            s.wait(lambda: s.domid("gpudom") not in (None, second) and s.gpudom_running(),
                   "the next gpudom", 90)
        for name in GUESTS:
            with results.case(f"{name} goes on after that reboot"):
                start = progress(s, name)["verified"]
                s.wait(lambda: progress(s, name)["verified"] > start + (4 << 20), "traffic to resume", 120)
                s.tell(name, "stop")
                s.wait_node(name, "result", "verified")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
