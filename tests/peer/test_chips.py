#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Judges the tables of chips, the driver's and the model's, by NVIDIA's own sources; and both sides' registers.

    test_chips.py           needs build/chipcheck (make peer)

NVIDIA's driver chooses functions by chip, and its generated sources say in comments which chips get which
function (ChipHal). From that follows what each of our tables must hold. Chip ids come from nv_arch.h, the
boards' PCI ids from its list of names. The manuals it publishes (dev_*.h) define registers by name, and
our headers use the same names: every name that both have is compared, offsets and bits.

Each judge is then given something wrong and has to find it.
"""

import glob
import os
import re
import sys

import test_firmware
import vendor
from test_firmware import Wrong

CHIPCHECK = os.path.join(vendor.OUT, "chipcheck")
VERSION = "535.261.03"
PUBLISHED = "src/common/inc/swref/published"
GENERATED = "src/nvidia/generated"
ARCHITECTURES = {"TU": "TURING", "GA": "AMPERE", "AD": "ADA"}
BOARDS = {"ga102": "GA102", "ad102": "AD102", "ga100": "GA100", "tu102": "TU102", "tu117": "TU117"}

# What a field of the tables must be: the vendor's source file, function or field, and which choice means
# true. Names that end in six hexadecimal digits are functions that return a constant.
CHOICES = {
    "boot_rom": ("g_kernel_gsp_nvoc.c", "kgspConfigureFalcon", {"GA102": 1, "TU102": 0}),
    "core_select": ("g_kernel_falcon_nvoc.c", "kflcnSwitchToFalcon", {"GA10X": 1, "b3696a": 0}),
    "fuses": ("g_kernel_sec2_nvoc.c", "ksec2ReadUcodeFuseVersion", {"GA100": 1, "b2b553": 0}),
    "flush_high": ("g_kern_mem_sys_nvoc.c", "kmemsysProgramSysmemFlushBuffer", {"GA100": 1, "GM107": 0}),
    "frts": ("g_kernel_gsp_nvoc.c", "kgspGetFrtsSize", {"TU102": 1, "4a4dee": 0}),
    "usable_fb": ("g_kern_mem_sys_nvoc.c", "kmemsysReadUsableFbSize", {"GA102": 1, "GP102": 0}),
    "display": ("g_gpu_nvoc.c", "gpuFuseSupportsDisplay", {"GM107": 1, "GA100": 1, "491d52": 0}),
    "libos3": ("g_kernel_gsp_nvoc.c", "fwHeapParamOsCarveoutSize", {"(20 << 20)": 1, "(0 << 20)": 0}),
    "standby": ("g_kernel_graphics_nvoc.c", "kgraphicsIsBug4208224WARNeeded", {"TU102": 1, "491d52": 0}),
    # Runlists with registers of their own came with such channel tables.
    "pfifo_status": ("g_kernel_fifo_nvoc.c", "bIsPerRunlistChramSupportedInHw",
                     {"((NvBool)(0 == 0))": 0, "((NvBool)(0 != 0))": 1}),
    "scrubbing": ("g_kernel_falcon_nvoc.c", "kflcnWaitForResetToFinish",
                  {"GA102": ("NV_PFALCON_FALCON_HWCFG2", 1 << 12),
                   "TU102": ("NV_PFALCON_FALCON_DMACTL", 3 << 1)}),
    "riscv": ("g_kernel_falcon_nvoc.c", "kflcnIsRiscvActive",
              {"GA10X": ("NV_PRISCV_RISCV_CPUCTL", 1 << 7),
               "TU102": ("NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS", 1 << 0)}),
    "family": ("g_kernel_gsp_nvoc.c", "kgspGetBinArchiveBooterLoadUcode",
               {"TU102": "tu102", "TU116": "tu116", "GA100": "ga100", "GA102": "ga102", "AD102": "ad102"}),
}

# Manuals of the chips that are in our tables.
MANUALS = ("turing/tu102", "ampere/ga100", "ampere/ga102", "ada/ad102", "disp/v04_00", "maxwell/gm107",
           "kepler/gk104", ".")
# Where our headers count offsets from somewhere else: the driver has the falcon's second page and FBIF in
# one space with the first, the model only FBIF.
SHIFTS = {"driver": (("NV_PFALCON2_", 0x1000), ("NV_PRISCV_", 0x1000), ("NV_PFALCON_FBIF_", 0x600),
                     ("NV_PGSP_", -0x110000), ("NV_VF_", 0xb80000)),
          "model": (("NV_PFALCON_FBIF_", 0x600), ("NV_PGSP_", -0x110000), ("NV_VF_", 0xb80000))}
HEADERS = {"driver": "gpu/core/regs_*.h", "model": "tests/model/*_regs.h"}
# The model drops what a bit's name has in common with its register's.
PREFIXES = ("", "NV_PFALCON_FALCON_", "NV_PFALCON_", "NV_PFALCON2_FALCON_", "NV_PRISCV_RISCV_", "NV_PRISCV_",
            "NV_PFB_PRI_MMU_", "NV_PFB_NISO_", "NV_PGC6_BSI_SECURE_", "NV_PDISP_")
# The model's is a mask of as many bits as STATUS_BIT has; the manual's STATUS is the whole register.
ASIDE = {"NV_PMC_DEVICE_ENABLE_STATUS"}
LEAST = {"driver": 80, "model": 108}  # names that were compared when this was written


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8", errors="replace") as f:
        return f.read()


# ---------------------------------------------------------------- tables

def choice(source, file, name, chip):
    """What NVIDIA's driver puts in `name` for this chip."""
    text = text_of(source, GENERATED, file)
    block = re.search(rf"// Hal f\w+ -- {name}\n(.*?)\n\s*// Hal f", text, re.S)[1]
    for chips, value in re.findall(r"/\* ChipHal: ([^*]+?) \*/\s*\{[^=]*= ([^;]+);", block):
        if chip in chips.split(" | "):
            return value.replace(f"&{name}_", "")
    return re.findall(r"else\s*\{[^=]*= ([^;]+);", block)[-1].replace(f"&{name}_", "")


