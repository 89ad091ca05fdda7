#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Stock nouveau judges the GPU model: Debian's kernels with their own nouveau.ko and firmware.

    nouveau_boot.py [CASE ...]        (make peer-nouveau); the cases are the keys of cases()

clean      Debian 13's Linux 6.12 with firmware 535.113.01, as in all that follow but those named -sid. nouveau's
           own log has the line that it prints for the message GSP-RM INIT_DONE, then for the static
           configuration, which it asks for only after that; the image that arrived in the model by
           radix3 DMA has the SHA-256 of the file's section .fwimage. nouveau registers with DRM and has a
           render node; so again after rmmod and insmod, and after unbind and bind. From the first module on
           the kernel says nothing at level warn or above (kernel_log.py), and asks for no file in vain
clean-vtd  the same with DMA and interrupts through the emulated VT-d
clean-sid  the same with the kernel of Debian's sid, whichever it is today, and firmware 570.144
cost       as clean, but without debug messages and counted: what the CPU executes from nouveau's first
           access to the GPU until INIT_DONE (tests/bed/insns.c)
NVK        Debian 13's Mesa, on nouveau: nvk.py has its cases
FAULTS     one wrong byte, register or reply each. nouveau must say so in its own words, must not receive
           INIT_DONE and must not keep the GPU
LATER      one wrong reply, byte, bit or error each that shows after INIT_DONE: at the end of the probe, in
           channels, or at rmmod. nouveau must say so in its own words
PROGRAM    what only a program's work shows: nvk_faults.py

