#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Guests and driver domain come and go, at any moment, and nothing is left behind.

100 connect/disconnect cycles and 20 kills of a guest at different states are compared with a
snapshot of grants, event channels, nodes and VRAM. The driver domain is destroyed in the middle of traffic: dom0 and guests live on,
the daemon restarts it and plugs the slices in again, and traffic verifies. Reboot and shutdown by plain
xl work for a registered guest. Saving a guest with a slice is refused or ends in a clean loss.
"""

import random
import sys
import time

import residue
import system  # noqa: F401
from system import LIB, System, fields
from results import Results, check, check_equal

KILLS = 20


def verified(s, name):
    """(bytes verified, connections lost) of a looping guest."""
    told = fields(s.wait_node(name, "progress", "verified"))
    return int(told["verified"]), int(told["losses"])


def goes_on(s, name, what, timeout=120):
    """Waits until a looping guest has verified more than it has now."""
    start = verified(s, name)[0]
    s.wait(lambda: verified(s, name)[0] > start + (2 << 20), f"{name} to go on {what}", timeout)


def back_state(s, name):
    """State node of a guest's back."""
    rc, out = s.sh(f"xenstore-read /local/domain/{s.domid('gpudom')}/backend/vgpu/{s.domid(name)}/0/state")
    return out.strip() if rc == 0 else "none"


def snapshot_sees(s, results):
    with results.case("the snapshot sees a connected slice"):
        before = residue.snapshot(s)
        s.create_worker("seen", "mode=sit", "32M")
        s.wait_node("seen", "phase", "connected")
        during = residue.snapshot(s)
        for what, more in (("grants mapped (gpudom)", 2), ("grants that name gpudom (Xen)", 2),
                           ("ports (gpudom)", 1), ("event channels of gpudom (Xen)", 1),
                           ("slices (gpudom)", 1), ("VRAM free (gpudom)", -(32 << 20))):
            check_equal(int(during[what]) - int(before[what]), more, f"change of {what}")
        check(during["xenstore nodes"] != before["xenstore nodes"], "no nodes seen")
        s.ok("xl destroy seen")
        s.wait(lambda: not s.slices(), "the slice to be released", 30)


def cycles(s, results):
    with results.case("100 connects and disconnects leave nothing behind"):
        s.create_worker("cycler", "mode=idle", "32M")
        s.wait_node("cycler", "phase", "started")
        s.ok("xl destroy cycler")
        s.wait(lambda: not s.slices(), "the slice to be released", 30)
        before = residue.snapshot(s)
        s.create_worker("cycler", "mode=cycle cycles=100", "32M")
        result = s.wait_node("cycler", "result", "verified", 600)
        check_equal(fields(result)["grants-given"], "0", "grants of the guest after its cycles")
        s.ok("xl destroy cycler")
        s.wait(lambda: not s.slices(), "the slice to be released", 30)
        left = residue.differences(before, residue.snapshot(s))
        check(not left, "; ".join(left))


def kills(s, results):
    rng = random.Random(20)
    modes = ("mode=idle", "mode=sit", "mode=loop bytes=4M key=3", "mode=cycle cycles=100000")
    states = []
    with results.case(f"{KILLS} kills of a guest at different states leave nothing behind"):
        before = residue.snapshot(s)
        for i in range(KILLS):
            if i % 5 == 0:  # before it ever runs
                s.create_worker("victim", modes[0], "32M", how="xvgpu create -p")
            else:
                s.create_worker("victim", modes[i % len(modes)], "32M")
                time.sleep(rng.uniform(0.0, 1.5))
            states.append(back_state(s, "victim"))
            s.ok("xl destroy victim")
        s.wait(lambda: not s.slices(), "the slices to be released", 60)
        print(f"lifecycle: state of the back at each kill: {' '.join(states)}")
        left = residue.differences(before, residue.snapshot(s))
        check(not left, "; ".join(left))
        check(len(set(states)) >= 3, f"only states {set(states)} were hit")


