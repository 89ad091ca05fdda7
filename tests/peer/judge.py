# SPDX-License-Identifier: MIT
"""What all judges of ABI packs share: a pack's facts, a compiler's answers about them, the comparison.

A judge is a function from a list of facts to a list of answers, one for each: the values it finds for
itself, or None when it has no such name. It sees names and paths only, never the pack's values. So a
fact is either compared or counted as not judged; there is no third way.
"""

import dataclasses
import os
import re
import subprocess
import sys

from vendor import PEER, TOP


@dataclasses.dataclass(frozen=True)
class Fact:
    """One line of a pack that a judge can know."""
    kind: str  # "number", "struct" or "field"
    name: str  # the number's name, or the type's
    path: str  # of a field, as in C
    values: tuple  # (number,), (size,) or (offset, size of all elements, elements)

    def __str__(self):
        return f"{self.kind} {self.name}" + (f".{self.path}" if self.path else "")


def read_pack(version):
    facts = []
    with open(os.path.join(TOP, "fwq/abi", f"{version}.abi"), encoding="utf-8") as f:
        for line in f:
            w = line.split()
            if w and w[0] in ("number", "struct"):
                facts.append(Fact(w[0], w[1], "", (int(w[2], 0),)))
            elif w and w[0] == "field":
                facts.append(Fact(w[0], w[1], w[2], tuple(int(x) for x in w[3:])))
    return facts


# ---------------------------------------------------------------- a compiler as judge

# Elements of `x`, which may be no array: then one. An array's type is not the type of its value.
C_HEAD = """
int printf(const char *, ...);
#define IS_ARRAY(x) (!__builtin_types_compatible_p(typeof(x), typeof(({__auto_type v_ = x; v_;}))))
#define ELEMENT(x) sizeof(*__builtin_choose_expr(IS_ARRAY(x), x, (char (*)[sizeof(x)])0))
#define COUNT(x) (ELEMENT(x) ? sizeof(x) / ELEMENT(x) : 0)
#define SAY(...) printf("%llu %llu %llu\\n", __VA_ARGS__)
typedef unsigned long long judge_u64;
"""
FLEXIBLE = r"invalid application of 'sizeof' to incomplete type '.*\[\]'"


def question(fact, flexible):
    """C that prints what the compiler thinks of a fact, always three numbers."""
    if fact.kind == "number":
        return f"SAY((judge_u64)({fact.name}), 0ull, 0ull);"
    if fact.kind == "struct":
        return f"SAY((judge_u64)sizeof({fact.name}), 0ull, 0ull);"
    offset = f"(judge_u64)__builtin_offsetof({fact.name}, {fact.path})"
    if flexible:
        return f"SAY({offset}, 0ull, 0ull);"
    field = f"((({fact.name} *)0)->{fact.path})"
    return f"SAY({offset}, (judge_u64)sizeof{field}, (judge_u64)COUNT({field}));"


def compiler_errors(argv, source, cwd):
    """{line: [messages]} of what the compiler refuses in the program; an error elsewhere is fatal."""
    check = ["-fsyntax-only", "-fmax-errors=0", "-ftrack-macro-expansion=0"]
    done = subprocess.run([*argv, *check, source], cwd=cwd, stderr=subprocess.PIPE, text=True,
                          env=dict(os.environ, LC_ALL="C"), check=False)
    errors = {}
    for line in done.stderr.splitlines():
        m = re.match(r"(.*):(\d+):\d+: (?:fatal )?error: (.*)", line)
        if m and m[1] != source:
            sys.exit(f"{line}\njudge: the headers do not compile")
        if m:
            errors.setdefault(int(m[2]), []).append(m[3])
    if done.returncode and not errors:
        sys.exit(f"{done.stderr}\njudge: {argv[0]} failed")
    return errors


def lacks(fact, messages):
    """Whether the compiler's first complaint is that it does not know one of the fact's names."""
    m = re.match(r"'(\w+)' undeclared|unknown type name '(\w+)'|.* has no member named '(\w+)'",
                 messages[0])
    return m and (m[1] or m[2] or m[3]) in [fact.name, *re.split(r"\W+", fact.path)]


