"""The forms of steps, one line each."""

from __future__ import annotations

from motet.authoring.steps import (
    action,
    branch,
    digest,
    emit_event,
    enter,
    exit,
    message,
    split,
    update_profile,
    wait,
    wait_for_condition,
    wait_for_engagement,
    wait_for_event,
    wait_until,
)
from motet.authoring.steps.base import Form

FORMS: tuple[Form, ...] = (
    message.FORM,
    wait.FORM,
    wait_until.FORM,
    wait_for_engagement.FORM,
    wait_for_event.FORM,
    wait_for_condition.FORM,
    branch.FORM,
    split.FORM,
    update_profile.FORM,
    action.FORM,
    emit_event.FORM,
    enter.FORM,
    digest.FORM,
    exit.FORM,
)
BY_WORD = {word: form for form in FORMS for word in form.words}
BY_KIND = {form.kind: form for form in FORMS}