def chip_id(source, chip):
    """As NV_PMC_BOOT_42 has it: architecture and implementation, 4 bits."""
    text = text_of(source, PUBLISHED, "nv_arch.h")
    arch = re.search(rf"GPU_ARCHITECTURE_{ARCHITECTURES[chip[:2]]}\s+GPU_ARCHITECTURE\(_CLASSIC, 0x(\w+)\)", text)
    implementation = re.search(rf"GPU_IMPLEMENTATION_{chip}\s+0x(\w+)", text)
    return int(arch[1], 16) | int(implementation[1], 16)


def check_row(side, chip, row, source, manual):
    """Compares every field of one chip; how many there were."""
    n = 0
    for field, (file, name, meaning) in CHOICES.items():
        if field not in row and field not in ("scrubbing", "riscv"):
            continue
        want = meaning[choice(source, file, name, chip)]
        if field in ("scrubbing", "riscv"):
            if side == "model":
                continue
            page = 0x1000 if field == "riscv" else 0
            want = [str(manual[want[0]] + page), str(want[1])]
            said = [row[field], row[field + "_mask"]]
        elif field == "usable_fb" and side == "driver":
            want, said = str(manual["NV_PGC6_AON_SECURE_SCRATCH_GROUP_42"] if want else 0), row[field]
        else:
            want, said = str(want), row[field]
        test_firmware.expect(said, want, f"{side}, {chip}, {field}")
        n += 1
    return n


def rows(side):
    for line in test_firmware.ask(CHIPCHECK).splitlines():
        words = line.split()
        if words[0] == side:
            yield words[1], dict(w.split("=") for w in words[2:])


