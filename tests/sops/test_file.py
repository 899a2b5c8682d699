"""Which values a SOPS file's own rules want encrypted, and forms of its metadata."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from keyproof.sops.file import NotSopsError, creation_rules, read_sops

ENCRYPTED = "ENC[AES256_GCM,data:aGVsbG8=,iv:x,tag:y,type:str]"


def _read(values: dict[str, Any], **metadata: Any) -> dict[str, bool]:
    text = json.dumps({**values, "sops": {"mac": "m", **metadata}})
    return {value.key: value.encrypted for value in read_sops("a.json", text).values}


VALUES = {"password": "p", "host": "h", "db": {"token": "t"}, "port_unencrypted": "1"}


@pytest.mark.parametrize(
    ("metadata", "wanted"),
    [
        ({}, ["password", "host", "db.token"]),
        ({"unencrypted_suffix": "ost"}, ["password", "db.token", "port_unencrypted"]),
        ({"encrypted_suffix": "word"}, ["password"]),
        ({"encrypted_regex": "^db$"}, ["db.token"]),
        ({"unencrypted_regex": "^(host|db)$"}, ["password", "port_unencrypted"]),
        ({"encrypted_regex": "("}, []),
        ({"encrypted_comment_regex": "secret"}, []),
    ],
    ids=str,
)
def test_which_values_should_be_encrypted(metadata: dict[str, str], wanted: list[str]) -> None:
    assert _read(VALUES, **metadata) == dict.fromkeys(wanted, False)


def test_one_name_in_several_places_is_several_values() -> None:
    document = f"a.b: {ENCRYPTED}\na:\n  b: {ENCRYPTED}\nsops: {{mac: m}}\n"
    values = read_sops("a.yaml", f"{document}---\n{document}").values
    assert [(value.key, value.line) for value in values] == [
        ("a.b", 1),
        ("a.b (2)", 3),
        ("a.b (3)", 6),
        ("a.b (4)", 8),
    ]


def test_lengths_are_those_of_the_plain_text() -> None:
    damaged = ENCRYPTED.replace("aGVsbG8=", "aGVsbG8")
    text = json.dumps(
        {"a": ENCRYPTED, "b": damaged, "c": ENCRYPTED.replace("str", "int"), "sops": {"mac": "m"}}
    )
    assert [value.length for value in read_sops("a.json", text).values] == [5, None, None]


def test_who_and_when() -> None:
    metadata = {
        "mac": "m",
        "lastmodified": "2025-10-01T12:00:00Z",
        "kms": [{"arn": "arn:aws:kms:x"}],
        "pgp": [{"fp": "AB12"}, {}],
        "age": None,
    }
    found = read_sops("a.json", json.dumps({"sops": metadata}))
    assert found.recipients == (("kms:arn:aws:kms:x", "pgp:AB12"),)
    assert (found.threshold, found.modified) == (1, datetime(2025, 10, 1, 12, tzinfo=UTC))
    assert (
        read_sops("a.yaml", "sops: {mac: m, lastmodified: 2025-10-01T12:00:00Z}").modified == found.modified
    )
    assert read_sops("a.yaml", "sops: {mac: m, lastmodified: yesterday}").modified is None
    assert read_sops("a.yaml", "sops: {mac: m, key_groups: 3}").recipients == ()


def test_lists_in_flat_files_cannot_grow_without_end() -> None:
    text = f"A={ENCRYPTED}\nsops_mac=m\nsops_age__list_999999999__map_recipient=age1x\nsops_age__list_0__map_recipient=age1y\n"
    found = read_sops("a.env", text)
    assert found.recipients == (("age:age1y",),)
    assert [value.key for value in found.values] == ["A"]


def test_creation_rules() -> None:
    assert creation_rules("creation_rules: [{path_regex: a}, {age: x}]") == ["a", ""]
    assert creation_rules("") == []
    with pytest.raises(NotSopsError):
        creation_rules("{")
