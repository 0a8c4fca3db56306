"""How delay-matched eligibility stands against its rivals, cell by cell of ``tuft remedies``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from experiments.lab.remedies import REMEDIES
from experiments.lab.runner import Result

OURS = "eligibility"

CLASSES = ("best by more than one s.d.", "best", "below by at most one s.d.", "worse")


def rivals(told_of_switches: bool) -> list[str]:
    """The remedies that count, with or without those that must be told when stimuli switch."""
    return [
        n for n, r in REMEDIES.items() if r.rival and (told_of_switches or not r.told_of_switches)
    ]


def standing(ours: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Which of :data:`CLASSES` holds against the rival with the highest test accuracy.

    The deviation is the larger one of the two, over seeds. None where there is no rival.
    """
    tested = [row for row in others if row["test"] is not None]
    if ours["test"] is None or not tested:
        return None
    best = max(tested, key=lambda row: row["test"])
    ahead, deviation = ours["test"] - best["test"], max(ours["test_sd"] or 0, best["test_sd"] or 0)
    place = (0 if ahead > deviation else 1) if ahead > 0 else (2 if -ahead <= deviation else 3)
    return {"class": CLASSES[place], "rival": best["remedy"], "ahead": ahead, "sd": deviation}


def standings(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each network and presentation time, against all rivals and against those not told."""
    found = []
    for ours in (row for row in rows if row["remedy"] == OURS):
        place = (ours["dataset"], list(ours["hidden"]), ours["ratio"])
        beside = [r for r in rows if (r["dataset"], list(r["hidden"]), r["ratio"]) == place]
        for told in (True, False):
            names = rivals(told)
            stands = standing(ours, (row for row in beside if row["remedy"] in names))
            if stands is not None:
                cell = dict(zip(("dataset", "hidden", "ratio"), place, strict=True))
                found.append({**cell, "told_of_switches": told, **stands})
    return found


def counted(found: Sequence[Mapping[str, Any]], told_of_switches: bool) -> dict[str, int]:
    """In how many cells each of :data:`CLASSES` holds."""
    members = [row["class"] for row in found if row["told_of_switches"] == told_of_switches]
    return {name: members.count(name) for name in CLASSES}


def sentences(result: Result) -> list[str]:
    """The counts in words."""
    found = standings(result["rows"])
    return [
        f"Delay-matched eligibility against the best of {words}: "
        + ", ".join(f"{name} in {count}" for name, count in counted(found, told).items())
        + f" of {sum(row['told_of_switches'] == told for row in found)} cells."
        for told, words in (
            (True, "all tuned rivals, lags included, which must be told when stimuli switch"),
            (False, "the tuned rivals that, like it, are not told when stimuli switch"),
        )
        if any(row["told_of_switches"] == told for row in found)
    ]
