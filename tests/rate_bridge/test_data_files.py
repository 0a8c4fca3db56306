"""Files: found, fetched, refused."""

import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rate_bridge.data import DATASETS, DataFile, Source, downloads, load
from rate_bridge.data.downloads import found

CONTENT = b"sixteen tiny bytes"
SHA = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
NOWHERE = "http://localhost:9/tiny"


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_known_file_is_used_and_recorded(tmp_path):
    put(tmp_path, "a/tiny", CONTENT)
    file = found("set", DataFile("a/tiny", NOWHERE, SHA), Source(tmp_path))
    assert file.content == CONTENT
    assert file.record == {"file": "a/tiny", "url": NOWHERE, "hash": SHA, "official": True}


@pytest.mark.parametrize("level", [1, 9])
def test_the_hash_of_the_content_does_not_depend_on_the_gzip_wrapper(tmp_path, level):
    put(tmp_path, "tiny.gz", gzip.compress(CONTENT, level))
    file = found("set", DataFile("tiny.gz", NOWHERE, SHA, of="content"), Source(tmp_path))
    assert file.content == CONTENT


def test_changed_content_is_refused_with_both_hashes_and_the_way_out(tmp_path):
    put(tmp_path, "tiny", CONTENT[:-1])
    with pytest.raises(
        ValueError, match=r"set: .*tiny has the content hash sha256:.*official"
    ) as e:
        found("set", DataFile("tiny", NOWHERE, SHA), Source(tmp_path))
    assert SHA in str(e.value)
    assert NOWHERE in str(e.value)
    assert "allow it by name ('set' or 'tiny')" in str(e.value)


@pytest.mark.parametrize("allowed", ["set", "tiny", "a/tiny"])
def test_changed_content_allowed_by_name_is_marked(tmp_path, allowed):
    put(tmp_path, "a/tiny", b"other")
    file = found("set", DataFile("a/tiny", NOWHERE, SHA), Source(tmp_path, allow=(allowed,)))
    assert file.record["official"] is False


def test_a_file_without_a_hash_on_record_is_used_only_when_allowed(tmp_path):
    put(tmp_path, "tiny", CONTENT)
    with pytest.raises(ValueError, match="no official hash is on record"):
        found("set", DataFile("tiny", NOWHERE, None), Source(tmp_path))
    file = found("set", DataFile("tiny", NOWHERE, None), Source(tmp_path, allow=("set",)))
    assert file.record["hash"] == SHA
    assert not file.record["official"]


def test_a_truncated_gzip_file_is_refused(tmp_path):
    put(tmp_path, "tiny.gz", gzip.compress(CONTENT)[:-6])
    with pytest.raises(ValueError, match=r"tiny.gz is damaged or cut short .* fetch it again from"):
        found("set", DataFile("tiny.gz", NOWHERE, SHA, of="content"), Source(tmp_path))


@pytest.mark.parametrize("download", [False, True])
def test_a_missing_file_says_which_from_where_and_where_to_put_it(tmp_path, download):
    match = f"set: .*a/tiny is missing .*from {NOWHERE} and put it at {tmp_path / 'a/tiny'}"
    with pytest.raises(FileNotFoundError, match=match):
        found("set", DataFile("a/tiny", NOWHERE, SHA), Source(tmp_path, download))
    assert not list(tmp_path.rglob("*tiny*"))


def test_a_file_without_a_direct_address_is_not_fetched(tmp_path):
    with pytest.raises(FileNotFoundError, match="no direct address"):
        load("metr-la", Source(tmp_path))


@pytest.fixture
def site(tmp_path):
    """The address of a site that holds ``tiny``."""
    put(tmp_path, "site/tiny", CONTENT)
    handler = partial(QuietHandler, directory=str(tmp_path / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/tiny"
        server.shutdown()


def test_a_missing_file_is_fetched_whole(tmp_path, site):
    file = found("set", DataFile("a/tiny", site, SHA), Source(tmp_path / "cache"))
    assert file.content == CONTENT
    assert [path.name for path in (tmp_path / "cache/a").iterdir()] == ["tiny"]


def test_what_is_fetched_with_another_hash_does_not_stay(tmp_path, site):
    other = DataFile("a/tiny", site, f"sha256:{64 * '0'}")
    with pytest.raises(ValueError, match=rf"content hash {SHA}; the official one is sha256:0000"):
        found("set", other, Source(tmp_path / "cache"))
    assert not list(tmp_path.rglob("cache/**/tiny"))
    assert not found("set", other, Source(tmp_path / "cache", allow=("set",))).record["official"]


def test_nothing_is_fetched_that_cannot_be_checked(tmp_path, site):
    with pytest.raises(ValueError, match=r"no official hash is on record to check what would"):
        found("set", DataFile("a/tiny", site, None), Source(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_no_more_is_fetched_read_or_unpacked_than_a_file_may_hold(tmp_path, site, monkeypatch):
    packed = put(tmp_path, "tiny.gz", gzip.compress(bytes(1000)))
    monkeypatch.setattr(downloads, "LARGEST_FILE", 999)
    with pytest.raises(
        ValueError, match=r"set: tiny\.gz holds more than the 999 bytes that it may"
    ):
        found("set", DataFile("tiny.gz", NOWHERE, None, of="content"), Source(tmp_path))
    with pytest.raises(ValueError, match=r"x\.tar\.gz holds more than the 999 bytes"):
        downloads.archive("set", DataFile("x.tar.gz", NOWHERE, None), packed.read_bytes())
    monkeypatch.setattr(downloads, "LARGEST_FILE", len(CONTENT) - 1)
    with pytest.raises(FileNotFoundError, match=r"could not be fetched \(OSError\)"):
        found("set", DataFile("a/tiny", site, SHA), Source(tmp_path / "cache"))
    put(tmp_path, "tiny", CONTENT)
    with pytest.raises(ValueError, match=r"set: tiny holds more than the 17 bytes"):
        found("set", DataFile("tiny", NOWHERE, SHA), Source(tmp_path))


def test_no_more_is_unpacked_than_the_header_announces(tmp_path):
    header = b"\x00\x00\x08\x01" + (3).to_bytes(4, "big")
    put(tmp_path, "MNIST/raw/train-images-idx3-ubyte.gz", gzip.compress(header + bytes(10**6)))
    with pytest.raises(ValueError, match=r"holds more than the 11 bytes that it may"):
        load("mnist", Source(tmp_path, download=False, allow=("mnist",)))


@pytest.mark.parametrize("path", sorted(Path(downloads.__file__).parent.glob("*.py")))
def test_nothing_is_fetched_in_the_clear(path):
    assert "http://" not in path.read_text()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"digits", "yin-yang", "text", "series"}))
def test_every_data_set_names_its_missing_file(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=rf"^{name}: .*{tmp_path}.*https?://"):
        load(name, Source(tmp_path, download=False))


def test_an_unknown_data_set_lists_the_valid_ones(tmp_path):
    with pytest.raises(ValueError, match=r"Unknown data set 'minst'. Did you mean 'mnist'\?"):
        load("minst", Source(tmp_path))


def test_options_that_a_data_set_does_not_have_or_lacks_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"option of data set 'digits': 'window'. Valid: n_test"):
        load("digits", Source(tmp_path), window=8)
    with pytest.raises(ValueError, match=r"Data set 'text' needs the option 'file'"):
        load("text", Source(tmp_path))
