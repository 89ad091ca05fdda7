#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Guests submit copies and fills to the GPU by themselves, on real Xen, with Debian's real firmware files.

A bare PV guest and a Linux PVH guest have the GPU move their bytes at the same time and verify them. The Linux
guest rings by itself (doorbell=direct), also for channels of others, who do not mind. What a
submission costs the driver domain is counted in steady state. Xen itself says that what the guests imported
is mapped for the device alone. A guest is destroyed in the middle of its copies: its neighbour goes on, and
everything returns to the start. VERSION= chooses other firmware (`make submit`). No vendor instruction
runs: FWSEC, booters and GSP-RM are stand-ins of the model.
"""

import json
import os
import re
import sys
import time

import system  # noqa: F401
import archives
import residue
from system import LIB, System, fields
from results import Results, check, check_equal

VERSION = os.environ.get("VERSION") or "535.113.01"
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


def counted(s):
    """(doorbells rung for the one guest that there is, events sent to it for completions), so far."""
    stats = next(iter(s.slices().values()))
    return int(stats["doorbells"]), int(stats["completions-sent"])


def costs(s, results):
    """One guest publishes batches, each when the last has ended."""
    s.create_worker("counter", f"mode=submit batches={BATCHES} ops={COPIES} bytes=4M key=3", "32M")
    s.wait_node("counter", "phase", "ready", 120)
    calls, status = settled(s)
    rung, told = counted(s)
    s.tell("counter", "run")
    s.wait_node("counter", "phase", "submitted", 120)
    calls_after, status_after = settled(s)
    rung, told = (now - before for now, before in zip(counted(s), (rung, told)))
    s.tell("counter", "read")
    guest = fields(s.wait_node("counter", "result", "verified", 120))
    own = {k: v - calls.get(k, 0) for k, v in calls_after.items() if v != calls.get(k, 0)}
    upcalls = int(status_after["upcalls"]) - int(status["upcalls"])
    copied = int(status_after["copied"]) - int(status["copied"])
    awakenings = int(status_after["awakenings"]) - int(status["awakenings"])
    print(f"submit: gpudom, {BATCHES} batches of {COPIES} copies: {sum(own.values())} hypercalls {own}, "
          f"{upcalls} upcalls, {rung} doorbells, {awakenings} interrupts, {told} completions told, "
          f"{copied} bytes copied; guest: {guest}")
    with results.case("a batch costs the guest one event"):
        check_equal((guest["submissions"], guest["sends"]), (str(BATCHES), str(BATCHES)), "batches and events")
        check_equal((guest["requests"], guest["grants"]), ("0", "0"), "requests and grants")
    with results.case("a batch costs the driver domain one doorbell"):
        check_equal(rung, BATCHES, "doorbells rung")
    with results.case("a batch costs the driver domain no grant operation"):
        check_equal({k: v for k, v in own.items() if k.startswith(GRANT_TABLE_OP)}, {}, "grant operations")
    sends = own.get(EVTCHN_SEND, 0) - told
    with results.case("a batch costs the driver domain at most one upcall, its end at most one interrupt"):
        check(awakenings <= BATCHES, f"{awakenings} interrupts for {BATCHES} batches")
        # Besides, each request to xenstore, of which gpudom makes some twice a second, has an answer.
        check(upcalls <= BATCHES + awakenings + 2 * sends,
              f"{upcalls} upcalls, {BATCHES} batches, {awakenings} interrupts, {sends} other events sent")
    with results.case("the end of a batch costs at most one event"):
        check(told <= BATCHES, f"{told} events told of completions of {BATCHES} batches")
        check(sends < BATCHES, f"{sends} other events were sent for {BATCHES} batches")
    with results.case("the guest sleeps until it is told"):
        # A batch that takes a busy machine 100 ms may be found by the guest's timer before its event is there.
        check(int(guest["fallbacks"]) <= BATCHES // 100, f"{guest['fallbacks']} ends that the guest had to find by itself")
        check(int(guest["sleeps"]) > BATCHES // 2, f"it slept {guest['sleeps']} times for {BATCHES} batches")
        check(int(guest["upcalls"]) <= told + 2 * sends + 20, f"it was woken {guest['upcalls']} times, told {told} times")
    with results.case("a batch costs the driver domain no copy of its bytes"):
        moved = BATCHES * MIB
        check(copied < moved // 100, f"{copied} bytes were copied, {moved} moved")
    s.ok("xl destroy counter")


def refused(s, name, config, vram="32M"):
    """What xvgpu says to a guest that wants to ring by itself."""
    s.put(f"/etc/xen/{name}.cfg", f'name="{name}"\n{config}\n{s.vgpu(vram, more=",doorbell=direct")}\n')
    rc, out = s.sh(f"xvgpu create /etc/xen/{name}.cfg", timeout=60)
    check(rc and not s.domid(name), f"was made: {out}")
    return out


def refusals(s, results):
    """Ringing by oneself is for PVH guests, where dom0's config says so."""
    config = f'kernel="{system.LIB}/images/worker"\nmemory=16\ntype='
    with results.case("doorbell=direct is refused without trust_doorbell=1"):
        check("does not say trust_doorbell=1" in (out := refused(s, "bold", config + '"pvh"')), out)
    s.trust_doorbell()
    with results.case("doorbell=direct is refused for a PV guest"):
        check("only for a PVH guest" in (out := refused(s, "flat", config + '"pv"')), out)


