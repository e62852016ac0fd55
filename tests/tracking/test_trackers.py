"""TensorBoard and MLflow hold what the run's log and result hold; a tracker that fails costs a warning."""

from __future__ import annotations

import io
import json
import math
from contextlib import redirect_stderr

import pytest

import modaxfer
from modaxfer.errors import MissingPackageError, UnknownNameError
from modaxfer.tracking import TRACKERS, asked_trackers
from modaxfer.tracking.points import Curves, final_scores, parameters

pytest.importorskip("tensorboard", reason="the extra track")

pytestmark = pytest.mark.recipe

QUICK = {"strategy": "full", "set": {"head_first": True}, "epochs": 2, "precision": "fp32"}


@pytest.fixture(scope="module")
def tracked(tiny, own_rows, tmp_path_factory):
    """Return a function that makes a run of two phases in a folder of its own, and tells trackers of it."""

    def tracked(*names):
        root = tmp_path_factory.mktemp("tracked")
        asked = {"encoder": str(tiny("bert")), **QUICK, **own_rows("text", 24), "output": root / "run"}
        return modaxfer.train(**asked, device="cpu", quiet=True, track=names)

    return tracked


@pytest.fixture(scope="module")
def run(tracked):
    """A run that is tracked by two, of which one fails at the first line of the log."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker, register_tracker_class

    class Failing(GeneralTracker):
        name = "failing"
        requires_logging_directory = False
        main_process_only = False
        tracker = None

        def __init__(self, project):
            super().__init__()

        def log(self, values, step=None, **settings):
            raise ConnectionError("nobody is there")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accelerate.tracking.LOGGER_TYPE_TO_CLASS", dict(LOGGER_TYPE_TO_CLASS))
        register_tracker_class(Failing)
        with redirect_stderr(io.StringIO()) as said:
            made = tracked("tensorboard", "failing")
        assert "tracking" not in said.getvalue(), "a quiet run says nothing of its trackers either"
        return made


def curves_of(folder):
    """Return values by curve and step that a log holds, worked out by hand: the phases follow each other."""
    found, before, phase, last = {}, 0, None, 0
    for line in map(json.loads, (folder / "log.jsonl").read_text().splitlines()):
        if line["phase"] != phase:
            before, phase = last, line["phase"]
        last = before + line["step"]
        values = {f"train/{key}": line.get(key) for key in ("loss", "learning_rate")}
        values |= {f"validation/{name}": value for name, value in line.get("validation", {}).items()}
        found |= {(name, last): value for name, value in values.items() if value is not None}
    assert before > 0
    return found


def test_tensorboard_holds_curves_scores_card_and_settings(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run.folder / "tensorboard"))
    events.Reload()
    told = {(tag, each.step): each.value for tag in events.Tags()["scalars"] for each in events.Scalars(tag)}
    lines = curves_of(run.folder)
    assert {key: told[key] for key in lines} == pytest.approx(lines, rel=1e-6)
    assert final_of(told) == pytest.approx(final_scores(run.result.to_dict()), rel=1e-6)
    assert "model_card/text_summary" in events.Tags()["tensors"]
    card = events.Tensors("model_card/text_summary")[0].tensor_proto.string_val[0].decode()
    assert card == (run.folder / "README.md").read_text()
    (settings,) = run.folder.glob("tensorboard/*/hparams.yml")
    assert "strategy: full" in settings.read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of what mlflow is made of
def test_mlflow_holds_the_same_and_the_files(tracked, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="a tracker of users' own")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    run = tracked("mlflow=storms")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'storms'")
    (stored,) = client.search_runs([experiment.experiment_id])
    assert (stored.info.status, stored.info.run_name) == ("FINISHED", "run")
    assert stored.data.params["strategy"] == "full"
    known = stored.info.run_id
    told = {
        (tag, each.step): each.value for tag in stored.data.metrics for each in client.get_metric_history(known, tag)
    }
    lines = curves_of(run.folder)
    assert {key: told[key] for key in lines} == lines
    assert final_of(told) == final_scores(run.result.to_dict())
    assert {each.path for each in client.list_artifacts(known)} == {"README.md", "report.html"}


def final_of(told):
    return {tag: value for (tag, _), value in told.items() if tag.startswith("final/")}


def test_a_tracker_that_fails_is_a_warning_and_told_nothing_any_more(run):
    (warning,) = [line for line in run.result.warnings if "failing" in line]
    assert "no longer tracked by failing (ConnectionError: nobody is there)" in warning


def test_figures_are_images_of_tensorboard_and_files_of_mlflow(run, tmp_path):
    from PIL import Image

    from modaxfer.tracking.files import hand_files

    (tmp_path / "figures").mkdir()
    Image.new("RGB", (4, 3), "red").save(tmp_path / "figures" / "scores.png")

    class Made:
        def __init__(self):
            self.images, self.files = {}, []

        def log_images(self, values, step, **settings):
            self.images |= {name: (image.shape, settings) for name, image in values.items()}

        def log_artifact(self, *given):
            self.files.append(given)

    hand_files(TRACKERS["tensorboard"], made := Made(), tmp_path, 7)
    assert made.images == {"figures/scores": ((1, 3, 4, 3), {"dataformats": "NHWC"})}
    hand_files(TRACKERS["mlflow"], made := Made(), tmp_path, 7)
    assert made.files == [(str(tmp_path / "figures" / "scores.png"), "figures")]


def test_every_tracker_of_accelerate_is_known():
    from accelerate.utils import LoggerType

    assert set(TRACKERS) == {str(each) for each in LoggerType} - {"all"}


def test_an_unknown_and_an_absent_tracker_are_refused(monkeypatch):
    with pytest.raises(UnknownNameError, match=r"unknown tracker. Got: tensorbord. .* did you mean tensorboard\?"):
        asked_trackers(["tensorbord"])
    monkeypatch.setattr("modaxfer.tracking.known.find_spec", lambda _: None)
    with pytest.raises(MissingPackageError, match=r"--track comet_ml needs .*pip install comet-ml"):
        asked_trackers(["comet_ml=storms"])


def test_rates_that_are_tried_have_curves_of_their_own():
    curves = Curves()
    assert curves.point({"rate": 3.0, "phase": "tune", "step": 5, "loss": 1.0}) == ({"rate-3/train/loss": 1.0}, 5)
    assert curves.point({"rate": 1.0, "phase": "tune", "step": 1, "loss": None}) == ({}, 1)
    assert curves.point({"rate": 3.0, "phase": "more", "step": 1, "score": math.nan}) == ({}, 6)
    assert curves.last == 6


def test_settings_are_flat_and_without_what_is_not_set():
    config = {"encoder": ("a", "b"), "task": (), "seed": 0, "epochs": None, "set": {"strategy.rank": 8}}
    assert parameters(config) == {"encoder": "a, b", "seed": 0, "strategy.rank": 8}
