"""``tuft verify``: a link that does not hold is an error."""

import pytest

from compartments import ACTIVATIONS
from experiments.lab.runner import run
from experiments.verify import any_network, dll
from experiments.verify import experiment as verify
from experiments.verify.link import Link


def test_links_that_cost_nothing_hold():
    links = list(dll.backprop(0))
    assert len(links) == 2 * len(ACTIVATIONS)  # two losses
    assert all(link.holds for link in links)


def test_settling_of_a_target_that_switches_is_not_the_erlang_residual_of_seven_stages():
    links = list(dll.settling(1))
    assert all(link.holds for link in links)
    last = links[-1].claim
    assert "switching target" in last
    off = float(last.split("off the 7 stages by ")[1].split(":")[0])
    assert off > 0.1  # two stages of four and seven differ by 0.50 at most; this is a share of it


def test_a_link_out_of_tolerance_does_not_hold():
    assert not Link("claim", 2e-8, 1e-8, "").holds
    assert not Link("claim", float("nan"), 1e-8, "").holds


def test_a_broken_link_is_named(tmp_path, monkeypatch, capsys):
    broken = {"0 nothing": lambda seed: iter([Link("1 = 2", 1.0, 0.1, "none")])}
    monkeypatch.setattr(verify, "MODEL_CHECKS", {"dll": broken})
    monkeypatch.setattr(any_network, "NETWORK_CHECKS", {})
    with pytest.raises(ArithmeticError, match="1 link does not hold: 1 = 2"):
        run(verify, verify.Config(out=tmp_path))
    assert "FAILS" in capsys.readouterr().out
    assert (tmp_path / "verify" / "result.json").exists()


OWN = """
import numpy as np
from brian2 import ms, mV
from compartments import Compartment, Neuron, PlasticityRule
from models import Network, Pathway, Population, Schedule, WeightBundle, no_autapses

def lateral(seed=0):
    cell = Neuron("cell", (Compartment("soma", '''
        dv/dt = (rest + shown + scale*drive - v)/tau : volt
        r = tanh((v - rest)/scale) : 1 (constant over dt)
        drive : 1
        shown : volt'''),), {"tau": 20 * ms, "rest": -70 * mV, "scale": 10 * mV})
    mask = no_autapses(6)
    weights = -0.1 * np.random.default_rng(seed).random((6, 6)) * mask
    rule = PlasticityRule("hebb", "dw/dt = -learning*eta*r_post*r_pre : 1", {"eta": 0.01})
    around = Pathway("around", "cells", "cells", "drive", "r", rule, mask=mask)
    net = Network((Population("cells", 6, cell, {"shown": "shown"}),), (around,),
                  WeightBundle({"around": weights}))
    stimuli = np.random.default_rng(seed).normal(0, 10, (3, 6)) * mV
    return net, Schedule({"shown": stimuli}, presentation=200 * ms)

def noisy():
    cell = Neuron("cell", (Compartment("soma", '''
        dv/dt = (stimulus - v)/tau + 0.1*tau**-0.5*xi : 1
        stimulus : 1'''),), {"tau": 20 * ms})
    return Network((Population("cells", 4, cell),), (), WeightBundle({}))
"""


def test_any_network_is_verified(tmp_path, capsys):
    """Lateral recurrence in volts: both engines, and long integration against the fixed point."""
    file = tmp_path / "own.py"
    file.write_text(OWN)
    run(verify, verify.Config(model=f"{file}:lateral", out=tmp_path))
    said = " ".join(capsys.readouterr().out.split())
    assert "All 3 links" in said
    assert "the numerical reference" in said


def test_what_cannot_be_measured_is_said(tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    run(verify, verify.Config(model=f"{file}:noisy", out=tmp_path))
    said = capsys.readouterr().out
    assert "1 link of " in said  # the engines, with the same noise
    assert "own.py:noisy that could be measured holds." in " ".join(said.split())
    assert "Not measured (rest): " in said
    assert "contains 'xi'" in said


@pytest.mark.slow
def test_every_link_holds(tmp_path, capsys):
    run(verify, verify.Config(out=tmp_path))
    assert "links hold" in capsys.readouterr().out
