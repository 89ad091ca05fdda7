# SPDX-License-Identifier: MIT
"""Archives for driver domains: Debian's real firmware, fetched and packed by `xvgpu` when a test runs."""

import fcntl
import glob
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "peer"), os.path.join(TESTS, "bed")]

import firmware  # noqa: E402
from bed import BUILD  # noqa: E402
from results import Skip  # noqa: E402


def pack(folder, family, version):
    """The archive of one version's files in a folder."""
    out = os.path.join(BUILD, "run", f"{family}-{version}.fw")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(f"{out}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run beside each other
        subprocess.run([os.path.join(BUILD, "xvgpu"), "firmware", "pack", folder, "--version", version,
                        "-o", out], check=True, stdout=subprocess.DEVNULL)
    return out


def images(family="ga102"):
    """{version: path of its image} of all that Debian has for a family of chips, later releases last."""
    found = {}
    for release, packages in firmware.PACKAGES.items():
        package = "firmware-nvidia-graphics"
        tree = firmware.fetch(release, package) if package in packages else None
        for path in sorted(glob.glob(os.path.join(tree, family, "gsp", "gsp-*.bin"))) if tree else []:
            found.setdefault(os.path.basename(path)[4:-4], path)
    return found


def find_or_skip(results, version, case):
    """The archive, or None: then the case has been skipped, with the reason."""
    archive = find(version)
    if not archive:
        with results.case(case):
            raise Skip(f"the mirror has no firmware package with {version}")
    return archive


def find(version, family="ga102"):
    """The archive of one version, or None when the mirror has no such package."""
    path = images(family).get(version)
    return pack(os.path.dirname(path), family, version) if path else None
