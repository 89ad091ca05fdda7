#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes initramfs images (cpio archives, "newc" format) with neither root nor a staging tree.

An image is described by a list file, one entry a line:

    dir    PATH                 an empty directory (those above files come by themselves)
    slink  PATH TARGET          a symbolic link
    node   PATH MODE c MAJ MIN  a character device
    file   PATH HOST [MODE]     a host file as it is; mode 755 if it is executable, else 644
    bin    PATH HOST            a program, and the shared libraries and loader that ldd names
    lib    HOST                 a library no program names, e.g. one that is opened by name
    module NAME                 a kernel module and those it needs, see below

HOST and TARGET may use {variables} given on the command line. With the variable root, programs and libraries are
those of another system, unpacked below there, which has no say otherwise: files of the host stay its own.  Modules are stored as
/lib/modules/NAME.ko, and /lib/modules/order names them in the order in which to insert them.

Linux unpacks several archives in one file one after the other, so what a test adds to a ready
image is an archive of its own, appended (see overlay() and append()).
"""

import argparse
import gzip
import lzma
import os
import re
import stat
import subprocess
import sys


class ImageError(Exception):
    """An image could not be made; the text says which entry is at fault."""


class Cpio:
    """A cpio archive being put together in memory: add entries, then take data()."""

    def __init__(self):
        self._parts = []
        self._seen = set()

    def _entry(self, path, mode, data=b"", rdev=(0, 0)):
        path = path.strip("/")
        if path in self._seen:
            return
        parent = os.path.dirname(path)
        if parent:
            self._entry(parent, stat.S_IFDIR | 0o755)
        self._seen.add(path)
        self._raw(path, len(self._seen), mode, data, rdev)

    def _raw(self, path, inode, mode, data, rdev=(0, 0)):
        name = path.encode() + b"\0"
        # Fields: ino mode uid gid nlink mtime size devmajor devminor rdev(2) namesize check.
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(name), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
        self._parts.append(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def dir(self, path):
        """An empty directory, mode 755."""
        self._entry(path, stat.S_IFDIR | 0o755)

    def slink(self, path, target):
        """A symbolic link to target."""
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def node(self, path, mode, major, minor):
        """A character device."""
        self._entry(path, stat.S_IFCHR | mode, rdev=(major, minor))

    def data(self, path, data, mode=0o644):
        """A regular file with these bytes."""
        self._entry(path, stat.S_IFREG | mode, data)

    def file(self, path, host, mode=None):
        """A regular file with the bytes of a host file."""
        try:
            with open(host, "rb") as f:
                data = f.read()
        except OSError as e:
            raise ImageError(f"{path}: {e}") from e
        if mode is None:
            mode = 0o755 if os.access(host, os.X_OK) else 0o644
        self.data(path, data, mode)

    def bin(self, path, host, root=None):
        """A program with the libraries it needs, each at the place where its loader finds it."""
        if root and os.path.exists(root + host):
            host = root + host
        self.file(path, host, 0o755)
        for place, lib in libraries(host, root):
            self.file(place, lib, 0o755)

    def finish(self):
        """The archive's bytes, with its trailer."""
        done = Cpio()
        done._raw("TRAILER!!!", 0, 0, b"")
        return b"".join(self._parts) + done._parts[0]


def is_elf(host):
    """Whether a host file is an ELF image (a kernel, module, program or library)."""
    with open(host, "rb") as f:
        return f.read(4) == b"\x7fELF"


def libraries(host, root=None):
    """[(path, host file)] of the shared libraries and the loader of a program; none if it is static.

    root: the system below there has them, and says by its own loader which.
    """
    if not is_elf(host):
        return []
    # A static program, a kernel module or a domain image has no loader to ask.
    with open(host, "rb") as f:
        if b"ld-linux" not in f.read(8192):
            return []
    loader, libs = "/lib64/ld-linux-x86-64.so.2", f"{root}/usr/lib/x86_64-linux-gnu"
    command = [f"{root}/usr{loader}", "--inhibit-cache", "--library-path", libs, "--list"] if root else ["ldd"]
    out = subprocess.run(command + [host], capture_output=True, text=True, check=False)
    if "not found" in out.stdout:
        raise ImageError(f"{host}: {out.stdout.strip()}")
    found = re.findall(r"(?:=> )?(/\S+) \(0x", out.stdout)
    if root:
        found = [(lib[len(root):], lib) for lib in found if lib.startswith(libs)]
        return found + [(loader, f"{root}/usr{loader}"),
                        ("/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", f"{libs}/libgcc_s.so.1")]
    # pthread_cancel() opens this one by name.
    unwind = "/lib/x86_64-linux-gnu/libgcc_s.so.1"
    found += [unwind] if os.path.exists(unwind) and unwind not in found else []
    return [(lib, lib) for lib in found]