A machine each, on plain QEMU, in no time to speak of compared with hardware: nothing here is timed. No
vendor instruction runs. Prints one line per case: ok, FAILED, or skip when the mirror lacks a package.
"""

import concurrent.futures
import dataclasses
import os
import re
import sys

import kernel_log
import linux_guest
import nvk
import nvk_faults
import test_boot
from kernel_log import Wrong
from linux_guest import PARAMETERS, QUIET, SID, TRIXIE, GuestError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bed"))
import insns  # noqa: E402

# r535_gsp_msg_recv() says so for each message; 4097 is GSP_INIT_DONE.
INIT_DONE = r"nouveau 0000:00:02\.0: gsp:msg fn:4097 .*res:0x0 "
TALKATIVE = f"loglevel=7 {PARAMETERS} nouveau.debug=gsp=trace,sec2=debug,bios=debug"
TRANSLATED = r"pci 0000:00:02\.0: Adding to iommu group \d+"
STATIC_CONFIGURATION = r"nouveau 0000:00:02\.0: gsp: fb region 0: "
REGISTERED = r"\[drm\] Initialized nouveau "
NODE = "renderD128"
# What linux-init says with peer.again and peer.remove.
STATES = [f"inserted: bound, {NODE}", "removed: not bound, no node", f"inserted: bound, {NODE}",
          "unbound: not bound, no node", f"bound: bound, {NODE}", "removed: not bound, no node"]
# With KASLR off: the kernel's image, and where it puts modules (arch/x86/include/asm/pgtable_64_types.h).
RANGES = {"kernel": (0xffffffff80000000, 0xffffffffbfffffff),
          "modules": (0xffffffffc0000000, 0xfffffffffeffffff)}
# Debian sets CONFIG_FW_LOADER_DEBUG: the kernel hashes each firmware file that it loads, here. That
# is most of what it does, but no part of starting a GPU, so it is told apart.
HASHING = "sha256_transform_blocks"


EXCEPTIONS = kernel_log.allowed()


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    planted: str  # as the model takes it
    sign: str     # what nouveau says


FAULTS = (
    Fault("rom-byte", "flip-rom=0x204", r"bios: 00000000: checksum failed"),
    Fault("board-firmware-not-done", "gfw-progress=0x3f", r"preinit failed with -110"),
    Fault("frts-error", "frts-error=5", r"gsp: fwsec-frts: 0x0005"),
    Fault("frts-never-ends", "never-halts=0x110000", r"gsp:fwsec-frts: boot failed: -110"),
    # The region that nouveau then reads is an empty one.
    Fault("fwsec-byte", "flip-ucode=0x110000", r"gsp: fwsec-frts: WPR2 @ 1ffffe00 - 00000000"),
    Fault("wpr2-misplaced", "wpr2-off-by=0x20000", r"gsp: fwsec-frts: WPR2 @ 0b3fe200 - 0b3ff200"),
    # A register of fuses chooses the signature: none fits, and the boot ROM refuses.
    Fault("fuse-register", "flip-reg=0x824148", r"sec2\(gsp\): reg_fuse_version: 00000000"),
    Fault("memory-not-scrubbed", "never-scrubbed=0x840000",
          r"WARNING: .*ga102_flcn_reset_wait_mem_scrubbing"),
    # What nouveau put into the mailbox is still there: the booter has not run.
    Fault("booter-byte", "flip-ucode=0x840000", r"sec2\(gsp\): mbox (?!00000)[0-9a-f]{5}000 00000000"),
    Fault("booter-error", "booter-load-error=0x31", r"sec2\(gsp\): mbox 00000031 00000000"),
    Fault("image-byte", "flip-image=0x1234567", r"sec2\(gsp\): mbox 0000010d 00000000"),
    Fault("core-dead", "riscv-dead=1", r"sec2\(gsp\):booter-load: booted[\s\S]*gsp: init failed, -5"),
    Fault("reply-error", "rpc-result=0x77", r"gsp:msg fn:\d+ .*res:0x77 "),
)

IDLE = r"DRM: failed to idle channel "
LATER = (
    # hInternalClient in the static configuration: all that is asked with it goes to nobody.
    Fault("client-handle", "flip-answer=0x4100000868", r"ctrl cmd:0x20800a5c failed: 0x00000033"),
    # MC_ENGINE_IDX of the first interrupt: no engine of nouveau's has it.
    Fault("interrupt-table", "flip-control=0x20800a5c00000004", r"WARNING: .* r535_engn_nonstall"),
    # ENGINE_INFO_TYPE_RUNLIST of the first device: a channel gets on another runlist.
    Fault("runlist", "flip-control=0x2080111200000018", IDLE + "0 "),
    Fault("channel-refused", "alloc-refused=0xc56f", r"gsp: RM_ALLOC: 0x1a[\s\S]*gr: one-time init failed, -22"),
    Fault("copy-object-refused", "alloc-refused=0xc7b5", r"gsp: RM_ALLOC: 0x1a"),
    # Channels are there and never run.
    Fault("schedule-refused", "control-refused=0xa06f0103", IDLE + "8 "),
    Fault("pte-bit", "flip-pte=0x0", r"gsp: RM_ALLOC: 0x40"),
    Fault("semaphore-bit", "flip-semaphore=31", IDLE + "8 "),
    Fault("sb-error", "sb-error=7", r"gsp: fwsec-sb: 0x0007"),
    Fault("unloader-error", "booter-unload-error=0x32", r"sec2\(gsp\): mbox 00000032 000000ff"),
    Fault("region-stays", "wpr2-stuck=1", r"WARNING: .* r535_gsp_fini"),
)


def say(line):
    """Prints one line in one piece: machines run beside each other."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def same_image(run, pair):
    run.need(run.image == test_boot.image_digest(linux_guest.parts(pair).gsp),
             f"the model received an image of SHA-256 {run.image or '(none)'}, not .fwimage of the file")


def quiet(run, pair):
    """Raises Wrong if the kernel had anything to complain of while nouveau was there."""
    asked = kernel_log.missing_firmware(run.console)
    run.need(not asked, f"nouveau asks for {' and '.join(asked)}; it was given {pair.firmware}")
    left = kernel_log.complaints(run.console, pair.kernel_suite, EXCEPTIONS)
    run.need(not left, f"{len(left)} lines at warn or above, the first: {left[0] if left else ''}")


def came_and_went(run):
    states = re.findall(r"^peer: (\w+: (?:not )?bound, (?:renderD\d+|no node))$", run.console, re.M)
    run.need(states == STATES, f"the GPU's states were {states}")
    times = len(re.findall(REGISTERED, run.console))
    run.need(times == STATES.count(f"inserted: bound, {NODE}") + 1, f"registered with DRM {times} times")
    return times


