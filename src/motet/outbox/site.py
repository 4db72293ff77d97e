"""`/site/...`: where the links of messages lead in development, standing for the brand's own site."""

from __future__ import annotations

from html import escape

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 17px/1.6 system-ui, sans-serif; max-width: 34rem; margin: 14vh auto; padding: 0 1.5rem }}
h1 {{ font-size: 1.9rem; line-height: 1.2 }}
code {{ background: #8882; padding: .15em .4em; border-radius: .3em; overflow-wrap: anywhere }}
p.small {{ opacity: .65; font-size: .9rem }}
</style></head><body>
<h1>{title}</h1>
<p>You followed a link in a message. It led to <code>{place}</code>.</p>
<p class="small">In production your own site is here. This page comes from Motet's local outbox.</p>
</body></html>
"""


def routes() -> list[web.RouteDef]:
    return [web.get("/site", show), web.get("/site/{tail:.*}", show)]


async def show(request: web.Request) -> web.Response:
    """A page that says where its reader has come."""
    last = request.match_info.get("tail", "").rstrip("/").rpartition("/")[2]
    title = last.replace("-", " ").capitalize() or "The shop"
    page = _PAGE.format(title=escape(title), place=escape(request.path_qs))
    return web.Response(
        text=page,
        content_type="text/html",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )
