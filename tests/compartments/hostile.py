"""Texts that try to run code, to hang, or to be read as something else; what becomes of them."""

import ast
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from brian2 import ms
from hypothesis import strategies as st

from compartments import Activation, Compartment, Neuron, PlasticityRule
from compartments.strings import condition, statements, unit
from compartments.time_step import bound
from compartments.traces import delay_line
from rate_bridge.ode_engine.expressions import torch_function

RUN = "__import__('os').system('true')"

EXPRESSIONS = [
    f'exp("{RUN}")',  # sympy evaluates the text
    f"exp('{RUN}')".replace("'true'", '"true"'),
    f"tanh(u, '''{RUN}''')",
    RUN,
    f"eval({RUN!r})",
    f"exec({RUN!r})",
    f"sympify({RUN!r})",
    f"lambdify(u, {RUN!r})(1)",
    f"u % {RUN!r}",
    f"{RUN!r} % u",
    f"{RUN!r}*u",
    f"{RUN!r} == u",
    f'f"{{{RUN}}}"',
    "open('hostile.txt', 'w')",
    "().__class__.__bases__[0].__subclasses__()",
    "u.__class__",
    "getattr(u, 'args')",
    "exp.__globals__['os'].system('true')",
    "(lambda: u)()",
    "[u for u in (1, 2)][0]",
    "(u := 3)",
    "u if u > 0 else 1",
    "exp(*u)",
    "exp(x=u)",
    "exp(**u)",
    "u[0]",
    "{u}",
    "yield",
    "await u",
    "b'true'",
    "1j*u",
    "...",
    "None",
    "`u`",
    "u; import os",
    "u\nimport os",
    "u\\\n+ 1",
    "u # + 1\n+ exp('1')",
    "u\x00",
    "u\x0c+\x1c1",
    "u\u2028+ 1",
    "еxp(u)",  # a Cyrillic letter
    "ｅxp(u)",  # a full-width letter, which Python reads as e
    "u∗2",
    "u²",
    "_u",
    "__builtins__",
    "exp",
    "exp(exp)",
    "exp()",
    "exp(u, u)",
    "clip(u)",
    "nothing_known(u)",
    "(u)(u)",
    "exp(u)(u)",
    "u < 1 < 2",
    "(u > 1)*u",
    "u and 1",
    "not 2",
    "u & 1",
    "u | 1",
    "u ^ 2",
    "~u",
    "u @ u",
    "u << 2",
    "u = 1",
    "3u",
    "0x10",
    "1_000",
    "1.2.3",
    "u, u",
    "()",
    "",
    "  ",
    "+",
    "((u)",
    "1/0",
    "u/0",
    "u % 0",
    "u//(2 - 2)",
    "0**-1",
    "log(0)",
    "sqrt(-1)",
    "inf - inf",
    "inf*0",
]
"""No one of them is an expression."""

BOMBS = [
    "9**9**9",
    "9**9**9**9",
    "u**9**9",
    "u**99999999",
    "2**(10**10)",
    "(((10**30)**30)**30)**30",
    "9" * 5000,
    "9" * 400,
    "1e400",
    "exp(exp(exp(exp(9))))",
    "floor(exp(exp(exp(exp(9)))))",
    "exp(exp(exp(9))) > u",
    "(u + drive + z)**32*(u + 1)**32",
    "((((u + drive)**8)**8)**8)**8",
    "*".join(f"(u + {k} + drive)" for k in range(40)),
    "(" * 3000 + "u" + ")" * 3000,
    "-" * 3000 + "u",
    "not " * 900 + "u",
    "abs(" * 40 + "u" + ")" * 40,
    "clip(" * 20 + "u" + ", 0, 1)" * 20,
    "tanh(u + " * 200 + "u" + ")" * 200,
    " + ".join(["u"] * 900),
    "u**" * 900 + "u",
    "u" * 100_000,
    "u + " * 100_000 + "u",
    "int(u > 0) and " * 300 + "u > 1",
]
"""Nor should one of these be computed."""

