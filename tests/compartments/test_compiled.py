"""The two ways of computing one population, C and numpy, against Brian2."""

import shutil

import numpy as np
import pytest
from brian2 import Network, StateMonitor, TimedArray, ms, mV, nA, nS, pF

from compartments import Compartment, Neuron, pulse, responses
from compartments.brian import (
    PHASE,
    RECORD_ORDER,
    code_generation,
    driven_equations,
    neuron_group,
)
from compartments.compiled import c_program
from compartments.compiled.step import expression_trees
from compartments.compiled.stepping import CODEGEN
from compartments.neurons.registry import NEURONS, neuron_kind

TIMES = {"tau_u": 10 * ms, "tau_a": 8 * ms, "tau_x": 5 * ms, "tau_d": 1 * ms}
DT_MS, STEPS, COUNT = 0.3, 60, 3

each_codegen = pytest.mark.parametrize("codegen", CODEGEN)

# every operator and function, the time, conditions, stored expressions and whole numbers
EVERYTHING = """
dv/dt = (rest - v)/tau + drive*mV/ms + 0.01*w*mV/ms : volt
dw/dt = (z - w)/tau : 1
z = 0.1*(v/mV + 60) : 1
drive : 1
above = v > -59.7*mV : boolean
both = (z > 0 and not (w > 0.1)) or drive < 0 : boolean
count = int(5*z) : integer
held = clip(z, -0.2, 0.3) + exprel(1 + abs(z)) + exprel(0*z) : 1 (constant over dt)
waves = sin(z) + cos(z) + tan(z) + sinh(z) + cosh(z) + tanh(z) : 1
angles = arcsin(z/9) + arccos(z/9) + arctan(z) : 1
sizes = exp(z) + expm1(z) + log(2 + z**2) + log10(3 + z**2) + log1p(z**2) + sqrt(1 + z**2) : 1
wholes = floor(3*z) + ceil(3*z) + sign(z) + abs(z) + int(7*z) + int(above) + (5*z) % 0.7 : 1
powers = z**3 + (2 + abs(z))**(1/3) + (1 + abs(z))**-2 + 7.3*z // 0.9 : 1
later = t/ms + dt/ms + timestep(t, 2*dt) + held : 1
"""


def everything():
    text = EVERYTHING.replace("mV/ms", "unit_v/unit_t").replace("v/mV", "v/unit_v")
    text = text.replace("59.7*mV", "59.7*unit_v").replace("t/ms", "t/unit_t")
    constants = {"rest": -60 * mV, "tau": [5, 7, 9] * ms, "unit_v": 1 * mV, "unit_t": 1 * ms}
    start = {"v": [-61, -60.2, -59] * mV}
    return Neuron("cell", (Compartment("soma", text, start),), constants)


def waves(neuron, generator):
    return {name: generator.normal(0, 1, (STEPS, COUNT)) for name in neuron.inputs}


def by_brian(neuron, method, inputs):
    """Every variable of a population at every step, as Brian2's numpy target computes it."""
    dt = DT_MS * ms
    arrays = {f"{name}_values": TimedArray(values, dt=dt) for name, values in inputs.items()}
    equations = driven_equations(neuron, {name: f"{name}_values(t, i)" for name in inputs})
    ordered = [name for name, _ in expression_trees(neuron) if name in neuron.stored]
    orders = {name: RECORD_ORDER - 9 + k for k, name in enumerate(ordered)}
    with code_generation("numpy"):
        group = neuron_group(
            "cells", COUNT, neuron, equations, orders, dt=dt, method=method, namespace=arrays
        )
        settings = {"record": True, "dt": dt, "when": PHASE, "order": RECORD_ORDER}
        monitor = StateMonitor(group, neuron.variables, **settings)
        Network(group, monitor).run(STEPS * dt, namespace={})
    return {name: np.asarray(getattr(monitor, name)).T for name in neuron.variables}


