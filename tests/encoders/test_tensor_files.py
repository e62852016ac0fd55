"""Files of a saved model that are not as they were written are refused by name, and never believed."""

from __future__ import annotations

import os

import pytest
import torch
from safetensors.torch import save_file

from modaxfer.encoders.tensor_files import check_files, checksums, fill
from modaxfer.errors import DataError

NAME = "head.safetensors"


@pytest.fixture
def written(tmp_path):
    save_file({"weight": torch.ones(2, 3)}, tmp_path / NAME)
    return tmp_path / NAME


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def piped(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flipped, "its checksum is wrong"),
        (piped, "its checksum is wrong"),
        (lambda path: path.write_bytes(b""), "its checksum is wrong"),
        (lambda path: path.unlink(), "No such file"),
    ],
)
def test_a_file_is_compared_with_its_checksum(written, damage, words):
    told = checksums(written.parent)
    assert list(told) == [NAME]
    check_files(written.parent, told)
    damage(written)
    with pytest.raises(DataError, match=rf"a file of the run is damaged \(file .*{NAME}\). Got: {words}"):
        check_files(written.parent, told)


def test_a_run_has_no_file_outside_it_read(tmp_path):
    with pytest.raises(DataError, match=r"names a folder outside its own.*/dev/zero"):
        check_files(tmp_path, {"/dev/zero": ""})


@pytest.mark.parametrize("module", [torch.nn.Linear(3, 2), torch.nn.Linear(4, 2, bias=False)])
def test_tensors_that_do_not_fit_are_refused(written, module):
    with pytest.raises(DataError, match=rf"damaged \(file .*{NAME}\). Got: Error.s. in loading state_dict for Linear"):
        fill(module.load_state_dict, written)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle"])
def test_what_holds_no_tensors_is_refused_where_no_checksum_is_known(written, content):
    written.write_bytes(content)
    with pytest.raises(DataError, match=rf"damaged \(file .*{NAME}\). Got: Error while deserializing"):
        fill(torch.nn.Linear(3, 2, bias=False).load_state_dict, written)
