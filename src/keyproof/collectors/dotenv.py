"""Secrets in .env files: which keys they hold, and whether the file is kept out of git. Never a value."""

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import ClassVar
from urllib.parse import quote

from pydantic import Field

from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Encryption, SecretMetadata, SourceLine
from keyproof.domain.verdict import Evidence
from keyproof.dotenv.file import DotenvKey, DotenvKeys, names_secret, read_keys
from keyproof.dotenv.work_tree import WorkTree, git_facts
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError
from keyproof.fields import StrictModel
from keyproof.ports import Surroundings

_EXAMPLES = frozenset({"example", "sample", "template", "dist"})
_ENVIRONMENTS = frozenset(
    {
        "production",
        "prod",
        "prd",
        "preprod",
        "staging",
        "stage",
        "stg",
        "development",
        "dev",
        "test",
        "testing",
    }
    | {"qa", "uat", "preview", "ci", "sandbox", "demo"}
)
_OTHERS_MAY_READ = 0o004
_Attributes = dict[str, str | int | bool]


class DotenvConfig(StrictModel):
    """Which files are looked for, and where."""

    path: str = "."
    """A file, or a folder searched with all folders below, relative to the folder of keyproof.yaml."""
    patterns: tuple[str, ...] = Field(default=(".env", ".env.*", "*.env"), min_length=1)
    """Globs over file names."""
    exclude: tuple[str, ...] = (
        "node_modules", ".git", ".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox", ".terraform",
    )  # fmt: skip
    """Globs over names of folders and files, or over their paths below `path`; none of them is opened."""


