"""What every kind of neuron keeps: ports that exist, one behaviour in both engines, its delays."""

import pickle

import numpy as np
import pytest
from brian2 import ms

from compartments import NEURONS, feedback_rule, forward_rule, input_neuron, responses
from compartments.neurons.registry import neuron_kind
from models import Network, Pathway, Population, Schedule, WeightBundle, dll_network, simulate
from models.delays import time_of
from models.dll_options import layered
from models.locality import reads_beyond
from models.theory import chain_residual, chain_response
from rate_bridge import ode_engine
from rate_bridge.references import algorithm1

TIMES = {"tau_u": 10 * ms, "tau_a": 8 * ms, "tau_x": 5 * ms, "tau_d": 1 * ms}
KINDS = list(NEURONS)
DT_MS = 0.2
CHAINS = ("matched_soma", True)  # errors of a soma that lags are no chains of stages


def built(name, f="tanh", **options):
    return neuron_kind(name).built("cell", neuron_kind(name).only_f or f, TIMES | options)


STEADY = [name for name in KINDS if not built(name).events]
LAYERS = [name for name in layered() if name in STEADY]


def rules_at(port):
    """Rules that read the factors at a port, with a source that sends u."""
    post = {f"{role}_post": f"{v}_post" for role, v in port.factors.items()}
    if "delta" in port.factors:
        yield forward_rule(0.1, 0.01, None, post)
    if "error" in port.factors:
        yield feedback_rule("minus", 0.1, 0.0, None, {**post, "delta_pre": "u_pre"})
    if "u" in port.factors:
        yield feedback_rule("kp", 0.1, 0.01, 20 * ms, {**post, "delta_pre": "u_pre"})
    if not port.factors:
        yield None


def surrounded(cell):
    """A population of these neurons, and for every port and rule a pathway that ends there."""
    populations = [Population("input", 2, input_neuron()), Population("cells", 2, cell)]
    pathways = []
    for port in cell.ports.inputs:
        for k, rule in enumerate(rules_at(port) if port.origin != "signal" else ()):
            ends = (f"{port.variable}_{k}", "input", "cells", port.variable, "u")
            beyond = reads_beyond(Pathway(*ends, rule), cell)
            pathways.append(Pathway(*ends, rule, beyond=tuple(beyond)))
    generator = np.random.default_rng(0)
    weights = {p.name: generator.normal(0, 0.5, (2, 2)) for p in pathways}
    return Network(tuple(populations), tuple(pathways), WeightBundle(weights))


@pytest.mark.parametrize("name", KINDS)
def test_ports_say_where_the_neuron_can_stand(name):
    cell = built(name)
    assert {port.variable for port in cell.ports.inputs} <= set(cell.inputs)
    driven = {port.variable for port in cell.ports.inputs} | {"target_on"}
    assert set(cell.inputs) <= driven  # nothing has to be driven that no port says
    assert cell.ports.sends
    assert cell.ports.delays
    assert pickle.loads(pickle.dumps(cell)).ports == cell.ports
    if top := NEURONS[name].top:
        assert not NEURONS[top].top


