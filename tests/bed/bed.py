# SPDX-License-Identifier: MIT
"""The test machine: Xen with its IOMMU on, under Debian's QEMU, driven from Python.

    with Bed("smoke", overlay={"/etc/xen/guest.cfg": text, "/boot/image": path}) as bed:
        bed.ok("xl create /etc/xen/guest.cfg")
        bed.wait_guest("guest", "ready")

A Bed is one QEMU process.  The machine's serial port belongs to Xen and carries the log of Xen
and of dom0's kernel (bed.xen_log()).  A virtio serial port belongs to dom0, whose init runs the
commands that bed.sh() sends there; so a command's output is never mixed with a log.  QEMU's own
monitor is behind bed.qmp().

Everything a run writes is in bed.dir: console.log, qemu.log (what the device model says), and
after stop() each guest's console as guest-NAME.log and dom0's files of Bed.logs.  A Bed has a time
limit for the whole run; it kills QEMU on stop(), on any exception inside `with`, and when Python itself dies.

The module results.py records test cases; image.py makes overlays.
"""

import base64
import ctypes
import gzip
import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import image

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))

# XEN=4.20: another hypervisor, with the dom0 that belongs to it (xen-4.20.sh), in a folder of their own.
XEN = os.environ.get("XEN", "")
HOME = os.path.join(BUILD, f"xen-{XEN}") if XEN else BUILD
XEN_ROOT = os.path.join(HOME, "root") if XEN else None

# Without -smap,-smep QEMU 7.2 makes Xen fault when it bounces into a PV kernel; without the others
# a PVH guest dies on TCG's SVM, which has no next-RIP saving and breaks AVX under nesting.
ICOUNT = "shift=1,sleep=off"  # 2 ns an instruction; time in which nothing happens is left out
CPU = "max,-smap,-smep,-rdtscp,-avx,-avx2,-pku,-xsave"
# bootscrub, edd, edid, rodata and apparmor only save time: 3 s of 10 until dom0 is up.
XEN_CMDLINE = ("console=com1 com1=115200 loglvl=all guest_loglvl=all conring_size=1m "
               "dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin sched=credit iommu=verbose "
               "bootscrub=0 edd=off edid=no")
DOM0_CMDLINE = "console=hvc0 earlyprintk=xen rodata=off apparmor=0"
# Bytes of a file sent in one command, which is a single word of the agent's shell.
PUT_CHUNK = 16384
PR_SET_PDEATHSIG = 1


class BedError(Exception):
    """The test machine, not the code under test, failed; the text names the log to look at."""


class CommandError(BedError):
    """A command of Bed.ok() failed in dom0.  rc and output say how."""

    def __init__(self, command, rc, output):
        super().__init__(f"dom0: `{command}` exited with {rc}: {output.strip()[-2000:]}")
        self.rc = rc
        self.output = output


def tool(name):
    """Our own program for dom0: built for its Xen."""
    return os.path.join(HOME, name)


