#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Guests submit copies and fills to the GPU by themselves, on real Xen, with Debian's real firmware files.

A bare PV guest and a Linux PVH guest have the GPU move their bytes at the same time and verify them. What a
submission costs the driver domain is counted in steady state. Xen itself says that what the guests imported
is mapped for the device alone. A guest is destroyed in the middle of its copies: its neighbour goes on, and
everything returns to the start. No vendor instruction runs: FWSEC, booters and GSP-RM are stand-ins of the
model.
"""

import re
import sys
import time

import system  # noqa: F401
import archives
import residue
from system import System, fields
from results import Results, check, check_equal

VERSION = "535.113.01"
MIB = 1 << 20
BATCHES, COPIES = 400, 8
MOVED = 32 * MIB  # of an object; it is filled, copied in and copied out: three times that
GRANT_TABLE_OP, EVTCHN_SEND = "20.", "32.4"
RING_PAGES, PIECE_PAGES = 18, 256  # what a worker imports (tests/xen/dma.c, mover.c)


def settled(s):
    """gpudom's counters, once it publishes no change: (hypercalls, status)."""
    last = None
    while True:
        now = s.hypercalls(), s.gpudom_status()
        if now == last:
            return now
        last = now
        time.sleep(1.5)


def pins(s, names):
    """{guest: [(host, device)]} of grants that gpudom has mapped: how many maps of each kind, by Xen's word."""
    text, gpudom = s.debug_key("g"), s.domid("gpudom")
    found = {}
    for name in names:
        lines = residue.section(text, s.domid(name), r"grant-table for remote d(\d+)")
        entries = (re.search(r"\[0x\w+\]\s+(\d+) 0x\w+ 0x(\w{8})", line) for line in lines)
        # The pin is four counts: device read, device write, host read, host write.
        found[name] = [(int(m[2], 16) & 0xffff, int(m[2], 16) >> 16) for m in entries
                       if m and int(m[1]) == gpudom]
    return found


def doorbells(s):
    """Rung for the one guest that there is, so far."""
    return int(next(iter(s.slices().values()))["doorbells"])


