"""``tuft transfer``: the same weights decide the same in neurons and at equilibrium."""

import json

import pytest

from experiments import transfer
from experiments.lab.runner import run


@pytest.mark.parametrize("engine", ["brian2", "torch"])
def test_decisions_survive_both_ways(engine, tmp_path):
    config = transfer.Config(
        hidden=(8,),
        presentations=300,
        decisions=8,
        taught=3,
        engine=engine,
        codegen="numpy",
        presentation="150ms",
        out=tmp_path,
    )
    run(transfer, config)
    result = json.loads((tmp_path / "transfer" / "result.json").read_text())
    for way in ("reference_into_neurons", "neurons_into_reference"):
        found = result[way]
        assert found["same_decisions"] == found["samples"] == 8
        # 15 tau behind 2 stages: e^-15 * 16 = 5e-6 of outputs of order 1
        assert found["largest_difference_of_output"] < 2e-5
        assert found["accuracy_neurons"] == found["accuracy_equilibrium"]
