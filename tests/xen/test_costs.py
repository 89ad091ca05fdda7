#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What moving bytes costs, counted and gated: events, grant operations, hypercalls.

One guest moves 192 MiB each way while Xen traces every hypercall. gpudom's own counters must agree
with Xen's trace within 1 %, and stay under the gates. Times are not looked at.
"""

import sys
import time

import system  # noqa: F401
import trace
from system import System, fields
from results import Results, check

MIB = 1 << 20
BYTES = 192 * MIB
PIECES = 2 * BYTES // 65536
MMU_UPDATE, SCHED_OP, GRANT_TABLE_OP, EVENT_CHANNEL_OP = 1, 29, 20, 32
MAP_GRANT, UNMAP_GRANT, GRANT_COPY = "20.0", "20.1", "20.5"
EVTCHN_SEND = "32.4"
# Gate: grant copies of directory and data, events, loop and window management, per 64 KiB moved.
HYPERCALLS_PER_PIECE = 4.0


def settled(s):
    """gpudom's counters and the slice's, once they no longer change."""
    last = None
    while True:
        now = s.hypercalls(), next(iter(s.slices().values()), {})
        if last and now[1] == last[1] and now[0].get(GRANT_COPY) == last[0].get(GRANT_COPY):
            return now
        last = now
        time.sleep(1.5)


def main():
    results = Results("costs")
    with System("costs", limit=400) as s:
        s.start_gpudom(daemon=False)
        s.create_worker("mover", f"mode=hold key=1 seed=5 bytes={BYTES}", "224M", how="xvgpu create -p")
        state = f"/local/domain/{s.domid('gpudom')}/backend/vgpu/{s.domid('mover')}/0/state"
        s.wait(lambda: s.sh(f"xenstore-read {state}")[1].strip() == "2", "the slice to be scrubbed", 60)
        time.sleep(3)
        before, _ = settled(s)
        s.ok(f"xentrace -D -S 2048 -e {trace.MASK:#x} /tmp/trace >/tmp/xentrace.log 2>&1 & sleep 1")
        s.ok("xl unpause mover")
        s.wait_node("mover", "phase", "written", 150)
        s.tell("mover", "read")
        guest = fields(s.wait_node("mover", "result", "verified", 150))
        after, device = settled(s)
        s.ok("killall -INT xentrace; sleep 1")
        calls, lost = trace.count(s.get("/tmp/trace"))
        gpudom, mover = s.domid("gpudom"), s.domid("mover")
        own = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
        total = sum(own.values())
        seen = {nr: n for (dom, nr), n in calls.items() if dom == gpudom}
        print(f"costs: gpudom, {2 * BYTES // MIB} MiB moved in {PIECES} pieces of 64 KiB: {total} hypercalls, "
              f"{total / PIECES:.2f} per piece; Xen saw {sum(seen.values())}, {lost} records lost")
        print(f"costs: by number.sub-operation: {own}; Xen, by number: {seen}")
        print(f"costs: slice: {device}")
        print(f"costs: guest: {guest}; Xen saw {sum(n for (d, _), n in calls.items() if d == mover)} "
              "hypercalls of the guest")

        with results.case("Xen's trace is complete"):
            check(lost == 0, f"{lost} records lost")
        for nr, what in ((GRANT_TABLE_OP, "grant operations"), (EVENT_CHANNEL_OP, "event operations")):
            with results.case(f"{what}, gpudom's count and Xen's agree within 1 %"):
                mine = sum(v for k, v in own.items() if k.startswith(f"{nr}."))
                check(abs(mine - seen.get(nr, 0)) <= 0.01 * seen.get(nr, 1), f"own {mine}, Xen {seen.get(nr)}")
        with results.case("all hypercalls, gpudom's count and Xen's agree within 1 %"):
            check(abs(total - sum(seen.values())) <= 0.01 * sum(seen.values()),
                  f"own {total}, Xen {sum(seen.values())}")
        with results.case("hypercalls per 64 KiB under the gate"):
            check(total / PIECES <= HYPERCALLS_PER_PIECE, f"{total / PIECES:.2f} > {HYPERCALLS_PER_PIECE}")
        with results.case("one map call for ring and event page, none afterwards"):
            check(own.get(MAP_GRANT, 0) <= 2 and own.get(UNMAP_GRANT, 0) == 0,
                  f"map {own.get(MAP_GRANT)}, unmap {own.get(UNMAP_GRANT)}")
        with results.case("at most one event per batch, driver domain to guest"):
            check(int(device["events-sent"]) <= int(device["ring-batches"]), str(device))
        with results.case("at most one event per batch, guest to driver domain"):
            check(int(guest["sends"]) <= int(guest["requests"]), str(guest))
            check(int(device["events-received"]) <= int(guest["sends"]) + 2, f"{device} {guest}")
        with results.case("the guest gave no grants while it moved data"):
            check(int(guest["grants"]) <= 1100, guest["grants"])  # its pool of 4 MiB, once
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
