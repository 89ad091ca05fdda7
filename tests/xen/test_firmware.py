#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A driver domain on real Xen reads Debian's real firmware where xl loaded it.

`xvgpu firmware pack` makes an archive of the files of a Debian package, fetched when the test runs;
`xvgpu init` says how much memory the domain needs with it; tests/xen/images/firmware.c opens it with
gpudom's own readers and hashes .fwimage, which must be what readelf finds in the package's file. A
damaged and a missing archive are told and do no harm. Nothing is run from the files.
"""

import hashlib
import os
import re
import subprocess
import sys

from system import GPU_BDF, LIB, System
from archives import images, pack
from results import Results, Skip, check, check_equal

WHERE = "/var/lib/xvgpu"


def section(path, name):
    """The bytes of a section, by readelf."""
    out = subprocess.run(["readelf", "-SW", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    m = re.search(rf"\] {re.escape(name)}\s+\w+\s+[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)", out)
    with open(path, "rb") as f:
        f.seek(int(m[1], 16))
        return f.read(int(m[2], 16))


def archives():
    """(version, archive, sha256 of .fwimage) of each version that Debian has for GA102."""
    return [(version, pack(os.path.dirname(path), "ga102", version),
             hashlib.sha256(section(path, ".fwimage")).hexdigest()) for version, path in sorted(images().items())]


def start(s, name, archive):
    """Starts the image in the memory that xvgpu init computes; returns that, in MiB."""
    ramdisk = f"--ramdisk {archive}" if archive else ""
    s.ok(f"xvgpu init {GPU_BDF} --name {name} --kernel {LIB}/images/firmware {ramdisk}")
    s.ok(f"xl create /etc/xvgpu/{name}.cfg", timeout=60)
    return int(re.search(r"^memory = (\d+)", s.ok(f"cat /etc/xvgpu/{name}.cfg"), re.M)[1])


def end(s, name):
    """Its config makes it go away by itself."""
    s.wait(lambda: not s.domid(name), f"{name} to end", 30)
    s.ok(f"rm /etc/xvgpu/{name}.cfg {WHERE}/gpudoms/{name}")


def main():
    results = Results("firmware")
    found = archives()
    with System("firmware", images=("firmware",),
                overlay={f"{WHERE}/{version}.fw": path for version, path, _ in found}) as s:
        for version, path, digest in found:
            with results.case(f"read-in-place-{version}"):
                name = f"fw-{version}"
                memory = start(s, name, f"{WHERE}/{version}.fw")
                size = os.path.getsize(path)
                m = s.wait_guest(name, r"fw: (\S+) for (\S+): image of (\d+) bytes at 0x(\w+), "
                                       r"(\d+) pages free", 60)
                check_equal((m[1], m[2]), (version, "ga102"), "version and chip")
                check_equal(int(m[4], 16) % 4096, 0, "place of the image in a page")
                t = s.wait_guest(name, r"fw: took (\d+) us, \.fwimage sha256 (\w+)", 120)
                check_equal(t[2], digest, "sha256 of .fwimage in the domain")
                check(memory * 256 - size // 4096 - int(m[5]) < 16 * 256,
                      f"{memory} MiB, {size} bytes of archive, {m[5]} pages free")
                s.say(f"firmware {version}: {size} bytes in {memory} MiB, {m[5]} pages free, opened "
                      f"in {t[1]} us, sha256 {digest}")
                end(s, name)
        with results.case("a-damaged-archive-is-told"):
            if not found:
                raise Skip("the mirror has no firmware package")
            s.ok(f"printf x | dd of={WHERE}/{found[0][0]}.fw bs=1 seek=4096 conv=notrunc")
            start(s, "bad", f"{WHERE}/{found[0][0]}.fw")
            s.wait_guest("bad", r"fw: refused: booter_load: damaged: checksum", 60)
            end(s, "bad")
        with results.case("no-archive-is-told"):
            start(s, "none", None)
            s.wait_guest("none", r"fw: refused: no module", 60)
            end(s, "none")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
