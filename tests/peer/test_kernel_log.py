#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The judge of nouveau's log: it finds what it must find in logs made for it, and the real list is well formed."""

import sys

import kernel_log

START = "peer: log: starts here\n"
LINE = "nouveau 0000:00:02.0: gsp: something is odd"
GOOD = r"sid https://example.org/log/1 nouveau [\d:.]+: gsp: something is odd"


def refuse(text):
    try:
        kernel_log.read_allowed(text)
    except kernel_log.Malformed:
        return True
    return False


def lost_start():
    try:
        kernel_log.complaints(f"peer: log: <4>[    1.000000] {LINE}\n", "sid", [])
    except kernel_log.Wrong:
        return True
    return False


def said(lines, suite="sid", allow=""):
    """(what is complained of, what of the list is stale)"""
    exceptions = kernel_log.read_allowed(allow)
    left = kernel_log.complaints(START + "".join(line + "\n" for line in lines), suite, exceptions)
    return left, kernel_log.stale([suite], exceptions)


def cases():
    """(name, whether it came out right)"""
    warn = f"peer: log: <4>[    8.223406] {LINE}"
    yield "a line at warn", said([warn]) == ([LINE], [])
    yield "the same, allowed", said([warn], allow=GOOD) == ([], [])
    yield "allowed for the other kernel only", said([warn], "trixie", GOOD) == ([LINE], [])
    yield "a part of a line is not the line", said([warn + " now"], allow=GOOD)[0] == [LINE + " now"]
    yield "an exception that nobody uses", said([], allow=GOOD)[1] != []
    yield "no line at all", said([]) == ([], [])
    yield "the host's business", said(["peer: log: <4>[   1.0] clocksource: Watchdog interval: 1ns"]) == ([], [])
    for line in ("[    1.000000] WARNING: CPU: 0 PID: 1 at drivers/gpu/drm/nouveau/x.c:1 f+0x1/0x2",
                 "[    1.000000] BUG: kernel NULL pointer dereference", "[    1.000000] Oops: 0000 [#1]",
                 "[    1.000000] INFO: task kworker/0:1 blocked for more than 120 seconds.",
                 "[    1.000000] WARNING: possible circular locking dependency detected"):
        yield f"at any level: {line.split('] ')[1][:24]}", said([line])[0] == [line]
    yield "a log without its start", lost_start()
    for bad in ("sid nouveau: x", "bookworm https://example.org/1 x", "sid https://example.org/1", "sid http://x y",
                "sid https://example.org/1 (", "something"):
        yield f"refused: {bad}", refuse(bad)
    yield "comments are none", kernel_log.read_allowed("# x\n\n") == []
    yield "firmware that is asked for", kernel_log.missing_firmware(
        "nouveau 0000:00:02.0: firmware: failed to load nvidia/ga102/gsp/gsp-580.1.bin (-2)\n"
        "nouveau 0000:00:02.0: Direct firmware load for nvidia/a.bin failed with error -2\n"
        "nouveau 0000:00:02.0: gsp: firmware \"nvidia/b.bin\" unavailable\n") == [
            "nvidia/a.bin", "nvidia/b.bin", "nvidia/ga102/gsp/gsp-580.1.bin"]
    yield "tests/peer/nouveau.allow", isinstance(kernel_log.allowed(), list)


if __name__ == "__main__":
    BAD = 0
    for NAME, RIGHT in cases():
        BAD += not RIGHT
        print(f"{'ok' if RIGHT else 'FAILED'} {NAME}", flush=True)
    sys.exit(1 if BAD else 0)
