"""Files: found, fetched, refused."""

import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rate_bridge.data import DATASETS, DataFile, Source, load
from rate_bridge.data.files import found

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


def test_a_missing_file_is_fetched_whole(tmp_path):
    put(tmp_path, "site/tiny", CONTENT)
    handler = partial(QuietHandler, directory=str(tmp_path / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/tiny"
        file = found("set", DataFile("a/tiny", url, SHA), Source(tmp_path / "cache"))
        server.shutdown()
    assert file.content == CONTENT
    assert [path.name for path in (tmp_path / "cache/a").iterdir()] == ["tiny"]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"digits", "text"}))
def test_every_data_set_names_its_missing_file(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=rf"^{name}: .*{tmp_path}.*https?://"):
        load(name, Source(tmp_path, download=False))


def test_an_unknown_data_set_lists_the_valid_ones(tmp_path):
    with pytest.raises(ValueError, match=r"Unknown data set 'minst'. Did you mean 'mnist'\?"):
        load("minst", Source(tmp_path))


def test_options_that_a_data_set_does_not_have_or_lacks_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"option of data set 'digits': 'window'. Valid: n_test"):
        load("digits", Source(tmp_path), window=8)
    with pytest.raises(ValueError, match=r"Data set 'text' needs the option 'path'"):
        load("text", Source(tmp_path))
