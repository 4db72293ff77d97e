"""`action`: a signed request to another system; the journey may wait for its answer."""

from __future__ import annotations

from motet.authoring.message import check_content
from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.program import Step
from motet.core.sheet import Sheet
from motet.core.words import Channel

_OWN = ("url", "body", "wait", "timeout", "timeout_seconds", "failed")


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    if sheet.has("action_config"):
        for field in _OWN:
            sheet.exclude("action_config", field)
        inner = sheet.mapping("action_config", "such as {url: https://example.com/hook}")
        sheet = Sheet(inner, sheet.at("action_config"), sheet.problems, _OWN)
    content = {"url": sheet.text("url", 2_000) or "", "body": sheet.mapping("body", "such as {id: '{{customer_id}}'}")}
    if sheet.need("url", "such as https://example.com/hook") and content["url"]:
        check_content(Channel.WEBHOOK, content, sheet.path, draft)
    wait = sheet.flag("wait")
    if not wait and (sheet.has("timeout") or sheet.has("timeout_seconds")):
        field = "timeout" if sheet.has("timeout") else "timeout_seconds"
        sheet.note("journey.waits_for_nothing", "belongs to an action that waits", field, "add `wait: true`")
    timeout = draft.span(sheet, "timeout", "timeout_seconds", default=300.0) if wait else None
    args = {"wait": wait or None, "timeout": timeout, "failed": draft.target(sheet, "failed")}
    return [Step(name, "action", {"content": {Channel.WEBHOOK.word: content}, **drop_none(args)})]


FORM = Form(
    kind="action",
    words=("action", "trigger_external_action"),
    fields=(*_OWN, "action_config"),
    read=read,
    targets=("failed",),
    goes_on=True,
)