def ask_compiler(facts, head, flags, cwd, program):
    """A judge: what a C program over the headers of `head` prints. Its files are `program` and program.c.

    Each fact has a line and a function of its own, so that the compiler reports an unknown name once
    for each fact. What it reports decides: an unknown name is not judged, a field without a size is a
    flexible array, and anything else is an error in the judge.
    """
    source = program + ".c"
    argv = ["gcc", "-std=gnu11", "-w", "-O0", "-fno-builtin", *flags]
    first = (head + C_HEAD).count("\n") + 1
    absent = set()
    flexible = set()
    for look in (True, False):
        with open(source, "w", encoding="utf-8") as f:
            f.write(head + C_HEAD)
            for i, fact in enumerate(facts):
                f.write(f"static void f{i}(void) {{ {question(fact, i in flexible)} }}\n"
                        if i not in absent else "\n")
            f.write("int main(void)\n{\n")
            f.writelines(f"f{i}();\n" for i in range(len(facts)) if i not in absent)
            f.write("return 0;\n}\n")
        if not look:
            break
        for number, messages in compiler_errors(argv, source, cwd).items():
            i = number - first
            if not 0 <= i < len(facts):
                sys.exit(f"{source}:{number}: {messages[0]}")
            if lacks(facts[i], messages):
                absent.add(i)
            elif facts[i].kind == "field" and re.match(FLEXIBLE, messages[0]):
                flexible.add(i)
            else:
                sys.exit(f"{facts[i]}: {messages[0]}\njudge: this is no unknown name")
    subprocess.run([*argv, "-Wl,--unresolved-symbols=ignore-all", "-o", program, source], cwd=cwd, check=True)
    said = iter(subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines())
    return [None if i in absent else tuple(int(x) for x in next(said).split())[:len(fact.values)]
            for i, fact in enumerate(facts)]


def either(first, second):
    """The judge that asks the second about names of which the first knows nothing."""
    def ask(facts):
        answers = first(facts)
        known = {f.name for f, a in zip(facts, answers, strict=True) if a is not None}
        rest = [f for f in facts if f.name not in known]
        late = dict(zip(rest, second(rest), strict=True))
        return [late.get(f, a) for f, a in zip(facts, answers, strict=True)]
    return ask


# ---------------------------------------------------------------- the verdict

def compare(facts, answers):
    """(values compared, what differs, facts that the judge does not have)"""
    wrong = []
    lacking = []
    compared = 0
    for fact, answer in zip(facts, answers, strict=True):
        if answer is None:
            lacking.append(fact)
            continue
        compared += len(fact.values)
        if answer != fact.values:
            wrong.append(f"{fact}: {answer} by the judge, {fact.values} in the pack")
    return compared, wrong, lacking


def self_test(facts, answers, ask):
    """What the judge overlooks when a number, a size, an offset and a count are wrong in the pack."""
    def victim(kind):
        have = [i for i, f in enumerate(facts) if f.kind == kind and answers[i] is not None]
        return have[len(have) // 2] if have else None

    planted = list(facts)
    expected = []
    array = next((i for i, f in enumerate(facts) if f.kind == "field" and f.values[2] > 1
                  and answers[i] is not None), None)
    for i, part in ((victim("number"), 0), (victim("struct"), 0), (victim("field"), 0), (array, 2)):
        if i is None:
            return ["there is nothing of some kind to plant a wrong fact in"]
        values = list(planted[i].values)
        values[part] += 1
        planted[i] = dataclasses.replace(facts[i], values=tuple(values))
        expected.append(str(facts[i]))
    found = [line.split(":")[0] for line in compare(planted, ask(planted))[1]]
    if sorted(found) != sorted(set(expected)):
        return [f"self-test: planted {', '.join(expected)}; the judge found {', '.join(found) or 'none'}"]
    return []


def report(name, version, ask, by, least=None, verbose=False):
    """Judge one pack and print its line. Returns the number of things that are wrong.

    A judge that lost its names agrees with everything, so comparing fewer than `least` values is wrong
    too. None stands for a judge that has to know every name.
    """
    facts = read_pack(version)
    answers = ask(facts)
    compared, wrong, lacking = compare(facts, answers)
    if least is None:
        wrong += [f"{fact}: unknown to the judge" for fact in lacking]
    elif compared < least:
        wrong.append(f"only {compared} values compared; there were at least {least}")
    if not wrong:
        wrong = self_test(facts, answers, ask)
    for line in wrong[:20]:
        print(f"  {line}")
    if verbose:
        for fact in lacking:
            print(f"  not judged: {fact}")
    if wrong:
        print(f"FAILED {name}: {len(wrong)} wrong among {compared} values, by {by}: {wrong[0]}", flush=True)
    else:
        print(f"ok {name}: {compared} offsets, sizes and numbers equal, {len(lacking)} of {len(facts)} "
              f"facts not judged, by {by}", flush=True)
    return len(wrong)


def work(name):
    """The path below build/peer, without ending, for a judge's program."""
    os.makedirs(PEER, exist_ok=True)
    return os.path.join(PEER, "judge-" + name)
