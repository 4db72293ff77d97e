"""Twilio's Messages resource, for tests (twilio.com/docs/messaging/api/message-resource, twilio.com/docs/api/errors).

The last digits of a number say what becomes of a text: 9001 is no number, 9002 has replied STOP, 9003 is over the
rate, 9004 is lost, 9005 stalls, 9006 breaks the server, 9007 finds it busy.
"""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl

from aiohttp import web

from contracts.provider.http_server import HttpServer

SID, TOKEN = "AC0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"


class TwilioServer(HttpServer):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []

    async def answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        login = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {login}":
            return _error(401, 20003, "Authenticate")
        if request.method != "POST" or request.path != f"/2010-04-01/Accounts/{SID}/Messages.json":
            return _error(404, 20404, "The requested resource was not found")
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        self.forms.append(form)
        if "From" not in form and "MessagingServiceSid" not in form:
            return _error(400, 21603, "A 'From' phone number is required.")
        number = form["To"]
        match number[-4:]:
            case "9001":
                return _error(400, 21211, f"The 'To' number {number} is not a valid phone number.")
            case "9002":
                return _error(400, 21610, "Attempt to send to unsubscribed recipient")
            case "9003":
                return _error(429, 20429, "Too Many Requests", {"Retry-After": "7"})
            case "9006":
                return web.Response(status=500, text="<html>oops</html>")
            case "9007":
                return _error(503, 20503, "Service unavailable")
        self.taken.append(number)
        if number.endswith(("9004", "9005")):
            return await self.misbehave(request, "lost" if number.endswith("9004") else "stall")
        sid = f"SM{len(self.taken):032x}"
        return web.json_response({"sid": sid, "status": "queued", "error_code": None, "to": number}, status=201)


def _error(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more, "status": status}
    return web.json_response(body, status=status, headers=headers)
