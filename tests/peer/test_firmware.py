#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Shows the readers of firmware files the real files of every Debian release that has them.

    test_firmware.py            needs build/xvgpu and build/fwcheck (make peer)

Judges: readelf, for the sections of the GSP's images; Python's own view of the words of booters and
bootloaders, after nouveau's headers; zlib, for arrays in NVIDIA's source and for checksums; and the
files themselves, which must come out of an archive byte for byte. Nothing is run from the files.
"""

import glob
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

import firmware
import vendor

XVGPU = os.path.join(vendor.OUT, "xvgpu")
FWCHECK = os.path.join(vendor.OUT, "fwcheck")
FAMILIES = ("tu102", "tu116", "ga100", "ga102", "ad102")
PAGE = 4096
GENERATED = "src/nvidia/generated"


class Wrong(Exception):
    """What differs."""


def expect(said, wanted, what):
    if said != wanted:
        raise Wrong(f"{what}: {said}, not {wanted}")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def words(data, offset, n):
    return struct.unpack_from(f"<{n}I", data, offset)


def ask(*argv):
    """What a program prints; Wrong when it fails."""
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if p.returncode:
        raise Wrong(f"{os.path.basename(argv[0])} {' '.join(argv[1:3])}: {p.stderr.strip()}")
    return p.stdout


def found(kind, path):
    """The reader's findings: name to list of values."""
    return {w[0]: w[1:] for w in map(str.split, ask(FWCHECK, kind, path).splitlines())}


def sections(path):
    """Name to (offset, size) of an ELF file's sections, by readelf."""
    rows = re.findall(r"^\s*\[\s*\d+\] (\.\S+)\s+\w+\s+[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)",
                      ask("readelf", "-SW", path), re.M)
    return {name: (int(offset, 16), int(size, 16)) for name, offset, size in rows}


# ---------------------------------------------------------------- one file at a time

def check_gsp(path):
    said = found("gsp", path)
    want = sections(path)
    data = read(path)
    offset, size = want[".fwversion"]
    expect(said.pop("version"), [data[offset:offset + size].rstrip(b"\0").decode()], ".fwversion")
    wanted = {n: [str(v) for v in s] for n, s in want.items()
              if n == ".fwimage" or n.startswith(".fwsignature_")}
    expect(said, wanted, "sections")


def check_booter(path):
    said = found("booter", path)
    data = read(path)
    _, _, _, header, image, size = words(data, 0, 6)
    sigs, sigs_size, loc, _, meta, _, num, load, _ = words(data, header, 9)
    count, = words(data, num, 1)
    os_code, os_code_size, os_data, os_data_size, _, app, app_size = words(data, load, 7)
    _, engine, ucode = words(data, meta, 3)
    each = sigs_size // count
    expect(os_code, 0, "OS code")
    wanted = {"image": [image, size], "signatures": [sigs, sigs_size], "sig_count": [count],
              "sig_offset": list(words(data, loc, 1)), "os_code": [os_code_size], "app": [app],
              "app_size": [app_size], "data": [os_data], "data_size": [os_data_size],
              "engine": [engine], "ucode": [ucode],
              "signature_0": [sigs + (count - 1) * each, each]}
    if count == 2:
        wanted["signature_newer"] = [sigs, each]
    expect(said, {n: [str(x) for x in v] for n, v in wanted.items()}, "booter")


def check_bootloader(path):
    data = read(path)
    _, _, _, header, image, size = words(data, 0, 6)
    desc = words(data, header, 14)
    expect(found("bootloader", path),
           {"image": [str(image), str(size)], "code": [str(desc[12])], "data": [str(desc[10])],
            "manifest": [str(desc[8])], "app_version": [str(desc[7])]}, "bootloader")


def check_falcon_loader(path):
    data = read(path)
    _, _, _, header, payload, _ = words(data, 0, 6)
    tag, _, code, size, _, _ = words(data, header, 6)
    expect(found("falcon_loader", path), {"code": [str(payload + code), str(size)], "tag": [str(tag)]},
           "falcon loader")


CHECKS = {"gsp-*.bin": check_gsp, "gsp_*.bin": check_gsp, "booter_*.bin": check_booter,
          "scrubber-*.bin": check_booter, "bootloader-*.bin": check_bootloader,
          "gen_bootloader-*.bin": check_falcon_loader}


def check_files(tree):
    """Every file of a package, each once however many links there are; returns how many."""
    n = 0
    for pattern, check in CHECKS.items():
        # nvidia/CHIP/gsp/FILE and nvidia/VERSION/FILE
        names = glob.glob(os.path.join(tree, "*/gsp", pattern)) + glob.glob(os.path.join(tree, "[0-9]*", pattern))
        for path in sorted({os.path.realpath(name) for name in names}):
            check(path)
            n += 1
    return n


