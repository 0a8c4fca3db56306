"""A time step with which a network would not stay at rest is refused before it is run."""

import numpy as np
import pytest
from brian2 import ms

from compartments import Compartment, Neuron
from experiments.compare import experiment as compare
from experiments.lab import stable_step
from experiments.lab.runner import run
from experiments.lab.stable_step import check_step_at_rest, longest_step, quick_enough
from experiments.traces import experiment as traces
from experiments.verify import experiment as verify
from models import Network, Pathway, Population, Schedule, WeightBundle
from rate_bridge import ode_engine

ROTATING = np.array([[0.0, 3.0], [-3.0, 0.0]])
"""Eigenvalues (-1 +- 3i)/tau: Euler needs dt < 2 tau/(1 + 9) = 2 ms, each state alone 20 ms."""
SHOWN = Schedule({}, presentation=[420, 420] * ms)


def rotating(**wiring):
    lines = "dv/dt = (drive - v)/tau : 1\ndrive : 1"
    cell = Neuron("cell", (Compartment("soma", lines),), {"tau": 10 * ms}, {"v": 1e-3})
    path = Pathway("W", "cells", "cells", "drive", "v", **wiring)
    return Network((Population("cells", 2, cell),), (path,), WeightBundle({"W": ROTATING}))


def test_the_bound_is_where_the_engine_begins_to_leave_its_rest():
    network = rotating()
    assert float(longest_step(network, SHOWN) / ms) == pytest.approx(2, rel=1e-9)
    ends = {}
    for dt in (2 * ms / 1.05, 2 * ms * 1.05):
        steps = Schedule({}, presentation=np.array([401]) * dt)
        found = ode_engine.simulate(network, steps, dt=dt, record=("v",)).traces.v_cells
        ends[float(dt / ms)] = float(np.abs(found[-1]).max() / 1e-3)
    below, above = ends.values()
    # |1 + dt lambda|^2 = 1 - 2 dt/tau + 10 (dt/tau)^2 is 1 -+ .02 there: over 400 steps e^-+4
    assert below < 0.05
    assert above > 20
    with pytest.raises(ValueError, match=r"dt: 2\.1 ms is too large.* dt < 2 ms"):
        check_step_at_rest(network, SHOWN, 2.1 * ms)


def test_a_step_is_halved_until_it_is_quick_enough(monkeypatch):
    network = rotating()
    assert float(quick_enough(network, SHOWN, 3 * ms) / ms) == pytest.approx(0.75)
    assert float(quick_enough(network, SHOWN, 0.5 * ms) / ms) == pytest.approx(0.5)
    monkeypatch.setattr(stable_step, "MOST_STATES", 1)
    assert float(quick_enough(network, SHOWN, 3 * ms) / ms) == pytest.approx(3)


def test_with_delays_or_many_states_no_bound_is_known(monkeypatch):
    assert longest_step(rotating(delay=2 * ms), SHOWN) is None
    monkeypatch.setattr(stable_step, "MOST_STATES", 1)
    assert check_step_at_rest(rotating(), SHOWN, 3 * ms) is None


def test_experiments_refuse_a_step_that_a_model_does_not_stand(tmp_path):
    """The microcircuit's conductances make it faster than any of its own time constants says."""
    fast = {"model": "microcircuit", "dt": "1ms", "out": tmp_path}
    for experiment, options in (
        (traces, {"sizes": (6, 5, 3), "neurons": 1}),
        (verify, {"sizes": (6, 5, 3)}),
        (compare, {"presentations": 4, "sweep": False}),
    ):
        with pytest.raises(ValueError, match=r"dt: 1\. ms is too large for this network"):
            run(experiment, experiment.Config(**fast, **options))
    assert not list(tmp_path.iterdir())
