# SPDX-License-Identifier: MIT
"""Firmware packages of Debian's releases: fetched through apt when a test runs, kept below build/peer."""

import glob
import os
import subprocess
import sys

from vendor import OUT, PEER, TOP, alone

# Debian releases and their packages with GSP firmware. Debian 11 has none.
PACKAGES = {"bookworm": ["firmware-nvidia-gsp"],
            "trixie": ["firmware-nvidia-graphics", "firmware-nvidia-gsp"],
            "sid": ["firmware-nvidia-graphics", "firmware-nvidia-gsp"]}


def fetch(release, package):
    """The folder nvidia/ of that package, or None when the mirror lacks it."""
    where = os.path.join(PEER, "firmware", release, package)
    with alone(f"firmware-{release}-{package}"):
        if not glob.glob(os.path.join(where, "*.deb")):
            os.makedirs(where, exist_ok=True)
            with open(os.path.join(where, "apt.log"), "w", encoding="utf-8") as log:
                subprocess.run([sys.executable, os.path.join(TOP, "tests/bed/apt.py"), "--dir",
                                os.path.join(OUT, "apt"), "--suites", release, "--components",
                                "non-free,non-free-firmware", "download", package],
                               cwd=where, stdout=log, stderr=log, check=False)
        found = sorted(glob.glob(os.path.join(where, "*.deb")))
        if not found:
            return None
        tree = os.path.join(where, "tree")
        if not os.path.isdir(tree):
            subprocess.run(["dpkg-deb", "-x", found[-1], tree], check=True)
    below = [d for d in ("usr/lib/firmware/nvidia", "lib/firmware/nvidia")
             if os.path.isdir(os.path.join(tree, d))]
    return os.path.join(tree, below[0]) if below else None
