# SPDX-License-Identifier: MIT
"""A table of docs/bench.md: printed row by row; with DOC=1 in the environment it also takes the place there of the table with the same
head, and the date that is named last before it becomes today's."""

import datetime
import os
import re

DOC = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "docs/bench.md")


def number(value):
    """As many digits as say something: three, or all before the point."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f}"


class Table:
    """with Table("what", "ours", ...) as table: table.row("4 KiB", number(x), ...)"""

    def __init__(self, *head):
        self.lines = [self.line(head), "|---" * len(head) + "|"]

    @staticmethod
    def line(cells):
        return "| " + " | ".join(cells) + " |"

    def __enter__(self):
        print("\n".join(self.lines), flush=True)
        return self

    def row(self, *cells):
        self.lines.append(self.line(cells))
        print(self.lines[-1], flush=True)

    def __exit__(self, failed, *_):
        if failed or not os.environ.get("DOC"):
            return
        with open(DOC, encoding="utf-8") as f:
            text = f.read()
        before, rest = text.split(self.lines[0] + "\n", 1)  # fails loudly if there is no such table
        after = re.sub(r"\A(\|.*\n)*", "", rest)
        dated, last = before.rsplit("seen on ", 1)
        before = f"{dated}seen on {datetime.date.today()}{last[len('2026-01-01'):]}"
        with open(DOC, "w", encoding="utf-8") as f:
            f.write(before + "\n".join(self.lines) + "\n" + after)
