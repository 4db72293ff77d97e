import pytest

from motet.content.handlebars import compile_nodes
from motet.content.masking import mask
from motet.content.parser import parse
from motet.content.plain import derive_text

TABLE = [
    ("<p>Hi <b>{{name}}</b>,</p><p>how are you?</p>", "Hi Ann,\n\nhow are you?"),
    ("<h1>Title</h1>\n\n<div>one</div><div>two</div>", "Title\n\none\ntwo"),
    ("a<br>b<br/>c<hr>d", "a\nb\nc\n\n--------------------\n\nd"),
    ("<ul><li>one</li><li>two</li></ul>", "* one\n* two"),
    ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ("<table>{{#each items}}<tr><td>{{this}}</td><td>x</td></tr>{{/each}}</table>end", "1 x\n2 x\n\nend"),
    ("<ul>{{#each items}}<li>{{this}}</li>{{/each}}</ul>", "* 1\n* 2"),
    ("<p>a</p>{{#if name}}<p>b</p>{{else}}<p>c</p>{{/if}}<p>d</p>", "a\n\nb\n\nd"),
    ("Hi {{#if name}}{{name}}{{else}}there{{/if}}!", "Hi Ann!"),
    ('<a href="https://x.example/?a=1&amp;b=2">Go</a> now', "Go <https://x.example/?a=1&b=2> now"),
    ('<a href="https://x.example"><img src="x" alt="Shop {{name}}"></a>', "Shop Ann <https://x.example>"),
    ('<a href="https://x.example"><img src="x"></a>', "<https://x.example>"),
    ('<a href="https://x.example">https://x.example</a>', "<https://x.example>"),
    ('<a href="#top">up</a><a name="top">here</a>', "uphere"),
    ('<a href="mailto:a@b.example">write</a>', "write <mailto:a@b.example>"),
    ("<style>p{color:red}</style><script>x</script><title>t</title>yes", "yes"),
    ('<div style="display:none">secret <div>more</div></div>shown', "shown"),
    ("a&nbsp;&amp;&lt;b&gt; é", "a &<b> é"),
    ("&#123;&#123;name}} \\{{name}}", "{{name}} {{name}}"),
    ("<p>unclosed <b>bold<p>next", "unclosed bold\n\nnext"),
    ("<!-- hidden {{name}} -->shown", "shown"),
    ("", ""),
]


@pytest.mark.parametrize(("html", "expected"), TABLE)
def test_html_becomes_text_that_reads_well(html: str, expected: str) -> None:
    source = derive_text(mask(html))
    text = compile_nodes(parse(source)).render({"name": "Ann", "items": [1, 2]})
    assert text.strip() == expected


def test_without_links_only_what_an_author_may_write_remains() -> None:
    assert derive_text(mask('<a href="{{u}}">Go {{name}}</a>'), links=False) == "Go {{name}}\n"