def _die_with_parent():
    """In QEMU's process before exec: be killed when Python dies, whatever the reason."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _raise_exit(number, _frame):
    """SIGTERM becomes an exception, so that `with` blocks and finally clauses run."""
    raise SystemExit(128 + number)


class Bed:
    """One running test machine.

    name       names the run's directory, BUILD/run/NAME, which is emptied first
    overlay    {path in dom0: host path, text or bytes}, see image.overlay()
    devices    QEMU -device arguments, e.g. "edu,id=edu,addr=2"
    preload    shared objects for QEMU alone (LD_PRELOAD), which add devices of our own
    plugins    QEMU -plugin arguments, e.g. insns.option(…)
    environ    further environment variables for QEMU
    icount     the machine's clock counts instructions: slower, and the same however busy the host is
    xen_args   further words for Xen's command line
    memory     the machine's memory in MiB, of which dom0 takes 1024
    limit      seconds the whole run may take
    verbose    whether to print a line for each phase
    """

    logs = ()  # of dom0, worth keeping when it is over

    def __init__(self, name, *, overlay=None, devices=(), preload=(), plugins=(), environ=None,
                 icount=False, xen_args="", memory=3072, limit=400, verbose=True):
        self.name = name
        self.dir = os.path.join(BUILD, "run", name)
        self.verbose = verbose
        self._overlay = dict(overlay or {})
        self._devices = list(devices)
        self._preload = list(preload)
        self._plugins = list(plugins)
        self._environ = dict(environ or {})
        self._icount = icount
        self._xen_args = xen_args
        self._memory = memory
        self._limit = limit
        self._start = time.monotonic()
        self._sockets = None
        self._qemu = None
        self._agent = None
        self._agent_input = b""
        self._ready = False
        self._number = 0
        self._qmp = None
        self._qmp_input = b""
        self._guest_logs = {}
        self._old_sigterm = None

    # -- life -----------------------------------------------------------------------------------

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop(save_logs=False)
            raise
        return self

    def __exit__(self, kind, *_):
        # Who interrupts a run does not want to wait for dom0, which may be busy.
        self.stop(save_logs=kind is None or issubclass(kind, Exception))

    def say(self, text):
        """Prints a progress line with the seconds since the start."""
        if self.verbose:
            print(f"{self.name}: {text} ({self.seconds():.1f} s)", flush=True)

    def seconds(self):
        """Seconds since this Bed was made."""
        return time.monotonic() - self._start

    def start(self):
        """Boots Xen and dom0; returns when dom0 takes commands."""
        self._start = time.monotonic()
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        base = os.path.join(HOME, "bed")
        for part in ("xen", "vmlinux", "dom0.cpio.gz"):
            if not os.path.exists(os.path.join(base, part)):
                raise BedError(f"no {base}/{part}; run tests/bed/dom0.sh first")
        initrd = os.path.join(self.dir, "dom0.cpio.gz")
        image.append(initrd, os.path.join(base, "dom0.cpio.gz"), image.overlay(self._overlay, XEN_ROOT))

        # A socket's path is limited to 107 bytes, which a build directory's may exceed.
        self._sockets = tempfile.mkdtemp(prefix="bed-")
        command = [
            "qemu-system-x86_64", "-accel", f"tcg,thread={'single' if self._icount else 'multi'}",
            "-machine", "q35", "-smp", "3", *(("-icount", ICOUNT) if self._icount else ()),
            "-m", str(self._memory), "-cpu", CPU, "-nodefaults", "-display", "none",
            "-no-reboot",
            "-chardev", f"file,id=console,path={self.console_path}",
            "-chardev", f"socket,id=agent,path={self._sockets}/agent,server=on,wait=off",
            "-serial", "chardev:console",
            "-qmp", f"unix:{self._sockets}/qmp,server=on,wait=off",
            "-device", "intel-iommu,intremap=on",
            # iommu_platform: dom0's addresses are not machine addresses, so DMA must be mapped.
            "-device", "virtio-serial-pci,iommu_platform=on,disable-legacy=on,addr=1e",
            "-device", "virtserialport,chardev=agent,name=bed",
        ]
        for device in self._devices:
            command += ["-device", device]
        for plugin in self._plugins:
            command += ["-plugin", plugin]
        command += ["-kernel", f"{base}/xen", "-append", f"{XEN_CMDLINE} {self._xen_args}",
                    "-initrd", f"{base}/vmlinux {DOM0_CMDLINE},{initrd}"]
        environ = dict(os.environ, **self._environ)
        if self._preload:
            environ["LD_PRELOAD"] = ":".join(os.path.abspath(p) for p in self._preload)
        self._old_sigterm = signal.signal(signal.SIGTERM, _raise_exit)
        with open(self.qemu_log_path, "wb") as log:
            self._qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=environ, preexec_fn=_die_with_parent)
        self._agent = self._connect("agent")
        self._qmp = self._connect("qmp")
        self._qmp_line()
        self.qmp("qmp_capabilities")
        self._agent_line("bed-agent ready", 270 if self._icount else 90)
        self._ready = True
        self.say("Xen and dom0 are up")

    def stop(self, poweroff=False, save_logs=True):
        """Ends the machine; with poweroff, dom0 shuts down in order first.  Never fails.

        save_logs: fetch the guests' consoles into the run's directory before.
        """
        if self._qemu is not None:
            try:
                if save_logs and self._qemu.poll() is None and self._ready:
                    self._save_logs()
                if poweroff and self._qemu.poll() is None:
                    self._send("poweroff -f", 5)
                    self._qemu.wait(20)
            except (OSError, BedError, subprocess.TimeoutExpired) as e:
                self.say(f"stop: {e}")
            finally:
                self._ready = False
                self._qemu.kill()
                self._qemu.wait()
                self._qemu = None
        for sock in (self._agent, self._qmp):
            if sock is not None:
                sock.close()
        self._agent = self._qmp = None
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        # The appended image is large and can be made again.
        if os.path.exists(os.path.join(self.dir, "dom0.cpio.gz")):
            os.unlink(os.path.join(self.dir, "dom0.cpio.gz"))
        if self._old_sigterm is not None:
            signal.signal(signal.SIGTERM, self._old_sigterm)
            self._old_sigterm = None

    def _save(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    def _save_logs(self):
        """Copies dom0's own logs and the guests' consoles into the run's directory, if dom0 still answers."""
        rc, names = self.sh("ls /var/log/xen/console", timeout=5, late=True)
        if rc:
            return
        for name in re.findall(r"^guest-(\S+)\.log$", names, re.M):
            self._save(f"guest-{name}.log", self.guest_log(name, late=True))
        for path in self.logs:
            rc, text = self.sh(f"cat {shlex.quote(path)}", timeout=5, late=True)
            if rc == 0:
                self._save(os.path.basename(path), text)

    @property
    def console_path(self):
        """The file with the log of Xen and dom0's kernel."""
        return os.path.join(self.dir, "console.log")

    @property
    def qemu_log_path(self):
        """The file with what QEMU and the device models print."""
        return os.path.join(self.dir, "qemu.log")

    def _connect(self, name):
        path = os.path.join(self._sockets, name)
        deadline = time.monotonic() + 20
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.connect(path)
                return sock
            except OSError as e:
                sock.close()
                self._check_alive()
                if time.monotonic() > deadline:
                    raise BedError(f"QEMU does not open its {name} socket: {e}") from e
                time.sleep(0.02)

    def _check_alive(self):
        """Raises if QEMU has ended or the run's time is over."""
        if self._qemu is None:
            raise BedError("the machine has been stopped")
        if self._qemu.poll() is not None:
            raise BedError(f"QEMU ended with {self._qemu.returncode}; the end of its own log:\n"
                           f"{self.qemu_log()[-1000:]}\nand of Xen's:\n"
                           f"{self.xen_log()[-1500:]}\nfull logs are in {self.dir}")
        if self.seconds() > self._limit:
            raise BedError(f"the run took longer than {self._limit} s; logs are in {self.dir}")

    # -- commands in dom0 -----------------------------------------------------------------------

    def sh(self, command, timeout=30, late=False):
        """Runs a shell command in dom0; returns (exit status, output with errors mixed in).

        After timeout seconds dom0 ends the command and the status is 143.  A background process
        should be given its own output, e.g. `cmd >/tmp/log 2>&1 &`.  late: run even if the time
        of the whole run is over (for collecting logs).
        """
        rc, output = self._run(command, timeout, late)
        return rc, output.decode("utf-8", "replace")

    def _run(self, command, timeout, late=False):
        """What sh() does, with the output as bytes."""
        number = self._send(command, timeout)
        # dom0's clock counts the timeout; the margin covers a slow host.
        margin = 5 if late else 30
        head = self._agent_line(rf"{number} (\d+) (plain|gzip)", timeout + margin, late)
        body = b""
        deadline = time.monotonic() + 60
        while True:
            line = self._read_line(deadline, late)
            if line == b".":
                break
            body += line
        output = base64.b64decode(body)
        if head.group(2) == "gzip":
            output = gzip.decompress(output)
        return int(head.group(1)), output

    def ok(self, command, timeout=30):
        """Like sh(), but raises CommandError unless the status is 0; returns the output."""
        rc, output = self.sh(command, timeout)
        if rc:
            raise CommandError(command, rc, output)
        return output

    def put(self, path, data):
        """Writes a small file (bytes or str) in dom0; big ones belong in the overlay."""
        if isinstance(data, str):
            data = data.encode()
        quoted = shlex.quote(path)
        self.ok(f"mkdir -p \"$(dirname {quoted})\" && : >{quoted}")
        for at in range(0, len(data), PUT_CHUNK):
            text = base64.b64encode(data[at:at + PUT_CHUNK]).decode()
            self.ok(f"echo {text} | base64 -d >>{quoted}")

    def get(self, path):
        """The bytes of a file in dom0."""
        rc, data = self._run(f"cat {shlex.quote(path)}", 60)
        if rc:
            raise CommandError(f"cat {path}", rc, data.decode("utf-8", "replace"))
        return data

    def _send(self, command, timeout):
        if self._agent is None:
            raise BedError("the machine is not running")
        self._number += 1
        text = base64.b64encode(command.encode()).decode()
        self._agent.sendall(f"{self._number} {int(timeout)} {text}\n".encode())
        return self._number

    def _read_line(self, deadline, late=False):
        """The next line from dom0's agent, without its end."""
        while b"\n" not in self._agent_input:
            if not late:
                self._check_alive()
            if time.monotonic() > deadline:
                raise BedError(f"dom0 does not answer; its console is in {self.console_path}")
            if select.select([self._agent], [], [], 0.5)[0]:
                data = self._agent.recv(65536)
                if not data:
                    time.sleep(0.2)
                    self._check_alive()
                    raise BedError("QEMU closed the command channel")
                self._agent_input += data
        line, self._agent_input = self._agent_input.split(b"\n", 1)
        return line.strip(b"\r")

    def _agent_line(self, pattern, timeout, late=False):
        """Skips lines until one matches the whole pattern; returns the match."""
        deadline = time.monotonic() + timeout
        while True:
            line = self._read_line(deadline, late).decode("utf-8", "replace")
            found = re.fullmatch(pattern, line)
            if found:
                return found

    def type(self, guest, text):
        """Types text into a guest's console."""
        quoted = shlex.quote(text)
        self.ok(f"id=$(xl domid '{guest}') && "
                f"printf %s {quoted} >\"$(xenstore-read /local/domain/$id/console/tty)\"")

    def guest_sh(self, guest, command, timeout=30):
        """Runs a command in the shell on a Linux guest's console; returns (status, output).

        The guest must be at its prompt ("guest-init: ready").
        """
        self._number += 1
        mark = f"bed-{self._number}"
        after = len(self.guest_log(guest))
        # The quotes keep the terminal's echo of this line from looking like the marks.
        self.type(guest, f"echo {mark}'':begin; {command}\necho {mark}'':$?:end\n")
        found = self.wait_guest(guest, rf"^{mark}:begin\n([\s\S]*?){mark}:(\d+):end$",
                                timeout, after)
        # The prompt and the echo of the second line stand before its output.
        output = re.sub(rf"^.*echo {mark}''.*\n", "", found.group(1), flags=re.M)
        return int(found.group(2)), output

    # -- waiting --------------------------------------------------------------------------------

    def wait(self, predicate, what, timeout=30, interval=0.2):
        """Calls predicate() until it returns something true, and returns that."""
        deadline = time.monotonic() + timeout
        while True:
            value = predicate()
            if value:
                return value
            self._check_alive()
            if time.monotonic() > deadline:
                raise BedError(f"waited {timeout} s in vain for {what}; logs are in {self.dir}")
            time.sleep(interval)

    def wait_for(self, command, timeout=30):
        """Repeats a command in dom0 until it succeeds; returns its output."""
        def attempt():
            rc, output = self.sh(command)
            return (output or "\n") if rc == 0 else None
        return self.wait(attempt, f"`{command}` to succeed in dom0", timeout)

    def wait_guest(self, name, pattern, timeout=60, after=0):
        """Waits for a regular expression on a guest's console; returns the match.

        after: where in guest_log() to start looking, e.g. an earlier len(bed.guest_log(name)).
        """
        compiled = re.compile(pattern, re.M)
        return self.wait(lambda: compiled.search(self.guest_log(name), after),
                         f"/{pattern}/ on the console of {name}", timeout)

    def wait_xen(self, pattern, timeout=30, after=0):
        """Waits for a regular expression in Xen's log; returns the match."""
        compiled = re.compile(pattern, re.M)
        return self.wait(lambda: compiled.search(self.xen_log(), after),
                         f"/{pattern}/ in Xen's log", timeout)

    def wait_qemu(self, pattern, timeout=30, after=0):
        """Waits for a regular expression in what QEMU and the device models print."""
        compiled = re.compile(pattern, re.M)
        return self.wait(lambda: compiled.search(self.qemu_log(), after),
                         f"/{pattern}/ in QEMU's log", timeout)

    # -- logs -----------------------------------------------------------------------------------

    @staticmethod
    def _read(path):
        try:
            with open(path, "rb") as f:
                return f.read().decode("utf-8", "replace").replace("\r", "")
        except FileNotFoundError:
            return ""

    def xen_log(self):
        """What Xen and dom0's kernel have printed so far; Xen's lines start with "(XEN)"."""
        return self._read(self.console_path)

    def qemu_log(self):
        """What QEMU and the device models have printed so far."""
        return self._read(self.qemu_log_path)

    def guest_log(self, name, late=False):
        """What a guest has written to its console; it outlives the guest."""
        known = self._guest_logs.get(name, b"")
        path = f"/var/log/xen/console/guest-{name}.log"
        rc, output = self._run(f"tail -c +{len(known) + 1} {shlex.quote(path)} 2>/dev/null", 30, late)
        if rc == 0:
            known += output
            self._guest_logs[name] = known
        return known.decode("utf-8", "replace").replace("\r", "")

    def debug_key(self, keys):
        """Sends debug keys to Xen; returns what Xen printed for them.

        The text is taken from Xen's console between two marks that dom0 writes there: dom0's
        console passes through Xen's own buffer, so the order is true.
        """
        mark = f"bed-mark-{self._number}"
        self.ok(f"echo {mark}-begin >/dev/console; xl debug-keys '{keys}'; "
                f"echo {mark}-end >/dev/console", timeout=60)
        found = self.wait_xen(rf"{mark}-begin\n([\s\S]*?){mark}-end\n", timeout=60)
        return found.group(1)

    # -- QEMU's monitor -------------------------------------------------------------------------

    def qmp(self, execute, **arguments):
        """A QMP command; returns its result.  E.g. qmp("qom-get", path=…, property=…)."""
        message = {"execute": execute, "arguments": arguments}
        self._qmp.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self._qmp_line()
            if "error" in answer:
                raise BedError(f"qmp {execute}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def qom_get(self, device, name):
        """A property of the device with this id."""
        return self.qmp("qom-get", path=f"/machine/peripheral/{device}", property=name)

    def qom_set(self, device, name, value):
        """Sets a property of the device with this id."""
        self.qmp("qom-set", path=f"/machine/peripheral/{device}", property=name, value=value)

    def _qmp_line(self):
        deadline = time.monotonic() + 60
        while b"\n" not in self._qmp_input:
            self._check_alive()
            if time.monotonic() > deadline:
                raise BedError("QEMU's monitor does not answer")
            if select.select([self._qmp], [], [], 0.5)[0]:
                data = self._qmp.recv(65536)
                if not data:
                    time.sleep(0.2)
                    self._check_alive()
                    raise BedError("QEMU closed its monitor")
                self._qmp_input += data
        line, self._qmp_input = self._qmp_input.split(b"\n", 1)
        return json.loads(line)
