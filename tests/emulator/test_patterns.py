"""Event patterns of EventBridge: pure, so tested without a running cloud."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.bus.patterns import BadPatternError, compile_pattern

EVENT = {
    "source": "acs.ram",
    "type": "ram:ActionTrail:ApiCall",
    "data": {
        "eventName": "CreateRole",
        "count": 5,
        "ip": "10.0.0.7",
        "tags": ["a", "b"],
        "error": None,
        "empty": "",
        "none": [],
    },
}
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3)
EVENTS = st.dictionaries(
    st.sampled_from("xyz"), LEAVES | st.dictionaries(st.sampled_from("xyz"), LEAVES, max_size=3), max_size=3
)


def fits(pattern: Any, event: Any = EVENT) -> bool:
    return compile_pattern(pattern)(event)


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"source": ["acs.ram"]},
        {"source": ["acs.oss", "acs.ram"]},
        {"source": [{"prefix": "acs."}], "type": [{"suffix": ":ApiCall"}]},
        {"type": [{"contains": "Trail"}]},
        {"data": {"eventName": [{"anything-but": "DeleteRole"}]}},
        {"data": {"eventName": [{"anything-but": ["DeleteRole", "GetRole"]}]}},
        {"data": {"eventName": [{"anything-but": {"prefix": "Delete"}}]}},
        {"data": {"eventName": [{"anything-but": {"suffix": "User"}}]}},
        {"data": {"count": [{"numeric": [">", 0, "<=", 5]}]}},
        {"data": {"count": [{"numeric": ["=", 5]}]}},
        {"data": {"count": [5]}},
        {"data": {"ip": [{"cidr": "10.0.0.0/24"}]}},
        {"data": {"tags": ["b"]}},
        {"data": {"error": [None]}},
        {"data": {"empty": [""]}},
        {"data": {"error": [{"exists": True}]}},
        {"data": {"none": [{"exists": True}]}},
        {"data": {"tags": [{"exists": True}]}},
        {"data": {"missing": [{"exists": False}]}},
        {"missing": {"deeper": [{"exists": False}]}},
        {"data": {"missing": [{"exists": False}, "x"]}},
    ],
)
def test_what_fits(pattern: Any) -> None:
    """Each operator takes what the help page says it takes."""
    assert fits(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["acs.RAM"]},
        {"source": ["acs.ram"], "type": ["x"]},
        {"source": ["acs"]},
        {"source": [{"prefix": "ram"}]},
        {"type": [{"suffix": ":ConsoleOperation"}]},
        {"type": [{"contains": "trail"}]},
        {"data": {"eventName": [{"anything-but": "CreateRole"}]}},
        {"data": {"eventName": [{"anything-but": ["CreateRole"]}]}},
        {"data": {"eventName": [{"anything-but": {"prefix": "Create"}}]}},
        {"data": {"missing": [{"anything-but": "x"}]}},
        {"data": {"count": [{"numeric": [">", 5]}]}},
        {"data": {"count": ["5"]}},
        {"data": {"count": [5.0]}},
        {"data": {"none": [{"exists": False}]}},
        {"data": {"none": ["a"]}},
        {"data": {"eventName": [{"numeric": [">", 0]}]}},
        {"data": {"ip": [{"cidr": "10.0.1.0/24"}]}},
        {"data": {"eventName": [{"cidr": "10.0.0.0/24"}]}},
        {"data": {"missing": ["x"]}},
        {"data": {"missing": [None]}},
        {"data": {"error": [{"exists": False}]}},
        {"missing": {"deeper": ["x"]}},
        {"source": {"deeper": ["x"]}},
    ],
)
def test_what_does_not_fit(pattern: Any) -> None:
    """Case counts, every listed field must be there, and each operator refuses what it should."""
    assert not fits(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        [],
        "x",
        {"source": "acs.ram"},
        {"source": []},
        {"source": [["acs.ram"]]},
        {"source": [{"starts": "acs"}]},
        {"source": [{"prefix": "a", "suffix": "b"}]},
        {"source": [{"prefix": 1}]},
        {"count": [{"numeric": [">"]}]},
        {"count": [{"numeric": ["~", 1]}]},
        {"count": [{"numeric": [">", "1"]}]},
        {"ip": [{"cidr": "10.0.0.0/99"}]},
        {"ip": [{"cidr": "fe80::/10"}]},
        {"x": [{"exists": "yes"}]},
        {"x": [{"anything-but": {"cidr": "10.0.0.0/8"}}]},
        {"x": [{"prefix": str(number)} for number in range(6)]},
    ],
)
def test_bad_patterns_are_refused(pattern: Any) -> None:
    """What EventBridge would not take does not compile."""
    with pytest.raises(BadPatternError):
        compile_pattern(pattern)


@given(event=EVENTS)
def test_an_event_fits_the_pattern_of_its_own_values(event: dict[str, Any]) -> None:
    """The pattern that lists exactly an event's values takes the event."""

    def listed(value: Any) -> Any:
        return {key: listed(item) for key, item in value.items()} if isinstance(value, dict) else [value]

    assert fits(listed(event), event)


@given(event=EVENTS, wanted=LEAVES)
def test_anything_but_is_the_opposite_of_exact(event: dict[str, Any], wanted: Any) -> None:
    """For a field that is there, exactly one of the two takes the event."""
    value = event.get("x")
    if "x" in event and not isinstance(value, dict):
        assert fits({"x": [wanted]}, event) != fits({"x": [{"anything-but": [wanted]}]}, event)


@given(event=EVENTS, one=LEAVES, other=LEAVES)
def test_values_are_ored_and_fields_anded(event: dict[str, Any], one: Any, other: Any) -> None:
    """A list takes what one of its values takes; two fields take what both take."""
    assert fits({"x": [one, other]}, event) == (fits({"x": [one]}, event) or fits({"x": [other]}, event))
    assert fits({"x": [one], "y": [other]}, event) == (fits({"x": [one]}, event) and fits({"y": [other]}, event))
