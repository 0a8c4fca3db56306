"""``tuft demo`` end to end, on its smallest configuration."""

import re
from dataclasses import replace

from experiments import demo


def test_demo_makes_a_page_whose_links_exist(tmp_path, capsys, monkeypatch):
    whole = demo.parts

    def coarse(config):  # traces at ten times the time step
        show, hold = whole(config)
        return replace(show, dt="1ms"), hold

    monkeypatch.setattr(demo, "parts", coarse)
    config = demo.Config(
        presentations=4, sweep_presentations=2, codegen="numpy", jobs=1, out=tmp_path
    )
    demo.main(config)
    folder = tmp_path / "demo"
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[-1] == str(folder / "index.html")
    links = re.findall(r'(?:src|href)="([^"#:]+)"', (folder / "index.html").read_text())
    assert len(links) > 10
    assert [link for link in links if not (folder / link).exists()] == []
