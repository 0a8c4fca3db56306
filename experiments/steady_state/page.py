"""Figures, sentences and page of ``tuft steady-state``, from its saved numbers."""

from pathlib import Path

from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.page import write_page


def draw(folder: Path) -> Path:
    """The page."""
    result = read_json(folder / "result.json")
    return write_page(folder, "Images, learned at rest", sentences(result), [])


def sentences(result: Result) -> list[str]:
    """Test errors."""
    return [
        f"{row['label']}: {100 * row['test']:.2f} % test error (published {row['published']:g} %)."
        for row in result["rows"]
    ]