def rings_by_itself(s, results):
    """Beta has brought its bytes back; what that has cost."""
    result = fields(s.node("beta", "result"))
    told = s.slices()[s.domid("beta"), 0]
    print(f"submit: beta rings by itself: {result}; gpudom: {told}")
    with results.case("a batch of a guest that rings by itself costs it no event"):
        check_equal(result["doorbells"], result["submissions"], "doorbells and batches")
        check(int(result["sends"]) <= int(result["requests"]), f"{result['sends']} events, {result['requests']} requests")
    with results.case("and costs the driver domain no upcall"):
        check_equal((told["doorbells"], told["doorbell-wakeups"]), ("0", "0"), "doorbells and wake-ups for them")
        # One for each request, one for connecting.
        check(int(told["events-received"]) <= int(told["requests"]) + 1, f"{told['events-received']} events came")
    with results.case("it has rung for others, too"):
        check(int(result["forged"]) >= 512, f"{result['forged']} times")


def together(s, results):
    """Both guests at once; Xen's word about their pages in between."""
    refusals(s, results)
    s.create_worker("alpha", f"mode=hold via=gpu key=1 seed=5 bytes={MOVED}", "64M")
    s.create_linux("beta", f"selftest={MOVED} selftest_dma=1 selftest_seed=5 selftest_key=2 selftest_forge=1", "64M",
                   direct=True)
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
    # Alpha first: beta rings for it, all the time, until it is told to go on.
    for name in ("alpha", "beta"):
        s.tell(name, "read")
        with results.case(f"{name} verified what the GPU moved"):
            result = s.wait_node(name, "result", ".*(verified|FAILED|MISMATCH)", 200)
            check("verified" in result, result)
            print(f"submit: {name}: {result}")
            check("dma" not in fields(result) or int(fields(result)["dma"]) >= 64 * MIB, result)
    rings_by_itself(s, results)
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


def limits(s, results):
    """A guest of a profile with 4 channels and 1 MiB of imports takes what it can get."""
    s.ok(r"""sed -i 's/^]/\t"name=few, vram=16M, channels=4, engines=copy, imports=1M",\n]/' /etc/xvgpu/profiles.conf""")
    s.create("few", f'type="pv"\nkernel="{LIB}/images/worker"\nmemory=16\nextra="mode=limits"\n'
             + s.vgpu("16M", "few"))
    got = fields(s.wait_node("few", "result", "refused", 120))
    with results.case("a profile's fifth channel is refused"):
        check_equal((got["channels"], got["max"], got["error"]), ("4", "4", "-28"), "channels, INFO's limit, errno")
    with results.case("a profile's imports are bounded"):
        check(256 - 8 < int(got["pages"]) <= 256 and got["error-of-import"] == "-28", f"{got}")
    with results.case("list and top tell of it"):
        def counted():
            found, = (one for one in json.loads(s.ok("xvgpu list --json"))["slices"] if one["guest"] == "few")
            return found if found["counters"]["imported_pages"] == int(got["pages"]) else None
        listed = s.wait(counted, "the counters of few", 20)
        check_equal((listed["channels"], listed["engines"], listed["imports"], listed["counters"]["channels"]),
                    (4, "copy", 256, 4), "limits and channels in list --json")
        top = s.ok("xvgpu top -d 1 -n 1")
        check(re.search(rf"^few +\d+ +0 gpudom .* {got['pages']} +\d+ +4 +0$", top, re.M), top)
    s.ok("xl destroy few")


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
        limits(s, results)
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
