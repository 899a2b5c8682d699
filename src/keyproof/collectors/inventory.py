"""Secrets declared by people in tables of Markdown, CSV, YAML and JSON documents."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from keyproof import strict_yaml
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    InventoryClaim,
    SecretMetadata,
    SourceLine,
)
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, DocumentError
from keyproof.fields import StrictModel
from keyproof.inventory import words
from keyproof.inventory.account import account
from keyproof.inventory.mappings import json_as_yaml, mapping_table
from keyproof.inventory.merge import Merged, merge
from keyproof.inventory.reading import Choice, Reading, read
from keyproof.inventory.rows import Declaration
from keyproof.inventory.secret import DeclaredSecret
from keyproof.inventory.table import Tables, csv_table, markdown_tables
from keyproof.ports import Surroundings

Format = Literal["markdown", "csv", "yaml", "json"]
_Column = Literal[
    "name", "secret_type", "service", "type", "environment", "owner", "last_rotated", "next_rotation",
    "period", "priority", "status", "storage", "example",
]  # fmt: skip

_FORMATS: dict[str, Format] = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".txt": "markdown",
    ".csv": "csv", ".tsv": "csv", ".yaml": "yaml", ".yml": "yaml", ".json": "json",
}  # fmt: skip
_GLOB = frozenset("*?[")


class InventoryConfig(StrictModel):
    """Where the tables are, and what the tool cannot know about them."""

    path: str = Field(min_length=1)
    """A file or a glob, relative to the folder of keyproof.yaml."""
    format: Format | None = None
    """By the suffix of the file when absent; `.txt` and `.md` are Markdown."""
    environment: str = ""
    """Environment of the rows whose table states none."""
    sections: tuple[str, ...] = ()
    """Globs over headings, case ignored: only tables below such a heading are read."""
    exclude_sections: tuple[str, ...] = ()
    """Globs over headings, case ignored: tables below such a heading are passed over."""
    columns: Mapping[str, _Column] = Field(default_factory=dict)
    """Own headers and what their columns tell, e.g. `{Geheimnis: name}`."""


class InventoryCollector:
    """Reads what people declare about secrets: one subject a secret, its rows as claims.

    A date is a declared fact, never guessed: a cell that can be read in two ways is a problem of its row.
    """

    kind: ClassVar[str] = "inventory"
    permissions: ClassVar[tuple[str, ...]] = ("read the file",)
    Config: ClassVar[type[InventoryConfig]] = InventoryConfig

    def __init__(self, source: str, config: InventoryConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._root = surroundings.root

    def scopes(self) -> Sequence[str]:
        """The matching files, relative to the root. Raises BackendUnreachableError when there is none."""
        pattern = Path(self._config.path).expanduser()
        if not self._is_glob:
            found = [self._root / pattern] if (self._root / pattern).is_file() else []
        elif pattern.is_absolute():
            found = list(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
        else:
            found = list(self._root.glob(str(pattern)))
        files = sorted(Path(os.path.relpath(path, self._root)).as_posix() for path in found if path.is_file())
        if not files:
            raise BackendUnreachableError(
                f"no file matches '{self._config.path}' in {self._root}",
                scope=self._config.path,
                hint="correct 'path' of this source in keyproof.yaml",
            )
        return files

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every secret the tables of the file declare, then gaps and how the tables were read.

        Raises CollectError when the file cannot be read or is not of its format.
        """
        reading = read(self._tables(scope), self._choice)
        merged = merge(reading.rows)
        ids = _ids(scope, merged.secrets)
        for secret, identifier in zip(merged.secrets, ids, strict=True):
            yield self._metadata(secret, identifier, scope)
        yield from self._gaps(reading, merged, scope)
        yield from account(reading, merged)

    @property
    def _is_glob(self) -> bool:
        return bool(_GLOB.intersection(self._config.path))

    @property
    def _choice(self) -> Choice:
        return Choice(
            columns={header: words.Field(column) for header, column in self._config.columns.items()},
            sections=self._config.sections,
            exclude_sections=self._config.exclude_sections,
        )

    def _tables(self, scope: str) -> Tables:
        chosen = self._config.format or _FORMATS.get(Path(scope).suffix.lower())
        if chosen is None:
            hint = "set 'format' of this source to markdown, csv, yaml or json"
            raise BackendProtocolError(f"{scope} has a suffix of no known format", scope=scope, hint=hint)
        text = _text(self._root / scope, scope)
        try:
            match chosen:
                case "markdown":
                    return markdown_tables(text)
                case "csv":
                    return csv_table(text)
                case "yaml" | "json":
                    plain = text if chosen == "yaml" else json_as_yaml(text)
                    parsed = strict_yaml.parse(plain, name=scope, error=DocumentError)
                    return mapping_table(parsed.data, lambda key: parsed.place(key)[0])
        except RecursionError:
            message = f"{scope} is nested too deeply"
            raise BackendProtocolError(message, scope=scope, hint="correct the file") from None
        except ValueError as error:
            raise BackendProtocolError(f"{scope}: {error}", scope=scope, hint="correct the file") from None
        except DocumentError as error:
            problems = "; ".join(str(problem) for problem in error.problems)
            raise BackendProtocolError(problems, scope=scope, hint="correct the file") from None

    def _metadata(self, secret: DeclaredSecret, identifier: str, scope: str) -> SecretMetadata:
        last = secret.last_rotated
        at = datetime.combine(last, time.min, UTC) if last else None
        fact = DatedFact(at=at, basis=Basis.INVENTORY, confidence=Confidence.DECLARED) if at else None
        further = {name: text for name in ("storage", "service") if (text := secret.text(name))}
        return SecretMetadata(
            id=identifier,
            name=secret.lead.name,
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=secret.environment or self._config.environment.lower(),
            owner=secret.text("owner"),
            priority=secret.text("priority"),
            type=secret.text("type"),
            facts=(fact,) if fact else (),
            claims=tuple(self._claim(secret, row, scope) for row in secret.claimants),
            attributes=further,
            unread={} if fact else {"facts": _why_undated(secret)},
            place=SourceLine(path=scope, line=secret.lead.line),
        )

    def _claim(self, secret: DeclaredSecret, row: Declaration, scope: str) -> InventoryClaim:
        alone = len(secret.claimants) == 1
        follow = next((known for known in secret.rows if known.next_rotation or known.next_text), row)
        coming = follow if alone else row
        return InventoryClaim(
            source=self._source,
            name=row.name,
            place=SourceLine(path=scope, line=row.line),
            last_rotated=secret.last_rotated if alone else row.last_rotated,
            next_rotation=coming.next_rotation,
            next_rotation_text=coming.next_text,
            period=secret.period,
            status=row.status or (secret.text("status") if alone else ""),
            problems=secret.problems,
        )

    def _gaps(self, reading: Reading, merged: Merged, scope: str) -> Iterator[Gap]:
        for secret in merged.secrets:
            if secret.conflicting:
                rows = ", ".join(f"{row.last_rotated} (line {row.line})" for row in secret.conflicting)
                name = secret.lead.name
                yield self._gap(scope, f"'{name}' was last rotated on {rows}", "keep one row of this name")
        for part in reading.skipped:
            if not part.harmless:
                yield self._gap(scope, f"line {part.line}: {part.reason}", "correct this line of the file")
        if not merged.secrets and not self._is_glob:
            hint = (
                "add a table with a column 'Secret' and one of Rotation Period, Last Rotated, Owner; "
                "or name its headers under 'columns' of this source"
            )
            yield self._gap(scope, "no table of this file declares a secret", hint)

    def _gap(self, scope: str, reason: str, hint: str) -> Gap:
        return Gap(source=self._source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)


