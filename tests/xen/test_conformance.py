#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""hv.h's conformance suite on real Xen: the same source that runs hosted under cmocka.

The image owns the GPU model by PCI passthrough, so that the PCI, MMIO and interrupt cases apply.
"""

import re
import sys

import system  # noqa: F401
from system import GPU_BDF, LIB, System
from results import Results, Skip, check


def main():
    results = Results("conformance")
    with System("conformance", images=("conformance",)) as s:
        s.ok(f"xl pci-assignable-add {GPU_BDF}")
        # The module that the suite expects.
        s.ok("seq 1 3000 >/tmp/module")
        s.create("ct", f'type="pv"\nkernel="{LIB}/images/conformance"\nmemory=32\npci=["{GPU_BDF}"]\n'
                 'ramdisk="/tmp/module"\n'
                 'max_grant_version=1\non_poweroff="preserve"', "xl create")
        s.wait_guest("ct", r"ct: \d+ passed, \d+ failed", 120)
        for outcome, name, why in re.findall(r"ct: (ok|FAILED|n/a) ([\w-]+)(.*)", s.guest_log("ct")):
            with results.case(name):
                if outcome == "n/a":
                    raise Skip(why.strip(": "))
                check(outcome == "ok", why.strip(": "))
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
