"""Pages: escaped text, links that exist, numbers as readers write them."""

import os
import re
from urllib.parse import unquote_to_bytes, urlsplit

import numpy as np
import pytest

from experiments.lab.storage import write_json
from experiments.report.figure_style import new_figure, save_figure
from experiments.report.page import FellShort, PageTable, Picture, Section, shown, write_page


@pytest.fixture
def folder(tmp_path):
    figure = new_figure(3, 2)
    figure.subplots().plot([0, 1])
    save_figure(figure, tmp_path, "lines")
    write_json(tmp_path / "config.json", {"seed": 0})
    write_json(tmp_path / "result.json", {"versions": {"numpy": "2 <b>"}})
    (tmp_path / "traces.nc").write_bytes(b"x" * 2_400_000)
    (tmp_path / "part").mkdir()
    np.savez(tmp_path / "part" / "weights_initial.npz", W0=np.zeros((1, 1)))
    return tmp_path


def linked(text):
    return re.findall(r'(?:src|href)="([^"]+)"', text)


def test_page_holds_everything_and_its_links_exist(folder):
    sections = [
        Section(
            "A <title>",
            ["Use `tuft <x>` & more."],
            [Picture("lines", 'Caption "quoted"')],
            [PageTable(["name", "value"], [["a & b", 0.123456], ["c", None]], "A table")],
        ),
        FellShort(text=["It did not <settle>."]),
    ]
    path = write_page(folder, "Title & more", ["First sentence."], sections)
    text = path.read_text(encoding="utf-8")
    assert {
        "lines.png",
        "lines.pdf",
        "config.json",
        "result.json",
        "traces.nc",
        "part/weights_initial.npz",
    } == set(linked(text))
    assert all((folder / link).exists() for link in linked(text))
    for piece in (
        "<h1>Title &amp; more</h1>",
        "<p>First sentence.</p>",
        "<h2>A &lt;title&gt;</h2>",
        "<code>tuft &lt;x&gt;</code> &amp; more.",
        'alt="Caption &quot;quoted&quot;"',
        '<td class="number">0.123</td>',
        "What fell short",
        "It did not &lt;settle&gt;.",
        "2 &lt;b&gt;",
        "2 MB",
        'width="450" height="300"',
        "prefers-color-scheme: dark",
    ):
        assert piece in text, piece
    assert text.index("First sentence") < text.index("A &lt;title&gt;")
    assert "http" not in text
    assert "<script" not in text


NAMES = ["javascript:alert(1).nc", 'a" onclick="alert(1).nc', "<b>&amp;?x=1#y%41.npz", "é .nc"]


@pytest.mark.parametrize("name", [*NAMES, b"\xff.npz"])
def test_names_of_files_are_quoted(tmp_path, name):
    (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    text = write_page(tmp_path, "Title", "Lead", []).read_text(encoding="utf-8")
    (link,) = linked(text)
    assert urlsplit(link)._replace(path="") == ("", "", "", "", "")  # a path, and nothing else
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", link)
    assert os.fsdecode(unquote_to_bytes(link)) == os.fsdecode(name)
    assert text.count("<b>") == 0


def test_a_figure_that_is_missing_is_named(folder):
    section = Section("Title", pictures=[Picture("curves", "Caption")])
    with pytest.raises(FileNotFoundError, match=r"no figure curves\.png"):
        write_page(folder, "Title", "Lead", [section])
    assert not (folder / "index.html").exists()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.14159, "3.14"),
        (0.000123, "0.000123"),
        (1.14e-12, "1.14 × 10⁻¹²"),
        (2.69e8, "2.69 × 10⁸"),
        (-5e-9, "−5.00 × 10⁻⁹"),
        (9.999e-5, "1.00 × 10⁻⁴"),
        (12345.6, "12,346"),
        (-0.5, "−0.500"),
        (0.0, "0"),
        (1437, "1,437"),
        (-3, "−3"),
        (np.int64(7), "7"),
        (np.float32(0.5), "0.500"),
        (True, "yes"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        ("text", "text"),
    ],
)
def test_values_as_a_page_shows_them(value, text):
    assert shown(value) == text
