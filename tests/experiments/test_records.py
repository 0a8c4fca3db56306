"""Records: one schema, which every record of the repository has."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from experiments.cli import main
from experiments.compare import sweep_figures
from experiments.lab.storage import read_json, write_json
from experiments.table.experiment import rebuilt
from experiments.table.plans import PLANS
from experiments.table.records import read_record, write_record

RESULTS = Path(__file__).parents[2] / "experiments" / "results"
RECORDS = sorted(RESULTS.rglob("*__seed*.json"))


def test_every_committed_record_reads_and_writes_as_it_is(tmp_path):
    assert len(RECORDS) > 200
    for path in RECORDS:
        write_record(tmp_path / "again.json", read_record(path))
        before, after = read_json(path), read_json(tmp_path / "again.json")
        if before.get("test_at_best_epoch", 0) is None:  # what a record lacks is left out today
            del before["test_at_best_epoch"]
        assert after == before, path


@pytest.mark.parametrize("name", [name for name in PLANS if (RESULTS / name).is_dir()])
def test_the_committed_tables_are_those_of_their_records(tmp_path, name):
    folder = tmp_path / name
    shutil.copytree(RESULTS / name, folder, ignore=shutil.ignore_patterns("*.png", "table.md"))
    rebuilt(PLANS[name], folder)
    assert (folder / "table.md").read_bytes() == (RESULTS / name / "table.md").read_bytes()
    assert (folder / "table.png").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 3}, "unknown: epoch"),
        ({"epochs": "3"}, "expected int, got '3'"),
        ({"status": "fine"}, "fine not in literal"),
        ({"run": None}, "is no record of a run"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, change, message):
    path = tmp_path / "a__bp__seed0.json"
    write_json(path, {**read_json(RECORDS[0]), **change})
    with pytest.raises(ValueError, match=message) as error:
        read_record(path)
    assert str(path) in str(error.value)
    assert "Delete it to run it anew." in str(error.value)


def test_a_trained_network_leaves_a_record(tmp_path):
    assert main(["train", "--epochs", "1", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("train-*/result.json")
    record = read_record(path)
    assert record.run.rule == "dll-minus"
    assert record.angles is not None
    assert record.plan_hash is None


CONTINUOUS = {
    "law": {"law.png": "law.png"},
    "stream": {"stream.png": "stream.png"},
    "stream-uncentred": {"stream.png": "stream_uncentred.png"},
    "digits": {"heat_map.png": "digits_heat_map.png", "accuracy.png": "digits_accuracy.png"},
    "fashion": {"heat_map.png": "fashion_heat_map.png"},
    "alone": {"heat_map.png": "alone_heat_map.png"},
    "mnist": {"heat_map.png": "mnist_heat_map.png"},
    "depth": {"depth.png": "depth.png"},
    "bench": {"cost.png": "cost.png"},
    "equivalence": {},
}
"""Records of continuous learning: for each the figures drawn from it, and the committed ones."""


FAST = ("law", "stream", "equivalence")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in CONTINUOUS],
)
def test_the_committed_figures_of_continuous_learning_are_those_of_their_records(tmp_path, name):
    saved = json.loads((RESULTS / "continuous" / f"{name}.json").read_text())
    config = {"uncentred": name.endswith("uncentred"), **saved.pop("config", {})}
    experiment = config.get("experiment", name.partition("-")[0])
    write_json(tmp_path / "config.json", {**config, "experiment": experiment})
    saved.pop("sha256", None)
    write_json(tmp_path / "result.json", saved)
    assert main(["draw", str(tmp_path)]) == 0
    assert (tmp_path / "index.html").is_file()
    for drawn, committed in CONTINUOUS[name].items():
        assert same_picture(tmp_path / drawn, RESULTS / "continuous" / committed), drawn


@pytest.mark.slow
def test_the_committed_figures_of_the_sweeps_are_those_of_their_record(tmp_path):
    saved = json.loads((RESULTS / "continuous" / "compare.json").read_text())
    sweep_figures.draw(tmp_path, saved["sweeps"], "Algorithm 1")
    for what in ("heat_map", "depth"):
        committed = RESULTS / "continuous" / f"update_{what}.png"
        assert same_picture(tmp_path / f"sweep_{what}.png", committed)


def same_picture(first, second):
    """Pixel by pixel, but for what another version of a font's renderer may do to edges."""
    a, b = (image.imread(path) for path in (first, second))
    return a.shape == b.shape and np.abs(a - b).mean() < 1e-3
