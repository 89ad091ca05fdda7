#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does the GPU model, as a device of stock QEMU, do what the model promises?

The unit tests judge the model alone. This judges what stands between it and a guest: QEMU's idea of
BARs and bus mastering must follow the model's configuration space, VRAM must be reached at the same
bytes by the fast and the slow path, interrupt messages must land where they were aimed, and the
emulated VT-d must really decide about DMA. No guest runs: the one CPU halts at its reset vector, and
the test does what a CPU would, by qtest.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bed"))
from bed import BUILD  # noqa: E402
from results import Results, check, check_equal  # noqa: E402

SLOT = 2
REGS, FB, INST = 0xC0000000, 0x800000000, 0x810000000
FB_SIZE, INST_SIZE = 256 << 20, 32 << 20
GSP = 0x110000
DMAR = 0xFED90000


class Lines:
    """A socket that carries lines."""

    def __init__(self, listener):
        listener.settimeout(30)
        self.sock, _ = listener.accept()
        self.sock.settimeout(60)
        self.file = self.sock.makefile("rw", encoding="ascii", newline="\n")

    def put(self, line):
        self.file.write(line + "\n")
        self.file.flush()

    def get(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("QEMU went away")
        return line.strip()


class Machine:
    """A q35 machine whose CPU sleeps, driven by qtest and QMP."""

    def __init__(self, device="", iommu=False):
        self.dir = tempfile.TemporaryDirectory(prefix="xvgpu-model-")
        self.log = os.path.join(self.dir.name, "model.log")
        ends = {}
        for name in ("qtest", "qmp"):
            ends[name] = socket.socket(socket.AF_UNIX)
            ends[name].bind(os.path.join(self.dir.name, name))
            ends[name].listen(1)
        with open(f"{self.dir.name}/bios", "wb") as f:
            f.write((b"\xf4\xeb\xfd" + b"\0" * 13).rjust(65536, b"\0"))  # hlt; jmp back
        argv = ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-m", "256",
                "-display", "none", "-nodefaults", "-bios", f"{self.dir.name}/bios",
                "-qtest", f"unix:{self.dir.name}/qtest", "-qmp", f"unix:{self.dir.name}/qmp"]
        if iommu:
            argv += ["-device", "intel-iommu,intremap=on"]
        argv += ["-device", f"xvgpu-model,id=gpu0,addr={SLOT},log={self.log}{device}"]
        env = dict(os.environ, LD_PRELOAD=os.path.join(BUILD, "xvgpu-model.so"))
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        try:
            self.qtest = Lines(ends["qtest"])
            self.qmp = Lines(ends["qmp"])
        except TimeoutError:
            self.process.kill()
            raise RuntimeError(self.process.communicate()[1]) from None
        self.qmp.get()
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.dir.cleanup()

    # QMP
    def command(self, name, **arguments):
        self.qmp.put(json.dumps({"execute": name, "arguments": arguments}))
        while True:
            answer = json.loads(self.qmp.get())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])

    def prop(self, name):
        return self.command("qom-get", path="/machine/peripheral/gpu0", property=name)

    def set_prop(self, name, value):
        self.command("qom-set", path="/machine/peripheral/gpu0", property=name, value=value)

    def stats(self):
        return json.loads(self.prop("stats"))

    def hash(self, base, length):
        self.set_prop("hash-range", f"{base:#x},{length:#x}")
        return self.prop("hash")

    def log_text(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    # qtest
    def ask(self, line):
        self.qtest.put(line)
        while True:
            answer = self.qtest.get().split()
            if answer[0] == "OK":
                return int(answer[1], 0) if len(answer) > 1 else None
            if answer[0] != "IRQ":
                raise RuntimeError(f"{line}: {' '.join(answer)}")

    def read(self, address, size=4):
        return self.ask(f"read{'?bw?l???q'[size]} {address:#x}")

    def write(self, address, value, size=4):
        self.ask(f"write{'?bw?l???q'[size]} {address:#x} {value:#x}")

    def cfg_read(self, offset, size=4, slot=SLOT):
        self.ask(f"outl 0xcf8 {0x80000000 | slot << 11 | offset & 0xfc:#x}")
        return self.ask(f"in{'?bw?l'[size]} {0xcfc + offset % 4:#x}")

    def cfg_write(self, offset, value, size=4, slot=SLOT):
        self.ask(f"outl 0xcf8 {0x80000000 | slot << 11 | offset & 0xfc:#x}")
        self.ask(f"out{'?bw?l'[size]} {0xcfc + offset % 4:#x} {value:#x}")

    def reg(self, offset):
        return self.read(REGS + offset)

    def set_reg(self, offset, value):
        self.write(REGS + offset, value)

    def place(self):
        """Assigns the BARs and switches memory and bus mastering on, as firmware and driver do."""
        self.cfg_write(0x10, REGS)
        for offset, base in ((0x14, FB), (0x1C, INST)):
            self.cfg_write(offset, base & 0xFFFFFFFF)
            self.cfg_write(offset + 4, base >> 32)
        self.cfg_write(0x04, 0x6, 2)

    def falcon_dma(self, address, local=0, write=False):
        """Moves 256 bytes between the GSP's data memory and system memory."""
        self.set_reg(GSP + 0x624, 0x90)
        self.set_reg(GSP + 0x10C, 0)
        self.set_reg(GSP + 0x600, 5)
        self.set_reg(GSP + 0x110, address >> 8 & 0xFFFFFFFF)
        self.set_reg(GSP + 0x128, address >> 40)
        self.set_reg(GSP + 0x114, local)
        self.set_reg(GSP + 0x11C, 0)
        self.set_reg(GSP + 0x118, 0x620 if write else 0x600)
        deadline = time.monotonic() + 1
        while not self.reg(GSP + 0x118) & 2:
            check(time.monotonic() < deadline, "the DMA unit stays busy")

    def dmem(self, offset):
        self.set_reg(GSP + 0x1C0, offset)
        return self.reg(GSP + 0x1C4)

    def set_dmem(self, offset, value):
        self.set_reg(GSP + 0x1C0, offset)
        self.set_reg(GSP + 0x1C4, value)


def pci(results):
    """What a bus scan finds, and BARs that move."""
    with Machine() as m, results.case("a bus scan finds the board"):
        check_equal(m.cfg_read(0), 0x223510DE, "vendor and device")
        check_equal(m.cfg_read(8), 0x030200A1, "class and revision")
        at, seen = m.cfg_read(0x34, 1), []
        while at:
            seen.append((at, m.cfg_read(at, 1)))
            at = m.cfg_read(at + 1, 1)
        check_equal(seen, [(0x60, 1), (0x68, 5), (0x78, 0x10), (0xC8, 0x11)], "capabilities")
        m.cfg_write(0x60, 0xB0000001, slot=0)  # the host bridge's MMCONFIG window
        check_equal(m.read(0xB0000000 + (SLOT << 15)), 0x223510DE, "MMCONFIG")
        check_equal(m.read(0xB0000000 + (SLOT << 15) + 0x100), 0, "extended capabilities")
    with Machine(",msi=off,bar1-mib=1024,vram-mib=2048,ecc=off") as m, \
            results.case("options change the board"):
        check_equal(m.cfg_read(0x68, 2), 0x7800, "capability 0x68")
        m.cfg_write(0x14, 0xFFFFFFFF)
        check_equal(m.cfg_read(0x14), 0xC000000C, "BAR 1 size")
        m.place()
        check_equal(m.reg(0x1183A4), 2048, "usable MiB")
    with Machine() as m, results.case("the ROM shows in BAR 0, and no firmware has come"):
        m.place()
        check_equal(m.reg(0x300000) & 0xFFFF, 0xAA55, "ROM signature")
        check_equal(m.reg(0x303400) & 0xFFFF, 0x4E56, "signature of the last image")
        try:
            m.prop("fwimage-hash")
        except Exception as e:  # pylint: disable=broad-except
            check("no GSP image" in str(e), str(e))
        else:
            check(False, "a digest of nothing")
    with Machine() as m:
        with results.case("BARs answer where they are put, and only with memory space on"):
            m.place()
            check_equal(m.reg(0), 0xB72000A1, "PMC_BOOT_0")
            check_equal(m.reg(0xC), 0xBADF5040, "an unknown register")
            check_equal(m.reg(0x1183A4), 46080, "usable MiB of the default board")
            m.cfg_write(0x10, REGS + 0x4000000)
            check_equal(m.read(REGS + 0x4000000), 0xB72000A1, "PMC_BOOT_0 at its new place")
            m.cfg_write(0x10, REGS)
            m.cfg_write(0x04, 0, 2)
            check(m.read(REGS) != 0xB72000A1, "still answers with memory space off")
            m.cfg_write(0x04, 0x6, 2)
        with results.case("a function-level reset clears configuration space, not VRAM"):
            m.write(FB + 0x1000, 0x600DF00D)
            m.set_reg(GSP + 0x40, 0x55)
            m.cfg_write(0x80, 0x8000, 2)
            check_equal(m.cfg_read(0x04, 2), 0, "command")
            check_equal(m.cfg_read(0x10), 0, "BAR 0")
            check(m.read(REGS) != 0xB72000A1, "BAR 0 still answers")
            m.place()
            check_equal(m.reg(GSP + 0x40), 0, "falcon mailbox")
            check_equal(m.read(FB + 0x1000), 0x600DF00D, "VRAM")
            check_equal(m.stats()["flrs"], 1, "resets counted")


def vram(results):
    """The windows on VRAM, fast and slow, and what the harness can ask about it."""
    with Machine() as m:
        m.place()
        with results.case("BAR 1, BAR 3 and PRAMIN show the same VRAM"):
            check(m.read(FB + FB_SIZE - 8, 8) != 0, "VRAM is zero at power-on")
            m.write(FB + 0x12340, 0x1122334455667788, 8)
            check_equal(m.read(INST + 0x12344), 0x11223344, "BAR 3")
            m.set_reg(0x1700, 1)
            check_equal(m.reg(0x702340), 0x55667788, "PRAMIN")
            m.write(INST + INST_SIZE - 1, 0xAB, 1)
            check_equal(m.read(FB + INST_SIZE - 1, 1), 0xAB, "the last byte of BAR 3")
        with results.case("VRAM through BAR 1 costs no call of the model"):
            before = m.stats()
            for i in range(64):
                m.write(FB + 8 * i, i, 8)
            check_equal(m.stats(), before, "counters")
        with results.case("the hash is that of the bytes written"):
            wanted = hashlib.sha256(b"".join(i.to_bytes(8, "little") for i in range(64))).hexdigest()
            check_equal(m.hash(0, 512), wanted, "hash")
            check(m.hash(0, 513) != wanted, "the range does not matter")
            for bad in ("", "1", "1,", "x,1", "1,2,3", "-1,2"):
                try:
                    m.set_prop("hash-range", bad)
                    check(False, f"hash-range {bad!r} accepted")
                except RuntimeError:
                    pass
            m.set_prop("hash-range", f"0,{1 << 60}")
            try:
                m.prop("hash")
                check(False, "a range outside VRAM has a hash")
            except RuntimeError:
                pass
        with results.case("a planted fault shows at run time, on the slow path, and goes away"):
            m.set_prop("fault", "flip-vram-read=0x8")
            check_equal(m.read(FB + 8, 8), 0, "the flipped read")
            check(m.stats()["mmio_reads"] > 0, "the slow path is not in use")
            check_equal(m.read(FB + 16, 8), 2, "its neighbour")
            check_equal(m.read(INST + 8, 8), 0, "the flipped read by BAR 3")
            m.set_prop("fault", "none")
            check_equal(m.read(FB + 8, 8), 1, "the read without fault")
            try:
                m.set_prop("fault", "flip-vram-read=nowhere")
                check(False, "a bad fault is accepted")
            except RuntimeError:
                pass
        with results.case("BAR 1 in virtual mode answers no longer, in physical mode again"):
            m.set_reg(0xB80F40, 0x80000000)
            check_equal(m.read(FB), 0xBAD0B000, "virtual mode")
            m.set_reg(0xB80F40, 0)
            check_equal(m.read(FB + 16, 8), 2, "physical mode")
    with Machine(",vram-mib=64,fault=flip-vram-write=0x100") as m, \
            results.case("a fault planted on the command line shows"):
        m.place()
        m.write(FB + 0x100, 0x42)
        check_equal(m.read(FB + 0x100), 0x43, "the flipped write")
        check_equal(m.read(FB + (60 << 20)), 0xBAD0B000, "past the end of VRAM")


def dma_and_interrupts(results):
    """DMA and interrupt messages without an IOMMU."""
    with Machine() as m:
        m.place()
        with results.case("the falcon moves memory both ways"):
            m.write(0x200000, 0x0BADCAFE)
            m.falcon_dma(0x200000, local=0x100)
            check_equal(m.dmem(0x100), 0x0BADCAFE, "DMEM")
            m.falcon_dma(0x201000, local=0x100, write=True)
            check_equal(m.read(0x201000), 0x0BADCAFE, "memory")
            check_equal(m.stats()["dma_bytes"], 512, "bytes counted")
        with results.case("without bus mastering nothing moves"):
            m.cfg_write(0x04, 0x2, 2)
            m.write(0x201000, 1)
            m.falcon_dma(0x201000, local=0x100, write=True)
            check_equal(m.read(0x201000), 1, "memory")
            check_equal(m.stats()["dma_errors"], 1, "errors counted")
            m.cfg_write(0x04, 0x6, 2)
        with results.case("memory that is not there refuses"):
            m.set_dmem(0x100, 0x77)
            m.falcon_dma(0x700000000, local=0x100)
            check_equal(m.dmem(0x100), 0x77, "DMEM")
            check(m.cfg_read(0x06, 2) & 0x2000, "no master abort in the status register")
            check("refused" in m.log_text(), "nothing in the log")
        with results.case("a board gone wild reads what nobody asked for"):
            before = m.stats()["dma_reads"]
            m.set_prop("stray-dma", "0x200000,5")
            deadline = time.monotonic() + 5
            while m.prop("stray-dma") != "0":
                check(time.monotonic() < deadline, "the stray reads do not end")
            check_equal(m.stats()["dma_reads"] - before, 5, "reads")
        with results.case("MSI and MSI-X land where they were aimed"):
            m.cfg_write(0x6C, 0x210000)
            m.cfg_write(0x70, 0)
            m.cfg_write(0x74, 0x4142, 2)
            m.cfg_write(0x6A, 0x81, 2)
            m.set_reg(0xB81200, 2)
            m.set_reg(0xB81608, 1)
            m.set_reg(0xB81640, 1)
            check_equal(m.read(0x210000), 0x4142, "the MSI message")
            m.set_reg(0xB81000, 2)
            m.set_reg(0xB90000, 0x211000)
            m.set_reg(0xB90004, 0)
            m.set_reg(0xB90008, 0x5152)
            m.cfg_write(0xCA, 0x8000, 2)
            m.set_reg(0xB81640, 1)
            check(m.read(0x211000) != 0x5152, "a masked vector sends")
            check_equal(m.reg(0xBA0000), 1, "the pending bit")
            m.set_reg(0xB9000C, 0)
            check_equal(m.read(0x211000), 0x5152, "the MSI-X message")
            check_equal(m.stats()["msis"], 2, "messages counted")


class Vtd:
    """Just enough of VT-d: one context entry for the board, one page of second-level entries."""

    ROOT, CONTEXT, PDPT, PD, PT = 0x100000, 0x101000, 0x102000, 0x103000, 0x104000

    def __init__(self, m):
        self.m = m
        for table in (self.ROOT, self.CONTEXT, self.PDPT, self.PD, self.PT):
            m.ask(f"memset {table:#x} 0x1000 0x0")
        m.write(self.ROOT, self.CONTEXT | 1, 8)
        m.write(self.CONTEXT + 16 * (SLOT << 3), self.PDPT | 1, 8)
        m.write(self.CONTEXT + 16 * (SLOT << 3) + 8, 1 << 8 | 1, 8)  # domain 1, 39 bits
        m.write(self.PDPT, self.PD | 3, 8)
        m.write(self.PD + 8, self.PT | 3, 8)  # bus addresses from 0x200000
        m.write(DMAR + 0x20, self.ROOT, 8)
        m.write(DMAR + 0x18, 1 << 30)
        m.write(DMAR + 0x18, 1 << 31)
        check(m.read(DMAR + 0x1C) & 1 << 31, "VT-d is not on")

    def map(self, bus, physical, flags):
        self.m.write(self.PT + 8 * (bus >> 12 & 511), physical | flags, 8)
        iotlb = DMAR + (self.m.read(DMAR + 0x10, 8) >> 8 & 0x3FF) * 16 + 8
        self.m.write(iotlb, 1 << 63 | 1 << 60, 8)

    def fault(self):
        """The recorded fault as (source, bus address, reason), cleared; None if there is none."""
        record = DMAR + (self.m.read(DMAR + 8, 8) >> 24 & 0x3FF) * 16
        high = self.m.read(record + 8, 8)
        if not high >> 63:
            return None
        address = self.m.read(record, 8)
        self.m.write(record + 12, 1 << 31)
        self.m.write(DMAR + 0x34, 0x3)
        return high & 0xFFFF, address, high >> 32 & 0xFF


def iommu(results):
    """The emulated VT-d decides about the board's DMA."""
    with Machine(iommu=True) as m:
        m.place()
        vtd = Vtd(m)
        m.write(0x300000, 0xC0FFEE)
        with results.case("a mapped page is reached at its bus address"):
            vtd.map(0x210000, 0x300000, 3)
            m.falcon_dma(0x210000)
            check_equal(m.dmem(0), 0xC0FFEE, "DMEM")
            check_equal(vtd.fault(), None, "fault")
        with results.case("an unmapped page is refused and named in a fault record"):
            m.set_dmem(0, 0x11)
            m.falcon_dma(0x300000)
            check_equal(m.dmem(0), 0x11, "DMEM")
            fault = vtd.fault()
            check(fault, "no fault record")
            check_equal(fault[:2], (SLOT << 3, 0x300000), "source and address")
            check_equal(m.stats()["dma_errors"], 1, "errors counted")
        with results.case("a read-only page refuses a write"):
            vtd.map(0x210000, 0x300000, 1)
            m.falcon_dma(0x210000, write=True)
            check_equal(m.read(0x300000), 0xC0FFEE, "memory")
            check(vtd.fault(), "no fault record")
        with results.case("after the mapping is gone the page is refused again"):
            vtd.map(0x210000, 0, 0)
            m.falcon_dma(0x210000)
            check_equal(m.dmem(0), 0x11, "DMEM")
            check(vtd.fault(), "no fault record")


def engines(results):
    """What work costs is taken or refused at the start; the counters say who worked."""
    with results.case("costs are taken, and engine time is among the counters"):
        with Machine(",costs=entry=1,,ce-byte-ps=2") as m:
            stats = m.stats()
            check_equal(stats["time_ns"], 0, "model time")
            check_equal([e["name"] for e in stats["engines"]][:4],
                        ["graphics", "ce0", "ce1", "ce2"], "engines")
            check(all(e["busy_ns"] == 0 for e in stats["engines"]), "an engine was busy")
            check_equal([r["switches"] for r in stats["runlists"]], [0] * 9, "switches")
            check_equal((stats["groups"], stats["groups_left_out"]), ([], 0), "groups")
    with results.case("a cost that cannot be is named"):
        qemu = subprocess.run(
            ["qemu-system-x86_64", "-machine", "q35", "-display", "none", "-nodefaults", "-S",
             "-device", "xvgpu-model,costs=entry=1,,copy=2,,poll=3"],
            env=dict(os.environ, LD_PRELOAD=os.path.join(BUILD, "xvgpu-model.so")),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        check_equal(qemu.returncode, 1, "QEMU's exit status")
        check('costs: "copy=2"' in qemu.stderr, qemu.stderr)


def main():
    results = Results("model-qemu")
    for part in (pci, vram, dma_and_interrupts, iommu, engines):
        part(results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
