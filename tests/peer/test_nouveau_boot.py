#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Stock nouveau boots the GPU's firmware on the model; three planted faults of those that stop it.

The rest of the faults, and what the boot costs, take too long for every day: make peer-nouveau.
"""

import sys

import nouveau_boot

if __name__ == "__main__":
    sys.exit(1 if nouveau_boot.main(["clean", "rom-byte", "image-byte", "reply-error"])[1] else 0)
