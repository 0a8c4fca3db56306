"""Times as texts."""

import pytest
from brian2 import ms, second

from experiments.lab.quantities import duration


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
