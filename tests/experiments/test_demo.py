"""``tuft demo`` end to end, on its smallest configuration."""

import re
from dataclasses import replace
from functools import cached_property

from experiments import demo
from experiments.lab.runner import run


class Coarse(demo.Config):
    """With traces at ten times the time step."""

    @cached_property
    def parts(self):
        show, hold = super().parts
        return replace(show, dt="1ms"), hold


def test_demo_makes_a_page_whose_links_exist(tmp_path, capsys):
    config = Coarse(presentations=4, sweep_presentations=2, codegen="numpy", jobs=1, out=tmp_path)
    run(demo, config)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]  # no sweep is kept
    folder = tmp_path / "demo"
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[-1] == str(folder / "index.html")
    links = re.findall(r'(?:src|href)="([^"#:]+)"', (folder / "index.html").read_text())
    assert len(links) > 10
    assert [link for link in links if not (folder / link).exists()] == []
