"""Time series, characters and sentences, read from tiny files in the official formats."""

import gzip
from fractions import Fraction

import h5py
import numpy as np
import pytest
import torch

from rate_bridge.data import Source, load
from rate_bridge.data.sentences import words
from rate_bridge.data.splits import time_bounds

RNG = np.random.default_rng(0)
SERIES = ("etth1", "exchange-rate", "electricity", "metr-la", "pems-bay")


def write_series(folder, name, table):
    """``table`` (time, column) as the publisher of ``name`` ships it."""
    text = "\n".join(",".join(f"{value:.6f}" for value in row) for row in table) + "\n"
    if name == "etth1":
        dated = "".join(f"2016-07-01 00:00:00,{row}\n" for row in text.strip().split("\n"))
        return put(folder, "ETT-small/ETTh1.csv", f"date,HUFL,HULL,OT\n{dated}".encode())
    if name in ("exchange-rate", "electricity"):
        path = name.replace("-", "_")
        return put(folder, f"{path}/{path}.txt.gz", gzip.compress(text.encode()))
    path = put(folder, f"{name.upper()}/{name}.h5", b"")
    with h5py.File(path, "w") as file:
        group = file.create_group("df" if name == "metr-la" else "speed")
        group["axis0"] = np.arange(table.shape[1])
        group["block0_values"] = table
    return path


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def table(steps=100):
    return RNG.normal(5, 2, (steps, 3)).cumsum(0)


@pytest.mark.parametrize("name", SERIES)
def test_series_are_scaled_on_the_training_part_and_cut_by_time(tmp_path, name):
    values = table()
    write_series(tmp_path, name, values)
    data = load(name, Source(tmp_path, allow=(name,)), window=5)
    mean, deviation = values[:70].mean(0), values[:70].std(0)
    scaled = torch.tensor((values - mean) / deviation, dtype=torch.float32)
    bounds = {"train": (0, 70), "validation": (70, 80), "test": (80, 100)}
    for part, split in data.parts():
        start, end = bounds[part]
        assert len(split) == end - start - 4
        # the text formats keep six decimals
        torch.testing.assert_close(
            split.inputs[2], scaled[start + 2 : start + 7, :2], atol=1e-5, rtol=0
        )
        torch.testing.assert_close(split.targets[-1], scaled[end - 5 : end, 2:], atol=1e-5, rtol=0)
    assert (data.n_in, data.n_out) == (2, 1)


def test_parts_are_seven_one_and_two_tenths_for_any_number_of_steps():
    seven, eight = Fraction(7, 10), Fraction(8, 10)
    for n in range(1, 20_001):
        assert time_bounds(n) == (int(n * seven), int(n * eight)), n


def test_windows_are_a_view_of_the_series(tmp_path):
    write_series(tmp_path, "metr-la", table())
    data = load("metr-la", Source(tmp_path, allow=("metr-la",)), window=5)
    assert data.train.inputs.untyped_storage().nbytes() == 100 * 3 * 4


def test_a_series_shorter_than_the_window_says_so(tmp_path):
    write_series(tmp_path, "metr-la", table())
    with pytest.raises(ValueError, match="validation: a window of 11 steps does not fit into 10"):
        load("metr-la", Source(tmp_path, allow=("metr-la",)), window=11)


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda t: t.__setitem__((3, 1), np.nan), "row 3, column 1 is not finite"),
        (lambda t: t.__setitem__((slice(None), 0), 1.0), "column 0 is constant"),
    ],
)
def test_values_that_cannot_be_scaled_are_named(tmp_path, spoil, match):
    values = table()
    spoil(values)
    write_series(tmp_path, "metr-la", values)
    with pytest.raises(ValueError, match=match):
        load("metr-la", Source(tmp_path, allow=("metr-la",)), window=5)


def test_a_damaged_series_is_refused(tmp_path):
    path = write_series(tmp_path, "etth1", table())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"etth1: ETT-small/ETTh1.csv cannot be read"):
        load("etth1", Source(tmp_path, allow=("etth1",)), window=5)


