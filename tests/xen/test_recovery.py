#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A burst of IOMMU faults costs the device its bus mastering; gpudom notices and all recovers.

The model makes 20 stray DMA reads in quick succession (its property stray-dma), as a GPU gone wild
would. Xen then clears PCI_COMMAND.MASTER and tells nobody. gpudom must report the GPU lost and tell its
guests; xvgpu daemon resets the function, starts gpudom anew and plugs the guests in again.
"""

import sys

import system  # noqa: F401
from system import GPU_BDF, System, fields
from results import Results, check

COMMAND_MASTER = 0x4


def command(s):
    """PCI_COMMAND of the GPU, as dom0 reads it from the hardware."""
    data = s.get(f"/sys/bus/pci/devices/{GPU_BDF}/config")
    return int.from_bytes(data[4:6], "little")


def main():
    results = Results("recovery")
    with System("recovery", linux=True, limit=500) as s:
        s.start_gpudom()
        s.create_worker("pv", "mode=loop key=1 bytes=8M", "64M")
        s.wait_node("pv", "progress", "verified")
        first = s.domid("gpudom")
        with results.case("bus mastering is on while gpudom serves"):
            check(command(s) & COMMAND_MASTER, f"command {command(s):#x}")
        with results.case("20 quick faults: Xen clears PCI_COMMAND.MASTER"):
            at = len(s.xen_log())
            s.qom_set("gpu0", "stray-dma", "0x100000,20")
            s.wait(lambda: not command(s) & COMMAND_MASTER, "MASTER to be cleared", 20, interval=0.05)
            s.wait_xen(r"DMAR:\[DMA Read\] Request device \[0000:00:02\.0\]", after=at)
        with results.case("gpudom reports the GPU lost"):
            s.wait_guest("gpudom", "[Ll]ost", 20)
        with results.case("the guest is told"):
            s.wait(lambda: int(fields(s.node("pv", "progress"))["losses"]) >= 1, "the guest's loss", 90)
        with results.case("the daemon resets the function and starts gpudom anew"):
            s.wait(lambda: s.domid("gpudom") not in (None, first) and s.gpudom_running(),
                   "a new gpudom", 90)
            check(command(s) & COMMAND_MASTER, f"command {command(s):#x}")
        with results.case("traffic resumes and verifies"):
            start = int(fields(s.node("pv", "progress"))["verified"])
            s.wait(lambda: int(fields(s.node("pv", "progress"))["verified"]) > start + (4 << 20),
                   "traffic to resume", 120)
            s.tell("pv", "stop")
            s.wait_node("pv", "result", "verified")
        with results.case("the function was reset"):
            check('"flrs"' in s.qom_get("gpu0", "stats"), "no reset count")
            print(f"recovery: model: {s.qom_get('gpu0', 'stats')}")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
