"""An email's HTML as it is sent: the author's, with tracked links, preheader, footer and pixel added once.

A fragment is set into a whole page. The footer shows itself only when the author's own words held no unsubscribe link.
"""

from __future__ import annotations

import msgspec

from motet.content.handlebars import FOOTER
from motet.content.markup import tags
from motet.content.masking import Masked, mask
from motet.content.outputs import escape_html
from motet.content.tracking import track_html

_BEFORE = (
    '<!doctype html>\n<html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head>\n'
    '<body style="margin:0;padding:0">\n'
)
_AFTER = "\n</body></html>\n"
_HIDDEN = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all"
_SMALL = (
    "margin:24px auto;max-width:560px;padding:0 16px;text-align:center;"
    "font:12px/1.6 -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#6b7280"
)
_PIXEL = '<img src="{{@open_url}}" width="1" height="1" alt="" style="display:block;border:0">'


class Imprint(msgspec.Struct, frozen=True):
    """Who stands in the footer."""

    name: str
    postal_address: str = ""


def html_source(source: str, preheader: str, imprint: Imprint | None) -> str:
    """Template source of the HTML part. `imprint` None: no footer. Raises TemplateFault."""
    masked = mask(source)
    if not any(tag.name in ("html", "body") for tag in tags(masked)):
        masked = mask(_BEFORE + source + _AFTER)
    masked = mask(masked.restore(track_html(masked)))
    before = f'<div style="{_HIDDEN}">{preheader}</div>' if preheader else ""
    after = (_html_footer(imprint) if imprint else "") + _PIXEL
    start, end = _body(masked)
    text = masked.text
    page = text[:start] + before + text[start:end] + after + text[end:]
    return masked.restore(page).rstrip("\n") + "\n"


def text_source(derived: str, imprint: Imprint | None) -> str:
    """Template source of the text part, the footer added."""
    text = derived.rstrip("\n") + "\n"
    return text + _text_footer(imprint) if imprint else text


def _body(masked: Masked) -> tuple[int, int]:
    """Where the body begins and ends; a page without one is all body."""
    start, end = 0, len(masked.text.rstrip("\n"))
    for tag in tags(masked):
        if tag.name == "body" and tag.closing:
            end = tag.start
        elif tag.name == "body" and start == 0:
            start = tag.end
    return start, max(start, end)


def _html_footer(imprint: Imprint) -> str:
    lines = [_literal(escape_html(part.strip())) for part in _parts(imprint)]
    leave = '<a href="{{@root.unsubscribe_url}}" style="color:#6b7280;text-decoration:underline">Unsubscribe</a>'
    return f'{{{{#{FOOTER}}}}}<p style="{_SMALL}">{"<br>".join([*lines, leave])}</p>{{{{/{FOOTER}}}}}'


def _text_footer(imprint: Imprint) -> str:
    lines = "\n".join(_literal(part) for part in _parts(imprint))
    leave = "Unsubscribe: <{{@root.unsubscribe_url}}>"
    return f"{{{{#{FOOTER}}}}}\n\n-- \n{lines}\n{leave}\n{{{{/{FOOTER}}}}}\n"


def _parts(imprint: Imprint) -> list[str]:
    return [imprint.name, *(line for line in imprint.postal_address.splitlines() if line.strip())]


def _literal(text: str) -> str:
    """Text that holds no tag, whatever is in it."""
    return text.replace("\\{{", "{{").replace("{{", "\\{{")
