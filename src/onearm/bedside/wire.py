"""What goes over the wire: headers of every answer, how large a body may be, and an answer whatever happens."""

from collections.abc import Callable

from fastapi import HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FILE, _JSON = 50 * 1024 * 1024, 1024 * 1024  # bytes


class Wire:
    """Around the whole app. `broken` answers what nobody foresaw; `too_large` a body beyond the limit."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        broken: Callable[[Request, Exception], Response],
        too_large: Callable[[], Response],
    ) -> None:
        self.app, self.broken, self.too_large = app, broken, too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = _JSON if scope["path"].startswith("/api/") else _FILE
        seen, answered = 0, False

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413)
            return message

        async def guarded(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        if _length(Headers(scope=scope)) > limit:
            await self.too_large()(scope, receive, guarded)
            return
        try:
            await self.app(scope, bounded, guarded)
        except Exception as error:
            if answered:
                raise
            await self.broken(Request(scope), error)(scope, receive, guarded)


def _length(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else _FILE + 1


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not path.startswith("/static/"):
        headers["Cache-Control"] = "no-store"
