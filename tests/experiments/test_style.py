"""Figures: no global settings, files whole or not at all."""

import matplotlib as mpl
import numpy as np
import pytest

from experiments.report import figure_style as look


def drawn():
    figure = look.new_figure(3, 2)
    with look.style():
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=look.COLOURS["u"])
        axes.plot([0, 1], [0, 1], **look.THEORY)
        look.shade_target(axes, 0, 0.5)
        look.mark_switch(axes, 0.5)
    return figure


def test_settings_hold_within_the_block_only():
    before = dict(mpl.rcParams)
    with look.style():
        assert mpl.rcParams["axes.spines.top"] is False
    assert dict(mpl.rcParams) == before


def test_png_and_pdf_are_written_and_the_figure_is_closed(tmp_path):
    figure = drawn()
    path = look.save_figure(figure, tmp_path, "lines")
    assert path == tmp_path / "lines.png"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["lines.pdf", "lines.png"]
    png = path.read_bytes()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 3 * 150
    assert (tmp_path / "lines.pdf").read_bytes().startswith(b"%PDF")
    assert figure.axes == []


def test_the_same_figure_gives_the_same_files(tmp_path):
    for name in ("one", "two"):
        look.save_figure(drawn(), tmp_path, name)
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (
            tmp_path / f"two.{suffix}"
        ).read_bytes()


def test_nothing_half_written_on_a_full_disk(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        look.save_figure(drawn(), tmp_path, "lines")
    assert list(tmp_path.iterdir()) == []


def test_compartments_have_colours_that_differ_in_brightness_too():
    rgb = np.array([mpl.colors.to_rgb(colour) for colour in look.COLOURS.values()])
    assert len(np.unique(rgb, axis=0)) == 5
    assert set(look.COMPARTMENT_LABELS) == set(look.COLOURS)


def test_limits_are_never_empty():
    assert look.padded(0, 0)[0] < 0 < look.padded(0, 0)[1]
    low, high = look.padded(-1, 1)
    assert low == pytest.approx(-1.16)
    assert high == pytest.approx(1.16)


def test_layers_have_readable_names():
    assert [look.label_layer(n) for n in ("hidden1", "hidden12", "output")] == [
        "hidden 1",
        "hidden 12",
        "output",
    ]


def test_every_line_has_a_look_of_its_own():
    found = look.looks(str(k) for k in range(21))
    assert len({tuple(one.values()) for one in found.values()}) == 21
