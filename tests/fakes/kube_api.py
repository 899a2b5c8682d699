"""A Kubernetes API server in this process: objects, tables, paging, RBAC. The real one passes the same tests."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.kube_server import ADMIN
from tests.fakes.rest_server import Asked, Said, Scripted, rest_server

_RBAC = "rbac.authorization.k8s.io"
_DISCOVERY = ("/version", "/apis")
"""What everybody who is known may read."""

Object = dict[str, Any]
_Who = tuple[str, tuple[str, ...]]
"""Name and groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request the server got."""

    method: str
    path: str
    user: str
    accept: str
    answer: str
    """Kind of the object sent."""


@dataclass(slots=True)
class KubeApi:
    """The running fake; everything a test changes or looks at."""

    address: str
    folder: Path
    objects: dict[tuple[str, str], list[Object]] = field(default_factory=dict)
    """Group and plural → objects in order of creation."""
    users: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Token → name and groups."""
    custom: dict[tuple[str, str], str] = field(default_factory=dict)
    """Group and plural of custom resources → version."""
    printed: dict[tuple[str, str], list[Object]] = field(default_factory=dict)
    """Group and plural of custom resources → their columns in tables."""
    metrics: str = ""
    version: str = "v1.20.2"
    """Servers from v1.25 on note when a value changes."""
    asked: list[Seen] = field(default_factory=list)
    scripted: list[Scripted] = field(default_factory=list)
    """Each is given once, in order."""
    epoch: int = 0
    """Part of every continue token; counting it up lets the older ones expire."""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = ADMIN) -> Any:
        """Ask as the administrator, without HTTP."""
        status, answer = self.answer(method, path, "application/json", token, body)
        assert status < 400, answer
        return answer

    def make(self, path: str, *objects: Mapping[str, Any]) -> None:
        """Create objects; one that is already there stays."""
        for body in objects:
            status, answer = self.answer("POST", path, "application/json", ADMIN, body)
            assert status in {201, 409}, answer

    def heard(self, asked: Asked) -> Said:
        """What one request gets."""
        accept = asked.headers.get("accept", "")
        agent = asked.headers.get("user-agent", "")
        status, answer = self.answer("GET", asked.target, accept, asked.token, None, agent=agent)
        kind = answer.get("kind", "") if isinstance(answer, dict) else "text"
        user = self.users.get(asked.token, ("", ()))[0]
        self.asked.append(Seen(method="GET", path=asked.target, user=user, accept=accept, answer=kind))
        return Said(status=status, body=answer.encode() if isinstance(answer, str) else answer)

    @property
    def audit_log(self) -> Path:
        """What is written about every request for Secrets."""
        return self.folder / "audit.log"

    def forget_history(self) -> None:
        """Let every listing that is under way expire."""
        self.epoch += 1

    def kubeconfig(self, token: str, name: str = "kubeconfig") -> Path:
        """A kubeconfig for `token`."""
        path = self.folder / name
        cluster, user = {"server": self.address}, {"token": token}
        path.write_text(
            json.dumps(
                {
                    "current-context": "test",
                    "clusters": [{"name": "test", "cluster": cluster}],
                    "users": [{"name": "test", "user": user}],
                    "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
                }
            ),
            encoding="utf-8",
        )
        return path

    def answer(
        self,
        method: str,
        target: str,
        accept: str,
        token: str,
        body: Mapping[str, Any] | None,
        *,
        agent: str = "test",
    ) -> tuple[int, Any]:
        """Status and body of one request."""
        who = self.users.get(token)
        if who is None:
            return 401, _status(401, "Unauthorized")
        status, found = self._answer(method, target, accept, who, body)
        self._record(method, target, agent, who[0], status)
        return status, found

    def _record(self, method: str, target: str, agent: str, user: str, status: int) -> None:
        place = _Place.of(urlsplit(target).path)
        if place is None or place.plural != "secrets":
            return
        at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        verb = {"POST": "create", "PATCH": "patch"}.get(method, "get" if place.name else "list")
        event = {
            "kind": "Event",
            "stage": "ResponseComplete",
            "requestURI": target,
            "verb": verb,
            "user": {"username": user},
            "userAgent": agent,
            "objectRef": {"resource": "secrets", "namespace": place.namespace, "name": place.name},
            "responseStatus": {"code": status},
            "requestReceivedTimestamp": at,
            "stageTimestamp": at,
        }
        with self.audit_log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(event) + "\n")

    def _answer(
        self, method: str, target: str, accept: str, who: _Who, body: Mapping[str, Any] | None
    ) -> tuple[int, Any]:
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        verb = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}.get(method, "get")
        place = _Place.of(parts.path)
        if place is None:
            if parts.path not in _DISCOVERY and not self._may_get(who, parts.path):
                return 403, _status(403, f'forbidden: User "{who[0]}" cannot get path "{parts.path}"')
            return self._path(parts.path)
        verb = "list" if verb == "get" and not place.name else verb
        if not self._may(who, verb, place):
            within = f' in the namespace "{place.namespace}"' if place.namespace else " at the cluster scope"
            what = f'User "{who[0]}" cannot {verb} resource "{place.plural}" in API group "{place.group}"'
            return 403, _status(403, f"{place.plural} is forbidden: {what}{within}")
        match method:
            case "POST":
                return self._create(place, dict(body or {}))
            case "PATCH":
                return self._patch(place, body or {})
            case _:
                return self._read(place, query, accept)

    def _path(self, path: str) -> tuple[int, Any]:
        match path:
            case "/version":
                return 200, {"major": "1", "gitVersion": self.version}
            case "/metrics":
                return 200, self.metrics
            case "/apis":
                served = {*((group, version) for (group, _), version in self.custom.items()), (_RBAC, "v1")}
                groups = [_group(name, served) for name in sorted({group for group, _ in served})]
                return 200, {"kind": "APIGroupList", "groups": groups}
            case _:
                return 404, _status(404, "the server could not find the requested resource")

    def _create(self, place: "_Place", body: Object) -> tuple[int, Any]:
        if place.sub == "token":
            user = f"system:serviceaccount:{place.namespace}:{place.name}"
            claims = base64.urlsafe_b64encode(json.dumps({"sub": user}).encode()).decode().rstrip("=")
            token = f"e30.{claims}.e30"
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{place.namespace}")
            self.users[token] = (user, (*groups, "system:authenticated"))
            return 201, {"kind": "TokenRequest", "status": {"token": token}}
        name = body["metadata"]["name"]
        held = self.objects.setdefault((place.group, place.plural), [])
        if any(_key(item) == (place.namespace, name) for item in held):
            return 409, _status(409, f"{place.plural} {name!r} already exists")
        if place.plural == "customresourcedefinitions":
            spec = body["spec"]
            place_of = spec["group"], spec["names"]["plural"]
            self.custom[place_of] = spec["versions"][0]["name"]
            self.printed[place_of] = spec["versions"][0].get("additionalPrinterColumns") or []
        metadata = {**body["metadata"], "creationTimestamp": _now()}
        if place.namespace:
            metadata["namespace"] = place.namespace
        if place.plural == "secrets":
            data = _encoded(body)
            body = {"type": "Opaque", **body, "data": data}
            metadata["managedFields"] = [_manager("creator", data)]
        held.append({**body, "metadata": metadata})
        return 201, held[-1]

    def _patch(self, place: "_Place", body: Mapping[str, Any]) -> tuple[int, Any]:
        for item in self.objects.get((place.group, place.plural), ()):
            if _key(item) == (place.namespace, place.name):
                for key in ("labels", "annotations"):
                    added = (body.get("metadata") or {}).get(key) or {}
                    item["metadata"][key] = {**item["metadata"].get(key, {}), **added}
                if data := _encoded(body):
                    item["data"] |= data
                    if self.version != "v1.20.2":
                        item["metadata"]["managedFields"] = [_manager("creator", item["data"])]
                return 200, item
        return 404, _status(404, f"{place.plural} {place.name!r} not found")

    def _read(self, place: "_Place", query: Mapping[str, str], accept: str) -> tuple[int, Any]:
        served = self.custom.get((place.group, place.plural)) == place.version
        if not served and place.group not in {"", _RBAC}:
            return 404, _status(404, "the server could not find the requested resource")
        items = [
            item
            for item in self.objects.get((place.group, place.plural), ())
            if not place.namespace or item["metadata"].get("namespace") == place.namespace
            if _selected(item, query.get("labelSelector", ""))
        ]
        items.sort(key=_key)
        if place.name:
            found = [item for item in items if item["metadata"]["name"] == place.name]
            return (200, found[0]) if found else (404, _status(404, "not found"))
        start = 0
        if token := query.get("continue", ""):
            epoch, start = map(int, token.split("-"))
            if epoch != self.epoch:
                gone = _status(410, "The provided continue parameter is too old")
                return 410, {**gone, "metadata": {"continue": f"{self.epoch}-{start}"}}
        end = start + int(query.get("limit", len(items) or 1))
        metadata = {"continue": f"{self.epoch}-{end}"} if end < len(items) else {}
        return 200, _shaped(items[start:end], metadata, accept, self.printed.get((place.group, place.plural)))

    def _may_get(self, who: _Who, path: str) -> bool:
        return any(
            path in rule.get("nonResourceURLs", ()) and {"get", "*"} & set(rule["verbs"])
            for rule in self._rules(who, "")
        ) or self._master(who)

    def _may(self, who: _Who, verb: str, place: "_Place") -> bool:
        return self._master(who) or any(
            {place.group, "*"} & set(rule.get("apiGroups", ()))
            and {place.plural, "*"} & set(rule.get("resources", ()))
            and {verb, "*"} & set(rule["verbs"])
            and (not rule.get("resourceNames") or place.name in rule["resourceNames"])
            for rule in self._rules(who, place.namespace)
        )

    @staticmethod
    def _master(who: _Who) -> bool:
        return "system:masters" in who[1]

    def _rules(self, who: _Who, namespace: str) -> Iterator[Object]:
        for binding in self.objects.get((_RBAC, "clusterrolebindings"), ()):
            if _bound(binding, who):
                yield from self._role("clusterroles", "", binding["roleRef"]["name"])
        for binding in self.objects.get((_RBAC, "rolebindings"), ()):
            if binding["metadata"]["namespace"] == namespace and _bound(binding, who):
                role = binding["roleRef"]
                local = role["kind"] == "Role"
                yield from self._role(
                    "roles" if local else "clusterroles", namespace if local else "", role["name"]
                )

    def _role(self, plural: str, namespace: str, name: str) -> Sequence[Object]:
        for role in self.objects.get((_RBAC, plural), ()):
            if _key(role) == (namespace, name):
                return role.get("rules") or ()
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    group: str
    version: str
    plural: str
    namespace: str
    name: str
    sub: str

    @classmethod
    def of(cls, path: str) -> "_Place | None":
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) > 2:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return None
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        plural, name, sub = (*rest, "", "")[:3]
        return cls(group=group, version=version, plural=plural, namespace=namespace, name=name, sub=sub)


