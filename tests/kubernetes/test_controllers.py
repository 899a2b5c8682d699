"""What the objects of controllers say about the Secrets they write."""

from datetime import timedelta
from typing import Any

import pytest

from keyproof.domain.secret import Confidence
from keyproof.kubernetes.controllers import CERTIFICATES, SEALED_SECRETS, written_by
from keyproof.kubernetes.external_secrets import EXTERNAL_SECRETS
from tests.fakes.ports import NOW


def external(**spec: Any) -> dict[str, str | int | bool]:
    body = {"metadata": {"name": "db"}, "spec": {"target": {"name": "made"}, **spec}}
    return dict(written_by(EXTERNAL_SECRETS, [body], now=NOW)[0]["made"].attributes)


@pytest.mark.parametrize(
    ("spec", "follows"),
    [
        ({}, True),
        ({"refreshInterval": "15m"}, True),
        ({"refreshInterval": "0"}, False),
        ({"refreshInterval": "0s"}, False),
        ({"refreshPolicy": "CreatedOnce"}, False),
        ({"refreshPolicy": "OnChange"}, False),
        ({"data": [{"remoteRef": {"key": "a", "version": "2"}}]}, False),
    ],
    ids=str,
)
def test_whether_a_copy_follows_its_original(spec: dict[str, Any], follows: bool) -> None:
    assert external(**spec)["follows-rotation"] is follows


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        ({"data": [{"remoteRef": {"key": "a"}}, {"remoteRef": {"key": "a"}}]}, "a"),
        ({"dataFrom": [{"extract": {"key": "b"}}]}, "b"),
        ({"data": [{"remoteRef": {"key": "a"}}], "dataFrom": [{"find": {"path": "x"}}]}, ""),
        ({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password"}}}]}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_keys_are_told_only_where_all_are_named(spec: dict[str, Any], keys: str) -> None:
    assert external(**spec)["remote-keys"] == keys


def test_a_certificate_that_is_not_issued_yet() -> None:
    body = {"metadata": {"name": "web"}, "spec": {"secretName": "web-tls", "duration": "2160h"}}
    found = written_by(CERTIFICATES, [body], now=NOW)[0]["web-tls"]
    assert (found.facts, found.expires_at) == ((), None)
    assert found.rotation is not None
    assert (found.rotation.interval, found.rotation.problem) == (
        timedelta(days=90),
        "the certificate is not ready",
    )


def test_a_certificate_whose_key_stays_dates_by_a_bound() -> None:
    status = {"notBefore": "2025-09-01T00:00:00Z"}
    body = {"metadata": {"name": "web"}, "spec": {}, "status": status}
    (fact,) = written_by(CERTIFICATES, [body], now=NOW)[0]["web"].facts
    assert fact.confidence is Confidence.UPPER_BOUND


@pytest.mark.parametrize(
    ("annotations", "scope"),
    [
        ({}, "strict"),
        ({"sealedsecrets.bitnami.com/cluster-wide": "true"}, "cluster-wide"),
        ({"sealedsecrets.bitnami.com/namespace-wide": "false"}, "strict"),
    ],
    ids=str,
)
def test_scopes_of_sealed_secrets(annotations: dict[str, str], scope: str) -> None:
    template = {"metadata": {"name": "made"}}
    body = {"metadata": {"name": "s", "annotations": annotations}, "spec": {"template": template}}
    assert written_by(SEALED_SECRETS, [body], now=NOW)[0]["made"].attributes["sealing-scope"] == scope


def test_objects_of_an_unknown_shape_are_named() -> None:
    odd: list[dict[str, Any]] = [
        {"metadata": {"name": "a"}, "spec": ["x"]},
        {"metadata": {"name": "b"}, "spec": {"data": 3}},
        {"metadata": {"name": "c"}, "spec": {"data": [1]}},
        {"metadata": {"name": "d"}, "status": {"conditions": ["Ready"]}},
    ]
    assert written_by(EXTERNAL_SECRETS, odd, now=NOW) == ({}, ["a", "b", "c", "d"])
