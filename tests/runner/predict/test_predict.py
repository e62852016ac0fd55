"""A saved model on new rows: each keeps its place, and one that cannot be read does not stop the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import modaxfer
from modaxfer.errors import DataError
from modaxfer.runner.predict.given import find_rows
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.predict.records import flat, records

GOOD, BAD = "right held that court", "wrong was the court"


@pytest.fixture(scope="module")
def texts(finished):
    return modaxfer.load(finished("bert", "text"))


@pytest.fixture(scope="module")
def pictures(finished):
    return modaxfer.load(finished("vit", "image"))


def made_by(run, data):
    predictor = run._loaded()
    return predictor.predict_rows(find_rows(data, predictor.described.fields))


def test_every_form_of_the_same_rows_gives_the_same_predictions(texts, tmp_path):
    frame = pd.DataFrame({"id": [7, 8], "text": [GOOD, BAD]})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    expected = [one["scores"] for one in texts.predict(frame)]
    assert expected[0] != expected[1]
    for data in (tmp_path / "rows.csv", str(tmp_path / "rows.parquet"), frame["text"], frame["text"].tolist()):
        assert [one["scores"] for one in texts.predict(data)] == expected
    assert texts.predict(GOOD)[0]["scores"] == pytest.approx(expected[0], abs=1e-6)
    assert texts.predict_proba(frame) == pytest.approx(pd.DataFrame(expected).to_numpy())


def test_a_record_keeps_its_row(texts):
    (first, second) = texts.predict([{"id": "a7", "text": GOOD}, {"id": "b8", "text": BAD}])
    assert list(first) == ["row", "id", "text", "prediction", "scores", "reason"]
    assert (first["row"], first["id"], first["text"], first["reason"]) == (1, "a7", GOOD, None)
    assert (second["row"], second["id"]) == (2, "b8")
    assert first["prediction"] == max(first["scores"], key=first["scores"].get)
    assert sum(first["scores"].values()) == pytest.approx(1, abs=1e-5)


def test_a_flat_table_says_the_same_as_the_records(texts):
    made = made_by(texts, [{"id": 7, "text": GOOD, "row": 3, "score:x": 1}, {"id": 8, "text": " "}])
    table, found = flat(made), records(made)
    assert table.column_names == [
        "row", "id", "text", "given:row", "given:score:x", "prediction", "score:negative", "score:positive", "reason",
    ]  # fmt: skip
    for line, record in zip(table.to_pylist(), found, strict=True):
        scores = {name.removeprefix("score:"): value for name, value in line.items() if name.startswith("score:")}
        assert (record["scores"] or {"negative": None, "positive": None}) == scores
        assert {name: line[name] for name in record if name != "scores"} == {
            name: value for name, value in record.items() if name != "scores"
        }


def test_a_blank_row_has_no_prediction_but_a_reason(texts, capsys):
    rows = [{"text": GOOD}, {"tekst": BAD}, {"text": None}, {"text": " \t"}, {"text": BAD}]
    found = texts.predict(rows)
    assert [one["prediction"] is None for one in found] == [False, True, True, True, False]
    assert [one["scores"] is None for one in found] == [False, True, True, True, False]
    assert found[1]["reason"] == "no input: 'text' is empty; it has 'tekst' instead"
    assert found[2]["reason"] == found[3]["reason"] == "no input: 'text' is empty"
    said = capsys.readouterr().err
    assert "warning: 3 of 5 rows have no prediction: row 2: no input: 'text' is empty; it has 'tekst'" in said
    texts.predict(rows, quiet=True)
    assert capsys.readouterr().err == ""
    alone = texts.predict([{"text": GOOD}, {"text": BAD}])
    assert [one["scores"] for one in alone] == [found[0]["scores"], found[4]["scores"]]
    assert np.isnan(texts.predict_proba(rows)).all(axis=1).tolist() == [False, True, True, True, False]


def test_a_file_that_cannot_be_read_stops_no_other(pictures, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    Image.new("RGB", (12, 16), "white").save(folder / "white.png")
    Image.new("RGB", (12, 16), "black").save(folder / "black.png")
    (folder / "broken.png").write_bytes((folder / "white.png").read_bytes()[:40])
    (folder / "rows.csv").write_text('image\nwhite.png\nmissing.png\n""\nbroken.png\nblack.png\n')
    found = pictures.predict(folder / "rows.csv", quiet=True)
    assert [one["prediction"] for one in found] == ["light", None, None, None, "dark"]
    assert [one["image"] for one in found[:2]] == ["white.png", "missing.png"]
    assert "missing.png" in found[1]["reason"]
    assert found[2]["reason"] == "no input: 'image' is empty"
    assert "unreadable image" in found[3]["reason"]
    by_name = {one["image"]: one["prediction"] for one in pictures.predict(folder, quiet=True)}
    assert by_name == {"black.png": "dark", "broken.png": None, "white.png": "light"}


def test_a_value_in_memory_that_is_no_picture_stops_no_other(pictures):
    found = pictures.predict([Image.new("RGB", (12, 16), "white"), np.full((4, 4), 900), None], quiet=True)
    assert [one["prediction"] for one in found] == ["light", None, None]
    assert "not the numbers of an image" in found[1]["reason"]
    assert found[2]["reason"] == "no input: 'image' is empty"


def test_pictures_in_memory_are_predicted_as_their_files_are(pictures, tmp_path):
    Image.new("RGB", (12, 16), "gray").save(tmp_path / "gray.png")
    picture = Image.open(tmp_path / "gray.png")
    forms = [tmp_path / "gray.png", picture, np.asarray(picture), (tmp_path / "gray.png").read_bytes()]
    scores = [one["scores"] for one in pictures.predict(forms)]
    assert scores[1:] == scores[:-1]


UNUSABLE = {
    "not one row": ([{"text": ""}, {"text": None}], r"not one row can be predicted. Got: row 1: no input.*row 2"),
    "a column of another name": ([{"review": "a"}], r"Got: review. .* Fix: call the column that holds the text 'text'"),
    "another column": (
        [{"txt": "words", "id": 1}],
        r"input column 'text' is not in the data. Got: txt, id. Allowed: .*: text 'text'. Fix: rename 'txt' to 'text'",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_rows_of_which_none_can_be_read_are_refused(case, texts):
    data, message = UNUSABLE[case]
    with pytest.raises(DataError, match=message):
        texts.predict(data)


def test_a_regression_has_a_number_and_no_scores(finished):
    run = modaxfer.load(finished("bert", "regression"))
    found = run.predict([{"text": "right right"}, {"text": ""}], quiet=True)
    assert [list(one) for one in found] == [["row", "text", "prediction", "reason"]] * 2
    assert 90 < found[0]["prediction"] < 120
    assert found[1]["prediction"] is None
    with pytest.raises(DataError, match=r"a regression has no classes, so no probabilities\. Fix: use predict"):
        run.predict_proba([{"text": "right"}])


def test_several_labels_are_a_list(finished):
    predictor = Predictor(finished("bert", "multilabel"))
    (one,) = predictor.predict([{"text": "right court"}])
    assert set(one["prediction"]) <= {"right", "wrong"}
    assert one["prediction"] == [name for name, score in one["scores"].items() if score >= 0.5]


def test_test_rows_stand_beside_their_predictions(texts, own_rows, tmp_path):
    frame = texts.predictions
    assert frame.columns.tolist() == ["row_id", "text", "target", "prediction", "score:negative", "score:positive"]
    rows = pd.read_csv(own_rows("text")["data"])
    given = rows.iloc[frame["row_id"].str.removeprefix("train-").astype(int) - 1]
    assert frame["text"].tolist() == given["text"].tolist()
    assert frame["target"].tolist() == given["label"].tolist()
    accuracy = (frame["target"] == frame["prediction"]).mean()
    assert accuracy == pytest.approx(texts.result.metrics["test"]["accuracy"])


def test_test_rows_without_their_data_are_said_to_lack_it(finished, tmp_path, capsys):
    import shutil

    run = shutil.copytree(finished("bert", "text"), tmp_path / "run")
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("reviews.csv", "gone.csv"))
    frame = modaxfer.load(run).predictions
    assert frame.columns.tolist() == ["row_id", "target", "prediction", "score:negative", "score:positive"]
    assert "warning: the inputs are left out" in capsys.readouterr().err
