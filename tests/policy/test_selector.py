"""What selectors match, key by key, and the laws they obey."""

import pickle
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from keyproof.domain.access import AuditTrail
from keyproof.domain.duration import parse_duration
from keyproof.domain.leak import Coverage, Leak, LeakConfidence
from keyproof.domain.policy import Selector
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    InventoryClaim,
    Rotation,
    SecretMetadata,
    SourceLine,
    SubjectKind,
)
from keyproof.domain.subject import Document, Repository, Subject
from keyproof.errors import PolicyError, Problem
from keyproof.policy.documents import SelectorDocument
from keyproof.policy.globs import Globs
from keyproof.policy.selecting import SelectorCompiler
from keyproof.strict_yaml import parse
from tests.policy.stand_ins import RULE, load_house

SECRET = SecretMetadata(
    id="aws-secrets-manager://111122223333/us-east-1/shop/production/OpenAI-API-Key",
    name="shop/production/OpenAI-API-Key",
    source="prod",
    backend="aws-secrets-manager",
    scope="us-east-1",
    kind=SubjectKind.SECRET,
    environment="production",
    owner="Platform Team",
    type="api-key",
    tags={"Team": "platform", "pci-scope": "cde"},
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    facts=(
        DatedFact(
            at=datetime(2026, 2, 3, tzinfo=UTC), basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT
        ),
    ),
    rotation=Rotation(enabled=True, next_at=datetime(2026, 5, 4, tzinfo=UTC)),
    claims=(
        InventoryClaim(
            source="table",
            name="OpenAI API Key",
            place=SourceLine(path="docs/secrets.md", line=7),
            last_rotated=date(2026, 2, 3),
            period=parse_duration("60 days"),
        ),
    ),
    audit=(AuditTrail(sink="file", enabled=True, retention=timedelta(days=1)),),
    attributes={"gitignored": True},
)
LEAK = Leak(
    fingerprint="0a1b2c3d4e5f6071", detector="openai-api-key", title="OpenAI API key", secret_class="openai-key",
    repository="shop", confidence=LeakConfidence.PROVEN, preview="OpenAI API key", occurrences=(),
)  # fmt: skip
REPOSITORY = Repository(name="shop", coverage=Coverage(repository="shop", mode="history"), leaks=1)
DOCUMENT = Document(pack="house", name="House", owner="DevOps")
SUBJECTS: tuple[Subject, ...] = (SECRET, LEAK, REPOSITORY, DOCUMENT)


