"""Measurements with labels: rows as a Dataset, chosen by label."""

import numpy as np

from experiments.lab.labelled import best, chosen, different, groups, known, labelled, rows_of

ROWS = [
    {"remedy": "lag", "ratio": 5, "depth": None, "errors": [0.1, None], "by": {"W0": [1, 2]}},
    {"remedy": "none", "ratio": 2, "depth": 3, "errors": [0.3, 0.4], "by": {"W1": [3, 4]}},
    {"remedy": "lag", "ratio": 2, "theory": 0.5, "errors": [0.5, 0.6], "by": {"W0": [5, 6]}},
]
POINTS = labelled(
    ROWS, ("remedy", "ratio", "nothing"), errors=("switch",), by=("matrix", "seed")
)  # fmt: skip


def test_points_are_chosen_by_label_in_their_order():
    assert set(POINTS.coords) == {"remedy", "ratio", "matrix"}
    assert different(POINTS.remedy) == ["lag", "none"]
    assert chosen(POINTS, remedy="lag").ratio.values.tolist() == [5, 2]
    assert chosen(POINTS, remedy="lag", ratio=2).errors.values.tolist() == [[0.5, 0.6]]
    assert chosen(POINTS, remedy="both").sizes["point"] == 0


def test_what_is_absent_is_not_a_number():
    np.testing.assert_equal(POINTS.theory.values, [np.nan, np.nan, 0.5])
    np.testing.assert_equal(POINTS.depth.values, [np.nan, 3, np.nan])
    np.testing.assert_equal(POINTS.errors.values[0], [0.1, np.nan])
    by = POINTS.by.sel(matrix="W0").values
    np.testing.assert_equal(by, [[1, 2], [np.nan, np.nan], [5, 6]])


def test_what_has_no_dimensions_is_kept_as_it_is():
    kept = labelled([{"free": {"a": 1}, "edge": []}, {"free": {}, "edge": ["a"]}])
    assert kept.free.values.tolist() == [{"a": 1}, {}]
    assert kept.edge.values.tolist() == [[], ["a"]]


def test_dicts_of_several_names_share_their_keys():
    rows = [{"slope": {"initial": 1.0, "learned": 2.0}, "at_40": {}}]
    points = labelled(rows, slope=("state",), at_40=("state",))
    assert points.state.values.tolist() == ["initial", "learned"]
    assert points.at_40.isnull().all()
    assert labelled([{"at": None}], at=("varied",)).at.shape == (1, 0)


def test_rows_come_back_as_they_went():
    rows = [{"name": "a", "told": True, "n": 3, "sd": None}, {"name": "b", "told": False, "n": 4}]
    assert rows_of(labelled(rows)) == [rows[0], {**rows[1], "sd": None}]


def test_the_first_of_the_best_and_groups_in_order():
    points = labelled([{"k": "b", "x": 1.0}, {"k": "a", "x": None}, {"k": "b", "x": 1.0}])
    assert list(groups(points, "k")) == ["b", "a"]
    assert known(points, "x").sizes["point"] == 2
    assert best(points.assign(place=("point", [0, 1, 2])), "x").place == 0


def test_whole_numbers_stay_whole():
    assert POINTS.ratio.dtype.kind == "i"
