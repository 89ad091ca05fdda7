# SPDX-License-Identifier: MIT
"""Runs inside gdb: answers questions about types and enumerators from a program's debug information.

    QUESTIONS=FILE gdb -batch -x debuginfo.py PROGRAM

FILE has one question a line: `number NAME`, `struct TYPE` or `field TYPE PATH`. Prints one line for
each: the value, the size, or offset, size and elements; `-` when the program does not know the name.
"""

import os

import gdb


def size_and_count(kind):
    kind = kind.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_ARRAY:
        return kind.sizeof, 1
    # A flexible array has no bytes, whatever its element.
    return kind.sizeof, kind.sizeof // kind.target().sizeof if kind.sizeof else 0


def answer(kind, name, path=""):
    if kind == "number":
        value = gdb.parse_and_eval(name)
        # Only an enumerator: a function or a variable may happen to have a macro's name.
        if value.type.strip_typedefs().code != gdb.TYPE_CODE_ENUM:
            return None
        return (int(value),)
    if kind == "struct":
        return (gdb.lookup_type(name).strip_typedefs().sizeof,)
    field = gdb.parse_and_eval(f"(({name} *)0)->{path}")
    return (int(field.address), *size_and_count(field.type))


with open(os.environ["QUESTIONS"], encoding="utf-8") as asked:
    for line in asked:
        try:
            said = answer(*line.split())
        except gdb.error:
            said = None
        print("-" if said is None else " ".join(str(x) for x in said))
