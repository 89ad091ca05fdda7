#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the tests, stage by stage, and ends with one line: N passed, N failed, N skipped.

    check.py [STAGE ...]        default: every stage of STAGES, in order

A stage is a function that yields Result objects. Whole-system tests and unit tests report their own
cases; a stage only starts them and reads what they print. The full output of each stage is kept in
build/log/. A skipped test whose name is not in tests/skips.allow counts as failed.

Tests on machines of their own take minutes. One that passed is not run again while all that it
depends on is the same, down to Debian's packages: what it found then is shown as "found before".
FRESH=1 runs everything.
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

import memory

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.environ.get("O", "build")
LOG = os.path.join(OUT, "log")
FUZZ_TOTAL = 180  # seconds of fuzzing in one `make check`, shared by all targets
# What tests that start machines depend on. In {O} stands what is built, of all sources.
MACHINE = ["{O}/xvgpu-model.so", "{O}/insns.so", "tests/bed/*", "tests/*.py", "/var/lib/dpkg/status"]
DEPENDS = {
    "xen": MACHINE + ["{O}/gpudom", "{O}/xvgpu", "{O}/images/*", "{O}/linux/xen-vgpu-front.ko", "{O}/drmcheck",
                      "{O}/crash", "{O}/xen-4.20/xvgpu", "{O}/xen-4.20/bed/*", "{O}/bed/*.cpio.gz", "{O}/bed/vmlinux", "{O}/bed/xen", "tests/xen/**",
                      "tests/model/*.py", "tests/peer/*.py", "fwq/abi/*", "packaging/*"],
    "peer/nouveau_boot": MACHINE + ["tests/peer/*", "{O}/vkcopy"],
}


@dataclasses.dataclass
class Result:
    name: str
    outcome: str  # "ok", "FAILED" or "skipped"
    why: str = ""


def command(log, argv, env=None, timeout=1800):
    """Run argv with its output appended to build/log/LOG; return (exit code, output)."""
    path = os.path.join(LOG, log)
    full = dict(os.environ, **(env or {}))
    with open(path, "a+", encoding="utf-8", errors="replace") as f:
        f.write("$ " + " ".join(argv) + "\n")
        f.flush()
        start = f.tell()
        try:
            rc = subprocess.run(argv, stdout=f, stderr=subprocess.STDOUT, env=full, timeout=timeout,
                                stdin=subprocess.DEVNULL, check=False).returncode
        except subprocess.TimeoutExpired:
            f.write(f"\ntimed out after {timeout} s\n")
            rc = 124
        f.flush()
        f.seek(start)
        return rc, f.read()


def last_line(output):
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "(no output)"


def make(log, *args):
    """make, with a job for each CPU: who calls `make check` need not say so."""
    return command(log, ["make", f"-j{os.cpu_count()}", *args])


