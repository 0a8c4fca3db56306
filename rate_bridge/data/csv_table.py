"""Columns of numbers from a comma-separated file with one header line."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from compartments.lookup import unknown_name

Array = Float[np.ndarray, "time column"]
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")


class Columns(NamedTuple):
    """Numbers of a file, the target in the last column.

    Attributes
    ----------
    values : array, (time, column)
    names : tuple of str
        Headers, in the order of the values' columns.
    left_out : tuple of str
        Headers of what was not read.
    """

    values: Array
    names: tuple[str, ...]
    left_out: tuple[str, ...]


def columns_of(
    where: str, content: bytes, target: str, columns: Sequence[str] | None = None
) -> Columns:
    """The columns ``columns`` and, last, the column ``target``.

    Parameters
    ----------
    where : str
        Begins every error.
    content : bytes
        UTF-8; a comma between values, a header in the first line.
    target : str
        Header of the column that is to be predicted.
    columns : sequence of str, optional
        Headers of the inputs; by default all others, but for a first column of dates.

    Raises
    ------
    ValueError
        If the file is not UTF-8 or has no rows, a header is unknown, missing or stands twice, a
        row has another number of values than the header, or a value is no finite number; says in
        which line.
    """
    header, lines, rows = _parsed(where, content)
    for name in (target, *(columns or ())):
        if name not in header:
            raise unknown_name(f"column of {where}:", name, header)
    inputs = list(columns) if columns is not None else _undated(header, rows, target)
    names = (*inputs, target)
    twice = [name for name in names if names.count(name) + header.count(name) > 2]
    if twice:
        raise ValueError(
            f"{where}: column {twice[0]!r} stands twice. Give every column its own name, and leave "
            f"the target out of the inputs."
        )
    if not inputs:
        raise ValueError(
            f"{where}: there is no column beside the target {target!r} to predict it from."
        )
    places = [header.index(name) for name in names]
    values = _numbers(where, names, lines, [[row[place] for place in places] for row in rows])
    return Columns(values, names, tuple(name for name in header if name not in names))


def _parsed(where: str, content: bytes) -> tuple[list[str], list[int], list[list[str]]]:
    """Headers, and each row with the number of its line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: the file is not UTF-8 ({error}). Convert it first.") from error
    header: list[str] = []
    lines, rows = [], []
    for line, row in _rows(where, text):
        if not header:
            header = [name.strip() for name in row]
            continue
        if len(row) != len(header):
            raise ValueError(
                f"{where}, line {line}: {len(row)} values where the header has "
                f"{len(header)} columns. Mend or delete the line."
            )
        lines.append(line)
        rows.append(row)
    if not rows:
        raise ValueError(
            f"{where}: expected a header line and lines of numbers, found {len(header)} headers "
            f"and no line under them."
        )
    return header, lines, rows


def _rows(where: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number."""
    reader = csv.reader(io.StringIO(text))
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:  # such as a cell that goes on for 100,000 characters
        raise ValueError(f"{where}, line {reader.line_num}: no line of a CSV: {error}.") from error


def _undated(header: list[str], rows: list[list[str]], target: str) -> list[str]:
    """All columns but the target, and but the first if it begins with a date."""
    dated = _DATE.fullmatch(rows[0][0].strip()) and not _is_number(rows[0][0])
    return [name for name in header[1 if dated else 0 :] if name != target]


def _numbers(
    where: str, names: Sequence[str], lines: Sequence[int], cells: list[list[str]]
) -> Array:
    """``cells`` as numbers; the first that is none is named."""
    try:
        values = np.array([[float(cell) for cell in row] for row in cells])
    except ValueError:
        values = None
    if values is not None and np.isfinite(values).all():
        return values
    for line, row in zip(lines, cells, strict=True):
        for name, cell in zip(names, row, strict=True):
            if not _is_number(cell):
                raise ValueError(
                    f"{where}, line {line}, column {name!r}: {cell!r} is not a finite number. "
                    f"Mend the value, or name the input columns without this one."
                )
    raise AssertionError(where)  # one of the cells is no number, or all are finite


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
