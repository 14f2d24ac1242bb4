"""From the pairs of a query and a form to typed, checked parameters; what the table does not know is refused.

The real gateway passes unknown parameters over in silence. Refusing them here is on purpose: a misspelt parameter
must not go unnoticed in a test. Its code, ``UnknownParameter.<Name>``, exists only in the emulator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from emulator import shapes
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.service import Param, Service
    from emulator.shapes import Shape

COMMON = frozenset(
    (
        *("Action", "Version", "Format", "RegionId", "AccessKeyId", "SecurityToken", "Timestamp"),
        *("Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "SignatureType"),
    )
)
"""Parameters of every call in the older RPC style (help page "Common parameters")."""

Sent = str | dict[str, str]
_NUMBERED = ("texts", "maps")


def validate(service: Service, table: Mapping[str, Param], pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Every parameter of ``table``, typed, with its default where it was not sent.

    Raises:
        CloudError: the service's ``missing`` or ``invalid`` code, or the parameter's own.
    """
    sent = _grouped(table, pairs)
    typed: dict[str, Any] = {}
    for name, param in table.items():
        value = sent.get(name)
        if value in (None, "", {}):
            if param.required:
                raise CloudError(param.missing or service.missing.format(name=name), f"You must specify {name}.")
            typed[name] = param.default
            continue
        typed[name] = _read(service, name, param, value)
    return typed


def _read(service: Service, name: str, param: Param, value: Sent) -> object:
    try:
        return _READ[param.kind](name, param, value)
    except shapes.UnknownKeyError as error:
        raise _unknown(str(error)) from error
    except _WrongLengthError as error:
        code = param.length or param.invalid or service.invalid.format(name=name)
        raise CloudError(code, f"The parameter {name} is too long or too short: {error}.", param.status) from error
    except (ValueError, TypeError) as error:
        code = param.invalid or service.invalid.format(name=name)
        raise CloudError(code, f"The parameter {name} is wrongly formed: {error}.", param.status) from error


class _WrongLengthError(ValueError):
    """A text outside its limits; some services have a code of its own for that."""


def _grouped(table: Mapping[str, Param], pairs: tuple[tuple[str, str], ...]) -> dict[str, Sent]:
    """``Name=v`` → text; ``Name.1=v`` and ``Name.1.Key=v`` → ``{"1": …}`` under ``Name``."""
    sent: dict[str, Sent] = {}
    for name, value in pairs:
        base, _, rest = name.partition(".")
        known = table.get(base)
        if known is not None and bool(rest) == (known.kind in _NUMBERED):
            if rest:
                numbered = sent.setdefault(base, {})
                if isinstance(numbered, dict):
                    numbered[rest] = value
            else:
                sent[base] = value
        elif name not in COMMON:
            raise _unknown(name)
    return sent


def _unknown(name: str) -> CloudError:
    return CloudError(f"UnknownParameter.{name}", f"This action has no parameter {name}.")


def _text(_: str, param: Param, value: str) -> str:
    if not (param.minimum or 0) <= len(value) <= (param.maximum or len(value)):
        raise _WrongLengthError(f"its length must be {param.minimum or 0} to {param.maximum}")
    if param.pattern is not None and not re.fullmatch(param.pattern, value):
        raise ValueError(f"it must match {param.pattern}")
    if param.choices and value not in param.choices:
        raise ValueError(f"it must be one of {', '.join(param.choices)}")
    return value


def _integer(_: str, param: Param, value: str) -> int:
    number = shapes.integer(value)
    low = number if param.minimum is None else param.minimum
    high = number if param.maximum is None else param.maximum
    if not low <= number <= high:
        raise ValueError(f"it must be {low} to {high}")
    return number


def _boolean(_: str, __: Param, value: str) -> bool:
    return shapes.boolean(value)


def _json(name: str, param: Param, value: str) -> object:
    return shapes.checked(param.shape, shapes.parsed(value), name)


def _texts(name: str, param: Param, value: dict[str, str]) -> list[str]:
    return [_text(name, param, item) for item in cast("list[str]", _numbered(name, [str], value))]


def _maps(name: str, param: Param, value: dict[str, str]) -> object:
    """``{"1.Key": a, "1.Value": b}`` → ``[{"Key": a, "Value": b}]``."""
    return _numbered(name, [param.shape], value)


def _numbered(name: str, shape: Shape, value: dict[str, str]) -> object:
    return shapes.checked(shape, shapes.typed(shape, shapes.tree(value), name), name)


_READ: Mapping[str, Callable[[str, Any, Any], Any]] = {
    "text": _text,
    "integer": _integer,
    "boolean": _boolean,
    "json": _json,
    "texts": _texts,
    "maps": _maps,
}
