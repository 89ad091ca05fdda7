#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boots Debian's real firmware files on the GPU model: our driver, the model's board, their bytes.

    test_boot.py            needs build/xvgpu and build/bootcheck (make peer)

The model lets in only what the vendor signed, by digest; the image that arrives through radix3 must
have the SHA-256 that Python computes of the file's section. No vendor instruction runs: FWSEC,
booters and GSP-RM are stand-ins of the model.
"""

import glob
import hashlib
import os
import subprocess
import sys
import tempfile

import firmware
import test_firmware
import vendor

BOOTCHECK = os.path.join(vendor.OUT, "bootcheck")
CHIP = "ga102"

# What hardware checks, and which step says so.
FAULTS = {"flip-image=0x12345": "run_booter_load", "flip-rom=0x4000": "run_fwsec_frts",
          "flip-ucode=0x840000": "run_booter_load", "gsp-silent=0x1001": "run_sequencer_until_init_done"}


def image_digest(path):
    offset, size = test_firmware.sections(path)[".fwimage"]
    return hashlib.sha256(test_firmware.read(path)[offset:offset + size]).hexdigest()


def boot(archive, gsp, *fault):
    """Both starts deliver the image; returns the lines."""
    lines = test_firmware.ask(BOOTCHECK, archive, *fault).splitlines()
    arrived = [line.split()[1] for line in lines if line.startswith("image ")]
    test_firmware.expect(arrived, [image_digest(gsp)] * 2, "SHA-256 of .fwimage through radix3")
    test_firmware.expect(sum(line.startswith("unloaded, 0 unknown registers read, 0 written")
                             for line in lines), 2, "unloads that touch only known registers")
    return lines


def archive_of(work, gsp, *argv):
    path = os.path.join(work, "archive")
    test_firmware.ask(test_firmware.XVGPU, "firmware", "pack", *argv, "-o", path)
    lines = boot(path, gsp)
    return path, f"{lines[0]}; {lines[2]}; {lines[1]}; unloaded; again"


def with_faults(work, gsp, *argv):
    path, _ = archive_of(work, gsp, *argv)
    for fault, step in FAULTS.items():
        failed = [line for line in boot(path, gsp, fault) if line.startswith("failed ")]
        test_firmware.expect([step + ":" in line for line in failed], [True], f"{fault}: {failed}")
    return f"{len(FAULTS)} faults each end at their step, and the next start works"


def with_pack(work, gsp, folder, version):
    pack = os.path.join(vendor.TOP, "fwq/abi", version + ".abi")
    path = os.path.join(work, "archive")
    test_firmware.ask(test_firmware.XVGPU, "firmware", "pack", folder, "--version", version,
                      "--abi", pack, "-o", path)
    test_firmware.expect(boot(path, gsp)[0], f"version {version}, pack of the archive", "pack")
    return "boots by the pack that travels with it"


def cases(work):
    for release, packages in firmware.PACKAGES.items():
        for package in packages:
            tree = firmware.fetch(release, package)
            if not tree:
                yield f"{release}-{package}", None
                continue
            folder = os.path.join(tree, CHIP, "gsp")
            for gsp in sorted(glob.glob(os.path.join(folder, "gsp-*.bin"))):
                version = os.path.basename(gsp)[4:-4]
                argv = (folder, "--version", version)
                yield (f"{release}-{version}", lambda g=gsp, a=argv: archive_of(work, g, *a)[1])
                if release == "trixie":
                    yield (f"{release}-{version}-faults", lambda g=gsp, a=argv: with_faults(work, g, *a))
                    yield (f"{release}-{version}-pack",
                           lambda g=gsp, f=folder, v=version: with_pack(work, g, f, v))
            for image_dir in sorted(glob.glob(os.path.join(tree, "[0-9]*"))):
                version = os.path.basename(image_dir)
                source = vendor.fetch(version) if version in vendor.VERSIONS else None
                if source:
                    gsp = os.path.join(image_dir, "gsp_ga10x.bin")
                    yield (f"{release}-{version}",
                           lambda g=gsp, d=image_dir, s=source:
                           archive_of(work, g, d, s, "--chip", CHIP)[1])


def main():
    bad = 0
    with tempfile.TemporaryDirectory(dir=vendor.PEER) as work:
        for name, case in cases(work):
            if not case:
                print(f"skip boot-{name}: the mirror does not have it", flush=True)
                continue
            try:
                print(f"ok boot-{name}: {case()}", flush=True)
            except (test_firmware.Wrong, OSError, KeyError, IndexError) as e:
                bad += 1
                print(f"FAILED boot-{name}: {e}".replace("\n", " "), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