def side_by_side(work, items):
    """What work(item) returns for each item, in their order: one at a time on each CPU."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for results in pool.map(work, items):
            yield from results


def names(folder, prefix):
    found = sorted(os.listdir(os.path.join("tests", folder)))
    return [f[len(prefix):-2] for f in found if f.startswith(prefix) and f.endswith(".c")]


# ---------------------------------------------------------------- stages

def stage_build():
    """The shipped configuration builds; so do all options on and all off."""
    rc, out = make("build.log", "all", "bed")
    yield Result("build/defconfig", "ok" if rc == 0 else "FAILED", last_line(out))
    if rc:
        return
    size = os.path.getsize(os.path.join(OUT, "gpudom"))
    yield Result("build/gpudom-size", "ok" if size < 1 << 20 else "FAILED", f"{size} bytes, limit 1 MiB")
    for variant in ("allyesconfig", "allnoconfig"):
        where = os.path.join(OUT, variant)
        os.makedirs(where, exist_ok=True)
        for shared in ("newlib", ".deps"):
            link = os.path.join(where, shared)
            if not os.path.lexists(link):
                os.symlink(os.path.join("..", shared), link)
        rc, out = make("build.log", f"O={where}", variant)
        if rc == 0:
            rc, out = make("build.log", f"O={where}", f"{where}/gpudom")
        yield Result(f"build/{variant}", "ok" if rc == 0 else "FAILED", last_line(out))


def stage_lint():
    """clang-format, clang-tidy and cppcheck find nothing."""
    rc, out = make("lint.log", "lint")
    yield Result("lint", "ok" if rc == 0 else "FAILED", last_line(out))


def cmocka(test, stage="unit", timeout=300):
    """Run one cmocka program in TAP mode; a result per case. It has a log of its own, as others run beside it."""
    rc, out = command(f"{stage}-{test}.log", [os.path.join(OUT, stage, test)],
                      env={"CMOCKA_MESSAGE_OUTPUT": "TAP"}, timeout=timeout)
    cases = 0
    results = []
    for line in out.splitlines():
        m = re.match(r"(not )?ok \d+ - (\S+)(.*)", line)
        if m:
            cases += 1
            skipped = "# SKIP" in m[3]
            results.append(Result(f"{stage}/{test}/{m[2]}",
                                  "FAILED" if m[1] else "skipped" if skipped else "ok", m[3].strip()))
    if rc != 0 or cases == 0:
        results.append(Result(f"{stage}/{test}", "FAILED", f"exit code {rc}, {cases} cases: {last_line(out)}"))
    return results


def stage_unit():
    """Hosted unit tests and the conformance suite, under AddressSanitizer and UBSan."""
    rc, out = make("unit.log", "unit")
    if rc:
        yield Result("unit/build", "FAILED", last_line(out))
        return
    yield from side_by_side(cmocka, names("unit", "test_") + ["conformance", "core_client"])
    yield from run_scripts("unit", [("apart", "tests/model/test_apart.py"),
                                    ("core-calls", "tests/core-client/calls.py"),
                                    ("boot-failures", "tests/unit/boot_failures.py")], os.cpu_count())


def stage_stress():
    """Random sequences of requests, hosted, under AddressSanitizer and UBSan: everything returns to the start."""
    rc, out = make("stress.log", "stress")
    if rc:
        yield Result("stress/build", "FAILED", last_line(out))
        return
    yield from side_by_side(lambda test: cmocka(test, "stress", 600), names("stress", "test_"))


def coverage(name, exe, profile):
    """Line coverage of the files that a fuzz target is about (its COVERS: line), in percent."""
    with open(f"tests/fuzz/fuzz_{name}.c", encoding="utf-8") as f:
        m = re.search(r"COVERS:([^\n*]*)", f.read())
    files = m[1].split() if m else []
    if not files:
        return None, "no COVERS: line"
    merged = profile + ".data"
    log = f"fuzz-{name}.log"
    rc, _ = command(log, ["llvm-profdata", "merge", "-o", merged, profile])
    if rc:
        return None, "llvm-profdata failed"
    rc, out = command(log, ["llvm-cov", "report", exe, f"-instr-profile={merged}", *files])
    # Columns: Filename Regions Missed Cover Functions Missed Executed Lines Missed Cover ...
    lines = missed = 0
    for row in out.splitlines():
        cells = row.split()
        if len(cells) >= 10 and cells[0].endswith((".c", ".h")):
            lines += int(cells[7])
            missed += int(cells[8])
    if rc or not lines:
        return None, "no coverage data"
    return 100.0 * (lines - missed) / lines, " ".join(files)


def fuzz(name, share):
    """Fuzz one target for `share` seconds, then replay its corpus for coverage; two results."""
    log = f"fuzz-{name}.log"
    exe = os.path.join(OUT, "fuzzers", name)
    corpus = os.path.join(OUT, "corpus", name)
    seeds = os.path.join("tests", "fuzz", "corpus", name)
    os.makedirs(corpus, exist_ok=True)
    dirs = [corpus] + ([seeds] if os.path.isdir(seeds) else [])
    profile = os.path.join(OUT, "corpus", name + ".profraw")
    rc, out = command(log, [exe, f"-max_total_time={share}", "-print_final_stats=1",
                            f"-artifact_prefix={LOG}/crash-{name}-", *dirs],
                      env={"LLVM_PROFILE_FILE": os.devnull}, timeout=share + 300)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", out)
    ran = Result(f"fuzz/{name}", "ok" if rc == 0 else "FAILED",
                 f"{runs[1] if runs else '?'} runs in {share} s" if rc == 0 else
                 f"see {LOG}/{log} and {LOG}/crash-{name}-*")
    rc, out = command(log, [exe, "-runs=0", *dirs], env={"LLVM_PROFILE_FILE": profile})
    percent, about = coverage(name, exe, profile) if rc == 0 else (None, "replay failed")
    good = percent is not None and percent >= 95.0
    return [ran, Result(f"fuzz/{name}/coverage", "ok" if good else "FAILED",
                        f"{percent:.1f} % of lines: {about}" if percent is not None else about)]


def stage_fuzz():
    """Every fuzz target runs for its share of the time; its corpus covers its parser's lines."""
    rc, out = make("fuzz.log", "fuzzers")
    if rc:
        yield Result("fuzz/build", "FAILED", last_line(out))
        return
    targets = names("fuzz", "fuzz_")
    share = int(os.environ.get("FUZZ_SECONDS", max(5, FUZZ_TOTAL // max(1, len(targets)))))
    yield from side_by_side(lambda name: fuzz(name, share), targets)


def scripts(folder):
    """(name, path) of each test_*.py in a folder."""
    return [(f[5:-3], f"{folder}/{f}") for f in sorted(os.listdir(folder))
            if re.fullmatch(r"test_\w+\.py", f)]


def longest_first(tests, long):
    """The tests named in `long` in its order, then the others: none is left over at the end with nothing beside it."""
    return sorted(tests, key=lambda t: long.index(t[0]) if t[0] in long else len(long))


def say(line):
    """Print a line in one piece, whatever other threads say."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_script(prefix, log, script, timeout):
    """Run one test script; a line `ok NAME: why` (FAILED, ERROR, skip) is a result."""
    rc, out = command(log, ["/usr/bin/python3", script], timeout=timeout)
    cases = bad = 0
    for line in out.splitlines():
        m = re.fullmatch(r"(ok|FAILED|ERROR|skip) ([^:]+)(?:: (.*))?", line)
        if m:
            cases += 1
            outcome = {"ok": "ok", "skip": "skipped"}.get(m[1], "FAILED")
            bad += outcome == "FAILED"
            yield Result(f"{prefix}/{m[2]}", outcome, m[3] or "")
    if cases == 0 or (rc != 0 and not bad):
        yield Result(prefix, "FAILED", f"exit code {rc}, {cases} cases: {last_line(out)}")


def depends(test):
    """A hash of what a test's results depend on, or None for one that runs each time."""
    patterns = DEPENDS.get(test, DEPENDS.get(test.split("/")[0]))
    if patterns is None:
        return None
    found = (glob.glob(p.format(O=OUT), recursive=True) for p in patterns)
    return memory.digest({f for files in found for f in files if os.path.isfile(f) and "__pycache__" not in f},
                         os.environ.get("RESTARTS", "") + os.environ.get("XEN", ""))


def run_or_recall(test, script):
    """The results of a script: of now, or of before if nothing has changed since all were ok."""
    known, key = memory.Memory(os.path.join(OUT, "memory")), depends(test)
    before = key and known.recall(test, key)
    if before:
        return [Result(name, "ok", f"found before, {why}") for name, why in json.loads(before)]
    say(f"  {test} …")
    results = list(run_script(test, test.replace("/", "-") + ".log", script, 1800))
    if key and all(r.outcome == "ok" for r in results):
        known.keep(test, key, json.dumps([(r.name, r.why) for r in results]))
    return results


def run_scripts(stage, tests, width=1):
    """Run scripts in this order, up to `width` at a time; results come as each ends."""
    with concurrent.futures.ThreadPoolExecutor(width) as pool:
        runs = [pool.submit(run_or_recall, f"{stage}/{name}", script) for name, script in tests]
        for done in concurrent.futures.as_completed(runs):
            yield from done.result()


PEER_LONG = ("nouveau_boot", "scramble", "boot", "firmware")


def stage_peer():
    """Against things nobody here wrote: the vendor's headers and code, nouveau's headers."""
    rc, out = make("peer.log", "peer")
    if rc:
        yield Result("peer/build", "FAILED", last_line(out))
        return
    yield from run_scripts("peer", longest_first(scripts("tests/peer"), PEER_LONG), os.cpu_count())


def stage_proof():
    """CBMC proves memory safety of the firmware queues and finds every planted bug."""
    yield from run_script("proof", "proof.log", "tests/proof/run.py", 1800)


# Whole-system tests of minutes rather than seconds.
XEN_LONG = ("lifecycle", "submit", "isolation", "boot", "restart", "boot_faults", "recovery", "chips", "configs")
MACHINE_MIB = 3584  # of a test machine: its memory, and QEMU


def machines():
    """How many test machines fit beside each other: they wait more than they compute, so two on two CPUs."""
    with open("/proc/meminfo", encoding="utf-8") as f:
        free = int(re.search(r"^MemAvailable: *(\d+) kB", f.read(), re.M)[1]) // 1024
    return max(1, min(os.cpu_count(), 2, free // MACHINE_MIB))


def stage_xen():
    """Whole-system tests: each tests/xen/test_*.py boots real Xen once and reports its own cases."""
    rc, out = make("xen.log", "system")
    if rc:
        yield Result("xen/build", "FAILED", last_line(out))
        return
    tests = [("bed", "tests/bed/selftest.py"), ("insns", "tests/bed/test_insns.py"), ("model", "tests/model/test_qemu.py")]
    tests += scripts("tests/xen")
    only = os.environ.get("XEN_TESTS", "").split()
    tests = [t for t in tests if not only or t[0] in only]
    yield from run_scripts("xen", longest_first(tests, XEN_LONG), machines())


STAGES = {"build": stage_build, "lint": stage_lint, "unit": stage_unit, "stress": stage_stress, "peer": stage_peer,
          "proof": stage_proof, "fuzz": stage_fuzz, "xen": stage_xen}


def main(argv):
    os.chdir(TOP)
    os.makedirs(LOG, exist_ok=True)
    unknown = [a for a in argv if a not in STAGES]
    if unknown:
        sys.exit(f"check.py: no stage {unknown[0]}; there are: {' '.join(STAGES)}")
    with open("tests/skips.allow", encoding="utf-8") as f:
        allowed = {line.split("#")[0].strip() for line in f} - {""}
    count = {"ok": 0, "FAILED": 0, "skipped": 0}
    failed = []
    begin = time.monotonic()
    for stage in argv or STAGES:
        print(f"== {stage}: {STAGES[stage].__doc__.splitlines()[0]}", flush=True)
        for log in os.listdir(LOG):
            if re.fullmatch(rf"{stage}(-[\w-]+)?\.log", log):
                os.unlink(os.path.join(LOG, log))
        start = time.monotonic()
        shown = 0
        for r in STAGES[stage]():
            if r.outcome == "skipped" and r.name not in allowed:
                r = Result(r.name, "FAILED", f"skipped, but not in tests/skips.allow: {r.why}")
            count[r.outcome] += 1
            shown += 1
            if r.outcome == "FAILED":
                failed.append(r)
            # Unit cases are many: only what is not ok is shown one by one.
            if stage != "unit" or r.outcome != "ok":
                say(f"  {r.outcome:7} {r.name}" + (f": {r.why}" if r.why else ""))
        print(f"   {shown} results in {time.monotonic() - start:.0f} s", flush=True)
    print(f"\ntook {time.monotonic() - begin:.0f} s; full logs in {LOG}/")
    for r in failed:
        print(f"FAILED {r.name}: {r.why}")
    print(f"{count['ok']} passed, {count['FAILED']} failed, {count['skipped']} skipped")
    return 1 if count["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
