"""Records: one schema, which every record of the repository has."""

import dataclasses
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


CONTINUOUS = sorted(path.parent for path in (RESULTS / "continuous").glob("*/result.json"))
"""Folders as runs left them, without what is drawn anew but for the figures that notes show."""

FAST = ("law", "stream", "equivalence")


@pytest.mark.parametrize("record", CONTINUOUS, ids=lambda record: record.name)
def test_a_committed_record_says_how_it_is_repeated(record, monkeypatch, tmp_path):
    """`tuft run` reads its configuration, which names every option, and would run that."""
    asked = []
    monkeypatch.setattr("experiments.run.call", lambda module, config: asked.append(config))
    assert main(["run", str(record / "config.json"), "--out", str(tmp_path)]) == 0
    (config,) = asked
    saved = json.loads((record / "config.json").read_text())
    place = {"out", "name", "jobs"}  # of a run, not of what it measures
    named = {field.name for field in dataclasses.fields(config)} - place
    assert set(saved) == {"experiment"} | named
    assert read_json(record / "result.json")["versions"]["apical-tuft"]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(record, marks=() if record.name in FAST else pytest.mark.slow, id=record.name)
        for record in CONTINUOUS
        if record.name not in ("compare", "transfer-mnist")  # see below; it has no figures
    ],
)
def test_the_committed_figures_of_continuous_learning_are_those_of_their_records(tmp_path, record):
    drawn = tmp_path / record.name
    shutil.copytree(record, drawn, ignore=shutil.ignore_patterns("*.png"))
    assert main(["draw", str(drawn)]) == 0
    assert (drawn / "index.html").is_file()
    for committed in record.glob("*.png"):
        assert same_picture(drawn / committed.name, committed), committed.name


@pytest.mark.slow
def test_the_committed_figures_of_the_sweeps_are_those_of_their_record(tmp_path):
    """Its weights and updates are not committed, so the page is not drawn."""
    record = RESULTS / "continuous" / "compare"
    sweep_figures.draw(tmp_path, read_json(record / "result.json")["sweeps"], "Algorithm 1")
    for committed in record.glob("*.png"):
        assert same_picture(tmp_path / committed.name, committed)


def same_picture(first, second):
    """Pixel by pixel, but for what another version of a font's renderer may do to edges."""
    a, b = (image.imread(path) for path in (first, second))
    return a.shape == b.shape and np.abs(a - b).mean() < 1e-3
