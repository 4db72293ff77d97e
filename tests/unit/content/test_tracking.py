import pytest

from motet.content.handlebars import compile_nodes
from motet.content.masking import mask
from motet.content.outputs import HTML
from motet.content.parser import parse
from motet.content.runtime import Run
from motet.content.tracking import track_html, track_text

VIEW = {
    "shop_url": "https://s.example", "name": "https://evil.example", "id": 7, "yes": True,
    "links": [{"url": "https://one.example"}, {"url": "https://two.example"}],
}  # fmt: skip


def _run(seen: list[str]) -> Run:
    def link(target: str) -> str:
        seen.append(target)
        return f"[{target}]"

    return Run({}, link)


HTML_TABLE = [
    ('<a href="https://x.example/a">go</a>', ["https://x.example/a"]),
    ("<A HREF='http://x.example/?a=1&amp;b=2' class=x>go</A>", ["http://x.example/?a=1&b=2"]),
    ("<a class=x href=https://x.example/a>go</a>", ["https://x.example/a"]),
    ('<a href="{{shop_url}}/p?i={{id}}">go</a>', ["https://s.example/p?i=7"]),
    ('<a href={{shop_url}}>go</a><area href="{{shop_url}}">', ["https://s.example", "https://s.example"]),
    ('{{#each links}}<a href="{{url}}">x</a>{{/each}}', ["https://one.example", "https://two.example"]),
    ('<a href="{{#if yes}}https://y.example{{else}}https://n.example{{/if}}">x</a>', ["https://y.example"]),
    ('<a {{#if yes}}href="https://y.example"{{/if}}>x</a>', ["https://y.example"]),
    ('<a href="https://x.example" data-motet-track="off">go</a>', []),
    ('<a data-motet-track=off href="https://x.example">go</a>', []),
    ('<a href="mailto:a@b.example">m</a><a href="tel:1">t</a><a href="#x">h</a><a name="{{id}}">n</a>', []),
    ('<link href="https://x.example"><img src="https://x.example"><abbr href="https://x.example">', []),
    ('<a data-href="https://x.example">no</a>', []),
    ('<a title="a > b" href="https://x.example">go</a>', ["https://x.example"]),
    ("https://x.example", []),
]


@pytest.mark.parametrize(("html", "links"), HTML_TABLE)
def test_links_in_html_are_found(html: str, links: list[str]) -> None:
    seen: list[str] = []
    masked = mask(html)
    compile_nodes(parse(masked.restore(track_html(masked))), HTML).render(VIEW, _run(seen))
    assert seen == links


def test_only_the_address_changes() -> None:
    masked = mask(
        '<p class="a">{{id}} <a href="https://x.example/" data-motet-track="off">a</a> <a href="{{shop_url}}">b</a>'
    )
    text = compile_nodes(parse(masked.restore(track_html(masked))), HTML).render(VIEW, _run([]))
    assert text == '<p class="a">7 <a href="https://x.example/">a</a> <a href="[https://s.example]">b</a>'


TEXT_TABLE = [
    ("Go to https://x.example/a.", "Go to [https://x.example/a]."),
    ("(https://x.example/a?b=c#d), ok", "([https://x.example/a?b=c#d]), ok"),
    ("<https://x.example> HTTP://Y.example", "<[https://x.example]> [HTTP://Y.example]"),
    ("{{shop_url}}/cart?i={{id}}&x=1 now", "[https://s.example/cart?i=7&x=1] now"),
    ("https://x.example/{{id}}/{{id}}!", "[https://x.example/7/7]!"),
    ("Buy: {{shop_url}}", "Buy: [https://s.example]"),
    ("https://x.example/?next={{shop_url}}", "[https://x.example/?next=https://s.example]"),
    ("https://x.example/{{#if yes}}a{{else}}b{{/if}}/c d", "[https://x.example/a/c] d"),
    ("https://x.example{{#if yes}} and more{{/if}}", "[https://x.example] and more"),
    ("{{#each links}}{{url}}\n{{/each}}", "[https://one.example]\n[https://two.example]\n"),
    ("{{#if yes}}See {{shop_url}}{{/if}}", "See [https://s.example]"),
    ("Hi {{name}}, {{missing_url}} ok", "Hi https://evil.example,  ok"),
    ("{{#motet-keep}}https://x.example{{/motet-keep}}", "https://x.example"),
    ("no links, https nor http:", "no links, https nor http:"),
]


@pytest.mark.parametrize(("text", "expected"), TEXT_TABLE)
def test_addresses_in_text_are_found_and_a_mere_value_is_none(text: str, expected: str) -> None:
    assert compile_nodes(track_text(parse(text))).render(VIEW, _run([])) == expected
