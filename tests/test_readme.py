"""Every example of the README runs, and every command that it names exists."""

import re
from pathlib import Path

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
    named = set(re.findall(r"^tuft ([a-z]+)", "\n".join(blocks("sh")), flags=re.MULTILINE))
    assert named
    assert named - {"list"} <= set(EXPERIMENTS)


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)  ", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_pictures_and_folders_exist():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path
