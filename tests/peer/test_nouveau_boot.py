#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Stock nouveau drives the GPU model from its start to its end, and Mesa's NVK moves bytes through it; three planted
faults of those that stop nouveau.

The rest of the faults, and what the boot costs, take too long for every day: make peer-nouveau.
"""

import sys

import nouveau_boot

if __name__ == "__main__":
    sys.exit(1 if nouveau_boot.main(["vkcopy", "clean", "rom-byte", "image-byte", "reply-error"])[1] else 0)
