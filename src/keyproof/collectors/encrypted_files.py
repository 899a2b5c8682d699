"""Reads the headers of files that Ansible Vault, git-crypt and age encrypt, without any key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from pydantic import Field

from keyproof.blame import BlameError, LineCommit, blame
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, Encryption, SecretMetadata, SourceLine
from keyproof.domain.verdict import Evidence
from keyproof.dotenv.work_tree import git_facts
from keyproof.encrypted.header import (
    MARKS,
    EncryptedPart,
    git_crypt_globs,
    inline_values,
    meets,
    read_header,
)
from keyproof.fields import StrictModel
from keyproof.file_search import EXCLUDED, Place, holds
from keyproof.ports import Surroundings

_LARGEST = 64 << 20
_UNLOCKED = "the work tree may be unlocked: what git-crypt commits cannot be seen in it"


class EncryptedFilesConfig(StrictModel):
    """Which files are looked at, and which of them have to be encrypted."""

    path: str = "."
    """A file, or a folder searched with all folders below, relative to the folder of keyproof.yaml."""
    patterns: tuple[str, ...] = Field(default=("*",), min_length=1)
    """Globs over file names; of these only encrypted files are read, and those that have to be."""
    exclude: tuple[str, ...] = EXCLUDED
    """Globs over names of folders and files, or over their paths below `path`; none of them is opened."""
    required: tuple[str, ...] = ()
    """Globs over file names, or over paths below `path` where they have a slash: such a file has to be encrypted."""
    environment: str = ""
    """Environment of all files; empty leaves it to the globs of keyproof.yaml."""


class EncryptedFilesCollector:
    """Collects encrypted files and values in YAML files, and files that should be encrypted but are not.

    What git-crypt is to encrypt stands in .gitattributes; of Ansible Vault and age the configuration tells.
    """

    kind: ClassVar[str] = "encrypted-files"
    permissions: ClassVar[tuple[str, ...]] = ("list the folders", "read the files", "run git blame")
    Config: ClassVar[type[EncryptedFilesConfig]] = EncryptedFilesConfig

    def __init__(self, source: str, config: EncryptedFilesConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._place = Place(
            source=source,
            root=surroundings.root,
            path=config.path,
            patterns=config.patterns,
            exclude=config.exclude,
        )

    def scopes(self) -> Sequence[str]:
        """The folder, and every file in it that is or has to be encrypted. Raises BackendUnreachableError."""
        wanted = self._git_crypt()
        return self._place.scopes(lambda path: self._concerns(path, wanted))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield what one file holds, or how the folder was searched. Raises CollectError."""
        wanted = self._git_crypt()
        if scope == self._place.folder_scope and self._place.start.is_dir():
            yield from self._place.searched(lambda path: self._concerns(path, wanted))
            return
        data = self._place.read(scope, largest=_LARGEST)
        whole = read_header(data)
        parts = [whole] if whole else list(inline_values(data))
        _, kept, why = git_facts(self._surroundings.root / scope)
        for secret in self._secrets(scope, parts, wanted):
            attributes, unread = {**kept, **secret.attributes}, {**why, **secret.unread}
            yield replace(secret, attributes=attributes, unread=unread)
        yield Evidence(name="encrypted", value="the whole file" if whole else f"{len(parts)} values in it")

    def _secrets(
        self, scope: str, parts: Sequence[EncryptedPart], wanted: list[str]
    ) -> Iterator[SecretMetadata]:
        path, keys = self._surroundings.root / scope, set[str]()
        commits, why = self._commits(path)
        for part in parts:
            secret = self._metadata(scope, part, commits, why)
            # One key may stand in several places of a file; of these only the first has no line in its id.
            yield replace(secret, id=f"{secret.id}@line-{part.line}") if part.key in keys else secret
            keys.add(part.key)
        whole = bool(parts) and not parts[0].key
        if not parts and self._is(path, list(self._config.required)):
            yield self._plain(scope, Encryption(encrypted=False), {})
        elif not whole and self._is(path, wanted):
            yield self._plain(scope, None, {"encryption": _UNLOCKED})

    def _concerns(self, path: Path, wanted: list[str]) -> bool:
        if self._is(path, wanted) or self._is(path, list(self._config.required)):
            return True
        if any(holds(path, mark, within=len(mark)) for mark in MARKS):
            return True
        return path.suffix in {".yml", ".yaml"} and holds(path, MARKS[0], b"!vault", within=_LARGEST)

    def _is(self, path: Path, globs: list[str]) -> bool:
        start = self._place.start
        return meets(path, globs, start=start if start.is_dir() else start.parent)

    def _git_crypt(self) -> list[str]:
        path = self._place.start / ".gitattributes"
        if not path.is_file():
            return []
        scope = self._place.shown(path)
        return git_crypt_globs(self._place.read(scope, largest=_LARGEST).decode("utf-8", errors="replace"))

    def _commits(self, path: Path) -> tuple[Mapping[int, LineCommit], str]:
        try:
            return blame(path.resolve(), self._surroundings.environ), "the line is not committed"
        except BlameError as error:
            return {}, f"no commit dates it: {error}"

    def _metadata(
        self, scope: str, part: EncryptedPart, commits: Mapping[int, LineCommit], why: str
    ) -> SecretMetadata:
        # Below the header every edit changes the text; the header's own line says nothing of the value.
        commit = commits.get(part.line + 1) or (None if part.format == "ansible-vault" else commits.get(1))
        facts: tuple[DatedFact, ...] = ()
        if commit is not None:
            fact = DatedFact(at=commit.at, basis=Basis.ROW_COMMIT, confidence=Confidence.UPPER_BOUND)
            facts = (fact,)
        stated = {
            "format": part.format,
            "format-version": part.version,
            "cipher": part.cipher,
            "vault-id": part.label,
        }
        key = " ".join(filter(None, (part.format, part.label)))
        return self._secret(
            scope,
            part.key,
            part.line,
            encryption=Encryption(encrypted=True, key=key, customer_managed=True),
            facts=facts,
            attributes={name: value for name, value in stated.items() if value},
            unread={} if facts else {"facts": why},
        )

    def _plain(self, scope: str, encryption: Encryption | None, unread: dict[str, str]) -> SecretMetadata:
        unread = {"facts": "the file is not encrypted, so its values are not told apart", **unread}
        return self._secret(
            scope,
            "",
            1,
            encryption=encryption,
            facts=(),
            attributes={"has-to-be-encrypted": True},
            unread=unread,
        )

    def _secret(
        self,
        scope: str,
        key: str,
        line: int,
        *,
        encryption: Encryption | None,
        facts: tuple[DatedFact, ...],
        attributes: Mapping[str, str | bool],
        unread: dict[str, str],
    ) -> SecretMetadata:
        base = f"encrypted-files://{quote(self._surroundings.root.resolve().name)}/{quote(scope)}"
        return SecretMetadata(
            id=f"{base}#{quote(key, safe='')}" if key else base,
            name=key or scope,
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=self._config.environment,
            facts=facts,
            encryption=encryption,
            attributes=attributes,
            unread={"grants": "the header does not tell who has the key", **unread},
            place=SourceLine(path=scope, line=line),
        )
