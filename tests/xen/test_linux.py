#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Linux frontend's render node, seen by a program on libdrm in a PVH guest.

The node answers DRM's core and GETPARAM; a program that holds it open over the death of the driver domain
gets ENODEV and finds a new node after the re-plug; unbinding, unloading and loading the module work.

The guest has the GPU's doorbell page and rings all the time, also when the page is taken from it: it lives
on, nobody has the page while the GPU changes hands, and with the next driver domain the guest rings again.
"""

import os
import re
import sys

import archives
import system
from system import BUILD, System, fields
from results import Results, Skip, check, check_equal

VRAM = 64 << 20
VERSION = "535.113.01"
PAGE = 0xbb0000  # in BAR 0
FRAME = 0xfe800  # of the guest


def looks_right(line):
    """Fails the case unless a line of drmcheck describes our slice."""
    told = fields(line)
    check_equal(told.get("driver"), "xen-vgpu", f"driver in {line!r}")
    check_equal(told.get("node"), "render", "kind of node")
    check_equal(told.get("pci"), "10de:2235", "PCI id of the board")
    check_equal(int(told["vram"]), VRAM, "VRAM of the slice")


def doorbell_frame(s):
    """The machine frame of the doorbell page, in hexadecimal."""
    bar = s.ok(f"head -n 1 /sys/bus/pci/devices/{system.GPU_BDF}/resource").split()[0]
    return f"{int(bar, 0) + PAGE >> 12:x}"


# Gpudom tells its own state twice a second, so the word is put into its mouth until it has been heard.
STOPS = """n=/local/domain/%d/data/xvgpu; was=$(xenstore-read $n)
while xenstore-exists /libxl/%d/device/vgpu/0/doorbell-page; do
    xenstore-write $n state=stopping; sleep 0.1
done; xenstore-write $n "$was\""""


def gone_beneath(s):
    """The daemon hears that gpudom stops, which it does not: the guest keeps its slice, but not the page."""
    s.wait_guest("lx", r"selftest: .*written", 60)
    check_equal(s.device_frames("lx"), doorbell_frame(s), "frames of devices that the guest has")
    s.ok(STOPS % (s.domid("gpudom"), s.domid("lx")), timeout=60)
    check_equal(s.device_frames("lx"), "", "frames of devices that the guest has")
    s.wait_guest("lx", "selftest: the doorbell page has gone", 20)


def maps(s, begin):
    """["add", "remove", ...]: what Xen was told to do with the page in the guest's map since then."""
    return re.findall(rf"memory_map:(\w+): d{s.domid('lx')} gfn={FRAME:x} mfn={doorbell_frame(s)} nr=1",
                      s.xen_log()[begin:])


def main():
    results = Results("linux")
    files = {"/usr/bin/drmcheck": os.path.join(BUILD, "drmcheck")}
    archive = archives.find(VERSION)
    with System("linux", firmware=archive, linux="drm.sh", linux_files=files, limit=400) as s:
        s.start_gpudom()
        begin = len(s.xen_log())
        s.trust_doorbell()
        s.create_linux("lx", "selftest=1M selftest_dma=1 selftest_forge=1" if archive else "", f"{VRAM >> 20}M",
                       direct=True)
        with results.case("the render node answers DRM's core and GETPARAM"):
            looks_right(s.wait_node("lx", "drm", "driver=|FAILED", 120))
        with results.case("the doorbell page can go beneath a guest that rings"):
            if not archive:
                raise Skip("the mirror has no firmware package")
            gone_beneath(s)
        with results.case("a program that holds the node open is told of the loss"):
            s.wait_node("lx", "hold", "open", 60)
            s.ok("xl destroy gpudom", timeout=60)
            s.wait_node("lx", "hold", "lost|back", 60)
        with results.case("and finds a new node after the re-plug"):
            s.wait_node("lx", "hold", "back", 120)
            looks_right(s.wait_node("lx", "again", "driver=|FAILED", 60))
        with results.case("with the new driver domain it has the page again, and rings"):
            check_equal(s.device_frames("lx"), doorbell_frame(s), "frames of devices that the guest has")
            check_equal(maps(s, begin), ["add", "remove", "add"], "changes of its map")
            if archive:
                ring = s.wait_node("lx", "ring", ".*(verified|FAILED|MISMATCH)", 60)
                check("verified" in ring and fields(ring)["rung"] == fields(ring)["submissions"], ring)
        with results.case("unbound, there is no node"):
            check("no render node" in s.wait_node("lx", "unbound", ".*", 60), s.node("lx", "unbound"))
        with results.case("unloading and loading the module brings it back"):
            looks_right(s.wait_node("lx", "reloaded", "driver=|FAILED", 60))
        with results.case("the guest's kernel has not complained"):
            check_equal(s.wait_node("lx", "oops", ".*", 30), "0", "lines with BUG, WARNING or Oops")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
