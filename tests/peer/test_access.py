#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A field through a pack costs at most two instructions more than a field of a C structure.

The judge is objdump: tests/peer/access.c, compiled with -O2, has a function for each way to read and to
write each field of fwq/needed.h.
"""

import os
import re
import subprocess
import sys

from vendor import OUT

OBJECT = os.path.join(OUT, "dom0/tests/peer/access.o")
MORE = 2
PADDING = ("nop", "data16", "cs", "xchg", "endbr64")


def instructions():
    """Function -> how many instructions it has, its `ret` included, padding not."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", OBJECT], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    count = {}
    name = None
    for line in text.splitlines():
        m = re.match(r"[0-9a-f]+ <(\w+)>:", line)
        if m:
            name = m[1]
            count[name] = 0
        m = re.match(r"\s+[0-9a-f]+:\s+(\w+)", line)
        if m and not m[1].startswith(PADDING):
            count[name] += 1
    return count


def main():
    count = instructions()
    bad = 0
    for kind, verb in (("rd", "read"), ("wr", "written")):
        prefix = f"pack_{kind}__"
        fields = [name[len(prefix):] for name in count if name.startswith(prefix)]
        cost = {f: (count[prefix + f], count[f"fixed_{kind}__{f}"]) for f in fields}
        worst = max(cost, key=lambda f: cost[f][0] - cost[f][1]) if cost else None
        by_pack, fixed = cost[worst] if worst else (0, 0)
        good = bool(cost) and fixed > 1 and by_pack - fixed <= MORE
        bad += not good
        print(f"{'ok' if good else 'FAILED'} {verb}: {len(cost)} fields, at most {by_pack} instructions through a "
              f"pack, {fixed} in a structure ({worst})")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
