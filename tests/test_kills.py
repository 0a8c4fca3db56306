"""Killed runs lose nothing, and nothing that is damaged is resumed."""

import pytest
from kills import RUNS, WRONG, measured


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_runs_end_as_undisturbed_ones_and_no_flipped_bit_is_accepted():
    found = measured(kills=2 * len(RUNS), flipped=2 * len(RUNS), seed=0)
    assert found["kills"] == 2 * len(RUNS)
    assert {name: found[name] for name in WRONG} == dict.fromkeys(WRONG, 0)
