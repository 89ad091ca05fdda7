# SPDX-License-Identifier: MIT
"""Makes a release that never existed out of a vendor's source tree.

make() copies every header that a probe includes to another folder, at the same paths, and changes the
copies as the seed says. What a release may change between two versions, this one changes:

* structures that cross the wire: members change places, new members appear between them (move());
* numbers: functions, events, controls, classes, status codes and sequencer opcodes get other values, all
  different from each other (renumber());
* the queues: sizes of elements, records and queues, alignments, magic values; heap and WPR sizes.

What stays is what cannot be data, because code depends on it: an open-ended member stays last, a sequencer
command stays an opcode and its operands, a success is still 0, a page has 4096 bytes.

Nothing of this knows abigen, a pack or fwq. Members are moved as text, so the result is C that the vendor
could have written; the compiler then judges it.
"""

import os
import random
import re
import subprocess

# Headers whose structures are shared with the firmware. The rest is the driver's own business.
WIRE = re.compile(r"common/sdk/nvidia/inc/(ctrl|class|alloc)/|/g_rpc-|/g_sdk-structures|/sdk-structures|"
                  r"inc/gsp/|gsp/gsp_|gsp/message_queue_priv|rmgspseq|gpu_acpi_data|msgq_priv|libos_init_args|"
                  r"vgpu/rpc_headers|nv_vgpu_types|/nvos\.h|g_os_nvoc")
# Not these: the driver asserts that records of its own are copies of them.
WIRE_NOT = re.compile(r"/cl90cd")
# Of headers that mix both, only these.
ONLY = {"message_queue_priv.h": ("GSP_MSG_QUEUE_ELEMENT",), "msgq_priv.h": ("msgqTxHeader", "msgqRxHeader"),
        "g_os_nvoc.h": ("PACKED_REGISTRY_ENTRY", "PACKED_REGISTRY_TABLE")}
# An opcode and its operands, one after the other: the encoding of a script, not a structure that is read as a whole.
STREAM = ("GSP_SEQUENCER_BUFFER_CMD",)
# Scripts are made of 32-bit words.
WORDS_ONLY = re.compile(r"GSP_SEQ_BUF_|GSP_SEQUENCER_")

