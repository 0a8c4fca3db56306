"""What one engine would compute and another not, or what would be bent in silence, is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from brian2 import mV
from torch import nn

from compartments import Activation, Compartment, Neuron
from compartments.checks import finite_array
from experiments.lab.storage import parsed
from models import Pathway, Population, Schedule, WeightBundle, dll_network
from rate_bridge.data.csv_table import columns_of
from rate_bridge.data.splits import windows
from rate_bridge.layers.convert import convert, parameter_groups, set_error_scale
from rate_bridge.layers.feedback_layers import Conv1d, Conv2d, Linear
from rate_bridge.layers.recurrent import Recurrent
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.references import algorithm1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("du/dt = -u*Hz : 1 (event-driven)", "Unknown flag 'event-driven'.*unless refractory"),
        ("z = 1.0 : 1 (shared)", "Unknown flag 'shared'.*constant over dt"),
        ("drive : 1 (constant)", "a parameter takes no flag, got 'constant'"),
    ],
)
def test_flags_that_engines_do_not_share_are_refused(line, message):
    with pytest.raises(ValueError, match=message):
        Compartment("c", line)


@pytest.mark.parametrize("flag", ["", " (constant over dt)"])
def test_poisson_is_refused(flag):
    with pytest.raises(ValueError, match=r"poisson\(\) counts events"):
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


def test_what_a_conversion_to_backpropagation_does_not_need_is_checked_too():
    with pytest.raises(TypeError, match="convert: inputs must be a sequence of names, got b'x'"):
        convert(nn.Linear(2, 2), "bp", inputs=b"x")
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with_numpys, with_pythons = (convert(model, "fa", seed=seed) for seed in (np.int64(3), 3))
    assert torch.equal(with_numpys[1].theta, with_pythons[1].theta)


def test_rows_of_several_lengths_are_refused():
    with pytest.raises(ValueError, match="tau must be an array of numbers, its rows of one length"):
        Neuron("n", (Compartment("c", "du/dt = -u/tau : 1"),), {"tau": [[1.0], [1.0, 2.0]]})
    with pytest.raises(ValueError, match=r"W0 must be an array of numbers, its rows of one length"):
        finite_array("Weights", "W0", [[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("seed", [1.5, None, "7"])
def test_a_seed_of_the_batched_engine_is_a_whole_number(seed):
    network = dll_network((3, 2))
    with pytest.raises(ValueError, match=r"simulate: seed must be a whole number in 0\.\.2\^32"):
        OdeEngine(network, seed=seed)


def test_a_series_without_steps_has_no_window():
    with pytest.raises(ValueError, match=r"does not fit into 0 steps\. Give more data\."):
        windows("Series", torch.zeros(0, 2), 3)


def test_nothing_to_choose_from_is_said():
    with pytest.raises(ValueError, match=r"Unknown state 'u'\. There is none here\.$"):
        Compartment("basal", "drive : 1", initial={"u": 0.5})


def test_one_rule_for_names():
    neuron = dll_network((3, 2)).population("input").neuron
    assert Population("Layer_1", 2, neuron).name == "Layer_1"
    for name in ("_cells", "cells 1", "é", "c" * 61):
        with pytest.raises(ValueError, match="is no name of a population"):
            Population(name, 2, neuron)


def test_a_compartment_starts_only_what_it_has():
    with pytest.raises(ValueError, match=r"Compartment 'basal', initial: Unknown state 'v'.*: u"):
        Compartment("basal", "du/dt = -u*Hz : 1", initial={"v": 0.5})
    with pytest.raises(ValueError, match="Compartment 'basal': the initial u must be in 1, got V"):
        Compartment("basal", "du/dt = -u*Hz : 1", initial={"u": 5 * mV})


def test_an_activation_names_its_part():
    with pytest.raises(ValueError, match="Activation 'mine', derivative: expected a text, got No"):
        Activation("mine", "z", None)
    with pytest.raises(TypeError, match="Activation: name must be a str, got NoneType"):
        Activation(None, "z", "1")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Linear(0, 2), "Linear: in_features must be a whole number of 1 or more, got 0"),
        (lambda: Linear(2, 3, bias="no"), "Linear: bias must be True or False, got 'no'"),
        (lambda: Linear(2, 3, feedback=1), "Linear: feedback must be True or False, got 1"),
        (lambda: Linear(10**9, 10**9), r"Linear needs about 8\.0e\+06 TB|8e\+06 TB"),
        (lambda: Linear(2, 3, generator=7), "Linear: generator must be a Generator, got int"),
        (lambda: Conv2d(1, 2, (3,)), r"Conv2d: kernel_size must have 2 numbers, got \(3,\)"),
        (lambda: Conv1d(1, 2, 1.5), "Conv1d: kernel_size must be a whole number of 1 or more or a"),
        (lambda: Recurrent(2, 3, 1.5), "Recurrent: n_out must be a whole number of 1 or more, got"),
        (lambda: convert(nn.Linear(2, 2), seed=-1), r"convert: seed must be a whole number in 0\."),
        (lambda: convert(None), "convert: model must be a Module, got NoneType"),
        (lambda: convert(nn.Linear(2, 2), inputs=["x"]), "Unknown convertible layer 'x'"),
        (lambda: parameter_groups(nn.Linear(2, 2), "x"), "lr must be a finite number above 0"),
        (lambda: set_error_scale(nn.Linear(2, 2), "x"), "scale must be a finite number above 0"),
    ],
)
def test_layers_say_what_they_are_made_of(make, message):
    with pytest.raises((ValueError, TypeError, MemoryError), match=message):
        make()
