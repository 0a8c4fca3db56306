"""Kept results: done once, kept, and stopped with all their processes."""

import time
from pathlib import Path

import pytest

from experiments.lab.kept_results import KeptResults, cell_name


def squared(number):
    """A result; it fails for 3."""
    if number == 3:
        raise ValueError("three")
    return {"square": number**2}


def marked(place):
    """Says where it is done, and takes long."""
    place.with_suffix(".begun").touch()
    time.sleep(2)
    place.touch()


def test_names_tell_what_determines_a_result():
    names = [cell_name("none-5", given) for given in ({"eta": 0.1}, {"eta": 0.2}, {"eta": 0.1})]
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("none-5-")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order_and_only_new_ones_are_worked_for(jobs, tmp_path):
    cells = KeptResults(tmp_path / "kept")
    seen = []
    first = cells.results(squared, {"two": 2, "one": 1}, jobs, seen.append)
    assert first == [{"square": 4}, {"square": 1}]
    assert seen == [0, 0.5, 1]
    # 3 in the place of 2: had it been done again, it would have failed
    assert cells.results(squared, {"two": 3, "four": 4}, jobs) == [{"square": 4}, {"square": 16}]
    others = KeptResults(cells.folder)
    others.results(squared, {"one": 1}, jobs)
    others.forget()
    assert {path.name for path in cells.folder.iterdir()} == {"two.json", "four.json"}
    cells.forget()
    assert not cells.folder.exists()


def test_a_damaged_result_is_not_taken(tmp_path):
    KeptResults(tmp_path).results(squared, {"seven": 7})
    file = tmp_path / "seven.json"
    file.write_bytes(file.read_bytes().replace(b"49", b"48"))
    with pytest.raises(ValueError, match=r"seven\.json is damaged.* Delete it to make it anew"):
        KeptResults(tmp_path).results(squared, {"seven": 7})


def test_what_was_done_before_an_error_is_kept(tmp_path):
    cells = KeptResults(tmp_path)
    with pytest.raises(ValueError, match="three"):
        cells.results(squared, {"one": 1, "three": 3, "four": 4})
    assert cells.results(squared, {"one": 3}) == [{"square": 1}]


def test_stopping_ends_the_processes_at_once(tmp_path):
    places = {name: tmp_path / name for name in ("first", "second")}

    def stopping(fraction):  # as Ctrl-C would, when the first is done
        if fraction > 0:
            raise KeyboardInterrupt

    work = {"quick": tmp_path / "quick", **places}
    with pytest.raises(KeyboardInterrupt):
        KeptResults(tmp_path / "kept").results(begun_or_marked, work, 2, stopping)
    time.sleep(2.5)  # longer than they would have taken
    assert any(place.with_suffix(".begun").exists() for place in places.values())
    assert not any(place.exists() for place in places.values())


def begun_or_marked(place: Path):
    """Quick for one cell, after another has begun."""
    if place.name != "quick":
        return marked(place)
    while not place.with_name("first.begun").exists():
        time.sleep(0.01)
    return {}


def test_one_result_is_made_once(tmp_path):
    kept = KeptResults(tmp_path / "kept")
    assert kept.one("two", lambda: squared(2)) == {"square": 4}
    assert kept.one("two", lambda: squared(3)) == {"square": 4}  # made, it would fail


def test_results_are_kept_as_they_are_read_and_written(tmp_path):
    kept = KeptResults(tmp_path, Path.read_text, Path.write_text)
    assert kept.one("word", lambda: "left") == "left"
    assert kept.file("word").read_text() == "left"