@pytest.mark.parametrize(
    "method", ["euler", pytest.param("exponential_euler", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", STEADY)
def test_both_engines_run_it_alike(name, method):
    if (name, method) == ("plateau", "exponential_euler"):
        pytest.skip("its conductance is not linear in a")
    network = surrounded(built(name))
    generator = np.random.default_rng(1)
    signals = {n: generator.normal(0, 0.5, (3, 2)) for n in network.signals}
    schedule = Schedule(signals, presentation=30 * ms)
    settings = {"record": sorted(network.population("cells").neuron.variables), "method": method}
    settings |= {"dt": 0.5 * ms, "record_units": {"cells": range(2)}}
    brian = simulate(network, schedule, **settings)
    torch = ode_engine.simulate(network, schedule, **settings)
    for trace in brian.traces:
        apart = np.abs(brian.traces[trace].values - torch.traces[trace].values).max()
        assert apart < 1e-12, trace  # sums in another order
    for weight, before in network.weights.items():
        assert np.abs(brian.weights[weight] - torch.weights[weight]).max() < 1e-12
        rule = next(p.rule for p in network.pathways if p.name == weight)
        assert (rule is None) == np.array_equal(brian.weights[weight], before)


def step_responses(name):
    """For every declared delay of a linear neuron, its stages and the response to a unit step."""
    cell = built(name, "linear", **dict([CHAINS]))
    quiet = {n: 1.0 for n in cell.inputs if n.endswith("_on")}
    followers = sorted({variable for _, variable in cell.ports.delays})
    for arriving in dict.fromkeys(port for port, _ in cell.ports.delays):
        given = {**quiet, arriving: 1.0}
        traces = responses(cell, 80 * ms, dt=DT_MS * ms, record=followers, **given)
        for (port, variable), names in cell.ports.delays.items():
            if port == arriving:
                values = traces[f"{variable}_cell"].values[:, 0]
                times = [float(time_of(name, cell, stage) / ms) for stage in names]
                yield f"{port} to {variable}", times, traces.time.values, values


@pytest.mark.parametrize("name", STEADY)
def test_declared_delays_are_those_of_its_step_response(name):
    for said, stages, time_ms, values in step_responses(name):
        if stages:
            expected = 1 - chain_residual(stages, time_ms, DT_MS)
            found = values * expected[-1] / values[-1]
            # Euler's own residual, so but for rounding exact
            np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=said)
            if len(stages) < 3:  # Euler is of first order, with a factor of a half
                off = 0.5 * DT_MS / min(stages)
                np.testing.assert_allclose(found, chain_response(stages, time_ms), atol=off)
        else:
            # look-ahead by tau_d is off by tau_d/tau for each compartment, 0.2 and less
            late = time_ms > 10
            np.testing.assert_allclose(values[late] / values[-1], 1, atol=0.4, err_msg=said)


def test_a_kind_whose_ports_do_not_join_is_no_layer():
    assert {"graded", "look-ahead", "two-branch", "plateau"} <= set(layered())
    for name in set(KINDS) - set(layered()):
        with pytest.raises(ValueError, match=f"Unknown neuron '{name}'.* Valid: graded"):
            dll_network((3, 2, 2), neuron=name)
    assert built("conductance").ports.sent("down", "delta") is None  # why it is none


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_it_are_dll(name):
    constants = {"tau_d": 1 * ms} if "tau_d" in NEURONS[name].arguments else {}
    network = dll_network((3, 3, 2, 2), neuron=name, constants=constants, seed=1)
    generator = np.random.default_rng(2)
    shown = generator.normal(0, 0.3, (1, 3)), generator.normal(0, 0.1, (1, 2))
    schedule = Schedule({"stimulus": shown[0], "target": shown[1]}, presentation=600 * ms)
    run = simulate(network, schedule, record=("u", "error"), plastic=False)
    rest = algorithm1.Algorithm1(network).equilibrium({"stimulus": shown[0], "target": shown[1]})
    # far below the plateau's threshold its conductance is open by e^-10; others rest exactly there
    tolerance = 2e-3 if name == "plateau" else 1e-10
    for layer in network.layers[1:]:
        for variable in ("u", "error"):
            last = run.traces[f"{variable}_{layer}"].values[-1]
            goal = rest[variable, layer][0]
            np.testing.assert_allclose(last, goal, rtol=0, atol=tolerance, err_msg=layer)


def test_feedback_beyond_threshold_makes_a_plateau():
    """Half open at a = 1: feedback of 0.3 stays below and nearly linear, 0.7 jumps beyond 1."""
    ends = {}
    for feedback in (0.3, 0.6, 0.7):
        run = responses(built("plateau"), 400 * ms, record=("a",), feedback=feedback)
        ends[feedback] = float(run["a_cell"].values[-1, 0])
    assert ends[0.3] == pytest.approx(0.3, rel=0.02)
    assert ends[0.7] > 1.2
    assert (ends[0.7] - ends[0.6]) > 0.3


def test_conductances_divide_what_dendrites_say():
    """Sacramento et al. 2018, Eqs. 1 and 2 at rest; without what comes down nothing surprises."""
    settings = {"dt": 0.1 * ms, "record": ("u", "surprise", "v_hat")}
    alone = responses(built("conductance", "linear"), 20 * ms, drive=0.3, **settings)
    told = {"drive": 0.3, "feedback": 0.2, "lateral": -0.05}
    pulled = responses(built("conductance", "linear"), 20 * ms, **told, **settings)
    taught = responses(built("interneuron", "linear"), 20 * ms, drive=0.3, taught=0.5, **settings)
    ends = [[float(run[f"{v}_cell"].values[-1, 0]) for v in ("u", "surprise", "v_hat")]
            for run in (alone, pulled, taught)]  # fmt: skip
    # leak 0.1, basal and dendritic 1, apical and teaching 0.8 per ms; e^-38 is left
    hat, inner = 0.3 / 1.9, 0.3 / 1.1
    expected = [[hat, 0, hat], [hat + 0.12 / 1.9, 0.12 / 1.9, hat]]
    expected += [[0.7 / 1.9, 0.7 / 1.9 - inner, inner]]
    np.testing.assert_allclose(ends, expected, rtol=0, atol=1e-12)
