#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Is the test machine what the other tests take it for?

Everything the whole-system tests show rests on a real hypervisor with a working IOMMU, so this
boots one with stock parts alone (no code of this project inside the machine) and checks what they
rely on: Xen offers passthrough to PV domains, its interrupts and DMA go through VT-d, a PCI device
can be handed to a guest, Linux guests of both kinds boot, and the harness itself tells the truth
about exit codes, output, logs and debug keys.
"""

import sys

from bed import BUILD, Bed, BedError, CommandError
from results import Results, check, check_equal

EDU = "0000:00:02.0"
KERNEL = "/boot/vmlinux"
INITRD = "/boot/guest.cpio.gz"


def guest_config(name, kind, extra=""):
    """An xl config for a Linux guest with 256 MiB."""
    return (f'name="{name}"\ntype="{kind}"\nkernel="{KERNEL}"\nramdisk="{INITRD}"\n'
            f'memory=256\nvcpus=1\nextra="console=hvc0 quiet"\non_crash="preserve"\n{extra}\n')


def harness(bed, results):
    """The command channel, files and Xen's log."""
    with results.case("a command's status and output come back"):
        check_equal(bed.sh("echo out; echo err >&2; exit 7"), (7, "out\nerr\n"), "the answer")
        check_equal(bed.sh("printf 'a\\001\\n.\\n0 0 plain\\nb'"), (0, "a\x01\n.\n0 0 plain\nb"),
                    "output that looks like a frame")
    with results.case("ok() raises with the output of a failing command"):
        try:
            bed.ok("echo broken; false")
            check(False, "no exception")
        except CommandError as e:
            check_equal((e.rc, e.output), (1, "broken\n"), "the error")
    with results.case("a command that hangs is ended"):
        rc, _ = bed.sh("sleep 60", timeout=2)
        check_equal(rc, 143, "its status")
    with results.case("files arrive and return unchanged"):
        data = bytes(range(256)) * 160
        bed.put("/tmp/it's a file", data)
        check(bed.get("/tmp/it's a file") == data, "40 KiB differ")
    with results.case("a debug key's output is caught whole"):
        text = bed.debug_key("g")
        check("gnttab_usage_print_all [" in text and "gnttab_usage_print_all ] done" in text,
              f"got {text!r}")
    with results.case("QEMU's monitor answers"):
        check_equal(bed.qom_get("edu", "dma_mask"), 0xffffffffffffffff, "a device's property")


def hypervisor(bed, results):
    """What Xen must offer."""
    with results.case("Xen offers passthrough to PV domains"):
        caps = bed.ok("xl info virt_caps").split()
        check("pv_directio" in caps, f"virt_caps: {' '.join(caps)}")
        check("hvm" in caps, f"no PVH guests: {' '.join(caps)}")
    with results.case("VT-d is on, with queued invalidation and interrupt remapping"):
        log = bed.xen_log()
        for line in ("I/O virtualisation enabled", "Intel VT-d Queued Invalidation enabled",
                     "Intel VT-d Interrupt Remapping enabled"):
            check(line in log, f"Xen's log lacks: {line}")
    with results.case("a PCI device can be made assignable"):
        bed.ok(f"xl pci-assignable-add {EDU}")
        check(EDU in bed.ok("xl pci-assignable-list"), "it is not listed")


def guests(bed, results):
    """Linux guests of both kinds."""
    with results.case("a Linux PVH guest boots and runs commands"):
        bed.put("/etc/xen/pvh.cfg", guest_config("pvh", "pvh"))
        bed.ok("xl create /etc/xen/pvh.cfg", timeout=60)
        bed.say("PVH guest created")
        bed.wait_guest("pvh", "guest-init: ready", timeout=90)
        bed.say("PVH guest ready")
        rc, output = bed.guest_sh("pvh", "cat /sys/hypervisor/type; (exit 3)")
        check_equal((rc, output), (3, "xen\n"), "its answer")
    with results.case("xl shutdown ends it"):
        bed.ok("xl shutdown -w pvh", timeout=40)
        bed.say("PVH guest shut down")
    with results.case("a Linux PV guest gets the PCI device"):
        bed.put("/etc/xen/pv.cfg", guest_config("pv", "pv", f'pci=["{EDU[5:]}"]'))
        bed.ok("xl create /etc/xen/pv.cfg", timeout=60)
        bed.say("PV guest created")
        bed.wait_guest("pv", "guest-init: ready", timeout=90)
        bed.say("PV guest ready")
        rc, output = bed.guest_sh("pv", "insmod /lib/modules/xen-pcifront.ko; sleep 1; "
                                  "cat /sys/bus/pci/devices/*/vendor")
        check_equal((rc, output), (0, "0x1234\n"), "the device's vendor in the guest")
        domid = bed.ok("xl domid pv").strip()
        state = f"/local/domain/0/backend/pci/{domid}/0/state"
        check_equal(bed.ok(f"xenstore-read {state}").strip(), "4", "the PCI back end's state")
    with results.case("xl destroy takes it away at once"):
        bed.ok("xl destroy pv")
        check("pv" not in bed.ok("xl list"), "it is still listed")


def main():
    results = Results("bed-selftest")
    overlay = {KERNEL: f"{BUILD}/bed/vmlinux", INITRD: f"{BUILD}/bed/guest.cpio.gz"}
    try:
        with Bed("bed-selftest", overlay=overlay,
                 devices=["edu,id=edu,addr=2,dma_mask=0xffffffffffffffff"]) as bed:
            harness(bed, results)
            hypervisor(bed, results)
            guests(bed, results)
            bed.stop(poweroff=True)
            with results.case("dom0 powers the machine off"):
                check("Entering ACPI S5" in bed.xen_log(), "Xen did not enter S5")
    except BedError as e:
        results.error("the machine", str(e))
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
