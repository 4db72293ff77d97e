"""Finished messages, parsed back by the standard library, which is not ours."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.content.render import Brand, DkimSigner, LinkSigner, RenderFailed, compile_content
from motet.core.customers import Customer, Device
from motet.core.errors import Refused
from motet.core.ids import uuid7
from motet.core.messages import Email, InApp, Push, Sms, Webhook
from motet.core.words import Channel

SIGNER = LinkSigner(b"a secret of the house", "https://go.shop.example")
BRAND = Brand("Tea & Söhne <hello@shop.example>", "1 High Street\nOldtown", SIGNER)
NOW = datetime(2026, 11, 24, 12, 0, 0, 5, tzinfo=UTC)
MESSAGE = uuid7(2_000)
ANN = Customer(
    id=uuid7(1_000),
    external_id="ann",
    email="ann@mail.example",
    phone="+15550100",
    devices=(Device("t1"), Device("t2"), Device("x", "apns")),
    attributes={"first_name": "Ann", "last_name": "Lee"},
)
CONTENT = {
    "subject": "Welcome, {{first_name}}",
    "html": "<h1>Hi {{first_name}}</h1>"
    '<p>See <a href="{{shop_url}}/new?a=1&amp;b={{urlencode first_name}}">what is new</a>.</p>',
    "preheader": "For {{first_name}}",
}
VARIABLES = {"shop_url": "https://shop.example"}


def render(content: dict[str, Any], view: dict[str, Any], customer: Customer = ANN, **options: Any) -> EmailMessage:
    made = compile_content(Channel.EMAIL, content, VARIABLES, options.pop("brand", BRAND), **options)
    payload = made.render(customer, view, MESSAGE, NOW)
    assert isinstance(payload, Email)
    check_wire(payload.raw)
    return email.message_from_bytes(payload.raw, policy=email.policy.default)


def check_wire(raw: bytes) -> None:
    """What every message must be, whatever is in it."""
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
    assert max(map(len, raw.split(b"\r\n"))) <= 200  # 998 is the law; ours are far shorter
    assert raw.count(b"\r\n\r\n--=_motet_alternative\r\n") >= 1
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in re.sub(rb"\r\n[ \t]", b" ", head).split(b"\r\n")]
    expected = (
        b"From To Subject Date Message-ID List-Unsubscribe List-Unsubscribe-Post Feedback-ID MIME-Version Content-Type"
    )
    assert [n for n in names if n != b"DKIM-Signature"] in (
        expected.split(),
        [n for n in expected.split() if not n.startswith(b"List")],
    )


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    text = body.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def links(html: str) -> list[str]:
    return [h.replace("&amp;", "&") for h in re.findall(r'href="([^"]*)"', html)]


def test_the_header_says_who_writes_to_whom() -> None:
    message = render(CONTENT, {"first_name": "Ann"}, campaign="welcome series/1")
    assert message["From"] == "Tea & Söhne <hello@shop.example>"
    assert message["To"] == "Ann Lee <ann@mail.example>"
    assert message["Subject"] == "Welcome, Ann"
    assert message["Date"].datetime == NOW.replace(microsecond=0)
    assert message["Message-ID"] == f"<{MESSAGE.hex}@shop.example>"
    assert message["Feedback-ID"] == "welcome-series-1:email:motet:shop.example"
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]  # type: ignore[attr-defined]
    assert message.defects == []


def test_both_parts_say_the_same() -> None:
    message = render(CONTENT, {"first_name": "Ann <3 é"})
    html, text = part(message, "html"), part(message, "plain")
    assert "<h1>Hi Ann &lt;3 é</h1>" in html
    assert "For Ann &lt;3 é</div>" in html
    assert text.startswith("Hi Ann <3 é\n\nSee what is new <https://go.shop.example/t/c/")


def test_links_are_tracked_in_both_parts_and_lead_to_their_target() -> None:
    message = render(CONTENT, {"first_name": "A b"})
    (tracked,) = [link for link in links(part(message, "html")) if "/t/c/" in link]
    url = urlsplit(tracked)
    target = parse_qs(url.query)["u"][0]
    found = SIGNER.read_click(url.path.removeprefix("/t/c/"), target)
    assert found is not None
    assert (found.customer_id, found.message_id) == (ANN.id, MESSAGE)
    assert found.target == "https://shop.example/new?a=1&b=A%20b"
    assert f"<{tracked}>" in part(message, "plain")


def test_an_open_is_told_by_a_pixel_at_the_end_of_the_body() -> None:
    html = part(render(CONTENT, {}), "html")
    match = re.search(r'<img src="https://go\.shop\.example/t/o/([^"]+)" width="1" height="1"[^>]*></body>', html)
    assert match is not None
    found = SIGNER.read_open(match.group(1))
    assert found is not None
    assert found.message_id == MESSAGE


def test_one_click_unsubscribe_stands_in_the_header() -> None:
    message = render(CONTENT, {})
    url = message["List-Unsubscribe"].strip("<>")
    found = SIGNER.read_unsubscribe(url.rpartition("/")[2])
    assert found is not None
    assert (found.customer_id, found.channel) == (ANN.id, Channel.EMAIL)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_footer_lets_everybody_leave() -> None:
    message = render(CONTENT, {})
    html, text = part(message, "html"), part(message, "plain")
    leave = SIGNER.unsubscribe_url(ANN.id, MESSAGE, Channel.EMAIL)
    assert leave in links(html)
    assert "Tea &amp; Söhne<br>1 High Street<br>Oldtown<br>" in html
    assert text.rstrip("\n").endswith(f"-- \nTea & Söhne\n1 High Street\nOldtown\nUnsubscribe: <{leave}>")


@pytest.mark.parametrize("shown", [True, False])
def test_the_footer_stands_back_only_when_the_author_wrote_a_way_to_leave(shown: bool) -> None:
    content = {"subject": "Hi", "html": '<p>x</p>{{#if shown}}<a href="{{unsubscribe_url}}">leave</a>{{/if}}'}
    message = render(content, {"shown": shown})
    leave = SIGNER.unsubscribe_url(ANN.id, MESSAGE, Channel.EMAIL)
    assert links(part(message, "html")) == [leave]
    assert part(message, "plain").count(leave) == 1
    assert ("Oldtown" in part(message, "html")) == (not shown)
    assert ("Oldtown" in part(message, "plain")) == (not shown)


def test_a_customers_data_cannot_replace_the_way_to_leave() -> None:
    content = {"subject": "Hi", "html": '<a href="{{unsubscribe_url}}">leave</a>'}
    message = render(content, {"unsubscribe_url": "https://evil.example"})
    assert "evil" not in message.as_string()


def test_a_transactional_email_has_no_list_headers_and_no_footer() -> None:
    message = render(CONTENT, {}, transactional=True)
    assert message["List-Unsubscribe"] is None
    assert "Oldtown" not in part(message, "html") + part(message, "plain")


def test_a_whole_page_is_kept_as_it_is() -> None:
    page = '<!doctype html><html><body class="a"><p>x</p></body></html>'
    html = part(render({"subject": "s", "html": page, "preheader": "pre"}, {}), "html")
    assert html.startswith('<!doctype html><html><body class="a"><div style="display:none')
    assert html.count("<body") == html.count("</body>") == 1
    assert html.rstrip().endswith("</body></html>")


def test_text_that_the_author_wrote_is_sent() -> None:
    text = part(render({**CONTENT, "text": "Go: {{shop_url}}/x now"}, {}), "plain")
    assert text.startswith("Go: https://go.shop.example/t/c/")


def test_the_view_wins_over_variables_unless_it_has_nothing() -> None:
    content = {"subject": "{{shop_url}}", "html": "x"}
    assert render(content, {"shop_url": "mine"})["Subject"] == "mine"
    assert render(content, {"shop_url": None})["Subject"] == "https://shop.example"


def test_a_script_never_becomes_a_link() -> None:
    content = {"subject": "s", "html": '<a href="{{x}}">x</a>'}
    for address in ("javascript:alert(1)", " JaVa\nScript:alert(1)", "data:text/html,x", "\x01vbscript:x"):
        html = part(render(content, {"x": address}), "html")
        assert links(html)[0] == "#"


@pytest.mark.parametrize(
    "address",
    ["", None, "no at", "a@b@c", "a b@c.example", "a@c.example\r\nBcc: x@y.example", "<a@b.example>", "a@b,c@d"],
)
def test_a_wrong_address_fails_for_that_customer_only(address: str | None) -> None:
    with pytest.raises(RenderFailed) as caught:
        render(CONTENT, {}, Customer(id=uuid7(1), external_id="x", email=address))
    assert caught.value.problem.code in ("content.bad_address", "content.no_address")


def test_a_domain_in_another_script_is_written_in_ascii() -> None:
    made = compile_content(Channel.EMAIL, CONTENT, {}, BRAND)
    payload = made.render(Customer(id=uuid7(1), external_id="x", email="jö@bücher.example"), {}, MESSAGE, NOW)
    assert isinstance(payload, Email)
    assert payload.rcpt_to == "jö@xn--bcher-kva.example"
    assert "To: jö@xn--bcher-kva.example\r\n".encode() in payload.raw


NASTY = st.text(st.characters(codec="utf-8"), max_size=120) | st.text(
    alphabet='a\r\n\t:<>=?"\\,;@\x00\x0b\x0c\x1c\x85\u2028é ', max_size=120
)


@given(NASTY, NASTY, NASTY)
@settings(max_examples=250)
def test_no_value_can_add_a_header_or_break_the_message(name: str, subject: str, body: str) -> None:
    customer = Customer(id=ANN.id, external_id="x", email="ann@mail.example", attributes={"name": name})
    content = {"subject": "Hi {{subject}}!", "html": "<p>{{body}}</p>", "text": "{{body}}|"}
    message = render(content, {"subject": subject, "body": body}, customer)
    clean = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", "", " ".join(f"Hi {subject}!".split()))
    assert " ".join(message["Subject"].split()) == " ".join(clean.split())
    (to,) = message["To"].addresses
    assert to.addr_spec == "ann@mail.example"
    lines = body.replace("\r\n", "\n").replace("\r", "\n")
    assert part(message, "plain").startswith(lines + "|")


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=400))
@settings(max_examples=150)
def test_any_subject_comes_back_as_it_was(subject: str) -> None:
    message = render({"subject": "{{s}}", "html": "x"}, {"s": subject})
    assert message["Subject"] == subject


def test_the_same_message_is_the_same_bytes() -> None:
    made = compile_content(Channel.EMAIL, CONTENT, VARIABLES, BRAND)
    assert made.render(ANN, {}, MESSAGE, NOW) == made.render(ANN, {}, MESSAGE, NOW + timedelta(microseconds=9))


def test_a_signed_email_verifies_with_its_list_headers() -> None:
    key = rsa.generate_private_key(65_537, 2_048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + b"".join(public.split(b"\n")[1:-2])
    brand = Brand(BRAND.sender, "", SIGNER, DkimSigner("mail", "shop.example", pem))
    payload = compile_content(Channel.EMAIL, CONTENT, VARIABLES, brand).render(
        ANN, {"first_name": "Ann é"}, MESSAGE, NOW
    )
    assert isinstance(payload, Email)
    check_wire(payload.raw)
    assert dkim.verify(payload.raw, dnsfunc=lambda name, timeout=5: record)
    assert b"list-unsubscribe:list-unsubscribe-post" in payload.raw.split(b"bh=")[0].replace(b"\r\n ", b"")


def test_an_sms_carries_tracked_links_and_nothing_escaped() -> None:
    made = compile_content(Channel.SMS, {"text": " Hi {{name}} & co: {{shop_url}}/a. "}, VARIABLES, BRAND)
    payload = made.render(ANN, {"name": "<Ann>"}, MESSAGE, NOW)
    assert isinstance(payload, Sms)
    link = SIGNER.click_url(ANN.id, MESSAGE, "https://shop.example/a")
    assert (payload.to, payload.text) == ("+15550100", f"Hi <Ann> & co: {link}.")


def test_an_sms_that_would_be_empty_or_endless_fails() -> None:
    made = compile_content(Channel.SMS, {"text": "{{x}}"}, {}, BRAND)
    for value, code in (("", "content.empty"), ("x" * 1_531, "content.too_long")):
        with pytest.raises(RenderFailed) as caught:
            made.render(ANN, {"x": value}, MESSAGE, NOW)
        assert caught.value.problem.code == code


def test_a_push_goes_to_the_devices_that_it_reaches() -> None:
    content = {"title": "Hi {{n}}", "body": "x" * 2_000, "url": "{{shop_url}}/a", "data": {"id": "{{n}}"}}
    payload = compile_content(Channel.PUSH, content, VARIABLES, BRAND).render(ANN, {"n": 5}, MESSAGE, NOW)
    assert isinstance(payload, Push)
    assert payload.tokens == ("t1", "t2")
    assert (payload.title, payload.data, len(payload.body)) == ("Hi 5", {"id": "5"}, 1_000)
    assert payload.url == SIGNER.click_url(ANN.id, MESSAGE, "https://shop.example/a")


@pytest.mark.parametrize(
    ("channel", "customer"), [(Channel.SMS, {}), (Channel.PUSH, {"devices": (Device("x", "apns"),)})]
)
def test_a_customer_without_an_address_fails(channel: Channel, customer: dict[str, Any]) -> None:
    content = {"text": "x"} if channel is Channel.SMS else {"title": "x", "body": "x"}
    with pytest.raises(RenderFailed) as caught:
        compile_content(channel, content, {}, BRAND).render(
            Customer(id=uuid7(1), external_id="x", **customer), {}, MESSAGE, NOW
        )
    assert caught.value.problem.code == "content.no_address"


def test_an_in_app_message_keeps_a_path_within_the_app() -> None:
    content = {"title": "Hi", "body": "x", "url": "/cart/{{n}}"}
    payload = compile_content(Channel.IN_APP, content, {}, BRAND).render(ANN, {"n": "a b"}, MESSAGE, NOW)
    assert payload == InApp("Hi", "x", "/cart/a%20b")


def test_a_webhook_renders_every_string_of_its_body() -> None:
    content = {"url": "https://h.example/{{n}}", "body": {"a": ["{{n}}", 1, None], "b": {"c": "x{{n}}"}, "{{n}}": True}}
    payload = compile_content(Channel.WEBHOOK, content, {}, BRAND).render(ANN, {"n": 'q"\n'}, MESSAGE, NOW)
    assert payload == Webhook("https://h.example/q%22", {"a": ['q"\n', 1, None], "b": {"c": 'xq"\n'}, "{{n}}": True})


def test_a_webhook_goes_to_the_web_only() -> None:
    made = compile_content(Channel.WEBHOOK, {"url": "{{u}}", "body": {}}, {}, BRAND)
    with pytest.raises(RenderFailed):
        made.render(ANN, {"u": "file:///etc/passwd"}, MESSAGE, NOW)


@given(
    st.dictionaries(
        st.sampled_from(["first_name", "shop_url", "items"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        ),
    )
)
@settings(max_examples=200)
def test_any_view_renders_or_fails_on_purpose(view: dict[str, Any]) -> None:
    html = '{{first_name}}{{#each items}}<a href="{{shop_url}}/{{this}}">{{date this}}</a>{{/each}}'
    made = compile_content(Channel.EMAIL, {"subject": "{{upper first_name}}", "html": html}, {}, BRAND)
    try:
        payload = made.render(ANN, view, MESSAGE, NOW)
    except RenderFailed:
        return
    assert isinstance(payload, Email)
    check_wire(payload.raw)


def test_wrong_content_or_a_wrong_sender_is_refused_when_it_is_compiled() -> None:
    with pytest.raises(Refused) as caught:
        compile_content(Channel.EMAIL, {"subject": "{{", "html": "{{/if}}"}, {}, BRAND)
    assert [p.path for p in caught.value.problems] == ["subject", "html"]
    with pytest.raises(Refused) as caught:
        compile_content(Channel.EMAIL, CONTENT, {}, Brand("nobody", "", SIGNER))
    assert caught.value.problems[0].code == "content.bad_sender"


def test_ids_of_the_message_are_its_own() -> None:
    made = compile_content(Channel.EMAIL, CONTENT, VARIABLES, BRAND)
    seen: set[bytes] = set()
    for number in range(3):
        payload = made.render(ANN, {}, UUID(int=number), NOW)
        assert isinstance(payload, Email)
        seen.add(payload.raw)
    assert len(seen) == 3