ETT = ("date", "HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
SENSORS = ("", "773869", "767541", "767542", "717447")


def csv_file(folder, header, steps=60, spoil=None):
    """A series as ETTh2 and METR-LA come: a date, then numbers; ``spoil`` changes one cell."""
    values = RNG.normal(5, 2, (steps, len(header) - 1)).cumsum(0)
    rows = [
        [f"2016-07-{1 + step // 24:02d} {step % 24:02d}:00:00", *map(repr, row.tolist())]
        for step, row in enumerate(values)
    ]
    if spoil is not None:
        step, column, cell = spoil
        rows[step][column] = cell
    lines = [",".join(row) for row in (header, *rows)]
    return put(folder, "series.csv", ("\n".join(lines) + "\n").encode()), values


@pytest.mark.parametrize(("header", "target"), [(ETT, "OT"), (SENSORS, "767541")])
def test_any_series_in_a_csv_predicts_the_named_column_from_the_others(tmp_path, header, target):
    path, values = csv_file(tmp_path, header)
    data = load("series", Source(tmp_path), file=str(path), target=target, window=4)
    place = header.index(target) - 1
    train = values[:42]
    scaled = torch.tensor((values - train.mean(0)) / train.std(0), dtype=torch.float32)
    torch.testing.assert_close(data.train.targets[3, :, 0], scaled[3:7, place])
    others = [column for column in range(values.shape[1]) if column != place]
    torch.testing.assert_close(data.train.inputs[3], scaled[3:7, others])
    columns = data.provenance["columns"]
    assert columns["target"] == target
    assert columns["inputs"] == [name for name in header[1:] if name != target]
    assert columns["left_out"] == [header[0]]
    assert not data.provenance["files"][0]["official"]


def test_the_inputs_of_a_series_can_be_named(tmp_path):
    path, _ = csv_file(tmp_path, ETT)
    named = {"file": path.name, "target": "OT", "columns": ("LULL", "HUFL"), "window": 4}
    data = load("series", Source(tmp_path), **named)
    assert data.n_in == 2
    assert data.provenance["columns"]["inputs"] == ["LULL", "HUFL"]
    assert set(data.provenance["columns"]["left_out"]) == {*ETT} - {"LULL", "HUFL", "OT"}


@pytest.mark.parametrize(
    ("spoil", "options", "match"),
    [
        (None, {"target": "OTT"}, r"Unknown column of series, series\.csv: 'OTT'.*'OT'.*HUFL"),
        (None, {"columns": ("HUFL", "WIND")}, "Unknown column of series, series.csv: 'WIND'"),
        (None, {"columns": ("HUFL", "OT")}, "column 'OT' stands twice"),
        (None, {"columns": ()}, "no column beside the target 'OT'"),
        (None, {"columns": ("date",)}, r"line 2, column 'date': '2016-07-01 00:00:00' is not a f"),
        ((7, 3, "n/a"), {}, r"series\.csv, line 9, column 'MUFL': 'n/a' is not a finite number"),
        ((7, 3, "nan"), {}, "line 9, column 'MUFL': 'nan' is not a finite number"),
        ((7, 3, ""), {}, "line 9, column 'MUFL': '' is not a finite number"),
        ((7, 3, "1,5"), {}, "line 9: 9 values where the header has 8 columns"),
        (None, {"window": 7}, "validation: a window of 7 steps does not fit into 6 steps"),
    ],
)
def test_what_is_wrong_in_a_csv_is_named_with_its_place(tmp_path, spoil, options, match):
    path, _ = csv_file(tmp_path, ETT, spoil=spoil)
    asked = {"file": str(path), "target": "OT", "window": 4, **options}
    with pytest.raises(ValueError, match=match):
        load("series", Source(tmp_path), **asked)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "found 0 headers and no line under them"),
        (b"a,b\n", "found 2 headers and no line under them"),
        (b"a,b\n1,\xe9\n", "is not UTF-8"),
        (b"a,a,b\n1,2,3\n", "column 'a' stands twice"),
        (b"a,b\n" + b"1,2\n" * 60, "column 'a' is constant in the training part"),
    ],
)
def test_a_file_that_holds_no_series_is_refused(tmp_path, content, match):
    path = put(tmp_path, "series.csv", content)
    with pytest.raises(ValueError, match=match):
        load("series", Source(tmp_path), file=str(path), target="b", window=4)


def test_a_series_needs_a_file_that_is_there_and_a_target(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"series: .*none\.csv is missing"):
        load("series", Source(tmp_path), file="none.csv", target="b")
    with pytest.raises(ValueError, match="'series' needs the option 'target'"):
        load("series", Source(tmp_path), file="none.csv")


TEXT = "to be or not to be, that is the question. " * 20


def test_characters_are_one_hot_and_targets_are_one_later(tmp_path):
    path = put(tmp_path, "hamlet.txt", TEXT.encode())
    data = load("text", Source(tmp_path), file=str(path), window=8)
    alphabet = data.provenance["alphabet"]
    inputs, targets = data.train.batch(torch.arange(2))
    assert inputs.shape == (2, 8, len(alphabet))
    assert (inputs.sum(-1) == 1).all()

    def read(codes):
        return "".join(alphabet[code] for code in codes.flatten().tolist())

    assert read(inputs.argmax(-1)) == TEXT[:16]
    assert read(targets) == TEXT[1:17]
    first = data.provenance["split"]["characters"]["test"][0]
    assert read(data.test.inputs[0]) == TEXT[first : first + 8]


