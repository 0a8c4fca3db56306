"""Quantities as texts."""

import pytest
from brian2 import Hz, metre, ms, mV, nS, pA, second, siemens

from experiments.lab.quantities import duration, quantity


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("400ms", 400),
        ("0.4 s", 400),
        (" .5ms ", 0.5),
        ("1e-1ms", 0.1),
        ("250us", 0.25),
        ("250µs", 0.25),
        ("2min", 120_000),
    ],
)
def test_times_with_units(text, expected_ms):
    found = duration("presentation", text)
    assert found.dim is second.dim
    assert float(found / ms) == pytest.approx(expected_ms, rel=1e-15)  # one rounding


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("400", "presentation: '400' has no unit; write 400ms or 400s"),
        ("400msec", "Unknown unit of time 'msec'.*Valid: min, ms, s, us"),
        ("ms", "expected a time with its unit, such as 400ms, got 'ms'"),
        ("", "expected a time with its unit"),
        ("4 0ms", "expected a time with its unit"),
        ("nan ms", "expected a time with its unit"),
        ("1e999s", "must be positive, got '1e999s'"),
        ("-1ms", "must be positive, got '-1ms'"),
        ("0ms", "must be positive"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        duration("presentation", text)


def test_zero_where_it_is_allowed():
    assert duration("lag", "0ms", zero_allowed=True) == 0 * ms
    with pytest.raises(ValueError, match="lag: must be 0 or more"):
        duration("lag", "-1ms", zero_allowed=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-65mV", -65 * mV),
        ("2 nS", 2 * nS),
        ("3*pA", 3 * pA),
        ("10Hz", 10 * Hz),
        ("0.1/ms", 0.1 / ms),
        ("0.03/ms**0.5", 0.03 / ms**0.5),
        ("1.5 siemens/metre**2", 1.5 * siemens / metre**2),
        ("0ms", 0 * ms),
        ("2s", 2 * second),
    ],
)
def test_a_number_with_a_unit_is_a_quantity(text, expected):
    found = quantity("leak", text)
    assert found.dim is expected.dim
    assert float(found) == pytest.approx(float(expected), rel=1e-15)  # one rounding


@pytest.mark.parametrize("text", ["plus", "0.5", "mV", "", "-", "look-ahead"])
def test_a_text_without_number_or_unit_is_no_quantity(text):
    assert quantity("leak", text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2mVolt", "leak: Unknown unit 'mVolt'.* Did you mean"),
        ("1e999mV", "leak: the number of '1e999mV' is not finite"),
        ("2mV*", "leak: expected a unit such as"),
    ],
)
def test_a_quantity_that_cannot_be_read_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        quantity("leak", text)
