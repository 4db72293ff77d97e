"""Content of one channel made into that of another, when a fallback serves and has no words of its own.

The result is content as an author writes it: templates, to be checked and compiled like any other. Cuts fall at the
ends of words and never inside a tag or a block; the main link is always kept.
"""

from __future__ import annotations

import html
import re
from typing import Any

import msgspec

from motet.content.check import read_content
from motet.content.failure import TemplateFault
from motet.content.lexer import Kind
from motet.content.markup import tags
from motet.content.masking import MARK, Masked, is_dynamic, mask
from motet.content.nodes import Block, Nodes, Text
from motet.content.parser import parse
from motet.content.plain import derive_text
from motet.content.tracking import is_tracked
from motet.core.content import EmailContent, InAppContent, PushContent, SmsContent
from motet.core.errors import Problem, Refused
from motet.core.words import Channel

SUBJECT, TITLE, BODY, SMS_WORDS = 78, 65, 240, 140  # characters; an SMS also holds the link
_IN_APP_TITLE, _IN_APP_BODY = 120, 1_000
_VALUE = 12  # characters that a value is taken to have
_ADDRESS = re.compile(r"(?:https?://|\x02\d+\x03)[^\s<>\"]*", re.IGNORECASE)
_ADDRESS_TAG = re.compile(r"\{\{\{?~?\s*[\w.@/]*(?:url|link|href|uri)\s*~?\}?\}\}\Z", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?](?=\s)|\n")
_TRAILING = ".,;:!?)"


class _Gist(msgspec.Struct, frozen=True):
    """What a message says, in any channel: templates of plain text. `url` may be empty."""

    title: str
    body: str
    url: str


def adapt(content: dict[str, Any], source: Channel, target: Channel) -> dict[str, Any]:
    """The content for `target` that says what `content` says on `source`.

    Raises Refused when the content is wrong, or when one of the two is a channel that has no words (a webhook).
    """
    shape, problems = read_content(source, content)
    if shape is None:
        raise Refused(problems)
    try:
        if isinstance(shape, EmailContent):
            gist = _of_email(shape)
        elif isinstance(shape, SmsContent):
            gist = _of_sms(shape.text)
        elif isinstance(shape, PushContent | InAppContent):
            gist = _Gist(shape.title, shape.body, shape.url)
        else:
            raise _impossible(source, target)
        return _written(gist, source, target)
    except TemplateFault as error:
        raise Refused([error.problem]) from error


def clip(source: str, limit: int, mark: str = "…") -> str:
    """A template cut to about `limit` characters at the end of a word, its blocks whole. A value counts as 12."""
    nodes = parse(source)
    if _size(nodes) <= limit:
        return source
    kept: list[str] = []
    left = limit - len(mark)
    for node in nodes:
        size = _size((node,))
        written = source[node.start : node.end]
        if size > left:
            if isinstance(node, Text):
                kept.append(_cut(written, left))
            break
        kept.append(written)
        left -= size
    return "".join(kept).rstrip(" \n\t,;:-") + mark


def _written(gist: _Gist, source: Channel, target: Channel) -> dict[str, Any]:
    if target is Channel.EMAIL:
        return {"subject": clip(_flat(gist.title), SUBJECT), "html": _as_html(gist)}
    if target is Channel.SMS:
        return {"text": _as_sms(gist, source)}
    if target is Channel.PUSH:
        words = {"title": clip(_flat(gist.title), TITLE), "body": clip(_flat(gist.body), BODY)}
    elif target is Channel.IN_APP:
        words = {"title": clip(_flat(gist.title), _IN_APP_TITLE), "body": clip(gist.body.strip(), _IN_APP_BODY)}
    else:
        raise _impossible(source, target)
    return {**words, "url": gist.url} if gist.url else words


def _impossible(source: Channel, target: Channel) -> Refused:
    message = f"content for {source.word} cannot be turned into content for {target.word}"
    return Refused([Problem("content.cannot_adapt", message, "content", f"write content for {target.word}")])


def _of_email(content: EmailContent) -> _Gist:
    masked = mask(content.html)
    body = content.preheader or content.text or derive_text(masked, links=False)
    url = ""
    for tag in tags(masked):
        address = tag.values().get("href", "").strip() if tag.name == "a" and not tag.closing else ""
        if is_tracked(address) and _stands_alone(masked, tag.start, tag.end):
            restored = masked.restore(address)
            if "unsubscribe" not in restored:
                url = restored
                break
    return _Gist(content.subject, body.strip(), url)


