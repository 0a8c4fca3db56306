"""Committed results of the microcircuit: redrawn from their numbers, and said in the notes."""

import importlib
import shutil
from pathlib import Path

import pytest

from experiments.lab.storage import read_json
from experiments.registry import EXPERIMENTS

KEPT = (
    Path(importlib.import_module("experiments.registry").__file__).parent / "results/microcircuit"
)
FOLDERS = sorted(path.parent for path in KEPT.glob("*/result.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_page_is_rebuilt_from_the_committed_numbers(folder, tmp_path):
    module = importlib.import_module(
        EXPERIMENTS[read_json(folder / "config.json")["experiment"]].module
    )
    assert sum(file.stat().st_size for file in folder.iterdir()) < 300_000
    again = tmp_path / folder.name
    shutil.copytree(folder, again, ignore=shutil.ignore_patterns("*.png"))
    page = module.draw(again)
    assert page.is_file()
    drawn = {file.name for file in again.glob("*.png")}
    assert drawn == {file.name for file in folder.glob("*.png")}
    notes = " ".join((KEPT / "notes.md").read_text().split())
    for sentence in module.sentences(read_json(folder / "result.json")):
        assert " ".join(sentence.split()) in notes
