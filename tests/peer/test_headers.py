#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Judges the shipped ABI packs by a compiler over the vendor's own headers.

    test_headers.py [VERSION=VENDOR-TREE ...]   default: the versions whose source Debian has

abigen reads layouts from DWARF and numbers from a probe's data. This judge takes another route: for
every line of a pack it writes C that prints offsetof(), sizeof and the number's own expression,
compiles that against the vendor's headers, runs it, and compares. Nothing here comes from abigen but
the list of header names and include folders.

Prints one line per pack: ok, FAILED, or skip when the mirror does not have the source.
"""

import os
import re
import subprocess
import sys

from vendor import PEER, TOP, VERSIONS, fetch

def read_pack(path):
    """(kind, name, path or None, values) of each line that a header can judge."""
    facts = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            w = line.split()
            if w and w[0] in ("number", "struct"):
                facts.append((w[0], w[1], None, (int(w[2], 0),)))
            elif w and w[0] == "field":
                facts.append((w[0], w[1], w[2], tuple(int(x) for x in w[3:])))
    return facts


def sources():
    """Names that no header has: the vendor keeps them in a .c file."""
    with open(os.path.join(TOP, "fwq/abigen/wanted"), encoding="utf-8") as f:
        return {m[1]: (m[2], m[3])
                for m in re.finditer(r'^SOURCE\((\w+), "([^"]+)", "([^"]+)"\)', f.read(), re.M)}


def program(facts):
    with open(os.path.join(TOP, "fwq/abigen/headers"), encoding="utf-8") as f:
        text = [f.read(), "int printf(const char *, ...);\nint main(void)\n{\n",
                'printf("%s\\n", NV_VERSION_STRING);\n']
    for kind, name, path, values in facts:
        if kind == "number":
            text.append(f'printf("%llu\\n", (unsigned long long)({name}));\n')
        elif kind == "struct":
            text.append(f'printf("%llu\\n", (unsigned long long)sizeof({name}));\n')
        else:
            offset = f"(unsigned long long)__builtin_offsetof({name}, {path})"
            field = f"((({name} *)0)->{path})"
            # A flexible array has no size to ask for; only an array has elements.
            size = f"(unsigned long long)sizeof{field}" if values[2] else "0ull"
            count = "1ull" if values[2] == 1 else \
                f"{size} / sizeof({field}[0])" if values[2] else "0ull"
            text.append(f'printf("%llu %llu %llu\\n", {offset}, {size}, {count});\n')
    return "".join(text) + "return 0;\n}\n"


def judge(version, tree):
    """(facts compared, what differs)"""
    facts = read_pack(os.path.join(TOP, "fwq/abi", f"{version}.abi"))
    textual = sources()
    wrong = []
    compared = 0
    for _, name, _, values in [f for f in facts if f[1] in textual]:
        path, _ = textual[name]
        with open(os.path.join(tree, path), encoding="utf-8", errors="replace") as f:
            m = re.search(rf"\b{name}\s*=\s*(0x[0-9a-fA-F]+|\d+)", f.read())
        compared += 1
        if not m or int(m[1], 0) != values[0]:
            wrong.append(f"{name}: {m and m[1]} in {path}, {values[0]} in the pack")
    facts = [f for f in facts if f[1] not in textual]
    work = os.path.join(PEER, f"judge-{version}")
    with open(work + ".c", "w", encoding="utf-8") as f:
        f.write(program(facts))
    with open(os.path.join(TOP, "fwq/abigen/flags"), encoding="utf-8") as f:
        flags = f.read().split()
    subprocess.run(["gcc", "-w", "-O0", "-fno-builtin", *flags, "-Wl,--unresolved-symbols=ignore-all",
                    "-o", work, work + ".c"], cwd=tree, check=True)
    said = subprocess.run([work], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    if said[0] != version:
        wrong.append(f"the tree is {said[0]}")
    for (kind, name, path, values), line in zip(facts, said[1:], strict=True):
        compared += len(values)
        if tuple(int(x) for x in line.split()) != values:
            wrong.append(f"{kind} {name} {path or ''}: {line} by the compiler, {values} in the pack")
    return compared, wrong


def main(argv):
    trees = dict(a.split("=", 1) for a in argv)
    bad = 0
    for version in trees or VERSIONS:
        tree = os.path.abspath(trees[version]) if trees else fetch(version)
        if tree is None:
            print(f"skip pack-{version}: the mirror has no source of this version", flush=True)
            continue
        compared, wrong = judge(version, tree)
        bad += len(wrong)
        for line in wrong[:20]:
            print(f"  {line}")
        if wrong:
            print(f"FAILED pack-{version}: {len(wrong)} of {compared} facts differ", flush=True)
        else:
            print(f"ok pack-{version}: {compared} offsets, sizes and numbers equal", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
