from __future__ import annotations

import pytest

from oddjet.runs.key_values import key_value_text, parse_key_values


def test_text_comes_back():
    facts = {"a": 1, "b": {"c": True, "d": "x = y", "e": ((1, 2), (3,))}, "f": []}
    text = key_value_text(facts)
    assert text == "a = 1\nb.c = true\nb.d = x = y\nb.e = 1 2 | 3\nf = \n"
    assert parse_key_values(text) == {
        "a": "1",
        "b.c": "true",
        "b.d": "x = y",
        "b.e": "1 2 | 3",
        "f": "",
    }


def test_what_would_not_come_back_is_refused():
    with pytest.raises(ValueError, match="does not fit into one line"):
        key_value_text({"a": "two\nlines"})
    with pytest.raises(ValueError, match="does not fit into one line"):
        key_value_text({"a=b": 1})
    with pytest.raises(ValueError, match="'no equals sign' is not `key = value`"):
        parse_key_values("a = 1\nno equals sign\n")


def test_a_doubled_key_is_refused():
    with pytest.raises(ValueError, match="line 'a=2' repeats a key"):
        parse_key_values("a = 1\nb = 1\na=2\n")
    with pytest.raises(ValueError, match=r"line 'a\.b = 2' repeats a key"):
        key_value_text({"a.b": 1, "a": {"b": 2}})
