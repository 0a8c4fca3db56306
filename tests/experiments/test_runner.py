"""One way from a configuration to numbers, page and sentences, for every experiment."""

import importlib
from dataclasses import dataclass
from types import ModuleType

import pytest

from experiments.cli import main
from experiments.lab.runner import ExperimentConfig, SeededConfig, call, run
from experiments.lab.storage import read_json
from experiments.registry import EXPERIMENTS

MODULES = {name: importlib.import_module(entry.module) for name, entry in EXPERIMENTS.items()}
MEASURING = {name: module for name, module in MODULES.items() if not hasattr(module, "main")}


@dataclass(frozen=True)
class Planned(ExperimentConfig):
    """A configuration with a plan."""

    plan_hash: str = "abc"


def experiment(**more):
    """The smallest experiment, and what it has besides."""
    module = ModuleType("smallest")
    module.measure = lambda config, folder, progress: {"value": (1, 2), "seconds": {"build": 0.5}}
    module.sentences = lambda result: [f"The value is {result['value']}."]
    vars(module).update(more)
    return module


def test_what_measures_has_all_that_the_runner_asks_for():
    assert len(MEASURING) >= 10
    for name, module in MEASURING.items():
        assert issubclass(module.Config, ExperimentConfig), name
        assert module.Config().name == name
        assert callable(module.measure)
        assert callable(module.sentences)


def test_numbers_carry_their_seconds_versions_and_plan(tmp_path, capsys):
    call(experiment(), Planned(out=tmp_path, name="small"))
    result = read_json(tmp_path / "small" / "result.json")
    assert set(result) == {"value", "seconds", "versions", "plan_hash"}
    assert set(result["seconds"]) == {"build", "all"}
    assert (tmp_path / "small" / "config.json").is_file()
    assert capsys.readouterr().out == f"The value is [1, 2].\n{tmp_path / 'small'}\n"


def test_what_fails_is_saved_and_said(tmp_path, capsys):
    failing = experiment(failure=lambda result: "1 link does not hold.")
    with pytest.raises(ArithmeticError, match=r"1 link does not hold\. Saved in .*small"):
        run(failing, SeededConfig(out=tmp_path, name="small"))
    assert (tmp_path / "small" / "result.json").is_file()
    assert capsys.readouterr().out == ""


def test_a_stop_while_drawing_leaves_the_numbers(tmp_path):
    def draw(folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="tuft draw"):
        run(experiment(draw=draw), ExperimentConfig(out=tmp_path, name="small"))
    assert (tmp_path / "small" / "result.json").is_file()


@pytest.mark.parametrize("name", ["", "..", "a/b"])
def test_a_name_that_is_no_folder_is_refused_before_anything_is_done(name, tmp_path, capsys):
    assert main(["verify", "--name", name, "--out", str(tmp_path)]) == 2
    assert "--name must be the plain name of a folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
