"""Whether a cluster's Secrets are encrypted in etcd, from what the API server shows or from its configuration file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keyproof.domain.secret import Encryption

_SERIES = re.compile(r"^apiserver_storage_transformation_operations_total\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_PROVIDER = re.compile(r"k8s:enc:([a-z]+):")
_ALL = frozenset({"secrets", "*.", "*.*"})
"""How a configuration names Secrets: themselves, all of the core group, everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    """What is known of the encryption."""

    encryption: Encryption | None
    reason: str
    """Why it is not known, or what the knowledge rests on."""


def by_configuration(document: object) -> AtRest:
    """By an EncryptionConfiguration: the first provider writes, each of them may read. Raises ValueError."""
    if not isinstance(document, Mapping) or document.get("kind") != "EncryptionConfiguration":
        raise ValueError("it is no EncryptionConfiguration")
    for entry in document.get("resources") or ():
        if _ALL & set(entry.get("resources") or ()):
            return _by_providers([_provider(provider) for provider in entry.get("providers") or ()])
    return AtRest(encryption=Encryption(encrypted=False), reason="the configuration does not name secrets")


def _by_providers(providers: list[str]) -> AtRest:
    if not providers or providers[0] == "identity":
        reason = "the first provider for secrets is identity, which stores them as they are"
        return AtRest(encryption=Encryption(encrypted=False), reason=reason)
    if "identity" in providers:
        reason = (
            f"new values are encrypted with {providers[0]}, but identity is still among the providers, so values "
            "written before may be stored as they are; write every Secret anew and take identity out"
        )
        return AtRest(encryption=None, reason=reason)
    encryption = Encryption(encrypted=True, key=providers[0], customer_managed=True)
    return AtRest(encryption=encryption, reason=f"every value is encrypted, new ones with {providers[0]}")


def _provider(provider: Mapping[str, Any]) -> str:
    """The kind of a provider; of a KMS also its name, of the others nothing, as their keys stand beside."""
    kind = next(iter(provider), "identity")
    return f"kms {provider[kind].get('name', '')}".strip() if kind == "kms" else str(kind)


def by_flags(flags: Mapping[str, str]) -> AtRest:
    """By the flags of a kube-apiserver: without a configuration nothing is encrypted."""
    path = flags.get("encryption-provider-config", "")
    if not path:
        reason = "kube-apiserver runs without --encryption-provider-config"
        return AtRest(encryption=Encryption(encrypted=False), reason=reason)
    reason = (
        f"kube-apiserver reads {path}, which cannot be seen from here; give it as encryption-configuration"
    )
    return AtRest(encryption=None, reason=reason)


def by_metrics(text: str) -> AtRest:
    """By the counters of a running kube-apiserver, of which only newer ones name the kind of object."""
    writing: set[str] = set()
    named: set[str] = set()
    plain = False
    for labels, count in _SERIES.findall(text):
        found = dict(_LABEL.findall(labels))
        provider = _PROVIDER.match(found.get("transformer_prefix", ""))
        about_secrets = found.get("resource") == "secrets"
        if found.get("status", "OK") != "OK" or float(count) <= 0:
            continue
        if found.get("transformation_type") == "to_storage" and provider:
            (named if about_secrets else writing).add(provider[1])
        if about_secrets and found.get("transformer_prefix") == "identity":
            plain = True
    if named and not plain:
        key = ", ".join(sorted(named))
        encryption = Encryption(encrypted=True, key=key, customer_managed=True)
        return AtRest(
            encryption=encryption, reason=f"the server's metrics show secrets encrypted with {key} only"
        )
    if named:
        reason = "the server's metrics show secrets that are encrypted and others that are not"
        return AtRest(encryption=None, reason=reason)
    if writing:
        shown = ", ".join(sorted(writing))
        reason = (
            f"the server encrypts objects with {shown}, but its metrics do not tell which; "
            "give its file as encryption-configuration"
        )
        return AtRest(encryption=None, reason=reason)
    reason = (
        "the server's metrics show no encryption since it started; give its file as encryption-configuration"
    )
    return AtRest(encryption=None, reason=reason)


def flags_of(pods: Iterable[Mapping[str, Any]]) -> dict[str, str] | None:
    """The flags with which kube-apiserver runs in one of `pods`; None where none does."""
    for pod in pods:
        for container in (pod.get("spec") or {}).get("containers") or ():
            words = [
                str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))
            ]
            if any(word.rpartition("/")[2] == "kube-apiserver" for word in words):
                pairs = (word[2:].partition("=") for word in words if word.startswith("--"))
                return {name: value or "true" for name, _, value in pairs if name in _KEPT}
    return None


_KEPT = frozenset(
    {"encryption-provider-config", "audit-log-path", "audit-log-maxage", "audit-policy-file"}
    | {"audit-webhook-config-file", "authorization-mode"}
)