def clean(pair, name, iommu=False):
    run = linux_guest.boot(pair, "nouveau-" + name, f"{TALKATIVE} peer.again peer.remove", iommu=iommu)
    done = run.said(INIT_DONE)
    run.need(done, "nouveau does not say that it received INIT_DONE")
    static = run.said(STATIC_CONFIGURATION)
    run.need(static and static.start() > done.start(), "no static configuration after INIT_DONE")
    same_image(run, pair)
    run.need(bool(run.said(TRANSLATED)) == iommu, f"/{TRANSLATED}/ on the console: {not iommu}")
    # A sign that shows without a fault would be no sign.
    idle = [fault.name for fault in FAULTS + LATER if run.said(fault.sign)]
    run.need(not idle, f"signs of faults {idle} without a fault")
    times = came_and_went(run)
    quiet(run, pair)
    return (f"nouveau: \"{done.group(0).split('gsp:')[1].strip()}\" (GSP_INIT_DONE), then the static "
            f"configuration; .fwimage arrived as {run.image}; registered with DRM and {NODE} {times} times, "
            "by insmod, insmod after rmmod, and bind after unbind; nothing at warn or above")


def own_words(sign):
    """The last line of what a fault's sign matched."""
    return re.sub(r"^(peer: log: <\d>)?\[ *[\d.]+\] |nouveau 0000:00:02\.0: ", "", sign.group(0).splitlines()[-1])


def broken(pair, fault):
    run = linux_guest.boot(pair, "nouveau-" + fault.name, TALKATIVE, fault.planted)
    run.need(not run.said(INIT_DONE), "nouveau received INIT_DONE in spite of the fault")
    sign = run.said(r"^.*" + fault.sign + r".*$")
    failed = run.said(r"(init failed, -\d+|preinit failed with -\d+|one-time init failed, -\d+)")
    run.need(sign, f"nouveau does not say /{fault.sign}/")
    run.need(failed, "nouveau does not say that it failed")
    run.need(run.said(r"^peer: not bound$"), "nouveau keeps the GPU in spite of the fault")
    return f"{fault.planted}: {own_words(sign)}; {failed.group(0)}"


def noticed(pair, fault):
    run = linux_guest.boot(pair, "nouveau-" + fault.name, f"{TALKATIVE} peer.remove", fault.planted)
    done = run.said(INIT_DONE)
    run.need(done, "nouveau did not get as far as INIT_DONE")
    sign = run.said(r"^.*" + fault.sign + r".*$")
    run.need(sign and sign.start() > done.start(), f"nouveau does not say /{fault.sign}/ after INIT_DONE")
    return f"{fault.planted}: {own_words(sign)}"


