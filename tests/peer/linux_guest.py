# SPDX-License-Identifier: MIT
"""A Linux of Debian's with its own unmodified driver, alone on plain QEMU with the GPU model: no Xen.

A Pair is a kernel and the firmware it gets. Kernel, modules and firmware come from Debian's packages
when a test runs and are kept below build/peer; the initramfs made of them is the same for the same
packages. boot() runs one machine from power-on to power-off and returns what was said.
"""

import contextlib
import dataclasses
import functools
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import firmware
import userland
import vendor
from kernel_log import Wrong

sys.path.insert(0, os.path.join(vendor.TOP, "tests", "bed"))
import image  # noqa: E402

MODEL = os.path.join(vendor.OUT, "xvgpu-model.so")
CHIP = "ga102"
MODULES = ("nouveau",)
MEMORY_MIB = 1024
# With Vulkan: the initramfs and what programs allocate come on top.
MEMORY_VULKAN_MIB = 3072
# An emulated machine of one vCPU needs a quarter of this; the host may be busy.
LIMIT_SECONDS = 240
# Addresses that are the same in every run, for whoever counts by address. On a busy host: no panic when
# the timer comes late, no TSC, whose speed Linux then measures wrong by far, and no CPU that counts as stuck
# before 120 s. A log that holds all that nouveau can say.
COMMAND_LINE = ("console=ttyS0 panic=-1 nokaslr mitigations=off no_timer_check tsc=unstable clocksource=hpet "
                "watchdog_thresh=60 log_buf_len=16M")


class GuestError(Exception):
    """The machine did not get from power-on to power-off; the text names the logs."""


