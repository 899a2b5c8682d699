"""HCL as policies use it, and JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.vault.hcl import Pairs, read_document


def test_reads_what_policies_are_made_of() -> None:
    text = """
    # a comment
    // another
    /* and
       a third */
    name = "team"
    path "secret/data/*" {
      capabilities = ["read", "list",]
      allowed_parameters = {
        "*" = []
        "colour" = ["red", "blue"]
      }
      pagination_limit = 10, sure = true
    }
    path "kv/\\u00fc\\"\\x41\\101\\n" = { min_wrapping_ttl = -1.5e1 }
    text = <<-EOT
      two
      lines
      EOT
    """
    document = read_document(text)
    assert document == [
        ("name", "team"),
        (
            "path",
            [
                (
                    "secret/data/*",
                    [
                        ("capabilities", ["read", "list"]),
                        ("allowed_parameters", [("*", []), ("colour", ["red", "blue"])]),
                        ("pagination_limit", 10.0),
                        ("sure", True),
                    ],
                )
            ],
        ),
        ("path", [('kv/ü"AA\n', [("min_wrapping_ttl", -15.0)])]),
        ("text", "      two\n      lines\n"),
    ]


def test_keeps_repeated_keys_in_both_notations() -> None:
    assert read_document("a = 1\na = 2\n") == [("a", 1.0), ("a", 2.0)]
    assert read_document('{"a": 1, "a": 2}') == [("a", 1), ("a", 2)]
    assert isinstance(read_document('{"a": {"b": 1}}')[0][1], Pairs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('path "a" {', "line 1: expected a key"),
        ('path "a\n" {}', "line 1: expected a closed string"),
        ("a = \n\n b", "line 3: 'b' is no value"),
        ("a = [1 2]", "expected ',' or ']'"),
        ("a = <<EOT\nnever closed", "expected a heredoc"),
        ('a = "\\q"', "unknown escape"),
        ('a = "\\UFFFFFFFF"', "no such character"),
        ("= 1", "expected a key"),
        ("a = " + "[" * 100, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("{oops", "Expecting property name"),
        ("a = $", "expected a value"),
        ("}", "expected a key"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        read_document(text)


@given(st.text(alphabet='path "{}[]=,#/*\\<EOT\n\tau0.-' + "\0é", max_size=60))
def test_raises_nothing_but_value_error(text: str) -> None:
    try:
        document = read_document(text)
    except ValueError:
        return
    assert isinstance(document, Pairs)


_PLAIN = st.recursive(
    st.booleans() | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc_", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abcxyz", min_size=1, max_size=5), _PLAIN, max_size=4))
def test_both_notations_mean_the_same(value: dict[str, object]) -> None:
    def hcl(part: object) -> str:
        if isinstance(part, dict):
            return "{" + "\n".join(f'"{key}" = {hcl(inner)}' for key, inner in part.items()) + "}"
        if isinstance(part, list):
            return "[" + ", ".join(map(hcl, part)) + "]"
        return json.dumps(part, ensure_ascii=False)

    document = "\n".join(f"{key} = {hcl(part)}" for key, part in value.items())
    assert read_document(document) == read_document(json.dumps(value))
