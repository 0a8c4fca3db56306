"""The evidence page, a page for each rule or network, and the same as Markdown."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.audit.claims import CLAIM_TESTS, GLOSSARY, SOURCES
from experiments.audit.figures import (
    draw_angles,
    draw_circuit,
    draw_costs,
    draw_naive,
    draw_reads,
)
from experiments.lab.runner import Result
from experiments.lab.storage import read_json, write_text
from experiments.report.markdown import markdown
from experiments.report.page import PageTable, Picture, Section, shown, write_page

MARKS = {"holds": "✓", "fails": "✗", "not measured whole": "?", "not applicable": "–"}

NAIVE = "naive test: change of the lowest update"
HELD = "change of errors, W drawn anew"


def draw(folder: Path) -> Path:
    """All figures and pages, and ``evidence.md``; returns the evidence page."""
    result = read_json(folder / "result.json")
    for subject in result["subjects"]:
        _details(folder, subject)
    sections = [
        _table_of(result),
        *_naive(folder, result),
        *_costs_of_all(result),
        *_tests(result),
        *_words(),
    ]
    title = "Claims of biological plausibility, measured"
    lead = sentences(result)
    text = markdown(title, lead, sections).replace("/index.html)", "/evidence.md)")
    write_text(folder / "evidence.md", text)
    return write_page(folder, title, lead, sections)


def slug(subject: Mapping[str, Any]) -> str:
    """A folder's name for a subject."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", subject["label"]).strip("-").lower()
    return f"{subject['kind']}-{plain}"


def verdict_on(subject: Mapping[str, Any], claim: str) -> str:
    """C1, C2 or C3: it holds where all of its tests were measured and hold.

    It fails where one fails. Where some hold and others were not measured, it is not measured
    whole; where none was measured, it is not applicable.
    """
    found = {finding["test"]: finding["verdict"] for finding in subject["findings"]}
    verdicts = {found.get(test, "not applicable") for test in CLAIM_TESTS[claim]}
    if "fails" in verdicts:
        return "fails"
    return "not measured whole" if len(verdicts) > 1 else verdicts.pop()


def ticks(subject: Mapping[str, Any]) -> str:
    """The three verdicts as Table 1 writes them."""
    return "".join(MARKS[verdict_on(subject, claim)] for claim in CLAIM_TESTS)


def sentences(result: Result) -> list[str]:
    """Where what was measured agrees with what is published, and where it does not."""
    said = []
    for subject in result["subjects"]:
        measured, published = ticks(subject), subject["published"]
        if published is None:
            said.append(f"{_who(subject)}: measured {measured}, nothing published.")
            continue
        pairs = list(zip(CLAIM_TESTS, published, measured, strict=True))
        missing = [claim for claim, _, b in pairs if b in "?–"]
        apart = [claim for claim, a, b in pairs if a != b and claim not in missing]
        words = [f"differs in {', '.join(apart)}"] * bool(apart)
        words += [f"{', '.join(missing)} not measured whole"] * bool(missing)
        word = "; ".join(words) or "as published"
        said.append(f"{_who(subject)}: measured {measured}, published {published}: {word}.")
    return said


def _who(subject: Mapping[str, Any]) -> str:
    kind = "network" if subject["kind"] == "model" else "rule"
    return f"{kind} {subject['label']}"


def _table_of(result: Result) -> Section:
    """One row a subject."""
    tests = list(dict.fromkeys(f["test"] for s in result["subjects"] for f in s["findings"]))
    header = (
        "", "published C1 C2 C3", "measured", *tests, "accuracy", "differs because", "repeat",
    )  # fmt: skip
    rows = []
    for subject in result["subjects"]:
        found = {finding["test"]: finding["verdict"] for finding in subject["findings"]}
        verdicts = [MARKS[found.get(test, "not applicable")] for test in tests]
        costs = subject.get("costs")
        accuracy = f"{100 * costs['rows'][0]['mean']:.1f} %" if costs else None
        rows.append(
            [
                f"[{_who(subject)}]({slug(subject)}/index.html)",
                subject["published"],
                ticks(subject),
                *verdicts,
                accuracy,
                reasons(subject),
                f"`{subject['command']}`",
            ]
        )
    text = (
        "✓ holds, ✗ fails, each by a measurement; – does not apply or was not measured. C1 is G2, "
        "C2 is G1, C3 is G3a, G3b and G3c together: it holds where all three were measured and "
        "hold, fails where one fails, and is ? where what was measured holds and a part was not "
        "measured. G3c, the gate and the length of presentations, is measured by learning in time: "
        "not of rules, nor with --no-learning. A rule is a program that trains layers in torch; a "
        "network runs in time. Each name leads to its numbers.",
    )
    return Section("Evidence", text, (), (PageTable(header, rows),))