def cost(pair):
    symbols = linux_guest.boot(pair, "nouveau-symbols", f"quiet peer.symbols={HASHING}")
    found = symbols.said(rf"^peer: {HASHING} from (f\w+) to (f\w+)$")
    symbols.need(found, f"the kernel has no {HASHING}")
    ranges = dict(RANGES, hashing=(int(found.group(1), 16), int(found.group(2), 16) - 1))
    out = os.path.join(linux_guest.vendor.OUT, "log", "nouveau-cost.marks")
    run = linux_guest.boot(pair, "nouveau-cost", QUIET, plugin=insns.option(
        os.path.join(linux_guest.vendor.OUT, "insns.so"), out, ranges))
    same_image(run, pair)
    marks = {m["mark"]: m for m in insns.marks(out)}
    run.need(list(marks) == ["first-touch", "init-done", "exit"], f"{out} has the marks {list(marks)}")
    first, last = marks["first-touch"], marks["init-done"]
    spent, model = insns.between(first, last), insns.model_between(first, last)
    size = test_boot.test_firmware.sections(linux_guest.parts(pair).gsp)[".fwimage"][1]
    run.need(model["dma_bytes"] > size, f"{model['dma_bytes']} bytes of DMA for an image of {size}")
    run.need(min(spent["modules"]) > 0 and spent["kernel"] > spent["hashing"], f"counts {spent}")
    rest = [k - h for k, h in zip(spent["kernel"], spent["hashing"])]
    kept = run.said(r"^peer: bound, (-?\d+) KiB less memory")
    lines = [
        "counted from the first access to the GPU until INIT_DONE:",
        f"cost: instructions    {spent['modules'][0]} in modules (nouveau, drm), {rest[0]} in the kernel; "
        f"besides, {spent['hashing'][0]} to hash firmware files",
        f"cost: bytes stored    {spent['modules'][1]} and {rest[1]}; besides, {spent['hashing'][1]}",
        f"cost: bytes copied    of the image ({size} bytes): not counted apart; no more than what was stored",
        f"cost: MMIO            {model['mmio_reads']} reads, {model['mmio_writes']} writes",
        f"cost: DMA             {model['dma_bytes']} bytes: {model['dma_reads']} reads, "
        f"{model['dma_writes']} writes",
        "cost: hypercalls      none: there is no hypervisor",
        "cost: memory at rest  " + (f"{kept.group(1)} KiB more in use with nouveau bound than before" if kept
                                    else "not counted: nouveau did not keep the GPU")]
    # For `make boot-gsp`, which prints its own figures of the same boot above these.
    with open(os.path.join(linux_guest.vendor.PEER, "nouveau-cost.txt"), "w", encoding="utf-8") as f:
        f.write(f"{linux_guest.parts(pair).package}, firmware {pair.firmware}\n" + "\n".join(lines) + "\n")
    return "\n".join(lines)


def cases():
    """{name: (pair, function)}, in the order to run."""
    found = {"clean": (TRIXIE, lambda: clean(TRIXIE, "clean")),
             "clean-vtd": (TRIXIE, lambda: clean(TRIXIE, "clean-vtd", iommu=True)),
             "clean-sid": (SID, lambda: clean(SID, "clean-sid")),
             "cost": (TRIXIE, lambda: cost(TRIXIE)),
             **nvk.cases(quiet)}
    for fault in FAULTS:
        found[fault.name] = (TRIXIE, lambda f=fault: broken(TRIXIE, f))
    for fault in LATER:
        found[fault.name] = (TRIXIE, lambda f=fault: noticed(TRIXIE, f))
    return {**found, **nvk_faults.cases()}


def main(wanted):
    """Runs the wanted cases (all if none); returns (passed, failed)."""
    all_cases = cases()
    unknown = [name for name in wanted if name not in all_cases]
    if unknown:
        sys.exit(f"nouveau_boot: no case {unknown[0]}; there are: {' '.join(all_cases)}")
    wanted = wanted or list(all_cases)
    for pair in dict.fromkeys(all_cases[name][0] for name in wanted):
        what = linux_guest.parts(pair)
        if what:
            say(f"nouveau: {pair}: {what.package}, nouveau.ko SHA-256 {what.nouveau}, initramfs {what.digest}")
    for name in [name for name in wanted if not linux_guest.parts(all_cases[name][0])]:
        say(f"skip {name}: the mirror lacks {all_cases[name][0]}")
        wanted.remove(name)
    passed = failed = 0

    def attempt(name):
        say(f"nouveau: {name}: a machine starts")
        try:
            return "ok", all_cases[name][1]()
        except linux_guest.Lacking as e:
            return "skip", str(e)
        except (GuestError, Wrong, OSError) as e:
            linux_guest.disown(name)
            return "FAILED", str(e)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (word, text) in zip(wanted, pool.map(attempt, wanted)):
            passed += word == "ok"
            failed += word == "FAILED"
            say(f"{word} {name}: {text}")
    judged = {all_cases[name][0].kernel_suite for name in wanted if name.startswith("clean")}
    for entry in kernel_log.stale(judged, EXCEPTIONS):
        failed += 1
        say(f"FAILED nouveau.allow: no run showed: {entry}")
    return passed, failed


if __name__ == "__main__":
    PASSED, FAILED = main(sys.argv[1:])
    say(f"peer-nouveau: {PASSED} passed, {FAILED} failed")
    sys.exit(1 if FAILED or not PASSED else 0)
