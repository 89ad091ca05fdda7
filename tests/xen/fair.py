#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How two guests share the GPU on real Xen, under each policy: make fair.

Guests whose channels copy without an end (tests/xen/images/busy.c) have what the driver domain's policy says, in
the time of the model's scheduler: alike, however many channels one of them has; by weight; or, with fixed shares, in slots
of their own. Compared is what the model counted for each guest on the engines that
both use. That hardware does the same is what NVIDIA's documents say; nothing here can show it.
"""

import json
import sys

import archives
from system import LIB, System
from results import Results, check

VERSION = "535.113.01"
MODEL_NS = 2_000_000_000  # of engine time: a thousand turns of two guests, and more
SLOTS = 4


def snapshot(s):
    """(model time of each runlist, {(runlist, RM client): engine ns}) so far."""
    stats = json.loads(s.qom_get("gpu0", "stats"))
    had = {}
    for group in stats["groups"]:
        key = group["runlist"], group["client"]
        had[key] = had.get(key, 0) + group["engine_ns"]
    return [runlist["time_ns"] for runlist in stats["runlists"]], had


def contended(s):
    """[(runlist, its time, ns of either guest, the one with less work first)] of where both had some, while both had work."""
    clocks, had = snapshot(s)

    def enough():
        now = snapshot(s)
        return now if max(n - t for n, t in zip(now[0], clocks)) >= MODEL_NS else None
    clocks_now, had_now = s.wait(enough, f"{MODEL_NS / 1e9} s of model time", 400, interval=1)
    found = []
    for runlist, began in enumerate(clocks):
        got = {key[1]: ns - had.get(key, 0) for key, ns in had_now.items() if key[0] == runlist}
        got = {client: ns for client, ns in got.items() if ns}
        check(len(got) <= 2, f"runlist {runlist} worked for {len(got)} clients")
        if len(got) == 2:
            found.append((runlist, clocks_now[runlist] - began, [got[client] for client in sorted(got)]))
    check(found, "the guests met on no runlist")
    return found


class Pair:
    """Two busy guests: (channels, weight) of each. RM clients are numbered as they come, so the first is the lower."""

    def __init__(self, s, first, second):
        self.s, self.names = s, ("one", "two")
        for name, (channels, weight) in zip(self.names, (first, second)):
            s.create(name, f'type="pv"\nkernel="{LIB}/images/busy"\nmemory=16\nextra="channels={channels}"\n'
                     + s.vgpu("32M", "tiny", more=f",weight={weight}"))
            s.wait_node(name, "phase", "busy", 120)

    def end(self):
        for name in self.names:
            self.s.tell(name, "stop")
            self.s.wait_node(name, "result", "ended", 120)
            self.s.ok(f"xl destroy {name}")
        self.s.wait(lambda: not self.s.slices(), "the slices to be released", 60)


def compare(s, results, what, first, second, ratio, within):
    """The second has ratio times what the first has."""
    with results.case(what):
        pair = Pair(s, first, second)
        found = contended(s)
        pair.end()
        for runlist, time, (one, two) in found:
            print(f"fair: model scheduler: {what}: runlist {runlist}: {one / 1e6:.1f} and {two / 1e6:.1f} ms of {time / 1e6:.1f}, "
                  f"ratio {two / one:.3f}")
            check(abs(two / one / ratio - 1) <= within, f"runlist {runlist}: {one} and {two} ns, wanted 1 to {ratio}")
    return found


def policy(s, words):
    """gpudom anew, with these words on its command line."""
    s.ok("xl shutdown gpudom")
    s.wait(lambda: s.domid("gpudom") is None, "gpudom to end", 60)
    s.ok(f"sed -i '/^cmdline/d' /etc/xvgpu/gpudom.cfg; echo 'cmdline = \"{words}\"' >>/etc/xvgpu/gpudom.cfg")
    s.ok("xl create /etc/xvgpu/gpudom.cfg", timeout=60)
    s.wait(s.gpudom_running, f"gpudom to serve with {words}", 120)


def fixed(s, results):
    """
    Turns go by gpudom's clock, the model by QEMU's leisure: it needs three times as long for three engines as for one,
    and its time stands still in idle slots. So both guests are on all engines here, and may differ by half; that
    shares are exact, and idle slots stay idle, is shown hosted (tests/unit/test_gpu_turns.c).
    """
    policy(s, f"schedule=fixed-share slots={SLOTS}")
    before = s.gpudom_status()
    compare(s, results, f"fixed-share, 2 of {SLOTS} slots taken", (12, 100), (12, 400), 1, 0.5)
    now = s.gpudom_status()
    turns, calls, late = (int(now[key]) - int(before[key]) for key in ("turns", "turn-calls", "turns-late"))
    print(f"fair: {turns} turns took {calls} calls of the firmware; {late} changes were late")


def main():
    results = Results("fair")
    archive = archives.find_or_skip(results, VERSION, "fair")
    if not archive:
        return results.finish()
    with System("fair", firmware=archive, images=("busy",), limit=1500) as s:
        s.start_gpudom()
        compare(s, results, "best-effort, same weight, 1 channel and 12", (1, 100), (12, 100), 1, 0.02)
        compare(s, results, "best-effort, weights 1 to 2", (2, 100), (12, 200), 2, 0.03)
        compare(s, results, "best-effort, weights 1 to 4", (12, 100), (3, 400), 4, 0.03)
        policy(s, "schedule=equal-share")
        compare(s, results, "equal-share, weights 1 to 4", (1, 100), (12, 400), 1, 0.02)
        fixed(s, results)
        with results.case("the driver domain serves on"):
            check(s.gpudom_running(), f"gpudom says {s.gpudom_status()}")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