TOKEN = re.compile(r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
                     |(?P<directive>^[ \t]*\#(?://[^\n]*|/\*.*?\*/|\\.|[^\n\\])*)
                     |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
                     |(?P<word>\w+)
                     |(?P<sign>.)""", re.S | re.M | re.X)
LARGE = 700000  # bytes that the largest message has at least
OPEN_ARRAY = re.compile(r"\[\s*0?\s*\]")


def tokens(text):
    """[(kind, text)], nothing left out."""
    return [(m.lastgroup, m[0]) for m in TOKEN.finditer(text)]


def matching(toks, i):
    """Index of the sign that closes toks[i]."""
    depth = 0
    for j in range(i, len(toks)):
        if toks[j][0] == "sign":
            depth += toks[j][1] in "{(["
            depth -= toks[j][1] in "})]"
            if not depth:
                return j
    raise ValueError("unbalanced braces")


def bodies(toks):
    """(index of {, index of }, is a union, name) of the outermost structure bodies."""
    i = 0
    while i < len(toks):
        if toks[i] in (("word", "struct"), ("word", "union")):
            union = toks[i][1] == "union"
            j, tag = i + 1, None
            while j < len(toks) and toks[j][0] in ("blank", "word"):
                tag = toks[j][1] if toks[j][0] == "word" else tag
                j += 1
            if j < len(toks) and toks[j] == ("sign", "{"):
                end = matching(toks, j)
                after = [t[1] for t in toks[end + 1:end + 6] if t[0] == "word"]
                yield j, end, union, tag or (after[0] if after else "")
                i = end
        i += 1


def members(toks):
    """The members of a body, each as text up to and with its semicolon; and what follows the last one."""
    found, start, i = [], 0, 0
    while i < len(toks):
        if toks[i][0] == "sign" and toks[i][1] in "{([":
            i = matching(toks, i)
        elif toks[i] == ("sign", ";"):
            found.append(toks[start:i + 1])
            start = i + 1
        i += 1
    return found, toks[start:]


def plain(toks):
    return "".join(t[1] for t in toks)


def code(toks):
    return "".join(t[1] if t[0] not in ("blank", "directive") else " " for t in toks)


def open_ended(texts):
    """Names of types that end with a flexible array, themselves or through their last member."""
    ends, alias = {}, []
    for text in texts:
        toks = tokens(text)
        for start, end, union, name in bodies(toks):
            parts, _ = members(toks[start + 1:end])
            after = [t[1] for t in toks[end + 1:end + 6] if t[0] == "word"]
            if parts and not union:
                for n in {name, *after[:1]}:
                    ends[n] = code(parts[-1])
        alias += re.findall(r"typedef\s+(?:struct\s+)?(\w+)\s+(\w+)\s*;", text)
    names = {n for n, last in ends.items() if OPEN_ARRAY.search(last)}
    while True:
        more = {n for n, last in ends.items() if names & set(re.findall(r"\w+", last))}
        more |= {new for old, new in alias if old in names}
        if more <= names:
            return names
        names |= more


class Release:
    """The choices of one seed, and the counts of what was changed."""

    def __init__(self, seed):
        self.rng = random.Random(f"release {seed}")
        self.seed = seed
        self.moved = self.added = self.structures = self.numbers = 0
        self.open = set()

    # ------------------------------------------------------------ structures

    def pad(self, words_only):
        """A new member."""
        self.added += 1
        name = f"neverExisted{self.added}"
        kind = "NvU32" if words_only else self.rng.choice(("NvU8", "NvU16", "NvU32", "NvU64"))
        if self.rng.random() < 0.4:
            return f"\n    {kind} {name}[{self.rng.randint(1, 3)}];"
        return f"\n    {kind} {name};"

    def move(self, toks, union, name):
        """The text of a body with its members in another order, and new ones between them."""
        parts, tail = members(toks)
        lines = [t[1].split() for t in toks if t[0] == "directive"]
        texts = [self.structs(plain(t), True) if ("sign", "{") in t else plain(t) for t in parts]
        # A conditional member belongs where it is. None of the wire's structures has one today.
        if not parts or name in STREAM or any(w[0] not in ("#define",) for w in lines):
            return "".join(texts) + plain(tail)
        keep = []
        last = code(parts[-1])
        if not union and (OPEN_ARRAY.search(last) or self.open & set(re.findall(r"\w+", last))):
            keep = [texts.pop()]
        defines = ["\n" + t[1] for t in toks if t[0] == "directive"]
        if defines:
            texts = [plain([t for t in tokens(x) if t[0] != "directive"]) for x in texts]
        order = list(range(len(texts)))
        self.rng.shuffle(order)
        self.structures += 1
        self.moved += sum(i != j for i, j in enumerate(order))
        texts = [texts[i] for i in order]
        words_only = bool(WORDS_ONLY.search(name)) or union
        for _ in range(self.rng.randint(0, 2)):
            texts.insert(self.rng.randint(0, len(texts)), self.pad(words_only))
        # Most often in front, so that even a lone field moves.
        if self.rng.random() < 0.8 or not (texts or keep):
            texts.insert(0, self.pad(words_only))
        return "".join(defines + texts + keep) + "\n" + plain(tail).lstrip()

    def structs(self, text, nested=False, only=None):
        toks = tokens(text)
        out, at = [], 0
        for start, end, union, name in bodies(toks):
            out.append(plain(toks[at:start + 1]))
            body = toks[start + 1:end]
            wanted = nested or only is None or name in only
            out.append(self.move(body, union, name) if wanted else plain(body))
            at = end
        return "".join(out) + plain(toks[at:])

    # ------------------------------------------------------------ numbers

    def distinct(self, n, low, high):
        return self.rng.sample(range(low, high), n)

    def define(self, text, name, value):
        """`#define name ...` gets another value, wherever it stands."""
        if name not in text:  # looking for the definition takes a hundred times as long
            return text
        text, n = re.subn(rf"^([ \t]*#[ \t]*define[ \t]+{name}[ \t]+)(?:\\.|[^\n\\/]|/(?![/*]))+", rf"\g<1>({value}) ",
                          text, flags=re.M | re.S)
        self.numbers += n > 0
        return text

    def by_value(self, texts, pattern, new):
        """
        Each number that `pattern` finds (group 1: before it, 2: its digits) gets new(value). Two names of
        one number stay two names of one number.
        """
        table = {}

        def put(m):
            old = int(m[2], 16)
            if old not in table:
                table[old] = new(old)
                self.numbers += 1
            return f"{m[1]}0x{table[old]:08x}"

        for path in texts:
            texts[path] = pattern.sub(put, texts[path])

    def unique(self, low, high):
        """A function that gives each value another number, none twice."""
        used = set()

        def new(_):
            while True:
                value = self.rng.randrange(low, high)
                if value not in used:
                    used.add(value)
                    return value
        return new

    def functions_and_events(self, text):
        """rpc_global_enums.h: X(UNIT, NAME) and E(NAME) count up; in later releases X(UNIT, NAME, 3) and E(NAME, 0x1003)."""
        functions = re.findall(r"^\s*X\(\w+,\s*(\w+)", text, re.M)
        events = re.findall(r"^\s*E\((\w+)", text, re.M)
        first = self.rng.randrange(0x2000, self.rng.choice((0x10000, 0x7fff0000)))
        values = dict(zip(functions, self.distinct(len(functions), 1, first - 1)))
        values |= zip(events, self.distinct(len(events), first + 1, first + 0x800))
        values |= {"NUM_FUNCTIONS": first - 1, "FIRST_EVENT": first, "NUM_EVENTS": first + 0x800}
        self.numbers += len(values)

        def put(m):
            return f"{m[1]}{m[2]}{',' if m[3] == ',' else ' ='} {values[m[2]]:#x})"
        return re.sub(r"^(\s*(?:X\(\w+,\s*|E\())(\w+)\s*([,=]?)[^)\n]*\)", put, text, flags=re.M)

    def enumerators(self, text, pattern, low, high):
        """Enumerators whose name matches get other values."""
        if re.match(r"\w+", pattern)[0] not in text:
            return text
        found = list(re.finditer(rf"^(\s*)({pattern})\b[^,\n}}]*", text, re.M))
        for m, value in zip(reversed(found), self.distinct(len(found), low, high)):
            text = text[:m.start()] + f"{m[1]}{m[2]} = {value:#x}" + text[m.end():]
        self.numbers += len(found)
        return text

    def defines(self, text, pattern, low, high):
        """Macros whose name matches get other values."""
        names = re.findall(rf"^#define ({pattern})\b", text, re.M)
        for name, value in zip(names, self.distinct(len(names), low, high)):
            text = self.define(text, name, f"{value:#x}")
        return text

    def queues(self, texts):
        """Sizes that fit each other; the vendor's own relations between them stay."""
        rng = self.rng
        element = rng.choice((512, 1024, 2048, 8192, 16384, 32768))
        # Shorter than the large message, in the middle of whose answer an event is sent.
        record = element * rng.randint(max(2, 8192 // element), min(24, (LARGE - 1) // element))
        align = rng.choice((10, 11, 13, 14))
        sizes = []
        for _ in range(2):
            least = (1 << align) + record + 2 * element
            sizes.append(4096 * rng.choice((256, rng.randint(least // 4096 + 1, 256))))
        values = {
            "GSP_MSG_QUEUE_ELEMENT_SIZE_MIN": element,
            "GSP_MSG_QUEUE_ELEMENT_SIZE_MAX": record,
            "GSP_MSG_QUEUE_ELEMENT_ALIGN": align,
            "GSP_MSG_QUEUE_HEADER_SIZE": 1 << align,
            "GSP_MSG_QUEUE_HEADER_ALIGN": rng.choice((3, 5, 6, 7)),
            "MSGQ_VERSION": rng.randrange(1, 0x10000),
            "MSGQ_FLAGS_SWAP_RX": 1 << rng.randint(1, 20),
            "NV_VGPU_MSG_HEADER_VERSION_MAJOR_TOT": rng.randrange(4, 256),
            "NV_VGPU_MSG_HEADER_VERSION_MINOR_TOT": rng.randrange(1, 256),
            "NV_VGPU_MSG_SIGNATURE_VALID": rng.getrandbits(32),
            "NV_VGPU_MSG_RESULT_RPC_PENDING": f"0xFF2{rng.randrange(1 << 20):05X}",
            "NVA081_MAX_VGPU_TYPES_PER_PGPU": rng.randint(145, 180),
            "NV01_EVENT_CLIENT_RM": f"{1 << rng.choice((24, 25, 27, 28, 29, 30)):#x}",
            "GSP_FW_WPR_META_MAGIC": f"{rng.getrandbits(64):#x}ULL",
            "GSP_FW_WPR_META_VERIFIED": f"{rng.getrandbits(64):#x}ULL",
            "GSP_FW_WPR_META_REVISION": rng.randrange(2, 1 << 32),
        }
        save = rng.randint(9, 24)
        values["GSP_SEQ_BUF_REG_SAVE_SIZE"] = save
        for path, text in texts.items():
            for name, value in values.items():
                text = self.define(text, name, value)
            if path.endswith("gsp_fw_heap.h"):
                text = self.heap(text)
            text = re.sub(r"\bregSaveArea\[\w+\]", f"regSaveArea[{save}]", text)
            text = re.sub(r'(#define NV_VERSION_STRING\s+)"[^"]*"', rf'\1"999.{self.seed}"', text)
            names = ("defaultCommandQueueSize", "defaultStatusQueueSize")
            for name, size in zip(names, sizes):
                text, n = re.subn(rf"(\b{name}\s*=\s*)\w+", rf"\g<1>{size:#x}", text, count=1)
                self.numbers += n
            texts[path] = text

    def heap(self, text):
        """Every GSP_FW_HEAP number grows."""
        def grow(m):
            self.numbers += 1
            by = self.rng.randint(1, 63)
            return f"{m[1]}({m[2]} + {by if m[1].rstrip().endswith('_MB') else by << 20})"
        return re.sub(r"^(#define GSP_FW_HEAP_\w+\s+)(\([^/\n]*\))", grow, text, flags=re.M)

    def renumber(self, texts):
        self.by_value(texts, re.compile(r"^(#define\s+NV\w+_CTRL_CMD_\w+\s+\()(0x[0-9a-fA-F]+)(?=U?\) /\* finn: Evaluated "
                                        r'from "\(FINN_\w+_INTERFACE_ID << 8\))', re.M), self.unique(1 << 16, 1 << 32))
        # A class is what g_allclasses.h lists; its number stands there and in the class's own header.
        listed = next(t for p, t in texts.items() if p.endswith("g_allclasses.h"))
        classes = set(re.findall(r"^#define\s+(\w+)\s+\(0x[0-9a-fA-F]+\)", listed, re.M))
        classes = sorted(c for c in classes if "NULL_OBJECT" not in c)
        self.by_value(texts, re.compile(rf"^(#define\s+(?:{'|'.join(classes)})\s+\()(0x[0-9a-fA-F]+)", re.M),
                      self.unique(1, 1 << 32))
        self.by_value(texts, re.compile(r"^(NV_STATUS_CODE\(NV_(?!OK\b)\w+,\s*)(0x[0-9a-fA-F]+)", re.M),
                      self.unique(1, 0xff000000))
        for path, text in texts.items():
            if path.endswith("rpc_global_enums.h"):
                text = self.functions_and_events(text)
            text = self.enumerators(text, r"GSP_SEQ_BUF_OPCODE_\w+", 0, 1 << 16)
            text = self.enumerators(text, r"LIBOS_MEMORY_REGION_(?:NONE|CONTIGUOUS|RADIX3)", 0, 256)
            text = self.enumerators(text, r"LIBOS_MEMORY_REGION_LOC_\w+", 0, 256)
            text = self.enumerators(text, r"GSP_DMA_TARGET_\w+", 0, 1 << 16)
            text = self.enumerators(text, r"ENGINE_INFO_TYPE_(?:RM_ENGINE_TYPE|FIFO_TAG|MC|RUNLIST\w*)", 0, 1 << 10)
            text = self.defines(text, r"NV2080_CTRL_EVENT_SET_NOTIFICATION_ACTION_\w+", 0, 1 << 16)
            text = self.defines(text, "MC_ENGINE_IDX_GSP", 1, 150)
            text = self.defines(text, r"NV0080_CTRL_FIFO_GET_ENGINE_CONTEXT_PROPERTIES_ENGINE_ID_GRAPHICS\w*", 0, 1 << 16)
            text = self.defines(text, r"NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ID_\w+", 0, 1 << 15)
            texts[path] = text
        self.queues(texts)


def reached(tree, probe, flags):
    """The tree's own headers that `probe` includes, relative to the tree."""
    said = subprocess.run(["gcc", "-w", "-ffreestanding", "-M", *flags, probe], cwd=tree, check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    found = {os.path.normpath(w) for w in said.replace("\\\n", " ").split() if w.endswith(".h")}
    return sorted(p for p in found if not os.path.isabs(p))


def make(tree, out, seed, probe, flags, sources):
    """Writes the release of `seed` to out; sources are further files of the tree that it needs. Returns the Release."""
    texts = {}
    for path in [*reached(tree, probe, flags), *sources]:
        with open(os.path.join(tree, path), encoding="utf-8", errors="surrogateescape") as f:
            texts[path] = f.read()
    release = Release(seed)
    release.open = open_ended(texts.values())
    for path, text in texts.items():
        if WIRE.search(path) and not WIRE_NOT.search(path):
            texts[path] = release.structs(text, only=ONLY.get(os.path.basename(path)))
    release.renumber(texts)
    for path, text in texts.items():
        to = os.path.join(out, path)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with open(to, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
    return release
