"""Tables with pictures that a plugin ships in its package, as pip leaves them on the disk."""

from __future__ import annotations

import pyarrow as pa
import pytest
from PIL import Image

from modaxfer.data.package_folders import folder_of
from modaxfer.data.sources import find_rows
from modaxfer.errors import DataError, PluginError
from modaxfer.spec import IMAGE, Field, PackageSource, Target, TaskSpec
from modaxfer.tasks.load import load_task

COLOURS = ("red", "blue")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder like site-packages, with a distribution, its package, a table and pictures beside it."""
    site = tmp_path_factory.mktemp("site")
    shipped = site / "modaxfer_skies" / "skies"
    (shipped / "pictures").mkdir(parents=True)
    (site / "modaxfer_skies" / "__init__.py").write_text("raise SystemExit('data is found without running code')")
    (site / "modaxfer_skies-1.0.dist-info").mkdir()
    (site / "modaxfer_skies-1.0.dist-info" / "METADATA").write_text("Name: modaxfer-skies\nVersion: 1.0\n")
    lines = ["picture,colour"]
    for number in range(24):
        Image.new("RGB", (8, 8), (number, 0, 255) if number % 2 else (255, number, 0)).save(
            shipped / "pictures" / f"{number}.png"
        )
        lines.append(f"pictures/{number}.png,{COLOURS[number % 2]}")
    lines += ["pictures/none.png,red", "../../modaxfer_skies-1.0.dist-info/METADATA,red"]
    (shipped / "train.csv").write_text("\n".join(lines))
    return site


@pytest.fixture(autouse=True)
def _on_the_path(installed, monkeypatch):
    monkeypatch.syspath_prepend(str(installed))


def task(source):
    return TaskSpec(
        name="skies",
        fields=(Field(name="picture", signal=IMAGE),),
        target=Target(column="colour"),
        sources=(source,),
    )


def test_media_paths_are_relative_to_the_folder_in_the_package(installed):
    data = load_task(task(PackageSource(distribution="modaxfer-skies", folder="modaxfer_skies/skies")), seed=0)
    assert data.source == "package modaxfer-skies 1.0"
    assert data.root == installed / "modaxfer_skies" / "skies"
    assert sum(data.rows.values()) == 24
    lost = "\n".join(data.dropped_rows)
    assert "cannot read the media file" in lost
    assert "pictures/none.png" in lost
    assert "a media path leads out of the data folder" in lost


def test_tables_made_by_code_may_bring_a_folder(monkeypatch):
    monkeypatch.setitem(globals(), "made", lambda: {"train": pa.table({"picture": ["pictures/1.png"]})})
    source = PackageSource(distribution="modaxfer-skies", target=f"{__name__}:made", folder="modaxfer_skies/skies")
    assert find_rows(task(source), None).root == folder_of("modaxfer_skies/skies", "modaxfer-skies")


@pytest.mark.parametrize(
    ("folder", "got"),
    [
        ("modaxfer_skis/skies", r"no package 'modaxfer_skis'.*begin it with the name of a package"),
        ("modaxfer_skies/clouds", r"no folder .*clouds.*include its files in the wheel"),
        ("modaxfer_skies/../..", r"outside the package.*name a folder inside it"),
        ("../modaxfer_skies", r"no package '\.\.'"),
    ],
)
def test_a_folder_that_is_not_there_is_its_authors_mistake(folder, got):
    with pytest.raises(PluginError, match=rf"(?s)modaxfer-skies has no data folder '{folder}'.*{got}"):
        find_rows(task(PackageSource(distribution="modaxfer-skies", folder=folder)), None)


def test_a_distribution_that_is_not_installed_is_named(monkeypatch, tmp_path):
    source = PackageSource(distribution="modaxfer-seas", folder="modaxfer_seas/waves")
    with pytest.raises(
        DataError, match=r"package modaxfer-seas: no distribution of this name .*distribution='modaxfer"
    ):
        find_rows(task(source), None)
    index = tmp_path / "index.json"
    index.write_text('{"modaxfer-seas": {"namespace": "seas", "names": {"task": ["waves"]}}}')
    monkeypatch.setenv("MODAXFER_PLUGIN_INDEX", str(index))
    with pytest.raises(DataError, match=r"not installed; it is known: pip install modaxfer-seas"):
        find_rows(task(source), None)


def test_a_package_source_has_a_folder_or_a_target():
    with pytest.raises(ValueError, match=r"'modaxfer-skies': set folder, or target, or both"):
        PackageSource(distribution="modaxfer-skies")
