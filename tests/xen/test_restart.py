#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gpudom ends again and again under firmware that runs, and all comes back, with data.

Two guests fill their slices, read them back and compare, all the time. Meanwhile gpudom is destroyed,
shut down, rebooted, made to crash inside, one after the other: RESTARTS times (3 by default: `xvgpu firmware
set` shuts it down and makes it anew besides). Each time
the function is reset, the real firmware's image goes to the model again and arrives whole, and each guest
is plugged in again and must verify every piece of its slice anew.

Destroyed or crashed, gpudom leaves its firmware running in write-protected memory (WPR2). Where a reset
does not take that away (the model's fault flr-keeps-wpr2), the next gpudom ends it by itself.

Then `xvgpu firmware set` takes gpudom to another version under the same guests, and back to it when the one
asked for does not start; a damaged archive is refused before anything happens.
"""

import json
import os
import re
import subprocess
import sys

import test_firmware
from bed import tool
from system import ARCHIVE, BUILD, BedError, System, fields
from results import Results, Skip, check, check_equal

VERSION, OTHER = "535.113.01", "570.144"
OTHER_ARCHIVE = "/var/lib/xvgpu/other.fw"
GUESTS = ("pv", "pv2")
SLICE = 4 << 20  # bytes a guest fills and verifies
KINDS = ("destroy", "crash", "reboot", "shutdown")


def address_of(symbol):
    """Address of a function of gpudom."""
    out = subprocess.run(["nm", os.path.join(BUILD, "gpudom.debug")], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    return re.search(rf"^([0-9a-f]+) T {symbol}$", out, re.M)[1]


# Waiting is done by one loop in dom0, and without xl: a poll from here costs the machine more than the guests.
SERVES = """until for i in $(xenstore-list /local/domain); do
    [ $i -gt %d ] && xenstore-read /local/domain/$i/data/xvgpu 2>/dev/null | grep -q state=running && echo $i
done | grep .; do sleep 0.2; done"""
GOES_ON = """until set -- $(xenstore-read /local/domain/%d/data/progress) &&
    [ ${1#verified=} -ge %d ] && [ ${2#losses=} -ge %d ]; do sleep 0.2; done"""


def wait_dom0(s, script, what, timeout):
    """Output of a script in dom0 that ends when something has happened."""
    rc, out = s.sh(script, timeout)
    if rc:
        raise BedError(f"waited {timeout} s in vain for {what}: {out}")
    return out


def progress(s, guest):
    """(bytes verified, connections lost) of a guest, by its domain id."""
    told = fields(s.ok(f"xenstore-read /local/domain/{guest}/data/progress"))
    return int(told["verified"]), int(told["losses"])


def verifies(s, guest, losses):
    """Waits until a guest that has had so many losses has filled and read back its slice since."""
    wait_dom0(s, GOES_ON % (guest, 0, losses), f"loss {losses} at domain {guest}", 120)
    start = progress(s, guest)[0]
    # Written and read: 2 bytes for each. One piece more, for what was under way.
    wait_dom0(s, GOES_ON % (guest, start + 2 * SLICE + (2 << 20), losses),
              f"domain {guest} to verify its slice", 120)


def end(s, kind):
    """Ends gpudom; where nobody else would start it again, does that."""
    if kind == "destroy":
        s.ok("xl destroy gpudom", timeout=60)
    elif kind == "crash":
        s.ok(f"crash {s.domid('gpudom')} {address_of('hv_common_run_timers')}")
    elif kind == "reboot":
        s.ok("xl reboot gpudom")
    else:
        s.ok("xl shutdown -w gpudom", timeout=60)
        s.ok("while xl domid gpudom >/dev/null 2>&1; do sleep 0.2; done", timeout=60)
        s.ok("xl create /etc/xvgpu/gpudom.cfg", timeout=60)


SIGNS = {  # what gpudom must have said at its end
    "destroy": None,
    "shutdown": r"gpudom: firmware unloaded",
    "crash": r"(?i)trap|invalid opcode|undefined",
    "reboot": r"gpudom: firmware unloaded",
}


def restart(s, number, kind, guests, digest):
    """One end and all that must come after it."""
    old = s.domid("gpudom")
    losses = {guest: progress(s, guest)[1] for guest in guests}
    log = len(s.guest_log("gpudom"))
    flrs = json.loads(s.qom_get("gpu0", "stats"))["flrs"]
    began = s.seconds()
    end(s, kind)
    wait_dom0(s, SERVES % old, "a new gpudom", 120)
    up = s.seconds()
    said = s.guest_log("gpudom")[log:]
    check(not SIGNS[kind] or re.search(SIGNS[kind], said), f"gpudom said: {said}")
    check(f"gpudom: firmware {VERSION} runs" in said, f"gpudom said: {said}")
    check(json.loads(s.qom_get("gpu0", "stats"))["flrs"] > flrs, "the function was not reset")
    check_equal(s.qom_get("gpu0", "fwimage-hash"), digest, "sha256 of the image in the model")
    for guest in guests:
        verifies(s, guest, losses[guest] + 1)
    s.say(f"restart {number} ({kind}): serves after {up - began:.1f} s, "
          f"guests verified after {s.seconds() - began:.1f} s")


def firmware_set(s, results, guests, digest):
    """gpudom restarts on another firmware; guests stay and verify their slices before and after."""
    with results.case(f"guests-live-on-when-firmware-{OTHER}-is-set"):
        old, began = s.domid("gpudom"), s.seconds()
        losses = {guest: progress(s, guest)[1] for guest in guests}
        log = len(s.guest_log("gpudom"))
        out = s.ok(f"xvgpu firmware set gpudom {OTHER_ARCHIVE}", timeout=200)
        check(f"gpudom: serves with firmware {OTHER}" in out and ARCHIVE in out, out)
        check(s.domid("gpudom") > old, "the same domain")
        check(f"gpudom: firmware {OTHER} runs" in s.guest_log("gpudom")[log:], s.guest_log("gpudom")[log:])
        check_equal(s.qom_get("gpu0", "fwimage-hash"), digest, "sha256 of the image in the model")
        for guest in guests:
            verifies(s, guest, losses[guest] + 1)
        s.say(f"firmware set: serves and guests verified after {s.seconds() - began:.1f} s")
    with results.case("firmware-that-does-not-start-is-taken-back"):
        log = len(s.guest_log("gpudom"))
        s.qom_set("gpu0", "fault", "booter-load-error=0x42")
        s.ok(f"(xvgpu firmware set gpudom {ARCHIVE} >/tmp/set.log 2>&1; echo $? >/tmp/set.rc) </dev/null >/dev/null &")
        s.wait_guest("gpudom", f"firmware {VERSION} does not start: run_booter_load", 120, log)
        s.qom_set("gpu0", "fault", "none")  # before the next start, which waits until xl has taken this one away
        wait_dom0(s, "until [ -s /tmp/set.rc ]; do sleep 0.2; done", "xvgpu to go back", 150)
        rc, out = int(s.ok("cat /tmp/set.rc")), s.ok("cat /tmp/set.log")
        check(rc == 1 and f"firmware {VERSION} does not serve" in out, f"{rc}: {out}")
        check(f"serves with {OTHER_ARCHIVE} again" in out and s.gpudom_running(), out)
    with results.case("a-damaged-archive-is-refused-before-anything-happens"):
        old, config = s.domid("gpudom"), s.ok("cat /etc/xvgpu/gpudom.cfg")
        s.ok(f"printf x | dd of={ARCHIVE} bs=1 seek=4096 conv=notrunc")
        rc, out = s.sh(f"xvgpu firmware set gpudom {ARCHIVE}", 60)
        check(rc == 3 and "damaged" in out, f"{rc}: {out}")
        check_equal((s.domid("gpudom"), s.ok("cat /etc/xvgpu/gpudom.cfg")), (old, config), "gpudom and its config")


def main():
    results = Results("restart")
    archives = {version: (path, digest) for version, path, digest in test_firmware.archives()}
    if VERSION not in archives:
        with results.case("restarts"):
            raise Skip("the mirror has no firmware package")
        return results.finish()
    path, digest = archives[VERSION]
    overlay = {"/usr/bin/crash": tool("crash")}
    if OTHER in archives:
        overlay[OTHER_ARCHIVE] = archives[OTHER][0]
    times = int(os.environ.get("RESTARTS") or 3)
    with System("restart", firmware=path, overlay=overlay, limit=400 + 90 * times) as s:
        s.start_gpudom()
        for key, name in enumerate(GUESTS, 1):
            s.create_worker(name, f"mode=loop key={key} bytes={SLICE}", "32M")
            s.wait_node(name, "progress", "verified")
        guests = [s.domid(name) for name in GUESTS]
        for number in range(1, times + 1):
            kind = KINDS[(number - 1) % len(KINDS)]
            with results.case(f"restart-{number}-{kind}"):
                restart(s, number, kind, guests, digest)
        if OTHER in archives:
            firmware_set(s, results, guests, archives[OTHER][1])
        for name in GUESTS:
            with results.case(f"all-data-of-{name}-was-right"):
                s.tell(name, "stop")
                s.wait_node(name, "result", "verified")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
