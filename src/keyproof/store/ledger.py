"""The run ledger: every run recorded once, in order, each with the digest of the one before."""

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any

from keyproof.domain.assessment import Assessment
from keyproof.domain.extract import Extract, extract_of
from keyproof.domain.ledger import Recording, RunEntry, Standing
from keyproof.domain.snapshot import Snapshot
from keyproof.errors import StoreError
from keyproof.store import record, schema, snapshot
from keyproof.store.codec import parsed
from keyproof.store.database import Database
from keyproof.store.extract import ExtractReader

_LEVEL = 6
"""Of zlib: findings say the same things over and over."""


class Ledger:
    """A RunStore in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._extracts = ExtractReader()

    def save(self, recording: Recording) -> RunEntry:
        """Record a run as the next one, whole or not at all. Raises StoreError."""
        sealed = record.seal(recording)
        packed = {name: zlib.compress(part, _LEVEL) for name, part in sealed.parts.items()}
        with self._database.writing():
            last = self._rows(schema.LAST_RUN)
            before, previous = last[0] if last else (0, record.NONE_BEFORE)
            number = before + 1
            text, digest = record.chained(sealed.head, number=number, previous=previous)
            self._rows(schema.INSERT_RUN, number, digest, previous, text.decode())
            for name, part_digest in sealed.head["parts"].items():
                if not self._rows(schema.HAS_PART, part_digest):
                    self._rows(schema.INSERT_PART, part_digest, packed[name])
                self._rows(schema.INSERT_RUN_PART, number, name, part_digest)
            for leak in sealed.leaks:
                if not self._rows(schema.LEAK, leak):
                    self._rows(schema.INSERT_LEAK, leak, number)
        return record.entry(text, digest)

    def runs(self) -> Sequence[RunEntry]:
        """Every run, oldest first. Raises StoreError."""
        return [record.entry(head.encode(), digest) for _, digest, _, head in self._rows(schema.RUNS)]

    def snapshot(self, run: RunEntry) -> Snapshot:
        """What the run read. Raises StoreError."""
        return snapshot.parse(self._part(run, "snapshot"))

    def assessment(self, run: RunEntry) -> Assessment:
        """What the run found, fit to be rendered again. Raises StoreError."""
        return record.assessment(self.parts(run))

    def parts(self, run: RunEntry) -> Mapping[str, bytes]:
        """The parts of the run as they are recorded, canonical JSON. Raises StoreError."""
        return {name: self._part(run, name) for name in run.parts}

    def chain(self, run: RunEntry) -> Sequence[tuple[str, str]]:
        """Text and digest of every run up to this one, oldest first. Raises StoreError."""
        rows = self._rows(schema.RUNS)
        return [(head, digest) for number, digest, _, head in rows if number <= run.number]

    def standings(self, run: RunEntry) -> Sequence[Standing]:
        """Every finding of the run that was not in order. Raises StoreError."""
        return record.standings(self._part(run, "standings"))

    def extract(self, run: RunEntry) -> Extract:
        """What a look back needs of the run. Raises StoreError."""
        if "extract" in run.parts:
            return self._extracts.parse(self._part(run, "extract"))
        return extract_of(self.assessment(run))  # recorded before there were extracts

    def reasons(self, run: RunEntry, findings: Collection[str]) -> Mapping[str, str]:
        """Finding id → its reason, of those of `findings` that the run has. Raises StoreError."""
        return record.reasons(self._part(run, "findings"), frozenset(findings))

    def documents(self, run: RunEntry) -> Mapping[str, str]:
        """Name → text of the files a person wrote that the run was judged by. Raises StoreError."""
        return record.documents(self._part(run, "policy"))

    def first_seen(self, leaks: Iterable[str]) -> Mapping[str, datetime]:
        """Leak id → when a run first read it, for those that were seen before. Raises StoreError."""
        seen = {}
        for leak in set(leaks):
            for (head,) in self._rows(schema.LEAK, leak):
                seen[leak] = datetime.fromisoformat(parsed(head.encode())["started"])
        return seen

    def verify(self) -> Sequence[str]:
        """What is wrong with the ledger, each a sentence; empty when it is whole. Raises StoreError."""
        with self._database.reading():
            return [*self._database.faults(), *self._broken()]

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self._database.rows(sql, parameters)

    def _part(self, run: RunEntry, name: str) -> bytes:
        """The content of one part, compared with its digest."""
        digest = run.parts.get(name, "")
        rows = self._rows(schema.PART, digest)
        if not rows:
            raise StoreError(f"run {run.number}: its {name} is missing from the ledger", hint=_VERIFY)
        content = _unpacked(rows[0][0])
        if content is None or sha256(content).hexdigest() != digest:
            raise StoreError(f"run {run.number}: its {name} was changed or damaged", hint=_VERIFY)
        return content

    def _broken(self) -> Iterator[str]:
        previous, runs = record.NONE_BEFORE, []
        for place, (number, digest, before, head) in enumerate(self._rows(schema.RUNS), start=1):
            text = head.encode()
            if number != place:
                yield f"run {place} is missing: run {number} stands in its place"
            if before != previous:
                yield f"run {number} does not follow the run before it"
            if record.digest_of(text, before) != digest:
                yield f"run {number} was changed: its digest does not fit"
            previous = digest
            with _naming(f"run {number}") as problems:
                run = record.entry(text, digest)
                if (run.number, run.previous) != (number, before):
                    yield f"run {number} was changed: its columns do not fit its head"
                runs.append(run)
            yield from problems
        yield from self._broken_parts(runs)
        yield from self._broken_leaks(runs)

    def _broken_parts(self, runs: Sequence[RunEntry]) -> Iterator[str]:
        stated = {(run.number, name, digest) for run in runs for name, digest in run.parts.items()}
        for number, name, _ in sorted(stated ^ {tuple(row) for row in self._rows(schema.RUN_PARTS)}):
            yield f"run {number}: its list of parts was changed at '{name}'"
        whole = set()
        for run in runs:
            for name, digest in sorted(run.parts.items()):
                if digest in whole:
                    continue
                with _naming("") as problems:
                    self._part(run, name)
                    whole.add(digest)
                yield from problems
        named = {digest for _, _, digest in stated}
        for (digest,) in self._rows(schema.PARTS):
            if digest not in named:
                yield f"part {digest[:16]} belongs to no run"

    def _broken_leaks(self, runs: Sequence[RunEntry]) -> Iterator[str]:
        first: dict[str, int] = {}
        for run in runs:
            with _naming(""):  # a part that cannot be read is told by its digest
                for leak in self.snapshot(run).leaks if run.leaks else ():
                    first.setdefault(leak.id, run.number)
        for leak, _ in sorted(set(first.items()) ^ {tuple(row) for row in self._rows(schema.LEAKS)}):
            yield f"the run that first saw {leak} was changed"


_VERIFY = "run: keyproof runs verify"


@contextmanager
def _naming(place: str) -> Iterator[list[str]]:
    """Turn a StoreError of the block into a sentence of the list."""
    problems: list[str] = []
    try:
        yield problems
    except StoreError as error:
        problems.append(f"{place}: {error.message}" if place else error.message)


def _unpacked(content: bytes) -> bytes | None:
    try:
        return zlib.decompress(bytes(content))
    except zlib.error:
        return None
