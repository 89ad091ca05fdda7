#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which part of the GPU model has been judged by whom: writes docs/judged.md (make judged).

    judged.py            runs the cases of nouveau_boot.py, all but cost, keeps what they and the vendor's
                         headers judge in judged.json, and writes the table
    judged.py --traces   the same without running anything: from the traces that the last runs left if they passed
    judged.py --table    writes the table only, from judged.json

A driver has judged a part if it used it in a run that passed: the trace of the model says so. It has judged
a planted fault if it noticed it, which is what a run with a fault has to show to pass. NVK's
runs have nouveau below them, so NVK gets what they touch and nouveau alone does not. The vendor's headers
have judged a part if they have its name, with the model's number. tests/peer/test_judged.py, in `make
check`, sees to it that the table is of the model as it is.
"""

import functools
import glob
import json
import os
import re
import sys

import judge
import model_parts
import nouveau_boot
import test_chips
import test_headers
import vendor

RECORD = os.path.join(vendor.TOP, "tests/peer/judged.json")
TABLE = os.path.join(vendor.TOP, "docs/judged.md")
R535, R570, NVK, HEADERS = "nouveau r535", "nouveau r570", "NVK", "vendor headers"
COLUMNS = (R535, R570, NVK, HEADERS)
VERSION = test_chips.VERSION
# Cases in which all that was used was right.
WHOLE = ("clean", "vulkan", "vkcopy")
# Beside those, the vendor's names by which a number is known, and where they are written.
CLASSES = ("cl0000", "cl0001", "cl0041", "cl0073", "cl007e", "cl0080", "cl2080", "cl902d", "cl90f1", "cla140",
           "clc56f", "clc670", "clc797", "clc7b0", "clc7b5", "clc7b7", "clc7c0", "clc7fa")
# That of the inline-to-memory class has no methods there; compute has the same.
METHOD_PREFIX = {"Host method": "NVC56F_", "AMPERE_DMA_COPY_B method": "NVC7B5_", model_parts.INLINE: "NVC7C0_"}
# Where the model's name is of more than one word, by the first.
UPPER = (("AMPERE_DMA_COPY_B method", "OFFSET_IN"), ("AMPERE_DMA_COPY_B method", "OFFSET_OUT"))


def cases_of():
    """{column: names of the cases that judge for it}."""
    columns = {R535: [], R570: [], NVK: []}
    for name, (pair, _) in nouveau_boot.cases().items():
        if name.startswith(("vulkan", "vkcopy", "program")):
            columns[NVK].append(name)
        elif name != "cost":  # that counts, and judges nothing
            columns[R570 if pair == nouveau_boot.SID else R535].append(name)
    return columns


# ---------------------------------------------------------------- the vendor's headers

def controls_in(source):
    """{number: name} of RM controls, by the vendor's headers and, for 570.144, nouveau's excerpt of them."""
    folders = [os.path.join(source, "src/common/sdk/nvidia/inc/ctrl")]
    folders += [os.path.join(tree, "nvkm") for tree in [vendor.fetch_nouveau("sid")] if tree]
    found = {}
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "**/*.h"), recursive=True)):
            for name, number in re.findall(r"^#define\s+(NV\w+_CTRL_CMD_\w+)\s+\(?(0x[\da-fA-F]{6,8})U?\)?",
                                           test_chips.text_of(path), re.M):
                found.setdefault(int(number, 16), name)
    return found


def facts_of(parts):
    """{part: the judge's question} for what has a name that a compiler knows."""
    facts = {}
    for section, names in parts.sections.items():
        if section in ("RPC", "event", "class") or section in METHOD_PREFIX:
            for name, value in names.items():
                full = METHOD_PREFIX.get(section, "") + name + ("_UPPER" if (section, name) in UPPER else "")
                facts[(section, name)] = judge.Fact("number", full, "", (value,))
    return facts


def ask(source, facts):
    head = test_headers.lines_of("headers")
    for name in CLASSES:
        if os.path.exists(os.path.join(source, f"src/common/sdk/nvidia/inc/class/{name}.h")):
            head += f'#include "class/{name}.h"\n'
    return judge.ask_compiler(facts, head, test_headers.lines_of("flags").split(), source, judge.work("model"))


def by_headers(parts, source):
    """({part: 1} of what the vendor's headers have with the same number, what differs, names of controls)."""
    manuals = test_chips.published(source)
    agreed = {part: 1 for part in parts.spans if test_chips.names_in(manuals, part[1])}
    controls = controls_in(source)
    names = {}
    for name, number in parts.sections["control"].items():
        if number in controls:
            agreed[("control", name)] = 1
            names[name] = controls[number]
    facts = facts_of(parts)
    wrong = []
    for (part, fact), answer in zip(facts.items(), ask(source, list(facts.values())), strict=True):
        if answer == fact.values:
            agreed[part] = 1
        elif answer is not None:
            wrong.append(f"{part[0]} {part[1]} is {fact.values[0]:#x}, by {VERSION} {answer[0]:#x}")
    return agreed, wrong, names


# ---------------------------------------------------------------- the record

def key(part):
    return f"{part[0]}/{part[1]}"


def trace_of(name):
    """What the last run of a case was asked for; None if it did not pass, or there was none."""
    path = glob.glob(os.path.join(vendor.OUT, "log", f"peer-*{name}", "trace.json"))
    if len(path) > 1:
        sys.exit(f"judged: there are {len(path)} traces of case {name}")
    if not path:
        return None
    with open(path[0], encoding="utf-8") as f:
        return json.load(f)


def merged(parts, traces):
    total = {}
    for name, trace in traces.items():
        whole = name.startswith(WHOLE)
        for part, n in parts.touched(trace).items():
            # With a fault that was noticed, nothing else need have been right.
            if whole or part[0] == "planted fault":
                total[part] = max(n, total.get(part, 0))
    return total


def record(parts, source):
    traces = {column: {name: trace_of(name) for name in names} for column, names in cases_of().items()}
    traces = {column: {name: trace for name, trace in found.items() if trace} for column, found in traces.items()}
    if "clean" not in traces[R535]:
        sys.exit("judged: without a trace of case clean nothing can be said of NVK")
    columns = {column: merged(parts, found) for column, found in traces.items()}
    alone = {part: max(columns[column].get(part, 0) for column in (R535, R570)) for part in columns[NVK]}
    columns[NVK] = {part: n for part, n in columns[NVK].items() if n > alone[part]}
    columns[HEADERS], wrong, names = by_headers(parts, source)
    if wrong:
        sys.exit("judged: " + "; ".join(wrong))
    packages = {pair.kernel_suite: nouveau_boot.linux_guest.parts(pair).package
                for pair in (nouveau_boot.TRIXIE, nouveau_boot.SID)}
    with open(RECORD, "w", encoding="utf-8") as f:
        json.dump({"runs": {column: list(found) for column, found in traces.items()}, "packages": packages,
                   "headers": VERSION, "controls": names,
                   "judged": {column: {key(p): n for p, n in sorted(columns[column].items())} for column in COLUMNS}},
                  f, indent=1, sort_keys=True)
        f.write("\n")


def read_record():
    with open(RECORD, encoding="utf-8") as f:
        return json.load(f)


# ---------------------------------------------------------------- the table

def title(section):
    return {"class": "RM classes", "control": "RM controls", "RPC": "Messages to the firmware",
            "event": "Messages of the firmware", "planted fault": "Planted faults, by who noticed",
            "page": "Page tables", "Host method": "Methods of Host",
            "methods of a class": "Methods of other engines, by how many"}.get(
                section, section if section.startswith("NV_") else section + "s")


def cell(said, column, part):
    n = said["judged"][column].get(key(part), 0)
    return "" if not n else str(n) if part[0] == "methods of a class" else "x"


def render(parts, said):
    """The text of docs/judged.md."""
    heads = ("r535", "r570", "NVK", "headers", "nobody yet")
    everything = parts.all()
    judged = {part: [cell(said, column, part) for column in COLUMNS] for part in everything}
    lines = ["# What of the GPU model has been judged by whom", "",
             "Written by `make judged` from traces of real runs; do not edit. `tests/peer/judged.json` has the record.", "",
             "| column | judge | how |", "|---|---|---|"]
    how = {R535: "used it in runs that passed: ", R570: "used it in runs that passed: ",
           NVK: "its runs touch it, those of nouveau alone do not (or less of it): "}
    packages = said["packages"]
    for column, head in zip(COLUMNS[:3], heads):
        package = packages["sid" if column == R570 else "trixie"]
        runs = said["runs"][column]
        clean = [name for name in runs if name.startswith(WHOLE)]
        faults = f"; {len(runs) - len(clean)} with planted faults" if len(runs) > len(clean) else ""
        lines.append(f"| {head} | {column}, {package} | {how[column]}{', '.join(clean) or 'none yet'}{faults} |")
    lines += [f"| headers | NVIDIA's headers and manuals, {said['headers']} | they have the name, with the same number; "
              "what a part does is not in them |", "",
              "A register counts as used when it was read or written. Nothing here has been compared with a real board.", "",
              "| part | of | " + " | ".join(heads) + " |", "|---|---|" + "---|" * len(heads)]
    sections = sorted(s for s in parts.sections if s.startswith("NV_"))
    sections += [s for s in parts.sections if s not in sections]
    for section in sections:
        rows = [judged[(section, name)] for name in parts.sections[section]]
        counts = [sum(bool(row[i]) for row in rows) for i in range(len(COLUMNS))]
        counts.append(sum(not any(row) for row in rows))
        lines.append(f"| {title(section)} | {len(rows)} | " + " | ".join(str(c or "") for c in counts) + " |")
    for section in sections:
        lines += ["", f"## {title(section)}", "", "| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
        for name in parts.sections[section]:
            row = judged[(section, name)]
            shown = f"{name} {said['controls'].get(name, '')}".strip() if section == "control" else name
            lines.append(f"| {shown} | " + " | ".join(row + ["" if any(row) else "x"]) + " |")
    return "\n".join(lines) + "\n"


def stale(parts, said):
    """Parts that the record has and the model has not."""
    known = {key(part) for part in parts.all()}
    return sorted({k for column in said["judged"].values() for k in column} - known)


@functools.cache
def source():
    return vendor.fetch(VERSION)


def main(argv):
    parts = model_parts.Parts()
    if argv not in ([], ["--traces"], ["--table"]):
        sys.exit(f"usage: {sys.argv[0]} [--traces | --table]")
    if not argv:
        names = [name for column in cases_of().values() for name in column]
        if nouveau_boot.main(names)[1]:
            sys.exit("judged: only runs that pass can judge; the record stays as it was")
    if argv != ["--table"]:
        if not source():
            sys.exit(f"judged: the mirror does not have NVIDIA's source {VERSION}")
        record(parts, source())
    said = read_record()
    with open(TABLE, "w", encoding="utf-8") as f:
        f.write(render(parts, said))
    print(f"judged: {len(parts.all())} parts, {TABLE}")


if __name__ == "__main__":
    main(sys.argv[1:])
