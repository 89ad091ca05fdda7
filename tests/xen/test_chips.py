#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gpudom boots an Ada and a Turing board on real Xen, with Debian's real firmware for them.

The same gpudom ELF as for every other board. On Ada the falcons have a boot ROM as on Ampere; on Turing
they have not, and FWSEC comes through its loader, whose DMA goes through Xen's IOMMU like all else. No
vendor instruction runs: FWSEC, booters and GSP-RM are stand-ins of the model.
"""

import sys

from system import System
import archives
from results import Results, Skip, check_equal

BOARDS = {"ad102": "AD102", "tu102": "TU102"}
VERSION = "535.113.01"


def boot(s, chip):
    """Up, and down in good order."""
    s.start_gpudom(daemon=False)
    s.wait_guest("gpudom", rf"gpudom: firmware {VERSION} runs", 10)
    check_equal(s.gpudom_status().get("chip"), chip, "chip in gpudom's status")
    s.ok("xl shutdown -w gpudom", timeout=60)
    s.wait_guest("gpudom", r"gpudom: firmware unloaded", 10)
    s.wait(lambda: not s.domid("gpudom"), "gpudom to be gone", 30)
    s.ok("rm /etc/xvgpu/gpudom.cfg")


def main():
    results = Results("chips")
    for family, chip in BOARDS.items():
        with results.case(f"starts-and-unloads-{family}"):
            path = archives.find(VERSION, family)
            if not path:
                raise Skip("the mirror has no firmware package")
            with System(f"chips-{family}", gpu=f"chip={family}", images=(),
                        firmware=path) as s:
                boot(s, chip)
                boot(s, chip)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