def reasons(subject: Mapping[str, Any]) -> str:
    """Why what was measured differs from what is published, claim by claim."""
    published, measured = subject["published"] or ticks(subject), ticks(subject)
    said = []
    for claim, a, b in zip(CLAIM_TESTS, published, measured, strict=True):
        found = {f["test"]: f for f in subject["findings"] if f["test"] in CLAIM_TESTS[claim]}
        wanted = {mark: verdict for verdict, mark in MARKS.items()}[b]
        if wanted == "not measured whole":
            wanted = "not applicable"
        why = [f["why"] for f in found.values() if f["verdict"] == wanted]
        left = [test for test in CLAIM_TESTS[claim] if test not in found]
        why += [f"{' and '.join(left)} not measured."] * (bool(left) and b in "?–")
        said += [f"{claim}: {' '.join(why)}"] * (a != b)
    return " ".join(said)


def _naive(folder: Path, result: Result) -> list[Section]:
    """The figure of the naive shuffle."""
    bars = {
        subject["label"]: (finding["numbers"][NAIVE], finding["numbers"][HELD])
        for subject in result["subjects"]
        for finding in subject["findings"]
        if NAIVE in finding["numbers"]
    }
    if not bars:
        return []
    draw_naive(folder, "naive", bars)
    text = (
        "W shapes the activities from which errors are made, so an update always changes when W "
        "is drawn anew before the forward pass: such a test finds every rule guilty. What tells "
        "them apart is to hold the activities of all cells and then to change W.",
    )
    caption = (
        "Relative change of the lowest layer's update with other W before the forward pass, and of "
        "errors with other W after it."
    )
    return [Section("Why activities are held", text, (Picture("naive", caption),))]


def _costs_of_all(result: Result) -> list[Section]:
    """Points lost under every condition, a column for each that learns."""
    tables = []
    for kind, words in (("rule", "rules that train layers"), ("model", "networks in time")):
        learning = [s for s in result["subjects"] if s["kind"] == kind and s["costs"]]
        if not learning:
            continue
        rows = []
        for number, row in enumerate(learning[0]["costs"]["rows"]):
            lost = [100 * s["costs"]["rows"][number]["lost"] for s in learning]
            rows.append([row["test"], row["label"], *lost])
        first = ["", "accuracy %", *(100 * s["costs"]["rows"][0]["mean"] for s in learning)]
        header = ("test", "condition", *(s["label"] for s in learning))
        tables.append(PageTable(header, [first, *rows], f"Points lost: {words}."))
    text = (
        "Points of test accuracy lost against the first condition, mean of networks; below 0 it "
        "is better. The rate was selected once for each, with nothing withheld.",
    )
    return [Section("What learning loses under each condition", text, (), tables)] if tables else []


def _tests(result: Result) -> list[Section]:
    """What each test claims, its tolerance and the reason, and its controls."""
    findings = {f["test"]: f for subject in result["subjects"] for f in subject["findings"]}
    rows = [[f["test"], f["claim"], f["tolerance"], f["reason"]] for f in findings.values()]
    controls = {
        (f["test"], c["name"]): [f["test"], c["name"], c["expected"], c["found"], c["number"]]
        for subject in result["subjects"]
        for f in subject["findings"]
        for c in f["controls"]
    }
    tests = PageTable(("test", "claim", "tolerance", "why this tolerance"), rows)
    known = PageTable(("test", "control", "must", "came out", "number"), list(controls.values()))
    text = ("All controls came out; if one had not, the audit would have said nothing.",)
    return [Section("Tests and their controls", text, (), (tests, known))]


