#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make boot-gsp: gpudom boots the GPU's firmware from real files, on real Xen, against the GPU model.

One gpudom ELF for every version. Each is started, unloaded in good order and started again without a
reset of the board in between. The model hashes the firmware's image as DMA through the radix3 tables
brought it; Python hashes the section of the vendor's file; both must agree. Version, chip, video memory
and engines are what the firmware's stand-in told gpudom.

    boot_gsp.py                     what Debian's firmware packages ship, fetched by apt
    boot_gsp.py --firmware DIR      a folder with nouveau's files (gsp-VERSION.bin, ...): every version there,
                                    or one (--version); or NVIDIA's gsp_ga10x.bin, with --source DIR, the
                                    unpacked source of NVIDIA's open kernel modules of that version
    boot_gsp.py ... --pack FILE     speak by this ABI pack, with a gpudom that is built without that version

The cost of a start is counted by a QEMU plugin (tests/bed/insns.c), from gpudom's first instruction and from
its first access to the board until INIT_DONE. What `make peer-nouveau` left of the same boot by nouveau is
printed below.

No vendor instruction runs: FWSEC, the booters and GSP-RM are stand-ins of the model (docs/model.md).
"""

import argparse
import dataclasses
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peer"))

import system  # noqa: E402
import firmware  # noqa: E402
import insns  # noqa: E402
import vendor  # noqa: E402
from system import BUILD, GPU_BDF, LIB, ROOT, BedError, System

CHIP = "ga102"  # the board of the model
WHERE = "/var/lib/xvgpu"
# The machine's CPUs that gpudom may use: dom0 has 0, and nothing else runs on these.
CPUS = (1, 2)
# What `make peer-nouveau` says about the same boot by nouveau; lines of text.
NOUVEAU = os.path.join(vendor.PEER, "nouveau-cost.txt")
NO_VENDOR_CODE = "no vendor instruction runs: FWSEC, booters and GSP-RM are stand-ins of tests/model"
# What gpudom says about firmware that it has no pack for.
NO_PACK = r"no ABI pack of version (\S+) is built in, and none is in the archive"


class Wrong(BedError):
    """What was asked for cannot be, or what was seen is not right; one line."""


@dataclasses.dataclass
class Firmware:
    """Files of one version, and the archive made of them."""
    version: str
    gsp: str        # the ELF file with the image
    argv: list      # of `xvgpu firmware pack`
    archive: str = ""
    digest: str = ""  # SHA-256 of .fwimage in that file
    size: int = 0     # bytes of it

    @property
    def place(self):
        """Where the archive is in dom0."""
        return f"{WHERE}/{os.path.basename(self.archive)}"


# ---------------------------------------------------------------- files


def section(path, name):
    """The bytes of a section of an ELF file, by readelf."""
    out = subprocess.run(["readelf", "-SW", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=False).stdout
    m = re.search(rf"\] {re.escape(name)}\s+\w+\s+[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)", out)
    if not m:
        raise Wrong(f"{path}: no section {name}: not a GSP firmware image")
    with open(path, "rb") as f:
        f.seek(int(m[1], 16))
        return f.read(int(m[2], 16))


def nouveau_form(folder, version=None):
    """Every version, or one, of a folder with gsp-VERSION.bin."""
    found = {os.path.basename(p)[4:-4]: p for p in glob.glob(os.path.join(folder, "gsp-*.bin"))}
    if version and version not in found:
        raise Wrong(f"{folder}: no gsp-{version}.bin; there is: {', '.join(sorted(found))}")
    return [Firmware(v, path, [folder, "--version", v]) for v, path in sorted(found.items())
            if version in (None, v)]


def nvidia_form(folder, version=None, source=None):
    """The one version of a folder with gsp_ga10x.bin."""
    gsp = os.path.join(folder, "gsp_ga10x.bin")
    have = section(gsp, ".fwversion").rstrip(b"\0").decode("ascii", "replace")
    if version and version != have:
        raise Wrong(f"{gsp}: version {have}, not {version}")
    if not source and have in vendor.VERSIONS:
        source = vendor.fetch(have)
    if not source:
        raise Wrong(f"{gsp}: booters and bootloader are not in the folder: SOURCE=DIR must name the "
                    f"unpacked source of NVIDIA's open kernel modules {have}")
    return [Firmware(have, gsp, [folder, source, "--chip", CHIP])]


def of_folder(folder, version=None, source=None):
    """What FIRMWARE=DIR holds, in either form."""
    if not os.path.isdir(folder):
        raise Wrong(f"FIRMWARE={folder}: no such folder")
    if source and not os.path.isdir(source):
        raise Wrong(f"SOURCE={source}: no such folder")
    for where in (folder, os.path.join(folder, "gsp")):
        if glob.glob(os.path.join(where, "gsp-*.bin")):
            return nouveau_form(where, version)
    if os.path.exists(os.path.join(folder, "gsp_ga10x.bin")):
        return nvidia_form(folder, version, source)
    raise Wrong(f"FIRMWARE={folder}: neither gsp-VERSION.bin (as in nvidia/{CHIP}/gsp) nor gsp_ga10x.bin is there")


def of_debian(version=None):
    """What Debian's packages ship for the board, each version once; [] when the mirror lacks them."""
    found = {}
    for release, packages in firmware.PACKAGES.items():
        for package in packages:
            tree = firmware.fetch(release, package)
            if not tree:
                continue
            for fw in nouveau_form(os.path.join(tree, CHIP, "gsp")):
                found.setdefault(fw.version, fw)
            for gsp in glob.glob(os.path.join(tree, "[0-9]*", "gsp_ga10x.bin")):
                have = os.path.basename(os.path.dirname(gsp))
                if have not in found and have in vendor.VERSIONS and vendor.fetch(have):
                    found.setdefault(have, nvidia_form(os.path.dirname(gsp))[0])
    if version and version not in found:
        raise Wrong(f"VERSION={version}: Debian's packages have: {', '.join(sorted(found)) or 'nothing'}")
    return [found[v] for v in sorted(found) if version in (None, v)]


