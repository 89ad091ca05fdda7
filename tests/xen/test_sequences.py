#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Guests make, map, submit, unmap and destroy at random on real Xen, and nothing is left of it.

tests/xen/images/sequences.c is the guest of the hosted test (tests/stress), which knows what each step must come to:
several at once, some of which dom0 destroys in the midst. In the end VRAM, grants, event channels and nodes
are what they were, by gpudom's word and by that of Xen's debug keys, and so are the objects, channels and
address spaces of the GPU model.

100 sequences of four guests are tried here, 1000 of sixteen with STRESS=all (`make stress-xen`); SEED= chooses others.
"""

import os
import random
import sys
import time

import archives
import residue
from system import System, fields
from results import Results, check, check_equal

VERSION = "535.113.01"
ALL = os.environ.get("STRESS") == "all"
SEED = int(os.environ.get("SEED", "1511"), 0)
GUESTS, SEQUENCES, DEATHS = (16, 1000, 24) if ALL else (4, 100, 1)


def begin(s, number, seed):
    """A guest that is ready; each third has a larger slice. Those beyond GUESTS have more to do than they live."""
    name, vram, memory = f"seq{number}", *(("16M", 40) if number % 3 == 2 else ("4M", 20))
    share = -(-SEQUENCES // GUESTS) if number < GUESTS else SEQUENCES
    s.create_worker(name, f"seed={seed} number={number} sequences={share} vram={vram}", vram, image="sequences",
                    memory=memory)
    return name


def start_all(s, rng):
    """Starts them in any order; those beyond GUESTS die in the midst of it, each at another moment."""
    for number in rng.sample(range(GUESTS + DEATHS), GUESTS + DEATHS):
        name = f"seq{number}"
        s.tell(name, "start")
        if number < GUESTS:
            continue
        time.sleep(rng.uniform(0, 3))
        s.ok(f"! xenstore-read /local/domain/$(xl domid {name})/data/result 2>&1 && xl destroy {name}")
    s.say(f"all were started, {DEATHS} of them died")


def main():
    results = Results("sequences")
    archive = archives.find_or_skip(results, VERSION, "sequences")
    if not archive:
        return results.finish()
    with System("sequences", firmware=archive, images=("sequences",), limit=1700 if ALL else 400) as s:
        s.start_gpudom()
        before, model_before, at = residue.snapshot(s), residue.model_counts(s), len(s.xen_log())
        # Made before any of them works: dom0 is slow while they do, and all deaths would come when they are done.
        made = [begin(s, number, SEED) for number in range(GUESTS + DEATHS)]
        for name in made:
            s.wait_node(name, "phase", "connected", 200)
        s.say(f"{len(made)} guests are connected")
        start_all(s, random.Random(SEED))
        names, done = made[:GUESTS], []
        for name in names:
            with results.case(f"{name}: each step came to what it must"):
                done.append(fields(s.wait_node(name, "result", "done", 1200 if ALL else 200)))
        with results.case(f"{SEQUENCES} sequences of {GUESTS} guests, {DEATHS} more die"):
            count = {k: sum(int(d[k]) for d in done) for k in done[0]}
            print(f"sequences: seed {SEED}: {count}")
            check(count["sequences"] >= SEQUENCES, f"{count['sequences']}")
            check("SEED" in os.environ or count["reconnects"] and count["faults"] and count["cut"], f"not all happened: {count}")
        with results.case("all VRAM, grants, channels, nodes and handles return to the start"):
            for name in names:
                s.ok(f"xl destroy {name}")
            s.wait(lambda: not s.slices(), "the slices to be released", 60)
            after = residue.snapshot(s)
            # What of its heap gpudom can give back depends on what came before.
            print(f"sequences: pages free: {before.pop('pages free (gpudom)')}, then {after['pages free (gpudom)']}")
            left = residue.differences(before, after)
            check(not left, "; ".join(left))
            check_equal(residue.model_counts(s), model_before, "what the model holds")
        with results.case("Xen's IOMMU log is empty"):
            check_equal(s.iommu_faults(at), [], "lines about the IOMMU")
        with results.case("the driver domain serves on"):
            check(s.gpudom_running(), f"gpudom says {s.gpudom_status()}")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
