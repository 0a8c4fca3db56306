"""``tuft draw``: figures and pages anew, from saved numbers alone."""

from pathlib import Path

import pytest

from experiments.cli import main
from experiments.lab.storage import read_json, write_json

TRAINED = ["--datasets", "digits", "--rules", "bp", "--seeds", "0", "--epochs", "1"]

SMALL = {
    "traces": ["--sizes", "64", "5", "10", "--presentation", "60ms", "--dt", "1ms"],
    "equivalence": ["--only", "paper", "--sizes", "4", "3", "2", "--steps", "8"],
    "table": TRAINED,
}
"""Experiments that draw, as small as they get."""


def drawn(folder: Path) -> list[Path]:
    """The files that are not numbers."""
    return [path for path in folder.iterdir() if path.suffix in (".png", ".pdf", ".html", ".md")]


@pytest.mark.parametrize("name", SMALL)
def test_what_was_drawn_is_drawn_again(tmp_path, capsys, name):
    assert main([name, *SMALL[name], "--out", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    assert read_json(folder / "config.json")["experiment"] == name
    before = {path: path.read_bytes() for path in drawn(folder)}
    assert before
    for path in before:
        path.unlink()
    capsys.readouterr()
    assert main(["draw", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    assert {path: path.read_bytes() for path in drawn(folder)} == before


def test_numbers_of_another_version(tmp_path, capsys):
    write_json(tmp_path / "config.json", {"experiment": "equivalence"})
    write_json(tmp_path / "result.json", {"lines": []})
    assert main(["draw", str(tmp_path)]) == 2
    assert f"The numbers in {tmp_path} lack 'rows'; this" in capsys.readouterr().err


@pytest.mark.parametrize("rows", [3, [3], [None], ["x"]])
def test_numbers_of_wrong_types(tmp_path, capsys, rows):
    write_json(tmp_path / "config.json", {"experiment": "equivalence"})
    write_json(tmp_path / "result.json", {"rows": rows})
    assert main(["draw", str(tmp_path)]) == 2
    assert f"The numbers in {tmp_path} are not what this version draws" in capsys.readouterr().err


@pytest.mark.parametrize("run", [3, None, {"column": "digits mlp-digits"}])
def test_a_record_of_wrong_types(tmp_path, capsys, run):
    path = tmp_path / "digits-mlp-digits" / "digits-mlp-digits__bp__seed0.json"
    path.parent.mkdir()
    write_json(path, {"run": run})
    assert main(["table", "--rules", "bp", "--seeds", "0", "--out", str(tmp_path)]) == 2
    assert f"{path} is no record of a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "is no results folder: there is no config.json in it."),
        ({"seed": 0}, 'Add the line "experiment": "NAME" to it, such as "traces" or "compare".'),
        ({"experiment": "trases"}, "Unknown experiment 'trases'. Did you mean 'traces'?"),
        ({"experiment": "transfer"}, "tuft transfer draws no figures; its numbers are in"),
    ],
)
def test_a_folder_that_cannot_be_drawn(tmp_path, capsys, config, message):
    if config is not None:
        write_json(tmp_path / "config.json", config)
    assert main(["draw", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
