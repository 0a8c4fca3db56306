"""Every example of the README runs, and every command that it names exists."""

import math
import re
from pathlib import Path

from experiments.lab.storage import read_json
from experiments.registry import EXPERIMENTS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python_examples_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = blocks("python")
    assert len(examples) == 3
    names = {}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
    assert (tmp_path / "cell.png").stat().st_size > 10_000
    assert names["run"].weights.shapes == names["discrete"].shapes
    assert "is not local" in capsys.readouterr().out


def test_commands_exist():
    named = set(re.findall(r"^tuft ([a-z-]+)", "\n".join(blocks("sh")), flags=re.MULTILINE))
    assert named
    assert named - {"list"} <= set(EXPERIMENTS)


def test_its_numbers_are_those_of_the_committed_comparison():
    """`make demo` learns what `tuft compare` does; its record is the one that is committed."""
    record = read_json(ROOT / "experiments" / "results" / "continuous" / "compare" / "result.json")
    ours, theirs = (100 * record["accuracy"][k]["test"] for k in ("continuous", "discrete"))
    words = " ".join(README.split())
    assert f"After {record['presentations']:,} presentations" in words
    assert f"{ours:.1f} % of 360 test digits and Algorithm 1 {theirs:.1f} % (one seed)" in words
    apart = 100 * max(record["weight_distance"].values())
    assert f"at most {math.ceil(10 * apart) / 10:.1f} % of their change apart" in words


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)  ", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_pictures_and_folders_exist():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path
