"""The built screens: files from memory, with the page itself for every address that is a screen's.

Only what was found in the folder is ever served: a path is looked up, never joined. Files under `assets/` carry
their hash in their name, so browsers keep them for good; the page is asked for again each time.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from motet.core.errors import NotFound
from motet.web.asgi import Header, Receive, Scope, Send, header, respond, respond_empty
from motet.web.pages import HTML, PAGE_HEADERS, no_screens_page
from motet.web.problems import Rejection

FOLDER = Path(__file__).parent / "screens"

_FOR_GOOD: Header = (b"cache-control", b"public, max-age=31536000, immutable")
_ASK_AGAIN: Header = (b"cache-control", b"no-cache")
_WORTH_PACKING = 1024  # bytes
_TEXT = ("text/", "application/javascript", "application/json", "image/svg", "application/manifest")


class File(msgspec.Struct, frozen=True):
    """A file in memory; `packed` is its gzip, when that is smaller."""

    body: bytes
    packed: bytes | None
    content_type: bytes
    etag: bytes
    cache: Header


class Screens:
    """`public_url` is where pixels and links of shown messages lead, so its images are allowed."""

    def __init__(self, public_url: str, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._files: dict[str, File] = {}
        self._built: int | None = None  # when index.html was built
        self._headers = security_headers(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise Rejection(405, "route.method_not_allowed", "this address is only for reading")
        self._look()
        path = scope["path"].lstrip("/")
        file = self._files.get(path) or (self._files.get("index.html") if is_screen(path) else None)
        if file is None:
            if not self._files and is_screen(path):
                return await respond(scope, send, 503, no_screens_page(), HTML, PAGE_HEADERS)
            raise NotFound("address", f"/{path[:200]}")
        headers = (*self._headers, (b"etag", file.etag), (b"vary", b"accept-encoding"), file.cache)
        if file.etag.decode() in header(scope, b"if-none-match"):
            return await respond_empty(send, 304, headers)
        if file.packed is not None and "gzip" in header(scope, b"accept-encoding"):
            packed = (*headers, (b"content-encoding", b"gzip"))
            return await respond(scope, send, 200, file.packed, file.content_type, packed)
        await respond(scope, send, 200, file.body, file.content_type, headers)

    def _look(self) -> None:
        """Reads the folder again when the screens were built anew."""
        try:
            built: int | None = (self._folder / "index.html").stat().st_mtime_ns
        except OSError:
            built = None
        if built != self._built:
            self._built = built
            self._files = {} if built is None else read_files(self._folder)


def is_screen(path: str) -> bool:
    """Whether an address without a file of its own is a screen's: no extension, and not among the assets."""
    return "." not in path.rpartition("/")[2] and not path.startswith("assets/")


def read_files(folder: Path) -> dict[str, File]:
    """Every file below the folder, by its path with slashes; what a link leads to outside is left out."""
    root = folder.resolve()
    found = sorted(p for p in root.rglob("*") if p.is_file() and p.resolve().is_relative_to(root))
    return {path.relative_to(root).as_posix(): read_file(path, root) for path in found}


def read_file(path: Path, root: Path) -> File:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith(_TEXT)
    packed = gzip.compress(body, 6, mtime=0) if text and len(body) >= _WORTH_PACKING else None
    return File(
        body=body,
        packed=packed if packed is not None and len(packed) < len(body) else None,
        content_type=f"{kind}; charset=utf-8".encode() if kind.startswith("text/") else kind.encode(),
        etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"'.encode(),
        cache=_FOR_GOOD if path.relative_to(root).parts[0] == "assets" else _ASK_AGAIN,
    )


def security_headers(public_url: str) -> tuple[Header, ...]:
    """Scripts come from us alone. Styles may stand inline, which the component library needs; images of shown
    emails may come from anywhere secure. Emails are shown in sandboxed frames, which inherit this policy.
    """
    parts = urlsplit(public_url)
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob: https: {parts.scheme}://{parts.netloc}; font-src 'self' data:; "
        "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    return (
        (b"content-security-policy", policy.encode()),
        (b"referrer-policy", b"same-origin"),
        (b"x-frame-options", b"DENY"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
    )
