"""How delay-matched eligibility stands against its rivals, cell by cell of ``tuft remedies``."""

from typing import Any

import numpy as np
import xarray as xr

from experiments.lab.labelled import POINT, best, cells, chosen, each, known, labelled, where
from experiments.lab.remedies import REMEDIES
from experiments.lab.runner import Result

OURS = "eligibility"

CLASSES = ("best by more than one s.d.", "best", "below by at most one s.d.", "worse")


def rivals(told_of_switches: bool) -> list[str]:
    """The remedies that count, with or without those that must be told when stimuli switch."""
    return [
        n for n, r in REMEDIES.items() if r.rival and (told_of_switches or not r.told_of_switches)
    ]


def standing(ours: xr.Dataset, others: xr.Dataset) -> dict[str, Any] | None:
    """Which of :data:`CLASSES` holds against the rival with the highest test accuracy.

    The deviation is the larger one of the two, over seeds. None where there is no rival.
    """
    tested = known(others, "test")
    if ours.test.isnull() or not tested.sizes[POINT]:
        return None
    rival = best(tested, "test")
    ahead = float(ours.test - rival.test)
    deviation = max(float(row.test_sd.fillna(0)) for row in (ours, rival))
    place = (0 if ahead > deviation else 1) if ahead > 0 else (2 if -ahead <= deviation else 3)
    name = rival.remedy.item()
    return {"class": CLASSES[place], "rival": name, "ahead": ahead, "sd": deviation}


def standings(points: xr.Dataset) -> xr.Dataset:
    """For each network and presentation time, against all rivals and against those not told."""
    found = []
    places = [(d, tuple(h), r) for d, h, r in cells(points, "dataset", "hidden", "ratio")]
    for ours in each(points.assign(place=(POINT, range(len(places))))):
        if ours.remedy != OURS:
            continue
        place = places[int(ours.place)]
        beside = where(points, np.array([other == place for other in places]))
        for told in (True, False):
            stands = standing(ours, where(beside, beside.remedy.isin(rivals(told))))
            if stands is not None:
                cell = dict(zip(("dataset", "hidden", "ratio"), place, strict=True))
                found.append({**cell, "told_of_switches": told, **stands})
    return labelled(found)


def counted(found: xr.Dataset, told_of_switches: bool) -> dict[str, int]:
    """In how many cells each of :data:`CLASSES` holds."""
    if not found:
        return dict.fromkeys(CLASSES, 0)
    members = chosen(found, told_of_switches=told_of_switches)
    return {name: int((members["class"] == name).sum()) for name in CLASSES}


def sentences(result: Result) -> list[str]:
    """The counts in words."""
    found = standings(labelled(result["rows"]))
    counts = {
        words: counted(found, told)
        for told, words in (
            (True, "all tuned rivals, lags included, which must be told when stimuli switch"),
            (False, "the tuned rivals that, like it, are not told when stimuli switch"),
        )
    }
    return [
        f"Delay-matched eligibility against the best of {words}: "
        + ", ".join(f"{name} in {count}" for name, count in of.items())
        + f" of {sum(of.values())} cells."
        for words, of in counts.items()
        if any(of.values())
    ]
