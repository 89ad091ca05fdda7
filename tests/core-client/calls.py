#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The second client of gpu/core/core.h uses every call of it: what the header declares is what the client's objects
leave to the linker.

Declarations are read from the header after the preprocessor, so calls that are made inline in it do not count.
"""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("O", "build")
HEADER = "gpu/core/core.h"
# Calls that the header promises and that nobody has made yet.
NOT_YET: set = set()


def declared():
    """The functions that core.h itself declares, not those of what it includes."""
    text = subprocess.run(["gcc", "-std=gnu11", "-E", "-I.", "-Iinclude", HEADER], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    ours, lines = False, []
    for line in text.splitlines():
        place = re.match(r'# \d+ "([^"]+)"', line)
        if place:
            ours = place[1] == HEADER
        elif ours:
            lines.append(line)
    # Bodies, of structures and of inline functions, declare no call.
    text = " ".join(lines)
    while "{" in text:
        text = re.sub(r"\{[^{}]*\}", ";", text)
    return {m[1] for m in re.finditer(r"\b(gpu_\w+)\s*\(", text) if not re.search(r"static inline [^;]*$", text[:m.start()])}


def used():
    """The functions that the client's objects want from elsewhere."""
    text = subprocess.run(["nm", "-u", os.path.join(OUT, "asan/core-client.a")], stdout=subprocess.PIPE, text=True, check=True).stdout
    return set(re.findall(r"^\s+U (gpu_\w+)$", text, re.M))


def main():
    os.chdir(TOP)
    calls, wanted = declared(), used()
    unused = calls - wanted
    bad = sorted(unused - NOT_YET)
    stale = sorted(NOT_YET - unused)
    few = len(calls) < 40
    print(f"{'FAILED' if few else 'ok'} declared: {len(calls)} functions in {HEADER}")
    print(f"{'FAILED' if bad else 'ok'} used: " + ("not by tests/core-client: " + " ".join(bad) if bad else
                                                  f"{len(calls & wanted)} of them by tests/core-client"))
    print(f"{'FAILED' if stale else 'ok'} not-yet: " + ("used or gone, but named in calls.py: " + " ".join(stale) if stale else
                                                       f"{len(NOT_YET)} promised only"))
    return 1 if bad or stale or few else 0


if __name__ == "__main__":
    sys.exit(main())
