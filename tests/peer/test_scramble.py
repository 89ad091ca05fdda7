#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One client binary talks to firmware of releases that never existed.

    test_scramble.py [SEED ...]     default: ten random seeds; SEED=N in the environment is one

For each seed scramble/release.py makes a release out of the vendor's 535.261.03, a responder is compiled
against its headers, abigen makes its pack from the same headers, and the client, built once, gets that
pack and holds a whole conversation with the responder: boot with a sequencer script, static information,
objects, controls, events, refusals, a message of 700,000 bytes or more each way, the end.

Responder and client are two processes that share memory, a doorbell and an interrupt. The responder has
nothing of fwq in it, nor a pack: its list of dependencies is looked at.

What must not work is tried as well, with each seed: the pack of another release, and its own with one
offset changed. Both end with a message of the client's or the responder's.
"""

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scramble"))
import release  # pylint: disable=wrong-import-position
from vendor import OUT, PEER, TOP, VERSIONS, fetch  # pylint: disable=wrong-import-position

VERSION = "535.261.03"
SEEDS = 10
TIMEOUT = 30  # seconds for one conversation
HERE = os.path.join(TOP, "tests/peer/scramble")
WORK = os.path.join(PEER, "scramble")
CLIENT = os.path.join(OUT, "scramble-client")
# The vendor keeps the queues' default sizes here.
SOURCES = ["src/nvidia/src/kernel/gpu/gsp/message_queue_cpu.c"]
REFUSALS = 9
# Numbers that are the same in every release: a page, a success, what follows from them.
FIXED = {"RM_PAGE_SIZE", "GSP_MSG_QUEUE_ALIGN", "NV_VGPU_MSG_RESULT_SUCCESS", "NV_OK"}


class Failed(Exception):
    """Why a seed failed."""


def flags():
    with open(os.path.join(TOP, "fwq/abigen/flags"), encoding="utf-8") as f:
        return f.read().split()


def read_pack(path):
    """{name: value or (offset, size, count)} of a pack's numbers and fields."""
    numbers, fields = {}, {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            w = line.split()
            if w and w[0] == "number":
                numbers[w[1]] = int(w[2], 0)
            elif w and w[0] == "field":
                fields[f"{w[1]}.{w[2]}"] = tuple(int(x) for x in w[3:])
    return numbers, fields


def abigen(tree, pack):
    subprocess.run([os.path.join(OUT, "abigen"), os.path.join(TOP, "fwq/abigen"), tree, pack], check=True)


def compile_responder(tree, exe):
    """From the tree's headers; fails when anything else of the project gets in."""
    with open(os.path.join(tree, SOURCES[0]), encoding="utf-8", errors="replace") as f:
        text = f.read()
    sizes = [re.search(rf"\b{n}\s*=\s*(\w+)", text)[1] for n in ("defaultCommandQueueSize", "defaultStatusQueueSize")]
    objects = []
    for name in ("fw_queue", "fw_rm", "fw_controls", "fw_main"):
        obj = f"{exe}-{name}.o"
        # The vendor's headers as system headers: warnings are for our part. Their inline functions assert in
        # a checked build, through functions that are not here.
        subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1",
                        *[re.sub("^-I", "-isystem", f) for f in flags()],
                        "-UPORT_IS_CHECKED_BUILD", "-DPORT_IS_CHECKED_BUILD=0", f"-DCOMMAND_QUEUE_SIZE={sizes[0]}",
                        f"-DSTATUS_QUEUE_SIZE={sizes[1]}", "-MD", "-MF", f"{obj}.d", "-c",
                        os.path.join(HERE, f"{name}.c"), "-o", obj], cwd=tree, check=True)
        with open(f"{obj}.d", encoding="utf-8") as f:
            words = f.read().replace("\\\n", " ").split()[1:]
        for path in (os.path.realpath(os.path.join(tree, w)) for w in words):
            if not path.startswith((HERE + os.sep, os.path.realpath(tree) + os.sep, "/usr/")):
                raise Failed(f"the responder depends on {path}")
        objects.append(obj)
    subprocess.run(["gcc", "-o", exe, *objects], check=True)


