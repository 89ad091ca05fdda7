#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How two guests share the GPU on real Xen, under each policy: make fair.

Guests whose channels copy without an end (tests/xen/images/busy.c) have what the driver domain's policy says, in
the time of the model's scheduler: alike, however many channels one of them has; by weight; or, with fixed shares, in slots
of their own, turn by turn. Compared is what the model counted for each guest on the engines that
both use. That hardware does the same is what NVIDIA's documents say; nothing here can show it.
"""

import json
import os
import re
import sys

import archives
from system import BUILD, LIB, System
from results import Results, check

VERSION = "535.113.01"
MODEL_NS = 2_000_000_000  # of engine time: a thousand turns of two guests, and more
SLOTS = 4
SLOT_NS = 2_000_000
CLOCK_COSTS = "ce-byte-ps=20000"  # 82 us for 4 KiB, a piece: less than a turn, more than the host needs for it


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


class Guests:
    """Guests: (channels, weight, jobs of each channel's) of each. RM clients are numbered as they come, so the first is the lowest."""

    def __init__(self, s, *guests):
        self.s, self.names = s, []
        for channels, weight, *jobs in guests:
            name = f"guest{len(self.names)}"
            self.names.append(name)
            s.create(name, f'type="pv"\nkernel="{LIB}/images/busy"\nmemory=16\n'
                     f'extra="channels={channels} jobs={jobs[0] if jobs else 1}"\n'
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
        guests = Guests(s, first, second)
        found = contended(s)
        guests.end()
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


def turns_of(log):
    """[(client, began, ended, ns of engine time in it)] of the turns that the model's log tells of; nobody runs beside another."""
    on, last, turns = {}, {}, []
    for client, word, now, worked in re.findall(r"client (0x\w+) is (on|off) at (\d+) ns, having worked for (\d+)$", log, re.M):
        now, worked = int(now), int(worked)
        check(not set(on) - {client}, f"{client} is {word} at {now} ns while {sorted(on)} is on")
        if word == "on":
            check(worked == last.get(client, worked), f"{client} worked for {worked - last.get(client, worked)} ns out of turn")
            on[client] = now, worked
        elif client in on:
            began, before = on.pop(client)
            turns.append((client, began, now, worked - before))
        last[client] = worked
    return turns


def check_turns(turns, engines):
    """Two clients work for as long as their turns are, a third one not, and a slot that is nobody's passes between turns."""
    clients = sorted({turn[0] for turn in turns})
    check(len(clients) == 3, f"turns of {clients}")
    for client in clients:
        mine = [turn for turn in turns if turn[0] == client]
        lengths, worked = sorted(end - begin for _, begin, end, _ in mine), sum(turn[3] for turn in mine)
        print(f"fair: {client}: {len(mine)} turns of {lengths[0] / 1e6:.3f} to {lengths[-1] / 1e6:.3f} ms, together {sum(lengths) / 1e6:.1f} ms; "
              f"worked {worked / 1e6:.1f} ms on {engines} engines")
        # gpudom and the model read the clock at different moments of a call: turns of 1.994 ms were seen.
        check(lengths[0] >= 0.99 * SLOT_NS, f"a turn of {lengths[0]} ns")
        check(worked == 0 if client == clients[2] else abs(worked / sum(lengths) / engines - 1) < 0.03, f"{client} worked for {worked} ns")
    gaps = [(later[0], later[1] - sooner[2]) for sooner, later in zip(turns, turns[1:])]
    nobodys = sorted(ns for client, ns in gaps if client == clients[0])
    changes = sorted(ns for client, ns in gaps if client != clients[0])
    print(f"fair: {len(turns) / (turns[-1][2] - turns[0][1]) * 1e9:.0f} turns a second; from one to the next {changes[0] / 1e6:.3f} to "
          f"{changes[-1] / 1e6:.3f} ms, with nobody's slot between them {nobodys[0] / 1e6:.3f} to {nobodys[-1] / 1e6:.3f} ms")
    check(nobodys[0] >= 0.99 * SLOT_NS, f"nobody's slot took {nobodys[0]} ns")


def fixed(results, archive):
    """
    Turns go by gpudom's clock, so engines' time has to be the machine's here (follow-clock), and the machine's must not be the
    host's, which is busy with other things too (icount). Of four slots two are of guests with work, one of a guest with
    channels and no work, and one is nobody's.
    """
    log = os.path.join(BUILD, "run", "fair-fixed-model.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with System("fair-fixed", firmware=archive, images=("busy",), limit=600, icount=True,
                gpu=f"follow-clock=on,costs={CLOCK_COSTS},log={log}") as s:
        s.start_gpudom()
        policy(s, f"schedule=fixed-share slots={SLOTS}")
        what = f"fixed-share, {SLOTS} slots, 2 of guests with work"
        with results.case(what):
            guests = Guests(s, (12, 100), (12, 400), (3, 100, 0))
            with open(log, encoding="ascii") as f:
                f.seek(0, os.SEEK_END)
                found = contended(s)
                turns = turns_of(f.read())
            guests.end()
            for runlist, time, (one, two) in found:
                print(f"fair: model scheduler: {what}: runlist {runlist}: {one / 1e6:.1f} and {two / 1e6:.1f} ms of {time / 1e6:.1f}, "
                      f"ratio {two / one:.3f}, nobody's {1 - (one + two) / time:.3f}")
            check_turns(turns, len(found))
            for runlist, time, (one, two) in found:
                check(abs(two / one - 1) <= 0.03, f"runlist {runlist}: {one} and {two} ns, wanted alike")
                check(abs((one + two) / time * SLOTS / 2 - 1) <= 0.1, f"runlist {runlist}: {one + two} of {time} ns, wanted half")


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
        with results.case("the driver domain serves on"):
            check(s.gpudom_running(), f"gpudom says {s.gpudom_status()}")
    fixed(results, archive)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
