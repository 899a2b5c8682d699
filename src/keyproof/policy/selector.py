"""Selectors: compiled once, they decide quickly whether a rule, class or waiver is about a subject."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keyproof.domain.leak import Leak
from keyproof.domain.policy import Selector
from keyproof.domain.subject import Subject
from keyproof.domain.table import Rows, SubjectTable, select
from keyproof.policy.documents import UNCLASSIFIED
from keyproof.policy.globs import Globs
from keyproof.policy.where import Where


@dataclass(frozen=True, slots=True)
class Everything:
    """Every subject the check can judge."""

    def matches(self, subject: Subject, secret_class: str) -> bool:  # noqa: ARG002 (the protocol's signature)
        """Always."""
        return True

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:  # noqa: ARG002 (the protocol's signature)
        """All of `rows`."""
        return list(rows)

    def describe(self) -> str:
        """In one line."""
        return "everything the check can judge"


@dataclass(frozen=True, slots=True)
class ByAttribute:
    """A text field of the subject; a subject without that field does not match."""

    attribute: str
    globs: Globs

    def matches(self, subject: Subject, secret_class: str) -> bool:  # noqa: ARG002 (the protocol's signature)
        """Whether a glob covers the field."""
        value: str | None = getattr(subject, self.attribute, None)
        return value is not None and self.globs.matches(value)

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match."""
        values = table.column(self.attribute)
        covered = self.globs.verdicts(values)
        return [row for row in rows if covered[values[row]]]

    def describe(self) -> str:
        """In one line."""
        return f"{self.attribute} {self.globs}"


@dataclass(frozen=True, slots=True)
class ByName:
    """The name; the id as well for globs that can only mean one (`://` or `#` in them).

    A plain `*openai*` is not compared with ids: they hold hosts and file names, so every key of
    `openai-app/.env` would be an OpenAI key.
    """

    names: Globs
    ids: Globs | None

    def matches(self, subject: Subject, secret_class: str) -> bool:  # noqa: ARG002 (the protocol's signature)
        """Whether a glob covers the name, or one that is about ids covers the id."""
        return self.names.matches(subject.name) or (self.ids is not None and self.ids.matches(subject.id))

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match."""
        found = self.names.rows(table.folded("name"), rows)
        if self.ids is None:
            return found
        known = {*found, *self.ids.rows(table.folded("id"), rows)}
        return [row for row in rows if row in known]

    def describe(self) -> str:
        """In one line."""
        return f"name {self.names}"


@dataclass(frozen=True, slots=True)
class ByClass:
    """The class the pack gives the subject; a leak that has none brings its detector's."""

    globs: Globs

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether a glob covers the class."""
        found = secret_class or (subject.secret_class if isinstance(subject, Leak) else "")
        return self.globs.matches(found or UNCLASSIFIED)

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match."""
        classes = table.classes_with_leaks()
        covered = {name: self.globs.matches(name or UNCLASSIFIED) for name in set(classes)}
        return [row for row in rows if covered[classes[row]]]

    def describe(self) -> str:
        """In one line."""
        return f"class {self.globs}"


@dataclass(frozen=True, slots=True)
class ByPriority:
    """The priority the source states or, where it states none, the class's."""

    globs: Globs
    of_class: Mapping[str, str]

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether a glob covers the priority; a subject without one does not match."""
        priority = subject.priority or self.of_class.get(secret_class, "")
        return bool(priority) and self.globs.matches(priority)

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match."""
        stated, classes = table.column("priority"), table.classes
        of_class = {name: self.of_class.get(name, "") for name in set(classes)}
        covered = self.globs.verdicts({*stated, *of_class.values()} - {""})
        return [row for row in rows if covered.get(stated[row] or of_class[classes[row]], False)]

    def describe(self) -> str:
        """In one line."""
        return f"priority {self.globs}"


@dataclass(frozen=True, slots=True)
class ByTag:
    """One tag: its key letter case aside, its value by globs."""

    key: str
    globs: Globs

    def matches(self, subject: Subject, secret_class: str) -> bool:  # noqa: ARG002 (the protocol's signature)
        """Whether the subject has the tag with such a value."""
        folded = self.key.lower()
        return any(key.lower() == folded and self.globs.matches(value) for key, value in subject.tags.items())

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match."""
        found = []
        for spelling in table.tag_spellings().get(self.key.lower(), ()):
            values = table.tag(spelling)
            covered = self.globs.verdicts(values)
            found.append([row for row in rows if covered[values[row]]])
        if len(found) == 1:
            return found[0]
        known = set().union(*found)
        return [row for row in rows if row in known]

    def describe(self) -> str:
        """In one line."""
        return f"tag {self.key} {self.globs}"


@dataclass(frozen=True, slots=True)
class ByFingerprint:
    """Leaks with one of these fingerprints."""

    fingerprints: frozenset[str]

    def matches(self, subject: Subject, secret_class: str) -> bool:  # noqa: ARG002 (the protocol's signature)
        """Whether the subject is such a leak."""
        return isinstance(subject, Leak) and subject.fingerprint in self.fingerprints

    def describe(self) -> str:
        """In one line."""
        return f"fingerprint {' or '.join(sorted(self.fingerprints))}"


@dataclass(frozen=True, slots=True)
class ByMetadata:
    """A JMESPath condition over the metadata."""

    where: Where

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether the condition holds. Raises PolicyError when it cannot be applied to the subject."""
        return self.where.matches(subject, secret_class)

    def describe(self) -> str:
        """In one line."""
        return f"where {self.where.expression}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part matches."""

    parts: tuple[Selector, ...]

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether every part does."""
        return all(part.matches(subject, secret_class) for part in self.parts)

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match; a part is not asked about what another has ruled out."""
        left = list(rows)
        for part in self.parts:
            left = select(part, table, left)
        return left

    def describe(self) -> str:
        """In one line."""
        return " and ".join(_bracketed(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part matches."""

    parts: tuple[Selector, ...]

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether some part does."""
        return any(part.matches(subject, secret_class) for part in self.parts)

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match; a part is not asked about what another has selected."""
        found: set[int] = set()
        left = rows
        for part in self.parts:
            found.update(select(part, table, left))
            left = [row for row in left if row not in found]
        return [row for row in rows if row in found]

    def describe(self) -> str:
        """In one line."""
        return " or ".join(_bracketed(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not match."""

    part: Selector

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether the part does not."""
        return not self.part.matches(subject, secret_class)

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match."""
        ruled_out = set(select(self.part, table, rows))
        return [row for row in rows if row not in ruled_out]

    def describe(self) -> str:
        """In one line."""
        return f"not {_bracketed(self.part)}"


def leaves(selector: Selector) -> Iterator[Selector]:
    """The conditions a selector is made of, those under `not` left out."""
    match selector:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Not():
            return
        case _:
            yield selector


def _bracketed(part: Selector) -> str:
    text = part.describe()
    return f"({text})" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else text
