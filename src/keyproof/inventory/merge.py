"""Rows of several tables brought together to one secret each, every merge with its reason."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from keyproof.inventory.names import core, exact, loose, may_be_same
from keyproof.inventory.rows import Declaration, Standing
from keyproof.inventory.secret import DeclaredSecret

_Test = Callable[[Declaration, Declaration], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A row that was left alone although it could belong somewhere, and why."""

    row: Declaration
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The secrets of one document in its order, and the rows that were not merged."""

    secrets: tuple[DeclaredSecret, ...]
    apart: tuple[Apart, ...]


def merge(rows: Iterable[Declaration]) -> Merged:
    """Bring together the rows that speak of the same secret.

    Rows that name secrets go together when their names are equal but for case and punctuation, in one
    environment; then, across tables, when the names are alike (`names.may_be_same`) and each is the only
    candidate of the other. Rows that name a kind of secret speak of every secret of that name, example or
    type. A service tells names apart only where one table uses a name for several services.
    """
    known = list(rows)
    work = _Merging(known)
    named = [row for row in known if row.standing is Standing.SECRET]
    for row in sorted(named, key=lambda row: not row.environments):
        work.add_secret(row)
    work.join_alike()
    for row in sorted(known, key=lambda row: row.standing):
        if row.standing is not Standing.SECRET:
            work.add_kind(row)
    secrets = sorted(work.secrets, key=lambda secret: (secret.lead.line, secret.environment))
    return Merged(secrets=tuple(secrets), apart=tuple(work.apart))


class _Merging:
    def __init__(self, rows: Sequence[Declaration]) -> None:
        self.secrets: list[DeclaredSecret] = []
        self.apart: list[Apart] = []
        self._shared = _names_of_several_services(rows)
        self._by_name: dict[str, list[DeclaredSecret]] = defaultdict(list)
        self._position: dict[int, int] = {}

    def add_secret(self, row: Declaration) -> None:
        for environment in row.environments or ("",):
            fitting = [
                secret
                for secret in self._called(row)
                if _same_place(secret, (environment,)) and any(self._equal(own, row) for own in secret.rows)
            ]
            if len(fitting) > 1 and row.dated:
                self._leave(row, fitting, "has the name of")
                fitting = []
            for secret in fitting:
                secret.take(row, "the same name")
                secret.environment = secret.environment or environment
            if not fitting:
                fitting = [DeclaredSecret(rows=[row], environment=environment)]
                self._position[id(fitting[0])] = len(self.secrets)
                self.secrets += fitting
            for name in _names(row):
                self._by_name[name] += fitting

    def _called(self, row: Declaration) -> list[DeclaredSecret]:
        """The secrets that share a name or an example with `row`, in their order: no others can be equal to it."""
        found = {id(secret): secret for name in _names(row) for secret in self._by_name[name]}
        return sorted(found.values(), key=lambda secret: self._position[id(secret)])

    def join_alike(self) -> None:
        """Join secrets of different tables whose names are alike, where no third is a candidate."""
        candidates: dict[int, list[DeclaredSecret]] = defaultdict(list)
        by_core: dict[frozenset[str], list[DeclaredSecret]] = defaultdict(list)
        for secret in self.secrets:
            by_core[core(secret.rows[0].name)].append(secret)
        for alike in by_core.values():
            for one, two in combinations(alike, 2):
                if self._alike(one, two):
                    candidates[id(one)].append(two)
                    candidates[id(two)].append(one)
        for one in tuple(self.secrets):
            found = candidates[id(one)]
            if len(found) > 1:
                self._leave(one.lead, found, "is like")
            elif found and len(candidates[id(found[0])]) == 1 and found[0] in self.secrets:
                candidates[id(found[0])] = []
                for row in found[0].rows:
                    one.take(row, "a like name, and no other row has one")
                one.environment = one.environment or found[0].environment
                self.secrets.remove(found[0])

    def add_kind(self, row: Declaration) -> None:
        found = self._of_kind(row) or self._like_kind(row)
        for secret, reason in found:
            secret.take(row, reason)
        if not found and row.standing is Standing.TYPE:
            self.secrets += [
                DeclaredSecret(rows=[row], environment=environment)
                for environment in row.environments or ("",)
            ]
        elif not found:
            self.apart.append(Apart(row=row, reason="gives a period to a kind of secret that no row lists"))

    def _of_kind(self, row: Declaration) -> list[tuple[DeclaredSecret, str]]:
        tests: tuple[tuple[_Test, str], ...] = (
            (self._equal, "the same name"),
            (_is_example, "it is the example that row names"),
            (_is_of_type, "it is of the type that row names"),
        )
        found: dict[int, tuple[DeclaredSecret, str]] = {}
        for test, reason in tests:
            for secret in self.secrets:
                if _same_place(secret, row.environments) and any(test(own, row) for own in secret.rows):
                    found.setdefault(id(secret), (secret, reason))
        return list(found.values())

    def _like_kind(self, row: Declaration) -> list[tuple[DeclaredSecret, str]]:
        """Secrets whose name or type is like the kind `row` names, when that is one secret or one type."""
        likes = [
            (secret, label)
            for secret in self.secrets
            for label in _labels(secret, row)
            if may_be_same(label, row.name)
        ]
        secrets = list({id(secret): secret for secret, _ in likes}.values())
        if len(secrets) > 1 and len({exact(label) for _, label in likes}) > 1:
            self._leave(row, secrets, "is like")
            return []
        return [(secret, "a like name, and no other row has one") for secret in secrets]

    def _equal(self, one: Declaration, two: Declaration) -> bool:
        if _is_other_name(one, two) or _is_other_name(two, one):
            return True
        name = exact(one.name)
        return name == exact(two.name) and (
            name not in self._shared or exact(one.service) == exact(two.service)
        )

    def _alike(self, one: DeclaredSecret, two: DeclaredSecret) -> bool:
        """Whether names differ and are alike; equal ones were decided before."""
        names = {exact(one.rows[0].name), exact(two.rows[0].name)}
        apart = {row.table for row in one.rows}.isdisjoint(row.table for row in two.rows)
        alike = len(names) == 2 and may_be_same(one.rows[0].name, two.rows[0].name)
        return apart and alike and not names & self._shared and _same_place(one, (two.environment,))

    def _leave(self, row: Declaration, others: Sequence[DeclaredSecret], why: str) -> None:
        named = ", ".join(f"'{other.lead.name}' (line {other.lead.line})" for other in others)
        self.apart.append(Apart(row=row, reason=f"{why} {named}, so it was merged with none"))


def _names_of_several_services(rows: Sequence[Declaration]) -> frozenset[str]:
    services: dict[tuple[int, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.service:
            services[row.table, exact(row.name)].add(exact(row.service))
    return frozenset(name for (_, name), several in services.items() if len(several) > 1)


def _labels(secret: DeclaredSecret, row: Declaration) -> Iterator[str]:
    """Names and types of the rows of `secret` in other tables: rows of one table are never alike."""
    if _same_place(secret, row.environments):
        for own in secret.rows:
            if own.table != row.table:
                yield own.name
                if own.type:
                    yield own.type


def _names(row: Declaration) -> frozenset[str]:
    """What can make a row equal to another: its name, and the example it gives."""
    return frozenset({exact(row.name), *([exact(row.example)] if row.example else [])})


def _is_other_name(one: Declaration, two: Declaration) -> bool:
    """Whether a row that names one secret gives it, in a second naming column, the name of the other."""
    return one.standing is Standing.SECRET and _is_example(two, one)


def _is_example(own: Declaration, kind: Declaration) -> bool:
    return bool(kind.example) and own.table != kind.table and exact(kind.example) == exact(own.name)


def _is_of_type(own: Declaration, kind: Declaration) -> bool:
    if own.standing is not Standing.SECRET or own.table == kind.table or not own.type:
        return False
    return loose(own.type) == loose(kind.name)


def _same_place(secret: DeclaredSecret, environments: Sequence[str]) -> bool:
    """Whether the environments agree; an absent one agrees with all."""
    stated = [environment for environment in environments if environment]
    return not stated or not secret.environment or secret.environment in stated