# ---------------------------------------------------------------- archives

def unpack(path):
    """Version, chip and entries of an archive, by docs/firmware-archive.md."""
    data = read(path)
    magic, form, n, size, version, chip, crc, zero = struct.unpack_from("<8sIIQ32s16sII", data)
    expect((magic, form, size, zero), (b"XVGPUFW\0", 1, len(data), 0), "header")
    expect(len(data) % PAGE, 0, "size")
    table = bytearray(data[:80 + 48 * n])
    table[72:76] = bytes(4)
    expect(zlib.crc32(table), crc, "checksum of the table")
    entries = {}
    for i in range(n):
        name, offset, length, crc, zero = struct.unpack_from("<24sQQII", data, 80 + 48 * i)
        entry = data[offset:offset + length]
        expect((len(entry), zlib.crc32(entry), zero), (length, crc, 0), name)
        entries[name.rstrip(b"\0").decode()] = (offset, entry)
    return version.rstrip(b"\0").decode(), chip.rstrip(b"\0").decode(), entries


def pack(work, *argv):
    """Packs, lists and unpacks."""
    path = os.path.join(work, "archive")
    ask(XVGPU, "firmware", "pack", *argv, "-o", path)
    expect("DAMAGED" in ask(XVGPU, "firmware", "list", path), False, "list")
    return path, unpack(path)


def check_image(gsp_path, entry):
    """The image lies at a page of the archive and is the file's section."""
    offset, size = sections(gsp_path)[".fwimage"]
    at, data = entry
    expect((at + offset) % PAGE, 0, "place of .fwimage")
    expect(hashlib.sha256(data).hexdigest(), hashlib.sha256(read(gsp_path)).hexdigest(), "gsp")
    return hashlib.sha256(data[offset:offset + size]).hexdigest()


def check_split(work, folder, version):
    """An archive of nouveau's files holds them unchanged."""
    _, (said, chip, entries) = pack(work, folder, "--version", version)
    expect((said, chip), (version, os.path.basename(os.path.dirname(folder))), "version and chip")
    for name, (_, data) in entries.items():
        names = {"falcon_loader": "gen_bootloader"}
        path = os.path.join(folder, f"{names.get(name, name)}-{version}.bin")
        if name == "falcon_loader" and not os.path.exists(path):
            path = os.path.join(folder, "../acr/bl.bin")
        expect(data == read(path), True, f"{name} as in {path}")
    for name in ("gsp", "bootloader", "booter_load", "booter_unload"):
        expect(name in entries, True, f"entry {name}")
    return check_image(os.path.join(folder, f"gsp-{version}.bin"), entries["gsp"])


