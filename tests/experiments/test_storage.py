"""Results on disk: whole or not at all, never over an older result."""

import errno
import json
import os
import shutil
import stat
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from compartments.arrays import save_arrays
from experiments.cli import main
from experiments.lab.storage import RunFolder, latest, read_json, versions, write_json, write_text


def test_folder_appears_when_its_block_ends_well(tmp_path):
    parent = tmp_path / "a" / "runs"
    with RunFolder(parent, "demo") as run:
        write_text(run.path / "note.txt", "hello")
        assert not (parent / "demo").exists()
    assert run.path == parent / "demo"
    assert (parent / "demo" / "note.txt").read_text() == "hello"
    assert [item.name for item in parent.iterdir()] == ["demo"]


def test_older_results_are_kept(tmp_path):
    for text in ("first", "second", "third"):
        with RunFolder(tmp_path, "demo") as run:
            write_text(run.path / "note.txt", text)
    assert (tmp_path / "demo" / "note.txt").read_text() == "first"
    assert latest(tmp_path, "demo") == run.path == tmp_path / "demo-run3"


@pytest.mark.parametrize(("mask", "folder", "file"), [(0o077, 0o700, 0o600), (0, 0o777, 0o666)])
def test_the_users_umask_is_kept_to(tmp_path, mask, folder, file):
    before = os.umask(mask)
    try:
        with RunFolder(tmp_path, "demo") as run:
            write_text(run.path / "note.txt", "hello")
    finally:
        os.umask(before)
    assert stat.S_IMODE(run.path.stat().st_mode) == folder
    assert stat.S_IMODE((run.path / "note.txt").stat().st_mode) == file


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_after_an_error(tmp_path, error):
    def stopped():
        with RunFolder(tmp_path / "a" / "runs", "demo") as run:
            write_text(run.path / "note.txt", "half")
            raise error

    with pytest.raises(error):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_existed_stays_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="wrong"), RunFolder(tmp_path, "demo"):
        raise ValueError("wrong")
    assert tmp_path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_noticed_before_anything_begins(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(100, 99, 1_000_000))
    with (
        pytest.raises(OSError, match=r"1\.0 MB are free, about 5\.0 MB are needed.*--out"),
        RunFolder(tmp_path / "runs", "demo"),
    ):
        pytest.fail("began")
    assert list(tmp_path.iterdir()) == []
    with RunFolder(tmp_path / "runs", "demo", estimated_bytes=500_000):
        pass


@pytest.mark.parametrize("name", ["", "..", "a/b", "/a"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match="plain name of a folder"):
        RunFolder(tmp_path, name)


def test_a_file_is_not_half_written_on_a_full_disk(tmp_path, monkeypatch):
    write_text(tmp_path / "note.txt", "old")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(tmp_path / "note.txt", "new")
    assert (tmp_path / "note.txt").read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["note.txt"]


def test_json_holds_plain_values(tmp_path):
    @dataclass
    class Config:
        out: Path
        sizes: tuple[int, ...]

    value = {
        "config": Config(Path("runs"), (1, 2)),
        "array": np.array([[1.5, np.nan]]),
        "scalar": np.float64(2.5),
        "infinite": float("inf"),
        "flag": np.bool_(True),
    }
    write_json(tmp_path / "result.json", value)
    assert read_json(tmp_path / "result.json") == {
        "config": {"out": "runs", "sizes": [1, 2]},
        "array": [[1.5, None]],
        "scalar": 2.5,
        "infinite": None,
        "flag": True,
    }
    json.loads((tmp_path / "result.json").read_text())


def test_json_with_a_flipped_bit_is_not_read(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"rows": [0.5, 1e-05, None], "name": "ξ"})
    content = path.read_bytes()
    for place in range(0, 8 * len(content), 11):  # every bit of a byte, every eleventh in all
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match=r"result\.json .*SHA-256 digest.* Delete it to make"):
            read_json(path)


def test_json_of_other_kinds_is_named(tmp_path):
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"config\.json must hold a JSON object, holds list"):
        read_json(tmp_path / "config.json")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json holds no JSON"):
        read_json(tmp_path / "config.json")


def test_what_was_edited_is_read_once_it_is_sealed(tmp_path, capsys):
    write_json(tmp_path / "config.json", {"seed": 0})
    (tmp_path / "in").mkdir()
    write_json(tmp_path / "in" / "empty.json", {})
    save_arrays(tmp_path / "in" / "arrays.npz", {})
    (tmp_path / "in" / "old.json").write_text('{"of": "an older version"}')
    with pytest.raises(ValueError, match=r"carries no SHA-256 digest.*tuft seal .*old\.json"):
        read_json(tmp_path / "in" / "old.json")
    assert main(["seal", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "3 files carry their digests.\n"
    assert read_json(tmp_path / "in" / "old.json") == {"of": "an older version"}
    assert read_json(tmp_path / "config.json") == {"seed": 0}


@pytest.mark.parametrize("error", [TypeError, KeyboardInterrupt])
def test_numbers_that_are_complete_are_kept_where_drawing_ends_badly(tmp_path, error):
    def stopped():
        with RunFolder(tmp_path, "demo") as run:
            write_text(run.path / "note.txt", "numbers")
            run.keep()
            raise error("why")

    expected = ValueError if error is TypeError else error
    with pytest.raises(expected, match=r"The numbers are in .*; `tuft draw .*demo` draws"):
        stopped()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_what_killed_runs_left_is_cleaned_when_one_begins(tmp_path):
    (tmp_path / ".demo.tuft-01234567").mkdir()
    with RunFolder(tmp_path, "compare"), RunFolder(tmp_path, "demo"):
        assert len(list(tmp_path.iterdir())) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"compare", "demo"}


def test_latest_without_results(tmp_path):
    with pytest.raises(FileNotFoundError, match="No result named demo"):
        latest(tmp_path, "demo")


def test_versions_name_what_numbers_depend_on(monkeypatch):
    assert {"python", "brian2", "numpy", "torch"} <= set(versions())
    monkeypatch.setattr(torch, "__version__", "2.13.0+cu130")  # "2.13.0" in its metadata
    assert versions()["torch"] == "2.13.0+cu130"


RESULTS = Path(__file__).parents[2] / "experiments" / "results"


def test_every_record_that_is_part_of_the_project_can_be_continued_from():
    records = sorted(RESULTS.rglob("*__seed*.json"))
    assert records
    for path in records:
        read_json(path)