def _group(name: str, served: set[tuple[str, str]]) -> Object:
    """As the server lists it: a stable version goes before others."""
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in sorted(
            (one for group, one in served if group == name), key=lambda one: (len(one), one)
        )
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _shaped(
    items: Iterable[Object], metadata: Object, accept: str, printed: Sequence[Object] | None
) -> Object:
    """`printed` are the columns of a custom resource."""
    if "as=Table" in accept and printed is not None:
        columns = [{"name": "Name"}, *({"name": column["name"]} for column in printed)]
        told = [
            [item["metadata"]["name"], *(_at(item, column["jsonPath"]) for column in printed)]
            for item in items
        ]
        rows = [{"cells": cells, "object": None} for cells in told]
        return {"kind": "Table", "metadata": metadata, "columnDefinitions": columns, "rows": rows}
    if "as=Table" in accept:
        whole: list[Object] = [
            {
                "cells": [item["metadata"]["name"], item.get("type", ""), len(item.get("data") or {}), "1d"],
                "object": {"kind": "PartialObjectMetadata", "metadata": item["metadata"]},
            }
            for item in items
        ]
        columns = [{"name": name} for name in ("Name", "Type", "Data", "Age")]
        return {"kind": "Table", "metadata": metadata, "columnDefinitions": columns, "rows": whole}
    if "as=PartialObjectMetadataList" in accept:
        bare = [{"kind": "PartialObjectMetadata", "metadata": item["metadata"]} for item in items]
        return {"kind": "PartialObjectMetadataList", "metadata": metadata, "items": bare}
    return {"kind": "List", "metadata": metadata, "items": list(items)}


