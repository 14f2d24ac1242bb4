"""The one error that an emulated action may raise: code, message and HTTP status, as the vendor documents them."""

from __future__ import annotations

from typing import Any


class CloudError(Exception):
    """A refusal, in the vendor's own words.

    ``status`` is the HTTP status; Cloud Backup answers many business errors with 200. ``extra`` is merged into the
    error body (``AccessDeniedDetail`` for instance); ``headers`` are added to the answer (``x-acs-retry-after``, ms).
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra or {}
        self.headers = headers or {}
