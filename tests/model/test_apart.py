#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Is the model made without anything of what it judges?

A model that read the driver's ABI packs, or tables made from them, would agree with every mistake in
them. So the compiler is asked what each source of the model really includes, however indirectly; the
linker must join the model with nothing but glib; and no string of a pack may be in the result.
"""

import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/bed"))
from results import Results, check, check_equal  # noqa: E402

MINE = "tests/model/"


def run(*argv):
    p = subprocess.run(argv, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       check=False)
    return p.returncode, p.stdout


def sources():
    with open(os.path.join(TOP, MINE, "objects.mk"), encoding="utf-8") as f:
        text = f.read().replace("\\\n", " ")
    return re.search(r"^model-src\s*:=(.*)$", text, re.M)[1].split()


def flags():
    return ["-std=gnu11", "-D_GNU_SOURCE", "-I.", "-Iinclude", *run("pkg-config", "--cflags",
                                                                     "glib-2.0")[1].split()]


def included(source):
    """The project's own files that compiling `source` reads, outside of the model."""
    rc, out = run("gcc", *flags(), "-MM", source)
    check_equal(rc, 0, out)
    files = out.replace("\\\n", " ").split(":", 1)[1].split()
    paths = [os.path.relpath(os.path.join(TOP, f), TOP) for f in files]
    return [p for p in paths if not p.startswith((MINE, "..")) and not os.path.isabs(p) and p != source]


def main():
    results = Results("model-apart")
    with tempfile.TemporaryDirectory(prefix="xvgpu-apart-") as tmp:
        with results.case("no source of the model includes a file of the driver's"):
            check(len(sources()) > 10, "objects.mk was not understood")
            for source in sources():
                check_equal(included(source), [], source)
        with results.case("the check finds such an include, however deep"):
            deep, top = os.path.join(tmp, "deep.h"), os.path.join(tmp, "top.c")
            with open(deep, "w", encoding="utf-8") as f:
                f.write('#include "fwq/pack.h"\n')
            with open(top, "w", encoding="utf-8") as f:
                f.write('#include "deep.h"\n')
            check("fwq/pack.h" in included(top), "fwq/pack.h was not noticed")
        lib = os.path.join(tmp, "model.so")
        with results.case("the model links with glib alone"):
            rc, out = run("gcc", "-shared", "-fPIC", "-O1", *flags(), *sources(), "-Wl,-z,defs", "-o", lib,
                          *run("pkg-config", "--libs", "glib-2.0")[1].split())
            check_equal((rc, out), (0, ""), "gcc")
        with results.case("nothing in it has the name of the driver's parts"):
            names = run("nm", "-a", lib)[1]
            check("model_create" in names, "no symbols")
            found = re.findall(r"\b(?:fwq|gpu|iommu|vgpu|abi)_\w+", names)
            check_equal(found, [], "symbols")
            with open(lib, "rb") as f:
                data = f.read()
            for word in (b".abi", b"fwq/"):
                check(word not in data, f"{word} is in the model")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