def module_bytes(host):
    """A kernel module as the kernel takes it; Debian 13 and later ship them compressed."""
    with open(host, "rb") as f:
        data = f.read()
    return lzma.decompress(data) if host.endswith(".xz") else data


class Modules:
    """The kernel modules of one kernel release, found by file, so that depmod is not needed."""

    def __init__(self, tree):
        self._files = {}
        for top, _, names in os.walk(os.path.join(tree, "kernel")):
            for name in names:
                if name.endswith((".ko", ".ko.xz")):
                    self._files[self._name(name.split(".ko")[0])] = os.path.join(top, name)
        with open(os.path.join(tree, "modules.builtin"), encoding="utf-8") as f:
            self._builtin = {self._name(os.path.basename(line.strip())[:-3]) for line in f}

    @staticmethod
    def _name(name):
        return name.replace("-", "_")

    def closure(self, wanted):
        """Host files of the wanted modules and of those they depend on, in load order."""
        order = []

        def add(name, why):
            name = self._name(name)
            if name in self._builtin:
                return
            if name not in self._files:
                raise ImageError(f"no kernel module {name} (wanted by {why})")
            host = self._files[name]
            if host in order:
                return
            depends = re.search(rb"\0depends=([^\0]*)\0", module_bytes(host))
            for dep in filter(None, depends.group(1).decode().split(",") if depends else []):
                add(dep, name)
            order.append(host)

        for name in wanted:
            add(name, "the image's list")
        return order


def from_list(list_file, variables):
    """Builds the archive that a list file describes and returns its bytes."""
    cpio = Cpio()
    modules = []
    with open(list_file, encoding="utf-8") as f:
        lines = f.read().splitlines()
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].format(**variables).split()
        if not words:
            continue
        kind, args = words[0], words[1:]
        try:
            if kind == "module":
                modules += args
            elif kind == "lib":
                cpio.file(args[0], args[0], 0o755)
            elif kind == "node":
                cpio.node(args[0], int(args[1], 8), int(args[3]), int(args[4]))
            elif kind == "file":
                cpio.file(args[0], args[1], int(args[2], 8) if len(args) > 2 else None)
            elif kind in ("dir", "slink"):
                getattr(cpio, kind)(*args)
            elif kind == "bin":
                cpio.bin(*args, root=variables.get("root"))
            else:
                raise ImageError(f"unknown kind {kind}")
        except (ImageError, IndexError, ValueError) as e:
            raise ImageError(f"{list_file}:{number}: {e}") from e
    files = Modules(variables["modules"]).closure(modules) if modules else []
    if files:
        put_modules(cpio, files)
    return cpio.finish()


def put_modules(cpio, files):
    """Stores modules of the host, in load order, and the list of their names in that order."""
    names = [os.path.basename(host).removesuffix(".xz") for host in files]
    for name, host in zip(names, files):
        cpio.data("/lib/modules/" + name, module_bytes(host))
    cpio.data("/lib/modules/order", "".join(name + "\n" for name in names).encode())


def overlay(files, root=None):
    """An archive made from {path in the image: host path, bytes or str}; root as for libraries().

    Programs with a loader bring their libraries.  A str with a line end is a file's text, any
    other str is a host path.
    """
    cpio = Cpio()
    for path, what in files.items():
        if isinstance(what, bytes):
            cpio.data(path, what, 0o755 if what[:2] == b"#!" else 0o644)
        elif "\n" in str(what):
            cpio.data(path, what.encode(), 0o755 if what.startswith("#!") else 0o644)
        else:
            host = str(what)
            if not os.path.isfile(host):
                raise ImageError(f"{path}: no such host file: {host}")
            cpio.file(path, host)
            for place, lib in libraries(host, root):
                cpio.file(place, lib, 0o755)
    return cpio.finish()


def append(out, base, *archives):
    """Writes base (a file) and further archives (bytes), each at a multiple of 4, as Linux asks."""
    with open(base, "rb") as f:
        whole = f.read()
    for archive in archives:
        whole += b"\0" * (-len(whole) % 4) + archive
    with open(out, "wb") as f:
        f.write(whole)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", help="the list file")
    parser.add_argument("out", help="the image to write (.gz: compressed)")
    parser.add_argument("variables", nargs="*", help="NAME=VALUE, for {NAME} in the list")
    args = parser.parse_args()
    data = from_list(args.list, dict(v.split("=", 1) for v in args.variables))
    if args.out.endswith(".gz"):
        data = gzip.compress(data, 6, mtime=0)
    with open(args.out + ".tmp", "wb") as f:
        f.write(data)
    os.rename(args.out + ".tmp", args.out)


if __name__ == "__main__":
    try:
        main()
    except (ImageError, OSError) as e:
        sys.exit(f"image.py: {e}")
