"""Constants of each neuron and initial values, in both engines, against closed forms."""

import pickle

import numpy as np
import pytest
from brian2 import Equations, ms, mV

from compartments import Compartment, Neuron, responses
from compartments.traces import with_expression
from models import Network, Population, Schedule, WeightBundle, simulate
from rate_bridge import ode_engine
from rate_bridge.ode_engine.engine import OdeEngine

TAUS = np.array([5.0, 10.0, 40.0])
STARTS = np.array([1.0, -2.0, 3.0])
DECAY = "dv/dt = -v/tau : volt"
each_engine = pytest.mark.parametrize("engine", [simulate, ode_engine.simulate])


def decaying(**changes):
    part = Compartment("soma", DECAY, {"v": 7 * mV})
    given = {"parameters": {"tau": TAUS * ms}, "initial": {"v": STARTS * mV}} | changes
    return Neuron("cell", (part,), **given)


def alone(neuron, size=3):
    return Network((Population("cells", size, neuron),), (), WeightBundle({}))


@each_engine
@pytest.mark.parametrize(
    ("method", "factor"),
    [("euler", 1 - 1 / TAUS), ("exponential_euler", np.exp(-1 / TAUS))],
)
def test_each_neuron_decays_from_its_value_with_its_time_constant(engine, method, factor):
    run = engine(alone(decaying()), Schedule(presentation=30 * ms), record=("v",), method=method)
    expected = 1e-3 * STARTS * factor ** np.arange(30)[:, None]
    np.testing.assert_allclose(run.traces.v_cells, expected, rtol=1e-13)  # 30 roundings


@each_engine
def test_a_compartments_value_is_for_all_neurons_and_survives_copying(engine):
    neuron = decaying(parameters={"tau": 10 * ms}, initial={})
    again = pickle.loads(
        pickle.dumps(with_expression(neuron, "same", Equations("s = v : volt"), {}))
    )
    run = engine(alone(again, 2), Schedule(presentation=2 * ms), record=("v",))
    np.testing.assert_allclose(run.traces.v_cells, 7e-3 * np.array([[1, 1], [0.9, 0.9]]))


def test_copies_keep_their_constants_and_values():
    other = decaying(parameters={"tau": 10 * ms}, initial={"v": 4 * mV})
    nets = [alone(decaying()), alone(other)]
    both = ode_engine.simulate_copies(nets, Schedule(presentation=9 * ms), record=("v",))
    for number, net in enumerate(nets):
        single = ode_engine.simulate(net, Schedule(presentation=9 * ms), record=("v",))
        np.testing.assert_array_equal(both.traces.v_cells[:, number], single.traces.v_cells)
    engine = OdeEngine(nets)
    engine.present({})
    engine.rest()
    np.testing.assert_allclose(engine.buffers.states["cells", "v"][0, 0], 1e-3 * STARTS, rtol=1e-6)


def test_one_population_alone():
    found = responses(decaying(), 5 * ms, n=3, dt=1 * ms)
    expected = 1e-3 * STARTS * (1 - 1 / TAUS) ** np.arange(5)[:, None]
    np.testing.assert_allclose(found.v_cell, expected, rtol=1e-13)


def test_the_fastest_neuron_bounds_the_time_step():
    with pytest.raises(ValueError, match=r"dt = 10\. ms is too large .* dt < 10\.0 ms"):
        simulate(alone(decaying()), Schedule(presentation=40 * ms), dt=10 * ms)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": {"tau": [5, -1] * ms}}, "neuron 1: tau must be a time .* above 0, got -1"),
        ({"parameters": {"tau": [5.0, 1.0]}}, "neuron 0: tau must be a time with its unit"),
        ({"initial": {"v": 3.0}}, "the initial v must be in V, got 1"),
        ({"initial": {"v": [1, np.nan] * mV}}, "v must be finite, got nan at neuron 1"),
        ({"initial": {"u": 3.0}}, "initial: Unknown state 'u'"),
    ],
)
def test_values_that_do_not_fit_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        decaying(**changes)


def test_arrays_of_another_length_are_named():
    message = "tau has 3 values for 2 neurons; give one for each, or one for all"
    with pytest.raises(ValueError, match=f"Population 'cells': {message}"):
        alone(decaying(), 2)
    with pytest.raises(ValueError, match=f"responses: {message}"):
        responses(decaying(), 5 * ms, n=2)
