import quopri

from hypothesis import given
from hypothesis import strategies as st

from motet.content.outputs import HTML, MIME_HTML, MIME_TEXT, quoted_printable

TEXT = st.text(st.characters(codec="utf-8")) | st.text(alphabet="a =.\t\n\r\x0béü€😀", max_size=300)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@given(st.lists(TEXT, max_size=6))
def test_pieces_encoded_apart_decode_to_the_whole(pieces: list[str]) -> None:
    encoded = "".join(quoted_printable(piece) for piece in pieces)
    assert quopri.decodestring(encoded.encode()).decode() == "".join(_lines(piece) for piece in pieces)


@given(st.lists(TEXT, max_size=6))
def test_no_line_is_longer_than_76_characters_nor_ends_in_white_space(pieces: list[str]) -> None:
    encoded = "".join(quoted_printable(piece) for piece in pieces)
    assert encoded.isascii()
    for line in encoded.split("\r\n"):
        assert len(line) <= 76
        assert "\r" not in line
        assert "\n" not in line
        assert not line.endswith((" ", "\t"))


@given(TEXT)
def test_a_boundary_cannot_stand_in_a_body(text: str) -> None:
    for encode in (MIME_TEXT.fixed, MIME_TEXT.value, MIME_HTML.value, MIME_HTML.raw, MIME_TEXT.address):
        assert "=_" not in encode(text + "--=_motet_alternative")


def test_a_lone_surrogate_is_replaced() -> None:
    assert quopri.decodestring(quoted_printable("a\ud800b")).decode() == "a?b"


@given(TEXT | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
def test_a_value_in_an_html_part_decodes_to_its_escaped_self(text: str) -> None:
    decoded = quopri.decodestring(MIME_HTML.value(text).encode()).decode()
    assert decoded == _lines(HTML.value(text))
