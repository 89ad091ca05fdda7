#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Judges the ABI packs of 535.113.01 and 570.144 by the headers that nouveau speaks to this firmware with.

    test_nouveau.py [-v]        -v lists what was not judged

nouveau keeps excerpts of the vendor's headers for the two versions it supports; Debian ships them in its
kernel sources. They are shorter than the vendor's own, so for every fact of a pack a compiler says
whether nouveau has that name, and every fact it has is compared. Where nouveau has a structure but not
one of its fields, the field alone is not judged.

Each judge is then given the pack with four wrong facts in it, and has to find them. Prints one line per
judge: ok, FAILED, or skip when the mirror does not have the kernel source.
"""

import dataclasses
import functools
import glob
import os
import re
import sys

from judge import ask_compiler, either, report, work
from vendor import fetch_nouveau

# What the excerpts take for granted from the kernel.
KERNEL = """
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#define BIT(n) (1u << (n))
#define __counted_by(member)
#include <nvrm/nvtypes.h>
"""
R535 = "nvkm/subdev/gsp/rm/r535/nvrm/*.h"
R570 = "nvkm/subdev/gsp/rm/r570/nvrm/*.h"


@dataclasses.dataclass(frozen=True)
class Judge:
    name: str
    version: str
    suites: tuple  # Debian releases whose kernel has the headers; the first that the mirror has is taken
    patterns: tuple  # headers; the next pattern is asked about names of which the one before knows nothing
    least: int  # values that it compared when it was written
    # Numbers of which nouveau says something else for a known reason: not judged while it says just this.
    aside: dict


JUDGES = (
    # This kernel leaves out the last two functions, so its list ends two earlier; newer ones have them all.
    Judge("pack-535.113.01", "535.113.01", ("trixie",), ("include/nvrm/535.113.01/**/*.h",), 982,
          {"NV_VGPU_MSG_FUNCTION_NUM_FUNCTIONS": 201}),
    # The same headers, excerpted a second time when nouveau learnt its second version.
    Judge("pack-535.113.01-r535", "535.113.01", ("sid", "forky"), (R535,), 1038, {}),
    # r570/nvrm holds what changed since r535/nvrm. For the rest nouveau runs the code and headers of r535
    # with 570.144 too, so these are a statement about it.
    # The minimum: the vendor's header has a second one for builds with RMCFG_FEATURE_GSPRM_BULLSEYE,
    # 88 + 12 + 70 MiB, and its own driver is built without (rmconfig.h says 0). nouveau took the larger.
    Judge("pack-570.144", "570.144", ("sid", "forky"), (R570, R535), 1133,
          {"GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB": 170}),
)


def headers(tree, pattern):
    """C that includes the files of a pattern and nouveau's class numbers.

    The vendor calls a message rpc_free_v03_00 and, by a typedef, rpc_free_v; nouveau leaves most of these
    typedefs out. A name of which nouveau has two versions would be refused by the compiler.
    """
    files = sorted(glob.glob(os.path.join(tree, pattern), recursive=True))
    if not files:
        sys.exit(f"{tree}: no {pattern}")
    versioned = set()
    for name in files:
        with open(name, encoding="utf-8") as f:
            versioned.update(re.findall(r"^\}\s*(rpc_\w+_v)([0-9A-F]{2}_[0-9A-F]{2});", f.read(), re.M))
    files.append(os.path.join(tree, "include/nvif/class.h"))
    return KERNEL + "".join(f'#include "{name}"\n' for name in files) + \
        "".join(f"typedef {name}{suffix} {name};\n" for name, suffix in sorted(versioned))


def ask_nouveau(tree, pattern, name, facts):
    """A judge: the compiler over nouveau's headers."""
    return ask_compiler(facts, headers(tree, pattern), ["-Iinclude"], tree, work(name))


def without(ask, aside):
    """The judge that says nothing about the numbers of `aside` where it would say what stands there."""
    return lambda facts: [None if a is not None and aside.get(f.name) == a[0] else a
                          for f, a in zip(facts, ask(facts), strict=True)]


def main(argv):
    bad = 0
    for judge in JUDGES:
        tree = next(filter(None, map(fetch_nouveau, judge.suites)), None)
        if tree is None:
            print(f"skip {judge.name}: the mirror has no kernel source of {' or '.join(judge.suites)}",
                  flush=True)
            continue
        with open(os.path.join(tree, "package"), encoding="utf-8") as f:
            package = f.read().strip()
        asks = [functools.partial(ask_nouveau, tree, pattern, f"nouveau-{judge.name}-{i}")
                for i, pattern in enumerate(judge.patterns)]
        ask = without(functools.reduce(either, asks), judge.aside)
        bad += report(judge.name, judge.version, ask, f"nouveau in {package}", judge.least, "-v" in argv)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
