"""Measurements with labels: rows as a Dataset, chosen by label."""

import numpy as np

from experiments.lab.labelled import chosen, different, labelled

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


def test_whole_numbers_stay_whole():
    assert POINTS.ratio.dtype.kind == "i"
