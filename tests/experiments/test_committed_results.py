"""Committed results: their links lead somewhere, and they name no place of one machine."""

import re
from pathlib import Path
from urllib.parse import unquote

RESULTS = Path(__file__).parents[2] / "experiments" / "results"


def test_every_relative_link_leads_to_a_file():
    missing = []
    for page in RESULTS.rglob("*.md"):
        for link in re.findall(r"\]\(([^)\s]+)", page.read_text(encoding="utf-8")):
            place = unquote(link.split("#")[0])
            if "://" not in place and not (page.parent / place).exists():
                missing.append(f"{page.relative_to(RESULTS)}: {link}")
    assert not missing


def test_no_temporary_folder_is_named():
    named = [path for path in RESULTS.rglob("*.json") if "/tmp" in path.read_text(encoding="utf-8")]
    assert not named
