#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Linux frontend's render node, seen by a program on libdrm in a PVH guest.

The node answers DRM's core and GETPARAM; a program that holds it open over the death of the driver domain
gets ENODEV and finds a new node after the re-plug; unbinding, unloading and loading the module work.
"""

import os
import sys

import system  # noqa: F401
from system import BUILD, System, fields
from results import Results, check, check_equal

VRAM = 64 << 20


def looks_right(line):
    """Fails the case unless a line of drmcheck describes our slice."""
    told = fields(line)
    check_equal(told.get("driver"), "xen-vgpu", f"driver in {line!r}")
    check_equal(told.get("node"), "render", "kind of node")
    check_equal(told.get("pci"), "10de:2235", "PCI id of the board")
    check_equal(int(told["vram"]), VRAM, "VRAM of the slice")


def main():
    results = Results("linux")
    files = {"/usr/bin/drmcheck": os.path.join(BUILD, "drmcheck")}
    with System("linux", linux="drm.sh", linux_files=files, limit=300) as s:
        s.start_gpudom()
        s.create_linux("lx", "", f"{VRAM >> 20}M")
        with results.case("the render node answers DRM's core and GETPARAM"):
            looks_right(s.wait_node("lx", "drm", "driver=|FAILED", 120))
        with results.case("a program that holds the node open is told of the loss"):
            s.wait_node("lx", "hold", "open", 60)
            s.ok("xl destroy gpudom", timeout=60)
            s.wait_node("lx", "hold", "lost|back", 60)
        with results.case("and finds a new node after the re-plug"):
            s.wait_node("lx", "hold", "back", 120)
            looks_right(s.wait_node("lx", "again", "driver=|FAILED", 60))
        with results.case("unbound, there is no node"):
            check("no render node" in s.wait_node("lx", "unbound", ".*", 60), s.node("lx", "unbound"))
        with results.case("unloading and loading the module brings it back"):
            looks_right(s.wait_node("lx", "reloaded", "driver=|FAILED", 60))
        with results.case("the guest's kernel has not complained"):
            check_equal(s.wait_node("lx", "oops", ".*", 30), "0", "lines with BUG, WARNING or Oops")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
