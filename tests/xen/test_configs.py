#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Wrong configs: each gives one line that names the fault, and creates nothing.

Nothing means: no domain, no node below /xvgpu, backend/vgpu or /libxl that was not there before.
"""

import sys

import system  # noqa: F401
from system import LIB, System
from results import Results, check

OK = "backend=gpudom,profile=tiny,vram=64M"
# name, the vgpu line, a word the message must hold
WRONG = [
    ("unknown profile", '["backend=gpudom,profile=nosuch"]', "nosuch"),
    ("more VRAM than the profile allows", '["backend=gpudom,profile=tiny,vram=2G"]', "vram"),
    ("more VRAM than the board has", '["backend=gpudom,profile=huge,vram=900G"]', "vram"),
    ("no such backend", '["backend=nobody,profile=tiny"]', "nobody"),
    ("the same slot twice", f'["{OK},slot=1","{OK},slot=1"]', "slot"),
    ("a slot out of range", f'["{OK},slot=99"]', "slot"),
    ("unknown key", f'["{OK},colour=red"]', "colour"),
    ("key without value", '["backend=gpudom,profile="]', "profile"),
    ("no backend", '["profile=tiny"]', "backend"),
    ("a size that is no number", '["backend=gpudom,profile=tiny,vram=lots"]', "vram"),
    ("a negative size", '["backend=gpudom,profile=tiny,vram=-64M"]', "vram"),
    ("an unaligned size", '["backend=gpudom,profile=tiny,vram=1000"]', "vram"),
    ("a string instead of a list", f'"{OK}"', "vgpu"),
    ("an empty list", "[]", "vgpu"),
    ("garbage in the entry", '["%s%n,,,=,"]', "vgpu"),
    ("garbage in the file", '[[[ = "', "bad.cfg"),
]


def state(s):
    """Everything that creating a guest would leave."""
    return s.ok("xl list | awk '{print $1}'; xenstore-ls /xvgpu; xenstore-ls /libxl | grep -v online; "
                f"xenstore-list /local/domain/{s.domid('gpudom')}/backend/vgpu 2>/dev/null; true")


def main():
    results = Results("configs")
    profiles = 'profiles=["name=tiny,vram=64M,max-vram=256M","name=huge,vram=1G,max-vram=1000G"]\n'
    with System("configs", overlay={"/etc/xvgpu/profiles.conf": profiles}) as s:
        s.start_gpudom()
        base = f'name="bad"\ntype="pv"\nkernel="{LIB}/images/worker"\nmemory=16\nextra="mode=idle"\n'
        before = state(s)
        for name, line, word in WRONG:
            with results.case(name):
                s.put("/etc/xen/bad.cfg", base + f"vgpu={line}\n")
                rc, out = s.sh("xvgpu create /etc/xen/bad.cfg")
                check(rc not in (0, 143), f"exit code {rc}: {out}")
                check(out.count("\n") == 1, f"not one line: {out!r}")
                check(word in out, f"{word} is not in {out!r}")
                check(state(s) == before, f"something was left behind: {state(s)}")
        with results.case("no such file"):
            rc, out = s.sh("xvgpu create /etc/xen/none.cfg")
            check(rc and out.count("\n") == 1 and "none.cfg" in out, out)
        with results.case("a right config still works"):
            s.put("/etc/xen/good.cfg", base.replace("bad", "good") + f'vgpu=["{OK}"]\n')
            s.ok("xvgpu create /etc/xen/good.cfg", timeout=60)
            s.ok("xl destroy good")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
