#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""vkcopy can be trusted: with a good driver it finds nothing, with a bad one it says what is wrong.

The good driver is Mesa's software one, which runs on this machine; the bad one is the same with one call
spoiled (tests/peer/vkcopy/spoil.c). AddressSanitizer watches vkcopy all the while, its leaks too. What
vkcopy is for comes later: it judges the GPU model, from Debian's Linux with nouveau and NVK.
"""

import dataclasses
import glob
import os
import re
import subprocess
import sys

from vendor import OUT

PROGRAM = os.path.join(OUT, "vkcopy-test")
DRIVER = "/usr/share/vulkan/icd.d/lvp_icd.*.json"
LIMIT_SECONDS = 120
SMALL = "--max-size=65537"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    options: tuple
    code: int     # exit status
    sign: str     # what one of its lines must be
    spoil: str = ""


GOOD = r"\d+ copies, \d+ fills, \d+ updates: \d+ bytes as they should be, \d+ waits"
COPY = r"copy host -> device -> device -> host of \d+ bytes: byte \d+ of "
SHOULD = " is 0x[0-9a-f]{2}, should be 0x[0-9a-f]{2}"
CASES = (
    Case("all sizes", (), 0, GOOD),
    Case("two devices", ("--devices=2", SMALL), 0, "device 1: " + GOOD),
    Case("two processes", ("--processes=2", "--devices=2", SMALL), 0, "process 1 device 1: " + GOOD),
    Case("a count of copies", ("--bench=100", "--size=4096"), 0, "bench: 100 submissions, 409600 bytes"),
    Case("no such device", ("--device=no such GPU",), 1, r'none of \d+ devices has "no such GPU" in its name'),
    Case("wrong option", ("--max-size=0",), 2, "--max-size 0: not a number from 1 to 67108864"),
    Case("byte missing", (SMALL,), 1, COPY + "the target" + SHOULD, "short"),
    Case("byte missing on the device", (SMALL,), 1, COPY + "the target" + SHOULD, "short=75"),
    Case("byte missing on the way back", (SMALL,), 1, COPY + "the target" + SHOULD, "short=115"),
    Case("byte too many", (SMALL,), 1, COPY + "the bytes behind a target on the device" + SHOULD, "long=8"),
    Case("byte too many in host memory", (SMALL,), 1, COPY + "the host buffer behind the target" + SHOULD, "long=10"),
    Case("one byte further", (SMALL,), 1, COPY + "the target" + SHOULD, "shift=3"),
    Case("wrong bit filled", (SMALL,), 1, r"fill in \w+ memory of 4 bytes: byte 3 of the target" + SHOULD, "fill"),
    Case("wrong bit updated", (SMALL,), 1, r"update in host memory of 4 bytes: byte 3 of the target" + SHOULD, "update=2"),
    Case("semaphore passed over", (SMALL,), 1,
         r"copy of \d+ bytes was done before the host had signalled its semaphore", "no-wait"),
    Case("lost at a submission", (SMALL,), 1, r"vkQueueSubmit\(\) said VK_ERROR_DEVICE_LOST", "submit-lost=20"),
    Case("lost at a wait", (SMALL,), 1, r"vkWaitSemaphores\(\) said VK_ERROR_DEVICE_LOST", "wait-lost=20"),
    Case("lost in one of two processes", ("--processes=2", SMALL), 1, "process 1 failed", "submit-lost=20"),
    Case("until lost", ("--until-lost",), 0, "lost after 19 submissions", "submit-lost=20"),
    Case("until lost at a wait", ("--until-lost",), 0, r"lost after \d+ submissions", "wait-lost=20"),
    Case("until lost after another error", ("--until-lost",), 0, r"lost after \d+ submissions", "wait-unknown=20"),
    Case("never lost", ("--until-lost",), 1,
         r"not lost: vkQueueSubmit\(\) said VK_SUCCESS after VK_ERROR_UNKNOWN", "wait-forgotten=20"),
    Case("fault", ("--fault", SMALL), 0, "a new device: " + GOOD, "fault"),
    Case("fault not noticed", ("--fault", SMALL), 1,
         "fault: a copy to an address that is not mapped was not noticed", "fault-unnoticed"),
)


def judge(case, driver):
    """None, or what is wrong."""
    env = dict(os.environ, VK_ICD_FILENAMES=driver, VKCOPY_SPOIL=case.spoil, LSAN_OPTIONS="print_suppressions=0")
    try:
        p = subprocess.run([PROGRAM, *case.options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           env=env, timeout=LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no end within {LIMIT_SECONDS} s"
    if "Sanitizer" in p.stdout:
        return re.search(r".*Sanitizer.*", p.stdout)[0]
    if p.returncode != case.code:
        return f"exit status {p.returncode}, not {case.code}: {p.stdout.strip().splitlines()[-2:]}"
    if not re.search(f"^vkcopy: {case.sign}$", p.stdout, re.M):
        return f'no line "{case.sign}" among {p.stdout.splitlines()}'
    return None


def main():
    drivers = glob.glob(DRIVER)
    if not drivers:
        print(f"FAILED driver: no {DRIVER}, see packaging/deps.list")
        return 1
    bad = 0
    for case in CASES:
        why = judge(case, drivers[0])
        bad += why is not None
        print(f"FAILED {case.name}: {why}" if why else f"ok {case.name}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
