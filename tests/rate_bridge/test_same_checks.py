"""Both engines refuse the same, in the same words, before anything is built."""

import brian2
import numpy as np
import pytest
import torch
from brian2 import ms, mV, second
from ode_cases import option_network, schedule_for

import models
from compartments import sizes
from models import Schedule, dll_network
from rate_bridge import ode_engine
from rate_bridge.references import algorithm1

ENGINES = {"brian2": models.simulate, "torch": ode_engine.simulate}

each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


@each_engine
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dt": 0 * ms}, "dt must be a time .* above 0, got 0"),
        ({"dt": 1}, r"dt must be a time with its unit, such as 10\*ms, above 0, got 1"),
        ({"dt": 1 * mV}, "dt must be a time with its unit.*got 1.*mV"),
        ({"record_dt": 1 * mV}, "record_dt must be a time with its unit.*got 1.*mV"),
        ({"record_dt": np.nan * ms}, "record_dt must be a time .* got nan"),
        ({"record_dt": 0.5 * ms}, "record_dt .* must be a multiple of dt"),
        ({"weights_at": [241 * ms]}, r"weights_at: 241\. ms must be .* the end \(240\. ms"),
        ({"weights_at": [-1 * ms]}, "weights_at must be a time .* 0 or more, got -1"),
        ({"weights_at": [1 * mV]}, "weights_at must be a time with its unit"),
        ({"weights_at": 5 * ms}, "weights_at must be a sequence of times, got 5"),
        ({"record": "ux"}, r"record must be a sequence of names, such as \('ux',\)"),
        ({"record": ("u", "u")}, "record has 'u' twice; give every name once"),
        ({"record": 3}, "record must be a sequence of names, got 3"),
        ({"record": (None,)}, "record: Unknown variable to record None"),
        ({"record_units": {"output": "0"}}, "record_units of 'output' must be a sequence"),
        ({"record_units": {"output": [True]}}, "record_units of 'output' must be whole numbers"),
        ({"record_units": {"output": [0, 0]}}, "record_units of 'output' names a neuron twice"),
        ({"record_units": ["output"]}, "record_units must be a Mapping, got list"),
        ({"plastic": "no"}, "plastic must be True or False, got 'no'"),
        ({"method": None}, "Unknown method None"),
        ({"progress": 3}, "progress must be a function or None, got 3"),
    ],
)
def test_arguments(engine, arguments, message):
    net = option_network("paper")
    with pytest.raises((ValueError, TypeError), match=f"simulate: {message}"):
        engine(net, schedule_for(net), **arguments)


@each_engine
def test_networks_and_schedules(engine):
    net = option_network("paper")
    with pytest.raises(TypeError, match="network must be a Network, got NoneType; write"):
        engine(None, schedule_for(net))
    with pytest.raises(TypeError, match="schedule must be a Schedule, got NoneType; write"):
        engine(net, None)


@each_engine
@pytest.mark.parametrize(
    "kept",
    [{"record": ("u",)}, {"weights_at": [0 * ms, 1 * ms, 2 * ms]}],
    ids=["recording", "weights"],
)
def test_what_does_not_fit_into_memory_is_refused(engine, kept, monkeypatch):
    net = option_network("paper")
    monkeypatch.setattr(sizes, "available_bytes", lambda: 2500)
    message = r"needs about .* kB and at least .*; 2\.5 kB are free\. Lower record.*record_dt"
    with pytest.raises(MemoryError, match=message):
        engine(net, schedule_for(net), **kept)


@each_engine
def test_a_run_of_years_is_refused(engine):
    net = option_network("paper")
    forever = schedule_for(net, presentation=1e12 * second)
    with pytest.raises(
        ValueError, match=r"needs .*at least .* years; more than a year is not begun"
    ):
        engine(net, forever)


@each_engine
def test_weights_come_in_the_order_in_which_they_were_asked_for(engine):
    net = option_network("paper")
    found = engine(net, schedule_for(net), weights_at=[100 * ms, 0 * ms]).weight_history
    np.testing.assert_allclose(found["time"], [100, 0])
    np.testing.assert_array_equal(found["W0"][1], net.weights["W0"])
    assert not np.array_equal(found["W0"][0], net.weights["W0"])


