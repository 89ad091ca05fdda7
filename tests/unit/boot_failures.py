#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Is docs/boot-failures.md true: has every step of the boot a test in which it fails?

The steps are those of the tables in gpu/core/boot/steps.c; a row's test must be in its file's list of tests,
and the file must hold the sign that the row promises. Whether the tests pass, they tell themselves.
"""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/bed"))
from results import Results, check, check_equal  # noqa: E402

ROW = re.compile(r"^\| (\S+) \| [^|]+ \| `([^`]+)` \| `([^`]+)`(?: (\w+))? \|$", re.M)
NO_STEPS = {"(archive)", "(files)", "(recipe)", "(any)"}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def steps():
    """Names of all steps, of recipes and of our own lists."""
    text = read("gpu/core/boot/steps.c")
    return set(re.findall(r"^\tSTEPS_AS\((\w+), \w+,", text, re.M)) | set(re.findall(r'^\t\{"(\w+)", \w+, 0\}', text, re.M))


def plain(text):
    """Source as the strings in it read: pieces joined, escapes of regular expressions gone."""
    return re.sub(r'"\s*\n\s*r?"', "", text).replace("\\(", "(").replace("\\)", ")")


def main():
    results = Results("boot-failures")
    doc = read("docs/boot-failures.md")
    rows = ROW.findall(doc)
    with results.case("every row of the table is one"):
        check_equal(len(rows), len(re.findall(r"^\| ", doc, re.M)) - 1, "rows understood")
    with results.case("every step has a row and every row a step"):
        known = steps()
        check(len(known) > 15, f"steps found: {known}")
        told = {row[0] for row in rows}
        check(known <= told, f"no row for {known - told}")
        check(told <= known | NO_STEPS, f"no step {told - known - NO_STEPS}")
    with results.case("every test is there and asks for its sign"):
        for step, sign, name, test in rows:
            text = read(f"tests/{'xen' if name.endswith('.py') else 'unit'}/{name}")
            check(sign in plain(text), f"{step}: {name} does not ask for \"{sign}\"")
            check(name.endswith(".py") or re.search(rf"cmocka_unit_test\w*\({test}\b", text),
                  f"{step}: {name} has no test {test}")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