UNITS = [
    "9**9**9",
    "volt**9**9",
    "volt**999999999999",
    "volt**-9",
    "volt**2.5",
    "*".join(["volt"] * 50),
    "volt" * 9999,
    RUN,
    f"exp({RUN!r})",
    "volt.__class__",
    "volt + 1",
    "1*volt + 2*volt",
    "2*volt",
    "volt/",
    "/volt",
    "vоlt",  # a Cyrillic o
    "volt\x00",
    "apples",
    "(volt)",
    "bool",
    "",
]

SYSTEMS = [
    f"du/dt = -u/tau : {RUN}",
    f"du/dt = -u/tau : 1 ({RUN})",
    "du/dt = -u/tau : 1 (constant over dt, apples)",
    "du/dt = -u/tau : 1 : 1",
    "du/dt = -u/tau : 1 x : 1",
    "du/dt = -u/tau",
    "du/dt : 1",
    "du/dt = : 1",
    "= u : 1",
    "u",
    "du/ds = u : 1",
    "__import__('os') : 1",
    "del u : 1",
    "import os",
    "u == 1 : 1",
    "x = u > 1 : 1",
    "x = 1 : boolean",
    "dx/dt = 1 : boolean",
    "x = y : 1\ny = x : 1",  # each other's definition
    "x : 1\nx : 1",
    "e : 1",
    "t : second",
    "lambda : 1",
    "double : 1",
    "x = (u : 1",
    "x = u) : 1",
    "k = 100 : 1\nx = 9**k**k : 1",
    "\n".join(
        ["x0 = z + 1 : 1", *(f"x{k} = x{k - 1}*x{k - 1} : 1" for k in range(1, 40)), "z : 1"]
    ),
    "\n".join(["x0 = z : 1", *(f"x{k} = tanh(x{k - 1}) : 1" for k in range(1, 150)), "z : 1"]),
    "\n".join(f"x{k} : 1" for k in range(999)),
    "x : 1\n" * 99_999,
]

STATEMENTS = [
    "w",
    "w == 1",
    "w = ",
    "w =+ exp('1')",
    f"w += {RUN}",
    f"{RUN}",
    "w.a = 1",
    "w[0] = 1",
    "w, v = 1",
    "w = v = 1",
    "import os",
    "del w",
    "w **= 2",
    "w := 1",
    "t = 0*second",
    "exp = 1",
    "w = 1; import os",
    "w += 9**9**9",
    "w = 1\n" * 99,
]

ALL = EXPRESSIONS + BOMBS + UNITS + SYSTEMS + STATEMENTS

NAMES = ["u", "u_pre", "drive", "z", "w", "tau", "t", "dt", "xi", "pi", "e", "inf"]
FUNCTIONS = ["exp", "tanh", "clip", "abs", "int", "sqrt", "floor", "log", "rand", "sign"]
SIGNS = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "(",
    ")",
    ",",
    "<",
    ">",
    "==",
    "<=",
    "and",
    "or",
    "not",
]
NUMBERS = ["0", "1", "2", "3", "9", "0.5", "1e-3", "1e9", "9999999999"]
GOOD = NAMES + FUNCTIONS + SIGNS + NUMBERS
BAD = ["if", "else", "for", "in", "is", "lambda", "None", "True", "_", "__class__", "__import__"]
BAD += ["os", "system", "eval", "exec", "open", "getattr", "'", '"', "[", "]", "{", "}", ":", ";"]
BAD += [
    "#",
    "@",
    "&",
    "|",
    "^",
    "~",
    "!",
    "?",
    "\\",
    "$",
    "\n",
    "\t",
    "\x00",
    "é",
    "∗",
    "²",
    " : 1",
]
BAD += ["volt", "siemens", "(constant over dt)", ".", "=", "+="]

built = st.recursive(
    st.sampled_from([*NAMES, *NUMBERS]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(SIGNS[:7]), part).map(lambda p: f"({' '.join(p)})"),
        st.tuples(st.sampled_from(FUNCTIONS), part).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(part, st.sampled_from(["<", ">", "=="]), part).map(
            lambda p: f"int({' '.join(p)})"
        ),
        part.map(lambda p: f"clip({p}, -1, {p})"),
        part.map(lambda p: f"-{p}"),
    ),
    max_leaves=25,
)
"""Expressions of which many are good."""

