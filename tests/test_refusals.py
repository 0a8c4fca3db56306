"""What one engine would compute and another not, or what would be bent in silence, is refused."""

from pathlib import Path

import numpy as np
import pytest
from brian2 import mV

from compartments import Compartment, Neuron
from experiments.lab.storage import parsed
from models import Pathway, Schedule, WeightBundle, dll_network
from rate_bridge.data.csv_table import columns_of
from rate_bridge.references import algorithm1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("du/dt = -u*Hz : 1 (event-driven)", "a differential equation takes no flag"),
        ("du/dt = -u*Hz : 1 (unless refractory)", "a differential equation takes no flag"),
        ("z = 1.0 : 1 (shared)", "Unknown flag 'shared'.*constant over dt"),
        ("drive : 1 (constant)", "a parameter takes no flag, got 'constant'"),
    ],
)
def test_flags_that_engines_do_not_share_are_refused(line, message):
    with pytest.raises(ValueError, match=message):
        Compartment("c", line)


@pytest.mark.parametrize("flag", ["", " (constant over dt)"])
def test_poisson_is_refused(flag):
    with pytest.raises(ValueError, match=r"poisson\(\) has no counterpart"):
        Neuron("n", (Compartment("c", f"z = poisson(3) : 1{flag}"),))


@pytest.mark.parametrize("initial", [[1], None, "x"])
def test_starts_that_are_no_mapping_are_refused(initial):
    with pytest.raises(TypeError, match="initial"):
        Compartment("c", "du/dt = -u*Hz : 1", initial=initial)


def test_masked_numbers_are_refused():
    numbers = np.ma.masked_greater(np.ones((2, 3)), 0.5)
    with pytest.raises(ValueError, match="masked entries"):
        WeightBundle({"W0": numbers})
    with pytest.raises(ValueError, match="masked entries"):
        Schedule({"stimulus": numbers})


def test_algorithm_1_refuses_the_signals_that_engines_refuse():
    network = dll_network((3, 2))
    shown = {"stimulus": np.ones((1, 3)), "target": np.ones((1, 2))}
    with pytest.raises(ValueError, match="Unknown signal 'zz'"):
        algorithm1.Algorithm1(network).learn(Schedule(shown | {"zz": np.ones((1, 2))}))
    with pytest.raises(ValueError, match="stimulus is in"):
        algorithm1.Algorithm1(network).learn(Schedule(shown | {"stimulus": np.ones((1, 3)) * mV}))


def test_a_cell_without_end_is_named():
    content = b"a,b\n1,2\n3," + b"9" * 200_000
    with pytest.raises(ValueError, match="line 3: no line of a CSV"):
        columns_of("table.csv", content, "a")


@pytest.mark.parametrize("name", ["aé", "1a", "a b", "a\n", "_" * 300])
def test_a_pathway_has_a_plain_name(name):
    with pytest.raises(ValueError, match="is no name of a pathway"):
        Pathway(name, "a", "b", "drive", "u")


def test_masks_that_are_masked_are_refused():
    mask = np.ma.masked_array(np.ones((2, 3), dtype=bool), np.ones((2, 3), dtype=bool))
    with pytest.raises(ValueError, match="masked entries itself"):
        Pathway("W", "a", "b", "drive", "u", mask=mask)


def test_json_that_says_something_twice_is_refused():
    with pytest.raises(ValueError, match="'experiment' stands there twice"):
        parsed(Path("config.json"), b'{"experiment": "train", "experiment": "table"}')
