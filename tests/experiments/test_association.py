"""One pattern and its target: the error appears, is learned away, and stays away."""

import numpy as np
import pytest

from experiments.association import experiment
from experiments.lab import runner
from experiments.lab.storage import read_json


def test_a_target_is_an_apical_error_until_it_is_learned(tmp_path, capsys):
    config = experiment.Config(
        sizes=(8, 6, 3),
        options=("W_scale=1.0", "eta_W=0.5", "eta_IP=0.5", "eta_PI=0.1"),
        sigmas=(0.0,),
        presentation_ms=20,
        before=3,
        taught=40,
        after=3,
        seeds=2,
        out=tmp_path,
    )
    runner.run(experiment, config)
    result = read_json(tmp_path / "association" / "result.json")
    (row,) = result["rows"]
    apical, predicted, error = (
        {when: np.array(row[when][name]) for when in ("before", "first", "last", "after")}
        for name in ("apical", "predicted", "error")
    )
    assert (apical["first"] > 100 * apical["before"]).all()  # the error is seen
    assert (apical["last"] < 0.1 * apical["first"]).all()  # it goes
    assert (predicted["last"] < 0.2 * predicted["before"]).all()  # as it is learned
    assert (error["after"] < 0.3 * error["before"]).all()  # and the output stays
    assert result["switches_ms"] == [60, 860]
    assert "once the target is gone the output's is" in capsys.readouterr().out


def test_a_model_without_apical_potentials_is_named():
    with pytest.raises(ValueError, match="--model dll: Unknown option"):
        experiment.Config(model="dll", options=())
    with pytest.raises(ValueError, match="--sigmas needs at least one value"):
        experiment.Config(sigmas=())
    with pytest.raises(ValueError, match="'sigma' stands there twice: it is set by --sigmas"):
        experiment.Config(options=("sigma=0.1/ms**0.5",))