@each_engine
def test_no_population_named_is_nothing_recorded(engine):
    net = option_network("paper")
    assert not engine(net, schedule_for(net), record=("u",), record_units={}).traces.data_vars


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float16, torch.int64, "float32", None])
def test_types_that_cannot_hold_a_state(dtype):
    net = option_network("paper")
    with pytest.raises(ValueError, match=r"dtype must be torch\.float64 or torch\.float32, got"):
        ode_engine.simulate(net, schedule_for(net), dtype=dtype)
    with pytest.raises(ValueError, match=r"dtype must be torch\.float64 or torch\.float32, got"):
        algorithm1.Algorithm1(net, dtype=dtype).learn(schedule_for(net))


@pytest.mark.parametrize("device", ["meta", "cuda:99", "gpu", None, 0])
def test_devices_that_do_not_compute(device):
    net = option_network("paper")
    with pytest.raises(ValueError, match="device"):
        ode_engine.simulate(net, schedule_for(net), device=device)


def test_seeds_are_those_that_every_generator_takes():
    for seed in (2**32, -1, 1.5, True):
        with pytest.raises(ValueError, match="seed must be a whole number"):
            dll_network((3, 2), seed=seed)
    net = option_network("paper")
    with pytest.raises(ValueError, match=r"simulate: seed must be a whole number in 0\.\.2"):
        models.simulate(net, schedule_for(net), seed=2**32)


def test_other_networks_are_told_which_have_a_reference():
    described = dll_network((3, 2))
    plain = models.Network(described.populations, described.pathways, described.weights)
    schedule = Schedule({"stimulus": np.ones((1, 3)), "target": np.ones((1, 2))})
    for call in (
        lambda: algorithm1.Algorithm1(plain).learn(schedule),
        lambda: algorithm1.Algorithm1(plain).equilibrium({"stimulus": np.ones((1, 3))}),
    ):
        with pytest.raises(TypeError, match=r"DLLNetwork, got Network; .* dll_network\(sizes\)"):
            call()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_reference_names_what_is_not_finite(bad):
    net = dll_network((3, 2))
    inputs = np.ones((2, 3))
    inputs[1, 2] = bad
    with pytest.raises(ValueError, match=f"stimulus must be finite, got {bad} at batch 1, n_in 2"):
        algorithm1.Algorithm1(net).equilibrium({"stimulus": inputs})
    with pytest.raises(ValueError, match="target must be finite"):
        algorithm1.Algorithm1(net).equilibrium(
            {"stimulus": np.ones((2, 3)), "target": np.full((2, 2), bad)}
        )


@pytest.mark.usefixtures("unchecked_shapes")
def test_imaginary_parts_and_units_are_not_dropped():
    net = dll_network((3, 2))
    with pytest.raises(ValueError, match="stimulus must be real numbers"):
        algorithm1.Algorithm1(net).equilibrium({"stimulus": np.ones((2, 3)) * 1j})
    with pytest.raises(ValueError, match="stimulus must be plain numbers; they came"):
        algorithm1.Algorithm1(net).equilibrium({"stimulus": np.ones((2, 3)) * mV})
    with pytest.raises(ValueError, match=r"arrays\['W0'\] must be real numbers"):
        models.WeightBundle({"W0": np.ones((2, 3)) * 1j})
    with pytest.raises(ValueError, match=r"arrays\['W0'\] must be plain numbers; they came"):
        models.WeightBundle({"W0": np.ones((2, 3)) * brian2.mV})


def test_layers_that_do_not_fit_into_memory_are_refused_before_they_are_drawn():
    with pytest.raises(MemoryError, match=r"needs about .* TB; .* are free\. Lower sizes"):
        dll_network((64, 10**7, 10**7, 10))
    net = dll_network((64, 32, 10))
    schedule = Schedule({"stimulus": np.ones((10**4, 64)), "target": np.ones((10**4, 10))})
    with pytest.raises(MemoryError, match="OdeEngine needs about"):
        ode_engine.simulate_copies([net] * 10**3, schedule, batch=10**4)
