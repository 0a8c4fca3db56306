"""A run that goes on from another is one run; also in the other engine."""

import numpy as np
import pytest
from brian2 import ms

from experiments.equivalence.descriptions import Extent, case
from models import Schedule, dll_network, simulate
from rate_bridge import ode_engine

ENGINES = {"brian2": simulate, "torch": ode_engine.simulate}
NAMES = ("low-pass, kp", "masks, bounds, delays", "units, initial values, constants per neuron")


@pytest.mark.parametrize(("first", "second"), [("brian2", "torch"), ("torch", "brian2")])
@pytest.mark.parametrize("name", NAMES)
def test_two_parts_are_the_whole(name, first, second):
    network, schedule, _ = case(name, Extent((4, 3, 3), 4, 11, 0))
    record = sorted({n for p in network.populations for n in p.neuron.variables})
    end = schedule.duration
    whole = ENGINES[second](network, schedule, record=record, weights_at=[22 * ms, end])
    before = ENGINES[first](network, schedule.chosen([0, 1]))
    after = ENGINES[second](network, schedule.chosen([2, 3]), record=record, start=before.end)
    for key in whole.traces:
        late = whole.traces[key].values[22:]
        # rounding of two engines, over 44 steps
        np.testing.assert_allclose(after.traces[key].values, late, rtol=1e-13, atol=1e-13)
    for key in whole.weights:
        np.testing.assert_allclose(after.weights[key], whole.weights[key], atol=1e-13)
        np.testing.assert_array_equal(whole.weight_history[key].values[1], whole.weights[key])
        np.testing.assert_allclose(whole.weight_history[key][0], before.weights[key], atol=1e-13)


def test_copies_and_batches_go_on():
    network, schedule, _ = case("masks, bounds, delays", Extent((4, 3, 3), 8, 11, 0))
    whole = ode_engine.simulate_copies([network] * 2, schedule, batch=2)
    before = ode_engine.simulate_copies([network] * 2, schedule.chosen(range(4)), batch=2)
    late = schedule.chosen(range(4, 8))
    after = ode_engine.simulate_copies([network] * 2, late, batch=2, start=before.end)
    alone = ode_engine.simulate(network, late, batch=2, start=before.of_copy(1).end)
    for key in whole.weights[0]:
        np.testing.assert_allclose(after.weights[1][key], whole.weights[1][key], atol=1e-15)
        np.testing.assert_allclose(alone.weights[key], whole.weights[1][key], atol=1e-15)


def test_a_run_without_learning_keeps_the_synapses_states():
    network = dll_network((3, 4, 2), tau_w=20 * ms)
    signals = {"stimulus": np.ones((1, 3)), "target": np.ones((1, 2))}
    schedule = Schedule(signals, presentation=10 * ms)
    for engine in ENGINES.values():
        learned = engine(network, schedule).end
        still = engine(network, schedule, start=learned, plastic=False).end
        assert learned.synapses["W0", "low"].any()
        for key, values in learned.synapses.items():
            np.testing.assert_array_equal(still.synapses[key], values)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_a_state_of_another_run_is_refused(engine):
    signals = {"stimulus": np.ones((2, 3)), "target": np.ones((2, 2))}
    schedule = Schedule(signals, presentation=5 * ms)
    end = engine(dll_network((3, 2)), schedule).end
    message = r"start is of another run: 'u' of 'hidden1' \(neurons\) must have shape \(4,\), got"
    with pytest.raises(ValueError, match=message):
        engine(dll_network((3, 4, 2)), schedule, start=end)
    with pytest.raises(TypeError, match=r"start must be a State, got dict; write start=run\.end"):
        engine(dll_network((3, 2)), schedule, start={})