def converse(pack, responder, echo, log):
    """(client's exit code, responder's, what they said); a code is None when it had to be stopped."""
    fds = [os.memfd_create("machine"), os.eventfd(0), os.eventfd(0)]
    words = [str(fd) for fd in fds]
    with open(log, "w+", encoding="utf-8") as f:
        both = [subprocess.Popen(command, pass_fds=fds, stdout=f, stderr=f)
                for command in ([responder, *words, str(echo)], [CLIENT, pack, *words])]
        # When one has failed, the other waits in vain: not for long.
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end and None in (codes := [p.poll() for p in reversed(both)]):
            if any(codes):
                end = min(end, time.monotonic() + 0.2)
            time.sleep(0.01)
        for p in both:
            if p.poll() is None:
                p.kill()
                p.wait()
        f.seek(0)
        said = f.read()
    for fd in fds:
        os.close(fd)
    return codes[0], codes[1], said


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class Made:
    """A release with its pack and its responder; without a seed it is the vendor's own."""

    def __init__(self, vendor, name, seed=None):
        self.seed = seed
        self.dir = os.path.join(WORK, str(name))
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.pack = os.path.join(self.dir, "release.abi")
        self.responder = os.path.join(self.dir, "responder")
        self.tree = vendor
        self.release = None
        if seed is not None:
            self.tree = os.path.join(self.dir, "tree")
            probe = os.path.join(self.dir, "probe.c")
            shutil.copy(os.path.join(TOP, "fwq/abigen/headers"), probe)
            self.release = release.make(vendor, self.tree, seed, probe, flags(), SOURCES)
        abigen(self.tree, self.pack)
        compile_responder(self.tree, self.responder)

    def talk(self, pack=None):
        """Ends well, or raises Failed. Whether the sequence number is repeated is up to the seed."""
        echo = random.Random(self.seed or 0).randrange(2)
        client, firmware, said = converse(pack or self.pack, self.responder, echo, os.path.join(self.dir, "log"))
        lines = said.strip().splitlines()
        if client or firmware:
            raise Failed(f"client {client}, firmware {firmware}: {' | '.join(lines[-2:])}")
        if f", {REFUSALS} refused, 0 objects left" not in said:
            raise Failed(f"the firmware does not say {REFUSALS} refused: {lines[-1]}")
        return re.search(r"a message of (\d+) bytes: (\d+) records out", said)


def changed(plain, made):
    """(numbers changed, of, fields moved, of); raises Failed when a number is the vendor's own."""
    (numbers, fields), (new_numbers, new_fields) = read_pack(plain.pack), read_pack(made.pack)
    lost = (numbers.keys() - new_numbers.keys()) | (fields.keys() - new_fields.keys())
    if lost:
        raise Failed(f"abigen did not find {sorted(lost)[:5]}")
    same = {n for n in numbers if numbers[n] == new_numbers[n]} - FIXED
    # A value drawn at random can hit the old one; a number that is forgotten is among them in each seed.
    if len(same) > 3:
        raise Failed(f"numbers that nothing changed: {sorted(same)}")
    moved = sum(fields[f] != new_fields[f] for f in fields)
    return len(numbers) - len(same) - len(FIXED & numbers.keys()), len(numbers), moved, len(fields)


# Fields that the conversation uses in ways of every kind: each seed tries one of them in a wrong place.
# readPtr is not among them: with large rings nobody needs to know how far the other has read.
TOUCHED = (
    "msgqTxHeader msgCount", "msgqTxHeader writePtr",
    "GSP_MSG_QUEUE_ELEMENT seqNum", "GSP_MSG_QUEUE_ELEMENT elemCount", "rpc_message_header_v length",
    "rpc_message_header_v function", "rpc_gsp_rm_control_v cmd", "rpc_gsp_rm_control_v params", "rpc_gsp_rm_alloc_v hClass",
    "rpc_free_v params.hObjectOld", "rpc_dup_object_v params.hObjectSrc", "rpc_post_event_v hEvent",
    "rpc_post_event_v eventData", "rpc_rc_triggered_v exceptType", "rpc_run_cpu_sequencer_v cmdIndex",
    "GSP_SEQ_BUF_PAYLOAD_REG_POLL mask", "MESSAGE_QUEUE_INIT_ARGUMENTS cmdQueueOffset", "GspSystemInfo gspVFInfo.totalVFs",
    "GspStaticConfigInfo bar1PdeBase", "PACKED_REGISTRY_ENTRY nameOffset", "NV0080_ALLOC_PARAMETERS hClientShare",
    "NV_CHANNEL_ALLOC_PARAMS instanceMem.base", "NV2080_CTRL_FIFO_DEVICE_ENTRY engineName",
    "NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ENTRY bufferId")


