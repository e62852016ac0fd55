"""Scripts that the bundled font lacks: drawn in a font of the machine, or refused; never a picture of boxes."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from modaxfer.bridges import fonts as room
from modaxfer.bridges.montage import MontageBridge, MontageOptions
from modaxfer.bridges.render import RenderBridge, RenderOptions
from modaxfer.bridges.repertoire import Repertoire
from modaxfer.contracts import InputLayout
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.spec import TEXT, Field

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
NOTE = Field(name="note", signal=TEXT)
PATCHES = InputLayout(kind="patches", max_tokens=197, patch_size=16, image_size=224)
PAGE = InputLayout(kind="image", max_tokens=197, image_size=224)
RUSSIAN = ["отличный товар", "плохая услуга", "щука и жук"]
CHINESE = ["糟糕的服务", "很好的产品"]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that gives this machine these fonts of DejaVu, and no others."""

    def having(*names):
        paths = tuple(Path(shutil.copy(DEJAVU / name, tmp_path)) for name in names)
        monkeypatch.setattr("modaxfer.bridges.fonts.installed_fonts", lambda: paths)
        monkeypatch.setattr("modaxfer.bridges.stand_ins.installed_fonts", lambda: paths)
        return paths

    return having


def rows(texts):
    return [{"note": text} for text in texts]


def fitted(texts, kind=RenderBridge, **options):
    bridge = built(kind, **options)
    bridge.fit(rows(texts), np.zeros(len(texts)))
    return bridge


def built(kind=RenderBridge, **options):
    if kind is MontageBridge:
        return MontageBridge(MontageOptions(**options), (NOTE,), PAGE, None)
    return RenderBridge(RenderOptions(**options), (NOTE,), PATCHES, None)


def drawn(bridge, text):
    (picture,) = bridge([{"note": text}])
    return np.asarray(getattr(picture, "pixels", picture))


@pytest.mark.parametrize("kind", [RenderBridge, MontageBridge])
@pytest.mark.parametrize("unit", ["continuous", "bigrams"])
def test_a_script_is_drawn_in_a_font_that_has_it(machine, kind, unit):
    machine("STIXGeneral.ttf", "DejaVuSans.ttf")
    options = {"unit": unit} if kind is RenderBridge else {}
    bridge = fitted(RUSSIAN, kind, **options)
    pictures = [drawn(bridge, text) for text in (*RUSSIAN, "жжжж", "шшшш")]
    assert len({picture.tobytes() for picture in pictures}) == 5, "different words look different"
    # 13, 12 and 8 letters, and twice four: none is a box.
    (told,) = bridge.warnings
    assert "41 characters are not in the font Aileron Regular and were drawn in" in told
    assert "as this machine has it" in told
    assert len({drawn(built(kind, **options), word).tobytes() for word in ("жжжж", "шшшш")}) == 1, "boxes, before"


def test_english_looks_as_ever_beside_another_script(machine):
    machine("DejaVuSans.ttf")
    bridge, plain = fitted(RUSSIAN), built()
    np.testing.assert_array_equal(drawn(bridge, "The court held 12."), drawn(plain, "The court held 12."))
    english = fitted(["The court held that."])
    assert english.state() == {"fonts": []}
    assert bridge.identity != english.identity == fitted(["Another text"]).identity


def test_letters_of_a_stand_in_fit_the_line(machine):
    machine("DejaVuSans.ttf")
    ink = drawn(fitted(["Ёлка Щука Ф" * 3]), "ЁЩФщф")[..., 0].min(axis=(0, 2))
    assert (ink[1:-1] < 255).all(), "as high as the patch, nearly"
    assert ink.min() < 100


def test_a_script_that_no_font_has_is_refused_with_what_to_install(machine):
    machine("DejaVuSans.ttf")
    told = "no font on this machine draws 60% of the characters in the training rows"
    # 3 of 5 visible characters.
    with pytest.raises(RefusedError, match=told) as refusal:
        fitted(["很好的 ab"])
    assert "3 characters without a glyph (CJK 3)" in str(refusal.value)
    assert "fonts-noto-cjk" in str(refusal.value)
    with pytest.raises(RefusedError, match="no font on this machine draws 100%"):
        fitted(CHINESE, MontageBridge)
    assert fitted(CHINESE, boxes=1.0).state() == {"fonts": []}


def test_a_few_boxes_are_counted_and_drawn_alike_everywhere(machine):
    machine("DejaVuSans.ttf")
    # One of 101 characters: boxes as ever, whatever fonts the machine has.
    bridge = fitted(["x" * 100 + "ж"])
    assert bridge.state() == {"fonts": []}
    drawn(bridge, "жук")
    assert "3 characters are not in the font Aileron Regular and were drawn as a box" in bridge.warnings[0]


def test_a_run_keeps_its_fonts(machine, monkeypatch):
    (path,) = machine("DejaVuSans.ttf")
    bridge, again = fitted(RUSSIAN), built()
    again.restore(json.loads(json.dumps(bridge.state())))
    assert again.identity == bridge.identity
    np.testing.assert_array_equal(drawn(again, "щука"), drawn(bridge, "щука"))
    built().restore(None)  # of a run that was made before there were any
    (path.parent / "elsewhere").mkdir()
    moved = path.rename(path.parent / "elsewhere" / path.name)
    monkeypatch.setattr("modaxfer.bridges.stand_ins.installed_fonts", lambda: (moved,))
    built().restore(bridge.state())
    moved.write_bytes((DEJAVU / "DejaVuSans-Bold.ttf").read_bytes())
    with pytest.raises(ConfigError, match=r"the font DejaVuSans\.ttf is not on this machine, in which training texts"):
        built().restore(bridge.state())


def test_what_a_users_font_lacks_is_counted_though_it_has_a_sign_for_that():
    from PIL import ImageFont

    # DejaVu has U+FFFD, which is not what it draws for a missing character.
    repertoire = Repertoire(ImageFont.truetype(str(DEJAVU / "DejaVuSans.ttf"), 56))
    assert repertoire.drawable("ж漢") == "ж\ufffd"
    assert repertoire.missing == {"漢": 1}
    with pytest.raises(RefusedError, match="no font on this machine draws 100%"):
        fitted(CHINESE, font=str(DEJAVU / "DejaVuSans.ttf"))


def test_fonts_are_chosen_by_what_they_have_the_legible_first(monkeypatch):
    monkeypatch.setattr(room, "_folders", lambda: [DEJAVU])
    room.installed_fonts.cache_clear()
    try:
        assert room.installed_fonts()[0].name == "DejaVuSans.ttf"
        ((path, has),) = room.chosen_fonts(Counter({"ж": 3, "א": 2, "漢": 9}))
        assert (path.name, set(has)) == ("DejaVuSans.ttf", {"ж", "א"})
    finally:
        room.installed_fonts.cache_clear()


def test_files_that_are_no_fonts_have_nothing(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert room.covered(tmp_path / "broken.ttf", "ж") == ""