def _why_undated(secret: DeclaredSecret) -> str:
    if secret.conflicting:
        lines = ", ".join(str(row.line) for row in secret.conflicting)
        return f"the rows on lines {lines} state different dates of last rotation"
    return next(iter(secret.lead.problems), "") or "the inventory states no date of last rotation"


def _ids(scope: str, secrets: Sequence[DeclaredSecret]) -> list[str]:
    """One URI a secret: its name, and what tells it apart from others of that name."""
    fellows: dict[str, list[DeclaredSecret]] = {}
    for secret in secrets:
        fellows.setdefault(secret.lead.name, []).append(secret)
    found: dict[str, None] = {}
    for secret in secrets:
        same = fellows[secret.lead.name]
        parts = [secret.lead.name]
        if len({fellow.environment for fellow in same}) > 1:
            parts.append(secret.environment)
        if len({(fellow.environment, fellow.text("service")) for fellow in same}) > len(
            {fellow.environment for fellow in same}
        ):
            parts.append(secret.text("service"))
        told = "@".join(quote(part, safe="") for part in parts if part)
        identifier = f"inventory://{quote(scope)}#{told}"
        found[identifier if identifier not in found else f"{identifier}@line-{secret.lead.line}"] = None
    return list(found)


def _text(path: Path, scope: str) -> str:
    try:
        raw = path.read_bytes()
    except PermissionError:
        raise AccessDeniedError(
            f"{scope} may not be read", scope=scope, hint="grant read access to the file"
        ) from None
    except OSError as error:
        message = f"{scope}: {error.strerror or 'cannot be read'}"
        raise BackendUnreachableError(message, scope=scope, hint="check 'path' of this source") from None
    if len(raw) > strict_yaml.MAX_BYTES:
        message = f"{scope} is larger than {strict_yaml.MAX_BYTES:,} bytes"
        raise BackendProtocolError(message, scope=scope, hint="split the file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"{scope}:{line}: is not UTF-8"
        raise BackendProtocolError(message, scope=scope, hint="save the file as UTF-8") from None
