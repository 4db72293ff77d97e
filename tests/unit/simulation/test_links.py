from __future__ import annotations

from motet.simulation.links import Links, read_links

HTML = (
    '<a href="http://m.example/t/c/tok?u=http%3A%2F%2Fshop.example%2F&amp;x=1">Shop</a>'
    '<a href="http://m.example/u/tok">Unsubscribe</a><a href="mailto:a@example.com">Write</a>'
    '<img src="http://m.example/logo.png"><img src="http://m.example/t/o/tok.gif">'
)


def test_an_email_has_its_pixel_its_tracked_links_and_its_way_out() -> None:
    headers = [
        ["List-Unsubscribe", "<http://m.example/u/tok>"],
        ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"],
    ]
    assert read_links({"html": HTML, "text": "http://m.example/t/c/other", "headers": headers}) == Links(
        pixel="http://m.example/t/o/tok.gif",
        clicks=("http://m.example/t/c/tok?u=http%3A%2F%2Fshop.example%2F&x=1",),
        leave="http://m.example/u/tok",
    )


def test_one_click_needs_both_headers() -> None:
    assert read_links({"html": "", "headers": [["List-Unsubscribe", "<http://m.example/u/tok>"]]}).leave is None


def test_a_text_and_a_push_have_their_link() -> None:
    assert read_links({"text": "Your basket waits: http://m.example/t/c/a?u=b"}).clicks == (
        "http://m.example/t/c/a?u=b",
    )
    assert read_links({"url": "http://m.example/t/c/a?u=b", "body": "x"}).clicks == ("http://m.example/t/c/a?u=b",)


def test_links_that_are_not_tracked_are_left_alone() -> None:
    assert read_links({"text": "see http://elsewhere.example/t and http://[bad", "url": ""}) == Links()
