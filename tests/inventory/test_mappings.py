"""Lists of mappings as tables, and JSON that YAML reads the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof import strict_yaml
from keyproof.errors import DocumentError
from keyproof.inventory.mappings import json_as_yaml, mapping_table


def test_keys_become_headers_and_values_text() -> None:
    data = [
        {"name": "A", "days": 90, "ok": True, "none": None, "tags": ["x", 1, None], "deep": {"a": 1}},
        {"name": "B \n b", "more": 1.5},
    ]
    found = mapping_table({"secrets": data}, lambda key: 10 + len(key))
    (table,) = found.tables
    assert table.headers == ("name", "days", "ok", "none", "tags", "deep", "more")
    assert [row.cells for row in table.rows] == [
        ("A", "90", "true", "", "x, 1", "", ""),
        ("B b", "", "", "", "", "", "1.5"),
    ]
    assert (table.line, table.rows[0].line) == (11, 12)


@pytest.mark.parametrize("data", [None, "text", {"a": 1}, {"secrets": {"a": 1}}])
def test_another_shape_is_an_error(data: object) -> None:
    with pytest.raises(ValueError, match="neither a list of mappings nor one under the key 'secrets'"):
        mapping_table(data, lambda _: 1)


def test_an_empty_list_is_no_table() -> None:
    assert mapping_table([], lambda _: 1).tables == ()


TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=["Cc", "Cs", "Cn"]),
    max_size=200,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(data=JSON, ascii_only=st.booleans(), indent=st.sampled_from([None, 1, "\t"]), tight=st.booleans())
def test_json_is_read_as_json(data: object, ascii_only: bool, indent: int | str | None, tight: bool) -> None:
    text = json.dumps(
        data, ensure_ascii=ascii_only, indent=indent, separators=(",", ":") if tight else (", ", ": ")
    )
    assert strict_yaml.parse(json_as_yaml(text), name="a.json", error=DocumentError).data == data


def test_what_is_not_json_has_its_place() -> None:
    with pytest.raises(ValueError, match=r"^line 2, column 1: is not JSON: Expecting"):
        json_as_yaml("[1,\n]")
