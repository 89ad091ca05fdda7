# SPDX-License-Identifier: MIT
"""Guests that are killed at the steps of a slice's life, one after the other, and what is left of each: nothing.

tests/xen/life.c is the list of steps; the image attacker goes to the one that it is told, and stays there. Then
`xl destroy`. What a slice occupies is counted before and after by gpudom, by Xen's debug keys, in xenstore and in the
GPU model. What the guest had written into video memory is still there (the model says so), in the place that the next
guest gets: that one must find zeros.
"""

import hashlib
import json
import re

import residue
from system import ROOT
from results import check, check_equal

IN_CHECK = ("returning", "connected", "drawing")
FILLS = "waited"  # from this step on a guest has filled its memory
NAME = re.compile(r'\{\.name = (?:"([\w-]+)"|(\w+))')
GONE = "closed"  # with the front closed the slice is gone
START = 4 << 20  # bytes of a slice, where its guest's object is


def steps():
    """The names of all steps in life.c, in order."""
    with open(f"{ROOT}/tests/xen/life.c", encoding="utf-8") as f:
        table = f.read().split("const struct life_step life_steps[] = {")[1].split("};")[0]
    with open(f"{ROOT}/tests/xen/life.h", encoding="utf-8") as f:
        header = f.read()
    return [m[1] or re.search(rf'#define {m[2]}\s+"([\w-]+)"', header)[1] for m in NAME.finditer(table)]


class Deaths:
    """Each death is compared with what was there before the first.

    neighbour   a guest at work, with goes_on(what)
    name        its name
    """

    def __init__(self, s, neighbour, name):
        self.s, self.neighbour, self.name = s, neighbour, name
        self.all = steps()
        self.before, self.model = residue.snapshot(s), residue.model_counts(s)
        del self.before["pages free (gpudom)"]  # what of its heap it can give back depends on what came before
        self.bad = self.wrong()
        self.place = None  # where slices are, once there was one
        self.log = len(s.xen_log())

    def wrong(self):
        """What must not happen to anybody else: the neighbour's faults, DMA that was refused."""
        faults = self.s.slices()[self.s.domid(self.name), 0]["faults"]
        return faults, json.loads(self.s.qom_get("gpu0", "stats"))["dma_errors"]

    def needs(self, step):
        """MiB of a slice that comes to this step."""
        return 128 if self.all.index(step) >= self.all.index("graphics") else 32

    def slice(self):
        """(base, size) of the mortal's slice; all are in the same place."""
        stats = self.s.wait(lambda: (found := self.s.slices().get((self.s.domid("mortal"), 0), {})).get("vram")
                            and found, "stats of the mortal", 20)
        base, size = stats["vram"].split("+")
        if self.place is None:
            self.place = base
        check_equal(base, self.place, "the slice's place")
        return int(base, 0), int(size, 0)

    def dies_at(self, step, thorough=True):
        """A guest goes there, is killed, and leaves nothing; Xen and xenstore are asked only if thorough."""
        s = self.s
        if s.domid("mortal"):  # of a case that failed
            s.ok("xl destroy mortal")
        s.create_worker("mortal", f"step={step}", f"{self.needs(step)}M", image="attacker")
        s.wait_node("mortal", "step", f"{step}$", 120)
        base, size = self.slice() if step != GONE else (None, 0)
        if step == "connected":
            check_equal(s.model_hash(base, size), hashlib.sha256(bytes(size)).hexdigest(), "all of its video memory")
        self.neighbour.goes_on(f"beside {step}")
        check_equal(s.node("mortal", "step"), step, "the mortal's last words")
        s.ok("xl destroy mortal")
        s.wait(lambda: len(s.slices()) == 1, "its slice to be released", 60)
        if size and self.all.index(step) >= self.all.index(FILLS):
            check(s.model_hash(base, START) != hashlib.sha256(bytes(START)).hexdigest(),
                  "it has left nothing in video memory, so the next one would prove nothing")
        self.nothing_left(thorough)
        self.neighbour.goes_on(f"after {step}")

    def nothing_left(self, thorough=True):
        """All that was counted is as it was."""
        left = thorough and residue.differences(self.before, residue.snapshot(self.s))
        check(not left, f"{left}")
        check_equal(residue.model_counts(self.s), self.model, "what the model holds")
        check_equal(self.wrong(), self.bad, "the neighbour's faults, DMA refused")
        check_equal(self.s.iommu_faults(self.log), [], "lines about the IOMMU")


def each(s, results, neighbour, name, everything):
    """All steps, the last first: so the next one mostly comes where the last has left something."""
    deaths = Deaths(s, neighbour, name)
    for step in reversed(deaths.all) if everything else IN_CHECK:
        with results.case(f"killed at {step}"):
            deaths.dies_at(step, everything or step == IN_CHECK[-1])
    if everything:
        with results.case("memory behind one that was killed is zero"):
            deaths.dies_at("copying")
            deaths.dies_at("connected")
