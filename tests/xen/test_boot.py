#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gpudom boots Debian's real GSP firmware on real Xen, against the GPU model: `make boot-gsp`, as cases.

Every version by one gpudom ELF, each twice without a reset in between; then one version by a gpudom that
was built without its ABI pack, which comes in the archive. Firmware of that version that dies under a guest's submissions costs
the GPU, and dom0 brings all back. What is wrong with the arguments is told in one line. No vendor instruction runs: FWSEC, booters and GSP-RM are stand-ins of the model.
"""

import dataclasses
import os
import subprocess
import sys
import tempfile

import boot_gsp
from system import BUILD, GPU_BDF, ROOT, fields
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


def halt_firmware(s):
    """Resets the GSP from dom0, behind gpudom's back: its core stops, as that of crashed firmware does."""
    with_bar0 = f"bar0=$(head -n 1 /sys/bus/pci/devices/{GPU_BDF}/resource | cut -d ' ' -f 1)"
    engine = 0x110000 + 0x3c0  # NV_PFALCON_FALCON_ENGINE of the GSP
    s.ok(f"{with_bar0}; for v in 1 0; do devmem $((bar0 + {engine})) 32 $v; done")


def progress(s, name):
    """{"verified": bytes, "losses": connections lost} of a guest."""
    return {k: int(v) for k, v in fields(s.node(name, "progress") or "").items()}


def firmware_that_dies(s, fw):
    """gpudom notices and gives the GPU up, its guest is told; dom0 resets the board; all goes on."""
    s.ok(f"echo default >/sys/bus/pci/devices/{GPU_BDF}/reset_method")
    begin = boot_gsp.start(s, fw)
    s.wait(s.gpudom_running, "gpudom to serve", 90)
    s.start_daemon()
    s.create_worker("pv", "mode=loop via=gpu key=1 bytes=8M", "64M")
    s.wait_node("pv", "progress", "verified")
    first, resets = s.domid("gpudom"), boot_gsp.flrs(s)
    halt_firmware(s)
    s.wait_guest("gpudom", "lost: its firmware has halted", 20, begin)
    s.wait(lambda: progress(s, "pv").get("losses", 0) >= 1, "the guest to be told", 60)
    s.wait(lambda: s.domid("gpudom") not in (None, first) and s.gpudom_running(), "a new gpudom", 120)
    check(boot_gsp.flrs(s) > resets, "the board was not reset")
    check_equal(s.guest_log("gpudom")[begin:].count(f"firmware {fw.version} runs"), 2, "starts of the firmware")
    start = progress(s, "pv")["verified"]
    s.wait(lambda: progress(s, "pv")["verified"] > start + (4 << 20), "traffic to resume", 120)


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
    with boot_gsp.machine("boot", machines, kernels, images=("worker",)) as s:
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
        dying = lean or found[0]
        with results.case(f"guests-submit-to-firmware-that-dies-{dying.version}"):
            firmware_that_dies(s, dying)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
