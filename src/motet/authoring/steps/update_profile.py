"""`update_profile`: attributes, tags and topics of the customer."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    sheet.exclude("set", "profile_updates")
    field = "profile_updates" if sheet.has("profile_updates") else "set"
    values = sheet.mapping(field, "such as {onboarding_completed: true}")
    draft.templates(values, sheet.at(field))
    args = {
        "set": values,
        "unset": list(sheet.texts("unset")),
        "add_tags": list(sheet.texts("add_tags")),
        "remove_tags": list(sheet.texts("remove_tags")),
        "topics": _read_topics(sheet),
    }
    given = {word: value for word, value in args.items() if value}
    if not given and not any(sheet.has(word) for word in FORM.fields):
        sheet.note("journey.changes_nothing", "changes nothing", "set", "such as {onboarding_completed: true}")
    for word in ("unset", "remove_tags"):
        other = "set" if word == "unset" else "add_tags"
        if both := sorted(set(given.get(word, ())) & set(given.get(other, ()))):
            sheet.note("document.two_fields", f"names {both[0]!r}, and so does {other!r}", word, "keep one of the two")
    return [Step(name, "update_profile", given)]


def _read_topics(sheet: Sheet) -> dict[str, bool]:
    topics = sheet.mapping("topics", "such as {news: true, offers: false}")
    for topic, value in topics.items():
        if not isinstance(value, bool):
            fix = "write true or false without quotes"
            sheet.note("document.not_a_flag", "must be true or false", f"topics.{topic}", fix)
    return topics


FORM = Form(
    kind="update_profile",
    words=("update_profile",),
    fields=("set", "profile_updates", "unset", "add_tags", "remove_tags", "topics"),
    read=read,
)
