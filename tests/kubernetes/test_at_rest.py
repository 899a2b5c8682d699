"""What an API server shows of encryption at rest, and what an audit policy records."""

from datetime import timedelta
from typing import Any

import pytest

from keyproof.domain.secret import Encryption
from keyproof.kubernetes.at_rest import by_configuration, by_flags, by_metrics, flags_of
from keyproof.kubernetes.audit_policy import read_policy, trails


def configuration(*providers: dict[str, Any], resources: tuple[str, ...] = ("secrets",)) -> dict[str, Any]:
    entry = {"resources": list(resources), "providers": list(providers)}
    return {"kind": "EncryptionConfiguration", "resources": [entry]}


@pytest.mark.parametrize("resources", [("configmaps", "secrets"), ("*.",), ("*.*",)])
def test_the_first_provider_decides(resources: tuple[str, ...]) -> None:
    found = by_configuration(configuration({"aescbc": {"keys": []}}, resources=resources))
    assert found.encryption == Encryption(encrypted=True, key="aescbc", customer_managed=True)
    kms = by_configuration(configuration({"kms": {"name": "cloud"}}, {"secretbox": {}}, resources=resources))
    assert kms.encryption is not None
    assert kms.encryption.key == "kms cloud"


def test_identity_first_is_no_encryption_and_later_leaves_it_open() -> None:
    assert by_configuration(configuration({"identity": {}}, {"aescbc": {}})).encryption == Encryption(
        encrypted=False
    )
    later = by_configuration(configuration({"aescbc": {}}, {"identity": {}}))
    assert later.encryption is None
    assert "take identity out" in later.reason


def test_a_configuration_about_other_things() -> None:
    other = by_configuration(configuration({"aescbc": {}}, resources=("configmaps",)))
    assert other.encryption == Encryption(encrypted=False)
    documents: list[object] = [None, [], {"kind": "Policy"}]
    for document in documents:
        with pytest.raises(ValueError, match="no EncryptionConfiguration"):
            by_configuration(document)


def series(prefix: str, *, kind: str = "to_storage", resource: str = "", count: int = 1) -> str:
    about = f'resource="{resource}",' if resource else ""
    labels = f'{about}status="OK",transformation_type="{kind}",transformer_prefix="{prefix}"'
    return f"apiserver_storage_transformation_operations_total{{{labels}}} {count}\n"


def test_newer_servers_name_secrets_in_their_metrics() -> None:
    text = "# HELP x\n" + series("k8s:enc:kms:v2:", resource="secrets") + series("identity", resource="pods")
    assert by_metrics(text).encryption == Encryption(encrypted=True, key="kms", customer_managed=True)
    mixed = text + series("identity", resource="secrets", kind="from_storage")
    assert by_metrics(mixed).encryption is None
    assert "others that are not" in by_metrics(mixed).reason


def test_older_ones_do_not() -> None:
    assert "do not tell which" in by_metrics(series("k8s:enc:aescbc:v1:")).reason
    assert "no encryption since it started" in by_metrics(series("k8s:enc:aescbc:v1:", count=0)).reason
    assert by_metrics("").encryption is None


def pod(*words: str) -> dict[str, Any]:
    return {
        "spec": {
            "containers": [{"command": ["sleep"]}, {"command": list(words[:1]), "args": list(words[1:])}]
        }
    }


def test_flags_of_the_server() -> None:
    flags = flags_of([{}, pod("kube-apiserver", "--audit-log-path=-", "--token-auth-file=/x", "--v")])
    assert flags == {"audit-log-path": "-"}
    assert flags_of([pod("kube-scheduler")]) is None
    assert by_flags({}).encryption == Encryption(encrypted=False)
    assert (
        "/etc/e.yaml, which cannot be seen" in by_flags({"encryption-provider-config": "/etc/e.yaml"}).reason
    )


SECRETS = [{"group": "", "resources": ["secrets", "configmaps"]}]


def policy(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "Policy", "rules": list(rules)}


@pytest.mark.parametrize(
    ("rules", "covers", "values"),
    [
        ([{"level": "Metadata", "resources": SECRETS}], True, False),
        ([{"level": "Metadata"}], True, False),
        ([{"level": "RequestResponse", "resources": [{"group": ""}]}], True, True),
        ([{"level": "None", "resources": SECRETS}, {"level": "Metadata"}], False, False),
        ([{"level": "None", "users": ["system:kube-proxy"]}, {"level": "Metadata"}], None, False),
        ([{"level": "Metadata", "users": ["alice"]}, {"level": "None"}], False, False),
        ([{"level": "None", "verbs": ["watch"]}, {"level": "Metadata"}], None, False),
        ([{"level": "None", "resources": [{"resourceNames": ["a"]}]}, {"level": "Metadata"}], None, False),
        ([{"level": "Metadata", "resources": [{"group": "apps"}]}], False, False),
        ([{"level": "None", "nonResourceURLs": ["/healthz"]}, {"level": "Metadata"}], True, False),
        ([], False, False),
    ],
    ids=str,
)
def test_what_a_policy_records_about_reads(
    rules: list[dict[str, Any]], covers: bool | None, values: bool
) -> None:
    found = read_policy(policy(*rules))
    assert (found.covers_reads, found.values) == (covers, values)


def test_where_the_log_goes() -> None:
    flags = {"audit-policy-file": "/p", "audit-log-path": "/a.log", "audit-log-maxage": "30"}
    recorded = read_policy(policy({"level": "Metadata"}))
    (trail,) = trails(flags, recorded)
    assert (trail.sink, trail.covers_reads, trail.retention) == ("file /a.log", True, timedelta(days=30))
    both = trails({**flags, "audit-webhook-config-file": "/w"}, None)
    assert [one.sink for one in both] == ["file /a.log", "webhook /w"]
    assert both[0].covers_reads is None
    assert trails({"audit-log-path": "/a.log"}, None) == ()  # without a policy nothing is written
    with pytest.raises(ValueError, match="no audit policy"):
        read_policy("text")