BUILT = {n: neuron_kind(n).built("cell", neuron_kind(n).only_f or "tanh", TIMES) for n in NEURONS}
CASES = {name: (neuron, "euler") for name, neuron in BUILT.items() if not neuron.events}
CASES |= {"everything": (everything(), "euler")}
CASES |= {
    f"{name}, exponential": (CASES[name][0], "exponential_euler")
    for name in ("look-ahead", "everything")
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_what_brian2_computes(case):
    neuron, method = CASES[case]
    inputs = waves(neuron, np.random.default_rng(0))
    expected = by_brian(neuron, method, inputs)
    for codegen in CODEGEN:
        found = responses(
            neuron,
            STEPS * DT_MS * ms,
            n=COUNT,
            dt=DT_MS * ms,
            record=neuron.variables,
            method=method,
            codegen=codegen,
            **inputs,
        )
        assert found.attrs["codegen"] == codegen
        for name, values in expected.items():
            mine = found[f"{name}_cell"].values
            assert mine.dtype.kind == values.dtype.kind, name
            # 60 steps, each some roundings of numbers of this size, or of 1 where that is larger
            size = max(np.abs(values.astype(float)).max(), float(neuron.measured_in(name) == "1"))
            np.testing.assert_allclose(mine, values, rtol=0, atol=1e-13 * size, err_msg=name)


@each_codegen
def test_noise_has_its_own_numbers_and_its_variance(codegen):
    text = "dv/dt = -v/tau + sigma*xi : 1\ncoin = int(rand() < 0.3) : 1 (constant over dt)"
    neuron = Neuron("cell", (Compartment("soma", text),), {"tau": 5 * ms, "sigma": 0.3 / ms**0.5})
    settings = {"n": 400, "dt": 1 * ms, "codegen": codegen, "record": ("v", "coin")}
    found = responses(neuron, 60 * ms, seed=3, **settings)
    again = responses(neuron, 60 * ms, seed=3, **settings)
    other = responses(neuron, 60 * ms, seed=4, **settings)
    assert found.identical(again)
    assert (found.v_cell[1:] != other.v_cell[1:]).all()
    late = found.v_cell.values[-1]
    expected = 0.09 / (2 / 5 - 1 / 25)  # of v' = (1 - dt/tau) v + sigma sqrt(dt) normal
    assert np.var(late) == pytest.approx(expected, rel=3 * np.sqrt(2 / 400))  # 3 standard errors
    assert found.coin_cell.mean() == pytest.approx(0.3, abs=3 * np.sqrt(0.21 / 24_000))


@each_codegen
def test_long_runs_go_on_where_a_chunk_ends(codegen, monkeypatch):
    neuron = CASES["look-ahead"][0]
    inputs = waves(neuron, np.random.default_rng(1))
    settings = {"n": COUNT, "dt": DT_MS * ms, "codegen": codegen, **inputs}
    whole = responses(neuron, STEPS * DT_MS * ms, **settings)
    monkeypatch.setattr("compartments.compiled.stepping.CHUNK", 7 * COUNT)
    assert responses(neuron, STEPS * DT_MS * ms, **settings).identical(whole)


def test_more_neurons_than_a_block_holds_do_as_each_alone():
    neuron = CASES["plateau"][0]
    drives = np.linspace(-1, 1, 2 * c_program.BLOCK + 5)
    settings = {"feedback": pulse(0.8, 2 * ms, 6 * ms), "record": neuron.variables}
    many = responses(neuron, 10 * ms, n=len(drives), drive=drives, **settings)
    for k in (0, c_program.BLOCK, len(drives) - 1):
        alone = responses(neuron, 10 * ms, drive=drives[k], **settings)
        for name in alone.data_vars:
            np.testing.assert_array_equal(many[name][:, k], alone[name][:, 0])


def test_another_constant_needs_no_other_program(monkeypatch):
    def cell(g):
        text = "dv/dt = (g*(rest - v) + current)/c : volt\ncurrent : amp"
        constants = {"g": g, "c": 200 * pF, "rest": -70 * mV}
        return Neuron("cell", (Compartment("soma", text),), constants)

    c_program.c_program.cache_clear()
    first = responses(cell(10 * nS), 5 * ms, codegen="c", current=0.1 * nA)
    second = responses(cell(20 * nS), 5 * ms, codegen="c", current=0.1 * nA)
    assert not first.identical(second)
    assert c_program.c_program.cache_info().misses == 1


def test_without_a_compiler_numpy_computes_and_c_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    c_program.c_program.cache_clear()
    neuron = CASES["graded"][0]
    assert responses(neuron, 1 * ms).attrs["codegen"] == "numpy"
    with pytest.raises(RuntimeError, match=r"'c' needs a C compiler.* choose codegen='numpy'"):
        responses(neuron, 1 * ms, codegen="c")


def test_exponential_steps_need_linear_equations():
    with pytest.raises(ValueError, match=r"'cell': exponential_euler needs .* use method='euler'"):
        responses(CASES["plateau"][0], 1 * ms, method="exponential_euler")
