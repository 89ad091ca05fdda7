# SPDX-License-Identifier: MIT
"""What Debian has of NVIDIA's open kernel modules and of nouveau: fetched through apt when a test runs.

Everything is kept below build/peer, and only what judges read: packages are deleted once unpacked. That
a mirror lacks something is remembered for a day, so that the next run does not ask again.
"""

import contextlib
import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, os.environ.get("O", "build"))
PEER = os.path.join(OUT, "peer")
# Version, and the Debian release whose contrib section has it.
VERSIONS = {"535.261.03": "bookworm", "550.163.01": "trixie"}
PACKAGE = "nvidia-open-gpu-kernel-modules"
DRIVER = "nvidia-open-kernel-dkms"
ASK_AGAIN_SECONDS = 24 * 3600
# What apt says when the mirror does not have it, and not when the network is down.
LACKING = r"404  Not Found|Unable to locate package|Unable to find a source package|was not found"


def lacking(name):
    """Whether the mirror lacked it less than a day ago."""
    stamp = os.path.join(PEER, "absent-" + name)
    return os.path.exists(stamp) and time.time() - os.path.getmtime(stamp) < ASK_AGAIN_SECONDS


@contextlib.contextmanager
def alone(name):
    """Within it nobody else fetches that: tests run beside each other, and some want the same."""
    os.makedirs(PEER, exist_ok=True)
    with open(os.path.join(PEER, f"fetch-{name}.lock"), "w", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def apt(name, where, args):
    """Run tests/bed/apt.py in `where`. Returns exit code and output, kept as apt-NAME.log too."""
    done = subprocess.run([sys.executable, os.path.join(TOP, "tests/bed/apt.py"), "--dir",
                           os.path.join(OUT, "apt"), *args], cwd=where, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    with open(os.path.join(PEER, f"apt-{name}.log"), "w", encoding="utf-8") as f:
        f.write(done.stdout)
    return done.returncode, done.stdout


def obtain(name, args, pattern, unpack):
    """The folder build/peer/NAME, or None when the mirror lacks what goes into it.

    apt.py is called with args; what it leaves that matches pattern is given to unpack(file, folder).
    The folder gets its name when it is whole.
    """
    tree = os.path.join(PEER, name)
    with alone(name), tempfile.TemporaryDirectory(dir=PEER) as temp:
        if os.path.isdir(tree) and os.listdir(tree):
            return tree
        if lacking(name):
            return None
        # apt fails when the packaging part of a source is gone, though the part that is wanted is there.
        rc, output = apt(name, temp, args)
        found = glob.glob(os.path.join(temp, pattern))
        if not found:
            if rc == 0 or re.search(LACKING, output):
                with open(os.path.join(PEER, "absent-" + name), "w", encoding="utf-8"):
                    pass
            return None
        whole = os.path.join(temp, "whole")
        os.mkdir(whole)
        unpack(found[0], whole)
        shutil.rmtree(tree, ignore_errors=True)
        os.rename(whole, tree)
    return tree


def pipe(*commands):
    """Run commands, each with its input from the one before."""
    running = []
    for argv in commands:
        before = running[-1].stdout if running else subprocess.DEVNULL
        last = len(running) + 1 == len(commands)
        running.append(subprocess.Popen(argv, stdin=before, stdout=None if last else subprocess.PIPE))
        if len(running) > 1:
            before.close()
    # tar may stop reading before the archive ends, so only the last command's outcome counts.
    if [p.wait() for p in running][-1]:
        sys.exit(f"vendor: {' '.join(commands[-1][:2])} … failed")


def version_of(deb):
    """The package's version, as its control file says."""
    return subprocess.run(["dpkg-deb", "-f", deb, "Version"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


def fetch(version):
    """The unpacked source tree of one of VERSIONS, or None when the mirror lacks it."""
    return obtain(version, ["--types", "deb-src", "--suites", VERSIONS[version], "--components",
                            "contrib", "source", "--download-only", PACKAGE],
                  f"{PACKAGE}_{version}.orig.tar.*",
                  lambda tar, tree: subprocess.run(
                      ["tar", "xf", tar, "-C", tree, "--strip-components=1", "--wildcards",
                       "*/src/common/*", "*/src/nvidia/*"], check=True))


def fetch_driver(version):
    """The driver of one of VERSIONS as Debian compiled it, or None when the mirror lacks it.

    A folder with nv-kernel.o_binary, which is compiled from src/common and src/nvidia and keeps its
    debug information, and with the few headers that the package has in clear.
    """
    return obtain(f"{DRIVER}-{version}", ["--suites", VERSIONS[version], "--components", "contrib",
                                          "download", f"{DRIVER}={version}*"],
                  f"{DRIVER}_{version}*.deb",
                  lambda deb, tree: pipe(["dpkg-deb", "--fsys-tarfile", deb],
                                         ["tar", "x", "-C", tree, "--strip-components=4", "--wildcards",
                                          "*/nv-kernel.o_binary", "*/common/inc/*.h", "*/nvidia-uvm/cl*.h"]))


def fetch_nouveau(suite):
    """nouveau's excerpts of the vendor's headers from a Debian release's kernel source, or None.

    The folder holds nouveau's include/ and nvkm/, and a file `package` that says where they come from.
    """
    name = f"nouveau-{suite}"
    if os.path.isdir(os.path.join(PEER, name)):
        return os.path.join(PEER, name)
    # An empty package names the kernel of a release: linux-source depends on, say, linux-source-6.12.
    pointer = obtain(f"linux-source-{suite}", ["--suites", suite, "download", "linux-source"],
                     "linux-source_*.deb", shutil.copy)
    if pointer is None:
        return None
    needs = subprocess.run(["dpkg-deb", "-f", glob.glob(os.path.join(pointer, "*.deb"))[0], "Depends"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    package = re.search(r"linux-source-[\d.]+", needs)[0]

    def unpack(deb, tree):
        pipe(["dpkg-deb", "--fsys-tarfile", deb],
             ["tar", "xO", "--wildcards", f"./usr/src/{package}.tar.*"],
             ["tar", "xJ", "-C", tree, "--strip-components=5", "--wildcards",
              "*/drivers/gpu/drm/nouveau/*/nvrm/*", "*/drivers/gpu/drm/nouveau/include/nvif/class.h"])
        with open(os.path.join(tree, "package"), "w", encoding="utf-8") as f:
            f.write(f"{package} {version_of(deb)}\n")

    return obtain(name, ["--suites", suite, "download", package], f"{package}_*.deb", unpack)
