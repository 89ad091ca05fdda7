# SPDX-License-Identifier: MIT
"""Reads the marks that the plugin insns.c wrote, and says what lies between two of them."""

import json


def option(so, out, ranges=None, marks=None):
    """The value of QEMU's -plugin. ranges: {name: (low, high)}, marks: {name: address}; see insns.c."""
    words = [so, f"out={out}"]
    words += [f"range={name}:{low:x}-{high:x}" for name, (low, high) in (ranges or {}).items()]
    words += [f"mark={name}:{address:x}" for name, address in (marks or {}).items()]
    return ",".join(words)


def marks(path):
    """Every mark of the file, in order, as dictionaries of its lines."""
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


def between(first, last, vcpu=None):
    """{range: (instructions, bytes stored)} from one mark to another, of one vCPU or of all together."""
    cost = {}
    for name, after in last["counts"].items():
        rows = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(first["counts"][name], after)]
        if vcpu is not None:
            rows = [rows[vcpu]]
        cost[name] = (sum(r[0] for r in rows), sum(r[1] for r in rows))
    return cost


def model_between(first, last):
    """{counter: difference} of the GPU model's own counters from one milestone to another."""
    return {name: last["model"][name] - first["model"][name] for name in last["model"]
            if isinstance(last["model"][name], int)}
