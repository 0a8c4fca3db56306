"""`tuft run`: every experiment's configuration reads back, and a run repeats to the digit."""

import dataclasses
import importlib
import re

import pytest

from experiments.cli import main
from experiments.lab.read_back import read_back
from experiments.lab.storage import read_json, write_json
from experiments.registry import EXPERIMENTS

WITH_DEFAULTS = [
    name
    for name, entry in EXPERIMENTS.items()
    if all(
        field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        for field in dataclasses.fields(importlib.import_module(entry.module).Config)
    )
]


@pytest.mark.parametrize("name", WITH_DEFAULTS)
def test_every_configuration_reads_back(tmp_path, name):
    config = importlib.import_module(EXPERIMENTS[name].module).Config()
    write_json(tmp_path / "config.json", config)
    saved = read_json(tmp_path / "config.json")
    assert saved.pop("experiment") == name
    assert read_back(type(config), saved, "config.json") == config


def test_a_run_repeats_to_the_digit(tmp_path, capsys):
    options = ["--only", "paper", "--sizes", "4", "3", "2", "--steps", "8", "--out", str(tmp_path)]
    assert main(["equivalence", *options]) == 0
    assert main(["run", str(tmp_path / "equivalence" / "config.json")]) == 0
    first, second = (
        read_json(tmp_path / name / "result.json") for name in ("equivalence", "equivalence-run2")
    )
    for timed in (first, *first["rows"], second, *second["rows"]):
        assert timed.pop("seconds")
    assert first == second


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "must hold a JSON object, holds list"),
        ("{}", "no configuration of an experiment"),
        ('{"experiment": "verifi"}', "Did you mean 'verify'"),
        ('{"experiment": "verify", "seed": "3"}', "expected int, got '3'.*seed"),
        ('{"experiment": "verify", "sead": 3}', "unknown: sead"),
        ('{"experiment": "remedies", "etas": [0.1, "x"]}', "expected a number, got 'x'"),
        ('{"experiment": "remedies", "seeds": 0}', "seeds must be"),
        ('{"experiment": "remedies", "etas": null}', "a list in square brackets, got None.*etas"),
        ('{"experiment": "remedies", "etas": "0.1"}', "a list in square brackets, got '0.1'"),
        ('{"experiment": "traces", "digits": [1]}', r"a list of 2, got \[1\].*digits"),
        ('{"experiment": "train", "training": null}', "names and values in braces, got None"),
        ('{"experiment": "traces", "out": null}', "the path of a file or folder, got None.*out"),
        ('{"experiment": "traces", "out": "a\\u0000b"}', r"the path of .*got 'a\\x00b'.*out"),
        ('{"experiment": "traces", "name": "a\\u0000b"}', r"name must be .*got 'a\\x00b'"),
        ('{"experiment": "traces", "name": "\\ud800"}', r"name must be .*got '\\ud800'"),
        (f'{{"experiment": "traces", "name": "{"x" * 999}"}}', "name must be the plain name of"),
        (f'{{"experiment": {"[" * 100_000}', "nested too deep"),
        (f'{{"experiment": "verify", "seed": {"9" * 5000}}}', "of 5000 digits is too long"),
        (f'{{"experiment": "remedies", "etas": {"[" * 900}{"]" * 900}}}', "expected a number"),
        ('{"experiment": "run", "file": "config.json"}', "asks for 'run'"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "config.json"
    path.write_text(content)
    assert main(["run", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert re.search(message, said), said


def test_a_folder_is_no_configuration(tmp_path, capsys):
    assert main(["run", str(tmp_path)]) == 2
    said = f"tuft: {tmp_path} is a folder; name a file in it, such as {tmp_path}/config.json.\n"
    assert capsys.readouterr().err == said
