"""What no client should send: texts and values for tests in which the emulator must not fail."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

ODD = (
    *("", " ", "0", "-1", "1_0", " +5 ", "²", "1e3", "9" * 25, "true", "null", "NaN", "x" * 7000, "\x00", "[" * 5000),
    *("[]", "{}", "[5]", '["x"]', '{"a":1}', '[{"Value":"x"}]', '"\\ud800"', "I|0|P1D", "C|0|0 0 0 ? * */0", "I|²|P1D"),
)
"""Texts that some reader takes for something else, or trips over."""
INSIDE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(ODD) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, text: str) -> str:
    """A JSON text with one of its nodes replaced."""
    try:
        whole = [json.loads(text)]
    except ValueError:
        return text
    at: Any = whole
    place: Any = 0
    while isinstance(at[place], list | dict) and at[place] and draw(st.booleans()):
        at = at[place]
        place = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
    at[place] = draw(INSIDE)
    return json.dumps(whole[0])
