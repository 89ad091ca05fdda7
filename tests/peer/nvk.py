# SPDX-License-Identifier: MIT
"""Mesa's NVK judges the GPU model, through nouveau: cases of nouveau_boot.py.

Debian 13's loader, vulkaninfo and Mesa, as they are in their packages (userland.py), on Debian 13's kernel
but for vkcopy-sid.

vulkaninfo        lists the device, and NVK as its driver
vkcopy            the program in vkcopy/ fills, updates and copies, and finds every byte as it should be; it has
                  two devices at once, then there are two processes at once
vkcopy-sid        the same with the kernel of Debian's sid and firmware 570.144
vkcopy-fault      it has the GPU read what it has unmapped: the device is lost, and one made after that works
vkcopy-unbind     nouveau is unbound while it submits: the device is lost. Whether it can be bound again then is
                  not up to the GPU. Up to Linux 7.2 it cannot: nouveau lets go of its channels and then moves
                  buffers by them, as long as a program has some (nouveau_drm_device_fini()). The kernel must get
                  that far, and no further fault may show
"""

import functools
import os
import re

import kernel_log
import linux_guest
import userland

PROGRAM = os.path.join(linux_guest.vendor.OUT, "vkcopy")
GOOD = r"\d+ copies, \d+ fills, \d+ updates: \d+ bytes as they should be, \d+ waits"
# What nouveau says of a channel that RM took off, at level err; 31 is ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT.
KILLED = (r"nouveau 0000:00:02\.0: gsp: rc engn:00000001 chid:\d+ type:31 scope:0 part:\d+",
          r"nouveau 0000:00:02\.0: fifo:\w+:\w+:\w+:\[vkcopy\[\d+\]\] errored - disabling channel",
          r"nouveau 0000:00:02\.0: vkcopy\[\d+\]: channel \d+ killed!")

# While it submits; then again, if the kernel is still in a state for that.
UNBIND = """\
vkcopy --device=NVK --until-lost >/tmp/out 2>&1 &
program=$!
while ! grep -q submitting /tmp/out; do sleep 0.1; done
sleep 1
(echo 0000:00:02.0 >/sys/bus/pci/drivers/nouveau/unbind)
wait $program
echo "peer: vkcopy ended with $?"
cat /tmp/out
dmesg | grep -q Oops: && exit
echo 0000:00:02.0 >/sys/bus/pci/drivers/nouveau/bind
vkcopy --device=NVK --max-size=65536
"""
# The kernel's log when nouveau moves a program's buffers with nothing left to move them by: what it then does
# with memory that it has freed differs.
OWN_FAULT = (r"WARNING: .* at include/drm/ttm/ttm_resource\.h:\d+ nouveau_ttm_fini\+[\s\S]*?"
             r"Oops: [\s\S]*? nouveau_bo_move\+[\s\S]*? nouveau_ttm_fini\+[\s\S]*? nouveau_drm_device_fini\+")


def program(script, name, pair=linux_guest.TRIXIE, **more):
    """A machine with Vulkan and vkcopy that runs script, lines for a shell; more is for linux_guest.boot()."""
    words = linux_guest.QUIET
    if pair == linux_guest.SID:  # which else suspends the GPU when it switches off
        words += " peer.remove"
    return linux_guest.boot(pair, name, words, run=script, programs=(PROGRAM,), **more)


def good(name, script, wanted, pair=linux_guest.TRIXIE):
    """One whose script ends well and prints all of wanted."""
    run = program(script, name, pair)
    ended = run.said(r"^peer: run ended with (\d+)$")
    run.need(ended, "the script did not end")
    for sign in wanted:
        run.need(run.said(f"^{sign}$"), f"no line \"{sign}\" on the console")
    run.need(ended[1] == "0", f"the script ended with {ended[1]}")
    return run


def info(quiet):
    run = good("vulkaninfo", "vulkaninfo --summary", ())
    found = dict(re.findall(r"^\s+(device\w+|driver\w+|apiVersion)\s+= (.*)$", run.console, re.M))
    package = userland.versions(userland.fetch())["mesa-vulkan-drivers"]
    run.need(found.get("driverName") == "NVK", f"the driver is {found.get('driverName', '(none)')}, not NVK")
    run.need("(NVK GA102)" in found.get("deviceName", ""), f"the device is {found.get('deviceName', '(none)')}")
    run.need(found["driverInfo"] == f"Mesa {package}", f"the driver is {found['driverInfo']}, not of {package}")
    quiet(run, linux_guest.TRIXIE)
    return f"{found['deviceName']}, Vulkan {found['apiVersion']}, {found['driverInfo']}"


def copies(quiet, name="vkcopy", pair=linux_guest.TRIXIE):
    run = good(name, "vkcopy --device=NVK && vkcopy --device=NVK --devices=2 --max-size=1048580 &&\n"
               "vkcopy --device=NVK --processes=2 --max-size=1048580", (
                   f"vkcopy: {GOOD}", f"vkcopy: device 1: {GOOD}", f"vkcopy: process 1 device 0: {GOOD}"), pair)
    quiet(run, pair)
    return f"{run.said(GOOD).group(0)}; two devices and two processes at once"


def fault(_):
    run = good("vkcopy-fault", "vkcopy --device=NVK --fault --max-size=1048580", (
        r"vkcopy: fault: VK_ERROR_DEVICE_LOST, .*", f"vkcopy: a new device: {GOOD}"))
    left = kernel_log.complaints(run.console, linux_guest.TRIXIE.kernel_suite, [])
    for sign in KILLED:
        run.need(any(re.fullmatch(sign, line) for line in left), f"nouveau does not say /{sign}/")
    odd = [line for line in left if not any(re.fullmatch(sign, line) for sign in KILLED)]
    run.need(not odd, f"lines at warn or above beside those of the fault, the first: {odd[0] if odd else ''}")
    where = re.search(r"is taken off: (.*)", run.model)
    run.need(where, "the model took no channel off")
    said = left[0].split("nouveau 0000:00:02.0: ")[-1]
    return f"model: {where[1]}; nouveau: {said}; the program: device lost, a new one works"


def unbind(_):
    run = good("vkcopy-unbind", UNBIND, ("peer: vkcopy ended with 0", r"vkcopy: lost after \d+ submissions"))
    left = kernel_log.complaints(run.console, linux_guest.TRIXIE.kernel_suite, [])
    lost = run.said(r"lost after .*").group(0)
    if not left:
        run.need(run.said(f"^vkcopy: {GOOD}$"), "bound again, it does not work")
        return f"{lost}; bound again, it works"
    own = run.said(OWN_FAULT)
    run.need(own and left[0].startswith("------------[ cut here") and
             len(re.findall(r"^(?!peer: ).*(?:WARNING: |Oops: )", run.console, re.M)) == 2,
             f"{len(left)} lines at warn or above, the first: {left[0]}")
    run.need("is taken off" not in run.model, "the model took a channel off")
    return f"{lost}; not bound again: nouveau_ttm_fini() falls over the buffers that the program still has"


def cases(quiet):
    """{name: (pair, function)} as nouveau_boot.cases(); quiet(run, pair) judges the kernel's log."""
    judges = {"vulkaninfo": info, "vkcopy": copies, "vkcopy-fault": fault, "vkcopy-unbind": unbind}
    found = {name: (linux_guest.TRIXIE, functools.partial(judge, quiet)) for name, judge in judges.items()}
    found["vkcopy-sid"] = (linux_guest.SID, functools.partial(copies, quiet, "vkcopy-sid", linux_guest.SID))
    return found