fuzzed = st.one_of(
    built,
    st.lists(st.sampled_from(GOOD + BAD), max_size=30).map(" ".join),
    st.lists(st.sampled_from(GOOD + BAD), max_size=30).map("".join),
    st.tuples(st.sampled_from(ALL), st.sampled_from(ALL), st.integers(0, 80)).map(
        lambda three: three[0][: three[2]] + three[1][three[2] :]
    ),
    st.text(max_size=40),
)
"""Texts made of pieces of the good and of the bad, of two hostile ones, and of anything."""


def neuron(text: str) -> object:
    """A neuron with the text as a right-hand side, and the bound on its time step."""
    equations = f"du/dt = ({text} - u)/tau : 1\nx = {text} : 1\ndrive : 1\nz : 1"
    made = Neuron("cell", (Compartment("soma", equations),), {"tau": 10 * ms})
    return bound(made)


ENTRANCES: dict[str, Callable[[str], object]] = {
    "right-hand side": neuron,
    "equations": lambda text: Compartment("soma", text),
    "declaration": lambda text: Compartment("soma", f"u : {text}"),
    "rule": lambda text: PlasticityRule("mine", f"dw/dt = learning*({text}) : 1"),
    "activation": lambda text: Activation("mine", text, "1"),
    "derivative": lambda text: Activation("mine", "z", text),
    "drive": lambda text: Activation("mine", "z", "1").equations(text),
    "torch": lambda text: torch_function(text)(u=1.0, z=1.0),
    "delay line": lambda text: delay_line(text, "late", ["tau"]),
    "condition": lambda text: condition("Threshold", text),
    "statements": lambda text: statements("Reset", text),
    "unit": lambda text: unit("Unit", text),
    "constant": lambda text: Neuron("cell", (Compartment("soma", "x = u : 1\nu : 1"),), {text: 1}),
}
"""Everything that takes a text from a description."""

_WATCHED = ("exec", "open", "import", "os.", "subprocess.", "shutil.", "socket.", "ctypes.")
_seen: list[str] | None = None


def _canary(event: str, arguments: tuple) -> None:
    # sympy executes the function that it prints of an accepted formula: numbers and known names
    printed = event == "exec" and '"<lambdifygenerated-' in str(arguments)
    if _seen is not None and event.startswith(_WATCHED) and not printed:
        _seen.append(f"{event} {str(arguments)[:80]}")


@contextmanager
def watched() -> Iterator[list[str]]:
    """What is executed, opened, imported or started meanwhile, as Python's audit hooks see it."""
    global _seen
    if not hasattr(sys, "_tuft_canary"):
        sys.addaudithook(_canary)  # cannot be removed again: it sleeps outside of this block
        sys._tuft_canary = True  # type: ignore[attr-defined]
    _seen = []
    try:
        yield _seen
    finally:
        _seen = None


class HangError(BaseException):
    """A text took longer than a text may take."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise :class:`HangError` where the block takes more of the processor's time."""

    def stop(number: int, frame: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def outcome(entrance: Callable[[str], object], text: str, seconds: float = 10.0) -> str:
    """What became of a text: executed, hung, refused, obscure or accepted."""
    with watched() as seen:
        try:
            with limited(seconds):
                entrance(text)
            found = "accepted"
        except HangError:
            found = "hung"
        except ValueError as error:
            found = "refused" if "\n" not in str(error) and ": " in str(error) else "obscure"
        except Exception as error:
            found = f"obscure: {type(error).__name__}"
    return "executed" if seen else found


def warm() -> None:
    """Let everything be imported that a good text imports, and the canary be proved alive."""
    for entrance in ENTRANCES.values():
        for text in ("z", "exp(z) + floor(z)*sign(z)", "int(z > 0)*abs(z)", "1", "z = 1 : 1"):
            outcome(entrance, text)
    assert outcome(ast.literal_eval, "1") == "accepted"
    assert outcome(eval, "1") == "executed"
