import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.content.segments import count_segments

TABLE = [
    ("", "gsm7", 0, 0),
    ("a" * 160, "gsm7", 160, 1),
    ("a" * 161, "gsm7", 161, 2),
    ("a" * 306, "gsm7", 306, 2),
    ("a" * 307, "gsm7", 307, 3),
    ("€" * 80, "gsm7", 160, 1),
    ("€" * 81, "gsm7", 162, 2),
    ("a" * 152 + "€" + "a" * 152, "gsm7", 306, 3),  # the euro does not fit the first part's last septet
    ("äöüÄÖÜßñ£¥§@Δ", "gsm7", 13, 1),
    ("[]{}\\~^|", "gsm7", 16, 1),
    ("line\nline", "gsm7", 9, 1),
    ("ç", "ucs2", 1, 1),  # only the large Ç is in the alphabet
    ("`", "ucs2", 1, 1),
    ("…", "ucs2", 1, 1),
    ("я" * 70, "ucs2", 70, 1),
    ("я" * 71, "ucs2", 71, 2),
    ("😀" * 35, "ucs2", 70, 1),
    ("😀" * 36, "ucs2", 72, 2),
    ("😀" * 67, "ucs2", 134, 3),  # 33 whole ones fit a part of 67 units
]


@pytest.mark.parametrize(("text", "encoding", "units", "count"), TABLE)
def test_segments_are_counted_as_networks_count_them(text: str, encoding: str, units: int, count: int) -> None:
    found = count_segments(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


@given(st.text(st.characters(codec="utf-8"), max_size=400), st.text(st.characters(codec="utf-8"), max_size=50))
def test_more_text_never_takes_fewer_units_of_one_encoding(text: str, more: str) -> None:
    first, second = count_segments(text), count_segments(text + more)
    if first.encoding == second.encoding:
        assert second.units >= first.units
        assert second.count >= first.count
