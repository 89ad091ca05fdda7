#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make run` ends well, and a single flipped bit in the model's VRAM makes it fail."""

import subprocess
import sys

import system  # noqa: F401
from results import Results, check


def run(*args):
    p = subprocess.run([sys.executable, "tests/xen/run.py", *args], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, check=False)
    print(p.stdout, flush=True)
    return p.returncode, p.stdout.splitlines()


def main():
    results = Results("run")
    with results.case("make run"):
        rc, lines = run()
        check(rc == 0 and lines[-1] == "run: ok", lines[-1])
    with results.case("make run with a planted fault fails"):
        rc, lines = run("--fault")
        check(rc != 0 and lines[-1] == "run: FAILED", lines[-1])
        check(any("mismatch" in line for line in lines), "the guest did not notice")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
