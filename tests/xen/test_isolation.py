#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A hostile guest's submissions on real Xen come to what they deserve, and its neighbour goes on.

tests/xen/images/attacker.c has the GPU try, case by case, to leave what is the guest's own (tests/xen/attacks.c
names the error that each has to end with). A neighbour copies and verifies by the GPU all the while: its
progress is checked before, during and after. Xen's IOMMU sees nothing of it. Each third case is tried here,
all of them with ISOLATION=all (`make isolation`) and, without Xen, in tests/unit/test_attacks.c.
"""

import os
import re
import sys

import system
import archives
from system import System, fields
from results import Results, check, check_equal

VERSION = "535.113.01"
EVERY = 1 if os.environ.get("ISOLATION") == "all" else 3
ENTRY = re.compile(r"STOPS\((\w+), |name = \"(\w+)\"(?:.*?\.(endless))?")


def cases():
    """[(name, whether it keeps the GPU busy)] of the table in attacks.c, in order."""
    with open(f"{system.ROOT}/tests/xen/attacks.c", encoding="utf-8") as f:
        table = f.read().split("const struct attack attacks[] = {")[1].split("};")[0]
    return [(m[1] or m[2], bool(m[3])) for m in ENTRY.finditer(table)]


class Neighbour:
    """The guest that copies and verifies beside the attacker."""

    def __init__(self, s):
        self.s = s
        s.create_worker("victim", "mode=loop via=gpu key=1 seed=7 bytes=8M", "32M")
        s.wait_node("victim", "progress", "verified", 120)
        self.node = f"/local/domain/{s.domid('victim')}/data/progress"

    def progress(self):
        """(bytes verified, connections lost)."""
        told = fields(self.s.ok(f"xenstore-read {self.node}"))
        return int(told["verified"]), int(told["losses"])

    def goes_on(self, what):
        """It verifies more than it has now."""
        start = self.progress()[0]
        now = self.s.wait(lambda: (p := self.progress())[0] > start and p, f"the neighbour to go on {what}", 120)
        check_equal(now[1], 0, "connections that the neighbour lost")


def main():
    results = Results("isolation")
    archive = archives.find_or_skip(results, VERSION, "isolation")
    if not archive:
        return results.finish()
    with System("isolation", firmware=archive, images=("worker", "attacker"), limit=1500) as s:
        s.start_gpudom()
        victim = Neighbour(s)
        s.create_worker("attacker", f"every={EVERY}", "32M", image="attacker")
        s.wait_node("attacker", "phase", "connected", 120)
        data = f"/local/domain/{s.domid('attacker')}/data"

        def said(key):
            rc, out = s.sh(f"xenstore-read {data}/{key}")
            return None if rc else out.strip()
        victim.goes_on("before all")
        begin = len(s.xen_log())
        s.tell("attacker", "start")
        for name, endless in cases()[::EVERY]:
            if endless:
                with results.case(f"{name}, the neighbour meanwhile"):
                    s.wait(lambda: said("busy") == name, f"the attacker to begin {name}; it says {said('busy')!r}", 120)
                    victim.goes_on(f"beside {name}")
                s.tell("attacker", name)
            with results.case(name):
                s.wait(lambda: said(f"case-{name}") or said("done") == "FAILED", f"{name} to end", 120)
                check_equal(said(f"case-{name}"), "ok", f"what came of {name}")
                victim.goes_on(f"after {name}")
        with results.case("that were all"):
            s.wait_node("attacker", "done", "ok", 30)
        with results.case("the neighbour goes on, and its data stayed right"):
            victim.goes_on("in the end")
            s.tell("victim", "stop")
            check_equal(fields(s.wait_node("victim", "result", "verified", 60))["losses"], "0", "losses")
        with results.case("the driver domain serves on"):
            check(s.gpudom_running(), f"gpudom says {s.gpudom_status()}")
        with results.case("Xen's IOMMU log is empty"):
            check_equal(s.iommu_faults(begin), [], "lines about the IOMMU")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