def _of_sms(text: str) -> _Gist:
    """Its first sentence is the title; the rest, or all when there is no rest, the body."""
    words, url = _without_address(mask(text.strip()))
    for node in parse(words):
        if isinstance(node, Text) and (match := _SENTENCE.search(words, node.start, node.end)):
            title, rest = words[: match.end()].strip(), words[match.end() :].strip()
            if rest:
                return _Gist(title.rstrip("."), rest, url)
    return _Gist(words.rstrip(" .:-"), words.rstrip(" :-"), url)


def _without_address(masked: Masked) -> tuple[str, str]:
    """The text without its first address, and that address. Inside of a sentence it stays: the words need it."""
    for match in _ADDRESS.finditer(masked.text):
        found = match.group().rstrip(_TRAILING)
        if is_dynamic(found) and not _ADDRESS_TAG.match(masked.tags[int(found[1 : found.index("\x03")])]):
            continue
        if _stands_alone(masked, match.start(), match.end()):
            before, after = masked.text[: match.start()], masked.text[match.start() + len(found) :]
            ends = not after.strip() or after.lstrip(" ")[0] in _TRAILING + "\n"
            words = before.rstrip(" \n:-") + after if ends and before.strip() else masked.text
            return masked.restore(words), masked.restore(found)
    return masked.restore(masked.text), ""


def _stands_alone(masked: Masked, start: int, end: int) -> bool:
    """Whether a stretch lies outside of every block, and holds no half of one."""
    return _depth(masked, 0, start) == 0 and _depth(masked, start, end) == 0


def _depth(masked: Masked, start: int, end: int) -> int:
    depth = 0
    for match in MARK.finditer(masked.text, start, end):
        kind = masked.kinds[int(match.group(1))]
        depth += (kind in (Kind.OPEN, Kind.INVERSE)) - (kind is Kind.CLOSE)
    return depth


def _as_sms(gist: _Gist, source: Channel) -> str:
    """Of an email the subject; of a notification title and body. GSM-7 has no ellipsis, so three points."""
    words = _flat(gist.title)
    if source is not Channel.EMAIL:
        body = _flat(gist.body)
        words = body if not words or body.startswith(words) else f"{words}{'' if words[-1] in '.!?:' else '.'} {body}"
    words = clip(words, SMS_WORDS, "...")
    return f"{words} {gist.url}" if gist.url and gist.url not in words else words


def _as_html(gist: _Gist) -> str:
    """A heading, the words, and the link as a button."""
    font = "font:16px/1.6 -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#1f2937"
    paragraphs = "".join(
        f'<p style="margin:0 0 16px">{part}</p>\n'
        for part in _html_words(gist.body).strip().split("\n")
        if part.strip()
    )
    button = ""
    if gist.url:
        style = "display:inline-block;padding:12px 24px;border-radius:8px;background:#111827;color:#ffffff"
        address = _html_words(gist.url)
        label = _html_words(clip(_flat(gist.title), 40))
        button = f'<p style="margin:24px 0"><a href="{address}" style="{style};text-decoration:none">{label}</a></p>\n'
    return f'<div style="max-width:560px;margin:0 auto;padding:32px 16px;{font}">\n{paragraphs}{button}</div>'


def _html_words(source: str) -> str:
    """Plain template text as HTML: what stands between the tags is escaped now, the values when they come."""
    masked = mask(source)
    return masked.restore(html.escape(masked.text))


def _flat(source: str) -> str:
    """On one line."""
    masked = mask(source)
    return masked.restore(" ".join(masked.text.split()))


def _size(nodes: Nodes) -> int:
    total = 0
    for node in nodes:
        if isinstance(node, Text):
            total += len(node.text)
        elif isinstance(node, Block):
            total += max(_size(node.body), _size(node.inverse))
        else:
            total += _VALUE
    return total


def _cut(text: str, limit: int) -> str:
    """The words that fit; nothing when not even one does."""
    if limit <= 0:
        return ""
    if len(text) <= limit or text[limit].isspace():
        return text[:limit]
    space = max(text.rfind(" ", 0, limit), text.rfind("\n", 0, limit))
    return text[: space + 1]
