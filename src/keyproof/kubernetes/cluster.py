"""What holds for all Secrets of a cluster: who may read them, how they are stored, what is recorded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from keyproof.audit.files import LogFileError, log_files
from keyproof.domain.access import AuditTrail
from keyproof.domain.secret import Encryption
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.kubernetes import permissions as need
from keyproof.kubernetes.at_rest import AtRest, by_configuration, by_flags, by_metrics, flags_of
from keyproof.kubernetes.audit_log import AuditLog, read_logs
from keyproof.kubernetes.audit_policy import Recorded, read_policy, trails
from keyproof.kubernetes.client import METADATA, Client
from keyproof.kubernetes.config import KubernetesConfig
from keyproof.kubernetes.controlled import Groups, stores_of
from keyproof.kubernetes.external_secrets import CLUSTER_STORES
from keyproof.kubernetes.managed import MANAGED_FIELDS
from keyproof.kubernetes.rbac import Rbac, RbacObjects

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_GRANTS_HINT = "grant the rights that the reference of this kind of source lists, or set access: false"
_FILE_HINT = "correct the path, or remove the key"


@dataclass(slots=True, kw_only=True)
class ClusterFacts:
    """Everything that was read once for all namespaces, and what could not be."""

    rbac: Rbac | None = None
    encryption: Encryption | None = None
    audit: tuple[AuditTrail, ...] | None = None
    log: AuditLog | None = None
    values_in_log: bool = False
    unread: dict[str, str] = field(default_factory=dict)
    """Field of SecretMetadata → why it is not known, or not in full."""
    version: str = ""
    """Empty where the server does not state it."""
    groups: Groups = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    """Stores of External Secrets for all namespaces → why nothing can be had from them; empty for those that are ready."""
    evidence: list[Evidence] = field(default_factory=list)
    gaps: list[tuple[str, str, str]] = field(default_factory=list)
    """What, why, and what to do."""


def read_cluster(client: Client, config: KubernetesConfig, *, root: Path, scanner: str) -> ClusterFacts:
    """Read all of it; what is denied is noted, not raised. Raises CollectError when the server goes away."""
    facts = ClusterFacts()
    _read_version(client, facts)
    _read_stores(client, config, facts)
    _read_access(client, config, facts)
    flags = _read_flags(client, config, facts)
    _read_encryption(client, config, facts, flags, root)
    _read_auditing(config, facts, flags, root)
    _read_log(config, facts, root, scanner)
    return facts


def _read_version(client: Client, facts: ClusterFacts) -> None:
    try:
        facts.version = str(client.get("/version", need=need.VERSION).body.get("gitVersion") or "")
    except AccessDeniedError as error:
        facts.gaps.append(("server version", error.message, error.hint))
    facts.evidence.append(Evidence(name="server version", value=facts.version or "not stated"))
    try:
        groups = client.get("/apis", need=need.DISCOVERY).body.get("groups") or ()
    except AccessDeniedError as error:
        facts.gaps.append(("api groups", error.message, error.hint))
        facts.unread |= dict.fromkeys(MANAGED_FIELDS, error.message)
        return
    facts.groups = {str(group.get("name")): _versions(group) for group in groups}


def _versions(group: Mapping[str, Any]) -> tuple[str, ...]:
    """The versions of an API group, the one the server prefers first."""
    stated = (group.get("preferredVersion"), *(group.get("versions") or ()))
    return tuple(dict.fromkeys(str(one.get("version")) for one in stated if one))


def _read_stores(client: Client, config: KubernetesConfig, facts: ClusterFacts) -> None:
    if not config.controllers:
        return
    try:
        facts.stores = stores_of(client, facts.groups)
    except (AccessDeniedError, BackendProtocolError) as error:
        facts.gaps.append((CLUSTER_STORES.plural, error.message, error.hint))


def _read_access(client: Client, config: KubernetesConfig, facts: ClusterFacts) -> None:
    if not config.access:
        facts.unread["grants"] = "not read: access is false in keyproof.yaml"
        return
    denied: list[str] = []
    found = {
        kind: tuple(_listed(client, right, kind, spaces, denied))
        for kind, right, spaces in (
            ("clusterroles", need.CLUSTER_ROLES, ()),
            ("clusterrolebindings", need.CLUSTER_BINDINGS, ()),
            ("roles", need.ROLES, config.namespaces),
            ("rolebindings", need.BINDINGS, config.namespaces),
        )
    }
    if any(found.values()):
        objects = RbacObjects(
            cluster_roles=found["clusterroles"],
            roles=found["roles"],
            cluster_bindings=found["clusterrolebindings"],
            bindings=found["rolebindings"],
            accounts=tuple(_accounts(client, denied)),
        )
        facts.rbac = Rbac(objects=objects, indirect=config.indirect_access)
    if denied:
        reason = f"{'in part' if facts.rbac else 'not read'}: {'; '.join(denied)}"
        facts.unread["grants"] = reason
        facts.gaps.append(("access", f"grants {reason}", _GRANTS_HINT))
    if facts.rbac:
        what = "RBAC only; what a node, a webhook or a cloud's own authorisation grants cannot be listed"
        facts.evidence.append(Evidence(name="access", value=what))
        if count := facts.rbac.detours:
            what = f"{count} bound rules lead to a value in two steps; indirect-access: true counts them"
            facts.evidence.append(Evidence(name="indirect access", value=what))


def _listed(
    client: Client, right: str, kind: str, spaces: Sequence[str], denied: list[str]
) -> Iterator[Mapping[str, Any]]:
    paths = [f"{_RBAC}/namespaces/{space}/{kind}" for space in spaces] or [f"{_RBAC}/{kind}"]
    for path in paths:
        try:
            for page in client.pages(path, need=right):
                yield from page.get("items") or ()
        except AccessDeniedError as error:
            denied.append(error.message)


def _accounts(client: Client, denied: list[str]) -> Iterator[tuple[str, str]]:
    """All service accounts, also of namespaces that are not read: any of them may be granted something here."""
    try:
        for page in client.pages("/api/v1/serviceaccounts", need=need.ACCOUNTS, accept=METADATA):
            for item in page.get("items") or ():
                metadata = item.get("metadata") or {}
                yield str(metadata.get("namespace")), str(metadata.get("name"))
    except AccessDeniedError as error:
        denied.append(error.message)


def _read_flags(client: Client, config: KubernetesConfig, facts: ClusterFacts) -> dict[str, str] | None:
    """The API server's flags, where it runs as a pod that may be seen; None where not."""
    if not config.server_settings:
        facts.unread["audit"] = "not read: server-settings is false in keyproof.yaml"
        return None
    try:
        pages = client.pages(
            "/api/v1/namespaces/kube-system/pods", need=need.PODS, labelSelector="component=kube-apiserver"
        )
        flags = flags_of(pod for page in pages for pod in page.get("items") or ())
    except AccessDeniedError as error:
        facts.unread["audit"] = error.message
        facts.gaps.append(("server flags", error.message, error.hint))
        return None
    if flags is None:
        facts.unread["audit"] = "kube-apiserver runs in no pod of kube-system, so its flags cannot be seen"
    return flags