def altered(made, rng):
    """(name, path) of a pack in which one field lies where, if possible, the pack has no other."""
    name = rng.choice(TOUCHED)
    struct = name.split()[0]
    with open(made.pack, encoding="utf-8") as f:
        text = f.read()
    whole = int(re.search(rf"^struct {struct} (\d+)$", text, re.M)[1])
    places = {m[1]: (int(m[2]), int(m[3])) for m in re.finditer(rf"^field {struct} (\S+) (\d+) (\d+)", text, re.M)}
    offset, size = places.pop(name.split()[1])
    free = [o for o in range(0, whole - size + 1, 4)
            if o != offset and all(o + max(size, 1) <= at or at + length <= o for at, length in places.values())]
    new = rng.choice(free or [offset - 4 if offset else 4])
    path = os.path.join(made.dir, "altered.abi")
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(rf"^(field {re.escape(name)}) {offset} ", rf"\g<1> {new} ", text, flags=re.M))
    return name.replace(" ", "."), path


def refused(made, pack):
    """How a conversation with the wrong pack ended: with somebody's message, not by a signal."""
    client, firmware, said = converse(pack, made.responder, 0, os.path.join(made.dir, "refused-log"))
    if client == 0 and firmware == 0:
        raise Failed(f"it worked with {pack}")
    if client not in (None, 0, 1) or firmware not in (None, 0, 3):
        raise Failed(f"{pack}: client {client}, firmware {firmware}: {' | '.join(said.strip().splitlines()[-2:])}")
    return [line for line in said.splitlines() if line.startswith(("client: ", "firmware: "))][-1]


def one_seed(plain, other, seed):
    """Makes and tries a release, then the pack of `other` and an altered one, which must not work."""
    started = time.monotonic()
    made = Made(plain.tree, seed, seed)
    numbers, of_numbers, moved, of_fields = changed(plain, made)
    size = made.talk()
    if int(size[1]) < release.LARGE:
        raise Failed(f"the large message has {size[1]} bytes")
    refused(made, other.pack)
    field, pack = altered(made, random.Random(seed))
    last = refused(made, pack)
    r = made.release
    print(f"ok scramble-{seed}: {size[1]} bytes in {size[2]} records; moved {moved} of {of_fields} fields, shifted "
          f"{numbers} of {of_numbers} numbers of the pack, {r.moved} fields of {r.structures} structures and {r.numbers} "
          f"numbers of the headers, {r.added} fields new; {time.monotonic() - started:.1f} s", flush=True)
    print(f"    {field} altered: {last}", flush=True)
    return made


def main(argv):
    seeds = [int(s) for s in argv or os.environ.get("SEED", "").split()] or random.sample(range(1, 1 << 31), SEEDS)
    shutil.rmtree(WORK, ignore_errors=True)
    binary = digest(CLIENT)
    bad = 0
    plain = None
    # As they are; of the second version the mirror may have no source, and none is needed.
    for version in (VERSION, *(v for v in VERSIONS if v != VERSION)):
        tree = fetch(version)
        if tree is None and version == VERSION:
            print(f"skip scramble: the mirror has no source of {VERSION}")
            return 0
        if tree is None:
            continue
        made = Made(tree, version)
        plain = plain or made
        try:
            size = made.talk()
            print(f"ok scramble-{version}: as it is, {size[1]} bytes in {size[2]} records", flush=True)
        except Failed as e:
            print(f"FAILED scramble-{version}: as it is: {e}", flush=True)
            bad += 1
    other = plain
    for seed in seeds:
        try:
            other = one_seed(plain, other, seed)
        except (Failed, subprocess.CalledProcessError) as e:
            print(f"FAILED scramble-{seed}: {e}", flush=True)
            bad += 1
    symbols = subprocess.run(["nm", CLIENT], check=True, stdout=subprocess.PIPE, text=True).stdout
    if digest(CLIENT) != binary or "fwq_packs" in symbols:
        print("FAILED scramble-binary: the client changed between the seeds, or has packs built in", flush=True)
        bad += 1
    else:
        print(f"ok scramble-binary: one client for all, sha256 {binary[:16]}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
