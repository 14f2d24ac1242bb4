"""The one error that an emulated action may raise: code, message and HTTP status, as the vendor documents them.

What else is raised is a bug of the emulator: it is answered as a refusal of its own, and told on stderr.
"""

from __future__ import annotations

import sys
import traceback
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


def refusal(error: Exception) -> CloudError:
    """The error itself; instead of a bug of ours, which must not look like a network failure, one that says so."""
    if isinstance(error, CloudError):
        return error
    traceback.print_exception(error, file=sys.stderr)
    return CloudError("InternalError", f"The emulator failed: {error!r}", 500)
