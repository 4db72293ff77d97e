"""The few pages that are not screens: small, whole in themselves, readable without script by anybody.

They hold no words from outside, so there is nothing to escape; a page's own style is allowed by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from motet.core.words import Channel
from motet.web.asgi import NO_STORE, Header

HTML = b"text/html; charset=utf-8"

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #5b6470; --main: #2f5bea; --on: #ffffff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --paper: #16181c; --soft: #a3abb6; --main: #9db5ff; --on: #10131a }
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 30rem; padding: 2rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem }
p { margin: 0 0 1.25rem; color: var(--soft) }
button { font: inherit; font-weight: 600; padding: .75rem 1.5rem; border: 0; border-radius: .6rem; cursor: pointer;
  background: var(--main); color: var(--on) }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

PAGE_HEADERS: tuple[Header, ...] = (
    NO_STORE,
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"x-robots-tag", b"noindex"),
)

# What a person calls the messages of a channel.
_MESSAGES = {
    Channel.EMAIL: "emails",
    Channel.SMS: "text messages",
    Channel.PUSH: "push notifications",
    Channel.IN_APP: "in-app messages",
    Channel.SOCIAL: "direct messages",
    Channel.WEBHOOK: "webhook messages",
    Channel.RETARGETING: "ads",
}


@cache
def unsubscribe_page(channel: Channel) -> bytes:
    """Asks once; the button posts to the page's own address."""
    words = _MESSAGES[channel]
    return _page(
        "Unsubscribe",
        f"<p>You will get no more {words} from us.</p>"
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
        f'<button type="submit">Stop sending me {words}</button></form>',
    )


@cache
def done_page(channel: Channel) -> bytes:
    return _page(
        "You are unsubscribed", f"<p>We will send you no more {_MESSAGES[channel]}. You can close this page.</p>"
    )


@cache
def bad_link_page() -> bytes:
    return _page(
        "This link does not work",
        "<p>It may have been cut on its way. Open the message again and follow its link there.</p>",
    )


@cache
def busy_page() -> bytes:
    return _page("Please try once more", "<p>Your wish could not be kept just now. Try again in a minute.</p>")


@cache
def no_screens_page() -> bytes:
    return _page(
        "The screens are not built yet",
        "<p>Motet runs and its API answers under /api. Run <code>make screens</code> to build the screens.</p>",
    )


def _page(title: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    ).encode()