def _words() -> list[Section]:
    words = PageTable(("word", "meaning"), list(GLOSSARY.items()))
    return [Section("Words", (), (), (words,)), Section("Sources", SOURCES)]


def _details(folder: Path, subject: Mapping[str, Any]) -> Path:
    """The page of one subject, in a folder of its own."""
    place = folder / slug(subject)
    place.mkdir(exist_ok=True)
    draw_circuit(place, "circuit", subject["circuit"])
    sections = [_claims(subject), _numbers(subject), _circuit()]
    if subject["reads"]["rows"]:
        draw_reads(place, "reads", subject["reads"])
        sections.append(_matrix())
    costs = subject.get("costs")
    if costs:
        draw_costs(place, "costs", costs["rows"])
        if costs["angle"]:
            draw_angles(place, "angles", costs)
        sections.append(_costs(costs))
    sections += _words()
    title = f"Audit of the {_who(subject)}"
    lead = [*sentences({"subjects": [subject]}), f"Repeat it: `{subject['command']}`."]
    write_text(place / "evidence.md", markdown(title, lead, sections))
    return write_page(place, title, lead, sections)


def _claims(subject: Mapping[str, Any]) -> Section:
    """Claim, published tick, verdict, and why."""
    published = subject["published"] or "–––"
    rows = []
    for finding in subject["findings"]:
        claim = next((c for c, tests in CLAIM_TESTS.items() if finding["test"] in tests), None)
        tick = published[list(CLAIM_TESTS).index(claim)] if claim else "–"
        row = (finding["test"], finding["claim"], tick, finding["verdict"], finding["why"])
        rows.append(row)
    table = PageTable(("test", "claim", "published", "measured", "because"), rows)
    return Section("Claims and verdicts", (), (), (table,))


def _numbers(subject: Mapping[str, Any]) -> Section:
    rows = [
        (finding["test"], name, value, finding["tolerance"], finding["reason"])
        for finding in subject["findings"]
        for name, value in finding["numbers"].items()
    ]
    header = ("test", "measured", "number", "tolerance of the test", "why this tolerance")
    return Section("Numbers", (), (), (PageTable(header, rows),))


def _circuit() -> Section:
    caption = (
        "Blue: upward or lateral; vermilion: downward; dashed: does not learn; each with what it "
        "sends. Red: an arrow that should not be there, or wiring that is exact."
    )
    return Section("Circuit", (), (Picture("circuit", caption),))


def _matrix() -> Section:
    caption = (
        "Each row is what changes or is computed, each column what it may read; the number says "
        "how many scalars one row reads there, the colour how far away they are. Everything else "
        "is held meanwhile, so nothing is read by a detour."
    )
    return Section("What reads what", (), (Picture("reads", caption),))


def _costs(costs: Mapping[str, Any]) -> Section:
    """Accuracy under every condition."""
    rows = [
        (row["test"], row["label"], 100 * row["mean"], 100 * row["sd"], 100 * row["lost"])
        for row in costs["rows"]
    ]
    header = ("test", "condition", "accuracy %", "s.d.", "points lost")
    tried = ", ".join(f"{rate}: {100 * v:.1f} %" for rate, v in costs["rates_tried"].items())
    text = (
        f"{costs['dataset']}, hidden layers of {' and '.join(map(str, costs['hidden']))} cells, "
        f"{costs['epochs']} epochs by {costs['by']}, {costs['rows'][0]['seeds']} networks each. "
        f"Its rate, {shown(costs['rate'])}, was selected on validation samples with nothing "
        f"withheld (by rate: {tried}), and is the same under all conditions. Test samples were "
        "read once.",
    )
    pictures = [
        Picture("costs", "Test accuracy under each condition, mean and deviation over networks."),
    ]
    if costs["angle"]:
        said = "Degrees while it learns as it is, layer by layer, mean of networks."
        pictures.append(Picture("angles", said))
    return Section("What learning costs", text, pictures, (PageTable(header, rows),))
