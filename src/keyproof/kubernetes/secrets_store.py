"""Secrets Store CSI driver: what pods mount from other stores, and which Secrets are copies of it.

Fields are those of https://github.com/kubernetes-sigs/secrets-store-csi-driver/tree/main/apis/v1.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from keyproof.domain.copied import PROBLEM, STORE, SYNCED
from keyproof.domain.verdict import Evidence
from keyproof.kubernetes.managed import Body, Controller, Managed, name_of

_GROUP = "secrets-store.csi.x-k8s.io"
PROVIDER_CLASSES = Controller(group=_GROUP, plural="secretproviderclasses", kind="SecretProviderClass")
POD_STATUSES = Controller(
    group=_GROUP, plural="secretproviderclasspodstatuses", kind="SecretProviderClassPodStatus"
)
_SHOWN = 10


@dataclass(slots=True)
class Mounts:
    """What the pods of a namespace mount."""

    pods: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Name of a SecretProviderClass → pods."""
    objects: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    """Name of a SecretProviderClass → id of a secret in its store → versions that pods hold."""

    def add(self, body: Body) -> None:
        """Take in what one pod mounts. Raises one of SHAPE."""
        status = body["status"]
        if status.get("mounted") is not True:
            return
        name = str(status["secretProviderClassName"])
        pod = str(status["podName"])
        held = {str(item["id"]): str(item.get("version") or "") for item in status.get("objects") or ()}
        self.pods[name].add(pod)
        for id_, version in held.items():
            self.objects[name].setdefault(id_, set()).add(version)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderClass:
    """What may be mounted from one store."""

    name: str
    provider: str
    """e.g. `azure`; which store of the provider is meant is written in each provider's own way."""
    secrets: tuple[str, ...]
    """Secrets that are made as copies of what is mounted."""

    @property
    def shown(self) -> str:
        """Its name with that of the provider."""
        return f"{PROVIDER_CLASSES.kind}/{self.name} ({self.provider})"


def provider_class(body: Body) -> ProviderClass:
    """What a SecretProviderClass says. Raises one of SHAPE."""
    spec = body["spec"]
    copies = tuple(str(item["secretName"]) for item in spec.get("secretObjects") or ())
    return ProviderClass(name=name_of(body), provider=str(spec.get("provider") or "none"), secrets=copies)


def copies_of(found: ProviderClass, mounts: Mounts | None) -> Iterator[tuple[str, Managed]]:
    """The Secrets that copy what pods mount; `mounts` is None where it could not be read.

    They are copied anew only while a pod mounts the original, and only where the driver is told to rotate, which
    no object shows: so none is known to follow its original.
    """
    attributes: dict[str, str | int | bool] = {
        "managed-by": f"{PROVIDER_CLASSES.kind} {found.name}",
        STORE: found.shown,
    }
    if mounts is not None:
        pods, objects = mounts.pods.get(found.name, set()), mounts.objects.get(found.name, {})
        attributes |= {
            SYNCED: bool(pods),
            "store-objects": _few(_versioned(objects)),
            "mounted-by": _few(pods),
        }
        if not pods:
            attributes[PROBLEM] = f"{found.shown}: no pod mounts it, so nothing copies from it"
        elif stale := [id_ for id_, versions in objects.items() if len(versions) > 1]:
            attributes[SYNCED] = False
            attributes[PROBLEM] = f"{found.shown}: pods hold different versions of {_few(stale)}"
    for name in found.secrets:
        yield name, Managed(attributes=attributes, copied=True)


def mounted(classes: Mapping[str, ProviderClass], mounts: Mounts) -> Iterator[Evidence]:
    """Which pods mount which secrets of which stores."""
    for name, pods in sorted(mounts.pods.items()):
        what = classes[name].shown if name in classes else f"{PROVIDER_CLASSES.kind}/{name}"
        objects = _few(_versioned(mounts.objects.get(name, {}))) or "nothing named"
        yield Evidence(name="mounted", value=f"{what}: {objects}; by {_few(pods)}")


def _versioned(objects: Mapping[str, set[str]]) -> list[str]:
    return [
        f"{id_} {' and '.join(filter(None, sorted(versions)))}".rstrip() for id_, versions in objects.items()
    ]


def _few(names: Iterable[str]) -> str:
    every = sorted(names)
    more = [f"{len(every) - _SHOWN} more"] if len(every) > _SHOWN else []
    return ", ".join(every[:_SHOWN] + more)
