#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gpudom boots Debian's real GSP firmware on real Xen, against the GPU model.

One gpudom ELF for every version. The image that the model receives by DMA through radix3 must have the
digest of the vendor's, or the model refuses it; gpudom unloads it when it is told to go. No vendor
instruction runs: FWSEC, booters and GSP-RM are stand-ins of the model.
"""

import hashlib
import os
import re
import sys

import test_firmware
from system import BUILD, GPU_BDF, LIB, System
from results import Results, Skip

WHERE = "/var/lib/xvgpu"


def boot(s, version, path):
    """Up, with the firmware's word about the board; then down in good order."""
    s.ok(f"xvgpu init {GPU_BDF} --kernel {LIB}/gpudom --ramdisk {path}")
    s.ok("xl create /etc/xvgpu/gpudom.cfg", timeout=60)
    m = s.wait_guest("gpudom", rf"gpudom: firmware {re.escape(version)} runs: (.+)", 120)
    s.wait_guest("gpudom", r"gpudom: VRAM 0 to (0x\w+)", 10)
    s.wait(s.gpudom_running, "gpudom to serve", 60)
    s.say(f"firmware {version} runs on {m[1]}")
    s.ok("xl shutdown -w gpudom", timeout=60)
    s.wait_guest("gpudom", r"gpudom: firmware unloaded", 10)
    s.wait(lambda: not s.domid("gpudom"), "gpudom to be gone", 30)
    s.ok("rm /etc/xvgpu/gpudom.cfg")


def main():
    results = Results("boot")
    found = test_firmware.archives()
    with open(os.path.join(BUILD, "gpudom"), "rb") as f:
        elf = hashlib.sha256(f.read()).hexdigest()
    with System("boot", images=(), overlay={f"{WHERE}/{version}.fw": path
                                            for version, path, _ in found}) as s:
        s.say(f"gpudom sha256 {elf}")
        for version, _, _ in found:
            with results.case(f"starts-and-unloads-{version}"):
                boot(s, version, f"{WHERE}/{version}.fw")
        with results.case("something-was-there"):
            if not found:
                raise Skip("the mirror has no firmware package")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
