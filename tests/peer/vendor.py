# SPDX-License-Identifier: MIT
"""NVIDIA's open kernel module sources as Debian has them: fetched through apt when a test runs, kept below build/peer."""

import glob
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, os.environ.get("O", "build"))
PEER = os.path.join(OUT, "peer")
# Version, and the Debian release whose contrib section has its source.
VERSIONS = {"535.261.03": "bookworm", "550.163.01": "trixie"}
PACKAGE = "nvidia-open-gpu-kernel-modules"


def fetch(version):
    """The unpacked source tree of one of VERSIONS, or None when the mirror lacks it."""
    tree = os.path.join(PEER, version)
    if os.path.isdir(os.path.join(tree, "src")):
        return tree
    os.makedirs(tree, exist_ok=True)
    with open(os.path.join(PEER, f"apt-{version}.log"), "w", encoding="utf-8") as log:
        # apt fails when the packaging part is gone from the mirror; the .orig part is what is wanted.
        subprocess.run([sys.executable, os.path.join(TOP, "tests/bed/apt.py"), "--dir",
                        os.path.join(OUT, "apt"), "--types", "deb-src", "--suites", VERSIONS[version],
                        "--components", "contrib", "source", "--download-only", PACKAGE],
                       cwd=PEER, stdout=log, stderr=log, check=False)
    found = glob.glob(os.path.join(PEER, f"{PACKAGE}_{version}.orig.tar.*"))
    if not found:
        return None
    subprocess.run(["tar", "xf", found[0], "-C", tree, "--strip-components=1", "--wildcards",
                    "*/src/common/*", "*/src/nvidia/*"], check=True)
    return tree