def _read_encryption(
    client: Client, config: KubernetesConfig, facts: ClusterFacts, flags: Mapping[str, str] | None, root: Path
) -> None:
    if config.encryption_configuration:
        found = _from_file(facts, root / config.encryption_configuration, "encryption")
        if found is None:
            return
        at_rest = by_configuration(found)
    else:
        at_rest = _shown_encryption(client, config, facts, flags)
    facts.encryption = at_rest.encryption
    if at_rest.encryption is None:
        facts.unread["encryption"] = at_rest.reason
    facts.evidence.append(Evidence(name="encryption at rest", value=at_rest.reason))


def _shown_encryption(
    client: Client, config: KubernetesConfig, facts: ClusterFacts, flags: Mapping[str, str] | None
) -> AtRest:
    if not config.server_settings:
        return AtRest(encryption=None, reason="not read: server-settings is false in keyproof.yaml")
    by_flag = by_flags(flags) if flags is not None else None
    if by_flag and by_flag.encryption:
        return by_flag
    try:
        answer = client.get("/metrics", need=need.METRICS, accept="text/plain")
    except AccessDeniedError as error:
        facts.gaps.append(("encryption at rest", error.message, error.hint))
        return AtRest(encryption=None, reason=error.message)
    by_metric = by_metrics(answer.text)
    return by_metric if by_metric.encryption or not by_flag else by_flag


def _read_auditing(
    config: KubernetesConfig, facts: ClusterFacts, flags: Mapping[str, str] | None, root: Path
) -> None:
    recorded: Recorded | None = None
    if config.audit_policy:
        found = _from_file(facts, root / config.audit_policy, "audit")
        recorded = read_policy(found) if found is not None else None
    if recorded and recorded.values:
        facts.values_in_log = True
        what = "the policy records whole requests or answers about Secrets, so values stand in the log"
        facts.evidence.append(Evidence(name="audit log with values", value=what))
    if flags is not None:
        facts.audit = trails(flags, recorded)
    elif recorded:
        trail = AuditTrail(sink="as the audit policy says", enabled=True, covers_reads=recorded.covers_reads)
        facts.audit = (trail,)
        facts.unread.pop("audit", None)


def _from_file(facts: ClusterFacts, path: Path, name: str) -> Any:
    """The YAML document at `path`; None, and a gap, when it cannot be read or is of another kind."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
        (by_configuration if name == "encryption" else read_policy)(document)
    except OSError as error:
        why = error.strerror or "it cannot be opened"
    except yaml.YAMLError:  # its message would show the line, which may hold a key
        why = "it is no YAML"
    except (ValueError, AttributeError, TypeError) as error:
        why = str(error) if isinstance(error, ValueError) else "its shape is unknown"
    else:
        return document
    reason = f"{path.name} cannot be read: {why}"
    facts.unread[name] = reason
    facts.gaps.append((f"{name} file", reason, _FILE_HINT))
    return None


def _read_log(config: KubernetesConfig, facts: ClusterFacts, root: Path, scanner: str) -> None:
    if not config.audit_log:
        facts.unread["access_log"] = "no audit-log is configured for this source"
        return
    try:
        facts.log = read_logs(log_files(config.audit_log, root, key="audit-log"), scanner=scanner)
    except LogFileError as error:
        facts.unread["access_log"] = str(error)
        facts.gaps.append(("audit log", str(error), _FILE_HINT))
        return
    _account_for_log(facts, facts.log)


def _account_for_log(facts: ClusterFacts, log: AuditLog) -> None:
    value = f"{log.lines} lines, {log.about_secrets} about Secrets, {log.since} to {log.until}"
    facts.evidence.append(Evidence(name="audit log", value=value))
    if not log.about_secrets:
        facts.unread["access_log"] = f"{log.sink} mentions no Secret at all: its policy may leave them out"
    if log.unreadable_lines:
        reason = f"{log.unreadable_lines} lines are no events, e.g. {', '.join(log.unreadable)}"
        facts.log = None  # what these lines hold may be the use that counts
        facts.unread["access_log"] = reason
        facts.gaps.append(("audit log", reason, "give whole files, in the server's JSON format"))