def test_a_text_shorter_than_the_window_or_not_utf8_is_refused(tmp_path):
    put(tmp_path, "short.txt", b"abc")
    with pytest.raises(ValueError, match="a window of 9 steps does not fit"):
        load("text", Source(tmp_path), file="short.txt", window=8)
    put(tmp_path, "latin.txt", b"\xe9t\xe9 " * 50)
    with pytest.raises(ValueError, match="text: the text is not UTF-8"):
        load("text", Source(tmp_path), file="latin.txt")


def write_mr(folder, n=60):
    # 0x85 is an ellipsis in cp1252 and a line break elsewhere
    good = "".join(f"a good film{' indeed' * (k % 3)} \x85 really \n" for k in range(n))
    bad = "".join(f"an awful bore{' yes' * (k % 4)} , it's caf\xe9 fare\n" for k in range(n))
    put(folder, "rt-polaritydata/rt-polarity.pos", good.encode("latin-1"))
    put(folder, "rt-polaritydata/rt-polarity.neg", bad.encode("latin-1"))


def test_sentences_are_split_at_line_feeds_only(tmp_path):
    write_mr(tmp_path)
    data = load("mr", Source(tmp_path, allow=("mr",)), length=8, width=16)
    assert [len(part) for _, part in data.parts()] == [96, 12, 12]
    inputs, targets = data.train.batch(torch.arange(96))
    assert inputs.shape == (96, 8, 16)
    assert inputs.min() >= 0
    assert inputs.max() <= 1
    assert set(targets.tolist()) == {0, 1}
    padding = data.train.inputs == 0
    assert (inputs[padding] == 0).all()
    again = load("mr", Source(tmp_path, allow=("mr",)), length=8, width=16)
    assert torch.equal(again.train.table, data.train.table)


def test_words_keep_contractions_and_split_punctuation():
    assert words("It's GOOD, isn't it?") == ["it's", "good", ",", "isn't", "it", "?"]


def test_vectors_can_be_loaded_and_words_without_one_are_counted(tmp_path):
    write_mr(tmp_path)
    path = put(tmp_path, "vectors.txt", b"good 1 0 0\nawful 0 1 0\nunused 5 5 5\n")
    data = load("mr", Source(tmp_path, allow=("mr",)), vectors=str(path))
    how = data.provenance["vectors"]
    assert data.n_in == 3
    assert how["missing_words"] == data.provenance["words"]["vocabulary"] - 2


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"good 1 0\nawful 0 1 0\n", "line 2: expected a word and 2 numbers, got 3"),
        (b"good 1 0 0\nawful 0 1\n", "line 2: expected a word and 3 numbers, got 2"),
        (b"2 300\ngood 1 0 0\n", "line 1: expected a word and two or more numbers, got 1"),
        (b"good 1 x\n", "line 1: could not convert"),
        (b"good 1 nan\n", "line 1: a number is not finite"),
        (b"good 1 2\n. . 1 2\ngood 3 4\n", "line 3: the word 'good' stands twice"),
        (b"PK\x03\x04\xff\xfe 1 2\n", "line 1: not UTF-8"),
        (b"good" + b" 1" * 60_000, "line 1: more than 100000 bytes"),
        (b"elsewhere 1 2\n", "none of the [0-9]+ words"),
    ],
)
def test_unfit_vectors_are_refused(tmp_path, content, match):
    write_mr(tmp_path)
    path = put(tmp_path, "vectors.txt", content)
    with pytest.raises(ValueError, match=match):
        load("mr", Source(tmp_path, allow=("mr",)), vectors=str(path))


def test_words_stay_codes_for_a_network_that_learns_their_vectors(tmp_path):
    write_mr(tmp_path)
    data = load("mr", Source(tmp_path, allow=("mr",)), length=8, learned_vectors=True)
    inputs, _ = data.train.batch(torch.arange(5))
    assert inputs.shape == (5, 8)
    assert inputs.dtype == torch.int64
    assert data.n_codes == data.provenance["words"]["vocabulary"] > inputs.max()
    assert data.provenance["vectors"] == {"how": "learned by the network"}
    with pytest.raises(ValueError, match="loaded from a file or learned_vectors, not both"):
        load("mr", Source(tmp_path, allow=("mr",)), vectors="v.txt", learned_vectors=True)


def test_missing_vectors_say_where_to_get_them(tmp_path):
    write_mr(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"glove.6B.zip"):
        load("mr", Source(tmp_path, allow=("mr",)), vectors=str(tmp_path / "none.txt"))