def check_damage(work, folder, version):
    """The same files give the same archive; list sees a flipped bit in any entry, and a cut."""
    path, (_, _, entries) = pack(work, folder, "--version", version)
    whole = bytearray(read(path))
    pack(work, folder, "--version", version)
    expect(read(path) == whole, True, "the same archive again")
    for name, (offset, data) in entries.items():
        whole[offset + len(data) // 2] ^= 1
        with open(path, "wb") as f:
            f.write(whole)
        p = subprocess.run([XVGPU, "firmware", "list", path], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, check=False)
        damaged = re.findall(r"^(\w+) .*DAMAGED$", p.stdout, re.M)
        expect((p.returncode, damaged), (3, [name]), "list of a damaged archive")
        whole[offset + len(data) // 2] ^= 1
    with open(path, "wb") as f:
        f.write(whole[:-PAGE])
    p = subprocess.run([XVGPU, "firmware", "list", path], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, check=False)
    expect(p.returncode, 3, "list of a cut archive")


def arrays(path):
    """Label to bytes of each array of a generated source file, unpacked by Python's zlib."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    out = {}
    for m in re.finditer(r'// FUNCTION: \w+\("(\w+)"\)(.*?)_data\[\] =\s*\{(.*?)\}', text, re.S):
        data = bytes(int(x, 16) for x in re.findall(r"0x([0-9a-f]{2})", m[3]))
        if "// COMPRESSION: YES" in m[2]:
            data = zlib.decompress(data, -zlib.MAX_WBITS)
        out[m[1].lower().replace("bindata_label_", "")] = data
    return out


def check_source(work, image_dir, tree, chip):
    """NVIDIA's image, with booters and bootloader out of the matching source."""
    _, (_, said, entries) = pack(work, image_dir, tree, "--chip", chip)
    expect(said, chip, "chip")
    for name, archive in (("booter_load", "BooterLoadUcode"), ("booter_unload", "BooterUnloadUcode")):
        source = arrays(os.path.join(tree, "src/nvidia/generated",
                                     f"g_bindata_kgspGetBinArchive{archive}_{chip.upper()}.c"))
        data = entries[name][1]
        header, image, size = words(data, 12, 3)
        sigs, sigs_size, loc, _, meta, meta_size, num, load, load_size = words(data, header, 9)
        for label, at, n in (("image_prod", image, size), ("sig_prod", sigs, sigs_size),
                             ("patch_loc", loc, 4), ("patch_meta", meta, meta_size),
                             ("num_sigs", num, 4), ("header_prod", load, load_size)):
            expect(data[at:at + n] == source[label], True, f"{name}: {label}")
    boot = "TU102" if chip == "tu116" else chip.upper()
    source = arrays(os.path.join(tree, "src/nvidia/generated",
                                 f"g_bindata_kgspGetBinArchiveGspRmBoot_{boot}.c"))
    data = entries["bootloader"][1]
    header, image, size = words(data, 12, 3)
    suffix = "_prod" if "ucode_image_prod" in source else ""
    expect(data[image:image + size] == source["ucode_image" + suffix], True, "bootloader: image")
    expect(data[header:image] == source["ucode_desc" + suffix], True, "bootloader: descriptor")
    if "falcon_loader" in entries:
        check_loader_of_source(entries["falcon_loader"][1], tree)
    kind = "tu10x" if chip in ("tu102", "tu116", "ga100") else "ga10x"
    return check_image(os.path.join(image_dir, f"gsp_{kind}.bin"), entries["gsp"])


def check_loader_of_source(data, tree):
    """The falcon loader is the source's, and byte for byte what nouveau has of a later version."""
    source = arrays(os.path.join(tree, GENERATED, "g_bindata_ksec2GetBinArchiveBlUcode_TU102.c"))
    expect(data[words(data, 16, 1)[0]:] == source["ucode_image"], True, "falcon_loader: image")
    nouveau = firmware.fetch("sid", "firmware-nvidia-graphics")
    for path in glob.glob(os.path.join(nouveau or "", "tu102/gsp/gen_bootloader-*.bin")) if nouveau else ():
        expect(data == read(path), True, f"falcon_loader as in {path}")


# ---------------------------------------------------------------- what there is

def split_cases(release, tree, work):
    for chip in FAMILIES:
        folder = os.path.join(tree, chip, "gsp")
        for path in sorted(glob.glob(os.path.join(folder, "gsp-*.bin"))):
            version = os.path.basename(path)[4:-4]
            yield (f"archive-{release}-{chip}-{version}",
                   lambda f=folder, v=version: ".fwimage sha256 " + check_split(work, f, v))


def source_cases(release, tree, work):
    for image_dir in sorted(glob.glob(os.path.join(tree, "[0-9]*"))):
        version = os.path.basename(image_dir)
        source = vendor.fetch(version) if version in vendor.VERSIONS else None
        # The images themselves have been shown to their reader whether or not there is a source.
        for chip in FAMILIES if source else ():
            yield (f"archive-{release}-{chip}-{version}",
                   lambda d=image_dir, s=source, c=chip:
                   ".fwimage sha256 " + check_source(work, d, s, c))


def cases(work):
    """(name, function) of each case; None instead of a function when the mirror lacks the package."""
    damage = None
    for release, packages in firmware.PACKAGES.items():
        for package in packages:
            tree = firmware.fetch(release, package)
            yield (f"files-{release}-{package}",
                   tree and (lambda t=tree: f"{check_files(t)} files read as their judges do"))
            if not tree:
                continue
            yield from split_cases(release, tree, work)
            yield from source_cases(release, tree, work)
            for path in glob.glob(os.path.join(tree, "ga102/gsp/gsp-*.bin"))[:1]:
                damage = damage or (os.path.dirname(path), os.path.basename(path)[4:-4])
    yield "damage", damage and (lambda: check_damage(work, *damage) or "seen in each entry")


def run(named, prefix="", errors=()):
    """Runs (name, function) pairs, a line for each; no function: a package that the mirror lacks. An exit code."""
    bad = 0
    for name, case in named:
        if not case:
            print(f"skip {prefix}{name}: the mirror does not have it", flush=True)
            continue
        try:
            print(f"ok {prefix}{name}: {case()}", flush=True)
        except (Wrong, OSError, KeyError, *errors) as e:
            bad += 1
            print(f"FAILED {prefix}{name}: {e}".replace("\n", " "), flush=True)
    return 1 if bad else 0


def main():
    with tempfile.TemporaryDirectory(dir=vendor.PEER) as work:
        return run(cases(work), errors=(struct.error,))


if __name__ == "__main__":
    sys.exit(main())
