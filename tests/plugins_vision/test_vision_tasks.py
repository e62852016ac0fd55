import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import domain_tasks as tasks
from modaxfer.errors import DataError
from modaxfer.tasks.load import load_task

PLUGIN = "vision"
SPECS = tasks.specs(PLUGIN)
DOMAINS = ("photo", "art", "cartoon", "sketch")


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


@pytest.mark.parametrize("name", ["digits-usps", pytest.param("pacs", marks=pytest.mark.slow), "pacs-cartoon"])
def test_samples_are_seeded(name):
    tasks.check_sample_is_seeded(SPECS[name])


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in ("pacs-photo", "pacs-art") else name for name in SPECS],
)
def test_without_data_the_sample_is_read_and_said(name):
    tasks.check_sample_loads(PLUGIN, name)


@pytest.mark.parametrize(
    ("name", "least"),
    [("digits-mnist", 0.8), ("digits-usps", 0.8), ("digits-optical", 0.8), ("pacs", 0.5), ("pacs-sketch", 0.6)],
)
def test_samples_can_be_learnt(name, least):
    assert tasks.simple_score(PLUGIN, name) > least


@pytest.mark.parametrize(("name", "side"), [("digits-mnist", 28), ("digits-usps", 16), ("digits-optical", 8)])
def test_drawn_digits_have_the_size_of_the_real_ones(name, side):
    for row in tasks.load_sample(PLUGIN, name).splits["test"]:
        image = Image.open(io.BytesIO(row["image"]["bytes"]))
        assert (image.size, image.mode) == ((side, side), "L")


def test_the_sample_of_all_styles_has_every_thing_in_every_style_equally_often():
    table = tasks.sample_tables(SPECS["pacs"])["train"]
    counts = table.group_by(["label", "domain"]).aggregate([([], "count_all")])["count_all"].to_pylist()
    assert counts == [6] * 28


def write_pacs(folder, domains):
    """Write two splits of PACS in these domains; rows of one domain share a colour."""
    folder.mkdir()
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    for split, count in (("train", 8), ("test", 2)):
        rows = [(label, domain, n) for n in range(count) for label in ("dog", "house") for domain in domains]
        images = []
        for label, domain, n in rows:
            buffer = io.BytesIO()
            grey = 40 * domains.index(domain) + 2 * n + (label == "dog") + 20 * (split == "test")
            Image.new("L", (4, 4), grey).save(buffer, format="PNG")
            images.append({"bytes": buffer.getvalue(), "path": None})
        labels, shown, _ = zip(*rows, strict=True)
        table = pa.table({"image": pa.array(images, kind), "label": labels, "domain": shown})
        pq.write_table(table, folder / f"{split}.parquet")


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_style_takes_its_rows_out_of_the_folder(tmp_path, domain):
    write_pacs(tmp_path / "pacs", DOMAINS)
    data = load_task(SPECS[f"pacs-{domain}"], data_dir=tmp_path)
    assert data.source == f"folder {tmp_path / 'pacs'}"
    assert {name for rows in data.splits.values() for name in rows["domain"]} == {domain}
    assert sum(map(len, data.splits.values())) + sum(data.dropped.values()) == 20


def test_a_folder_without_the_style_is_refused(tmp_path):
    write_pacs(tmp_path / "pacs", ("photo", "real"))
    with pytest.raises(DataError, match=r"no row of this domain.*photo, real.*sketch"):
        load_task(SPECS["pacs-sketch"], data_dir=tmp_path)


def test_a_folder_without_domains_is_refused(tmp_path):
    write_pacs(tmp_path / "pacs", DOMAINS)
    path = tmp_path / "pacs" / "test.parquet"
    pq.write_table(pq.read_table(path).rename_columns(["image", "label", "style"]), path)
    with pytest.raises(DataError, match=r"column 'domain' is not in the data"):
        load_task(SPECS["pacs-photo"], data_dir=tmp_path)


@pytest.mark.weights
@pytest.mark.parametrize("name", SPECS)
def test_the_real_rows(name):
    tasks.check_real_rows(PLUGIN, name)
    assert tasks.load_real(PLUGIN, name).dropped == {}


@pytest.mark.weights
def test_the_real_styles_are_parts_of_the_whole():
    whole = tasks.load_real(PLUGIN, "pacs")
    for split, rows in whole.splits.items():
        parts = [tasks.load_real(PLUGIN, f"pacs-{domain}").splits[split] for domain in DOMAINS]
        assert sum(map(len, parts)) == len(rows)
        assert [set(part["domain"]) for part in parts] == [{domain} for domain in DOMAINS]