class DotenvCollector:
    """Reads the keys of .env files and whether git ignores or tracks the file.

    A value is discarded on the line where it is read: not even its length is kept.
    """

    kind: ClassVar[str] = "dotenv"
    permissions: ClassVar[tuple[str, ...]] = ("list the folders", "read the files")
    Config: ClassVar[type[DotenvConfig]] = DotenvConfig

    def __init__(self, source: str, config: DotenvConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._root = surroundings.root
        self._start = surroundings.root / Path(config.path).expanduser()

    def scopes(self) -> Sequence[str]:
        """The file; or the folder, which tells how it was searched, and every .env file found in it.

        Raises BackendUnreachableError when `path` does not exist.
        """
        if not self._start.exists():
            hint = "correct 'path' of this source in keyproof.yaml"
            raise BackendUnreachableError(
                f"'{self._config.path}' does not exist in {self._root}", scope=self._config.path, hint=hint
            )
        if not self._start.is_dir():
            return [self._shown(self._start)]
        search = _Search(self._start, self._config)
        return [self._folder_scope, *(self._shown(path) for path in search.files)]

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every key of the file that names a secret, then how many do not.

        For the folder yields how it was searched, and a gap for each folder that could not be opened.
        Raises CollectError when the file cannot be read.
        """
        if scope == self._folder_scope and self._start.is_dir():
            yield from self._searched(scope)
            return
        path = self._root / scope
        found = _keys(path, scope)
        tree, attributes, unread = git_facts(path)
        attributes |= _file_facts(path)
        secrets = [key for key in _telling(found) if key.holds_password or names_secret(key.key)]
        base = f"dotenv://{quote(self._address(path, tree))}"
        for key in secrets:
            yield self._metadata(key, f"{base}#{quote(key.key, safe='')}", scope, attributes, unread)
        for line, reason in found.unread:
            hint = "correct the quoting of this line"
            yield self._gap(scope, f"line {line}: {reason}", hint)
        yield from _evidence(found, secrets)

    @property
    def _folder_scope(self) -> str:
        return self._shown(self._start) + "/"

    def _shown(self, path: Path) -> str:
        return PurePosixPath(os.path.relpath(path, self._root)).as_posix()

    def _address(self, path: Path, tree: WorkTree | None) -> str:
        """REPO/PATH: the name of the work tree's folder, or of the root, and the path below it."""
        base = tree.root if tree else self._root.resolve()
        below = os.path.relpath(path.parent.resolve() / path.name, base)
        return f"{base.name}/{PurePosixPath(below).as_posix()}"

    def _metadata(
        self, key: DotenvKey, identifier: str, scope: str, attributes: _Attributes, unread: dict[str, str]
    ) -> SecretMetadata:
        flags = {name: True for name in ("empty", "reference", "encrypted") if getattr(key, name)}
        elsewhere = key.empty or key.reference
        return SecretMetadata(
            id=identifier,
            name=key.key,
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=_environment(PurePosixPath(scope).name),
            encryption=None if elsewhere else Encryption(encrypted=key.encrypted),
            attributes={**attributes, **flags},
            unread={"facts": "a .env file keeps no dates", **unread},
            place=SourceLine(path=scope, line=key.line),
        )

    def _searched(self, scope: str) -> Iterator[Collected]:
        search = _Search(self._start, self._config)
        for folder, reason in search.closed:
            yield self._gap(scope, f"{self._shown(folder)}: {reason}", "grant the right to list this folder")
        yield Evidence(
            name="searched",
            value=f"{search.folders} folders for {', '.join(self._config.patterns)}: "
            f"{len(search.files)} files, {len(search.examples)} examples",
        )
        for path in search.examples:
            yield Evidence(name="example, not read", value=self._shown(path))
        for path in search.excluded:
            yield Evidence(name="excluded, not read", value=self._shown(path))

    def _gap(self, scope: str, reason: str, hint: str) -> Gap:
        return Gap(source=self._source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)


class _Search:
    """One walk through the folders: what was found, left out, and closed to us."""

    def __init__(self, start: Path, config: DotenvConfig) -> None:
        self.files: list[Path] = []
        self.examples: list[Path] = []
        self.excluded: list[Path] = []
        self.closed: list[tuple[Path, str]] = []
        self.folders = 0
        self._start, self._config = start, config
        for folder, inner, names in os.walk(start, onerror=self._refused):
            self.folders += 1
            here = Path(folder)
            kept = [name for name in inner if not self._is_excluded(here / name)]
            self.excluded += [here / name for name in inner if name not in kept]
            inner[:] = sorted(kept)
            self._sort(here, sorted(names))

    def _sort(self, folder: Path, names: Sequence[str]) -> None:
        for name in names:
            if any(fnmatchcase(name, pattern) for pattern in self._config.patterns):
                path = folder / name
                if self._is_excluded(path):
                    self.excluded.append(path)
                else:
                    (self.examples if _is_example(name) else self.files).append(path)

    def _is_excluded(self, path: Path) -> bool:
        below = PurePosixPath(path.relative_to(self._start)).as_posix()
        return any(
            fnmatchcase(path.name, pattern) or fnmatchcase(below, pattern) for pattern in self._config.exclude
        )

    def _refused(self, error: OSError) -> None:
        self.closed.append((Path(error.filename), error.strerror or "cannot be listed"))


def _keys(path: Path, scope: str) -> DotenvKeys:
    try:
        return read_keys(path)
    except PermissionError:
        hint = "grant read access to the file, or exclude it"
        raise AccessDeniedError(f"{scope} may not be read", scope=scope, hint=hint) from None
    except FileNotFoundError:
        hint = "it was found a moment ago; run again"
        raise BackendUnreachableError(f"{scope} does not exist", scope=scope, hint=hint) from None
    except OSError as error:
        hint = "exclude it under 'exclude' of this source"
        raise BackendProtocolError(f"{scope}: {error.strerror}", scope=scope, hint=hint) from None
    except ValueError as error:
        hint = "exclude it under 'exclude' of this source"
        raise BackendProtocolError(f"{scope} {error}", scope=scope, hint=hint) from None


def _telling(found: DotenvKeys) -> Iterator[DotenvKey]:
    """Of every key the place that tells most: one that holds a value, the last among equals."""
    places: dict[str, list[DotenvKey]] = {}
    for key in found.keys:
        places.setdefault(key.key, []).append(key)
    for several in places.values():
        yield max(several, key=lambda key: (key.holds_password, not (key.empty or key.reference), key.line))


def _file_facts(path: Path) -> _Attributes:
    beside = [path.name, ".env", "env"]
    example = any((path.parent / f"{name}.{word}").is_file() for name in beside for word in sorted(_EXAMPLES))
    return {"example-file": example, "world-readable": bool(path.stat().st_mode & _OTHERS_MAY_READ)}


def _evidence(found: DotenvKeys, secrets: Sequence[DotenvKey]) -> Iterator[Evidence]:
    lines: dict[str, list[int]] = {}
    for key in found.keys:
        lines.setdefault(key.key, []).append(key.line)
    yield Evidence(
        name="keys",
        value=f"{len(lines)} in the file: {len(secrets)} secrets, {len(lines) - len(secrets)} others",
    )
    for secret in secrets:
        if len(lines[secret.key]) > 1:
            places = ", ".join(map(str, lines[secret.key]))
            yield Evidence(name="repeated key", value=f"{secret.key} on lines {places}")


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def _is_example(name: str) -> bool:
    return not _EXAMPLES.isdisjoint(_words(name))


def _environment(name: str) -> str:
    """The environment a file name states: `.env.production` says production, `.env` says nothing."""
    stated = {word for word in _words(name) if word in _ENVIRONMENTS}
    return stated.pop() if len(stated) == 1 else ""