def pack(fw, abi=None):
    """Makes fw's archive, with an ABI pack if one is given."""
    fw.archive = os.path.join(BUILD, "run", f"{CHIP}-{fw.version}{'-abi' if abi else ''}.fw")
    os.makedirs(os.path.dirname(fw.archive), exist_ok=True)
    argv = [os.path.join(BUILD, "xvgpu"), "firmware", "pack", *fw.argv, "-o", fw.archive]
    done = subprocess.run(argv + (["--abi", abi] if abi else []), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Wrong(done.stdout.strip() or f"{argv[0]} firmware pack: exit code {done.returncode}")
    image = section(fw.gsp, ".fwimage")
    fw.digest, fw.size = hashlib.sha256(image).hexdigest(), len(image)
    return fw


def gpudom_without(version):
    """gpudom built with every pack but that version's; where it is."""
    out = os.path.join(BUILD, "without-pack")
    others = sorted(os.path.basename(p)[:-4] for p in glob.glob(os.path.join(ROOT, "fwq/abi/*.abi")))
    os.makedirs(out, exist_ok=True)
    for shared in ("newlib", ".deps"):
        link = os.path.join(out, shared)
        if not os.path.lexists(link):
            os.symlink(os.path.join(BUILD, shared), link)
    config, chosen = os.path.join(out, "config/.config"), os.path.join(out, "packs.config")
    with open(os.path.join(ROOT, "configs/defconfig"), encoding="utf-8") as f:
        text = f.read() + f'CONFIG_FWQ_PACKS="{" ".join(v for v in others if v != version)}"\n'
    if not os.path.exists(chosen) or open(chosen, encoding="utf-8").read() != text:
        with open(chosen, "w", encoding="utf-8") as f:
            f.write(text)
        if os.path.exists(config):
            os.unlink(config)
    done = subprocess.run(["make", "-C", ROOT, f"O={out}", f"CONFIG={chosen}", f"{out}/gpudom"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Wrong(f"gpudom without the pack of {version}: {done.stdout.strip()[-400:]}")
    return os.path.join(out, "gpudom")


def code_of(elf):
    """(entry, last address) of the code of gpudom's ELF, which begins with its entry."""
    out = subprocess.run(["readelf", "-hlW", elf], stdout=subprocess.PIPE, text=True, check=True).stdout
    entry = int(re.search(r"Entry point address:\s+0x(\w+)", out)[1], 16)
    at, size = re.search(r"LOAD\s+0x\w+ 0x(\w+) 0x\w+ 0x\w+ 0x(\w+) R E", out).groups()
    if int(at, 16) != entry:
        raise Wrong(f"{elf}: its code at 0x{at} does not begin with its entry")
    return entry, entry + int(size, 16) - 1


def sha256(path):
    """SHA-256 of a file."""
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


# ---------------------------------------------------------------- one start


@dataclasses.dataclass
class Seen:
    """What one start and its end showed."""
    board: str       # name, by the firmware
    chip: str        # by gpudom, from the board's registers
    abi: str         # where the pack came from
    regions: list    # lines
    engines: list    # lines
    digest: str      # of the image, by the model
    hypercalls: int
    copied: int
    cost: dict       # of the first start: {"entry" or "first-touch": (instructions, bytes stored)} to INIT_DONE
    memory: int      # KiB of the domain
    free: int        # KiB of it, at rest


def flrs(s):
    """Resets of the board so far, by the model."""
    return json.loads(s.qom_get("gpu0", "stats"))["flrs"]


def reset_once(s):
    """A fresh board, which from now on dom0's kernel cannot reset: neither xl nor pciback does it unseen."""
    where = f"/sys/bus/pci/devices/{GPU_BDF}"
    s.ok(f"echo default >{where}/reset_method && echo 1 >{where}/reset && echo >{where}/reset_method")


def marks_of(s):
    """Where the plugin writes its marks in a run."""
    return os.path.join(s.dir, "marks")


def cost_of(marks):
    """What the first start among the marks executed and stored, from each beginning until INIT_DONE."""
    names = [m["mark"] for m in marks]
    if "init-done" not in names:
        raise Wrong(f"the machine's marks are {names}, without init-done")
    last = names.index("init-done")
    cost = {}
    for name in ("entry", "first-touch"):
        begins = [m for m in marks[:last] if m["mark"] == name]
        if not begins:
            raise Wrong(f"the machine's marks are {names}, without {name} before init-done")
        parts = [insns.between(begins[0], marks[last], cpu)["gpudom"] for cpu in CPUS]
        cost[name] = tuple(sum(column) for column in zip(*parts))
    return cost


def start(s, fw, kernel="gpudom"):
    """Begins a gpudom with fw's archive; returns where its console begins."""
    s.ok(f"rm -f /etc/xvgpu/gpudom.cfg; xvgpu init {GPU_BDF} --kernel {LIB}/{kernel} --ramdisk {fw.place}")
    s.ok(f"echo 'cpus = \"{','.join(map(str, CPUS))}\"' >>/etc/xvgpu/gpudom.cfg")
    begin = len(s.guest_log("gpudom"))
    s.ok("xl create /etc/xvgpu/gpudom.cfg", timeout=60)
    return begin


def end(s, begin):
    """Unloads the firmware in good order."""
    s.ok("xl shutdown -w gpudom", timeout=60)
    s.wait_guest("gpudom", r"gpudom: firmware unloaded", 20, begin)
    s.wait(lambda: not s.domid("gpudom"), "gpudom to be gone", 30)


def boot(s, fw, kernel="gpudom"):
    """Up, with the firmware's word about the board; then down. Returns Seen; Wrong if something is not right."""
    begin = start(s, fw, kernel)
    s.wait_guest("gpudom", r"gpudom: serving backend/vgpu|rror: gpudom|does not start", 120, begin)
    log = s.guest_log("gpudom")[begin:]

    def said(pattern):
        m = re.search(pattern, log)
        if not m:
            raise Wrong(f"gpudom does not say /{pattern}/; its console ends: {log.strip()[-300:]}")
        return m

    board = said(rf"firmware {re.escape(fw.version)} runs: (.+)")[1]
    cost = said(r"INIT_DONE: (\d+) hypercalls, (\d+) bytes copied, its image of (\d+) bytes used in place")
    rest = said(r"gpudom: (\d+) engines; (\d+) KiB of memory free")
    seen = Seen(board=board, chip=said(r"gpudom: (\S+) \(")[1], abi=said(r"gpudom: ABI pack (.+)")[1],
                regions=re.findall(r"gpudom: VRAM (0x\w+ to .+|0 to .+)", log),
                engines=re.findall(r"gpudom: engine (.+)", log), digest=s.qom_get("gpu0", "fwimage-hash"),
                hypercalls=int(cost[1]), copied=int(cost[2]), cost={}, free=int(rest[2]),
                memory=1024 * int(re.search(r"^memory = (\d+)", s.ok("cat /etc/xvgpu/gpudom.cfg"), re.M)[1]))
    end(s, begin)
    if seen.digest != fw.digest:
        raise Wrong(f"the model received an image with SHA-256 {seen.digest}; the file's has {fw.digest}")
    if len(seen.engines) != int(rest[1]) or not seen.engines:
        raise Wrong(f"{rest[1]} engines announced, {len(seen.engines)} named")
    if not any("the firmware's" not in r for r in seen.regions):
        raise Wrong("no video memory is left for slices")
    if int(cost[3]) != fw.size or seen.copied >= fw.size:
        raise Wrong(f"{seen.copied} bytes were copied for an image of {fw.size}")
    return seen


def boot_twice(s, fw, kernel="gpudom"):
    """Two starts and ends, the board not reset from the first start to the second end; what the second showed."""
    reset_once(s)
    before, known = flrs(s), len(insns.marks(marks_of(s)))
    boot(s, fw, kernel)
    seen = boot(s, fw, kernel)
    if flrs(s) != before:
        raise Wrong(f"the board was reset {flrs(s) - before} times in between")
    seen.cost = cost_of(insns.marks(marks_of(s))[known:])
    return seen


def refused_without_pack(s, fw, kernel):
    """A gpudom without the version's pack says so and ends."""
    begin = start(s, fw, kernel)
    m = s.wait_guest("gpudom", NO_PACK, 60, begin)
    s.sh("xl destroy gpudom", timeout=60)
    s.wait(lambda: not s.domid("gpudom"), "gpudom to be gone", 30)
    if m[1] != fw.version:
        raise Wrong(f"gpudom misses the pack of {m[1]}, not of {fw.version}")


def machine(name, found, kernels, images=(), **more):
    """A test machine with these archives and gpudoms ({name in dom0: file}), for a while that fits them."""
    overlay = {fw.place: fw.archive for fw in found}
    overlay.update({f"{LIB}/{kernel}": path for kernel, path in kernels.items()})
    entry, end_of_code = code_of(kernels["gpudom"])
    plugin = insns.option(os.path.join(BUILD, "insns.so"), os.path.join(BUILD, "run", name, "marks"),
                          {"gpudom": (entry, end_of_code)}, {"entry": entry})
    return System(name, images=images, overlay=overlay, plugins=[plugin], limit=200 + 120 * len(found), **more)


# ---------------------------------------------------------------- make boot-gsp


def show(fw, seen):
    """The lines about one version."""
    print(f"\n  firmware {fw.version} for {CHIP}, ABI pack {seen.abi}")
    print(f"    .fwimage      {fw.size} bytes")
    print(f"    in the file   sha256 {fw.digest}")
    print(f"    by radix3 DMA sha256 {seen.digest}  equal")
    print(f"    board         {seen.board}, chip {seen.chip}")
    for region in seen.regions:
        print(f"    VRAM          {region}")
    for i in range(0, len(seen.engines), 3):
        print(f"    {'engines' if not i else '':13} {'; '.join(seen.engines[i:i + 3])}")
    entry, touch = seen.cost["entry"], seen.cost["first-touch"]
    print(f"    cost          to INIT_DONE: {entry[0]} instructions of gpudom from its entry, {touch[0]} from its first")
    print(f"                  access to the board; {seen.hypercalls} hypercalls, {seen.copied} bytes copied, 0 of them the "
          "image's")
    print(f"                  ({entry[1]} and {touch[1]} bytes stored by gpudom, stack and registers included)")
    print(f"    at rest       {seen.memory - seen.free} of {seen.memory} KiB in use, "
          f"{os.path.getsize(fw.archive) // 1024} of them the archive")
    print("    unloaded, and started again without a reset; unloaded", flush=True)


def show_nouveau():
    """nouveau's figures of the same boot, if they are there."""
    print("\n  nouveau, the same board:")
    if not os.path.exists(NOUVEAU):
        print("    not counted yet: make peer-nouveau")
        return
    with open(NOUVEAU, encoding="utf-8") as f:
        for line in f:
            print(f"    {line.rstrip()}")


def run(args):
    """Everything; raises Wrong or BedError."""
    if args.pack and not os.path.isfile(args.pack):
        raise Wrong(f"PACK={args.pack}: no such file")
    found = of_folder(args.firmware, args.version, args.source) if args.firmware else of_debian(args.version)
    if not found:
        raise Wrong("Debian's mirror has no firmware package; name a folder with FIRMWARE=DIR")
    if args.pack and len(found) > 1:
        raise Wrong(f"PACK= is for one version, and there are {', '.join(fw.version for fw in found)}: "
                    "choose with VERSION=")
    kernels = {"gpudom": gpudom_without(found[0].version) if args.pack else os.path.join(BUILD, "gpudom")}
    for fw in found:
        pack(fw)
    machines = list(found)
    if args.pack:
        machines.append(pack(dataclasses.replace(found[0]), os.path.abspath(args.pack)))
    print(f"boot-gsp: {NO_VENDOR_CODE}")
    print(f"boot-gsp: gpudom sha256 {sha256(kernels['gpudom'])}", flush=True)
    with machine("boot-gsp", machines, kernels) as s:
        if args.pack:
            refused_without_pack(s, found[0], "gpudom")
            s.say(f"gpudom was built without the pack of {found[0].version}, and refuses its firmware")
        for fw in machines[-1:] if args.pack else machines:
            seen = boot_twice(s, fw)
            s.say(f"{fw.version} was started and unloaded twice")
            show(fw, seen)
        show_nouveau()
        s.stop(poweroff=True)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--firmware", help="folder with firmware files; default: Debian's packages")
    args.add_argument("--version", help="of several versions, this one")
    args.add_argument("--source", help="unpacked source of NVIDIA's open kernel modules, for gsp_ga10x.bin")
    args.add_argument("--pack", help="ABI pack, for a gpudom without that version")
    args = args.parse_args()
    begin = time.monotonic()
    try:
        run(args)
    except (BedError, OSError) as e:
        print(f"boot-gsp: {e}\nboot-gsp: FAILED")
        return 1
    print(f"\nboot-gsp: took {time.monotonic() - begin:.0f} s; logs are in {os.path.join(BUILD, 'run', 'boot-gsp')}")
    print("boot-gsp: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
