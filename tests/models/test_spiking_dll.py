"""Spiking DLL: both engines alike, Algorithm 1 on average, chance as theory says."""

import numpy as np
import pytest
from brian2 import Hz, ms

from compartments.neurons.multiplexing import multiplexing_neuron
from experiments.spikes.moments import CHANCE_SWEEPS, Held, prefactor, slope, sweeps, theta_decay
from models import MODELS, Schedule, simulate
from models.spiking_dll import SpikingDLLOptions, spiking_dll_network
from rate_bridge import ode_engine
from rate_bridge.references.registry import reference

SIZES = (4, 5, 3)


def shown(network, steps, presentations=1):
    generator = np.random.default_rng(0)
    stimulus = generator.uniform(0, 1, (presentations, SIZES[0]))
    target = np.eye(SIZES[-1])[generator.integers(SIZES[-1], size=presentations)]
    return Schedule({"stimulus": stimulus, "target": target}, presentation=steps * ms)


@pytest.mark.parametrize("rule", ["fixed", pytest.param("kp", marks=pytest.mark.slow)])
def test_both_engines_have_the_same_events_and_weights(rule):
    options = SpikingDLLOptions(theta_rule=rule, cells=3, eta_W=0.5, bias=rule == "kp")
    network, generator = spiking_dll_network(SIZES, options), np.random.default_rng(1)
    names = [(d.name, p.name, p.size) for p in network.populations for d in p.neuron.draws]
    given = {f"{n}_{p}": generator.poisson(0.2, (60, size)) for n, p, size in names}
    settings = {"record": ("u", "s", "d", "single", "burst", "spike"), "noise": given}
    one, other = (
        run(network, shown(network, 30, 2), **settings) for run in (simulate, ode_engine.simulate)
    )
    for name in one.events:
        np.testing.assert_allclose(one.events[name], other.events[name], atol=1e-9)
    for name in one.traces:
        np.testing.assert_allclose(one.traces[name], other.traces[name], atol=1e-12)
    for name in one.weights:
        np.testing.assert_allclose(one.weights[name], other.weights[name], atol=1e-13)
    moved = [n for n in network.weights if (one.weights[n] != network.weights[n]).any()]
    assert len(moved) == (5 if rule == "kp" else 2)


@pytest.mark.slow
def test_its_mean_is_algorithm_1_at_rest():
    network = spiking_dll_network(SIZES, SpikingDLLOptions(eta_W=0.0, cells=1000))
    plan = shown(network, 4000)
    run = ode_engine.simulate(
        network,
        plan,
        record=("s", "d"),
        record_units={
            name: range(size) for name, size in zip(network.layers[1:], SIZES[1:], strict=True)
        },
    )
    rest = reference(network).equilibrium({n: plan.constant(n) for n in plan.signals})
    late = run.traces.isel(time=slice(200, None))
    # sd of a mean over 3.8 s of 1000 cells of 100 Hz: below sqrt(0.7/(1000*100*3.8)) = 0.0014, of d
    # the same; four of them, and f''/2 times the variance of the drive, below 0.001
    for layer in network.layers[1:]:
        np.testing.assert_allclose(late[f"s_{layer}"].mean("time"), rest["u", layer][0], atol=0.007)
        np.testing.assert_allclose(
            late[f"d_{layer}"].mean("time"), rest["delta", layer][0], atol=0.007
        )


@pytest.mark.slow
def test_chance_is_what_theory_says():
    found = sweeps(Held())
    for name in CHANCE_SWEEPS:
        rows = found[name]
        for of in ("activity", "error"):
            # 20,000 units: a deviation is known to 0.5 %
            assert slope(rows, name, of) == pytest.approx(-0.5, abs=0.02)
            assert prefactor(rows, of) == pytest.approx(1, abs=0.02)
    assert prefactor(found["cells"], "filtered") == pytest.approx(1, abs=0.02)
    held = Held()
    for row in (row for rows in found.values() for row in rows):
        assert abs(row.mean_activity - held.u) < 4 * row.activity_theory / held.units**0.5
        assert abs(row.mean_error - held.delta) < 4 * row.error_theory / held.units**0.5


def test_chance_of_one_setting():
    held = Held(units=2000)
    found = held.chance(4, 50.0, 40.0)
    # 2,000 units: a deviation is known to 1.6 %; three of them
    for of in ("activity", "error"):
        assert prefactor([found], of) == pytest.approx(1, abs=0.05)
    assert found.mean_error == pytest.approx(held.delta, abs=4 * found.error_theory / 2000**0.5)


@pytest.mark.slow
def test_the_minus_rule_loses_theta_by_chance_alone():
    # 12 units, 32 samples, 3 s: chance of the rate itself sqrt(2 tau/(12*32*3 s)) = 0.4 %, and of
    # the other units' events in the error ten times that
    found = theta_decay()
    assert found.measured == pytest.approx(found.theory, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_0": 1.2}, "p_0 must be a probability above 0 and below 1, got 1.2"),
        ({"kappa": 0}, "kappa must be a finite number above 0"),
        ({"cells": 0}, "cells must be a whole number of 1 or more"),
        ({"r_max": 100}, "r_max must be a rate with its unit"),
        ({"theta_rule": "kap"}, "Unknown theta_rule 'kap'"),
    ],
)
def test_options_that_are_none_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        SpikingDLLOptions(**changes)


def test_only_the_logistic_has_its_derivative_in_bursts():
    times = {f"tau_{name}": 5 * ms for name in "uax"}
    with pytest.raises(ValueError, match=r"for the logistic f alone.*got 'tanh'"):
        multiplexing_neuron("cell", "tanh", **times)
    neuron = multiplexing_neuron("cell", "logistic", r_max=50 * Hz, **times)
    assert {event.name for event in neuron.events} == {"single", "burst"}


@pytest.mark.parametrize("engine", [simulate, ode_engine.simulate], ids=["brian2", "torch"])
def test_a_step_that_is_long_for_the_hazard_is_said(engine):
    network = spiking_dll_network((1, 1), SpikingDLLOptions(bias=False))
    given = {"stimulus": np.ones((1, 1)), "target": np.ones((1, 1))}
    for dt, said in ((1 * ms, False), (2 * ms, True)):
        traces = engine(network, Schedule(given, presentation=4 * ms), dt=dt).traces
        assert ("long_hazards" in traces.attrs) is said
    assert "Population 'output': r_max dt = 0.2" in traces.attrs["long_hazards"]


def test_it_is_a_model():
    entry = MODELS["spiking-dll"]
    network = entry.build((3, 4, 4, 2), entry.options(), 0)
    assert network.reference == "algorithm1"
    assert network.transmitted["hidden2"] == ("s", "d")
