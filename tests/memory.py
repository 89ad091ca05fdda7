# SPDX-License-Identifier: MIT
"""What was found good need not be found again of the very same files.

    memory = Memory("build/memory/lint")
    key = digest(paths)
    memory.recall(name, key)        the words kept for it, or None
    memory.keep(name, key, words)   only of what was good: what failed is always done again

FRESH=1 in the environment recalls nothing.
"""

import hashlib
import os


def digest(paths, *more):
    """One hash of the files' names and contents, and of further words."""
    total = hashlib.sha256()
    for path in sorted(paths):
        with open(path, "rb") as f:
            total.update(path.encode() + b"\0" + hashlib.sha256(f.read()).digest())
    for word in more:
        total.update(b"\0" + word.encode())
    return total.hexdigest()


class Memory:
    """One file for each name, with the key and the words."""

    def __init__(self, folder):
        self._folder = folder
        os.makedirs(folder, exist_ok=True)

    def _path(self, name):
        return os.path.join(self._folder, name.replace("/", "-"))

    def recall(self, name, key):
        """The words, when this key was the last that was kept under the name."""
        if os.environ.get("FRESH"):
            return None
        try:
            with open(self._path(name), encoding="utf-8") as f:
                before, words = f.read().split("\n", 1)
        except (OSError, ValueError):
            return None
        return words if before == key else None

    def keep(self, name, key, words=""):
        """Replaces what was kept under the name; whole or not at all, whoever else does the same."""
        new = f"{self._path(name)}.{os.getpid()}"
        with open(new, "w", encoding="utf-8") as f:
            f.write(f"{key}\n{words}")
        os.rename(new, self._path(name))
