"""The run ledger that settings name, and the files a run was judged by."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from keyproof import resources
from keyproof.config import Settings
from keyproof.domain.baseline import BaselineEntry
from keyproof.domain.policy import Policy
from keyproof.domain.secret import SourceLine
from keyproof.errors import StoreError
from keyproof.store.database import Database
from keyproof.store.ledger import Ledger


def open_ledger(settings: Settings, *, readonly: bool = False) -> Ledger:
    """The ledger at `store:`; with `readonly` nothing is made. Raises StoreError when it cannot be used."""
    return Ledger(_database(settings, readonly=readonly))


def _database(settings: Settings, *, readonly: bool) -> Database:
    if not settings.store:
        hint = "take `store: off` out of keyproof.yaml"
        raise StoreError("no run is recorded here: the run ledger is off", hint=hint)
    if "://" in settings.store:
        from keyproof.store.postgresql import PostgresDatabase  # noqa: PLC0415 (most have a file)

        return PostgresDatabase(settings.store, readonly=readonly)
    from keyproof.store.sqlite import SqliteDatabase  # noqa: PLC0415 (the reverse)

    return SqliteDatabase(settings.root / settings.store, readonly=readonly)


def documents(settings: Settings, policy: Policy, baseline: Sequence[BaselineEntry] = ()) -> dict[str, str]:
    """Name → text of keyproof.yaml and of every pack, waiver, attestation and baseline file a run is judged by.

    A file that went away since it was loaded is left out: its effect stands in the run all the same.
    """
    found = {settings.document.path: settings.document.text}
    for name in sorted({place.path for place in _places(policy, baseline)}):
        for path in (settings.root / name, resources.policies().parent / name, Path(name)):
            if path.is_file():
                found[name] = path.read_text(encoding="utf-8", errors="replace")
                break
    return found


def _places(policy: Policy, baseline: Sequence[BaselineEntry]) -> Iterator[SourceLine]:
    for pack in policy.packs:
        yield from _stated(pack.document.place, *(one.place for one in pack.classes))
        for rule in pack.rules:
            yield from _stated(rule.place, *rule.replaces, *(origin.place for origin in rule.origins))
    yield from _stated(*(waiver.place for waiver in policy.waivers))
    yield from _stated(*(attestation.place for attestation in policy.attestations))
    yield from _stated(*(entry.place for entry in baseline))


def _stated(*places: SourceLine | None) -> Iterator[SourceLine]:
    return (place for place in places if place is not None)
