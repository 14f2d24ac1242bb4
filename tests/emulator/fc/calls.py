"""Calls of deployed functions, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_fc20230330 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from darabonba.runtime import RuntimeOptions
from fc2.fc_exceptions import FcError

from tests.cloud import LocalCloud
from tests.emulator.deployed import fc3

if TYPE_CHECKING:
    from collections.abc import Callable


def logged(cloud: LocalCloud, function: str) -> list[str]:
    """What a function has logged, line by line."""
    return [line["text"] for line in cloud.state()["fc"]["logs"][function]]


def call3(cloud: LocalCloud, function: str, event: str = "{}", **headers: str) -> Any:
    request = models.InvokeFunctionRequest(body=event.encode())
    sent = models.InvokeFunctionHeaders(**headers)
    return fc3(cloud).invoke_function_with_options(function, request, sent, RuntimeOptions())


def failure(do: Callable[[], Any]) -> FcError:
    with pytest.raises(FcError) as caught:
        do()
    return caught.value


def refused(do: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(ClientException) as caught:
        do()
    return caught.value.status_code, caught.value.code
