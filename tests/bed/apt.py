#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs apt-get with package lists of its own, so that the machine's lists stay untouched.

Tests need things that the machine's own apt configuration does not offer: source packages, or
packages of another Debian release.  This tool reads where the machine gets its packages from
(/etc/apt/sources.list and /etc/apt/sources.list.d, both the one-line and the deb822 form), writes
the same places, with the wanted types, suites and components, into a directory of its own, and
calls apt-get with that directory instead of the system's.  No mirror's name is written anywhere
in the project.

    apt.py --dir build/apt --types deb-src source --download-only qemu=1:7.2+dfsg-7

apt-get runs in the current directory, so that is where `source` and `download` leave files.
"""

import argparse
import fcntl
import glob
import os
import re
import subprocess
import sys
import time

LISTS_FRESH_SECONDS = 24 * 3600


def release_codename():
    """The machine's Debian release, e.g. "bookworm"."""
    with open("/etc/os-release", encoding="utf-8") as f:
        found = re.search(r'^VERSION_CODENAME="?(\w+)', f.read(), re.M)
    if not found:
        raise SystemExit("apt.py: /etc/os-release names no VERSION_CODENAME; this needs Debian")
    return found.group(1)


def one_line_sources(text):
    """Yields (uri, suite, signed_by) for each `deb` line of a sources.list file."""
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        found = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)", line)
        if found:
            signed = re.search(r"signed-by=(\S+)", found.group(1) or "")
            yield found.group(2), found.group(3), signed.group(1) if signed else None


def deb822_sources(text):
    """Yields (uri, suite, signed_by) for each enabled stanza of a .sources file."""
    text = re.sub(r"^#.*\n?", "", text, flags=re.M)
    for stanza in re.split(r"\n\s*\n", text):
        fields = {}
        name = None
        for line in stanza.splitlines():
            if line[:1].isspace() and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield uri, suite, fields.get("signed-by")


def debian_sources():
    """(uri, suite, signed_by) of the machine's Debian archives; other vendors' are left out.

    A vendor's archive is told apart by its suite: Debian's are the release's name, alone or with
    a suffix such as -security.
    """
    codename = release_codename()
    found = []
    names = ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*"))
    for name in names:
        parse = deb822_sources if name.endswith(".sources") else one_line_sources
        if not name.endswith((".list", ".sources")) or not os.path.isfile(name):
            continue
        with open(name, encoding="utf-8") as f:
            found += parse(f.read())
    found = [s for s in found if re.fullmatch(codename + r"(-[\w-]+)?(/updates)?", s[1])]
    if not found:
        raise SystemExit(f"apt.py: no Debian {codename} archive in /etc/apt/sources.list or "
                         "/etc/apt/sources.list.d; add one and try again")
    return found


def write_sources(path, types, suites, components):
    """Writes the private .sources file; suites empty means the machine's own ones.

    Another release is looked for at the main archive only: there every release's name is a suite.
    """
    own = debian_sources()
    if suites:
        main = next((s for s in own if s[1] == release_codename()), own[0])
        own = [(main[0], suite, main[2]) for suite in suites]
    stanzas = []
    for uri, suite, signed_by in own:
        stanza = (f"Types: {' '.join(types)}\nURIs: {uri}\nSuites: {suite}\n"
                  f"Components: {' '.join(components)}\n")
        if signed_by:
            stanza += f"Signed-By: {signed_by}\n"
        if stanza not in stanzas:
            stanzas.append(stanza)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(stanzas))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", required=True, help="where the private lists and cache live")
    parser.add_argument("--types", default="deb", help="deb, deb-src or both, comma-separated")
    parser.add_argument("--suites", default="", help="other releases, comma-separated")
    parser.add_argument("--components", default="main", help="comma-separated")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what apt-get shall do")
    args = parser.parse_args()

    top = os.path.abspath(args.dir)
    # One set of lists per kind of request: changing the sources must not reuse the old lists.
    key = "-".join(filter(None, [args.types, args.suites, args.components])).replace(",", "+")
    base = os.path.join(top, key)
    for sub in ("parts", "lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(base, sub), exist_ok=True)
    # apt-get itself gives up when another one has these lists; here the second waits until this process ends.
    lock = os.open(os.path.join(base, "lock"), os.O_CREAT | os.O_WRONLY, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    write_sources(os.path.join(base, "parts", "private.sources"), args.types.split(","),
                  [s for s in args.suites.split(",") if s], args.components.split(","))

    apt = ["apt-get", "-q",
           "-o", "Dir::Etc::SourceList=/dev/null",
           "-o", f"Dir::Etc::SourceParts={base}/parts",
           "-o", f"Dir::State::Lists={base}/lists",
           "-o", f"Dir::Cache={base}/cache"]
    if os.geteuid() == 0:
        # Root's apt would drop to the user _apt, who cannot write below a private directory.
        apt += ["-o", "APT::Sandbox::User=root"]
    stamp = os.path.join(base, "updated")

    def update():
        subprocess.run(apt + ["update"], check=True)
        with open(stamp, "w", encoding="utf-8"):
            pass

    fresh = (os.path.exists(stamp)
             and time.time() - os.path.getmtime(stamp) < LISTS_FRESH_SECONDS)
    if not fresh:
        update()
    done = subprocess.run(apt + args.command, check=False)
    if done.returncode and fresh:
        update()
        done = subprocess.run(apt + args.command, check=False)
    return done.returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as e:
        sys.exit(f"apt.py: {' '.join(e.cmd[:2])} … {e.cmd[-1]} failed ({e.returncode})")
