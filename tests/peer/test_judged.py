#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/judged.md is of the model as it is, and its column of the vendor's headers is true.

table     the table is what judged.py makes of the model's sources and of the record of runs: a part that the
          model got since, or lost, would make another table
headers   NVIDIA's headers know what the record says, with the model's numbers, today as well
traces    what no part covers in a trace is an error

Each is then given something wrong and has to find it.
"""

import copy
import sys

import judged
import model_parts
from model_parts import Unknown
from test_firmware import Wrong

EMPTY = {"dropped": 0, "read": [], "write": [], "rpc": [], "event": [], "class": [], "control": [], "method": [],
         "counted": [], "page": [], "fault": []}
NUMBERS = ("RPC", "event", "class", *judged.METHOD_PREFIX)


def check_table(parts, said):
    gone = judged.stale(parts, said)
    if gone:
        raise Wrong(f"the record has {gone[0]}, which the model has not")
    with open(judged.TABLE, encoding="utf-8") as f:
        if f.read() != judged.render(parts, said):
            raise Wrong("docs/judged.md is not of this model and this record: make judged")
    return f"{len(parts.all())} parts, {sum(map(len, said['judged'].values()))} judgements"


def must_find(what, check, *args):
    try:
        check(*args)
    except (Wrong, Unknown):
        return
    raise Wrong(f"{what} was not found")


def check_table_wrong(parts, said):
    for section in parts.sections:
        more = copy.deepcopy(parts)
        more.sections[section]["NEW"] = 0x10000
        must_find(f"a new part of {section}", check_table, more, said)
        less = copy.deepcopy(parts)
        less.sections[section].popitem()
        must_find(f"a part less of {section}", check_table, less, said)
    for column, judgements in said["judged"].items():
        other = copy.deepcopy(said)
        other["judged"][column]["class/NO_SUCH_CLASS"] = 1
        must_find(f"a stale judgement of {column}", check_table, parts, other)
        if judgements:
            other = copy.deepcopy(said)
            other["judged"][column].popitem()
            must_find(f"a judgement less of {column}", check_table, parts, other)
    return f"found in each of {len(parts.sections)} sections and {len(said['judged'])} columns"


def check_headers(parts, said):
    agreed, wrong, names = judged.by_headers(parts, judged.source())
    if wrong:
        raise Wrong(wrong[0])
    if {judged.key(part): n for part, n in agreed.items()} != said["judged"][judged.HEADERS]:
        raise Wrong("the headers know other parts than the record says: make judged")
    if names != said["controls"]:
        raise Wrong("the headers have other names of controls than the record: make judged")
    return f"{len(agreed)} parts by {judged.VERSION}"


def check_headers_wrong(parts, said):
    known = [(section, name) for section in NUMBERS for name in parts.sections[section]
             if judged.key((section, name)) in said["judged"][judged.HEADERS]]
    other = copy.deepcopy(parts)
    for section, name in known:
        other.sections[section][name] ^= 0x4000
    _, wrong, _ = judged.by_headers(other, judged.source())
    if len(wrong) != len(known):
        raise Wrong(f"{len(wrong)} of {len(known)} wrong numbers were found")
    other = copy.deepcopy(parts)
    name, number = next(iter(parts.sections["control"].items()))
    other.sections["control"][name] = number ^ 0x4000
    must_find("a control of another number", check_headers, other, said)
    return f"each of {len(known)} wrong numbers, and a wrong control"


def check_traces_wrong(parts):
    for what, trace in (("a register", {"read": [0x123456 & ~3]}), ("a written register", {"write": [0x00dead00]}),
                        ("an RPC", {"rpc": [999]}), ("an event", {"event": [0x1fff]}), ("a class", {"class": [0xdead]}),
                        ("a control", {"control": [0x2080ffff]}), ("a method of Host", {"method": [0xfc]}),
                        ("a method of 2D", {"method": [0x902d0200]}),
                        ("a method of an unknown class", {"counted": [0xdead0100]}), ("a fault", {"fault": [999]}),
                        ("room", {"dropped": 1})):
        must_find(what, parts.touched, dict(EMPTY, **trace))
    # What is an answer is no event.
    if parts.touched(dict(EMPTY, event=[76])):
        raise Wrong("an answer counts as an event")
    return "each found"


def main():
    parts, said = model_parts.Parts(), judged.read_record()
    cases = {"table": lambda: check_table(parts, said), "table-wrong": lambda: check_table_wrong(parts, said),
             "traces-wrong": lambda: check_traces_wrong(parts)}
    if judged.source():
        cases["headers"] = lambda: check_headers(parts, said)
        cases["headers-wrong"] = lambda: check_headers_wrong(parts, said)
    else:
        print("skip judged-headers: the mirror does not have the source")
    bad = 0
    for name, case in cases.items():
        try:
            print(f"ok judged-{name}: {case()}", flush=True)
        except (Wrong, Unknown, OSError, KeyError, TypeError) as e:
            bad += 1
            print(f"FAILED judged-{name}: {type(e).__name__} {e}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
