# SPDX-License-Identifier: MIT
"""What a kernel logged at level warn or above while nouveau came and went, and what of it is allowed.

init prints those lines by the kernel's own levels (linux-init). All of them count, whoever printed them, but
for NOISE: words of the kernel about an emulated machine whose host was busy. tests/peer/nouveau.allow has
the exceptions, one a line:

    SUITE ADDRESS REGEX

SUITE is the Debian release whose kernel says it, ADDRESS that of a public log of a real GA10x or AD10x board
with the same line, and the rest of the line a regular expression that must match all of the message.
"""

import dataclasses
import os
import re

import vendor

ALLOW = os.path.join(vendor.TOP, "tests/peer/nouveau.allow")
SUITES = ("trixie", "sid")
NOISE = re.compile(r"clocksource: |hrtimer: interrupt took |workqueue: \w+ hogged CPU for |TSC found unstable")
# At no level, and from nobody.
SERIOUS = re.compile(r"\bBUG: |\bOops\b|\bWARNING: |INFO: task .* blocked|possible (circular|recursive) locking|"
                     r"general protection fault|Call Trace:|refcount_t: |rcu: .*stall|soft lockup")
# In Debian's words, and in those of other kernels.
NO_FIRMWARE = re.compile(r"firmware: failed to load (\S+)|Direct firmware load for (\S+) failed|"
                         r"firmware \"(\S+)\" unavailable")


class Malformed(Exception):
    """A line of the list of exceptions is none; the text names it."""


class Wrong(Exception):
    """The driver, a program on it or the model did something else than it should; the text says what."""


@dataclasses.dataclass
class Allowed:
    suite: str
    address: str
    pattern: re.Pattern
    used: bool = False


def read_allowed(text, path=ALLOW):
    """The exceptions in a file's text."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(None, 2)
        if len(words) != 3 or words[0] not in SUITES or not re.fullmatch(r"https?://[^/\s]+/\S+", words[1]):
            raise Malformed(f"{path}:{number}: not SUITE ADDRESS REGEX: {line}")
        try:
            found.append(Allowed(words[0], words[1], re.compile(words[2])))
        except re.error as e:
            raise Malformed(f"{path}:{number}: {e}: {words[2]}") from e
    return found


def allowed():
    with open(ALLOW, encoding="utf-8") as f:
        return read_allowed(f.read())


def complaints(console, suite, exceptions):
    """The messages at warn or above in a console's text that nothing allows; marks what is used."""
    if not re.search(r"^peer: log: starts here$", console, re.M):
        raise Wrong("the kernel's log has lost its start")
    said = re.findall(r"^peer: log: <\d>(?:\[ *[\d.]+\] )?(.*)$", console, re.M)
    left = []
    for message in said:
        hits = [e for e in exceptions if e.suite == suite and e.pattern.fullmatch(message)]
        for entry in hits:
            entry.used = True
        if not hits and not NOISE.match(message):
            left.append(message)
    # What the test itself printed is no message of the kernel's.
    loud = [line for line in console.splitlines() if not line.startswith("peer: ") and SERIOUS.search(line)]
    return left + [line for line in loud if not any(m and m in line for m in said)]


def stale(suites, exceptions):
    """Exceptions for these suites, all of whose cases ran, that nothing has used."""
    return [f"{e.suite} {e.pattern.pattern}" for e in exceptions if e.suite in suites and not e.used]


def missing_firmware(console):
    """Files that a driver asked for and did not get."""
    return sorted({next(filter(None, m.groups())) for m in NO_FIRMWARE.finditer(console)})
