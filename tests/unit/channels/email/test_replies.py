from __future__ import annotations

import pytest

from motet.channels.email.replies import Reply, Stage, read_answer
from motet.core.messages import Accepted, Rejected, Retry


@pytest.mark.parametrize(
    ("stage", "code", "text", "suppress"),
    [
        (Stage.RCPT, 550, "5.1.1 no such user", True),
        (Stage.RCPT, 550, "5.1.10 null MX", True),
        (Stage.RCPT, 553, "5.1.3 bad syntax", True),
        (Stage.RCPT, 550, "5.7.1 blocked by policy, unknown sender", False),
        (Stage.RCPT, 550, "5.2.2 mailbox full", False),
        (Stage.RCPT, 550, "5.1.8 the sender's domain does not exist", False),
        (Stage.RCPT, 550, "User unknown", True),
        (Stage.RCPT, 551, "No such mailbox", True),
        (Stage.RCPT, 550, "Blocked by our list", False),
        (Stage.RCPT, 554, "User unknown", False),
        (Stage.BODY, 550, "5.1.1 no such user", True),
        (Stage.BODY, 554, "5.7.1 spam from an unknown place", False),
        (Stage.MAIL, 550, "5.1.1 no such user", False),
        (Stage.DATA, 554, "5.1.1 no", False),
    ],
)
def test_refusal_suppresses_only_an_address_that_nobody_has(stage: Stage, code: int, text: str, suppress: bool) -> None:
    assert read_answer(stage, Reply(code, text)) == Rejected(f"smtp.{code}", text, suppress=suppress)


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454, 530, 534, 535, 538])
@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY])
def test_what_passes_or_is_our_own_fault_is_tried_again(stage: Stage, code: int) -> None:
    assert read_answer(stage, Reply(code, "later")) == Retry(f"smtp.{code}", "later", down=code >= 500)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("2.0.0 Ok: queued as 4XyZ1", "4XyZ1"),
        (
            "2.6.0 <id@x> [InternalId=1] Queued mail for delivery",
            "2.6.0 <id@x> [InternalId=1] Queued mail for delivery",
        ),
        ("Ok", "Ok"),
        ("x" * 500, "x" * 100),
    ],
)
def test_acceptance_keeps_the_servers_own_name_for_the_message(text: str, ref: str) -> None:
    assert read_answer(Stage.BODY, Reply(250, text)) == Accepted(ref)


def test_details_are_bounded() -> None:
    answer = read_answer(Stage.RCPT, Reply(550, "x" * 5000))
    assert isinstance(answer, Rejected)
    assert len(answer.detail) == 300
