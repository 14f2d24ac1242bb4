"""Stands in for websocket-client in the staged package.

`darabonba` imports it at its top, for APIs that answer over a web socket. None that the functions call does, so it
would be loaded on every cold start and never connect. Whoever opens a web socket is told where it went.
"""


class WebSocketApp:
    """Made where a web socket is opened."""

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError("websocket-client is not in this package; see docs/package.md")
