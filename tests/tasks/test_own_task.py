import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from modaxfer.config import RunConfig, build, read_yaml, to_yaml
from modaxfer.data.clusters import clusters_of
from modaxfer.errors import ConfigError, DataError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field
from modaxfer.tasks.load import load_task
from modaxfer.tasks.own import task_from_files


def csv_of(path, rows, header="text,label"):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return str(path)


@pytest.fixture
def reviews(tmp_path):
    return csv_of(tmp_path / "My Reviews.csv", [(f"00{n}", ("good", "bad")[n % 2]) for n in range(40)])


def test_a_csv_of_texts(reviews):
    spec = task_from_files(RunConfig(data=reviews, text=("text",)))
    assert spec.name == "my-reviews"
    assert spec.fields == (Field(name="text", signal=TEXT),)
    assert spec.target.problem == "binary"
    assert (
        spec.summary
        == "Your own data: text 'text' to 'label', binary (guessed: 2 distinct labels; --problem says otherwise)."
    )
    data = load_task(spec)
    assert data.source == f"file {reviews}"
    assert data.classes == ("bad", "good")
    assert all(text.startswith("00") for text in data.splits["train"]["text"])


def test_rows_of_a_group_stay_together_and_are_drawn_together(tmp_path):
    rows = [(f"text {n}", ("good", "bad")[n % 2], f"speaker {n // 8}") for n in range(160)]
    path = csv_of(tmp_path / "said.csv", rows, header="text,label,speaker")
    spec = task_from_files(RunConfig(data=path, text=("text",), group=("speaker",)))
    data = load_task(spec)
    sides = [set(data.splits[split]["speaker"]) for split in ("train", "validation", "test")]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    clusters = clusters_of(data, spec.splits, spec.fields, "test")
    assert (clusters.count, clusters.by) == (len(sides[2]), "the same speaker")


def test_a_group_is_a_column_that_is_there_and_no_label(reviews):
    with pytest.raises(DataError, match="group column 'speeker' is not in the data"):
        task_from_files(RunConfig(data=reviews, text=("text",), group=("speeker",)))
    with pytest.raises(ConfigError, match="column 'label' is both group and label"):
        task_from_files(RunConfig(data=reviews, text=("text",), group=("label",)))


def test_the_config_makes_the_same_task_again(reviews, tmp_path):
    config = RunConfig(data=reviews, text=("text",), label=("label",))
    (tmp_path / "config.yaml").write_text(to_yaml(config))
    again = build(RunConfig, read_yaml(tmp_path / "config.yaml"))
    assert task_from_files(again) == task_from_files(config)
    assert load_task(task_from_files(again)).fingerprint == load_task(task_from_files(config)).fingerprint


@pytest.mark.parametrize(
    ("written", "label"), [("null", ()), ("stars", ("stars",)), ("'a, b'", ("a, b",)), ("[a, b]", ("a", "b"))]
)
def test_label_in_a_config_is_one_name_or_a_list(tmp_path, written, label):
    (tmp_path / "config.yaml").write_text(f"label: {written}\n")
    assert build(RunConfig, read_yaml(tmp_path / "config.yaml")).label == label


def test_csv_and_parquet_with_the_same_rows_have_one_fingerprint(tmp_path):
    rows = [(f"text {n}", n / 2, "ab"[n % 2]) for n in range(40)]
    text, number, label = zip(*rows, strict=True)
    path = csv_of(tmp_path / "t.csv", rows, "text,number,label")
    pq.write_table(pa.table({"label": label, "number": number, "text": text}), tmp_path / "t.parquet")
    fields = {"text": ("text",), "number": ("number",)}
    prints = [
        load_task(task_from_files(RunConfig(data=data, **fields))).fingerprint
        for data in (path, str(tmp_path / "t.parquet"))
    ]
    assert prints[0] == prints[1]


def test_a_relative_path_and_an_unrelated_data_dir(reviews, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = task_from_files(RunConfig(data="./My Reviews.csv", text=("text",)))
    assert load_task(spec, data_dir=tmp_path / "elsewhere").source == f"file {reviews}"


def test_columns_not_named_are_ignored_and_all_are_a_table_where_none_is(tmp_path):
    path = csv_of(tmp_path / "t.csv", [(n * 2, n % 3, n % 2) for n in range(40)], "a,b,label")
    assert [f.name for f in task_from_files(RunConfig(data=path, number=("b",))).fields] == ["b"]
    spec = task_from_files(RunConfig(data=path))
    assert spec.fields == ()
    assert "table 'a', table 'b' to 'label'" in spec.summary
    assert load_task(spec).splits["train"].features["a"].dtype == "float64"


def test_a_table_task_may_leave_columns_out(tmp_path):
    path = csv_of(tmp_path / "t.csv", [(n * 2, n % 3, n % 5, n % 2) for n in range(40)], "a,b,c,label")
    spec = task_from_files(RunConfig(data=path, ignore=("a", "c")))
    assert "table 'b' to 'label'" in spec.summary
    data = load_task(spec)
    assert [field.name for field in data.fields] == ["b"]
    assert data.splits["train"].column_names == ["row_id", "b"]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"ignore": ("aa",)}, DataError, r"ignored column 'aa' is not in the data.*Allowed: a, b, label.*mean a\?"),
        ({"ignore": ("label",)}, ConfigError, "'label' is both label and ignored. Fix: leave --ignore label out"),
        ({"ignore": ("b",), "group": ("b",)}, ConfigError, "'b' is both group and ignored"),
        (
            {"ignore": ("b",), "number": ("a",)},
            ConfigError,
            r"--ignore beside --number would do nothing: columns that are not named are no inputs.*Fix: leave --ignore",
        ),
        ({"ignore": ("a", "b")}, DataError, "no input column"),
    ],
)
def test_what_cannot_be_left_out_is_refused(tmp_path, asked, error, said):
    path = csv_of(tmp_path / "t.csv", [(n * 2, n % 3, n % 2) for n in range(40)], "a,b,label")
    with pytest.raises(error, match=said):
        task_from_files(RunConfig(data=path, **asked))


