# SPDX-License-Identifier: MIT
"""Records the cases of a whole-system test.

    results = Results("isolation")
    with results.case("B cannot read A's memory"):
        check(status == EACCES, f"status {status}")
    sys.exit(results.finish())

A case prints one line: `ok NAME: seconds`, `FAILED NAME: why` (the code under test is wrong),
`ERROR NAME: why` (the test could not run, which says nothing about the code) or `skip NAME: why`.
finish() prints one line for machines,

    RESULT isolation ok=12 failed=0 error=0 skipped=1 seconds=41.0

leaves the same line in BUILD/results/NAME, and returns the exit status, as XTF has it: 0 success,
3 nothing but skips, 4 error, 5 failure.
"""

import contextlib
import os
import time
import traceback

import bed

EXIT_SUCCESS = 0
EXIT_SKIP = 3
EXIT_ERROR = 4
EXIT_FAILURE = 5


class Failure(Exception):
    """The code under test did something wrong."""


class Skip(Exception):
    """The case does not apply here."""


def check(condition, why):
    """Fails the running case unless condition is true."""
    if not condition:
        raise Failure(why)


def check_equal(got, wanted, what):
    """Fails the running case unless both values are equal."""
    if got != wanted:
        raise Failure(f"{what} is {got!r}, not {wanted!r}")


class Results:
    """The cases of one test program, counted."""

    def __init__(self, name):
        self.name = name
        self.counts = {"ok": 0, "failed": 0, "error": 0, "skipped": 0}
        self._start = time.monotonic()

    @contextlib.contextmanager
    def case(self, name):
        """Runs the body of a `with` as one case.  Its exceptions end here, so the next case runs;
        only an interrupt passes on."""
        start = time.monotonic()
        try:
            yield
        except Skip as e:
            self._count("skipped", f"skip {name}: {e}")
        except (Failure, AssertionError) as e:
            self._count("failed", f"FAILED {name}: {e}")
        except bed.BedError as e:
            self._count("error", f"ERROR {name}: {e}")
        except Exception as e:  # a bug in the test: show where
            traceback.print_exc()
            self._count("error", f"ERROR {name}: {type(e).__name__}: {e}")
        else:
            self._count("ok", f"ok {name}: {time.monotonic() - start:.1f} s")

    def error(self, name, why):
        """Records that a case, or the whole test, could not run."""
        self._count("error", f"ERROR {name}: {why}")

    def _count(self, outcome, line):
        self.counts[outcome] += 1
        print(line, flush=True)

    def finish(self):
        """Prints and stores the totals; returns the exit status."""
        words = " ".join(f"{key}={value}" for key, value in self.counts.items())
        line = f"RESULT {self.name} {words} seconds={time.monotonic() - self._start:.1f}"
        print(line, flush=True)
        os.makedirs(os.path.join(bed.BUILD, "results"), exist_ok=True)
        with open(os.path.join(bed.BUILD, "results", self.name), "w", encoding="utf-8") as f:
            f.write(line + "\n")
        if self.counts["failed"]:
            return EXIT_FAILURE
        if self.counts["error"]:
            return EXIT_ERROR
        return EXIT_SUCCESS if self.counts["ok"] else EXIT_SKIP
