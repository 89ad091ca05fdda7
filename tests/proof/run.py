#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proofs: CBMC reads each harness of tests/proof with the real sources, and finds no input that breaks it.

    run.py [--long] [NAME ...]      default: every harness; --long: also the cases that take minutes

A harness is a C file whose opening comment says what it assumes, bounds and proves, and, for this
script, one per line:

    REPLACES: f=model ...   calls of f become calls of model (proof.h)
    UNWIND: n [loop:n ...]  turns of a loop; that no loop takes more is proved too
    CASES: A=1 A=2,B=3 ...  macros: one proof each; LONG: the same, only with --long
    OPTIONS: ...            of cbmc's, as it does some sources faster with them
    WRAPS: function text    an unsigned computation that is meant to wrap: cbmc's finding whose text is this is no error
    PLANT case name: file s/regex/text/   (case: - for none) a bug that must be found, made in a copy of the file;
                                          that of a LONG case only with --long

Output is a line for each proof, `ok NAME: why` or `FAILED NAME: why`, and what cbmc said is in
build/log/proof/. cbmc comes from Debian 13 through apt; nothing is installed.
"""

import concurrent.futures
import dataclasses
import glob
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests"))
import memory  # noqa: E402

OUT = os.path.join(TOP, os.environ.get("O", "build"))
WORK = os.path.join(OUT, "proof")
ROOT = os.path.join(WORK, "root")
SUITE = "trixie"
# Debian 12's libc is too old for this cbmc, so it brings its own, and its own loader is told so.
PACKAGES = ["cbmc", "minisat", "libc6", "libgcc-s1", "libstdc++6"]
CHECKS = ["--unsigned-overflow-check", "--conversion-check", "--unwinding-assertions", "--no-malloc-may-fail", "--slice-formula",
          "--drop-unused-functions"]
PROOF_SECONDS = 1500
# Those that take longest, to start with: none is left over at the end with a CPU idle beside it.
LONGEST = ("send", "assembly", "receive")


def fetch():
    """Unpack cbmc below build/proof; False when the mirror does not have it."""
    done = os.path.join(ROOT, ".done-" + "-".join([SUITE] + PACKAGES))
    if os.path.exists(done):
        return True
    debs = os.path.join(WORK, "debs")
    os.makedirs(debs, exist_ok=True)
    os.makedirs(ROOT, exist_ok=True)
    with open(os.path.join(WORK, "apt.log"), "w", encoding="utf-8") as log:
        rc = subprocess.run([sys.executable, os.path.join(TOP, "tests/bed/apt.py"), "--dir",
                             os.path.join(OUT, "apt"), "--suites", SUITE, "download", *PACKAGES],
                            cwd=debs, stdout=log, stderr=log, check=False).returncode
    if rc:
        return False
    for deb in glob.glob(os.path.join(debs, "*.deb")):
        subprocess.run(["dpkg-deb", "-x", deb, ROOT], check=True)
    with open(done, "w", encoding="utf-8"):
        pass
    return True


def tool(name, *args):
    """The command line of a program from those packages."""
    lib = os.path.join(ROOT, "usr/lib/x86_64-linux-gnu")
    return [os.path.join(lib, "ld-linux-x86-64.so.2"), "--library-path",
            lib + ":" + os.path.join(ROOT, "usr/lib"), os.path.join(ROOT, "usr/bin", name), *args]


@dataclasses.dataclass
class Harness:
    name: str
    replaces: list
    unwind: list
    cases: list
    long: list
    wraps: list
    options: list
    plants: list  # (case, name, file, regex, text)


def read(path):
    """The harness in `path`, from its opening comment."""
    with open(path, encoding="utf-8") as f:
        comment = f.read().split("*/")[1]

    def words(tag):
        return re.findall(rf"^ \* {tag}: (.*)$", comment, re.M)

    plants = re.findall(r"^ \* PLANT (\S+) ([\w-]+): (\S+) s/((?:[^/\\]|\\.)*)/((?:[^/\\]|\\.)*)/$", comment, re.M)
    if len(plants) != comment.count("PLANT "):
        raise SystemExit(f"{path}: a PLANT line is not `PLANT name: file s/regex/text/`")
    return Harness(os.path.basename(path)[:-2], " ".join(words("REPLACES")).split(),
                   " ".join(words("UNWIND")).split(), " ".join(words("CASES")).split(),
                   " ".join(words("LONG")).split(), words("WRAPS"), " ".join(words("OPTIONS")).split(), plants)


def plant(folder, file, regex, text):
    """A copy of `file` below `folder` with one place changed."""
    with open(os.path.join(TOP, file), encoding="utf-8") as f:
        source = f.read()
    changed, n = re.subn(regex, text.replace(r"\/", "/"), source)
    if n != 1:
        raise ValueError(f"{regex} fits {n} places of {file}, not one")
    path = os.path.join(folder, file)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(changed)


def meant_to_wrap(harness, name, text):
    """Whether a property is one of the computations that WRAPS names."""
    wraps = {tuple(w.split(None, 1)) for w in harness.wraps}
    return "overflow" in name and (name.split(".")[0], text.split(" in ", 1)[-1]) in wraps


def ask(log, *argv):
    """What cbmc answers, in the parts of its JSON."""
    p = subprocess.run(tool("cbmc", *argv, "--json-ui"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=PROOF_SECONDS, check=False)
    log.write(p.stdout)
    return json.loads(p.stdout)


def first_failure(harness, argv, log):
    """The first property that fails, as cbmc() has it: to find a planted bug, the others need no proof."""
    listed = [p for part in ask(log, *argv, "--show-properties") if "properties" in part for p in part["properties"]]
    wanted = [w for p in listed if not meant_to_wrap(harness, p["name"], p["description"]) for w in ("--property", p["name"])]
    if not wanted:
        raise ValueError("cbmc lists no property")
    steps = [step for part in ask(log, *argv, *wanted, "--stop-on-fail") for step in part.get("trace", [])]
    return {s["property"]: ("FAILURE", s["reason"]) for s in steps if s.get("stepType") == "failure"}


def cbmc(harness, case, folder, log, planted=False):
    """Compile the harness and have it judged: {property: (status, text)}, with a planted bug of one that fails or none."""
    binary = os.path.join(folder, "harness.gb")
    defines = ["-D" + d for d in case.split(",") if d]
    steps = [tool("goto-cc", "-I", folder, "-I", TOP, "-I", os.path.join(TOP, "include"), *defines, "-o",
                  binary, os.path.join(HERE, harness.name + ".c")),
             tool("goto-instrument", "--nondet-volatile",
                  *[w for r in harness.replaces for w in ("--replace-calls", r.replace("=", ":"))],
                  binary, binary)]
    for argv in steps:
        p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        log.write(p.stdout)
        if p.returncode:
            raise ValueError(f"{os.path.basename(argv[3])}: {p.stdout.strip().splitlines()[-1]}")
    unwind = harness.options + [a for u in harness.unwind for a in
                                (["--unwindset", u] if ":" in u else ["--unwind", u])]
    argv = [*CHECKS, *unwind, binary]
    if planted:
        return first_failure(harness, argv, log)
    found = {r["property"]: (r["status"], r["description"]) for part in ask(log, *argv) for r in part.get("result", [])}
    if not found:
        raise ValueError("cbmc gave no result")
    return found


def included(path, found):
    """Adds to `found` the file and what it includes of the tree."""
    if path in found or not os.path.exists(path):
        return
    found.add(path)
    with open(path, encoding="utf-8") as f:
        names = re.findall(r'^\s*#include [<"]([^">]+)[">]', f.read(), re.M)
    for name in names:
        for folder in (TOP, os.path.join(TOP, "include"), os.path.dirname(path)):
            included(os.path.normpath(os.path.join(folder, name)), found)


def sources(harness):
    """One hash of everything that a proof of this harness depends on."""
    found = {os.path.join(HERE, "run.py")}
    included(os.path.join(HERE, harness.name + ".c"), found)
    return memory.digest(sorted(found))


def judge(harness, case, planted):
    """judge_now(), or what it found before about the very same sources."""
    name = "/".join(filter(None, [harness.name, case, planted and "planted-" + planted[1]]))
    folder = os.path.join(WORK, name)
    os.makedirs(folder, exist_ok=True)
    known, key = memory.Memory(os.path.join(WORK, "good")), sources(harness)
    before = known.recall(name, key)
    if before is not None:
        return name, True, before + " (found before, of the same sources)"
    good, why = judge_now(harness, case, planted, name, folder)
    if good:
        known.keep(name, key, why)
    return name, good, why


def judge_now(harness, case, planted, name, folder):
    """(good, why) of one proof, or of one planted bug."""
    start = time.monotonic()
    path = os.path.join(OUT, "log", "proof", name.replace("/", "-") + ".log")
    try:
        if planted:
            plant(folder, *planted[2:])
        with open(path, "w", encoding="utf-8") as log:
            found = cbmc(harness, case, folder, log, bool(planted))
    except subprocess.TimeoutExpired:
        return False, f"no answer after {PROOF_SECONDS} s"
    except ValueError as e:
        return False, str(e)
    took = time.monotonic() - start

    meant = {p for p, (_, text) in found.items() if meant_to_wrap(harness, p, text)}
    bad = {p: text for p, (status, text) in found.items() if status != "SUCCESS" and p not in meant}
    if planted:
        bad = {p: text for p, text in bad.items() if ".unwind" not in p}
        return bool(bad), next((f"caught in {took:.0f} s: {p}: {t}" for p, t in bad.items()), "not found")
    if bad:
        return False, "; ".join(f"{p}: {t}" for p, t in list(bad.items())[:3])
    return True, f"{len(found) - len(meant)} properties, {took:.0f} s"


def main(argv):
    long = "--long" in argv
    only = [a for a in argv if a != "--long"]
    if not fetch():
        print("skip tool: the mirror has no cbmc")
        return 0
    os.makedirs(os.path.join(OUT, "log", "proof"), exist_ok=True)
    jobs = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.c"))):
        h = read(path)
        if only and h.name not in only:
            continue
        cases = h.cases + (h.long if long else []) or [""]
        jobs += [(h, case, None) for case in cases]
        jobs += [(h, p[0].strip("-"), p) for p in h.plants if long or p[0] not in h.long]
    jobs.sort(key=lambda job: bool(job[2]) or job[0].name not in LONGEST)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, good, why in pool.map(lambda job: judge(*job), jobs):
            bad += not good
            print(f"{'ok' if good else 'FAILED'} {name}: {why}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
