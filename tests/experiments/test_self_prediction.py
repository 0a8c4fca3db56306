"""Interneurons that learn to cancel what comes from above, from random weights."""

import numpy as np
import pytest

from experiments.lab import runner
from experiments.lab.storage import read_json
from experiments.self_prediction import experiment
from experiments.self_prediction.page import falls
from models import self_predicting

SMALL = {"n_in": 10, "hidden": 6, "n_out": 4, "test": 20, "points": 2, "seeds": 2}


def test_both_rules_silence_apical_dendrites_and_one_alone_does_not(tmp_path, capsys):
    config = experiment.Config(
        **SMALL,
        areas=(1,),
        rules=("both", "IP"),
        sigmas=(0.0,),
        presentations=60,
        presentation_ms=20,
        out=tmp_path,
    )
    runner.run(experiment, config)
    folder = tmp_path / "self-prediction"
    rows = {row["rule"]: row for row in read_json(folder / "result.json")["rows"]}
    least = {rule: falls(row).min() for rule, row in rows.items()}
    assert least["both"] > 10
    assert max(falls(rows["IP"])) < 2
    assert rows["both"]["presentations"] == [0, 30, 60]
    assert np.shape(rows["both"]["energy"]) == (3, 2, 1)  # point, seed, area
    assert "60 stimuli the apical energy is 1/" in capsys.readouterr().out
    assert "both rules" in (folder / "index.html").read_text()


def test_self_predicting_weights_have_no_energy():
    config = experiment.Config(**SMALL, areas=(2,))
    cell = config.cells()[0]
    assert (cell.rule, cell.sigma) == ("both", 0.0)
    (net,) = cell.networks([0])
    test = experiment.stimuli(np.random.default_rng(0), 20, 10)
    loud = experiment.energies(net, net.weights, test)
    silent = experiment.energies(net, self_predicting(net.weights, net.options), test)
    assert min(loud) > 1e-2
    assert max(silent) < 1e-20  # the apical potential is 0 to 1e-10


def test_one_rule_alone_is_measured_for_all_areas():
    config = experiment.Config(**SMALL, areas=(3,), rules=("IP",))
    assert [(cell.rule, len(cell.sizes)) for cell in config.cells()] == [("IP", 5)]
    beside = experiment.Config(**SMALL, areas=(1, 3), rules=("both", "IP"), sigmas=(0.0,))
    assert [(cell.rule, len(cell.sizes) - 2) for cell in beside.cells()] == [
        ("both", 1),
        ("both", 3),
        ("IP", 1),
    ]


def test_settings_that_measure_nothing_are_named():
    for bad, message in (
        ({"rules": ("ip",)}, "Unknown choice of lateral rules 'ip'"),
        ({"areas": ()}, "--areas needs at least one value"),
        ({"points": 9, "presentations": 5}, "--points must be at most --presentations"),
        ({"dt_ms": 0.3, "presentation_ms": 20}, r"--presentation-ms \(20\) must be a whole number"),
        ({"options": ("start=random", "eta_IP=5")}, "'eta_IP' stands there twice: it is set by"),
        ({"options": ("start=random", "eta_W=5")}, "'eta_W' stands there twice: nothing but"),
        ({"options": ("sigma=0.1/ms**0.5",)}, "'sigma' stands there twice"),
        ({"options": ("start=self-predicting",)}, "leaves nothing to learn; give start=random"),
        ({"options": ()}, "leaves nothing to learn; give start=random"),
        ({"model": "dll", "options": ()}, "option 'eta_IP'"),
    ):
        with pytest.raises(ValueError, match=message):
            experiment.Config(**bad)
