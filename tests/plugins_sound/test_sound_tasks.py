import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

import domain_tasks as tasks
from modaxfer.errors import DataError
from modaxfer.tasks.load import load_task
from modaxfer_sound.encoded import audio_column

PLUGIN = "sound"
SPECS = tasks.specs(PLUGIN)
SAMPLES = ("spoken-digits", "esc10")


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


@pytest.mark.parametrize("name", ["spoken-digits", pytest.param("esc10", marks=pytest.mark.slow)])
def test_samples_are_seeded(name):
    tasks.check_sample_is_seeded(SPECS[name])


@pytest.mark.parametrize("name", SAMPLES)
def test_without_data_the_sample_is_read_and_said(name):
    tasks.check_sample_loads(PLUGIN, name)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_can_be_learnt(name):
    assert tasks.simple_score(PLUGIN, name) > 0.7


@pytest.mark.parametrize(
    ("name", "rate", "shortest", "longest"), [("spoken-digits", 8000, 0.14, 2.3), ("esc10", 16000, 1.5, 1.5)]
)
def test_sounds_have_rate_and_length_of_those_they_stand_for(name, rate, shortest, longest):
    for row in tasks.load_sample(PLUGIN, name).splits["test"]:
        info = soundfile.info(io.BytesIO(row["audio"]["bytes"]))
        assert (info.samplerate, info.channels, info.format) == (rate, 1, "FLAC")
        assert shortest <= info.duration <= longest


def test_encoding_sets_the_loudest_sample_to_four_fifths():
    wave = np.sin(np.arange(800) / 7) * 37
    (value,) = audio_column([wave], 8000).to_pylist()
    samples, rate = soundfile.read(io.BytesIO(value["bytes"]))
    assert rate == 8000
    np.testing.assert_allclose(samples, wave * 0.8 / np.abs(wave).max(), atol=1e-4)


def test_the_sample_of_everyday_sounds_keeps_the_official_folds():
    data = tasks.load_sample(PLUGIN, "esc10")
    assert {split: set(rows["fold"]) for split, rows in data.splits.items()} == {
        "train": {1, 2, 3},
        "validation": {4},
        "test": {5},
    }
    tasks.check_groups_apart(data, ("source_clip",))


def test_takes_of_the_spoken_sample_are_apart_and_speakers_shared():
    tables = tasks.sample_tables(SPECS["spoken-digits"])
    takes, speakers = ({split: set(t[name].to_pylist()) for split, t in tables.items()} for name in ("take", "speaker"))
    assert not takes["train"] & takes["test"]
    assert speakers["train"] == speakers["test"]


@pytest.mark.weights
@pytest.mark.parametrize("name", SPECS)
def test_the_real_rows(name):
    tasks.check_real_rows(PLUGIN, name)
    assert tasks.load_real(PLUGIN, name).dropped == {}


@pytest.mark.weights
def test_the_real_splits_are_the_official_ones():
    digits = tasks.load_real(PLUGIN, "spoken-digits")
    assert set(digits.splits["test"]["take"]) == set(range(5))
    assert not set(digits.splits["train"]["take"]) & set(range(5))
    sounds = tasks.load_real(PLUGIN, "esc10")
    assert [set(sounds.splits[split]["fold"]) for split in ("train", "validation", "test")] == [{1, 2, 3}, {4}, {5}]
    emotion = tasks.load_real(PLUGIN, "speech-emotion")
    assert [set(emotion.splits[split]["speaker"]) for split in ("validation", "test")] == [{"09"}, {"12", "14"}]


def write_spoken(folder, speaker):
    """Write the made-up sample with one of its four speakers called `speaker`."""
    folder.mkdir()
    for split, table in tasks.sample_tables(SPECS["spoken-digits"]).items():
        names = [speaker if name == "ada" else name for name in table.column("speaker").to_pylist()]
        place = table.schema.get_field_index("speaker")
        pq.write_table(table.set_column(place, "speaker", pa.array(names)), folder / f"{split}.parquet")


def test_a_speaker_takes_their_rows_out_of_the_folder(tmp_path):
    write_spoken(tmp_path / "spoken-digits", "jackson")
    data = load_task(SPECS["spoken-digits-jackson"], data_dir=tmp_path)
    assert {name for rows in data.splits.values() for name in rows["speaker"]} == {"jackson"}
    assert sum(map(len, data.splits.values())) == 60
    with pytest.raises(DataError, match=r"no row of this speaker.*boris, carla, dinu, jackson.*Allowed: theo"):
        load_task(SPECS["spoken-digits-theo"], data_dir=tmp_path)
