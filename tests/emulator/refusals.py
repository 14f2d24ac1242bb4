"""How a test asks for a refusal through the official SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from Tea.exceptions import TeaException

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(call: Callable[..., object], *arguments: Any) -> tuple[int, str]:
    """HTTP status and code of the refusal that a call must end in."""
    with pytest.raises(TeaException) as caught:
        call(*arguments)
    error: Any = caught.value
    return error.status_code, error.code