def check_driver(source, manual, spoil=None):
    n = chips = 0
    for chip, row in rows("driver"):
        row.update(spoil or {})
        test_firmware.expect(int(row["id"]), chip_id(source, chip), f"driver, {chip}, id")
        test_firmware.expect((int(row["gsp"]), int(row["sec2"])), (manual["NV_PGSP"], manual["NV_PSEC"]),
                             f"driver, {chip}, falcons")
        vga = CHOICES["display"][2][choice(source, *CHOICES["display"][:2], chip)]
        test_firmware.expect(int(row["vga"]), vga * manual["NV_PDISP_VGA_WORKSPACE_BASE"],
                             f"driver, {chip}, vga")
        n += check_row("driver", chip, row, source, manual) + 4
        chips += 1
    test_firmware.expect(chips, 16, "chips in the driver's table")
    return f"{chips} chips, {n} values, by {VERSION}"


def check_model(source, manual, spoil=None):
    n = chips = 0
    names = text_of(source, GENERATED, "g_nv_name_released.h").lower()
    for board, row in rows("model"):
        chip = BOARDS[board]
        row.update(spoil or {})
        want = chip_id(source, chip)
        test_firmware.expect((int(row["boot_0"]) >> 20 & 0x1ff, int(row["boot_42"]) >> 20), (want, want),
                             f"model, {board}, chip id")
        ids = f"{{ 0x{int(row['device']):04x}, 0x{int(row['subsystem']):04x}, 0x10de,"
        test_firmware.expect(ids in names, True, f"model, {board}: a board {ids}")
        n += check_row("model", chip, row, source, manual) + 4
        chips += 1
    test_firmware.expect(chips, len(BOARDS), "boards of the model")
    return f"{chips} boards, {n} values, by {VERSION}"


def spoilt(check, source, manual, fields):
    """Any wrong field is found."""
    for field, value in fields.items():
        try:
            check(source, manual, {field: value})
        except Wrong as e:
            if field.replace("_mask", "") in str(e) or field in ("boot_42", "device", "gsp"):
                continue
            raise
        raise Wrong(f"{field}={value} was not found")
    return f"{len(fields)} wrong values are each found"


# ---------------------------------------------------------------- registers

def number(text, known):  # as many forms as the headers have
    """A C expression of numbers and names in `known`; None if it is more than that."""
    text = re.sub(r"\b(0x[\da-fA-F]+|\d+)[uUlL]+\b", r"\1", re.sub(r"/\*.*?\*/|//.*", "", text)).strip()
    text = re.sub(r"\b[A-Za-z_]\w*\b", lambda m: str(known.get(m[0], m[0])), text)
    if not text or not re.fullmatch(r"[\s\dxa-fA-F()+*<>|&~-]+", text) or re.search(r"[\dA-Fa-f)]\s*\(", text):
        return None
    try:
        return eval(text, {"__builtins__": {}}) & 0xffffffff  # pylint: disable=eval-used
    except (SyntaxError, TypeError, ValueError, NameError):
        return None


def defines(text):
    """(name, parameter, text) of each macro, continued lines joined."""
    return re.findall(r"^[ \t]*#define\s+(\w+)(?:\((\w+)\))?[ \t]+([^\n]+)", text.replace("\\\n", " "), re.M)


def ours(side):
    """Names and numbers of the registers and bits of one side; arrays at 0."""
    values = {}
    for path in sorted(glob.glob(os.path.join(vendor.TOP, HEADERS[side]))):
        for name, parameter, text in defines(text_of(path)):
            value = number(text, dict(values, **({parameter: "(0)"} if parameter else {})))
            if value is not None and parameter != "v" and name not in ASIDE:
                values[name] = value
    return values


def published(source):
    """For each name, what the manuals say: numbers, and ranges of bits as (high, low); of units the base."""
    values = {}
    for manual in MANUALS:
        for path in sorted(glob.glob(os.path.join(source, PUBLISHED, manual, "*.h"))):
            for name, parameter, text in defines(text_of(path)):
                text = re.sub(r"/\*.*", "", text)
                bits = re.match(r"\s*\(?(0x[\da-fA-F]+|\d+):(0x[\da-fA-F]+|\d+)\)?\s*$", text)
                if bits:
                    high, low = int(bits[1], 0), int(bits[2], 0)
                    values.setdefault(name, set()).add((high, low) if high < 32 else low)
                    continue
                known = {n: list(v)[0] for n, v in values.items()
                         if len(v) == 1 and not isinstance(list(v)[0], tuple)} if "NV_" in text else {}
                value = number(text, dict(known, **({parameter: "(0)"} if parameter else {})))
                if value is not None:
                    values.setdefault(name, set()).add(value)
    return values


