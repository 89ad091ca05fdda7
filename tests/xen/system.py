# SPDX-License-Identifier: MIT
"""The test machine with xen-vgpu on it: the GPU model, gpudom, xvgpu, and guests with slices.

    with System("spine") as s:
        s.start_gpudom()
        s.create_worker("pv1", "mode=hold key=1 bytes=64M", vram="64M")
        s.wait_node("pv1", "phase", "written")

Guests are steered through their xenstore node data/go and answer below data/, see
tests/xen/images/worker.h; the Linux guest does the same through tests/xen/linux/selftest.sh.
"""

import itertools
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bed"))

import bed  # noqa: E402
from bed import BUILD, ROOT, Bed, BedError  # noqa: E402,F401

GPU_BDF = "0000:00:02.0"
PORT_BDF = "0000:01:00.0"  # behind a root port
LIB = "/usr/lib/xvgpu"
ARCHIVE = "/var/lib/xvgpu/gpudom.fw"


def fields(text):
    """{"a": "1"} for "a=1 b"; words without "=" are dropped."""
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


class System(Bed):
    """A Bed with everything of ours in dom0.

    gpu         QEMU properties of the model ("fault=…")
    firmware    an archive (archives.py), for gpudom to start the GPU's firmware from
    port        whether the GPU sits behind a root port, with a bus of its own that dom0 can reset
    images      bare guests to have at hand, of tests/xen/images
    linux       the Linux guest's script, of tests/xen/linux; None: no Linux guest
    linux_files further files for the Linux guest
    """

    logs = ("/var/log/xvgpu.log",)

    def __init__(self, name, *, gpu="", firmware=None, port=False, images=("worker",), linux=None, linux_files=None,
                 overlay=None, **more):
        files = {
            f"{LIB}/gpudom": os.path.join(BUILD, "gpudom"),
            "/usr/sbin/xvgpu": bed.tool("xvgpu"),
            "/etc/xvgpu/profiles.conf": os.path.join(ROOT, "packaging", "profiles.conf"),
        }
        if firmware:
            files[ARCHIVE] = firmware
        self._firmware = firmware
        for image in images:
            files[f"{LIB}/images/{image}"] = os.path.join(BUILD, "images", image)
        if linux:
            files[f"{LIB}/vmlinuz"] = os.path.join(BUILD, "bed", "vmlinux")
            files[f"{LIB}/guest.cpio"] = self._linux_initramfs(name, linux, linux_files)
        files.update(overlay or {})
        where = "bus=port0" if port else "addr=2"
        # At 2.5 GT/s Linux does not wait for the link to train again after a reset: QEMU's port has none.
        devices = ["pcie-root-port,id=port0,addr=2,x-speed=2_5"] if port else []
        devices.append(f"xvgpu-model,id=gpu0,{where}{',' + gpu if gpu else ''}")
        super().__init__(name, overlay=files, devices=devices,
                         preload=[os.path.join(BUILD, "xvgpu-model.so")], **more)

    @staticmethod
    def _linux_initramfs(name, script, files):
        """The Linux guest's initramfs with our module and script; where it is."""
        path = os.path.join(BUILD, "run", f"{name}-guest.cpio.gz")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        bed.image.append(path, os.path.join(BUILD, "bed", "guest.cpio.gz"), bed.image.overlay({
            "/lib/xvgpu/xen-vgpu-front.ko": os.path.join(BUILD, "linux", "xen-vgpu-front.ko"),
            "/etc/xvgpu/run.sh": os.path.join(ROOT, "tests", "xen", "linux", script),
            "/usr/bin/xenstore": "/usr/bin/xenstore",
            **(files or {}),
        }))
        return path

    # -- the driver domain ----------------------------------------------------------------------

    def start_gpudom(self, daemon=True):
        """Makes the GPU assignable, starts gpudom through xl, waits until it serves."""
        self.init_gpudom()
        self.ok("xl create /etc/xvgpu/gpudom.cfg", timeout=60)
        self.wait(self.gpudom_running, "gpudom to serve", 120)
        if daemon:
            self.start_daemon()
        self.say("gpudom owns the GPU and serves")

    def init_gpudom(self, bdf=GPU_BDF):
        """Makes the GPU assignable, writes gpudom's config."""
        self.ok(f"xvgpu init {bdf} --kernel {LIB}/gpudom {'--ramdisk ' + ARCHIVE if self._firmware else ''}")

    def start_daemon(self):
        """Starts xvgpu daemon; its log is /var/log/xvgpu.log in dom0."""
        self.ok("mkdir -p /var/log; xvgpu daemon --foreground >>/var/log/xvgpu.log 2>&1 </dev/null &")

    def restart_daemon(self):
        """A new one has not counted any starts of gpudom yet."""
        self.ok("kill $(pidof xvgpu)")
        self.wait(lambda: self.sh("pidof xvgpu")[0], "the daemon to end", 30)
        self.start_daemon()

    def gpudom_status(self):
        """The fields of gpudom's status node, {} if there is none."""
        domid = self.domid("gpudom")
        rc, out = self.sh(f"xenstore-read /local/domain/{domid}/data/xvgpu") if domid else (1, "")
        return fields(out) if rc == 0 else {}

    def gpudom_running(self):
        """Whether gpudom says that it serves."""
        return self.gpudom_status().get("state") == "running"

    def hypercalls(self):
        """{"nr.sub": count} as gpudom last published it."""
        out = self.ok(f"xenstore-read /local/domain/{self.domid('gpudom')}/data/xvgpu-hypercalls")
        return {k: int(v) for k, v in fields(out).items()}

    # -- guests -----------------------------------------------------------------------------------

    def create(self, name, config, how="xvgpu create"):
        """Starts a guest from the text of an xl config."""
        self.put(f"/etc/xen/{name}.cfg", f'name="{name}"\nvcpus=1\non_crash="destroy"\n{config}\n')
        return self.ok(f"{how} /etc/xen/{name}.cfg", timeout=60)

    @staticmethod
    def vgpu(vram, profile="tiny", more=""):
        """The config line that gives a guest a slice."""
        return f'vgpu=["backend=gpudom,profile={profile},vram={vram}{more}"]'

    def create_worker(self, name, words, vram=None, image="worker", memory=16, how=None):
        """Starts a bare PV guest; with vram, one slice of that size."""
        config = (f'type="pv"\nkernel="{LIB}/images/{image}"\nmemory={memory}\nextra="{words}"\n'
                  f'{self.vgpu(vram) if vram else ""}')
        return self.create(name, config, how or ("xvgpu create" if vram else "xl create"))

    def create_linux(self, name, params, vram, how="xvgpu create", more="", direct=False):
        """Starts a Linux PVH guest with our frontend; params are its module's. direct: it rings by itself."""
        self.create(name, f'type="pvh"\nkernel="{LIB}/vmlinuz"\nramdisk="{LIB}/guest.cpio"\n'
                    f'memory=256\nextra="console=hvc0 xvgpu.params=\\"{params}\\""\n'
                    f'{self.vgpu(vram, more=",doorbell=direct" if direct else "")}\n{more}', how)

    def trust_doorbell(self):
        """Lets guests of this machine ring by themselves."""
        self.ok("echo trust_doorbell=1 >>/etc/xvgpu/profiles.conf")

    def device_frames(self, name):
        """What of devices a guest may map, by Xen's word: "fedb0" or the like, "" for nothing."""
        text = self.debug_key("q")
        part = text[text.index(f"General information for domain {self.domid(name)}:"):]
        return re.search(r"I/O Memory\s*\{([^}]*)\}", part)[1].strip()

    def domid(self, name):
        """Id of a running domain, or None."""
        rc, out = self.sh(f"xl domid {name}")
        return int(out) if rc == 0 and out.strip().isdigit() else None

    def tell(self, name, word):
        """Writes data/go of a guest."""
        self.ok(f"xenstore-write /local/domain/{self.domid(name)}/data/go {word}")

    def node(self, name, key):
        """A guest's answer below data/, or None."""
        rc, out = self.sh(f"xenstore-read /local/domain/{self.domid(name)}/data/{key}")
        return out.strip() if rc == 0 else None

    def wait_node(self, name, key, pattern=".", timeout=90):
        """Waits for an answer of a guest that matches; FAILED in it is an error at once."""
        looks, domid = itertools.count(), None

        def look():
            nonlocal domid
            if next(looks) % 8 == 0:  # a guest that restarts has another id; xl costs dom0 more than the look
                domid = self.domid(name)
            rc, out = self.sh(f"xenstore-read /local/domain/{domid}/data/{key}")
            value = out.strip() if rc == 0 else ""
            if value.startswith("FAILED") and not re.match(pattern, value):
                raise BedError(f"{name}: {key}: {value}")
            return value if value and re.match(pattern, value) else None
        return self.wait(look, f"data/{key} of {name} to match /{pattern}/", timeout)

    def slices(self):
        """{(guest id, index): stats fields} of all slices of the running gpudom."""
        found = {}
        base = f"/local/domain/{self.domid('gpudom')}/backend/vgpu"
        _, out = self.sh(f"cd /; for f in $(xenstore-list {base}); do for n in $(xenstore-list {base}/$f); do "
                         f"echo \"$f $n $(xenstore-read {base}/$f/$n/stats 2>/dev/null)\"; done; done")
        for line in out.splitlines():
            words = line.split(None, 2)
            if len(words) >= 2 and words[0].isdigit() and words[1].isdigit():
                found[int(words[0]), int(words[1])] = fields(words[2]) if len(words) > 2 else {}
        return found

    def iommu_faults(self, begin):
        """Lines of Xen's log, behind a place there, that tell of DMA which the IOMMU refused."""
        return re.findall(r".*(?:DMAR|iommu fault|VT-D.*fault).*", self.xen_log()[begin:], re.I)

    def model_hash(self, base, size):
        """SHA-256 of a range of VRAM, computed by the model from its own memory."""
        self.qom_set("gpu0", "hash-range", f"{base},{size}")
        return self.qom_get("gpu0", "hash")
