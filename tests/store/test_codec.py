"""The codec: whatever the domain holds comes back equal, and damaged data is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.checks.max_age import MaxAge
from keyproof.domain.check import Context
from keyproof.domain.duration import parse_duration
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak
from keyproof.domain.policy import PolicyPack, Rule
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Document, Repository
from keyproof.domain.verdict import Outcome
from keyproof.errors import StoreError
from keyproof.store.codec import (
    Decoder,
    canonical,
    compact,
    decode_columns,
    encode,
    encode_columns,
)
from keyproof.store.snapshot import parse
from tests.fakes import assessments
from tests.fakes.any_subject import leaks, repositories, secrets


def through_json(data: Any) -> Any:
    return json.loads(compact(data))


@given(st.one_of(secrets, leaks, repositories))
def test_any_subject_comes_back(subject: SecretMetadata | Leak | Repository | Document) -> None:
    assert Decoder().decode(type(subject), through_json(encode(subject))) == subject


def test_every_finding_comes_back() -> None:
    findings = assessments.golden().findings
    data = through_json(encode_columns(findings, Finding))
    assert decode_columns(Decoder(), Finding, data) == findings
    assert decode_columns(Decoder(), Finding, through_json(encode_columns((), Finding))) == ()


def test_a_pack_comes_back_in_words() -> None:
    (pack, *_) = assessments.golden().packs
    again = Decoder().decode(PolicyPack, through_json(encode(pack)))
    assert again.document == pack.document
    for was, is_ in zip(pack.rules, again.rules, strict=True):
        assert (is_.id, is_.controls, is_.check.kind) == (was.id, was.controls, was.check.kind)
        assert is_.selector.describe() == was.selector.describe()
        assert not is_.selector.matches(assessments.DATABASE, "")
        verdict = is_.check.evaluate(assessments.DATABASE, Context(now=assessments.AS_OF))
        assert verdict.outcome is Outcome.NOT_EVALUATED


def test_a_recorded_check_knows_its_period() -> None:
    check = MaxAge.model_validate({"period": "3mo"})
    rule = encode({"check": check})["check"]
    again = Decoder().fields(Rule, {"check": rule})["check"]
    assert again.rotation_period == parse_duration("3mo")
    assert again.model_dump(mode="json", by_alias=True) == check.model_dump(mode="json", by_alias=True)


def test_equal_data_has_equal_text_and_order_is_kept_where_it_is_part_of_it() -> None:
    assert (
        canonical({"b": 1, "a": "é\ud800"})
        == canonical({"a": "é\ud800", "b": 1})
        == b'{"a":"\\u00e9\\ud800","b":1}'
    )
    assert compact({"b": 1, "a": 2}) == b'{"b":1,"a":2}'
    assert encode([frozenset({"b", "a"}), timedelta(days=1, seconds=2)]) == [["a", "b"], [1, 2, 0]]


def test_what_has_no_record_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot be recorded"):
        encode(object())


@pytest.mark.parametrize("data", [None, [], {}, {"id": 1}, "x", {"facts": [{"at": "never"}]}])
def test_damaged_data_is_refused(data: Any) -> None:
    decoder = Decoder()
    with pytest.raises(StoreError, match="a recorded SecretMetadata cannot be read"):
        decoder.decode(SecretMetadata, data)
    with pytest.raises(StoreError, match="a recorded Finding cannot be read"):
        decode_columns(decoder, Finding, data)


def test_damaged_parts_are_refused() -> None:
    columns = through_json(encode_columns(assessments.golden().findings, Finding))
    with pytest.raises(
        StoreError, match="a recorded Finding cannot be read: 9 were recorded and 32 can be read"
    ):
        decode_columns(Decoder(), Finding, {**columns, "number": 9})
    with pytest.raises(StoreError, match="a recorded Snapshot cannot be read"):
        Decoder().fields(Snapshot, {"taken_at": 7})
    with pytest.raises(StoreError, match="a recorded snapshot cannot be read"):
        parse(b"{}")
