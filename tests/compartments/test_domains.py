"""Domains of options: what is inside, what is refused, and in which words."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compartments.domains import (
    Count,
    Positive,
    check_fields,
    check_value,
    such_that,
    words,
)

Even = Annotated[int, such_that("an even number", lambda value: value % 2 == 0)]


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        (Positive, 1),
        (Positive | None, None),
        (Even, 4),
        (Literal["a", "b"] | None, "b"),
        (tuple[Count, ...], (1, 2)),
        (tuple[Count, ...], ()),
        (bool, False),
        (Path, Path("x")),
    ],
)
def test_what_is_inside_passes(domain, value):
    check_value("Options", "field", value, domain)


@pytest.mark.parametrize(
    ("domain", "value", "message"),
    [
        (Even, 3, "Options: field must be an even number, got 3."),
        (Positive | Literal["auto"], 0, "field must be a finite number above 0 or 'auto', got 0."),
        (bool, "no", "field must be True or False, got 'no'."),
        (bool, 1, "field must be True or False, got 1."),
        (float, True, "field must be a number, got True."),
        (str, None, "field must be text, got None."),
        (Path, "x", "field must be a Path, got 'x'."),
        (tuple[Count, ...], "12", "field must be a tuple, each entry a whole number of 1 or more"),
        (Literal["linear"], "linaer", "got 'linaer'. Did you mean 'linear'?"),
    ],
)
def test_what_is_outside_is_refused_in_words(domain, value, message):
    with pytest.raises(ValueError, match="Options: field must be") as caught:
        check_value("Options", "field", value, domain)
    assert message in str(caught.value)


def test_every_entry_of_a_tuple_is_looked_at():
    for place in range(50):
        entries = [1] * 50
        entries[place] = 0
        with pytest.raises(ValueError, match="each entry a whole number of 1 or more"):
            check_value("", "sizes", tuple(entries), tuple[Count, ...])


@given(st.floats() | st.integers() | st.booleans() | st.none() | st.text())
def test_a_positive_number_is_what_arithmetic_says(value):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        check_value("", "x", value, Positive)
        inside = True
    except ValueError:
        inside = False
    assert inside == (number and 0 < value < math.inf)


def test_fields_of_a_frozen_dataclass_are_checked_when_it_is_made_and_replaced():
    @dataclass(frozen=True)
    class Described:
        rate: Positive = 1.0

        def __post_init__(self) -> None:
            check_fields(self)

    assert replace(Described(), rate=2).rate == 2
    with pytest.raises(ValueError, match="Described: rate must be a finite number above 0, got -1"):
        replace(Described(), rate=-1)


def test_a_domain_is_said_in_words():
    assert words(Literal["a", "b", "c"] | None) == "'a', 'b' or 'c' or None"


def test_every_entry_of_tuples_and_mappings_is_checked_and_none_by_chance():
    state = random.getstate()
    domain = Mapping[tuple[str, str], tuple[str, ...]]
    good = {(str(k), "b"): ("c",) * 3 for k in range(50)}
    check_value("Here", "value", good, domain)
    for bad in ({("a", "b"): ("c", 3)}, {("a",): ("c",)}, {("a", 2): ()}):
        with pytest.raises(ValueError, match="Here: value must be"):
            check_value("Here", "value", {**good, **bad}, domain)
    assert random.getstate() == state
