"""Files: whole, sealed, and not left behind."""

import hashlib

import numpy as np
import pytest

from compartments.arrays import load_arrays, save_arrays
from compartments.sealed_files import (
    add_seal,
    opened_sealed,
    remove_abandoned,
    staging,
    written_sealed,
    written_whole,
)

MEND = "Delete it."


def sealed(path, content):
    with written_sealed(path) as file:
        file.write(content)
    return path


def content_of(path):
    with opened_sealed(path, MEND) as file:
        return file.read()


def test_the_digest_is_that_of_the_content_and_stands_behind_it(tmp_path):
    path = sealed(tmp_path / "file", b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    assert content_of(path) == path.read_bytes() == f"content\nsha256:{digest}\n".encode()


def test_no_flipped_bit_is_read(tmp_path):
    path = save_arrays(tmp_path / "arrays.npz", {"a": np.arange(3)})
    content = path.read_bytes()
    for place in range(0, 8 * len(content), 11):  # every bit of a byte, every eleventh in all
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match=r"arrays\.npz .*SHA-256.* Delete it\."):
            load_arrays(path, MEND)


def test_a_file_that_was_cut_short_is_not_read(tmp_path):
    path = sealed(tmp_path / "file", bytes(100))
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="carries no SHA-256 digest: it was cut short"):
            content_of(path)


def test_a_file_without_a_digest_can_be_accepted_and_a_damaged_one_cannot(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    add_seal(path)
    once = path.read_bytes()
    add_seal(path)
    assert content_of(path) == once
    path.write_bytes(b"new" + once[3:])
    with pytest.raises(ValueError, match="is damaged"):
        add_seal(path)


def test_the_same_arrays_give_the_same_bytes_which_numpy_reads(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "file": np.array([True])}
    first, second = (save_arrays(tmp_path / name, arrays) for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    with np.load(first) as file:
        assert {name: file[name].tolist() for name in file.files} == {
            name: array.tolist() for name, array in arrays.items()
        }


@pytest.mark.parametrize("folder", [False, True])
def test_what_is_in_use_is_not_taken_for_left_behind(tmp_path, folder):
    with staging(tmp_path / "it", folder=folder) as temporary:
        remove_abandoned(tmp_path)
        assert temporary.exists()
    assert list(tmp_path.iterdir()) == []


def test_what_no_process_holds_is_deleted_and_nothing_else(tmp_path):
    (tmp_path / ".run.tuft-01234567").mkdir()
    (tmp_path / ".run.tuft-01234567" / "half").touch()
    (tmp_path / ".file.npz.tuft-89abcdef").touch()
    others = {".tuft-01234567", ".run.tuft-0123456", ".run-01234567", "run.tuft-01234567"}
    for name in others:
        (tmp_path / name).touch()
    remove_abandoned(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == others
    remove_abandoned(tmp_path / "nowhere")


def test_a_file_is_in_use_while_it_is_written(tmp_path):
    with written_whole(tmp_path / "file") as file:
        file.write(b"whole")
        remove_abandoned(tmp_path)
    assert (tmp_path / "file").read_bytes() == b"whole"
