"""An email's HTML as it is sent: the author's, with tracked links, preheader, footer and pixel added once.

A fragment is set into a whole page. The footer shows itself only when the author's own words held no unsubscribe link.
"""

from __future__ import annotations

import re

import msgspec

from motet.content.handlebars import FOOTER
from motet.content.masking import Masked
from motet.content.outputs import escape_html
from motet.content.tracking import track_html

_BODY = re.compile(r"<body(?=[\s>\x02])(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_HTML_TAG = re.compile(r"<html[\s>]", re.IGNORECASE)
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


def html_source(masked: Masked, preheader: str, imprint: Imprint | None) -> str:
    """Template source of the HTML part. `imprint` None: no footer."""
    page = track_html(masked.text)
    if not _BODY.search(page) and not _HTML_TAG.search(page):
        page = _BEFORE + page + _AFTER
    if preheader:
        page = _after_body(page, f'<div style="{_HIDDEN}">{preheader}</div>')
    return masked.restore(_before_end(page, (_html_footer(imprint) if imprint else "") + _PIXEL))


def text_source(derived: str, imprint: Imprint | None) -> str:
    """Template source of the text part, the footer added."""
    text = derived.rstrip("\n") + "\n"
    return text + _text_footer(imprint) if imprint else text


def _after_body(page: str, addition: str) -> str:
    match = _BODY.search(page)
    place = match.end() if match else 0
    return page[:place] + addition + page[place:]


def _before_end(page: str, addition: str) -> str:
    places = [match.start() for match in _BODY_END.finditer(page)]
    page = page.rstrip("\n")
    place = places[-1] if places else len(page)
    return page[:place] + addition + page[place:] + "\n"


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
