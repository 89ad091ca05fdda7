#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gpudom boots Debian's real GSP firmware on real Xen, against the GPU model: `make boot-gsp`, as cases.

Every version by one gpudom ELF, each twice without a reset in between; then one version by a gpudom that
was built without its ABI pack, which comes in the archive. And what is wrong is told in one line. No
vendor instruction runs: FWSEC, booters and GSP-RM are stand-ins of the model.
"""

import dataclasses
import os
import subprocess
import sys
import tempfile

import boot_gsp
from system import BUILD, ROOT
from results import Results, Skip, check, check_equal

VERSIONS = ("535.113.01", "535.261.03", "570.144")
PACKED = "570.144"  # the version whose pack is left out


def wrong_arguments(results, found):
    """make boot-gsp says what is wrong with what it was given, before it starts anything."""
    with tempfile.TemporaryDirectory() as empty:
        with open(os.path.join(empty, "gsp_ga10x.bin"), "wb") as f:
            f.write(b"no ELF file")
        cases = [("no-such-folder", ["--firmware", "/nowhere"], "FIRMWARE=/nowhere: no such folder"),
                 ("a-folder-without-firmware", ["--firmware", "/usr"], "neither gsp-VERSION.bin"),
                 ("a-file-that-is-no-firmware", ["--firmware", empty], "not a GSP firmware image"),
                 ("no-such-pack", ["--pack", "/nowhere.abi"], "PACK=/nowhere.abi: no such file")]
        if found:
            folder = os.path.dirname(found[0].gsp)
            cases.append(("no-such-version", ["--firmware", folder, "--version", "1.2"], "there is: "))
        for name, argv, word in cases:
            with results.case(name):
                done = subprocess.run([sys.executable, os.path.join(ROOT, "tests/xen/boot_gsp.py"), *argv],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
                lines = done.stdout.splitlines()
                check_equal((done.returncode, len(lines), lines[-1]), (1, 2, "boot-gsp: FAILED"), "the end")
                check(word in lines[0], f"{word!r} is not in {lines[0]!r}")


def main():
    results = Results("boot")
    found = boot_gsp.of_debian()
    wrong_arguments(results, found)
    for version in VERSIONS:
        if version not in [fw.version for fw in found]:
            with results.case(f"boots-unloads-boots-{version}"):
                raise Skip("the mirror does not have it")
    kernels = {"gpudom": os.path.join(BUILD, "gpudom")}
    for fw in found:
        boot_gsp.pack(fw)
    machines = list(found)
    lean = next((fw for fw in found if fw.version == PACKED), None)
    if lean:
        kernels["lean"] = boot_gsp.gpudom_without(PACKED)
        machines.append(boot_gsp.pack(dataclasses.replace(lean), os.path.join(ROOT, f"fwq/abi/{PACKED}.abi")))
    if not found:
        return results.finish()
    with boot_gsp.machine("boot", machines, kernels) as s:
        s.say(f"gpudom sha256 {boot_gsp.sha256(kernels['gpudom'])}")
        for fw in found:
            with results.case(f"boots-unloads-boots-{fw.version}"):
                seen = boot_gsp.boot_twice(s, fw)
                check_equal(seen.abi, "built in", "the ABI pack")
                boot_gsp.show(fw, seen)
        if lean:
            with results.case(f"without-its-pack-{PACKED}-is-refused"):
                boot_gsp.refused_without_pack(s, lean, "lean")
            with results.case(f"by-the-pack-of-the-archive-{PACKED}"):
                seen = boot_gsp.boot_twice(s, machines[-1], "lean")
                check_equal(seen.abi, "of the archive", "the ABI pack")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