def _at(item: Object, path: str) -> str | None:
    """What the Ready condition says at `path`, the one kind of path that is known here."""
    key = path.removeprefix('.status.conditions[?(@.type=="Ready")].')
    conditions = (item.get("status") or {}).get("conditions") or ()
    return next((one.get(key) for one in conditions if one["type"] == "Ready"), None)


def _bound(binding: Object, who: _Who) -> bool:
    for subject in binding.get("subjects") or ():
        match subject["kind"]:
            case "ServiceAccount":
                if who[0] == f"system:serviceaccount:{subject['namespace']}:{subject['name']}":
                    return True
            case "Group":
                if subject["name"] in who[1]:
                    return True
            case _:
                if subject["name"] == who[0]:
                    return True
    return False


def _selected(item: Object, selector: str) -> bool:
    labels = item["metadata"].get("labels") or {}
    return all(
        labels.get(key) == value for key, _, value in (p.partition("=") for p in selector.split(",") if p)
    )


def _encoded(body: Mapping[str, Any]) -> dict[str, str]:
    plain = {
        key: base64.b64encode(str(v).encode()).decode() for key, v in (body.get("stringData") or {}).items()
    }
    return {**(body.get("data") or {}), **plain}


def _manager(name: str, data: Mapping[str, str]) -> Object:
    fields: dict[str, Object] = {".": {}, **{f"f:{key}": {} for key in data}}
    return {"manager": name, "operation": "Update", "time": _now(), "fieldsV1": {"f:data": fields}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _status(code: int, message: str) -> Object:
    return {"kind": "Status", "status": "Failure", "message": message, "code": code, "metadata": {}}


@contextmanager
def kube_api(folder: Path, *, tokens: Mapping[str, str]) -> Iterator[KubeApi]:
    """Serve on a free port of loopback while the block runs; `tokens` maps further tokens to `USER` or `USER,GROUP`."""
    api = KubeApi(address="", folder=folder)
    api.users[ADMIN] = ("admin", ("system:masters", "system:authenticated"))
    for token, holder in tokens.items():
        user, _, group = holder.partition(",")
        api.users[token] = (user, (*filter(None, [group]), "system:authenticated"))
    for name in ("default", "kube-system"):
        api.make("/api/v1/namespaces", {"metadata": {"name": name}})
    with rest_server(api.heard) as server:
        api.address, server.scripted, server.log = server.address, api.scripted, False
        yield api
