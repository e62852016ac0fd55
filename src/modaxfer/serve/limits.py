"""How large a request may be, and how many bytes of all of them are held at a time: judged before a body is read."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["BodyLimit"]


class BodyLimit:
    """Refuses a body of more than `most` bytes with 413, and any that would make more than `budget` held, with 503.

    A stated length is judged before a byte is read, an unstated one as it comes.

    Args:
        app: The application behind, as ASGI has it.
        most: Bytes of one body.
        budget: Bytes of all bodies that are being answered.
    """

    def __init__(self, app: Any, most: int, budget: int) -> None:
        self.app, self.most, self.budget, self.held = app, most, budget, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on with its body, or answer it."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        size = int(stated) if stated.isdigit() else 0
        if size > self.most:
            await self._refuse(send, 413)
            return
        taken = 0
        try:
            body = bytearray()
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                part = message.get("body", b"")
                if len(body) + len(part) > self.most:
                    await self._refuse(send, 413)
                    return
                if self.held + len(part) > self.budget:
                    await self._refuse(send, 503)
                    return
                taken, self.held = taken + len(part), self.held + len(part)
                body += part
                if not message.get("more_body", False):
                    break
            await self.app(scope, _whole(bytes(body), receive), send)
        finally:
            self.held -= taken

    async def _refuse(self, send: Any, status: int) -> None:
        words = {
            413: f"the request is too large. Allowed: up to {self.most:,} bytes. Fix: send fewer rows or "
            "smaller files, or start the server with a larger --max-body",
            503: f"the requests in work hold {self.budget:,} bytes already. Fix: send this one again in a second",
        }
        answer = json.dumps({"error": words[status]}).encode()
        headers = [(b"content-type", b"application/json"), (b"connection", b"close"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def _whole(body: bytes, receive: Any) -> Any:
    """Return what hands a body over that was read already, and then what `receive` does."""
    told = False

    async def again() -> Any:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
