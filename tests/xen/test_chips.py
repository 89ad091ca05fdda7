#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gpudom boots an Ada and a Turing board on real Xen, with Debian's real firmware for them.

The same gpudom ELF as for every other board. On Ada the falcons have a boot ROM as on Ampere; on Turing
they have not, and FWSEC comes through its loader, whose DMA goes through Xen's IOMMU like all else. No
vendor instruction runs: FWSEC, booters and GSP-RM are stand-ins of the model.
"""

import os
import subprocess
import sys

import test_firmware
from system import BUILD, GPU_BDF, LIB, System
from results import Results, Skip, check_equal

BOARDS = {"ad102": "AD102", "tu102": "TU102"}
VERSION = "535.113.01"
PACKAGE = ("trixie", "firmware-nvidia-graphics")
ARCHIVE = "/var/lib/xvgpu/board.fw"


def archive(family):
    """An archive of the package's files for that family, or None when the mirror has none."""
    tree = test_firmware.firmware.fetch(*PACKAGE)
    if not tree:
        return None
    out = os.path.join(BUILD, "run", f"{family}-{VERSION}.fw")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    subprocess.run([os.path.join(BUILD, "xvgpu"), "firmware", "pack", os.path.join(tree, family, "gsp"),
                    "--version", VERSION, "-o", out], check=True, stdout=subprocess.DEVNULL)
    return out


def boot(s, chip):
    """Up, and down in good order."""
    s.ok(f"xvgpu init {GPU_BDF} --kernel {LIB}/gpudom --ramdisk {ARCHIVE}")
    s.ok("xl create /etc/xvgpu/gpudom.cfg", timeout=60)
    s.wait_guest("gpudom", rf"gpudom: firmware {VERSION} runs", 120)
    s.wait(s.gpudom_running, "gpudom to serve", 60)
    check_equal(s.gpudom_status().get("chip"), chip, "chip in gpudom's status")
    s.ok("xl shutdown -w gpudom", timeout=60)
    s.wait_guest("gpudom", r"gpudom: firmware unloaded", 10)
    s.wait(lambda: not s.domid("gpudom"), "gpudom to be gone", 30)
    s.ok("rm /etc/xvgpu/gpudom.cfg")


def main():
    results = Results("chips")
    for family, chip in BOARDS.items():
        with results.case(f"starts-and-unloads-{family}"):
            path = archive(family)
            if not path:
                raise Skip("the mirror has no firmware package")
            with System(f"chips-{family}", gpu=f"chip={family}", images=(),
                        overlay={ARCHIVE: path}) as s:
                boot(s, chip)
                boot(s, chip)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