def test_every_kind_of_field_may_be_named(tmp_path):
    rows = {name: ["x"] * 10 for name in ("t", "i", "s", "n")} | {"label": ["a", "b"] * 5}
    pq.write_table(pa.table(rows), tmp_path / "t.parquet")
    config = RunConfig(data=str(tmp_path / "t.parquet"), text=("t",), image=("i",), audio=("s",), number=("n",))
    assert [field.signal for field in task_from_files(config).fields] == [TEXT, IMAGE, AUDIO, TABLE]


def test_class_folders_need_no_columns(tmp_path):
    for n in range(24):
        folder = tmp_path / "pets" / ("cat", "dog", "eel")[n % 3]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (n, 0, 0)).save(folder / f"{n}.png")
    spec = task_from_files(RunConfig(data=str(tmp_path / "pets")))
    assert spec.fields == (Field(name="image", signal=IMAGE),)
    assert spec.target.problem == "multiclass"
    data = load_task(spec)
    assert data.classes == ("cat", "dog", "eel")
    assert (data.root / data.splits["test"]["image"][0]).is_file()


def test_media_paths_are_below_the_files_folder(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "secret.png")
    folder = tmp_path / "data"
    folder.mkdir()
    for n in range(19):
        Image.new("RGB", (2, 2), (n, 0, 0)).save(folder / f"{n}.png")
    names = [*(f"{n}.png" for n in range(19)), "../secret.png"]
    path = csv_of(folder / "t.csv", [(name, "ab"[n % 2]) for n, name in enumerate(names)], "image,label")
    data = load_task(task_from_files(RunConfig(data=path, image=("image",))))
    assert data.dropped == {"unreadable_image": 1}
    assert "t.csv row 20: a media path leads out of the data folder" in data.dropped_rows[0]


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([0, 1] * 20, "binary"),
        ([0, 1, 2, 3] * 10, "multiclass"),
        ([0.5, 1.0, 1.5, 2.0] * 10, "multiclass"),
        ([n / 7 for n in range(40)], "regression"),
        ([n * 1000 for n in range(40)], "regression"),
        ([n % 20 for n in range(40)], "multiclass"),
        ([f"id {n}" for n in range(40)], "multiclass"),
        ([["a"], ["a", "b"]] * 20, "multilabel"),
    ],
)
def test_the_problem_is_guessed_from_the_labels(tmp_path, labels, problem):
    lines = [json.dumps({"text": f"t{n}", "label": label}) for n, label in enumerate(labels)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    spec = task_from_files(RunConfig(data=str(tmp_path / "t.jsonl"), text=("text",)))
    assert spec.target.problem is problem
    assert f"{problem} (guessed" in spec.summary
    if problem != "multilabel":
        path = csv_of(tmp_path / "t.csv", [(f"t{n}", label) for n, label in enumerate(labels)])
        assert task_from_files(RunConfig(data=path, text=("text",))).target.problem is problem


def test_the_problem_may_be_given(tmp_path):
    path = csv_of(tmp_path / "t.csv", [(f"t{n}", ("a|b", "b", "")[n % 3]) for n in range(30)])
    spec = task_from_files(RunConfig(data=path, text=("text",), problem="multilabel"))
    assert spec.target.separator == "|"
    assert spec.summary.endswith("multilabel (as asked for, separated by '|').")
    data = load_task(spec)
    assert data.classes == ("a", "b")
    assert data.dropped == {}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"text": ("txt",)}, DataError, r"input column 'txt' is not in the data .*did you mean text"),
        (
            {"text": ("text",), "label": ("lable",)},
            DataError,
            r"label column 'lable' is not in the data .*did you mean label",
        ),
        ({"text": ("text", "label")}, ConfigError, r"'label' is both input and label"),
        ({"text": ("text", "text")}, ConfigError, r"named as input twice\. Got: text"),
    ],
)
def test_columns_that_do_not_fit_are_refused(reviews, options, error, message):
    with pytest.raises(error, match=message):
        task_from_files(RunConfig(data=reviews, **options))


def test_a_label_must_be_found(tmp_path):
    path = csv_of(tmp_path / "t.csv", [("a", "b")], "text,stars")
    with pytest.raises(
        DataError, match=r"which column is the label\? .*Allowed: text, stars\. Fix: name it with --label"
    ):
        task_from_files(RunConfig(data=path, text=("text",)))


def test_data_must_be_named_and_there(tmp_path):
    with pytest.raises(ConfigError, match=r"no data of your own is named"):
        task_from_files(RunConfig())
    with pytest.raises(DataError, match=r"no such file"):
        task_from_files(RunConfig(data=str(tmp_path / "gone.csv")))


def test_encoded_files_must_be_named(tmp_path):
    rows = {"photo": [{"bytes": b"x", "path": None}] * 10, "label": ["a", "b"] * 5}
    pq.write_table(pa.table(rows), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"encoded files and no input column was named .*--image photo"):
        task_from_files(RunConfig(data=str(tmp_path / "t.parquet")))