def compiled(data: dict[str, Any], *, classes: tuple[str, ...] = ("openai-key", "jwt")) -> Selector:
    """A selector from plain data; no problem is expected."""
    problems: list[Problem] = []
    compiler = SelectorCompiler(
        document=parse("{}", name="test.yaml", error=PolicyError),
        classes=classes,
        problems=problems,
        priority_of_class={"openai-key": "critical"},
    )
    selector = compiler.compile(SelectorDocument.model_validate(data), ())
    assert problems == []
    return selector


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": "*openai*"}, True),
        ({"name": "shop/*/openai-api-key"}, True),
        ({"name": "openai"}, False),
        ({"name": ["nothing", "*-KEY"]}, True),
        ({"name": "shop/production/openai?api?key"}, True),
        ({"name": "shop/production/[a-o]penai-api-key"}, True),
        ({"name": "*us-east-1*"}, False),
        ({"name": "aws-secrets-manager://*/us-east-1/*"}, True),
        ({"class": "openai-*"}, True),
        ({"class": "jwt"}, False),
        ({"class": "unclassified"}, False),
        ({"environment": "PRODUCTION"}, True),
        ({"environment": ["staging", "prod*"]}, True),
        ({"source": "prod"}, True),
        ({"backend": "aws-*"}, True),
        ({"kind": "secret"}, True),
        ({"kind": ["key", "certificate"]}, False),
        ({"owner": "platform*"}, True),
        ({"type": "api-key"}, True),
        ({"priority": "critical"}, True),
        ({"priority": ["high", "low"]}, False),
        ({"detector": "*"}, False),
        ({"tag": {"team": "platform"}}, True),
        ({"tag": {"team": "platform", "pci-scope": ["cde", "connected"]}}, True),
        ({"tag": {"team": "platform", "missing": "*"}}, False),
        ({"environment": "production", "owner": "somebody"}, False),
        ({"where": "rotation.enabled"}, True),
        ({"where": "rotation.interval"}, False),
        ({"where": "value_date.basis == 'version-created' && starts_with(value_date.at, '2026-02-03')"}, True),
        ({"where": "length(facts[?confidence == 'exact']) == `1`"}, True),
        ({"where": "attributes.gitignored"}, True),
        ({"where": "tags.Team == 'platform' || owner == ''"}, True),
        ({"where": "contains(keys(@), 'expires_at') && class == 'openai-key'"}, True),
        ({"where": "claims[0].period == '60 days' && claims[0].last_rotated == '2026-02-03'"}, True),
        ({"where": "audit[0].retention >= `86400` && rotation.next_at == '2026-05-04T00:00:00Z'"}, True),
        ({"where": "!(attributes.gitignored)"}, False),
        ({"where": "!(attributes.storage) && !expires_at"}, True),
        ({"where": "detector"}, False),
        ({"where": "`0`"}, True),
        ({"where": "owner", "kind": "secret"}, True),
        ({"all": [{"kind": "secret"}, {"any": [{"name": "*jwt*"}, {"name": "*openai*"}]}]}, True),
        ({"not": {"backend": ["vault", "dotenv"]}}, True),
    ],
)  # fmt: skip
def test_each_key(data: dict[str, Any], expected: bool) -> None:
    assert compiled(data).matches(SECRET, "openai-key") is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"kind": "leak"}, (False, True, False, False)),
        ({"detector": "openai*"}, (False, True, False, False)),
        ({"class": "openai-key"}, (False, True, False, False)),
        ({"class": "unclassified"}, (True, False, True, True)),
        ({"backend": "*"}, (True, False, False, False)),
        ({"name": "house"}, (False, False, False, True)),
        ({"where": "coverage.mode == 'history'"}, (False, False, True, False)),
        ({"where": "length(detector)"}, (False, True, False, False)),
        ({"where": "present"}, (False, False, False, False)),
    ],
)
def test_subjects_of_other_kinds(data: dict[str, Any], expected: tuple[bool, ...]) -> None:
    assert tuple(compiled(data).matches(subject, "") for subject in SUBJECTS) == expected


def test_hosts_and_files_in_ids_make_no_class() -> None:
    line = SecretMetadata(
        id="dotenv://openai-app/.env#JWT_SECRET", name="JWT_SECRET", source="env", backend="dotenv", scope=".env"
    )  # fmt: skip
    assert not compiled({"name": "*openai*"}).matches(line, "")
    assert compiled({"name": "*.env#JWT_*"}).matches(line, "")
    assert compiled({"name": "dotenv://openai-app/*"}).matches(line, "")


def test_the_source_s_own_priority_stands_before_the_class_s() -> None:
    low = SecretMetadata(id="x://a", name="a", source="x", backend="x", scope="x", priority="low")
    assert compiled({"priority": "low"}).matches(low, "openai-key")
    assert not compiled({"priority": "critical"}).matches(low, "openai-key")
    assert not compiled({"priority": "*"}).matches(DOCUMENT, "")


def test_a_function_that_cannot_take_what_a_subject_holds_is_an_error_not_a_guess() -> None:
    odd = SecretMetadata(
        id="x://a", name="a", source="x", backend="x", scope="x", attributes={"level": 3}
    )  # fmt: skip
    selector = compiled({"where": "attributes.level && starts_with(attributes.level, 'a')"})
    assert not selector.matches(SECRET, "")
    with pytest.raises(PolicyError) as caught:
        selector.matches(odd, "")
    assert str(caught.value.problems[0]) == snapshot(
        "test.yaml:1:1: 'where' cannot be applied to x://a: In function starts_with(), invalid type for value: 3, expected one of: ['string'], received: \"number\"; guard what may be absent, for example `expires_at && starts_with(expires_at, '2026')`"
    )


def test_no_selector_means_everything(tmp_path: Path) -> None:
    (rule,) = load_house(tmp_path, RULE).packs[0].rules
    assert all(rule.selector.matches(subject, "") for subject in SUBJECTS)
    assert rule.selector.describe() == "everything the check can judge"


