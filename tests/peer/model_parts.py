# SPDX-License-Identifier: MIT
"""What the GPU model implements, as its sources have it, and which of that a trace has touched.

A part is (section, name). The names are read out of tests/model; what a trace (tests/model/trace.h) has
touched and no name covers is an error, so that a part cannot be forgotten here.
"""

import glob
import os
import re

import test_chips
import vendor

MODEL = os.path.join(vendor.TOP, "tests", "model")
# Names of the headers that are no registers: values, ends and bases.
NO_REGISTER = re.compile(r".*(_INIT|_STATUS|_END|_SIZE_1)$|NV_PGSP$|NV_PSEC$|NV_VF$")
A_STATUS = ("NV_VF_PRIV_BIND_STATUS", "NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS")
# Bytes of what is more than one register.
ARRAYS = {
    "NV_PBUS_SW_SCRATCH_0": 0x100, "NV_PCFG": 0x1000, "NV_PROM_DATA": 0x100000,
    "NV_VF_PRIV_CPU_INTR_LEAF": 0x20, "NV_VF_PRIV_CPU_INTR_LEAF_EN_SET": 0x20,
    "NV_VF_PRIV_CPU_INTR_LEAF_EN_CLEAR": 0x20, "NV_VF_PRIV_MSIX_TABLE": 0x60, "NV_VF_PRIV_MSIX_PBA": 8,
    "NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION": 0x40, "NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION": 0x40,
    "NV_PFALCON_FBIF_TRANSCFG_0": 0x20, "NV_PGSP_MAILBOX_0": 0x10, "NV_PGSP_QUEUE_HEAD_0": 0x40,
}
# Engine classes whose methods the model names, and the file that has them.
METHODS = {"AMPERE_DMA_COPY_B": "ce.c", "KEPLER_INLINE_TO_MEMORY_B": "inline.c"}
# Graphics and compute have the methods of inline-to-memory, too.
INLINE = "KEPLER_INLINE_TO_MEMORY_B method"
# Bits of trace.h.
SYSMEM, SPARSE, READ_ONLY, PRIVILEGED = 0x100, 0x200, 0x400, 0x800
EVENTS = 0x1000  # from this function number on a message is not an answer


class Unknown(Exception):
    """A trace has something that no part covers."""


def text_of(pattern):
    found = sorted(glob.glob(os.path.join(MODEL, pattern)))
    return "\n".join(test_chips.text_of(path) for path in found)


def constants():
    """Every name that tests/model defines as a number."""
    values = {}
    for name, parameter, text in test_chips.defines(text_of("*.h") + text_of("*.c")):
        value = test_chips.number(text, values)
        if value is not None and not parameter:
            values[name] = value
    return values


def enumerators(pattern):
    """{name: number} of the anonymous enumerations of methods in some files."""
    return {name: int(value, 16)
            for block in re.findall(r"^enum (?:\w+ )?\{([^}]*)\}", text_of(pattern), re.M)
            for name, value in re.findall(r"\b([A-Z]\w+) = (0x[\da-f]+)", block)}


