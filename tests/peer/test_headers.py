#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Judges the shipped ABI packs by a compiler over the vendor's own headers.

    test_headers.py [-v] [VERSION=VENDOR-TREE ...]   default: the versions that Debian has; -v lists
                                                     what was not judged

abigen reads layouts from DWARF and numbers from a probe's data. This judge takes another route: for
every line of a pack it writes C that prints offsetof(), sizeof and the number's own expression,
compiles that against the vendor's headers, runs it, and compares. Nothing here comes from abigen but
the list of header names and include folders.

When the mirror lost the source of a version, the driver that Debian compiled from it is asked instead:
gdb finds layouts and enumerators in its debug information. Macros are not in there, except in the few
class headers that the same package has in clear.

Each judge is then given the pack with four wrong facts in it, and has to find them. Prints one line per
pack: ok, FAILED, or skip when the mirror has neither.
"""

import functools
import glob
import os
import re
import subprocess
import sys

from judge import ask_compiler, either, report, work
from vendor import DRIVER, PACKAGE, TOP, VERSIONS, fetch, fetch_driver


def lines_of(name):
    with open(os.path.join(TOP, "fwq/abigen", name), encoding="utf-8") as f:
        return f.read()


def ask_sources(tree, facts):
    """A judge of the names that no header has, because the vendor keeps them in a .c file."""
    where = {m[1]: m[2] for m in re.finditer(r'^SOURCE\((\w+), "([^"]+)",', lines_of("wanted"), re.M)}
    answers = []
    for fact in facts:
        if fact.name not in where:
            answers.append(None)
            continue
        with open(os.path.join(tree, where[fact.name]), encoding="utf-8", errors="replace") as f:
            m = re.search(rf"\b{fact.name}\s*=\s*(0x[0-9a-fA-F]+|\d+)", f.read())
        answers.append((int(m[1], 0),) if m else None)
    return answers


def ask_headers(version, tree, facts):
    """A judge: the compiler over the headers of a whole source tree."""
    with open(os.path.join(tree, "src/common/inc/nvUnixVersion.h"), encoding="utf-8") as f:
        if not re.search(rf'NV_VERSION_STRING\s+"{re.escape(version)}"', f.read()):
            sys.exit(f"{tree}: this is not {version}")
    return ask_compiler(facts, lines_of("headers"), lines_of("flags").split(), tree, work(version))


def ask_driver(tree, version, facts):
    """A judge: gdb over the debug information of the compiled driver."""
    questions = work(f"{version}.questions")
    with open(questions, "w", encoding="utf-8") as f:
        f.writelines(f"{fact.kind} {fact.name} {fact.path}\n" for fact in facts)
    said = subprocess.run(["gdb", "-nx", "-batch", "-x", os.path.join(TOP, "tests/peer/debuginfo.py"),
                           os.path.join(tree, "nvidia/nv-kernel.o_binary")], stdout=subprocess.PIPE,
                          text=True, env=dict(os.environ, QUESTIONS=questions),
                          check=True).stdout.splitlines()
    if len(said) != len(facts):
        sys.exit(f"gdb gave {len(said)} answers to {len(facts)} questions")
    return [None if line == "-" else tuple(int(x) for x in line.split()) for line in said]


def ask_class_headers(tree, version, facts):
    """A judge: the compiler over the class headers of the driver's package."""
    names = sorted(glob.glob(os.path.join(tree, "nvidia-uvm/cl*.h")))
    head = "".join(f'#include "{name}"\n' for name in names)
    return ask_compiler(facts, head, ["-Icommon/inc"], tree, work(f"{version}-classes"))


def judge(version, tree, verbose):
    """Judge one pack by a source tree, or by what Debian has; returns the number of wrong facts."""
    part = functools.partial
    name = f"pack-{version}"
    by = tree or f"the headers in {PACKAGE}"
    if tree := tree or fetch(version):
        ask = either(part(ask_sources, tree), part(ask_headers, version, tree))
        return report(name, version, ask, by, verbose=verbose)
    if tree := fetch_driver(version):
        ask = either(part(ask_driver, tree, version), part(ask_class_headers, tree, version))
        return report(name, version, ask, f"the compiled driver in {DRIVER}", 1210, verbose)
    print(f"skip {name}: the mirror has neither {PACKAGE} nor {DRIVER} of this version", flush=True)
    return 0


def main(argv):
    trees = dict(a.split("=", 1) for a in argv if a != "-v")
    bad = 0
    for version in trees or VERSIONS:
        tree = os.path.abspath(trees[version]) if trees else None
        bad += judge(version, tree, "-v" in argv)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