def driver_domain_dies(s, results):
    s.create_worker("pv", "mode=loop key=4 bytes=8M", "32M")
    s.create_worker("pv2", "mode=loop key=5 bytes=8M", "32M")
    goes_on(s, "pv", "at first")
    goes_on(s, "pv2", "at first")
    old = s.domid("gpudom")
    with results.case("xl destroy gpudom in the middle of traffic"):
        s.ok("xl destroy gpudom")
        check(s.domid("pv") and s.domid("pv2"), "a guest died")
    with results.case("the daemon restarts gpudom with a new domain id"):
        s.wait(lambda: s.domid("gpudom") not in (None, old) and s.gpudom_running(),
               "the daemon to restart gpudom", 90)
    for name in ("pv", "pv2"):
        with results.case(f"traffic of {name} resumes and verifies"):
            goes_on(s, name, "after the restart")
            check(verified(s, name)[1] >= 1, "it has not even noticed")
    with results.case("nodes of the dead driver domain are gone"):
        s.wait(lambda: s.sh(f"xenstore-exists /xvgpu/{old}")[0], "its policy to go", 20)
    for name in ("pv", "pv2"):
        with results.case(f"all data of {name} was right"):
            s.tell(name, "stop")
            s.wait_node(name, "result", "verified")
            s.ok(f"xl destroy {name}")


def plain_xl(s, results):
    config = (f'type="pv"\nkernel="{LIB}/images/worker"\nmemory=16\nextra="mode=loop key=6 bytes=4M"\n'
              f'on_reboot="restart"\n{s.vgpu("32M")}')
    s.put("/etc/xen/plain.cfg", f'name="plain"\nvcpus=1\n{config}\n')
    with results.case("a registered guest gets its slice with plain xl create"):
        s.ok("xvgpu register /etc/xen/plain.cfg")
        s.ok("xl create /etc/xen/plain.cfg")
        goes_on(s, "plain", "with its slice")
    with results.case("and again after xl reboot"):
        old = s.domid("plain")
        s.ok("xl reboot plain")
        s.wait(lambda: s.domid("plain") not in (None, old), "the guest to come back", 60)
        goes_on(s, "plain", "after its reboot")
    with results.case("xl shutdown ends it and releases the slice"):
        s.ok("xl shutdown plain")
        s.wait(lambda: s.domid("plain") is None, "the guest to end", 60)
        s.wait(lambda: not s.slices(), "the slice to be released", 30)
        s.ok("xvgpu unregister plain")


def save(s, results):
    with results.case("xl save of a guest with a slice is refused or a clean loss"):
        s.create_worker("saved", "mode=loop key=7 bytes=4M", "32M")
        goes_on(s, "saved", "at first")
        rc, out = s.sh("xl save saved /tmp/saved", timeout=100)
        print(f"lifecycle: xl save: exit code {rc}: {out.strip().splitlines()[-1:]}")
        if rc:
            goes_on(s, "saved", "after the refusal")
            s.ok("xl destroy saved")
        else:
            s.wait(lambda: not s.slices(), "the slice to be released", 30)


def main():
    results = Results("lifecycle")
    with System("lifecycle", limit=1600) as s:
        s.start_gpudom()
        snapshot_sees(s, results)
        cycles(s, results)
        kills(s, results)
        driver_domain_dies(s, results)
        plain_xl(s, results)
        save(s, results)
        with results.case("attach and detach at run time, and list"):
            s.create_worker("late", "mode=loop key=8 bytes=4M", how="xl create")
            s.ok('xvgpu attach late "backend=gpudom,profile=tiny,vram=32M"')
            goes_on(s, "late", "with its slice")
            out = s.ok("xvgpu list --json")
            check('"late"' in out, out)
            s.ok("xvgpu detach late 0", timeout=60)
            s.wait(lambda: not s.slices(), "the slice to be released", 30)
            s.ok("xl destroy late")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
