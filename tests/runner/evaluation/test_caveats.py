"""What is said of a request before anything is trained."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from modaxfer.plan import Labels, Part, Phase, Plan, Role, Stream
from modaxfer.runner.evaluation.caveats import caveats


def rows(train=b"", test=b"", warnings=()):
    """Digests of one byte each."""
    split = {
        name: [values[n : n + 1] for n in range(len(values))] for name, values in (("train", train), ("test", test))
    }
    return SimpleNamespace(digests=split, warnings=warnings)


def phase(moves, judged):
    streams = {"source": Stream(role=Role.SOURCE), "target": Stream(labels=Labels.HIDDEN)}
    return Phase(trainable=frozenset(moves), learning_rates=dict.fromkeys(moves, 1e-3), streams=streams, judged=judged)


def resolved(
    name,
    data,
    *,
    moves=(Part.BODY,),
    weights="pretrained",
    pretrained=True,
    proxy=None,
    source=None,
    hidden=False,
    judged=(),
    rates=None,
    strategy="frozen",
):
    spec = SimpleNamespace(name="bert", pretrained=pretrained)
    encoder = SimpleNamespace(
        checkpoint="some/bert",
        model=None,
        folder=Path("no/such/folder"),
        spec=spec,
        trust_remote_code=False,
        trained=None,
        stored=None,
    )
    return SimpleNamespace(
        task_id=name,
        data=data,
        towers=[SimpleNamespace(encoder=encoder)],
        proxies=[proxy],
        source=source,
        teacher=None,
        merged=(),
        hidden=hidden,
        strategy=SimpleNamespace(name=strategy, spec=SimpleNamespace(many_tasks=strategy == "multitask")),
        plan=Plan(phases=(phase(moves, judged),)),
        rates_set=rates or {},
        config=SimpleNamespace(weights=weights),
    )


def test_test_rows_that_another_task_trains_on_are_counted():
    films, tones = resolved("films", rows(b"abcd", b"xyz")), resolved("tones", rows(b"xxzq", b"ruv"))
    assert caveats([films, tones]) == [
        "2 of 3 test rows of films have the same inputs as a training row of tones, which trains the same encoder"
    ]
    assert caveats([films, resolved("tones", rows(b"q", b"abcd"))]) == [
        "4 of 4 test rows of tones have the same inputs as a training row of films, which trains the same encoder"
    ]


def test_copies_within_a_task_are_the_business_of_its_own_splits():
    assert caveats([resolved("films", rows(b"ab", b"ab"))]) == []
    assert caveats([resolved("films", rows(b"ab", b"c")), resolved("tones", rows(b"xy", b"z"))]) == []


def test_a_body_that_stays_at_random_is_named():
    still = "the body of bert is random and stays so: strategy frozen does not move it"
    assert caveats([resolved("films", rows(), moves=(Part.HEAD,))]) == []
    assert caveats([resolved("films", rows(), moves=(Part.HEAD,), weights="random")]) == [still]
    assert caveats([resolved("films", rows(), moves=(Part.HEAD,), pretrained=False)]) == [still]
    assert caveats([resolved("films", rows(), weights="random")]) == []


def test_each_warning_of_a_source_is_said_once():
    data = rows(warnings=("NOT REAL DATA",))
    proxy = SimpleNamespace(task_id="news", data=rows(warnings=("a sample",)))
    assert caveats([resolved("films", data), resolved("tones", data)]) == ["NOT REAL DATA"]
    assert caveats([resolved("films", data, proxy=proxy)]) == ["NOT REAL DATA", "proxy news: a sample"]
    assert caveats([resolved("films", rows(), proxy=proxy, weights="random")]) == [
        "bridges are aligned with the features of random weights, which mean little",
        "proxy news: a sample",
    ]


def test_a_source_is_told_of_and_so_are_labels_that_choose_the_epoch() -> None:
    source = resolved("web", rows(b"abcx", warnings=("a sample",)))
    data = rows(b"efg", b"xyz")
    assert caveats([resolved("office", data, source=source, hidden=True)]) == [
        "1 of 3 test rows of office have the same inputs as a training row of web, which trains the same encoder",
        "source web: a sample",
    ]
    peeking = resolved("office", data, source=source, hidden=True, judged=("target",))
    assert caveats([peeking])[-1] == (
        "epochs are chosen by labels of office's validation rows: this run is not without its labels"
    )


def test_a_learning_rate_far_from_the_default_is_told_with_the_default_and_the_usual_range():
    assert caveats([resolved("films", rows(), rates={"--learning-rate": (7.0, 5e-4)})]) == [
        "--learning-rate 7 is 14,000 times its default here, 0.0005: usual are 5e-05 to 0.005; steps so long may undo "
        "what was learned before"
    ]
    assert caveats([resolved("films", rows(), rates={"--learning-rate": (5e-6, 5e-4)})]) == [
        "--learning-rate 5e-06 is 1/100 of its default here, 0.0005: usual are 5e-05 to 0.005; steps so short may end "
        "before much is learned"
    ]
    usual = {"--learning-rate": (5e-3, 5e-4), "strategy.masked_rate": (1e-4, 1e-4), "train.bridge_rate": (0.1, 1.0)}
    assert caveats([resolved("films", rows(), rates=usual)]) == []


def test_sharing_with_no_other_task_is_told():
    one, other = (resolved(name, rows(), strategy="multitask") for name in ("films", "tones"))
    assert caveats([one]) == [
        "strategy multitask shares an encoder between tasks, and there is one task: nothing is shared, and it trains "
        "as its strategy.underneath does alone; name a second --task to share"
    ]
    assert caveats([one, other]) == []
