"""Neurons that fire, against the textbook."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms, nA, nS
from scipy.stats import kstest

from compartments.event_measures import (
    burst_lengths,
    bursts,
    histogram_hz,
    intervals_ms,
    rates_hz,
    variation,
)
from compartments.event_records import Moments, moments_of
from compartments.neurons.adaptive_exponential import adaptive_exponential_neuron
from compartments.neurons.calcium_spike import calcium_spike_neuron
from compartments.neurons.integrate_and_fire import integrate_and_fire_neuron
from models import Network, Pathway, Population, Schedule, WeightBundle
from rate_bridge import ode_engine

FAST = {"tau_u": 0.5 * ms, "tau_a": 0.5 * ms}


def driven(neuron, drive, feedback=0.0, length=500, dt=0.1 * ms, record=("spike",), seed=0):
    """Neurons with constant input, one for each value: what the torch engine records of them."""
    drive, feedback = np.broadcast_arrays(np.atleast_1d(drive), feedback)
    cells = Population("cells", len(drive), neuron, {"drive": "drive", "feedback": "feedback"})
    unit = neuron.equations["drive"].dim
    given = {"drive": drive, "feedback": feedback}
    given = {n: v[None] * (nA if unit.is_dimensionless is False else 1) for n, v in given.items()}
    plan = Schedule(given, presentation=length * ms)
    network = Network((cells,), (), WeightBundle({}))
    return ode_engine.simulate(network, plan, dt=dt, record=record, seed=seed)


def of_unit(found, first, count=1):
    chosen = (found.unit >= first) & (found.unit < first + count)
    return Moments(found.time_ms[chosen], found.unit[chosen], found.count[chosen])


def spikes(run, event="spike"):
    return moments_of(run.events, event, "cells")


def test_integrate_and_fire_has_the_rate_of_theory():
    neuron = integrate_and_fire_neuron("cell", **FAST, tau_m=10 * ms, refractory=2 * ms)
    current = np.array([0.9, 1.05, 1.2, 1.5, 2.0, 4.0])
    found = spikes(driven(neuron, current, length=250))
    for k, i in enumerate(current):
        between = intervals_ms(of_unit(found, k))
        if i < 1:
            assert len(between) == 0
        else:
            # dt = 0.1 ms: the spike comes with the step after the threshold, and Euler's membrane
            # is faster by dt/(2 tau_m), 0.5 % of its part of the interval
            expected = 2 + 10 * np.log(i / (i - 1))
            assert between[2:].mean() == pytest.approx(expected, abs=0.1 + 0.005 * expected)


def test_no_two_spikes_are_nearer_than_the_refractory_time():
    neuron = integrate_and_fire_neuron("cell", **FAST, refractory=4 * ms)
    found = spikes(driven(neuron, 1000.0, length=200))
    # drive without bound: a spike in the first step in which it is not refractory
    np.testing.assert_allclose(intervals_ms(found)[2:], 4.0, atol=1e-9)


@pytest.mark.parametrize("escape", ["exponential", "linear"])
def test_escape_noise_has_the_intervals_of_theory(escape):
    """At a held v the hazard is constant: intervals are the refractory time and an exponential."""
    v, slope, dt_ms = 1.05, 0.1, 0.25
    neuron = integrate_and_fire_neuron(
        "cell", **FAST, escape=escape, slope=slope, v_r=v, refractory=5 * ms, r_t=80 * Hz
    )
    neuron = replace(neuron, initial={"v": v, "u": v})
    found = spikes(driven(neuron, np.full(200, v), length=400, dt=dt_ms * ms))
    rate = 0.08 * (np.exp((v - 1) / slope) if escape == "exponential" else (v - 1) / slope)
    beyond = intervals_ms(found) - 5.0
    # in steps: geometric with p = 1 - exp(-h dt); a uniform number within the step makes it smooth.
    # Intervals that the end of the record cuts off are long ones: take those begun well before
    smooth = beyond + np.random.default_rng(0).uniform(-dt_ms, 0, len(beyond))
    assert len(smooth) > 500
    assert kstest(smooth, "expon", args=(0, 1 / rate)).statistic < 0.08
    mean = beyond.mean()
    assert mean == pytest.approx(1 / rate, rel=0.1)


def test_a_synaptic_potential_has_its_integral():
    """An event jumps the basal dendrite by w: u decays with tau_u, v follows with tau_m."""
    tau_u, tau_m, w, dt = 5.0, 10.0, 0.3, 0.1
    source = integrate_and_fire_neuron("source", **FAST, refractory=1000 * ms)
    cell = integrate_and_fire_neuron("cell", tau_u=tau_u * ms, tau_a=1 * ms, tau_m=tau_m * ms)
    network = Network(
        (
            Population("source", 1, source, {"drive": "drive", "feedback": "off"}),
            Population("cells", 1, cell, {"drive": "off", "feedback": "off"}),
        ),
        (Pathway("to", "source", "cells", "u", "spike", on_pre="u_post += w", delay=2 * ms),),
        WeightBundle({"to": np.array([[w]])}),
    )
    plan = Schedule({"drive": np.array([[1e4]]), "off": np.zeros((1, 1))}, presentation=200 * ms)
    run = ode_engine.simulate(network, plan, dt=dt * ms, record=("u", "v", "spike"))
    (at,) = moments_of(run.events, "spike", "source").time_ms
    u, v = (run.traces[f"{name}_cells"].values[:, 0] for name in "uv")
    # Euler keeps the sum: dt (1 + (1 - dt/tau) + ...) = tau, for both; e^-20 is left at the end
    assert u.sum() * dt == pytest.approx(w * tau_u, rel=1e-6)
    assert v.sum() * dt == pytest.approx(w * tau_u, rel=1e-6)
    time = np.arange(len(u)) * dt - (at + 2 + dt)  # arrived at the end of the step, 2 ms later
    expected = np.where(time >= 0, np.exp(-time / tau_m) - np.exp(-time / tau_u), 0.0)
    expected *= w * tau_u / (tau_m - tau_u)
    np.testing.assert_allclose(v, expected, atol=0.02 * w)  # dt/tau_u of the largest slope


def test_adaptive_exponential_fires_above_its_rheobase_and_adapts():
    """Touboul & Brette 2008: the fold is at (g_L + a)(V_T - E_L - D + D ln(1 + a/g_L))."""
    g_L, g_k, D, gap = 30.0, 1.0, 2.0, 70.6 - 50.4
    rheobase = (g_L + g_k) * (gap - D + D * np.log(1 + g_k / g_L)) * 1e-3  # nS mV = pA; in nA
    neuron = adaptive_exponential_neuron("cell", **FAST, g_k=g_k * nS)
    current = rheobase * np.array([0.98, 1.02, 1.6])
    found = spikes(driven(neuron, current, length=1500))
    assert set(found.unit.tolist()) == {1, 2}
    strong = intervals_ms(of_unit(found, 2))
    assert (np.diff(strong)[:3] > 0).all()  # each of the first intervals is longer
    assert strong[-1] > 2 * strong[0]


def test_apical_input_turns_spikes_into_bursts():
    """Larkum et al. 1999: basal alone single spikes, apical alone nothing, both together bursts."""
    neuron = calcium_spike_neuron("cell", tau_u=5 * ms, tau_a=5 * ms)
    apical = np.repeat([0.0, 0.2, 0.4, 0.6], 60)
    run = driven(
        neuron, np.full(240, 0.75), apical, length=1500, dt=0.5 * ms, record=("spike", "plateau")
    )
    found = spikes(run)
    shares, rates = [], []
    for k in range(4):
        told = bursts(of_unit(found, 60 * k, 60))
        shares.append(told.share)
        rates.append((told.singles + told.bursts) / 60 / 1.5)
    assert shares[0] < 0.02  # two single spikes by chance
    assert shares[3] > 0.6
    assert (np.diff(shares) > -0.02).all()
    # events go on at a rate that basal input sets; a burst's own length takes some of their time
    assert min(rates) > 0.6 * max(rates)
    assert set(spikes(run, "plateau").unit // 60) >= {3}
    alone = driven(neuron, np.zeros(60), np.full(60, 0.6), length=500, dt=0.5 * ms)
    assert rates_hz(spikes(alone), 60, 500).mean() < 0.5


def test_measures_of_events():
    found = Moments(
        np.array([1.0, 5.0, 9.0, 40.0, 3.0]), np.array([0, 0, 0, 0, 2]), np.array([1, 1, 1, 1, 2])
    )
    np.testing.assert_array_equal(rates_hz(found, 3, 1000.0), [4, 0, 2])
    np.testing.assert_array_equal(sorted(intervals_ms(found)), [4, 4, 31])
    np.testing.assert_allclose(
        histogram_hz(found, 3, np.array([0.0, 10.0, 50.0])), [5 / 0.03, 1 / 0.12]
    )
    np.testing.assert_array_equal(sorted(burst_lengths(found)), [1, 1, 3])
    assert bursts(found) == (2, 1)
    assert bursts(found).share == pytest.approx(1 / 3)
    assert variation(np.array([4.0, 4.0])) == 0
    nothing = Moments(*[np.zeros(0, int)] * 3)
    assert bursts(nothing) == (0, 0)
    assert np.isnan(bursts(nothing).share)
    with pytest.raises(ValueError, match="within_ms must be a finite number above 0"):
        bursts(found, 0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: integrate_and_fire_neuron("c", **FAST, escape="linar"), "Did you mean 'linear'"),
        (
            lambda: adaptive_exponential_neuron("c", "tanh", **FAST),
            "f must be 'linear', got 'tanh'",
        ),
    ],
)
def test_neurons_that_are_none_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
