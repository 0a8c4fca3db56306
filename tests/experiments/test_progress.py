"""Progress where there is no terminal: a line now and then, with what is left."""

from experiments.lab import progress


def test_a_line_now_and_then_says_what_is_left(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.bar("law") as report:
        for second in range(0, 100, 10):
            now[0] = 100.0 + second
            report(second / 200)
        report(1.0)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "law: 15 %, 30 s, about 3 min left",
        "law: 30 %, 60 s, about 2 min left",
        "law: 45 %, 90 s, about 110 s left",
    ]


def test_what_is_left_is_said_from_the_first_report_on():
    assert progress.remaining(1.0, 0.01) == "about 99 s left"
    assert progress.remaining(1.0, 0.0) == progress.remaining(1.0, 1.0) == ""