def test_a_selector_reads_as_a_sentence() -> None:
    selector = compiled(
        {
            "class": ["jwt", "openai-key"],
            "environment": "production",
            "tag": {"team": "platform"},
            "any": [{"name": "*a*"}, {"not": {"all": [{"owner": "b"}, {"priority": "low"}]}}],
            "where": "rotation.enabled",
        }
    )
    assert selector.describe() == snapshot(
        "class (jwt or openai-key) and environment production and tag team platform and (name *a* or not (owner b and priority low)) and where rotation.enabled"
    )


GLOB = st.text("ab*?/", min_size=1, max_size=4)
LEAF = st.one_of(
    st.builds(lambda glob: {"name": glob}, GLOB),
    st.builds(lambda glob: {"environment": glob}, GLOB),
    st.builds(lambda glob: {"owner": glob}, GLOB),
    st.builds(lambda key, glob: {"tag": {key: glob}}, st.sampled_from("ab"), GLOB),
    st.sampled_from([{"where": "owner == 'a'"}, {"where": "length(name) > `2`"}, {"kind": "key"}]),
)
SELECTORS = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
TEXT = st.text("abA/", max_size=5)
SECRETS = st.builds(
    lambda name, environment, owner, tags, kind: SecretMetadata(
        id=f"x://{name}", name=name, source="x", backend="x", scope="x",
        environment=environment, owner=owner, tags=tags, kind=kind,
    ),
    TEXT, TEXT, TEXT, st.dictionaries(st.sampled_from("ab"), TEXT),
    st.sampled_from([SubjectKind.SECRET, SubjectKind.KEY]),
)  # fmt: skip


def _holds(data: dict[str, Any], subject: Subject) -> bool:
    return compiled(data).matches(subject, "")


@given(SELECTORS, SECRETS)
def test_not_not_is_nothing(data: dict[str, Any], subject: Subject) -> None:
    assert _holds({"not": {"not": data}}, subject) is _holds(data, subject)
    assert _holds({"not": data}, subject) is not _holds(data, subject)


@given(st.lists(SELECTORS, min_size=1, max_size=3), SECRETS)
def test_de_morgan(parts: list[dict[str, Any]], subject: Subject) -> None:
    negated = [{"not": part} for part in parts]
    assert _holds({"not": {"all": parts}}, subject) is _holds({"any": negated}, subject)
    assert _holds({"not": {"any": parts}}, subject) is _holds({"all": negated}, subject)


@given(st.data(), st.lists(SELECTORS, min_size=1, max_size=3), SECRETS)
def test_order_changes_nothing(draw: st.DataObject, parts: list[dict[str, Any]], subject: Subject) -> None:
    shuffled = draw.draw(st.permutations(parts))
    assert _holds({"all": parts}, subject) is _holds({"all": shuffled}, subject)
    assert _holds({"any": parts}, subject) is _holds({"any": shuffled}, subject)


@given(GLOB, GLOB, GLOB, SECRETS)
def test_keys_of_one_mapping_mean_and(name: str, environment: str, owner: str, subject: Subject) -> None:
    together = {"name": name, "environment": environment, "owner": owner}
    apart = {"all": [{key: value} for key, value in together.items()]}
    reverse = dict(reversed(together.items()))
    assert _holds(together, subject) is _holds(apart, subject) is _holds(reverse, subject)


@given(GLOB, GLOB, SECRETS)
def test_a_list_means_or(first: str, second: str, subject: Subject) -> None:
    apart = {"any": [{"name": first}, {"name": second}]}
    assert _holds({"name": [first, second]}, subject) is _holds(apart, subject)


@given(st.lists(GLOB, min_size=1, max_size=4), TEXT)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_globs_agree_with_their_definition(patterns: list[str], text: str) -> None:
    expected = any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)
    assert Globs.compile(patterns).matches(text) is expected


def test_selectors_survive_the_way_to_another_process() -> None:
    data = {"name": "*openai*", "where": "rotation.enabled", "not": {"class": "jwt"}}
    again = pickle.loads(pickle.dumps(compiled(data)))
    assert again.matches(SECRET, "openai-key")