class Parts:
    """All parts, by section in the order in which they are shown: {section: {name: where}}."""

    def __init__(self):
        values = constants()
        self.values = values
        self.sections = {}
        self._registers(values)
        rpc = {name: number for name, number in values.items() if name.startswith("NV_VGPU_MSG_FUNCTION_")}
        answered = re.findall(r"case (NV_VGPU_MSG_FUNCTION_\w+):", text_of("gsp_rpc.c"))
        self.sections["RPC"] = {name: rpc[name] for name in answered}
        self.sections["event"] = {name: number for name, number in values.items()
                                  if name.startswith("NV_VGPU_MSG_EVENT_")}
        table = re.search(r"struct rm_class classes\[\] = \{(.*?)\n\};", text_of("rm_objects.c"), re.S)[1]
        self.sections["class"] = {name: values[name]
                                  for name in re.findall(r"^\t(?:\{|ENGINE_OBJECT\()(\w+),", table, re.M)}
        table = re.search(r"\} controls\[\] = \{(.*?)\n\};", text_of("rm_*.c"), re.S)[1]
        self.sections["control"] = {f"0x{number}": int(number, 16)
                                    for number in re.findall(r"^\t\{0x([\da-f]{8}),", table, re.M)}
        methods = enumerators("host_methods.c")
        methods.update({name: values[name] for name in ("MEM_OP_A", "MEM_OP_D")})
        self.sections["Host method"] = methods
        for name, file in METHODS.items():
            self.sections[f"{name} method"] = enumerators(file)
        self.counted = {}  # classes of engines, by number
        for name in self.sections["class"]:
            if name in METHODS or name.startswith(("FERMI_TWOD", "KEPLER_INLINE", "AMPERE_B", "AMPERE_COMPUTE")):
                self.counted[values[name]] = name
        self.sections["methods of a class"] = {}
        for name in self.counted.values():
            if name == "AMPERE_DMA_COPY_B":
                hows = ["without effect"]
            else:
                hows = ["carried out", "counted only"] if name.startswith("AMPERE") else ["counted only"]
            for how in hows:
                self.sections["methods of a class"][f"{name}, {how}"] = None
        numbers = re.search(r"enum model_fault_kind \{([^}]*)\}", text_of("internal.h"))[1]
        numbers = {name: i for i, name in enumerate(re.findall(r"\bMODEL_\w+", numbers))}
        self.sections["planted fault"] = {name: numbers[kind] for name, kind in
                                          re.findall(r'^\t\{"([\w-]+)", (MODEL_\w+),', text_of("faults.c"), re.M)}
        self.sections["page"] = {name: None for name in (
            "4 KiB", "64 KiB", "2 MiB", "sparse", "video memory", "system memory", "read-only", "privileged",
            "kind 0x00", "another kind")}

    def _registers(self, values):
        self.spans = {}  # of addresses, one or two for each register
        for name, value in sorted(values.items(), key=lambda item: (item[1], item[0])):
            if not re.match(r"NV_(P|VF|UFLUSH|XVE|FUSE)", name):
                continue
            if NO_REGISTER.fullmatch(name) and name not in A_STATUS:
                continue
            unit = "_".join(name.split("_")[:2])
            page = 0x1000 if unit in ("NV_PFALCON2", "NV_PRISCV") else 0
            bases = [0]
            if unit in ("NV_PFALCON", "NV_PFALCON2", "NV_PRISCV"):
                bases = [values["NV_PGSP"], values["NV_PSEC"]]
            elif unit == "NV_PGSP" and value < 0x2000:
                bases = [values["NV_PGSP"]] + [values["NV_PSEC"]] * ("QUEUE" in name)
            self.sections.setdefault(unit, {})[name] = value
            self.spans[(unit, name)] = [range(base + page + value, base + page + value + ARRAYS.get(name, 4))
                                        for base in bases]

    def all(self):
        """Every part, in order."""
        return [(section, name) for section, names in self.sections.items() for name in names]

    def _register(self, address):
        found = [part for part, spans in self.spans.items() if any(address in span for span in spans)]
        if not found:
            raise Unknown(f"the register 0x{address:06x} has no name in tests/model")
        # Within an array another name may have a place of its own.
        return min(found, key=lambda part: max(len(span) for span in self.spans[part]))

    def _by_number(self, section, number):
        for name, value in self.sections[section].items():
            if value == number:
                return section, name
        raise Unknown(f"{section} 0x{number:x} has no name in tests/model")

    def _named(self, section, method):
        """Methods that set words of one thing have the name of its first word; None: no name."""
        before = [(value, name) for name, value in self.sections[section].items() if value <= method]
        if not before or method - max(before)[0] > 0x1c:
            return None
        return section, max(before)[1]

    def _method(self, class_id, method, counted):
        name = self.counted.get(class_id)
        part = None
        if not class_id:
            part = self._named("Host method", method)
        elif counted and name:
            return "methods of a class", f"{name}, counted only"
        elif name == "AMPERE_DMA_COPY_B":
            # It keeps every method's data, and looks at those that it has a name for.
            return self._named(f"{name} method", method) or ("methods of a class", f"{name}, without effect")
        elif name and name != "FERMI_TWOD_A":
            part = self._named(INLINE, method) or ("methods of a class", f"{name}, carried out")
        if not part or part[1] not in self.sections[part[0]]:
            raise Unknown(f"method 0x{method:04x} of class 0x{class_id:04x} has no name in tests/model")
        return part

    def _page(self, what):
        shift, kind = what & 0xff, what >> 24
        if what & SPARSE:
            yield "sparse"
            return
        yield {12: "4 KiB", 16: "64 KiB", 21: "2 MiB"}[shift]
        yield "system memory" if what & SYSMEM else "video memory"
        yield "another kind" if kind else "kind 0x00"
        if what & READ_ONLY:
            yield "read-only"
        if what & PRIVILEGED:
            yield "privileged"

    def touched(self, trace):
        """{part: how many different things} of one trace."""
        if "fault" not in trace:
            raise Unknown("the trace is of an older model")
        if trace["dropped"]:
            raise Unknown(f"the trace has no room for {trace['dropped']} more")
        parts = [self._register(a) for a in set(trace["read"]) | set(trace["write"])]
        parts += [self._by_number("RPC", n) for n in trace["rpc"]]
        parts += [self._by_number("event", n) for n in trace["event"] if n >= EVENTS]
        parts += [self._by_number("class", n) for n in trace["class"]]
        parts += [self._by_number("control", n) for n in trace["control"]]
        parts += [self._method(n >> 16, n & 0xffff, False) for n in trace["method"]]
        parts += [self._method(n >> 16, n & 0xffff, True) for n in trace["counted"]]
        parts += [("page", name) for what in trace["page"] for name in self._page(what)]
        parts += [self._by_number("planted fault", n) for n in trace["fault"]]
        return {part: parts.count(part) for part in dict.fromkeys(parts)}
