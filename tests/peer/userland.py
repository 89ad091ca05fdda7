# SPDX-License-Identifier: MIT
"""Debian 13's Vulkan for a guest: loader, vulkaninfo, Mesa's NVK and the libraries that those need.

The packages come through apt when a test runs and are kept unpacked below build/peer. Only what is
reached goes into the guest: PROGRAMS, NVK, and from there by DT_NEEDED. So no LLVM: of Mesa's
drivers, others need it.
"""

import functools
import glob
import os
import re
import subprocess
import sys

import vendor

sys.path.insert(0, os.path.join(vendor.TOP, "tests", "bed"))
import image  # noqa: E402

SUITE = "trixie"
PACKAGES = """vulkan-tools libvulkan1 mesa-vulkan-drivers libc6 libdrm2 zlib1g libzstd1 libxcb1 libx11-6
    libx11-xcb1 libxcb-dri3-0 libxcb-present0 libxcb-xfixes0 libxcb-sync1 libxcb-randr0 libxcb-shm0 libxshmfence1
    libwayland-client0 libexpat1 libstdc++6 libgcc-s1 libxau6 libxdmcp6 libbsd0 libmd0 libffi8""".split()
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"
PROGRAMS = ("usr/bin/vulkaninfo",)
# Opened by name: by programs, by the Vulkan loader, by pthread_cancel().
OPENED = ("libvulkan.so.1", "libvulkan_nouveau.so", "libgcc_s.so.1")
NVK = "usr/share/vulkan/icd.d/nouveau_icd*.json"


def unpack(deb, tree):
    """Every package beside deb, with a file `packages` that says which versions they are."""
    debs = sorted(glob.glob(os.path.join(os.path.dirname(deb), "*.deb")))
    for part in debs:
        vendor.pipe(["dpkg-deb", "--fsys-tarfile", part],
                    ["tar", "x", "-C", tree, "--exclude=./usr/share/doc", "--exclude=*/gconv"])
    with open(os.path.join(tree, "packages"), "w", encoding="utf-8") as f:
        f.writelines(f"{os.path.basename(part).split('_')[0]} {vendor.version_of(part)}\n" for part in debs)


def fetch():
    """The folder of the unpacked packages, or None when the mirror lacks one of them."""
    tree = vendor.obtain(f"vulkan-{SUITE}", ["--suites", SUITE, "download", *PACKAGES], "vulkan-tools_*.deb",
                         unpack)
    if tree and len(versions(tree)) != len(PACKAGES):
        lost = sorted(set(PACKAGES) - set(versions(tree)))
        raise image.ImageError(f"{tree}: packages {' '.join(lost)} did not arrive")
    return tree


def versions(tree):
    """{package: version} of what fetch() unpacked."""
    with open(os.path.join(tree, "packages"), encoding="utf-8") as f:
        return dict(line.split() for line in f)


def needed(host):
    """The names that an ELF file's DT_NEEDED entries have."""
    out = subprocess.run(["readelf", "-dW", host], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", out)


def library(tree, name):
    """Where the packages have a library."""
    for folder in (LIBRARIES, "usr/lib64", "lib64", "lib/x86_64-linux-gnu"):
        host = os.path.join(tree, folder, name)
        if os.path.exists(host):
            return os.path.realpath(host)
    raise image.ImageError(f"{name}: no package of {tree} has it")


@functools.lru_cache(maxsize=None)
def archive(programs=()):
    """A cpio archive with the userland, to append to an initramfs.

    programs    host paths of further programs, which get into /usr/bin; what they need must be in the packages
    """
    tree = fetch()
    cpio = image.Cpio()
    todo = [os.path.join(tree, path) for path in PROGRAMS] + [os.path.abspath(path) for path in programs]
    for host in todo:
        cpio.file("/usr/bin/" + os.path.basename(host), host, 0o755)
    for icd in glob.glob(os.path.join(tree, NVK)):
        cpio.file("/" + os.path.relpath(icd, tree), icd, 0o644)
    names = {LOADER, *OPENED}.union(*map(needed, todo))
    done = set()
    while names - done:
        name = min(names - done)
        host = library(tree, name)
        cpio.file(f"/lib64/{name}" if name == LOADER else f"/{LIBRARIES}/{name}", host, 0o755)
        names.update(needed(host))
        done.add(name)
    return cpio.finish()
