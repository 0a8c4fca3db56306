"""A results folder as one page: ``index.html``, with no script and nothing from the network."""

import html
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from experiments.lab.storage import read_json, write_text
from experiments.report.glossary import glossary_html
from experiments.report.page_style import CSS

FILES = {
    "config.json": "the complete configuration",
    "result.json": "every number of this page",
}
"""Files that a page links to under these words; traces and weights are found by their suffix."""

FILE_KINDS = {".nc": "traces (netCDF)", ".npz": "arrays (NumPy)"}

BRIEF = 24
"""Cells of a table with fewer characters than this are not broken into lines."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Picture:
    """A figure that :func:`~experiments.report.figure_style.save_figure` wrote, by its name."""

    name: str
    caption: str


@dataclass(frozen=True)
class PageTable:
    """Rows of numbers or text under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page: paragraphs, then figures, then tables.

    Parameters
    ----------
    title : str
        Its heading.
    text : sequence of str
        Paragraphs; what stands between backticks is set as code, ``[words](folder/page.html)`` as
        a link. Both also in tables.
    pictures : sequence of Picture
        Figures in the results folder.
    tables : sequence of PageTable
        Numbers, from ``result.json``.
    """

    title: str
    text: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[PageTable] = ()


@dataclass(frozen=True)
class FellShort(Section):
    """What failed or fell short; stands out from the other sections."""

    title: str = "What fell short"


def shown(value: object, digits: int = 3) -> str:
    """A value as a page shows it: ``3.1 × 10⁻⁹``, ``1,437``, ``0.952``, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{int(value):,}".replace("-", "−")
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    if not math.isfinite(number):
        return "–" if math.isnan(number) else ("∞" if number > 0 else "−∞")
    if number == 0:
        return "0"
    power = math.floor(math.log10(abs(number)))
    if -4 <= power < 6:
        text = f"{number:,.{max(digits - 1 - power, 0)}f}"
        return text.replace("-", "−")
    mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}".replace("-", "−")


def write_page(
    folder: Path, title: str, lead: str | Sequence[str], sections: Sequence[Section]
) -> Path:
    """Write ``folder/index.html``; returns its path.

    Parameters
    ----------
    folder : Path
        A results folder: its figures, ``config.json``, ``result.json``, traces and weights are
        linked by their names, so that the folder can be moved as a whole.
    title : str
        The heading.
    lead : str or sequence of str
        The result, in sentences; stands first.
    sections : sequence of Section
        What follows. All text is escaped.

    Raises
    ------
    FileNotFoundError
        For a figure that is not in the folder.
    """
    sentences = [lead] if isinstance(lead, str) else list(lead)
    body = [
        "<header>",
        f"<h1>{_text(title)}</h1>",
        '<div class="lead">',
        *(f"<p>{_text(sentence)}</p>" for sentence in sentences),
        "</div>",
        "</header>",
        *(_section(folder, section) for section in sections),
    ]
    body += [glossary_html("\n".join(body)), _files(folder)]
    write_text(
        folder / "index.html", _PAGE.format(title=html.escape(title), css=CSS, body="\n".join(body))
    )
    return folder / "index.html"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _text(text: str) -> str:
    unbroken = re.sub(r" ([−×±]) ", "\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", html.escape(text))
    linked = re.sub(r"\[([^\[\]]+)\]\(([\w./-]+\.html)\)", r'<a href="\2">\1</a>', unbroken)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", linked)


def link_to(name: str) -> str:
    """A file's name, relative to the page, as a link: no part of it is a scheme, query or tag."""
    return quote(os.fsencode(name), safe="/")


def _section(folder: Path, section: Section) -> str:
    kind = ' class="short"' if isinstance(section, FellShort) else ""
    parts = [f"<section{kind}>", f"<h2>{_text(section.title)}</h2>"]
    parts += [f"<p>{_text(paragraph)}</p>" for paragraph in section.text]
    parts += [_picture(folder, picture) for picture in section.pictures]
    parts += [_table(table) for table in section.tables]
    return "\n".join([*parts, "</section>"])


def _picture(folder: Path, picture: Picture) -> str:
    name = link_to(picture.name)
    for suffix in ("png", "pdf"):
        if not (folder / f"{picture.name}.{suffix}").exists():
            raise FileNotFoundError(
                f"Page: there is no figure {picture.name}.{suffix} in {folder}."
            )
    width, height = _size(folder / f"{picture.name}.png")
    alt = html.escape(picture.caption)
    return (
        f'<figure><a href="{name}.png"><img src="{name}.png" alt="{alt}" width="{width}" '
        f'height="{height}" loading="lazy"></a>\n'
        f'<figcaption>{_text(picture.caption)} <a class="file" href="{name}.pdf">PDF</a>'
        "</figcaption></figure>"
    )


def _size(png: Path) -> tuple[int, int]:
    """Width and height from a PNG's header."""
    with png.open("rb") as file:
        header = file.read(24)
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")


def _table(table: PageTable) -> str:
    head = "".join(f'<th scope="col">{_text(str(cell))}</th>' for cell in table.header)
    rows = "\n".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in table.rows)
    caption = f"<caption>{_text(table.caption)}</caption>" if table.caption else ""
    return (
        f'<div class="table"><table>{caption}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def _cell(value: object) -> str:
    numeric = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    text = shown(value)
    kind = "number" if numeric or value is None else "brief" if len(text) < BRIEF else "long"
    return f'<td class="{kind}">{_text(text)}</td>'


def _files(folder: Path) -> str:
    """Links to what the page was made from, with sizes, and the versions behind it."""
    found = [
        (path, words)
        for place in (folder, *sorted(path for path in folder.iterdir() if path.is_dir()))
        for path, words in _made_from(place)
    ]
    items = [_file(path.relative_to(folder).as_posix(), path, words) for path, words in found]
    result = read_json(folder / "result.json") if (folder / "result.json").exists() else {}
    versions = result.get("versions", {}) if isinstance(result, dict) else {}
    made = ", ".join(f"{html.escape(str(k))} {html.escape(str(v))}" for k, v in versions.items())
    again = "<p>Again: <code>tuft run config.json</code> in this folder.</p>"
    has_config = (folder / "config.json").exists()
    foot = (again if has_config else "") + (f'<p class="made">{made}</p>' if made else "")
    return f"<footer>\n<h2>Files</h2>\n<ul>\n{chr(10).join(items)}\n</ul>\n{foot}\n</footer>"


def _made_from(place: Path) -> list[tuple[Path, str]]:
    found = [(place / name, words) for name, words in FILES.items() if (place / name).exists()]
    for suffix, words in FILE_KINDS.items():
        found += [(path, words) for path in sorted(place.glob(f"*{suffix}"))]
    return found


def _file(link: str, path: Path, words: str) -> str:
    name = html.escape(link.encode("utf-8", "replace").decode("utf-8"))  # a name may be no UTF-8
    size = _bytes(path.stat().st_size)
    return (
        f'<li><a href="{link_to(link)}"><code>{name}</code></a> {html.escape(words)}, {size}</li>'
    )


def _bytes(size: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000 or unit == "MB":
            break
        size = round(size / 1000)
    return f"{size:,} {unit}"
