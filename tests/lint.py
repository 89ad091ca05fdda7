#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make lint: clang-format, clang-tidy, cppcheck and the rules of the folders; anything they say is an error.

    lint.py [FILE ...]          default: every C file that git knows or would add
    DEEP=1 lint.py              clang's analyzer takes its whole time for tests too

clang-tidy needs each file's compile flags, and files differ (bare metal, hosted, QEMU, kernel), so
the table below says which flags go with which folder. The kernel module, the QEMU device and plugin and what is
compiled against NVIDIA's headers are checked by clang-format only: those headers are not ours and their
compilers already warn as errors.
"""

import concurrent.futures
import functools
import os
import re
import subprocess
import sys

import memory

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.environ.get("O", "build")
BASE = ["-std=gnu11", "-I.", "-Iinclude", f"-I{OUT}/include", "-include",
        f"{OUT}/include/generated/autoconf.h", "-Wall", "-Wextra"]
FORMAT_ONLY = ("guest-frontend/linux/", "tests/model/qemu", "tests/bed/insns", "include/uapi/", "tests/peer/msgq/vendor.c", "tests/bench/mmu_vendor.c",
               "tests/peer/scramble/fw_", "tests/proof/")
# What runs only in tests is run there, under the sanitizers, so the analyzer may give up a function sooner: of
# its default of 225000 steps a test with many assertions takes all and finds nothing, in most of lint's time.
STEPS = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=50000"]
DEEP = bool(os.environ.get("DEEP"))


# Which of our folders the files of a folder may include (design: nothing includes upwards).
ROOMS = {
    "include/": (), "hv/hv.h": (), "hv/xenbus": ("hv/",), "hv/common/": ("hv/",), "hv/xen/": ("hv/",),
    "hv/hosted/": ("hv/", "tests/model/"),
    # xvgpu makes archives with the very readers that gpudom will use.
    "hv/dom0/firmware": ("hv/dom0/", "gpu/core/boot/", "fwq/pack.h"), "hv/dom0/": ("hv/dom0/",),
    "iommu/": ("iommu/", "hv/"),
    "fwq/": ("fwq/", "hv/"),
    "gpu/core/": ("gpu/core/", "fwq/", "iommu/", "hv/"), "gpu/vgpu/": ("gpu/vgpu/", "gpu/core/core.h", "iommu/", "hv/"),
    "gpu/gpudom.c": ("gpu/", "fwq/", "iommu/", "hv/"), "guest-frontend/bare/": ("guest-frontend/bare/", "hv/"),
    "guest-frontend/linux/": ("guest-frontend/linux/", "tests/xen/pattern.h"),
    "tests/model/": ("tests/model/",), "tests/peer/scramble/fw_": (),
}
OURS = ("hv/", "iommu/", "gpu/", "fwq/", "guest-frontend/", "tests/")
HYPERCALL = re.compile(r"\bhv_hypercall_\w+\(|\bHYPERVISOR_\w+\(")
MMIO = re.compile(r"\bhv_mmio_(read|write|zero)\w*\(")


def rooms(files):
    """What breaks the rules of the folders: includes upwards, hypercalls, register accesses."""
    wrong = []
    for path in files:
        room = next((r for r in ROOMS if path.startswith(r)), None)
        with open(path, encoding="utf-8") as f:
            for n, line in enumerate(f, 1):
                found = re.match(r'#include "([^"]+)"', line)
                # A name without a known folder is relative to the file's own.
                name = found[1] if found else ""
                if room and name.startswith(OURS) and not name.startswith(ROOMS[room]):
                    wrong.append(f"{path}:{n}: {room} may not include {name}")
                if HYPERCALL.search(line) and not path.startswith(("hv/xen/", "tests/unit/")):
                    wrong.append(f"{path}:{n}: a hypercall outside hv/xen")
                if MMIO.search(line) and not path.startswith(("gpu/core/", "hv/", "tests/")):
                    wrong.append(f"{path}:{n}: a register access outside gpu/core")
    return wrong


def run(argv):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return p.returncode, p.stdout


@functools.lru_cache(maxsize=None)
def package_flags():
    return run(["pkg-config", "--cflags", "glib-2.0", "libdrm"])[1].split()


def flags(path):
    if path.startswith("hv/xen/") or path.startswith("tests/xen/images/"):
        return BASE + ["-DHV_PORT_XEN", "-ffreestanding",
                       "-D__XEN_INTERFACE_VERSION__=0x00040e00", "-D__LINUX_ERRNO_EXTENSIONS__",
                       "-isystem", f"{OUT}/newlib/include"]
    return BASE + ["-D_GNU_SOURCE"] + package_flags()


@functools.lru_cache(maxsize=None)
def included(path):
    """The headers of ours that a file names, in whatever configuration."""
    with open(path, encoding="utf-8") as f:
        names = re.findall(r'^#\s*include ["<]([^">]+)[">]', f.read(), re.M)
    places = ("", "include/", f"{OUT}/include/", os.path.dirname(path) + "/")
    found = (next((p + n for p in places if os.path.isfile(p + n)), None) for n in names)
    return frozenset(f for f in found if f)


def digest(path):
    """What a clean result of clang-tidy depends on: the file, our headers below it, and the rules."""
    need, new = set(), {path, f"{OUT}/include/generated/autoconf.h", ".clang-tidy", "tests/lint.py"}
    while new:
        need |= new
        new = set().union(*(included(f) for f in new if f.endswith((".c", ".h")))) - need
    return memory.digest(need, str(DEEP))


def tidy(path):
    """(status, output) of clang-tidy; a file that was clean and has not changed is not looked at again."""
    known, key = memory.Memory(os.path.join(OUT, "lint", "tidy")), digest(path)
    if known.recall(path, key) is not None:
        return 0, ""
    steps = STEPS if path.startswith("tests/") and not DEEP else []
    rc, out = run(["clang-tidy", "--quiet", "--warnings-as-errors=*", path, "--"] + flags(path) + steps)
    if rc == 0:
        known.keep(path, key)
    lines = [line for line in out.splitlines() if "warnings generated" not in line]
    return rc, "\n".join(lines)


def main(argv):
    os.chdir(TOP)
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.c", "*.h"])[1]
    files = argv or [f for f in listed.split() if os.path.exists(f)]
    bad = 0
    os.makedirs(os.path.join(OUT, "lint", "cppcheck"), exist_ok=True)

    print(f"clang-format: {len(files)} files", flush=True)
    rc, out = run(["clang-format", "--dry-run", "--Werror", *files])
    if rc:
        bad += 1
        print(out[:6000])
        print("clang-format: run `make format`")

    print("rooms: who may include what", flush=True)
    for line in rooms(files):
        bad += 1
        print(line)

    sources = [f for f in files if f.endswith(".c") and not f.startswith(FORMAT_ONLY)]
    print(f"clang-tidy: {len(sources)} files", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (rc, out) in zip(sources, pool.map(tidy, sources)):
            if rc:
                bad += 1
                print(f"{path}:\n{out[:3000]}")

    print(f"cppcheck: {len(sources)} files", flush=True)
    rc, out = run(["cppcheck", "--quiet", "--error-exitcode=1", "--inline-suppr", "--std=c11",
                   "--enable=warning,portability", "--suppressions-list=tests/cppcheck.allow",
                   f"--cppcheck-build-dir={OUT}/lint/cppcheck", "-I.", "-Iinclude", "-j2", *sources])
    if rc:
        bad += 1
        print(out[:6000])

    print("lint: clean" if not bad else f"lint: {bad} findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
