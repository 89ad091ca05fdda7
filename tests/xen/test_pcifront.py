#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PCI passthrough and shutdown requests, against parts nobody here wrote.

The image tests/xen/images/pcifront.c owns QEMU's edu and e1000e through a stock pciback and checks
configuration space, BARs, MSI and MSI-X. It then stays, and xl asks it to be saved (refused, the domain
lives on), to reboot (a new domain with the same devices passes the same cases) and to power off.
"""

import re
import sys

import system
from results import Results, check, check_equal
from system import LIB, Bed

DEVICES = ("edu,addr=2", "e1000e,addr=3,romfile=")
BDFS = ("0000:00:02.0", "0000:00:03.0")
CASES = ("edu-config", "edu-decoding", "edu-bars", "edu-registers", "edu-msi", "edu-reopen",
         "e1000e-config", "e1000e-bars", "e1000e-msix")
DONE = r"pf: \d+ passed, \d+ failed"


def outcomes(bed, run):
    """{case: line} of the run'th domain on the console (they share it)."""
    text = re.split(DONE, bed.guest_log("pf"))[run]
    return {m[1]: m[0] for m in re.finditer(r"pf: (?:ok|FAILED) ([\w-]+).*", text)}


def cases(bed, results, run, prefix=""):
    """One result for each case of the image."""
    found = outcomes(bed, run)
    for name in CASES:
        with results.case(prefix + name):
            check_equal(found.get(name), f"pf: ok {name}", "the image's line")


def main():
    results = Results("pcifront")
    image = {f"{LIB}/images/pcifront": f"{system.BUILD}/images/pcifront",
             "/etc/xen/pf.cfg": f'name="pf"\ntype="pv"\nkernel="{LIB}/images/pcifront"\nmemory=32\n'
                                f'vcpus=1\nmax_grant_version=1\npci={list(BDFS)}\n'}
    with Bed("pcifront", overlay=image, devices=DEVICES) as bed:
        for bdf in BDFS:
            bed.ok(f"xl pci-assignable-add {bdf}")
        bed.ok("xl create /etc/xen/pf.cfg", timeout=60)
        bed.wait_guest("pf", DONE, 60)
        cases(bed, results, 0)
        first = bed.ok("xl domid pf").strip()
        control = f"/local/domain/{first}/control/shutdown"
        with results.case("a suspend request is not acknowledged and does no harm"):
            bed.ok(f"xenstore-write {control} suspend")
            bed.wait_guest("pf", "suspend refused", 10)
            check_equal(bed.ok(f"xenstore-read {control}").strip(), "suspend", "control/shutdown")
        with results.case("xl save fails and leaves the domain running"):
            rc, _ = bed.sh("xl save pf /tmp/pf.save", timeout=60)
            check(rc != 0, "xl save succeeded")
            check_equal(bed.ok("xl domid pf").strip(), first, "the domain's id")
        with results.case("xl reboot is obeyed"):
            bed.ok("xl reboot pf")
            bed.wait_guest("pf", rf"{DONE}[\s\S]*{DONE}", 60)
            check(bed.ok("xl domid pf").strip() != first, "no new domain")
        cases(bed, results, 1, "after reboot: ")
        with results.case("xl shutdown is obeyed"):
            bed.ok("xl shutdown -w pf", timeout=60)
            check("control/shutdown: poweroff" in bed.guest_log("pf"), "not asked")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
