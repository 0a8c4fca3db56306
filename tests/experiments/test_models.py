"""``--model``: names of the registry, functions in files, their options, and what is refused."""

import sys

import pytest
from brian2 import ms, mV, nS

from experiments.lab.models import chosen, parsed_options
from models import MODELS, DLLNetwork, Network
from rate_bridge.references.registry import REFERENCES, reference

FILE = """
import numpy as np
from brian2 import ms, mV, nS
from compartments import Compartment, Neuron
from models import Network, Pathway, Population, Schedule, WeightBundle

def network(sizes=(3, 2), seed=0, eta=0.1, tau=20 * ms):
    equations = "dv/dt = (drive - v)/tau : 1\\ndrive : 1"
    cell = Neuron("cell", (Compartment("soma", equations),), {"tau": tau})
    source = Neuron("source", (Compartment("axon", "u = stimulus : 1\\nstimulus : 1"),))
    weights = WeightBundle({"W": np.random.default_rng(seed).normal(size=(sizes[1], sizes[0]))})
    populations = (Population("input", sizes[0], source), Population("cells", sizes[1], cell))
    pathways = (Pathway("W", "input", "cells", "drive", "u"),)
    return Network(populations, pathways, weights, ("cells", "v"))

def shown():
    net = network()
    return net, Schedule({"stimulus": np.eye(3)})

def wrong():
    return 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_built_from_its_defaults_and_has_its_reference(name):
    model = chosen(name)
    network = model.network((4, 3, 2), 1, {})
    assert isinstance(network, Network)
    assert network.reference in REFERENCES
    assert reference(network).network is network
    assert set(model.rates) <= set(model.options)
    assert network.readout is not None


def test_options_are_texts_with_values():
    assert parsed_options(["a=0.5", "b=plus", "c=True", "d=None", "e=(1, 2)"]) == {
        "a": 0.5, "b": "plus", "c": True, "d": None, "e": (1, 2)
    }  # fmt: skip
    assert parsed_options(["tau_x=2ms"])["tau_x"] == 2 * ms
    ahead = parsed_options(["neuron=look-ahead", "constants={'tau_d': '1ms'}"])
    assert ahead == {"neuron": "look-ahead", "constants": {"tau_d": 1 * ms}}
    conductance = parsed_options(["leak=0.1/ms", "g=2nS", "E={'rest': '-65mV'}"])
    assert conductance == {"leak": 0.1 / ms, "g": 2 * nS, "E": {"rest": -65 * mV}}
    assert "u_ahead" in chosen("dll").network((4, 3, 2), 0, ahead).transmitted["hidden1"]
    network = chosen("dll").network((4, 3, 2), 0, parsed_options(["beta=0.5", "theta_rule=plus"]))
    assert isinstance(network, DLLNetwork)
    assert (network.options.beta, network.options.theta_rule) == (0.5, "plus")


def test_a_function_in_a_file_is_a_model(file):
    model = chosen(f"{file}:network")
    assert (model.options, model.rates, model.takes_sizes) == (("eta", "tau"), ("eta",), True)
    network, schedule = model.described((4, 5), 0, {"tau": 5 * ms})
    assert network.weight_shapes == {"W": (5, 4)}
    assert network.population("cells").neuron.parameters["tau"] == 5 * ms
    assert schedule is None
    _, schedule = chosen(f"{file}:shown").described((4, 5), 0, {})
    assert len(schedule) == 3


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("dl", [], ValueError, "Unknown model 'dl'. Did you mean 'dll'"),
        ("dll", ["bta=1"], ValueError, "Unknown option 'bta'. Did you mean 'beta'"),
        ("dll", ["beta=-1"], ValueError, "beta must be"),
        ("dll", ["beta"], ValueError, "write name=value"),
        ("dll", ["tau_x=2mV"], ValueError, "tau_x must be a time with its unit.* got 2. mV"),
        ("dll", ["tau_x=2msec"], ValueError, "--options tau_x: Unknown unit 'msec'"),
        ("{file}:network", ["tau=2/ms"], ValueError, "network.. cannot be run.*tau"),
        ("dll", ["beta=1", "beta=2"], ValueError, "'beta' stands there twice"),
        ("{file}", [], ValueError, "which function of it"),
        ("{file}x.py:network", [], FileNotFoundError, "Models by name are: dll"),
        ("{file}:other", [], ValueError, "no function 'other'"),
        (
            "{file}:wrong",
            [],
            ValueError,
            "or a Network and a Schedule, got 3",
        ),
        ("{file}:network", ["gain=1"], ValueError, "Unknown option 'gain'"),
    ],
)
def test_what_is_no_model_is_refused(file, name, options, error, message):
    with pytest.raises(error, match=message):
        chosen(name.format(file=file)).described((3, 2), 0, parsed_options(options))


def test_a_file_that_fails_is_named(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("import nothing_of_that_name\n")
    with pytest.raises(ValueError, match=r"broken\.py cannot be run: ModuleNotFoundError"):
        chosen(f"{path}:network")
    path.write_text("def network():\n    return {}['x']\n")
    with pytest.raises(ValueError, match=r"network\(\) cannot be run: KeyError: 'x'"):
        chosen(f"{path}:network").described((), 0, {})
    path.write_text("import sys\nsys.exit(4)\n")
    with pytest.raises(ValueError, match="cannot be run: SystemExit: 4"):
        chosen(f"{path}:network")


def test_a_file_imports_what_lies_beside_it_and_has_dataclasses(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "beside_it.py").write_text(FILE)
    (tmp_path / "uses.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from beside_it import network\n"
        "@dataclass\nclass Mine:\n    x: int = 3\n"
    )
    assert isinstance(chosen(f"{tmp_path / 'uses.py'}:network").network((3, 2), 0, {}), Network)
