from __future__ import annotations

import io
import json

import numpy as np
import pytest
import soundfile
from PIL import Image

from modaxfer.bridges.montage import RULE, MontageBridge, MontageOptions, boxes
from modaxfer.bridges.panels import EMPTY
from modaxfer.config import build
from modaxfer.contracts import FittedBridge, InputLayout
from modaxfer.errors import ConfigError, DataError, ModaxferError, RefusedError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field, Signal

NONE = np.zeros(0)
PHOTO, OTHER = Field(name="photo", signal=IMAGE), Field(name="other", signal=IMAGE)
CLIP, NOTE = Field(name="clip", signal=AUDIO), Field(name="note", signal=TEXT)
AGE, JOB = Field(name="age", signal=TABLE), Field(name="job", signal=TABLE)
LONG = "The court held that the motion to vacate the sentence had been filed too late. "


def layout(size: int | None = 224, patch: int | None = 16) -> InputLayout:
    return InputLayout(kind="image", max_tokens=197, patch_size=patch, image_size=size)


def png(colour: tuple[int, int, int], size: tuple[int, int] = (40, 20)) -> dict[str, object]:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, format="PNG")
    return {"bytes": stream.getvalue(), "path": None}


def wav(seconds: float = 0.5) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, np.sin(np.arange(round(8000 * seconds))), 8000, format="WAV")
    return stream.getvalue()


ROWS = [
    {
        "photo": png((255, 0, 0)),
        "other": png((0, 0, 255)),
        "clip": wav(),
        "note": "He won.",
        "age": float(index),
        "job": "ab"[index % 2],
    }
    for index in range(12)
]


def montage(*fields: Field, size: int | None = 224, patch: int | None = 16, rows=ROWS, **options) -> MontageBridge:
    made = MontageBridge(MontageOptions(**options), fields, layout(size, patch), None)
    if rows:
        made.fit(rows, NONE)
    return made


def draw(made: MontageBridge, **changes) -> np.ndarray:
    (image,) = made([ROWS[5] | changes])
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize(
    ("count", "found"),
    [
        (1, ((0, 0, 224, 224),)),
        (2, ((0, 0, 224, 112), (0, 112, 224, 224))),
        (3, ((0, 0, 112, 112), (112, 0, 224, 112), (0, 112, 224, 224))),
        (4, ((0, 0, 112, 112), (112, 0, 224, 112), (0, 112, 112, 224), (112, 112, 224, 224))),
    ],
)
def test_boxes_of_the_first_counts(count, found) -> None:
    assert boxes(count, 224, 16) == found


@pytest.mark.parametrize("patch", [None, 14, 16, 32])
@pytest.mark.parametrize("count", range(1, 17))
def test_boxes_divide_the_picture_between_patches_without_overlap(count, patch) -> None:
    painted = np.zeros((224, 224), int)
    for left, top, right, bottom in boxes(count, 224, patch):
        painted[top:bottom, left:right] += 1
        assert 1 / 3 < (right - left) / (bottom - top) <= 4
        if patch:
            assert {left % patch, top % patch} == {0}
    assert (painted == 1).all()
    assert len(boxes(count, 224, patch)) == count


def test_images_are_shown_whole_on_white() -> None:
    picture = draw(montage(PHOTO, OTHER))
    top, bottom = picture[:112], picture[112:]
    red = (top == (255, 0, 0)).all(-1)
    # Forty by twenty pixels in a panel of 224 by 112, of which a line is the rule.
    assert red[:111].all()
    assert (bottom == (0, 0, 255)).all()
    upright = draw(montage(PHOTO), photo=png((255, 0, 0), (20, 40)))
    assert ((upright == (255, 0, 0)).all(-1) | (upright == 255).all(-1)).all()
    assert np.flatnonzero((upright[100] == (255, 0, 0)).all(-1))[[0, -1]].tolist() == [56, 167]


