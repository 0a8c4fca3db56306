"""``tuft verify``: a link that does not hold is an error."""

import pytest

from experiments import verify
from experiments.lab.runner import run


def test_links_that_cost_nothing_hold():
    links = list(verify.backprop(0))
    assert len(links) == 8
    assert all(link.holds for link in links)


def test_settling_of_a_target_that_switches_is_not_the_erlang_residual_of_seven_stages():
    links = list(verify.settling(1))
    assert all(link.holds for link in links)
    last = links[-1].claim
    assert "switching target" in last
    off = float(last.split("off the 7 stages by ")[1].split(":")[0])
    assert off > 0.1  # two stages of four and seven differ by 0.50 at most; this is a share of it


def test_a_link_out_of_tolerance_does_not_hold():
    assert not verify.Link("claim", 2e-8, 1e-8, "").holds
    assert not verify.Link("claim", float("nan"), 1e-8, "").holds


def test_a_broken_link_is_named(tmp_path, monkeypatch, capsys):
    broken = {"0 nothing": lambda seed: iter([verify.Link("1 = 2", 1.0, 0.1, "none")])}
    monkeypatch.setattr(verify, "CHECKS", broken)
    with pytest.raises(ArithmeticError, match="1 links do not hold: 1 = 2"):
        run(verify, verify.Config(out=tmp_path))
    assert "FAILS" in capsys.readouterr().out
    assert (tmp_path / "verify" / "result.json").exists()


@pytest.mark.slow
def test_every_link_holds(tmp_path, capsys):
    run(verify, verify.Config(out=tmp_path))
    assert "links hold" in capsys.readouterr().out