def costs(s, results):
    """One guest publishes batches, each when the last has ended."""
    s.create_worker("counter", f"mode=submit batches={BATCHES} ops={COPIES} bytes=4M key=3", "32M")
    s.wait_node("counter", "phase", "ready", 120)
    calls, status = settled(s)
    rung = doorbells(s)
    s.tell("counter", "run")
    s.wait_node("counter", "phase", "submitted", 120)
    calls_after, status_after = settled(s)
    rung = doorbells(s) - rung
    s.tell("counter", "read")
    guest = fields(s.wait_node("counter", "result", "verified", 120))
    own = {k: v - calls.get(k, 0) for k, v in calls_after.items() if v != calls.get(k, 0)}
    upcalls = int(status_after["upcalls"]) - int(status["upcalls"])
    copied = int(status_after["copied"]) - int(status["copied"])
    print(f"submit: gpudom, {BATCHES} batches of {COPIES} copies: {sum(own.values())} hypercalls {own}, "
          f"{upcalls} upcalls, {rung} doorbells, {copied} bytes copied; guest: {guest}")
    with results.case("a batch costs the guest one event"):
        check_equal((guest["submissions"], guest["sends"]), (str(BATCHES), str(BATCHES)), "batches and events")
        check_equal((guest["requests"], guest["grants"]), ("0", "0"), "requests and grants")
    with results.case("a batch costs the driver domain one doorbell"):
        check_equal(rung, BATCHES, "doorbells rung")
    with results.case("a batch costs the driver domain no grant operation"):
        check_equal({k: v for k, v in own.items() if k.startswith(GRANT_TABLE_OP)}, {}, "grant operations")
    with results.case("a batch costs the driver domain at most one upcall"):
        # Besides, each request to xenstore, of which gpudom makes some twice a second, has an answer.
        sends = own.get(EVTCHN_SEND, 0)
        check(upcalls <= BATCHES + 2 * sends, f"{upcalls} upcalls, {BATCHES} batches, {sends} events sent")
        check(sends < BATCHES, f"{sends} events were sent for {BATCHES} batches")
    with results.case("a batch costs the driver domain no copy of its bytes"):
        moved = BATCHES * MIB
        check(copied < moved // 100, f"{copied} bytes were copied, {moved} moved")
    s.ok("xl destroy counter")


def together(s, results):
    """Both guests at once; Xen's word about their pages in between."""
    s.create_worker("alpha", f"mode=hold via=gpu key=1 seed=5 bytes={MOVED}", "64M")
    s.create_linux("beta", f"selftest={MOVED} selftest_dma=1 selftest_seed=5 selftest_key=2", "64M")
    for name in ("alpha", "beta"):
        s.wait_node(name, "phase", ".*written", 200)
    with results.case("imported pages are mapped for the device only"):
        maps = pins(s, ("alpha", "beta"))
        seen = maps["alpha"]
        check_equal(sum(device > 0 for _, device in seen), RING_PAGES + PIECE_PAGES, "pages the device has")
        check_equal(sum(host > 0 for host, _ in seen), 2, "pages gpudom itself has: ring, event page")
        check(not any(host and device for host, device in seen), f"mapped for both: {seen}")
        seen = maps["beta"]
        check(sum(device > 0 for _, device in seen) >= PIECE_PAGES, f"beta's pages of the device: {seen}")
        check(not any(host and device for host, device in seen), f"mapped for both: {seen}")
    for name in ("alpha", "beta"):
        s.tell(name, "read")
    for name in ("alpha", "beta"):
        with results.case(f"{name} verified what the GPU moved"):
            result = s.wait_node(name, "result", ".*(verified|FAILED|MISMATCH)", 200)
            check("verified" in result, result)
            print(f"submit: {name}: {result}")
            check("dma" not in fields(result) or int(fields(result)["dma"]) >= 64 * MIB, result)
    for name in ("alpha", "beta"):
        s.ok(f"xl destroy {name}")


def verified(s, name):
    """Bytes that a looping guest has verified."""
    return int(fields(s.wait_node(name, "progress", "verified", 120))["verified"])


def death(s, results, when=""):
    """One of two is destroyed while the GPU works for it."""
    for key, name in enumerate(("stays", "dies")):
        s.create_worker(name, f"mode=loop via=gpu key={key + 7} bytes=8M", "32M")
    for name in ("stays", "dies"):
        verified(s, name)
    with results.case(f"a guest destroyed while it copies does not disturb its neighbour{when}"):
        s.ok("xl destroy dies")
        start = verified(s, "stays")
        s.wait(lambda: verified(s, "stays") >= start + 16 * MIB, "the neighbour to go on", 120)
        s.tell("stays", "stop")
        result = s.wait_node("stays", "result", "verified", 60)
        check_equal(fields(result)["losses"], "0", "connections lost")
    s.ok("xl destroy stays")


def released(s):
    """What is left when no slice is."""
    s.wait(lambda: not s.slices(), "the slices to be released", 60)
    return residue.snapshot(s)


def main():
    results = Results("submit")
    archive = archives.find_or_skip(results, VERSION, "submit")
    if not archive:
        return results.finish()
    with System("submit", firmware=archive, linux="selftest.sh", limit=700) as s:
        s.start_gpudom()
        before = residue.snapshot(s)
        begin = len(s.xen_log())
        costs(s, results)
        together(s, results)
        death(s, results)
        used = released(s)
        death(s, results, ", once more")
        with results.case("everything returns to the start"):
            now = released(s)
            # What of its heap gpudom can give back depends on what came before; the same again takes no more.
            del before["pages free (gpudom)"]
            left = residue.differences(before, now) + residue.differences(used, now)
            check(not left, "; ".join(left))
        with results.case("Xen's IOMMU log is empty"):
            check_equal(s.iommu_faults(begin), [], "lines about the IOMMU")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
