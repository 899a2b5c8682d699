"""What a row of a Kubernetes table says about one Secret: its dates, type, words, and never a value."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from fnmatch import fnmatchcase
from typing import Any

from keyproof.domain.secret import Basis, Confidence, DatedFact, SubjectKind
from keyproof.domain.stated import day_of

TLS = "kubernetes.io/tls"
ACCOUNT_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 (a type, not a token)
SEALING_KEY = "sealedsecrets.bitnami.com/sealed-secrets-key"
"""The label of the keys with which sealed secrets are opened."""
_LAST_USED = "kubernetes.io/legacy-token-last-used"
_CARRIERS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "kapp.k14s.io/original",
    "kopf.zalando.org/last-handled-configuration",
    "objectset.rio.cattle.io/applied",
)
"""Annotations in which tools keep the object they applied, its values included."""
_PRIORITIES = frozenset({"critical", "high", "medium", "low"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One Secret as the table shows it; annotations that may carry values are gone already."""

    namespace: str
    name: str
    type: str
    keys: int
    """How many keys its data has."""
    key_names: tuple[str, ...]
    """As far as the server notes who wrote them."""
    created_at: datetime | None
    deletion: datetime | None
    facts: tuple[DatedFact, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(repr=False)
    """Those the configuration keeps, and those of the controllers."""
    carriers: tuple[str, ...]
    """Names of annotations that hold a copy of the object, values included."""
    owners: tuple[str, ...]
    """Kind and name of the objects that own it, e.g. `SealedSecret/db`."""

    @property
    def kind(self) -> SubjectKind:
        """A key for opening sealed secrets, a certificate, a token, or any other secret."""
        if SEALING_KEY in self.labels:
            return SubjectKind.KEY
        kinds = {TLS: SubjectKind.CERTIFICATE, ACCOUNT_TOKEN: SubjectKind.CREDENTIAL}
        return kinds.get(self.type, SubjectKind.SECRET)

    @property
    def last_used(self) -> datetime | None:
        """The last day a service account token was used, which Kubernetes notes since 1.28."""
        day = day_of(self.labels.get(_LAST_USED, ""))
        return datetime.combine(day, time.min, UTC) if day else None


def read_table(page: Mapping[str, Any], *, annotations: Iterable[str], dated: bool) -> Iterator[Row]:
    """The rows of one page; `annotations` are globs over those to keep. Raises ValueError for anything but a table.

    `dated` tells whether the server notes when a value changes (see `notes_changes`). A server that does not know tables sends whole objects: these are refused, not read.
    """
    if page.get("kind") != "Table":
        raise ValueError(f"the server sends {page.get('kind')!s} where a table was asked for")
    columns = {str(column.get("name")): index for index, column in enumerate(page["columnDefinitions"])}
    globs = tuple(annotations)
    for entry in page.get("rows") or ():
        cells, metadata = entry["cells"], entry["object"]["metadata"]
        row = _row(metadata, type_=str(cells[columns["Type"]]), keys=int(cells[columns["Data"]]), globs=globs)
        yield row if dated else replace(row, facts=row.facts[-1:])


def _row(metadata: Mapping[str, Any], *, type_: str, keys: int, globs: tuple[str, ...]) -> Row:
    written = metadata.get("annotations") or {}
    created = moment(metadata.get("creationTimestamp"))
    fields = tuple(_data_fields(metadata.get("managedFields") or ()))
    return Row(
        namespace=str(metadata["namespace"]),
        name=str(metadata["name"]),
        type=type_,
        keys=keys,
        key_names=tuple(sorted({name for _, names in fields for name in names})),
        created_at=created,
        deletion=moment(metadata.get("deletionTimestamp")),
        facts=_facts(created, [at for at, _ in fields]),
        labels={str(name): str(value) for name, value in (metadata.get("labels") or {}).items()},
        annotations={
            str(name): str(value)
            for name, value in written.items()
            if name not in _CARRIERS and any(fnmatchcase(name, glob) for glob in globs)
        },
        carriers=tuple(name for name in _CARRIERS if _carries(str(written.get(name, "")))),
        owners=tuple(f"{owner['kind']}/{owner['name']}" for owner in metadata.get("ownerReferences") or ()),
    )


def _carries(text: str) -> bool:
    """Whether a copy of the object has data: compressed copies always do."""
    return bool(text) and (not text.startswith("{") or '"data"' in text or '"stringData"' in text)


def _data_fields(managers: Iterable[Mapping[str, Any]]) -> Iterator[tuple[datetime, list[str]]]:
    """When each writer of the data last wrote to the object, and which keys it set."""
    for entry in managers:
        data = (entry.get("fieldsV1") or {}).get("f:data")
        at = moment(entry.get("time"))
        if isinstance(data, Mapping) and at is not None:
            yield at, [name[2:] for name in data if name.startswith("f:")]


def notes_changes(version: str) -> bool:
    """Whether a server of this version moves the time of a writer when only a value changes.

    Those before 1.25 do not (https://github.com/kubernetes/kubernetes/pull/110058), so their times date nothing.
    """
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) >= (1, 25)


def _facts(created: datetime | None, writes: list[datetime]) -> tuple[DatedFact, ...]:
    """A writer's time also moves when it touches another field, so a later one is only a bound.

    No write after the creation means that the value is as old as the object: that is exact.
    """
    facts = []
    if created and writes:
        latest = max(writes)
        first = latest <= created
        basis = Basis.VERSION_CREATED if first else Basis.LAST_ROTATED
        confidence = Confidence.EXACT if first else Confidence.UPPER_BOUND
        facts.append(DatedFact(at=created if first else latest, basis=basis, confidence=confidence))
    if created:
        facts.append(DatedFact(at=created, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND))
    return tuple(facts)


def moment(text: object) -> datetime | None:
    """A time as Kubernetes writes it, in UTC; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def word(words: Mapping[str, str], *names: str) -> str:
    """What a label or annotation called one of `names` says, whatever domain stands before its `/`."""
    for name in names:
        for key, value in sorted(words.items()):
            if key.rpartition("/")[2].lower() == name and value:
                return value
    return ""


def priority(words: Mapping[str, str]) -> str:
    """The priority the labels state; empty for none and for other words."""
    said = word(words, "priority").lower()
    return said if said in _PRIORITIES else ""


_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


def seconds(text: object) -> float | None:
    """The length of a duration as Go writes it, e.g. `2160h0m0s`; None for anything else."""
    found = _SPAN.fullmatch(text) if isinstance(text, str) and text else None
    if found is None:
        return 0.0 if text in {"0", 0} else None
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + rest