def meanings(name, manuals):
    """All numbers that `name` may have by the manuals: its own, or bits of a field at their place."""
    numbers = set()
    for said in manuals[name]:
        if isinstance(said, tuple):
            high, low = said
            mask = (1 << high + 1) - (1 << low) & 0xffffffff
            numbers |= {mask, 1 << low, low}
            continue
        numbers.add(said)
        field = name
        while "_" in field and field != "NV":
            field = field.rsplit("_", 1)[0]
            for bits in manuals.get(field, ()):
                if isinstance(bits, tuple):
                    numbers.add(said << bits[1])
    return numbers


def names_in(manuals, name):
    """What the manuals may call a name of ours; nothing if they do not have it."""
    name = re.sub(r"^NV_VF_", "NV_VIRTUAL_FUNCTION_", name)
    names = [p + name for p in PREFIXES if p + name in manuals]
    if not names and name.endswith("_0"):
        names = [p + name[:-2] for p in PREFIXES if p + name[:-2] in manuals]
    return names


def check_registers(side, manuals, spoil=None):
    n = 0
    for name, value in ours(side).items():
        names = names_in(manuals, name)
        if not names:
            continue
        if name == spoil:
            value ^= 0x40
        shift = next((s for prefix, s in SHIFTS[side] if name.startswith(prefix)), 0)
        allowed = set().union(*(meanings(other, manuals) for other in names))
        if value not in allowed and value - shift not in allowed:
            raise Wrong(f"{side}: {name} is {value:#x}, by the manuals {sorted(map(hex, allowed))}")
        n += 1
    if n < LEAST[side]:
        raise Wrong(f"{side}: only {n} names compared")
    return f"{n} names, by the manuals of {VERSION}"


def spoilt_registers(side, manuals):
    found = 0
    wrong = [name for name in ours(side) if name.startswith("NV_") and names_in(manuals, name)]
    for name in wrong:
        try:
            check_registers(side, manuals, name)
        except Wrong as e:
            found += name in str(e)
    test_firmware.expect(found, len(wrong), "wrong registers found")
    return f"each of {found} names, made wrong, is found"


def cases(source):
    manuals = published(source)
    manual = {name: next(iter(v)) for name, v in manuals.items() if len(v) == 1}
    yield "driver", lambda: check_driver(source, manual)
    yield "model", lambda: check_model(source, manual)
    yield "driver-wrong", lambda: spoilt(check_driver, source, manual, {
        "id": "369", "family": "ga104", "gsp": "0", "usable_fb": "4", "vga": "4", "scrubbing": "4",
        "scrubbing_mask": "1", "riscv": "4", "riscv_mask": "2", "boot_rom": "2", "core_select": "2",
        "fuses": "2", "flush_high": "2", "frts": "2", "libos3": "2", "standby": "2",
        "pfifo_status": "2"})
    yield "model-wrong", lambda: spoilt(check_model, source, manual, {
        "boot_42": "0", "family": "ga104", "device": "1", "boot_rom": "2", "fuses": "2", "flush_high": "2",
        "usable_fb": "2", "display": "2", "frts": "2", "pfifo_status": "2"})
    for side in HEADERS:
        yield f"{side}-registers", lambda s=side: check_registers(s, manuals)
        yield f"{side}-registers-wrong", lambda s=side: spoilt_registers(s, manuals)


def main():
    source = vendor.fetch(VERSION)
    if not source:
        print("skip chips: the mirror does not have the source")
        return 0
    bad = 0
    for name, case in cases(source):
        try:
            print(f"ok chips-{name}: {case()}", flush=True)
        except (Wrong, OSError, KeyError, IndexError, TypeError) as e:
            bad += 1
            print(f"FAILED chips-{name}: {type(e).__name__} {e}".replace("\n", " "), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
