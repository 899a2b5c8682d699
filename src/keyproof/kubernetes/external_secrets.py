"""External Secrets: what it copies into a cluster, from which stores, and what it pushes out.

Fields are those of https://github.com/external-secrets/external-secrets/tree/main/apis/externalsecrets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyproof.domain.copied import AT, FOLLOWS, KEYS, PROBLEM, STORE, SYNCED
from keyproof.kubernetes.managed import UNSTATED, Body, Controller, Managed, name_of, unmet
from keyproof.kubernetes.rbac import selects
from keyproof.kubernetes.secret import moment, seconds

_GROUP = "external-secrets.io"
EXTERNAL_SECRETS = Controller(group=_GROUP, plural="externalsecrets", kind="ExternalSecret")
STORES = Controller(group=_GROUP, plural="secretstores", kind="SecretStore")
CLUSTER_STORES = Controller(group=_GROUP, plural="clustersecretstores", kind="ClusterSecretStore")
PUSHES = Controller(group=_GROUP, plural="pushsecrets", kind="PushSecret")
_RETAINED = "secret retained due to DeletionPolicy=Retain"
"""What it says, as ready, of a copy whose original is gone."""
_HOUR = "1h0m0s"
"""The interval where none is stated."""


def external(body: Body, now: datetime) -> tuple[str, Managed]:
    """The Secret an ExternalSecret writes: a refresh copies what the store holds, so it is no rotation and no date."""
    name, spec, status = name_of(body), body.get("spec") or {}, body.get("status") or {}
    references = [item.get("remoteRef") or {} for item in spec.get("data") or ()]
    extracts = [item.get("extract") or {} for item in spec.get("dataFrom") or ()]
    named = [*references, *extracts]
    # What a search or a generator gives is not named, so the keys that are would be only a part.
    keys = dict.fromkeys(str(ref["key"]) for ref in named) if all(ref.get("key") for ref in named) else {}
    versions = {str(ref["version"]) for ref in named if ref.get("version")}
    problem = _stalled(body, now)
    attributes: dict[str, str | int | bool] = {
        "managed-by": f"ExternalSecret {name}",
        STORE: ", ".join(_stores(spec)),
        KEYS: ", ".join(keys),
        "refresh-interval": str(spec.get("refreshInterval", _HOUR)),
        FOLLOWS: _interval(spec) > 0 and not versions,
        SYNCED: not problem,
    }
    if problem:
        attributes[PROBLEM] = f"ExternalSecret {name}: {problem}"
    if versions:
        attributes["pinned-version"] = ", ".join(sorted(versions))
    if status.get("refreshTime"):
        attributes[AT] = str(status["refreshTime"])
    target = spec.get("target") or {}
    return str(target.get("name") or name), Managed(attributes=attributes, copied=True)


def _stores(spec: Mapping[str, Any]) -> list[str]:
    """Every store that is read, the one for all entries first."""
    own = [
        (item.get("sourceRef") or {}).get("storeRef")
        for item in (*(spec.get("data") or ()), *(spec.get("dataFrom") or ()))
    ]
    return list(dict.fromkeys(_store(ref) for ref in (spec.get("secretStoreRef"), *own) if ref))


def _store(reference: Mapping[str, Any]) -> str:
    return f"{reference.get('kind') or STORES.kind}/{reference.get('name', '')}"


def _interval(spec: Mapping[str, Any]) -> float:
    """Seconds between two copies; 0 where none follows the first, as with the policies CreatedOnce and OnChange.

    OnChange copies anew when the ExternalSecret changes, not when its original does.
    """
    if str(spec.get("refreshPolicy") or "Periodic") != "Periodic":
        return 0.0
    return seconds(spec.get("refreshInterval", _HOUR)) or 0.0


def _stalled(body: Body, now: datetime) -> str:
    """Why the copy is no longer refreshed, by the conditions and by the time of the last refresh; empty when it is."""
    if why := unmet(body):
        return why
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if any(condition.get("message") == _RETAINED for condition in status["conditions"]):
        return "its original is gone, and the copy was kept"
    # Windows may hold a refresh back for days.
    return "" if spec.get("syncWindows") else _late(spec, status, _interval(spec), now)


def _late(spec: Mapping[str, Any], status: Mapping[str, Any], interval: float, now: datetime) -> str:
    """Whether a copy is overdue by two intervals of so many seconds, as when the controller is gone; 0 is never."""
    last = moment(status.get("refreshTime"))
    if not interval:
        return ""
    if last is None:
        return "it does not state when it copied last"
    if (now - last).total_seconds() > 2 * interval:
        return f"it copied last at {status['refreshTime']}, though it should every {spec.get('refreshInterval', _HOUR)}"
    return ""


def elsewhere(body: Body) -> str:
    """What an ExternalSecret writes values into that is no Secret, e.g. `ConfigMap app`; empty for a Secret."""
    target = (body.get("spec") or {}).get("target") or {}
    kind = str((target.get("manifest") or {}).get("kind") or "Secret")
    return "" if kind == "Secret" else f"{kind} {target.get('name') or name_of(body)}"


def stores_in(kind: str, table: Body) -> Iterator[tuple[str, str]]:
    """Each store, as KIND/NAME, and why nothing can be had from it; empty when it is ready. Raises one of SHAPE.

    Stores are asked for as tables: what a store says beyond its columns may be values, as with the provider `fake`.
    """
    columns = [str(column["name"]) for column in table["columnDefinitions"]]
    name, ready, reason = (columns.index(one) for one in ("Name", "Ready", "Status"))
    for row in table.get("rows") or ():
        cells = row["cells"]
        why = f"Ready is {cells[ready]}, {cells[reason] or 'no reason given'}" if cells[ready] else UNSTATED
        yield f"{kind}/{cells[name]}", "" if cells[ready] == "True" else why


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What a PushSecret copies from Secrets into other stores."""

    name: str
    secret: str
    """The Secret; empty where `selector` chooses."""
    selector: Mapping[str, Any] | None
    targets: tuple[str, ...]
    """Store and key, e.g. `ClusterSecretStore/aws: prod/db`; without a key where none is named."""
    problem: str

    def takes(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether it pushes the Secret of this name and these labels."""
        if self.selector is not None:
            return selects(self.selector, labels)
        return name == self.secret


def push(body: Body, now: datetime) -> Push:
    """What a PushSecret says; one of a generator's making takes no Secret. Raises one of SHAPE."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    chosen = (spec.get("selector") or {}).get("secret") or {}
    selector = None if chosen.get("name") else chosen.get("selector")
    if selector is not None:
        selects(
            {"matchExpressions": selector.get("matchExpressions")}, dict(selector.get("matchLabels") or {})
        )
    why = unmet(body) or _late(spec, status, seconds(spec.get("refreshInterval", _HOUR)) or 0.0, now)
    return Push(
        name=name_of(body),
        secret=str(chosen.get("name") or ""),
        selector=selector,
        targets=tuple(dict.fromkeys((*_planned(spec), *_pushed(status)))),
        problem=f"PushSecret {name_of(body)}: {why}" if why else "",
    )


def _planned(spec: Mapping[str, Any]) -> Iterator[str]:
    keys = [str(item["match"]["remoteRef"]["remoteKey"]) for item in spec.get("data") or ()]
    for reference in spec.get("secretStoreRefs") or ():
        if reference.get("name"):
            yield from (f"{_store(reference)}: {key}" for key in keys)
            if not keys:
                yield _store(reference)
        else:
            yield f"{reference.get('kind') or STORES.kind} chosen by labels"


def _pushed(status: Mapping[str, Any]) -> Iterator[str]:
    for store, entries in (status.get("syncedPushSecrets") or {}).items():
        for entry in entries.values():
            yield f"{store}: {entry['match']['remoteRef']['remoteKey']}"
