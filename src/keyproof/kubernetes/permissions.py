"""The rights needed to read a cluster, and the ClusterRole that grants exactly those."""

from collections.abc import Iterable

from keyproof.kubernetes.controllers import CONTROLLERS

SECRETS = "list secrets"
NAMESPACES = "list namespaces"
ACCOUNTS = "list serviceaccounts"
PODS = "list pods in kube-system"
METRICS = "get /metrics"
_RBAC = "rbac.authorization.k8s.io"
CLUSTER_ROLES = f"list clusterroles.{_RBAC}"
CLUSTER_BINDINGS = f"list clusterrolebindings.{_RBAC}"
ROLES = f"list roles.{_RBAC}"
BINDINGS = f"list rolebindings.{_RBAC}"
DISCOVERY = "get /apis"
VERSION = "get /version"

PERMISSIONS = (
    SECRETS,
    NAMESPACES,
    ACCOUNTS,
    PODS,
    CLUSTER_ROLES,
    CLUSTER_BINDINGS,
    ROLES,
    BINDINGS,
    *(controller.need for controller in CONTROLLERS),
    METRICS,
    DISCOVERY,
    VERSION,
)
"""Verb and resource with its group, or path. Listing Secrets is the right to read them: RBAC knows no smaller one.
keyproof asks for tables, in which the server sends no value."""


def manifests(account: str, *, namespace: str = "keyproof", only: Iterable[str] = PERMISSIONS) -> str:
    """ClusterRole, Role and their bindings with exactly the rights `only` for a service account, in YAML."""
    resources: dict[str, list[str]] = {}
    paths: list[str] = []
    system: list[str] = []
    for permission in only:
        what = permission.partition(" ")[2]
        plural, _, group = what.partition(".")
        if what.startswith("/"):
            paths.append(f'"{what}"')
        elif " in kube-system" in what:
            system.append(plural.removesuffix(" in kube-system"))
        else:
            resources.setdefault(group, []).append(plural)
    rules = [_rule(group, plurals) for group, plurals in resources.items()]
    if paths:
        rules.append(f"  - nonResourceURLs: [{', '.join(paths)}]\n    verbs: [get]\n")
    parts = [_role("ClusterRole", "", rules), _binding("ClusterRole", "", account, namespace)]
    if system:
        parts += [
            _role("Role", "kube-system", [_rule("", system)]),
            _binding("Role", "kube-system", account, namespace),
        ]
    return "---\n".join(parts)


def _role(kind: str, namespace: str, rules: Iterable[str]) -> str:
    return f"apiVersion: {_RBAC}/v1\nkind: {kind}\n{_metadata(namespace)}rules:\n{''.join(rules)}"


def _rule(group: str, plurals: Iterable[str]) -> str:
    return f'  - apiGroups: ["{group}"]\n    resources: [{", ".join(plurals)}]\n    verbs: [list]\n'


def _binding(kind: str, namespace: str, account: str, home: str) -> str:
    return (
        f"apiVersion: {_RBAC}/v1\nkind: {kind}Binding\n{_metadata(namespace)}"
        f"roleRef: {{apiGroup: {_RBAC}, kind: {kind}, name: keyproof}}\n"
        f"subjects: [{{kind: ServiceAccount, name: {account}, namespace: {home}}}]\n"
    )


def _metadata(namespace: str) -> str:
    return "metadata:\n  name: keyproof\n" + (f"  namespace: {namespace}\n" if namespace else "")
