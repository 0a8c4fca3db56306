"""Image sets, read from tiny files in the official formats."""

import gzip
import io
import struct
import tarfile

import numpy as np
import pytest
import scipy.io
import torch

from rate_bridge.data import Source, load
from rate_bridge.data.idx import idx_array

IDX_FOLDERS = {"mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw"}


def idx(array):
    header = b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_idx(folder, n_train=40, n_test=20, labels=None):
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    arrays = {}
    for part, n in (("train", n_train), ("t10k", n_test)):
        arrays[f"{part}-images-idx3-ubyte"] = rng.integers(0, 256, (n, 28, 28))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(n) % 10 if labels is None else labels(n)
    for name, array in arrays.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    return arrays


@pytest.mark.parametrize("name", IDX_FOLDERS)
def test_idx_images_come_scaled_with_their_labels(tmp_path, name):
    arrays = write_idx(tmp_path / IDX_FOLDERS[name])
    data = load(name, Source(tmp_path, allow=(name,)), n_validation=10)
    assert [len(part) for _, part in data.parts()] == [30, 10, 20]
    scaling = data.provenance["scaling"]
    images = arrays["t10k-images-idx3-ubyte"][:, None]
    expected = (images / 255 - scaling["mean"]) / scaling["deviation"]
    # float32 keeps seven digits
    torch.testing.assert_close(data.test.inputs, torch.tensor(expected, dtype=torch.float32))
    assert data.test.targets.tolist() == arrays["t10k-labels-idx1-ubyte"].tolist()
    assert not any(file["official"] for file in data.provenance["files"])


def test_the_split_is_the_same_each_time_and_shares_nothing(tmp_path):
    write_idx(tmp_path / "MNIST/raw")
    first, second = (
        load("mnist", Source(tmp_path, allow=("mnist",)), n_validation=10) for _ in "ab"
    )
    assert torch.equal(first.validation.inputs, second.validation.inputs)
    assert first.provenance == second.provenance
    rows = torch.cat([first.train.inputs, first.validation.inputs]).flatten(1)
    assert len(torch.unique(rows, dim=0)) == 40


def test_an_idx_file_that_is_cut_short_says_how_much_is_missing():
    with pytest.raises(ValueError, match=r"x: its header announces \(4,\), so 12 bytes; it has 11"):
        idx_array("x", idx(np.arange(4))[:-1])
    with pytest.raises(ValueError, match="x is no IDX file"):
        idx_array("x", b"PNG!")


def test_a_label_out_of_range_says_where(tmp_path):
    write_idx(tmp_path / "MNIST/raw", labels=lambda n: np.arange(n) % 11)
    with pytest.raises(ValueError, match=r"mnist, \w+: label 10 at position \d+ is out of range"):
        load("mnist", Source(tmp_path, allow=("mnist",)), n_validation=10)


def test_a_class_without_samples_is_named(tmp_path):
    write_idx(tmp_path / "MNIST/raw", labels=lambda n: np.arange(n) % 9)
    with pytest.raises(ValueError, match=r"mnist, train: no sample of class 9 \(1 of 10"):
        load("mnist", Source(tmp_path, allow=("mnist",)), n_validation=10)


@pytest.mark.parametrize("n_validation", [0, 40])
def test_a_validation_part_that_leaves_nothing_is_refused(tmp_path, n_validation):
    write_idx(tmp_path / "MNIST/raw")
    with pytest.raises(ValueError, match=f"cannot hold out {n_validation} of 40"):
        load("mnist", Source(tmp_path, allow=("mnist",)), n_validation=n_validation)


def write_svhn(folder):
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    images = {}
    for part in ("train", "test"):
        images[part] = rng.integers(0, 256, (30, 3, 32, 32)).astype(np.uint8)
        labels = (np.arange(30) % 10 + 1).astype(np.uint8)[:, None]  # 10 stands for '0'
        stored = {"X": images[part].transpose(2, 3, 1, 0), "y": labels}
        scipy.io.savemat(folder / f"{part}_32x32.mat", stored)
    return images


def test_svhn_puts_the_sample_first_and_ten_becomes_zero(tmp_path):
    images = write_svhn(tmp_path / "SVHN")
    data = load("svhn", Source(tmp_path, allow=("svhn",)), n_validation=10)
    assert data.test.targets.tolist() == [*range(1, 10), 0] * 3
    expected = torch.tensor(images["test"] / 127.5 - 1, dtype=torch.float32)
    torch.testing.assert_close(data.test.inputs, expected, atol=1e-6, rtol=0)  # float32


def test_a_damaged_mat_file_is_refused(tmp_path):
    write_svhn(tmp_path / "SVHN")
    path = tmp_path / "SVHN/train_32x32.mat"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"svhn: SVHN/train_32x32.mat cannot be read"):
        load("svhn", Source(tmp_path, allow=("svhn",)), n_validation=10)


def cifar_files():
    rng = np.random.default_rng(0)
    names = [f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]
    rows = {name: rng.integers(0, 256, (10, 3073)).astype(np.uint8) for name in names}
    for batch in rows.values():
        batch[:, 0] = np.arange(10)
    return rows


def test_cifar10_reads_the_folder(tmp_path):
    (tmp_path / "cifar-10-batches-bin").mkdir()
    rows = cifar_files()
    for name, batch in rows.items():
        (tmp_path / "cifar-10-batches-bin" / name).write_bytes(batch.tobytes())
    data = load("cifar10", Source(tmp_path, allow=("cifar10",)), n_validation=10)
    pixels = rows["test_batch.bin"][:, 1:].reshape(10, 3, 32, 32)
    expected = torch.tensor(pixels / 127.5 - 1, dtype=torch.float32)
    torch.testing.assert_close(data.test.inputs, expected, atol=1e-6, rtol=0)  # float32
    assert [len(part) for _, part in data.parts()] == [40, 10, 10]
    assert len(data.provenance["files"]) == 6


def test_cifar10_reads_the_archive(tmp_path):
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for name, batch in cifar_files().items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = batch.size
            tar.addfile(member, io.BytesIO(batch.tobytes()))
    data = load("cifar10", Source(tmp_path, allow=("cifar10",)), n_validation=10)
    assert data.test.targets.tolist() == list(range(10))


def test_a_cifar10_batch_cut_short_is_refused(tmp_path):
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name, batch in cifar_files().items():
        (tmp_path / "cifar-10-batches-bin" / name).write_bytes(batch.tobytes()[:-5])
    with pytest.raises(ValueError, match=r"data_batch_1.bin has 30725 bytes, expected a multiple"):
        load("cifar10", Source(tmp_path, allow=("cifar10",)), n_validation=10)
    with pytest.raises(ValueError, match=r"the official one is md5:5dd7e06a"):
        load("cifar10", Source(tmp_path), n_validation=10)


def test_digits_need_no_file(tmp_path):
    data = load("digits", Source(tmp_path, download=False))
    assert [len(part) for _, part in data.parts()] == [1257, 180, 360]
    assert data.train.inputs.abs().max() == 1