def test_a_missing_image_or_sound_is_an_empty_grey_panel() -> None:
    picture = draw(montage(PHOTO, CLIP), photo=None, clip=None)
    assert (picture[:111] == EMPTY).all()
    assert (picture[112:] == EMPTY).all()


def test_text_is_dark_lines_on_white_from_the_top_each_in_its_row_of_patches() -> None:
    picture = draw(montage(NOTE), note=LONG * 2)
    inked = (picture < 128).any((1, 2)).reshape(14, 16)
    lines = int(inked.any(1).sum())
    assert 3 <= lines <= 7
    assert inked[:lines].any(1).all()
    assert not inked[lines:].any()
    assert (picture[..., 0] == picture[..., 2]).all()
    assert len(np.unique(picture)) > 20


def test_an_empty_text_is_a_white_panel() -> None:
    made = montage(NOTE)
    assert (draw(made, note="") == 255).all()
    assert (draw(made, note=None) == 255).all()
    assert made.warnings == ()


def test_a_text_that_does_not_fit_is_cut_and_counted() -> None:
    made = montage(PHOTO, NOTE)
    made([ROWS[0] | {"note": LONG * 20}, ROWS[0]])
    assert made.warnings == ("montage: 1 of 2 texts of note were cut to fit their panel",)
    longer = montage(NOTE)
    long, still_longer = draw(longer, note=LONG * 30), draw(longer, note=LONG * 40)
    np.testing.assert_array_equal(long, still_longer)


def test_a_character_without_a_glyph_is_counted_once() -> None:
    made = montage(NOTE)
    draw(made, note="see \u00a7 12")
    (warning,) = made.warnings
    assert "montage: 1 characters are not in the font Aileron Regular and were drawn as a box (\u00a7 1x)" in warning


@pytest.mark.parametrize(("patch", "height"), [(8, 8), (14, 14), (16, 16), (32, 16), (20, 10), (None, 14)])
def test_a_whole_number_of_lines_fits_a_patch(patch, height) -> None:
    assert montage(NOTE, patch=patch)._face.height == height
    assert montage(NOTE, patch=patch, line_height=9)._face.height == 9


def test_sound_and_table_have_their_panels() -> None:
    made = montage(AGE, CLIP, JOB)
    picture = draw(made)
    top, bottom = picture[:111], picture[112:]
    assert top.max() > 200
    assert (top[..., 0] == top[..., 1]).all()
    assert sorted(np.unique(bottom)) == [0, 116, 255]
    assert set(made.state()) == {"sound clip", "table"}
    gap = draw(made, age=None)
    np.testing.assert_array_equal(gap[:112], picture[:112])
    assert (gap[112:, :, 0] > gap[112:, :, 1]).any()


def test_panels_stand_images_sounds_table_texts_whatever_the_order_of_fields() -> None:
    fields = (NOTE, AGE, CLIP, PHOTO, JOB)
    first, second = draw(montage(*fields)), draw(montage(*fields[::-1]))
    np.testing.assert_array_equal(first[:112], second[:112])
    assert (first[50, :100] == (255, 0, 0)).all()
    assert (first[112:, 112:] == 255).mean() > 0.8


def test_a_rule_stands_between_panels_and_nowhere_else() -> None:
    picture = draw(montage(NOTE, Field(name="second", signal=TEXT), CLIP, rows=[ROWS[0] | {"second": ""}]), second="")
    assert (picture[112:, 224 - 1] == 255).all()
    assert (picture[111, 112:] == RULE).all()
    assert (draw(montage(PHOTO)) == RULE).sum() == 0


def test_all_table_columns_share_one_panel_and_other_fields_are_limited() -> None:
    many = tuple(Field(name=str(index), signal=TABLE) for index in range(40))
    rows = [{str(index): float(row * index) for index in range(40)} | ROWS[0] for row in range(8)]
    assert len(montage(PHOTO, *many, rows=rows)._boxes) == 2
    photos = tuple(Field(name=str(index), signal=IMAGE) for index in range(17))
    assert len(montage(*photos[:16], rows=[])._boxes) == 16
    with pytest.raises(RefusedError, match=r"too many panels to be read. Got: 17 fields.*at most 16"):
        montage(*photos, rows=[])


