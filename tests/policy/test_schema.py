"""The shipped JSON Schemas say what the loader says."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from keyproof import resources
from keyproof.domain.baseline import BaselineEntry
from keyproof.errors import PolicyError
from keyproof.policy.baseline import baseline_text
from keyproof.policy.files import shipped_packs
from keyproof.policy.schema import baseline_schema, pack_schema, waivers_schema
from keyproof.strict_yaml import parse
from keyproof.wiring.catalog import CHECKS as REAL_CHECKS
from tests.policy.stand_ins import CHECKS

PACKS = sorted(shipped_packs().values())
WAIVERS = sorted(resources.policies().glob("examples/*/waivers.yaml"))


def _shipped(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((resources.policies() / "schema" / name).read_text())
    return schema


def _typed(text: str) -> Any:
    """As an editor reads it: dates stay text."""
    return parse(text, name="test.yaml", error=PolicyError).data


def test_the_files_equal_the_models() -> None:
    assert _shipped("policy-pack.schema.json") == pack_schema(REAL_CHECKS)
    assert _shipped("waivers.schema.json") == waivers_schema()


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.parent.name + "/" + path.stem)
def test_the_schema_accepts_what_is_shipped(path: Path) -> None:
    errors = Draft202012Validator(_shipped("policy-pack.schema.json")).iter_errors(_typed(path.read_text()))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("path", WAIVERS, ids=lambda path: path.parent.name)
def test_the_schema_accepts_shipped_waivers(path: Path) -> None:
    errors = Draft202012Validator(_shipped("waivers.schema.json")).iter_errors(_typed(path.read_text()))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("schema", [pack_schema(CHECKS), waivers_schema()], ids=["pack", "waivers"])
def test_schemas_are_schemas(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


RULE = {"id": "a", "title": "A", "check": "max-age", "with": {"period": "90d"}}


def _accepts(**changes: Any) -> bool:
    pack = {
        "apiVersion": "keyproof/v1",
        "kind": "PolicyPack",
        "metadata": {"id": "house", "title": "House", "version": "1.0.0"},
        "rules": [{**RULE, **changes}],
    }
    return bool(Draft202012Validator(pack_schema(CHECKS)).is_valid(pack))


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, True),
        ({"with": {"period": "${period}"}}, True),
        ({"with": {"period": "90d", "runs": "${runs}"}}, True),
        ({"with": {"period": "90d", "runs": "many"}}, False),
        ({"with": {"period": "90d", "perod": "1d"}}, False),
        ({"with": {}}, False),
        ({"check": "maxage"}, False),
        ({"check": "no-leak", "with": {"confidence": ["likely"]}}, True),
        ({"check": "no-leak", "with": {"period": "90d"}}, False),
        ({"severity": "grave"}, False),
        ({"select": {"class": "jwt", "not": {"any": [{"name": ["a", "b"]}]}}}, True),
        ({"select": {"klass": "jwt"}}, False),
        ({"select": {}}, False),
    ],
)
def test_with_is_typed_by_the_check(changes: dict[str, Any], accepted: bool) -> None:
    assert _accepts(**changes) is accepted


def test_a_rule_without_needed_parameters_is_not_accepted() -> None:
    rule = {key: value for key, value in RULE.items() if key != "with"}
    pack = {
        "apiVersion": "keyproof/v1",
        "kind": "PolicyPack",
        "metadata": {"id": "house", "title": "House", "version": "1.0.0"},
        "rules": [rule],
    }
    assert not Draft202012Validator(pack_schema(CHECKS)).is_valid(pack)
    assert Draft202012Validator(pack_schema(CHECKS)).is_valid(
        {**pack, "rules": [{**rule, "check": "no-leak"}]}
    )


WAIVER = {
    "id": "a", "rule": "r", "select": {"name": "x"}, "reason": "r", "requested-by": "Ana", "approved-by": "Ben",
    "from": "2026-01-01", "until": "2026-02-01",
}  # fmt: skip


@pytest.mark.parametrize(
    ("removed", "added", "accepted"),
    [
        ("", {}, True),
        ("until", {}, False),
        ("approved-by", {}, False),
        ("rule", {}, False),
        ("rule", {"control": "soc2:CC6.1"}, True),
        ("", {"control": "soc2:CC6.1"}, False),
        ("select", {}, False),
        ("select", {"fingerprint": "0a1b2c3d4e5f6071"}, True),
    ],
)
def test_waivers(removed: str, added: dict[str, str], accepted: bool) -> None:
    waiver = {key: value for key, value in {**WAIVER, **added}.items() if key != removed}
    document = {"apiVersion": "keyproof/v1", "kind": "Waivers", "waivers": [waiver]}
    assert Draft202012Validator(waivers_schema()).is_valid(document) is accepted


ENTRY = {
    "id": "0123456789abcdef", "rule": "house/age", "subject": "x://y", "owner": "DBA", "until": "2026-01-01", "reason": "old",
}  # fmt: skip


@pytest.mark.parametrize(
    ("removed", "added", "accepted"),
    [
        ("", {}, True),
        ("owner", {}, False),
        ("until", {}, False),
        ("", {"id": "0123456789ABCDEF"}, False),
        ("", {"owner": ""}, False),
        ("", {"line": "7"}, False),
    ],
)
def test_baselines(removed: str, added: dict[str, str], accepted: bool) -> None:
    entry = {key: value for key, value in {**ENTRY, **added}.items() if key != removed}
    document = {"apiVersion": "keyproof/v1", "kind": "Baseline", "findings": [entry]}
    assert Draft202012Validator(baseline_schema()).is_valid(document) is accepted


def test_what_keyproof_writes_fits_the_schema() -> None:
    entry = BaselineEntry(
        id="0123456789abcdef", rule="r", subject="s", owner="o", until=date(2026, 1, 1), reason="why"
    )
    written = parse(baseline_text([entry]), name="baseline.yaml", error=PolicyError).data
    Draft202012Validator(baseline_schema()).validate(written)
