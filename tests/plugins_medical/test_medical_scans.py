"""Scans as numbers and as rows: files are written here, by pydicom, nibabel and Pillow."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from modaxfer.data.clusters import clusters_of
from modaxfer.errors import ConfigError, DataError, OutputExistsError
from modaxfer.spec import IMAGE, Field, FolderSource, SplitPolicy, Target, TaskSpec
from modaxfer.tasks.load import load_task
from modaxfer_medical.__main__ import main
from modaxfer_medical.scans import read_scan, read_scans
from modaxfer_medical.windows import PRESETS, Window, spread_window, window_of

HOUNSFIELD = np.array([[-1024, -40, 0], [40, 80, 3000]], np.int16)


def dicom(path, stored, **facts):
    """Write `stored`, ``[rows, columns]`` or ``[frames, rows, columns]``, as one DICOM file."""
    pydicom = pytest.importorskip("pydicom", reason="an extra of modaxfer-medical")
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    one = pydicom.Dataset()
    one.file_meta = pydicom.dataset.FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID = SecondaryCaptureImageStorage
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID = generate_uid()
    one.Modality, one.PatientID, one.PhotometricInterpretation = "CT", "p1", "MONOCHROME2"
    one.SeriesInstanceUID = "1.2.3"
    one.Rows, one.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        one.NumberOfFrames = len(stored)
    one.SamplesPerPixel, one.BitsAllocated, one.BitsStored, one.HighBit = 1, 16, 16, 15
    one.PixelRepresentation = int(stored.dtype == np.int16)
    one.PixelData = stored.tobytes()
    for name, value in facts.items():
        setattr(one, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    one.save_as(path, enforce_file_format=True)
    return one


def frame_groups(**groups):
    """Return an item of functional groups, each a sequence of one."""
    from pydicom import Dataset

    item = Dataset()
    for name, facts in groups.items():
        inner = Dataset()
        for key, value in facts.items():
            setattr(inner, key, value)
        setattr(item, name, [inner])
    return item


def nifti(path, values, affine):
    nibabel = pytest.importorskip("nibabel", reason="an extra of modaxfer-medical")
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, affine), path)


@pytest.mark.parametrize("preset", ["brain", "lung", "bone"])
def test_a_window_is_that_of_dicom(preset):
    pixels = pytest.importorskip("pydicom.pixels", reason="an extra of modaxfer-medical")
    from pydicom import Dataset

    window, one = PRESETS[preset], Dataset()
    one.WindowCenter, one.WindowWidth = window.centre, window.width
    one.PhotometricInterpretation, one.BitsStored, one.PixelRepresentation = "MONOCHROME2", 8, 0
    values = np.arange(0, 256, dtype=np.uint8)
    np.testing.assert_array_equal(window.shown(values), np.rint(pixels.apply_windowing(values, one)))


def test_known_shades():
    assert Window(centre=128, width=256).shown(np.arange(256)).tolist() == list(range(256))
    assert PRESETS["brain"].shown(HOUNSFIELD).tolist() == [[0, 0, 0], [129, 255, 255]]


def test_windows_have_names_and_numbers():
    assert window_of("soft-tissue") == window_of("50/400") == Window(centre=50, width=400)
    assert window_of("-600 / 1500") == PRESETS["lung"]
    with pytest.raises(ConfigError, match=r"no such window.*Got: lungs.*CENTRE/WIDTH.*did you mean lung"):
        window_of("lungs")
    with pytest.raises(ConfigError, match=r"at least 1 wide"):
        Window(centre=0, width=0)


def test_a_scan_without_a_scale_is_spread_over_its_numbers():
    window = spread_window(np.arange(1001))
    assert (window.centre - window.width / 2, window.centre + window.width / 2) == pytest.approx((5, 996))
    assert spread_window(np.zeros(4)).width == 1


def test_slope_intercept_and_window_of_a_file(tmp_path):
    stored = (HOUNSFIELD.astype(np.int32) + 1024).astype(np.uint16)
    dicom(
        tmp_path / "a.dcm", stored, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=[40, 50], WindowWidth=[80, 9]
    )
    volume = read_scan(tmp_path / "a.dcm")
    np.testing.assert_array_equal(volume.values[0], HOUNSFIELD)
    assert (volume.modality, volume.patient, volume.window) == ("CT", "p1", Window(centre=40, width=80))
    np.testing.assert_array_equal(volume.shown()[0], PRESETS["brain"].shown(HOUNSFIELD))


def test_monochrome1_is_turned(tmp_path):
    dicom(tmp_path / "a.dcm", HOUNSFIELD, PhotometricInterpretation="MONOCHROME1")
    shown = read_scan(tmp_path / "a.dcm").shown(PRESETS["brain"])[0]
    np.testing.assert_array_equal(shown, 255 - PRESETS["brain"].shown(HOUNSFIELD))


def test_frames_have_slopes_and_places_of_their_own(tmp_path):
    pytest.importorskip("pydicom", reason="an extra of modaxfer-medical")
    turned = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    frames = [
        frame_groups(
            PixelValueTransformationSequence={"RescaleSlope": slope, "RescaleIntercept": 1},
            PlanePositionSequence={"ImagePositionPatient": [0, 0, height]},
        )
        for slope, height in ((2, 10), (3, 0))
    ]
    stored = np.stack([np.full((2, 2), 5, np.uint16), np.full((2, 2), 7, np.uint16)])
    dicom(
        tmp_path / "a.dcm",
        stored,
        PerFrameFunctionalGroupsSequence=frames,
        SharedFunctionalGroupsSequence=[frame_groups(PlaneOrientationSequence=turned)],
    )
    assert read_scan(tmp_path / "a.dcm").values[:, 0, 0].tolist() == [22, 11]


def test_a_series_is_ordered_by_where_its_slices_lie(tmp_path):
    for name, height in (("a", 30.0), ("b", -5.0), ("c", 10.0)):
        place = {"ImagePositionPatient": [0, 0, height], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
        dicom(tmp_path / "s" / f"{name}.dcm", np.full((2, 2), int(height), np.int16), **place)
    (tmp_path / "s" / "notes.txt").write_text("no scan")
    assert read_scan(tmp_path / "s").values[:, 0, 0].tolist() == [-5, 10, 30]
    dicom(tmp_path / "s" / "d.dcm", HOUNSFIELD[:2, :2], PatientID="p2")
    with pytest.raises(DataError, match=r"slices of one series.*2 values of PatientID: p1, p2"):
        read_scan(tmp_path / "s")


def test_nifti_is_seen_as_a_radiologist_sees_it(tmp_path):
    values = np.zeros((4, 5, 3), np.int16)
    values[3, 4, 2] = 7  # Axes point left, to the back and down: the patient's right, front and bottom come first.
    nifti(tmp_path / "a.nii.gz", values, np.diag([-1.0, -1.0, -1.0, 1.0]))
    volume = read_scan(tmp_path / "a.nii.gz")
    assert volume.values.shape == (3, 5, 4)
    # So the last of each axis is left, at the back and lowest: at the right, below, in the first slice.
    assert np.argwhere(volume.values).tolist() == [[0, 4, 3]]
    nifti(tmp_path / "b.nii", np.zeros((2, 2, 2, 5), np.int16), np.eye(4))
    with pytest.raises(DataError, match=r"one volume.*2 x 2 x 2 x 5"):
        read_scan(tmp_path / "b.nii")


def test_sixteen_bits_stay_sixteen_bits(tmp_path):
    deep = np.array([[0, 1000], [40000, 65535]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    volume = read_scan(tmp_path / "a.png")
    np.testing.assert_array_equal(volume.values[0], deep)
    assert volume.shown(Window(centre=32768, width=65536))[0].tolist() == [[0, 4], [156, 255]]
    Image.new("RGB", (2, 2)).save(tmp_path / "b.png")
    with pytest.raises(DataError, match=r"a scan is grey, and this one has colours"):
        read_scan(tmp_path / "b.png")
    (tmp_path / "c.txt").write_text("no scan")
    with pytest.raises(DataError, match=r"unreadable scan.*DICOM, NIfTI"):
        read_scan(tmp_path / "c.txt")


@pytest.fixture
def scans(tmp_path):
    """Twelve patients with two scans of three slices each."""
    lines, draw = ["file,label,slice,window"], np.random.default_rng(0)
    for patient in range(12):
        for scan in range(2):
            name = f"{patient}-{scan}.dcm"
            frames = draw.integers(0, 100, (3, 4, 4)).astype(np.int16)
            dicom(tmp_path / "heads" / name, frames, PatientID=f"p{patient:02}")
            lines += [f"{name},{'ill' if patient % 2 else 'well'},{number},brain" for number in (1, 3)]
    (tmp_path / "heads" / "scans.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "heads"


def test_no_patient_stands_in_two_splits_of_a_task(scans):
    spec = TaskSpec(
        name="heads",
        fields=(Field(name="image", signal=IMAGE),),
        target=Target(problem="binary", classes=("well", "ill")),
        sources=(FolderSource(name="heads", reader="modaxfer_medical.scans:read_scans"),),
        splits=SplitPolicy(group=("patient",), disjoint=("patient",)),
    )
    data = load_task(spec, data_dir=scans.parent)
    patients = {split: set(rows["patient"]) for split, rows in data.splits.items()}
    assert all(patients.values())
    assert sum(map(len, patients.values())) == len(set.union(*patients.values())) == 12
    assert sum(map(len, data.splits.values())) == 48
    drawn = clusters_of(data, spec.splits, data.fields, "test")
    assert drawn is not None
    assert (drawn.count, drawn.by) == (len(patients["test"]), "the same patient")


def test_rows_name_slice_window_and_modality(scans):
    train = read_scans(scans)["train"]
    assert train.slice(0, 2).select(["label", "patient", "scan", "slice", "modality", "window"]).to_pylist() == [
        {"label": "well", "patient": "p00", "scan": "0-0.dcm", "slice": slice_, "modality": "CT", "window": "40/80"}
        for slice_ in (1, 3)
    ]
    shown = np.asarray(Image.open(io.BytesIO(train["image"][1].as_py()["bytes"])))
    np.testing.assert_array_equal(shown, PRESETS["brain"].shown(read_scan(scans / "0-0.dcm").values[2]))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("../other.dcm,well,1,", "outside the folder.*row 2.*other.dcm"),
        ("0-0.dcm,well,4,", "no such slice.*Got: 4.*1 to 3"),
        ("0-0.dcm,well,x,", "no slice number.*row 2.*Got: x"),
        ("gone.dcm,well,1,", "no such scan"),
    ],
)
def test_a_listing_that_is_wrong_is_refused(scans, line, words):
    (scans / "scans.csv").write_text(f"file,label,slice,window\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_scans(scans)


def test_a_patient_in_two_splits_is_refused(scans):
    lines = ("file,label,split", "0-0.dcm,well,train", "0-1.dcm,well,test")
    (scans / "scans.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=r"a patient stands in two splits.*patient p00 in train and test"):
        read_scans(scans)
    (scans / "scans.csv").write_text("path,label\n0-0.dcm,well\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"other columns.*unknown: path"):
        read_scans(scans)


def test_slices_are_spread_over_class_folders_and_written(tmp_path, capsys):
    for label in ("ill", "well"):
        nifti(tmp_path / "scans" / label / "a.nii", np.arange(40).reshape(2, 2, 10).astype(np.int16), np.eye(4))
    out = tmp_path / "rows"
    assert main([str(tmp_path / "scans"), str(out), "--slices", "3", "--window", "20/41"]) == 0
    table = pq.read_table(out / "train.parquet")
    assert table.column("slice").to_pylist() == [2, 6, 9] * 2
    said = capsys.readouterr().out
    assert "train: 6 slices of 2 scans, 2 patients; windows 20/41" in said
    assert "2 scans name no patient; each counts as one of its own" in said
    assert main([str(tmp_path / "scans"), str(out)]) == OutputExistsError.exit_status
    assert "the folder is not empty" in capsys.readouterr().err
    assert main([str(tmp_path / "gone"), str(tmp_path / "new"), "--slices", "0"]) == ConfigError.exit_status
    assert "--slices is a number of 1 or more" in capsys.readouterr().err