def test_a_table_with_more_tiles_than_its_panel_has_pixels_is_refused() -> None:
    many = tuple(Field(name=str(index), signal=TABLE) for index in range(145))
    photos = (PHOTO, OTHER, *(Field(name=f"photo {index}", signal=IMAGE) for index in range(13)))
    assert len(montage(*photos, *many[:144], size=48, patch=None, rows=[])._boxes) == 16
    with pytest.raises(RefusedError, match=r"more tiles than the picture has pixels. Got: 145 tiles in 12 x 12 pixels"):
        montage(*photos, *many, size=48, patch=None, rows=[])


def test_state_makes_an_equal_bridge_and_covers_the_identity() -> None:
    fields = (PHOTO, CLIP, AGE, JOB, NOTE)
    made, other = montage(*fields), montage(*fields, rows=[])
    before = other.identity
    other.restore(json.loads(json.dumps(made.state())))
    assert other.identity == made.identity != before
    np.testing.assert_array_equal(draw(made), draw(other))
    assert montage(*fields, rows=ROWS[:4]).identity != made.identity
    assert isinstance(made, FittedBridge)


def test_identity_names_everything_that_changes_the_output() -> None:
    made = [
        montage(PHOTO, NOTE), montage(PHOTO), montage(OTHER, NOTE), montage(PHOTO, NOTE, size=112),
        montage(PHOTO, NOTE, patch=14), montage(PHOTO, NOTE, squeeze=0.5), montage(PHOTO, NOTE, line_height=10),
    ]  # fmt: skip
    assert len({bridge.identity for bridge in made}) == len(made)


def test_images_and_texts_need_no_fitting_but_sounds_and_tables_do() -> None:
    assert draw(montage(PHOTO, NOTE, rows=[])).shape == (224, 224, 3)
    with pytest.raises(ModaxferError, match=r"the spectrogram bridge has not been fitted"):
        draw(montage(PHOTO, CLIP, rows=[]))
    with pytest.raises(ModaxferError, match=r"the grid bridge has not been fitted"):
        montage(AGE, rows=[]).state()


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a saved state is not one of the montage bridge. Got: table"):
        montage(PHOTO, NOTE).restore(montage(AGE).state())


def test_an_image_path_may_not_leave_the_folder(tmp_path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "a.png").write_bytes(png((0, 0, 255))["bytes"])
    made = MontageBridge(MontageOptions(), (PHOTO, NOTE), layout(), tmp_path / "inside")
    with pytest.raises(DataError, match=r"leads out of the data folder"):
        made([{"photo": "../a.png", "note": ""}])


@pytest.mark.parametrize(
    ("fields", "size", "message"),
    [
        ((), 224, "draws images, sounds, texts and table columns. Got: no field"),
        ((PHOTO, Field(name="scan", signal=Signal(kind="volume"))), 224, r"Got: scan \(volume\)"),
        ((PHOTO, OTHER, CLIP, AGE, NOTE), 16, "too small for a montage.*Got: 5 panels, the smallest of 5 pixels"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_construction(fields, size, message) -> None:
    with pytest.raises(RefusedError, match=message):
        MontageBridge(MontageOptions(), fields, layout(size), None)


def test_a_line_higher_than_its_panel_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"the smallest of 112 pixels. Allowed: at least 150 pixels"):
        montage(PHOTO, NOTE, line_height=150)
    assert draw(montage(PHOTO, OTHER, line_height=150)).shape == (224, 224, 3)


def test_options_are_checked() -> None:
    assert build(MontageOptions, {"line_height": "12", "seconds": "2"}) == MontageOptions(line_height=12, seconds=2.0)
    with pytest.raises(ConfigError, match=r"bridge\.squeeze is out of range. Got: 1.5. Allowed: 0.25 to 1"):
        montage(NOTE, squeeze=1.5)
