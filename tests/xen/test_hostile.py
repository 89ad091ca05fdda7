#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A hostile guest on real Xen gets refusals, and nobody else notices.

tests/xen/images/hostile.c tries, case by case, to reach what is not its own, to break the ring and
to flood. A victim with a slice of its own moves and verifies data all the while: its progress is
checked before, during and after, as is that dom0's log stays short.
"""

import sys

import system  # noqa: F401
from system import System, fields
from results import Results, check

CASES = ("handles-of-others", "offsets-and-lengths", "sizes", "reserved-bits", "unknown-operations",
         "grant-references", "fresh-memory-is-zero", "too-many-objects", "ring-rewritten-while-read",
         "ring-index-beyond", "event-flood", "policy-is-not-ours", "nodes-made-anew",
         "garbage-in-own-nodes", "watch-flood", "state-toggling",
         "own-directory-deleted")
LOG_LINES = 200  # what a few minutes of hostility may add to Xen's and dom0's log


def progress(s):
    """Bytes that the victim has verified so far, and connections it has lost."""
    told = fields(s.wait_node("victim", "progress"))
    return int(told["verified"]), int(told["losses"])


def main():
    results = Results("hostile")
    with System("hostile", images=("worker", "hostile"), limit=1500) as s:
        s.start_gpudom()
        s.create_worker("victim", "mode=loop key=1 seed=7 bytes=16M", "64M")
        s.create_worker("hostile", "", "64M", image="hostile")
        seen, _ = progress(s)
        log_before = s.xen_log().count("\n")
        s.tell("hostile", "start")
        for case in CASES:
            with results.case(case):
                answer = s.wait(lambda: s.node("hostile", f"case-{case}") or
                                (s.node("hostile", "done") or "").startswith("FAILED"),
                                f"the hostile guest's {case}", 300)
                check(answer == "ok", answer if answer is not True else s.node("hostile", "done"))
            with results.case(f"{case}, victim"):
                now = s.wait(lambda: (p := progress(s))[0] > seen and p, "the victim to go on", 60)
                seen = now[0]
                check(now[1] == 0, "the victim lost its connection")
        with results.case("the driver domain serves on"):
            check(s.gpudom_running(), f"gpudom says {s.gpudom_status()}")
        with results.case("the victim's data stayed right"):
            s.tell("victim", "stop")
            result = s.wait_node("victim", "result", ".*verified|FAILED")
            check(result.startswith("verified") and "losses=0" in result, result)
        with results.case("the log does not fill"):
            lines = s.xen_log().count("\n") - log_before
            check(lines < LOG_LINES, f"{lines} lines in Xen's and dom0's log")
            own = s.guest_log("gpudom").count("\n")
            check(own < 20 * LOG_LINES, f"{own} lines in gpudom's log")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
