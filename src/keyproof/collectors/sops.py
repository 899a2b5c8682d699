"""Reads SOPS files without any key: which values they hold, how old each is, and who can open them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from pydantic import Field

from keyproof.blame import BlameError, LineCommit, blame
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, Encryption, SecretMetadata, SourceLine
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendProtocolError
from keyproof.fields import StrictModel
from keyproof.file_search import EXCLUDED, Place, holds
from keyproof.ports import Surroundings
from keyproof.sops.file import NotSopsError, SopsFile, SopsValue, creation_rules, read_sops

_LARGEST = 32 << 20
_MARK = b"ENC[AES256_GCM,"


class SopsConfig(StrictModel):
    """Which files are looked at, and where."""

    path: str = "."
    """A file, or a folder searched with all folders below, relative to the folder of keyproof.yaml."""
    patterns: tuple[str, ...] = Field(
        default=("*.yaml", "*.yml", "*.json", "*.env", ".env", ".env.*", "*.ini"), min_length=1
    )
    """Globs over file names; of these only files that SOPS wrote are read."""
    exclude: tuple[str, ...] = EXCLUDED
    """Globs over names of folders and files, or over their paths below `path`; none of them is opened."""
    environment: str = ""
    """Environment of all files; empty leaves it to the globs of keyproof.yaml."""


class SopsCollector:
    """Collects the values of SOPS files, each with the date of the commit that last wrote its line.

    A line keeps its text as long as its value does, unless SOPS re-encrypts the whole file: then its date is a
    bound. No key is used, and nothing is decrypted.
    """

    kind: ClassVar[str] = "sops"
    permissions: ClassVar[tuple[str, ...]] = ("list the folders", "read the files", "run git blame")
    Config: ClassVar[type[SopsConfig]] = SopsConfig

    def __init__(self, source: str, config: SopsConfig, surroundings: Surroundings) -> None:
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
        """The folder, every SOPS file in it, and every file that .sops.yaml wants encrypted and that is not.

        Raises BackendUnreachableError, and BackendProtocolError for a .sops.yaml that cannot be read.
        """
        rules = self._rules()
        return self._place.scopes(lambda path: self._concerns(path, rules))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the values of one file, or how the folder was searched. Raises CollectError."""
        if scope == self._place.folder_scope and self._place.start.is_dir():
            rules = self._rules()
            yield from self._place.searched(lambda path: self._concerns(path, rules))
            return
        data = self._place.read(scope, largest=_LARGEST)
        if _MARK not in data:
            yield self._unencrypted(scope)
            return
        try:
            found = read_sops(scope, data.decode("utf-8"))
        except ValueError as error:
            why = str(error) if isinstance(error, NotSopsError) else "it is not UTF-8"
            message = f"{scope} is no SOPS file: {why}"
            raise BackendProtocolError(message, scope=scope, hint="correct or exclude it") from None
        yield from self._values(scope, found)

    def _concerns(self, path: Path, rules: Sequence[str]) -> bool:
        if holds(path, _MARK, within=_LARGEST):
            return True
        below = path.relative_to(self._place.start).as_posix()
        return path.name != ".sops.yaml" and any(re.search(rule, below) for rule in rules)

    def _rules(self) -> list[str]:
        path = self._place.start / ".sops.yaml"
        if not path.is_file():
            return []
        scope = self._place.shown(path)
        try:
            text = self._place.read(scope, largest=_LARGEST).decode("utf-8", errors="replace")
            rules = [rule for rule in creation_rules(text) if rule]
            for rule in rules:
                re.compile(rule)
        except (NotSopsError, re.error) as error:
            hint = "correct the creation_rules"
            raise BackendProtocolError(f"{scope}: {error}", scope=scope, hint=hint) from None
        return rules

    def _unencrypted(self, scope: str) -> SecretMetadata:
        """A file that a creation rule meets and SOPS has not encrypted: one subject, as its keys are not secrets yet."""
        return SecretMetadata(
            id=self._id(scope, ""),
            name=scope,
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=self._config.environment,
            encryption=Encryption(encrypted=False),
            attributes={"wanted-by-creation-rule": True},
            unread={"facts": "the file is not encrypted, so its values are not told apart"},
            place=SourceLine(path=scope, line=1),
        )

    def _values(self, scope: str, found: SopsFile) -> Iterator[Collected]:
        commits: Mapping[int, LineCommit] = {}
        why = "the line is not committed"
        try:
            commits = blame((self._surroundings.root / scope).resolve(), self._surroundings.environ)
        except BlameError as error:
            why = f"no commit dates the line: {error}"
        dates = _Dates(found, commits)
        for value in found.values:
            yield self._secret(scope, found, value, dates, why)
        hidden = sum(value.encrypted for value in found.values)
        yield Evidence(
            name="values",
            value=f"{hidden} encrypted, {len(found.values) - hidden} that should be, {found.plain} plain by rule",
        )

    def _secret(
        self, scope: str, found: SopsFile, value: SopsValue, dates: "_Dates", why: str
    ) -> SecretMetadata:
        facts = dates.of(value)
        keys = ", ".join(key for group in found.recipients for key in group)
        encryption = Encryption(encrypted=value.encrypted, key=keys, customer_managed=True)
        attributes: dict[str, str | int | bool] = {"key-groups": len(found.recipients)}
        if value.length is not None:
            attributes["length"] = value.length
            if value.length == 0:
                attributes["empty"] = True
        return SecretMetadata(
            id=self._id(scope, value.key),
            name=value.key,
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=self._config.environment,
            facts=facts,
            encryption=encryption if value.encrypted else Encryption(encrypted=False),
            grants=tuple(_grants(found)),
            attributes=attributes,
            unread={} if facts else {"facts": why},
            place=SourceLine(path=scope, line=value.line),
        )

    def _id(self, scope: str, key: str) -> str:
        base = f"sops://{quote(self._surroundings.root.resolve().name)}/{quote(scope)}"
        return f"{base}#{quote(key, safe='')}" if key else base


class _Dates:
    """How old the values are by their lines' commits, else by the time SOPS notes for the whole file."""

    def __init__(self, found: SopsFile, commits: Mapping[int, LineCommit]) -> None:
        self._commits, self._modified = commits, found.modified
        dated = [commits[value.line] for value in found.values if value.encrypted and value.line in commits]
        self._oldest = min(dated, key=lambda commit: commit.at, default=None)

    def of(self, value: SopsValue) -> tuple[DatedFact, ...]:
        """A commit that left no older line may have re-encrypted all of them, unless it brought the file."""
        commit = self._commits.get(value.line)
        if commit is not None:
            whole = self._oldest is not None and commit.id == self._oldest.id and not commit.first
            confidence = Confidence.UPPER_BOUND if whole else Confidence.EXACT
            return (DatedFact(at=commit.at, basis=Basis.ROW_COMMIT, confidence=confidence),)
        if self._modified is None or self._commits:
            return ()
        return (DatedFact(at=self._modified, basis=Basis.LAST_ROTATED, confidence=Confidence.UPPER_BOUND),)


def _grants(found: SopsFile) -> Iterator[AccessGrant]:
    several = len(found.recipients) > 1
    condition = f"with {found.threshold} of {len(found.recipients)} key groups" if several else ""
    for group in found.recipients:
        for key in group:
            yield AccessGrant(
                principal=key, actions=(Action.READ,), via="SOPS master key", condition=condition
            )
