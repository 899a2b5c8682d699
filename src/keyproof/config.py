"""Settings: what keyproof.yaml says, checked, with the place of every value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from keyproof.errors import ConfigError, Problem
from keyproof.fields import KebabField, StrictModel, StringsField
from keyproof.strict_yaml import YamlDocument, read, validate

FILE_NAME = "keyproof.yaml"
DEFAULT_STORE = ".keyproof/runs.db"
_OFF = "off"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_EXPANDED = frozenset(
    {"id", "path", "address", "endpoint-url", "policies", "waivers", "attestations", "store"}
)
"""Keys whose values may name environment variables: addresses, ids and paths only, never anything that is sent."""


class History(StrEnum):
    """How much of a repository is searched for leaks."""

    FULL = "full"
    """Every stored blob, all refs, index and work tree."""
    WORKTREE = "worktree"
    """The files as they lie there."""


class SourceSettings(BaseModel):
    """One source; the keys beyond id and kind belong to its collector."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: KebabField
    kind: str

    @property
    def options(self) -> Mapping[str, Any]:
        """The collector's own keys, not yet checked."""
        return self.model_extra or {}


class RepositorySettings(StrictModel):
    """One repository or folder to search for leaks."""

    path: str
    history: History = History.FULL
    name: str = ""
    """Name in subject ids; empty takes the folder's name."""
    environment: str = ""
    owner: str = ""
    largest: int = Field(default=32, ge=1, le=2048)
    """MiB; larger blobs and files are skipped, and the search is then not complete."""
    detect_secrets: bool = False
    """Whether the plugins of detect-secrets look too: four times slower, and never more than `possible`."""
    archives: bool = True
    """Whether archives, documents and notebooks are opened."""
    submodules: bool = False
    """Whether checked-out submodules are searched too, each as a repository of its own; with `history: full`."""

    @model_validator(mode="after")
    def _searches_one_kind(self) -> Self:
        if self.submodules and self.history is not History.FULL:
            raise ValueError("submodules goes with history: full; of a folder all files are searched anyway")
        return self


class _Document(StrictModel):
    version: Literal[1]
    organisation: str = Field(min_length=1)
    frameworks: tuple[str, ...] = ()
    policies: StringsField
    sources: tuple[SourceSettings, ...] = ()
    repositories: tuple[RepositorySettings, ...] = ()
    environments: dict[str, StringsField] = Field(default_factory=dict)
    aliases: dict[str, StringsField] = Field(default_factory=dict)
    waivers: tuple[str, ...] = ()
    attestations: tuple[str, ...] = ()
    store: str = Field(default=DEFAULT_STORE, min_length=1)
    """Where runs are recorded: a file, `postgresql://HOST/DATABASE` for a team, or `off`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A checked keyproof.yaml."""

    root: Path
    """Folder of the file: relative paths in it start here."""
    document: YamlDocument
    organisation: str
    frameworks: tuple[str, ...]
    policies: tuple[str, ...]
    sources: tuple[SourceSettings, ...]
    repositories: tuple[RepositorySettings, ...]
    environments: Mapping[str, tuple[str, ...]]
    """Environment → globs over secret names and ids; the first that matches wins."""
    aliases: Mapping[str, tuple[str, ...]]
    """Name in an inventory table → globs over the names of the live secrets it means."""
    waivers: tuple[str, ...]
    attestations: tuple[str, ...] = ()
    store: str = DEFAULT_STORE
    """Path or URL of the run ledger; empty when runs are not recorded."""

    @property
    def digest(self) -> str:
        """sha256 of the file as written, hex."""
        return sha256(self.document.text.encode()).hexdigest()


def find(start: Path) -> Path:
    """The nearest keyproof.yaml in `start` or a folder above it. Raises ConfigError when there is none."""
    for folder in (start, *start.parents):
        candidate = folder / FILE_NAME
        if candidate.is_file():
            return candidate
    raise ConfigError(
        f"no {FILE_NAME} in {start} or above it",
        hint="run `keyproof init` here, or name one with --config FILE",
    )


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read and check `path`. Raises ConfigError with every problem at its line and column."""
    document = read(path, error=ConfigError)
    if document.data is None:
        raise ConfigError.of(
            [document.problem((), "the file is empty", "run `keyproof init` for a commented example")]
        )
    data, problems = _expand(document, environ)
    if problems:
        raise ConfigError.of(problems)
    checked = validate(document, _Document, error=ConfigError, data=data)
    _refuse_repeated_ids(document, checked)
    _refuse_unusable_store(document, checked)
    return Settings(
        root=path.resolve().parent,
        document=document,
        organisation=checked.organisation,
        frameworks=checked.frameworks,
        policies=checked.policies,
        sources=checked.sources,
        repositories=checked.repositories,
        environments=checked.environments,
        aliases=checked.aliases,
        waivers=checked.waivers,
        attestations=checked.attestations,
        store="" if checked.store == _OFF else checked.store,
    )


def _refuse_repeated_ids(document: YamlDocument, checked: _Document) -> None:
    seen: set[str] = set()
    problems: list[Problem] = []
    for index, source in enumerate(checked.sources):
        if source.id in seen:
            hint = "give every source an id of its own"
            problems.append(
                document.problem(("sources", index, "id"), f"the id '{source.id}' stands twice", hint)
            )
        seen.add(source.id)
    if problems:
        raise ConfigError.of(problems)


def _refuse_unusable_store(document: YamlDocument, checked: _Document) -> None:
    scheme, separator, _ = checked.store.partition("://")
    if not separator:
        return
    if scheme not in {"postgresql", "postgres"}:
        message, hint = (
            f"a run ledger cannot be at {scheme}://",
            "write a path, or postgresql://HOST/DATABASE",
        )
    elif urlsplit(checked.store).password is not None or "password" in parse_qs(
        urlsplit(checked.store).query
    ):
        message = "a password stands in the address"
        hint = "take it out, and set PGPASSWORD or use a password file (PGPASSFILE)"
    else:
        return
    raise ConfigError.of([document.problem(("store",), message, hint)])


def _expand(document: YamlDocument, environ: Mapping[str, str]) -> tuple[Any, list[Problem]]:
    """The document's data with `${NAME}` replaced where that is allowed."""
    problems: list[Problem] = []

    def walk(value: Any, key: tuple[str | int, ...]) -> Any:
        if isinstance(value, dict):
            return {name: walk(item, (*key, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [walk(item, (*key, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and any(part in _EXPANDED for part in key[-2:]):
            return _VARIABLE.sub(lambda match: replace(match, key), value)
        return value

    def replace(match: re.Match[str], key: tuple[str | int, ...]) -> str:
        if match[1] not in environ:
            message = f"the environment variable {match[1]} is not set"
            problems.append(document.problem(key, message, "export it before running keyproof"))
        return environ.get(match[1], "")

    return walk(document.data, ()), problems


def schema() -> dict[str, Any]:
    """JSON Schema of keyproof.yaml, the collectors' own keys left open."""
    return _Document.model_json_schema(by_alias=True)
