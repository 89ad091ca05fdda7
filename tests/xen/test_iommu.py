#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The GPU's DMA passes a real IOMMU (QEMU's VT-d, programmed by Xen), and reaches only what it may.

The image tests/xen/images/iommu.c owns the GPU as a driver domain and aims the falcon's DMA unit at
memory: its own page (works), a page that another guest has offered but that is not mapped (blocked, and
Xen logs the fault), the same page once mapped (works), and after unmapping (blocked again).
"""

import re
import sys

import system
from system import GPU_BDF, LIB, System
from results import Results, check, check_equal

FAULT = r"\[VT-D\]DMAR:\[DMA Read\] Request device \[0000:00:02\.0\] fault addr"


def main():
    results = Results("iommu")
    with System("iommu", images=("iommu", "granter")) as s:
        s.ok(f"xl pci-assignable-add {GPU_BDF}")
        s.create("iommu", f'type="pv"\nkernel="{LIB}/images/iommu"\nmemory=32\npci=["{GPU_BDF}"]\n'
                 "max_grant_version=1", "xl create")
        s.wait_node("iommu", "ready", timeout=60)
        s.create_worker("granter", f"to={s.domid('iommu')}", image="granter")
        ref, addr = s.wait_node("granter", "grant").split()
        s.ok(f"xenstore-write /local/domain/{s.domid('iommu')}/data/grant "
             f"'{s.domid('granter')} {ref} {addr}'")
        at = len(s.xen_log())
        s.tell("iommu", "start")
        with results.case("the test ran to its end"):
            check_equal(s.wait_node("iommu", "done", timeout=60), "ok", "data/done")
        for case in ("own-page", "offered-not-mapped", "mapped", "unmapped-again"):
            with results.case(case):
                check_equal(s.node("iommu", f"case-{case}"), "ok", f"data/case-{case}")
        with results.case("a mapped grant is at the granter's machine address"):
            check_equal(s.node("iommu", "same-address"), "ok", "data/same-address")
        with results.case("Xen logged both blocked reads, at that address"):
            faults = re.findall(FAULT + r" (\w+)", s.xen_log()[at:])
            pages = [int(f, 16) >> 12 for f in faults]
            check(pages.count(int(addr, 16) >> 12) >= 2, f"faults logged: {faults}, page {addr}")
        with results.case("an unmapped offer can be withdrawn"):
            s.tell("granter", "end")
            check_equal(s.wait_node("granter", "ended"), "0", "data/ended")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
