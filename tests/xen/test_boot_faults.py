#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A board on which the firmware does not start: gpudom says which step, ends, and a later start works.

Faults are planted in the model one after the other while the machine runs. Then what a predecessor leaves
behind: WPR2 set in spite of a function-level reset, which gpudom clears by itself; and one that it cannot
clear, for which it asks the daemon, who resets the bus. The firmware is Debian's real 535.113.01.
"""

import json
import re
import sys

from system import PORT_BDF, System
import archives
from results import Results, check

VERSION = "535.113.01"
# Fewer than the starts after which the daemon gives up.
FAULTS = (
    ("frts-error=0x17", r"run_fwsec_frts: FRTS error 0x17"),
    ("booter-load-error=0x42", r"run_booter_load: SEC2 mailbox 0 is 00000042"),
    ("sequencer-address=0x1000000", r"run_sequencer_until_init_done: script refused: .*0x1000000 at word"),
    ("flip-rpc=60", r"run_sequencer_until_init_done: messages of the firmware are damaged"),
)


def said(s, pattern, after, timeout=90):
    """Waits for gpudom to say something at its console, behind a place there; the place behind that."""
    return s.wait_guest("gpudom", pattern, timeout, after).end()


def serves(s, after):
    """Waits until a gpudom that started behind a place on the console serves; the place behind that."""
    at = said(s, rf"gpudom: firmware {VERSION} runs", after, 120)
    at = said(s, r"gpudom: serving", at)
    s.wait(s.gpudom_running, "gpudom to say so", 30)
    return at


def daemon_says(s, pattern):
    log = s.ok("cat /var/log/xvgpu.log")
    check(re.search(pattern, log), f"the daemon said: {log}")


def wpr2_outlives(s, results, at):
    """gpudom is destroyed and its firmware left; the function's reset takes only part of it away."""
    with results.case("a-predecessor-that-a-reset-leaves-is-ended"):
        s.qom_set("gpu0", "fault", "flr-keeps-wpr2=1")
        s.ok("xl destroy gpudom", timeout=60)
        at = said(s, r"a predecessor's firmware is still there \(WPR2 up to 0x\w+\): ending it", at, 120)
        at = serves(s, at)
        daemon_says(s, rf"gpudom: reset {PORT_BDF}")
    with results.case("one-that-cannot-be-ended-gets-a-reset-of-the-bus"):
        # It has started gpudom five times by now, and on a fast machine within the minute that is its limit.
        s.restart_daemon()
        s.qom_set("gpu0", "fault", "none flr-keeps-wpr2=1 booter-unload-error=0x9")
        s.ok("xl destroy gpudom", timeout=60)
        at = said(s, r"end_predecessor: .*SEC2 mailbox 0 is 00000009; the function must be reset", at, 120)
        flrs = json.loads(s.qom_get("gpu0", "stats"))["flrs"]
        at = serves(s, at)
        daemon_says(s, r"gpudom: domain \d+ asks for a reset: it cannot end what runs on its GPU")
        daemon_says(s, rf"gpudom: reset the bus of {PORT_BDF}")
        check(json.loads(s.qom_get("gpu0", "stats"))["flrs"] > flrs, "the board was not reset")
        check("bus" not in s.ok(f"cut -d' ' -f1 /sys/bus/pci/devices/{PORT_BDF}/reset_method"),
              "the bus stays the first choice")


def main():
    results = Results("boot-faults")
    archive = archives.find_or_skip(results, VERSION, "starts")
    if not archive:
        return results.finish()
    with System("boot-faults", port=True, images=(), firmware=archive, limit=850) as s:
        at = 0
        s.init_gpudom(PORT_BDF)
        s.start_daemon()
        s.qom_set("gpu0", "fault", FAULTS[0][0])
        s.ok("xl create /etc/xvgpu/gpudom.cfg", timeout=60)
        for i, (fault, says) in enumerate(FAULTS):
            with results.case(f"{fault} is told"):
                at = said(s, rf"firmware {VERSION} does not start: {says}", at, 120)
                # The next start is the daemon's, when xl has taken the domain away: seconds from now.
                s.qom_set("gpu0", "fault",
                          f"none {FAULTS[i + 1][0]}" if i + 1 < len(FAULTS) else "none")
        with results.case("the next start works"):
            at = serves(s, at)
        wpr2_outlives(s, results, at)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
