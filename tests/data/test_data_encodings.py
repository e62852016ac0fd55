import pytest

from modaxfer.data.origin import notes_of
from modaxfer.data.tables.files import read_table
from modaxfer.errors import DataError


def read(tmp_path, text, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes(("text,label\nplain,a\n" + text + ",b\n").encode(encoding))
    return read_table(path)


@pytest.mark.parametrize(
    "text",
    [
        "caf\u00e9 \u2013 \u20ac5",
        "\u00bfQu\u00e9 a\u00f1o? \u00a1S\u00ed!",
        "It\u2019s 20\u00b0, \u201cfine\u201d \u2026",
        "Gr\u00f6\u00dfe, \u00c4rger, \u00d6l",
        "bl\u00e5b\u00e6rsyltet\u00f8y",
        "cora\u00e7\u00e3o, n\u00e3o, a\u00e7\u00f5es",
        "cr\u00e9\u00e9e, \u0153uvre",
    ],
)
def test_western_text_in_the_encoding_of_windows_is_read_and_said(tmp_path, text):
    table = read(tmp_path, text.replace(",", ";"), "cp1252")
    assert table["text"].to_pylist() == ["plain", text.replace(",", ";")]
    (note,) = notes_of(table)
    assert note.startswith("t.csv is not UTF-8 and was read as Windows-1252 (cp1252), e.g. line 3: ")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("\u043e\u0442\u0437\u044b\u0432 \u043e \u043a\u043d\u0438\u0433\u0435", "cp1251"),
        ("\u03ba\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1", "cp1253"),
        ("za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105", "cp1250"),
        ("p\u0159\u00edli\u0161 \u017elu\u0165ou\u010dk\u00fd k\u016f\u0148", "cp1250"),
        ("\u0151rz\u0151 f\u0171t\u0151 \u00f6r\u00f6m", "cp1250"),
        ("caf\u00e9", "mac-roman"),
        ("caf\u00e9", "cp850"),
        ("sch\u00f6n", "cp850"),
        ("\u4f60\u597d\u4e16\u754c", "gbk"),
        ("\u3053\u3093\u306b\u3061\u306f", "shift_jis"),
        ("\u00d8\u00a7\u0633\u0644\u0627\u0645".replace("\u00d8\u00a7", "\u0627"), "cp1256"),
    ],
)
def test_other_encodings_are_refused_by_line_not_guessed(tmp_path, text, encoding):
    with pytest.raises(
        DataError, match=r"line 3 is not UTF-8 text \(file .*t\.csv\).*iconv.*cp1250 for Central Europe"
    ):
        read(tmp_path, text, encoding)


def test_a_file_that_is_utf8_but_for_a_broken_byte_is_not_western(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("text,label\ncaf\u00e9,a\n".encode() + b"br\xfcck,b\n")
    with pytest.raises(DataError, match=r"line 3 is not UTF-8 text"):
        read_table(path)


def test_half_a_character_at_the_end_of_a_utf16_file_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("text,label\nsoup,a\n".encode("utf-16") + b"\x41")
    with pytest.raises(DataError, match=r"not UTF-16 text, though it says so"):
        read_table(path)
