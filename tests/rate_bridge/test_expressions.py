"""Strings to torch: against Brian2's own numpy functions, and split rules against unsplit ones."""

import numpy as np
import pytest
import sympy
import torch
from brian2 import Equations
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.parsing.sympytools import str_to_sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from ode_cases import RULES

from compartments.activations import ACTIVATIONS
from compartments.plasticity import DECAY, FEEDBACK, FORWARD
from models.microcircuit import microcircuit_network
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.ode_engine.expressions import (
    FUNCTIONS,
    UntranslatableError,
    evaluated,
    logistic,
    parsed,
    torch_function,
)
from rate_bridge.ode_engine.splitting import split

STRINGS = [
    "0.5*(z + abs(z)) + log1p(exp(-abs(z)))",
    "clip(z, -0.5, 1)",
    "int(z > 0)*z + int(not (z < 1 or z >= 2))",
    "exprel(z) + expm1(z) - exp(z)",
    "z % 2 + z // 2",
    "sqrt(abs(z))*sign(z) + floor(z) + ceil(z) + int(z)",
    "log(2 + abs(z)) + log10(2 + abs(z)) + arctan(z) + arcsin(z/9) + arccos(z/9)",
    "sin(z) + cos(z) + tan(z) + sinh(z) + cosh(z) + tanh(z)",
    "1/(1 + z**2) - z**-3 + (2 + abs(z))**0.3 + pi*e",
    "3 + 0*z + z",
]
STRINGS += [text for f in ACTIVATIONS.values() for text in (f.function, f.derivative)]


@pytest.mark.parametrize("text", STRINGS)
def test_strings_mean_what_they_mean_to_brian(text: str) -> None:
    z = np.array([-2.5, -1.0, -0.3, 0.7, 1.0, 2.2])
    names = {n: f.pyfunc for n, f in DEFAULT_FUNCTIONS.items()}
    names |= {"pi": np.pi, "e": np.e, "z": z, "int": lambda x: np.trunc(np.asarray(x, float))}
    names |= {"exprel": lambda x: np.expm1(x) / x, "clip": np.clip, "abs": np.abs}
    code = text.replace("not (z < 1 or z >= 2)", "(z >= 1) & (z < 2)")
    expected = eval(code, {"__builtins__": {}}, names)
    value = torch_function(text)(z=torch.from_numpy(z))
    np.testing.assert_allclose(
        np.broadcast_to(value, z.shape), np.broadcast_to(expected, z.shape), rtol=1e-13
    )


def test_every_function_of_brian_is_translated_or_refused() -> None:
    for name in DEFAULT_FUNCTIONS:
        arguments = {"clip": "z, 0, 1", "timestep": "z, z", "rand": "", "randn": ""}.get(name, "z")
        text = f"{name}({arguments})"
        if name in ("rand", "randn", "poisson", "timestep"):
            with pytest.raises(UntranslatableError, match=rf"{name}.*models\.simulate"):
                torch_function(text)
        else:
            torch_function(text)(z=torch.tensor([0.5]))
    assert "tanh" in FUNCTIONS


def test_a_syntax_that_brian_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'if' cannot stand here: write int\(condition\)\*a"):
        torch_function("z if z > 0 else 1")


RIGHT_HAND_SIDES = [line.expr.code for t in RULES.values() for line in Equations(t).values()]
RIGHT_HAND_SIDES += [FORWARD, f"{FORWARD} {DECAY}", *(text for text in FEEDBACK.values() if text)]
RIGHT_HAND_SIDES += ["w*(u_pre + v_post)**3 - u_pre*exp(-v_post)/(1 + u_pre)", "u_pre*w/(2 + w)"]


@pytest.mark.parametrize("text", RIGHT_HAND_SIDES)
@given(seed=st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_split_expressions_equal_the_whole(text: str, seed: int) -> None:
    tree = str_to_sympy(text)
    parts = split(tree, ("w", "low"))
    rng = np.random.default_rng(seed)
    values = {s.name: float(rng.uniform(0.1, 1)) for s in tree.free_symbols}
    for product in parts.products:
        for factor, suffix in ((product.post, "_post"), (product.pre, "_pre")):
            others = {s.name for s in factor.free_symbols if not s.name.endswith(suffix)}
            assert others <= {"learning", "eta", "decay", "tau_w"}  # constants
        assert {s.name for s in product.synapse.free_symbols} <= {"w", "low"}
    assert evaluated(parts.unsplit, values) == pytest.approx(evaluated(tree, values), rel=1e-12)


def test_outer_products_are_recognised() -> None:
    parts = split(str_to_sympy("learning*(eta*(a_post - b_post)*u_pre - decay*w)"), ("w",))
    assert parts.mixed == 0
    assert {(p.synapse, p.pre) for p in parts.products} == {
        (sympy.Integer(1), sympy.Symbol("u_pre", real=True)),
        (sympy.Symbol("w", real=True), sympy.Integer(1)),
    }
    assert split(str_to_sympy("tanh(w*u_pre)*v_post"), ("w",)).products == ()


def test_values_may_be_numbers() -> None:
    assert torch_function("tanh(z)**2 + 1")(z=0.5) == pytest.approx(np.tanh(0.5) ** 2 + 1)
    assert isinstance(torch_function("z + 1")(z=torch.ones(2)), torch.Tensor)


@pytest.mark.parametrize("text", [ACTIVATIONS["logistic"].function, "3 + 3*tanh(z - 1)"])
def test_a_logistic_function_is_seen_behind_the_hyperbolic_tangent(text: str) -> None:
    found = logistic(parsed(text, "here"))
    assert found is not None
    z = np.linspace(-9, 9, 7)
    argument = evaluated(found.argument, {"z": torch.from_numpy(z)})
    # one rounding of values up to 6, and of exp
    np.testing.assert_allclose(
        found.height * torch.sigmoid(torch.as_tensor(argument)),
        torch_function(text)(z=torch.from_numpy(z)),
        atol=2e-15,
    )


@pytest.mark.parametrize("text", ["1 - tanh(z)", "1 + tanh(z)*z", "2 + tanh(z)", "z + tanh(z)"])
def test_other_sums_are_no_logistic_function(text: str) -> None:
    assert logistic(parsed(text, "here")) is None


def test_the_engine_computes_a_logistic_function_once_and_fast() -> None:
    net = microcircuit_network((2, 2, 2))
    program = OdeEngine(net).program_at(1)
    functions = [getattr(call, "func", None) for call in program.step]
    # rates and predictions of both areas and the interneurons
    assert functions.count(torch.sigmoid) == 6
    assert torch.tanh not in functions
