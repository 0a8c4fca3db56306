"""A description in one's own Brian2 script: the same numbers as ``simulate``, nothing leaks in."""

import doctest

import brian2
import numpy as np
import pytest
from brian2 import StateMonitor, ms
from dll_cases import schedule_of, small_network
from test_noise import noisy
from test_wiring import RULE, wired

from compartments.brian import code_generation
from models import Eligibility, Schedule, WeightBundle, brian_export, dll_network, to_brian2
from models import simulate as tuft_simulate

tau_u = tau_a = tau_x = eta = u = drive = feedback = stimulus = w = 1e9
"""Names that the descriptions use, too, and must not be taken from here."""


@pytest.fixture(autouse=True)
def _numpy():
    with code_generation("numpy"):
        yield


def dll():
    network = small_network(
        sizes=(3, 3, 2),
        activation="softplus",
        theta_rule="kp",
        beta=0.5,
        bias=True,
        matched_soma=True,
        filtered_target=True,
        tau_w=30 * ms,
        eta_W=0.1,
    )
    times = {"presentation": 30 * ms, "lag": 10 * ms, "blank": 5 * ms}
    return network, schedule_of(network, 3, **times), ("u", "a", "error", "delta", "drive")


def eligible():
    network = dll_network((4, 3, 2), eligibility=Eligibility(), matched_soma=True, eta_W=0.1)
    return network, schedule_of(network, 3, presentation=[30, 50, 20] * ms), ("u", "x", "delta")


def delayed():
    mask = np.array([[True, False, True], [False, True, True]])
    wiring = {"mask": mask, "bounds": (None, 0.6), "delay": 3 * ms}
    ramp = np.arange(1.0, 13).reshape(1, 12, 1)
    network = wired(np.where(mask, 0.5, 0.0), RULE, **wiring)
    return network, Schedule({"stimulus": ramp}, presentation=12 * ms), ("u", "v")


def random():
    return noisy(5), Schedule(presentation=20 * ms), ("v", "uniform", "normal")


@pytest.mark.parametrize(
    ("case", "namespace"),
    [(dll, {}), (eligible, {}), (eligible, None), (delayed, {}), (random, {})],
)
def test_by_hand_it_is_the_engine_to_the_last_bit(case, namespace):
    network, schedule, record = case()
    expected = tuft_simulate(network, schedule, record=record, seed=4)
    brian2.seed(4)
    parts = to_brian2(network, schedule)
    monitors = {}
    for population in network.populations:
        own = [name for name in record if name in population.neuron.variables]
        group = parts.groups[population.name]
        monitors[population.name] = StateMonitor(group, own, record=True, **parts.recording)
    parts.network.add(*monitors.values())
    parts.network.run(schedule.duration, namespace=namespace)
    for trace in expected.traces.data_vars.values():
        found = getattr(monitors[trace.attrs["population"]], trace.attrs["variable"])
        np.testing.assert_array_equal(np.asarray(found).T, trace, err_msg=trace.name)
    assert parts.weights == expected.weights
    assert network.is_plastic == (parts.weights != network.weights)


def test_it_goes_on_from_a_run():
    network, schedule, _ = delayed()
    first = tuft_simulate(network, schedule)
    then = tuft_simulate(network, schedule, start=first.end)
    parts = to_brian2(network, schedule, start=first.end)
    parts.network.run(schedule.duration, namespace={})
    assert parts.weights == then.weights


def test_without_a_schedule_signals_are_set_by_hand():
    network = small_network(sizes=(3, 2, 2), eta_W=0.3, eta_theta=0.2)
    schedule = schedule_of(network, 1, presentation=40 * ms)
    parts = to_brian2(network)
    assert repr(parts) == f"BrianParts of {network!r}"
    assert not parts.inputs
    parts.network.run(10 * ms, namespace={})
    assert parts.weights == network.weights  # learning is 0 Hz
    parts = to_brian2(network)
    for name, population in (("stimulus", "input"), ("target", "output")):
        setattr(parts.groups[population], name, schedule.constant(name)[0])
    parts.groups["output"].target_on = 1
    for pathway in parts.synapses.values():
        pathway.learning = 1 / (40 * ms)
    parts.network.run(40 * ms, namespace={})
    for name, expected in tuft_simulate(network, schedule).weights.items():
        # numbers of order 1; the factors of a rule are multiplied in another order
        np.testing.assert_allclose(parts.weights[name], expected, rtol=0, atol=1e-15)
    assert not to_brian2(network, plastic=False).synapses["W0"].variables.keys() & {"learning"}


def test_what_does_not_fit_is_refused():
    network, schedule, _ = dll()
    with pytest.raises(TypeError, match="to_brian2: network must be a Network"):
        to_brian2("network")
    with pytest.raises(TypeError, match="to_brian2: schedule must be a Schedule"):
        to_brian2(network, WeightBundle({}))
    with pytest.raises(ValueError, match="to_brian2: dt must be a time with its unit"):
        to_brian2(network, schedule, dt=1)
    with pytest.raises(ValueError, match="Unknown signal 'light'"):
        to_brian2(network, Schedule({"light": [[1.0]]}))


def test_its_example_runs():
    found = doctest.testmod(brian_export)
    assert found.attempted > 10
    assert not found.failed
