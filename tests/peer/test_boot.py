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
# Families of firmware, and a board of the model that needs it. NVIDIA's image for each.
BOARDS = {"ga102": "ga102", "ad102": "ad102", "tu102": "tu102", "tu116": "tu117", "ga100": "ga100"}
IMAGES = {"ga102": "gsp_ga10x.bin", "ad102": "gsp_ga10x.bin", "tu102": "gsp_tu10x.bin",
          "tu116": "gsp_tu10x.bin", "ga100": "gsp_tu10x.bin"}

# What hardware checks, and which step says so. Without a boot ROM nothing is loaded into SEC2 by DMA, so
# there only FWSEC's code can be spoilt on its way; a GA100 runs FWSEC at the end only.
FAULTS = {"flip-image=0x12345": "run_booter_load", "flip-rom=0x4000": "run_fwsec_frts",
          "gsp-silent=0x1001": "run_sequencer_until_init_done"}
UCODE = {"ga102": ("flip-ucode=0x840000", "run_booter_load"),
         "ad102": ("flip-ucode=0x840000", "run_booter_load"),
         "tu102": ("flip-ucode=0x110000", "run_fwsec_frts"),
         "tu116": ("flip-ucode=0x110000", "run_fwsec_frts")}

# NVIDIA's own images whose signatures the model knows: all families of one, GA102 of the other.
SIGNED = {("535.261.03", family) for family in BOARDS} | {("550.163.01", "ga102")}


def faults_of(family):
    faults = dict(FAULTS, **dict([UCODE[family]] if family in UCODE else []))
    if family == "ga100":
        del faults["flip-rom=0x4000"]
    return faults


def image_digest(path):
    offset, size = test_firmware.sections(path)[".fwimage"]
    return hashlib.sha256(test_firmware.read(path)[offset:offset + size]).hexdigest()


def boot(archive, gsp, family, *fault):
    """Both starts deliver the image; returns the lines."""
    board = BOARDS[family]
    lines = test_firmware.ask(BOOTCHECK, archive, board, *fault).splitlines()
    test_firmware.expect(any(line.startswith(f"board {board.upper()}, ") for line in lines), True,
                         f"a board {board}: {lines}")
    arrived = [line.split()[1] for line in lines if line.startswith("image ")]
    test_firmware.expect(arrived, [image_digest(gsp)] * 2, "SHA-256 of .fwimage through radix3")
    test_firmware.expect(sum(line.startswith("unloaded, 0 unknown registers read, 0 written")
                             for line in lines), 2, "unloads that touch only known registers")
    return lines


def archive_of(work, gsp, family, *argv):
    path = os.path.join(work, "archive")
    test_firmware.ask(test_firmware.XVGPU, "firmware", "pack", *argv, "-o", path)
    lines = boot(path, gsp, family)
    return path, f"{lines[0]}; {lines[2]}; {lines[1]}; unloaded; again"


def with_faults(work, gsp, family, *argv):
    path, _ = archive_of(work, gsp, family, *argv)
    faults = faults_of(family)
    for fault, step in faults.items():
        failed = [line for line in boot(path, gsp, family, fault) if line.startswith("failed ")]
        test_firmware.expect([step + ":" in line for line in failed], [True], f"{fault}: {failed}")
    return f"{len(faults)} faults each end at their step, and the next start works"


def on_another(work, gsp, family, *argv):
    """What is signed for one family is refused by a board of another, before anything is started."""
    path, _ = archive_of(work, gsp, family, *argv)
    for other, board in BOARDS.items():
        if other != family:
            p = subprocess.run([BOOTCHECK, path, board], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, check=False)
            says = f"refused: {family} is not for {board.upper()}" in p.stdout
            test_firmware.expect((p.returncode, says), (1, True), f"on a {board}: {p.stdout}")
    return f"refused by boards of the {len(BOARDS) - 1} other families"


def with_pack(work, gsp, folder, version):
    pack = os.path.join(vendor.TOP, "fwq/abi", version + ".abi")
    path = os.path.join(work, "archive")
    test_firmware.ask(test_firmware.XVGPU, "firmware", "pack", folder, "--version", version,
                      "--abi", pack, "-o", path)
    test_firmware.expect(boot(path, gsp, "ga102")[0], f"version {version}, pack of the archive", "pack")
    return "boots by the pack that travels with it"


def cases(work):
    for release, packages in firmware.PACKAGES.items():
        for package in packages:
            tree = firmware.fetch(release, package)
            if not tree:
                yield f"{release}-{package}", None
                continue
            for family in BOARDS:
                yield from nouveau_files(work, release, tree, family)
            for image_dir in sorted(glob.glob(os.path.join(tree, "[0-9]*"))):
                yield from vendor_files(work, release, image_dir)


def nouveau_files(work, release, tree, family):
    folder = os.path.join(tree, family, "gsp")
    for gsp in sorted(glob.glob(os.path.join(folder, "gsp-*.bin"))):
        version = os.path.basename(gsp)[4:-4]
        name = f"{release}-{family}-{version}"
        if family == "ga100" and not falcon_loader(folder, version):
            continue  # this release's files for it are not complete: nouveau could not start it either
        argv = (folder, "--version", version)
        yield name, lambda g=gsp, a=argv: archive_of(work, g, family, *a)[1]
        if release == "trixie" or (family, version) == ("ga100", "570.144"):
            yield name + "-faults", lambda g=gsp, a=argv: with_faults(work, g, family, *a)
            yield name + "-others", lambda g=gsp, a=argv: on_another(work, g, family, *a)
        if release == "trixie" and family == "ga102":
            yield (name + "-pack",
                   lambda g=gsp, f=folder, v=version: with_pack(work, g, f, v))


def falcon_loader(folder, version):
    return any(os.path.exists(os.path.join(folder, name))
               for name in (f"gen_bootloader-{version}.bin", "../acr/bl.bin"))


def vendor_files(work, release, image_dir):
    """NVIDIA's two images, with booters, and FWSEC's loader where needed, from the source."""
    version = os.path.basename(image_dir)
    source = vendor.fetch(version) if version in vendor.VERSIONS else None
    for family, image in IMAGES.items():
        gsp = os.path.join(image_dir, image)
        if not source or (version, family) not in SIGNED:
            continue
        argv = (image_dir, source, "--version", version, "--chip", family)
        yield (f"{release}-{family}-{version}",
               lambda g=gsp, f=family, a=argv: archive_of(work, g, f, *a)[1])


def main():
    with tempfile.TemporaryDirectory(dir=vendor.PEER) as work:
        return test_firmware.run(cases(work), "boot-", errors=(IndexError,))


if __name__ == "__main__":
    sys.exit(main())
