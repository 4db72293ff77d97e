"""Opens an SMTP connection: connect, greeting, EHLO, STARTTLS, sign-in."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl

from motet.channels.email.dialogue import Broken, Dialogue, Source
from motet.channels.email.envelope import Features, read_features
from motet.channels.email.relay import Relay


class NoGreeting(Exception):
    """The mail server does not work with us; no message was touched. `code` is `smtp.` and what failed."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = f"smtp.{code}", detail[:300]
        super().__init__(f"{self.code}: {detail}")


async def connect(relay: Relay, tls: ssl.SSLContext | None, source: Source) -> Dialogue:
    """A connection that is greeted, encrypted and signed in, ready to `start`; with what the server offers.

    Raises NoGreeting. Takes at most twice `relay.timeout`.
    """
    dialogue = Dialogue(source)
    try:
        async with asyncio.timeout(relay.timeout):
            await _reach(relay, tls, dialogue)
        async with asyncio.timeout(relay.timeout):
            await _greet(relay, tls, dialogue)
    except TimeoutError as error:
        dialogue.end("the greeting took too long")
        raise NoGreeting("connect", f"{relay.host}:{relay.port} did not answer in time") from error
    except Broken as error:
        dialogue.end(str(error))
        raise NoGreeting("connect", str(error)) from error
    except ssl.SSLError as error:
        dialogue.end("TLS failed")
        raise NoGreeting("tls", f"TLS with {relay.host}:{relay.port} failed: {error}") from error
    except OSError as error:
        dialogue.end("no connection")
        raise NoGreeting("connect", f"{relay.host}:{relay.port} cannot be reached: {error}") from error
    except NoGreeting as error:
        dialogue.end(str(error))
        raise
    except Exception as error:  # such as a host name that cannot be one: the queue must hear of it, whatever it is
        dialogue.end("no connection")
        raise NoGreeting("connect", f"{relay.host}:{relay.port}: {type(error).__name__}: {error}") from error
    except asyncio.CancelledError:
        dialogue.end("the greeting was given up")
        raise
    return dialogue


async def _reach(relay: Relay, tls: ssl.SSLContext | None, dialogue: Dialogue) -> None:
    implicit = tls if relay.tls == "implicit" else None
    await asyncio.get_running_loop().create_connection(
        lambda: dialogue, relay.host, relay.port, ssl=implicit, server_hostname=relay.host if implicit else None
    )


async def _greet(relay: Relay, tls: ssl.SSLContext | None, dialogue: Dialogue) -> None:
    code, lines = await dialogue.ask()
    if code != 220:
        raise NoGreeting("greeting", f"{code} {' '.join(lines)}")
    name = relay.ehlo or _own_name() or dialogue.local_name
    features = await _hello(dialogue, name)
    encrypted = relay.tls == "implicit"
    if tls is not None and not encrypted:
        if features.starttls:
            await _encrypt(relay, tls, dialogue)
            features, encrypted = await _hello(dialogue, name), True
        elif relay.tls == "require":
            raise NoGreeting("tls", f"{relay.host} does not offer STARTTLS, and tls=require")
    if relay.user:
        if not encrypted and not relay.may_sign_in:
            raise NoGreeting("tls", f"{relay.host} does not offer STARTTLS, and the password must not go in plain text")
        await _sign_in(relay, features, dialogue)
    dialogue.features = features


def _own_name() -> str:
    """This machine's name, if it is a full one. Not looked up: a slow resolver must not stop mail."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else ""


async def _hello(dialogue: Dialogue, name: str) -> Features:
    code, lines = await dialogue.ask(f"EHLO {name}\r\n".encode())
    if code == 250:
        return read_features(lines)
    if code // 100 == 5:  # a server from before 1995
        code, lines = await dialogue.ask(f"HELO {name}\r\n".encode())
        if code == 250:
            return Features()
    raise NoGreeting("greeting", f"{code} {' '.join(lines)}")


async def _encrypt(relay: Relay, tls: ssl.SSLContext, dialogue: Dialogue) -> None:
    code, lines = await dialogue.ask(b"STARTTLS\r\n")
    if code != 220:
        raise NoGreeting("tls", f"{code} {' '.join(lines)}")
    await dialogue.encrypt(tls, relay.host)


async def _sign_in(relay: Relay, features: Features, dialogue: Dialogue) -> None:
    """AUTH PLAIN (RFC 4616), else LOGIN, which some servers have alone."""
    if "PLAIN" in features.auth or not features.auth & {"PLAIN", "LOGIN"}:
        code, lines = await dialogue.ask(b"AUTH PLAIN " + _encode(f"\0{relay.user}\0{relay.password}") + b"\r\n")
    else:
        code, lines = await dialogue.ask(b"AUTH LOGIN\r\n")
        for secret in (relay.user, relay.password):
            if code == 334:
                code, lines = await dialogue.ask(_encode(secret) + b"\r\n")
    if code != 235:
        raise NoGreeting("auth", f"{code} {' '.join(lines)}")


def _encode(text: str) -> bytes:
    return base64.b64encode(text.encode())