class Lacking(GuestError):
    """The mirror lacks what the machine needs; the text says what."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """A Debian release's kernel, and a firmware version of a release's package for it."""
    kernel_suite: str
    firmware_suite: str
    firmware: str

    def __str__(self):
        return f"{self.kernel_suite}'s kernel and firmware {self.firmware}"


TRIXIE = Pair("trixie", "trixie", "535.113.01")
SID = Pair("sid", "sid", "570.144")
# On boards before Ada Linux 6.12 uses GSP-RM only when asked to. DRM's console needs a display, and
# complains of every board that has none.
PARAMETERS = "nouveau.config=NvGspRm=1 drm_kms_helper.fbdev_emulation=0"
# Without nouveau's own messages; warnings are printed at the end (linux-init).
QUIET = f"loglevel=5 {PARAMETERS}"


@dataclasses.dataclass
class Run:
    """What is left of a machine that has switched itself off."""
    folder: str
    console: str  # everything that the kernel and init printed
    model: str    # the GPU model's log
    image: str    # SHA-256 of the GSP image that the model received, or ""

    def said(self, pattern):
        """The first match of a regular expression on the console, or None."""
        return re.search(pattern, self.console, re.M)

    def need(self, truth, what):
        """Raises Wrong, with what and where the logs are, if truth is none."""
        if not truth:
            raise Wrong(f"{what}; logs are in {self.folder}")


def depends(deb):
    """The Depends field of a package."""
    return subprocess.run(["dpkg-deb", "-f", deb, "Depends"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def fetch_kernel(suite):
    """A folder with vmlinuz, modules/, their `order` and `package`; None when the mirror lacks the kernel."""
    name = f"kernel-{suite}"
    pointer_name = f"kernel-{suite}-pointer"
    if os.path.isdir(os.path.join(vendor.PEER, name)):
        return os.path.join(vendor.PEER, name)
    # An empty package names the newest kernel of the release.
    pointer = vendor.obtain(pointer_name, ["--suites", suite, "download", "linux-image-amd64"],
                            "linux-image-amd64_*.deb", shutil.copy)
    if pointer is None:
        return None
    package = re.search(r"linux-image-\d[\w.+-]*", depends(glob.glob(os.path.join(pointer, "*.deb"))[0]))[0]

    def unpack(deb, tree):
        # Newer releases split it: kernel and modules are in packages that this one depends on.
        split = re.findall(r"linux-(?:base|binary|modules)-\d[\w.+-]*", depends(deb))
        if split:
            vendor.apt(name, os.path.dirname(deb), ["--suites", suite, "download", *split])
        with tempfile.TemporaryDirectory(dir=vendor.PEER) as whole:
            for part in glob.glob(os.path.join(os.path.dirname(deb), "*.deb")):
                subprocess.run(["dpkg-deb", "-x", part, whole], check=True)
            modules = glob.glob(os.path.join(whole, "**/lib/modules/*"), recursive=True)[0]
            os.mkdir(os.path.join(tree, "modules"))
            files = image.Modules(modules).closure(MODULES)
            for host in files:
                shutil.copy(host, os.path.join(tree, "modules"))
            with open(os.path.join(tree, "order"), "w", encoding="utf-8") as f:
                f.writelines(os.path.basename(host) + "\n" for host in files)
            kernels = glob.glob(os.path.join(whole, "boot/vmlinuz-*")) + glob.glob(modules + "/vmlinuz*")
            shutil.copy(kernels[0], os.path.join(tree, "vmlinuz"))
        with open(os.path.join(tree, "package"), "w", encoding="utf-8") as f:
            f.write(f"{package} {vendor.version_of(deb)}\n")

    tree = vendor.obtain(name, ["--suites", suite, "download", package], f"{package}_*.deb", unpack)
    if tree is None:
        # It may name a kernel that the mirror has replaced.
        shutil.rmtree(pointer, ignore_errors=True)
    return tree


def read_order(kernel):
    """The files of a kernel's modules, in load order; the last is nouveau's."""
    with open(os.path.join(kernel, "order"), encoding="utf-8") as f:
        return f.read().split()


def fetch_firmware(pair):
    """{file name: host path} of what nouveau asks for, or None when the mirror lacks it."""
    tree = firmware.fetch(pair.firmware_suite, "firmware-nvidia-graphics")
    found = glob.glob(os.path.join(tree, CHIP, "gsp", f"*-{pair.firmware}.bin")) if tree else []
    return {os.path.basename(path): path for path in found} or None


@dataclasses.dataclass(frozen=True)
class Parts:
    """What one Pair boots from."""
    package: str
    kernel: str
    initrd: str
    digest: str       # of the initramfs
    nouveau: str      # SHA-256 of nouveau.ko
    gsp: str          # host path of the GSP image


@functools.lru_cache(maxsize=None)
def parts(pair):
    """Fetches what a pair needs and makes its initramfs. None when the mirror lacks something."""
    kernel = fetch_kernel(pair.kernel_suite)
    files = fetch_firmware(pair) if kernel else None
    if not files:
        return None
    cpio = image.Cpio()
    cpio.file("/init", os.path.join(vendor.TOP, "tests/peer/linux-init"), 0o755)
    cpio.bin("/bin/busybox", "/bin/busybox")
    cpio.node("/dev/console", 0o600, 5, 1)
    modules = [os.path.join(kernel, "modules", name) for name in read_order(kernel)]
    image.put_modules(cpio, modules)
    for name, host in sorted(files.items()):
        cpio.file(f"/lib/firmware/nvidia/{CHIP}/gsp/{name}", host)
    # Not compressed: the emulated CPU would take longer to unpack it than QEMU to load it.
    data = cpio.finish()
    initrd = os.path.join(vendor.PEER, f"kernel-{pair.kernel_suite}-{pair.firmware}.cpio")
    with open(initrd + ".tmp", "wb") as f:
        f.write(data)
    os.rename(initrd + ".tmp", initrd)
    with open(os.path.join(kernel, "package"), encoding="utf-8") as f:
        package = f.read().strip()
    return Parts(package, os.path.join(kernel, "vmlinuz"), initrd, hashlib.sha256(data).hexdigest(),
                 hashlib.sha256(image.module_bytes(modules[-1])).hexdigest(),
                 files[f"gsp-{pair.firmware}.bin"])


class Monitor:
    """QEMU's monitor on the standard streams of its process."""

    def __init__(self, process):
        self.process = process
        self._line()
        self.ask("qmp_capabilities")

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            raise GuestError("QEMU ended or was ended")
        return json.loads(line)

    def ask(self, execute, **arguments):
        self.process.stdin.write(json.dumps({"execute": execute, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        while True:
            answer = self._line()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise GuestError(f"monitor: {execute}: {answer['error']['desc']}")

    def wait(self, event):
        while self._line().get("event") != event:
            pass


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read().replace("\r", "")


def with_run(folder, initrd, run, programs):
    """The file of an initramfs that has Debian's Vulkan too, and run: a shell script for init."""
    if not userland.fetch():
        raise Lacking(f"the mirror lacks a package of {userland.SUITE}'s Vulkan")
    extra = image.Cpio()
    extra.data("/peer/run", run.encode(), 0o755)
    whole = os.path.join(folder, "initrd")
    image.append(whole, initrd, userland.archive(programs), extra.finish())
    return whole


def disown(name):
    """Forgets what of the model a run was asked for: it did not pass, so it cannot judge."""
    for path in glob.glob(os.path.join(vendor.OUT, "log", f"peer-*{name}", "trace.json")):
        os.unlink(path)


def boot(pair, name, words, fault="none", iommu=False, plugin=None, run=None, programs=()):
    """Runs one machine; its logs are in build/log/peer-NAME/.

    words    further words for the kernel's command line
    fault    planted in the model
    iommu    whether DMA and interrupts go through the emulated VT-d
    plugin   what follows QEMU's -plugin
    run      lines for a shell, which init runs when all modules are in; then there is Debian's Vulkan too
    programs host paths of programs that run uses, by name
    """
    what = parts(pair)
    folder = os.path.join(vendor.OUT, "log", "peer-" + name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    console, model, qemu = (os.path.join(folder, f) for f in ("console.log", "model.log", "qemu.log"))
    initrd = with_run(folder, what.initrd, run, tuple(programs)) if run else what.initrd
    # setpriv: the machine ends when the test does, however that happens.
    argv = ["setpriv", "--pdeathsig", "KILL", "env", f"LD_PRELOAD={MODEL}",
            "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "max",
            "-m", str(MEMORY_VULKAN_MIB if run else MEMORY_MIB), "-nodefaults", "-display", "none", "-no-reboot",
            "-no-shutdown", "-serial", f"file:{console}", "-qmp", "stdio"]
    if iommu:
        argv += ["-device", "intel-iommu,intremap=on"]
        words += " intel_iommu=on"
    argv += ["-device", f"xvgpu-model,id=gpu0,addr=2,log={model},fault={fault}",
             "-kernel", what.kernel, "-initrd", initrd, "-append", f"{COMMAND_LINE} {words}"]
    if plugin:
        argv += ["-plugin", plugin]
    with open(qemu, "w", encoding="utf-8") as log:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                   text=True)
    late = threading.Timer(LIMIT_SECONDS, process.kill)
    late.start()
    digest = ""
    try:
        monitor = Monitor(process)
        monitor.wait("SHUTDOWN")
        with contextlib.suppress(GuestError):  # no image was received: the log says why
            digest = monitor.ask("qom-get", path="/machine/peripheral/gpu0", property="fwimage-hash")
        # What of the model was asked for, for whoever sums up (judged.py).
        with open(os.path.join(folder, "trace.json"), "w", encoding="utf-8") as f:
            f.write(monitor.ask("qom-get", path="/machine/peripheral/gpu0", property="trace"))
        monitor.ask("quit")
        process.wait()
    except (GuestError, OSError) as e:
        raise GuestError(f"{e}; at most {LIMIT_SECONDS} s are allowed; logs are in {folder}") from e
    finally:
        late.cancel()
        process.kill()
        process.communicate()
        if run:
            os.unlink(initrd)
    left = Run(folder, read(console), read(model), digest)
    if not left.said(r"^peer: done$"):
        panic = left.said(r"Kernel panic.*")
        raise GuestError(f"Linux did not get to the end of its init ({panic.group(0) if panic else 'no panic'}); "
                         f"logs are in {folder}")
    return left
