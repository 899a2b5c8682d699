"""Reads Compose files: which secrets they name, which services get them, and which values stand in the file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from pydantic import Field

from keyproof.docker.compose_file import ComposeFile, ComposeSecret, ComposeVariable, read_compose
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Encryption, SecretMetadata, SourceLine
from keyproof.domain.verdict import Evidence
from keyproof.dotenv.file import names_secret
from keyproof.dotenv.work_tree import git_facts
from keyproof.errors import BackendProtocolError
from keyproof.fields import StrictModel
from keyproof.file_search import EXCLUDED, Place
from keyproof.ports import Surroundings

_LARGEST = 8 << 20
_UNDATED = {"facts": "a Compose file keeps no dates"}


class DockerComposeConfig(StrictModel):
    """Which files are looked at, and where."""

    path: str = "."
    """A file, or a folder searched with all folders below, relative to the folder of keyproof.yaml."""
    patterns: tuple[str, ...] = Field(
        default=("compose*.yaml", "compose*.yml", "docker-compose*.yaml", "docker-compose*.yml"), min_length=1
    )
    """Globs over file names."""
    exclude: tuple[str, ...] = EXCLUDED
    """Globs over names of folders and files, or over their paths below `path`; none of them is opened."""


class DockerComposeCollector:
    """Collects the secrets of Compose files, and variables whose names say that they hold one.

    A literal is discarded where it is read; that it is there is the finding: the file is not encrypted.
    """

    kind: ClassVar[str] = "docker-compose"
    permissions: ClassVar[tuple[str, ...]] = ("list the folders", "read the files")
    Config: ClassVar[type[DockerComposeConfig]] = DockerComposeConfig

    def __init__(self, source: str, config: DockerComposeConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._root = surroundings.root
        self._place = Place(
            source=source,
            root=surroundings.root,
            path=config.path,
            patterns=config.patterns,
            exclude=config.exclude,
        )

    def scopes(self) -> Sequence[str]:
        """The folder and every Compose file in it, or the one file. Raises BackendUnreachableError."""
        return self._place.scopes()

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the secrets of one file, or how the folder was searched. Raises CollectError."""
        if scope == self._place.folder_scope and self._place.start.is_dir():
            yield from self._place.searched()
            return
        data = self._place.read(scope, largest=_LARGEST)
        try:
            found = read_compose(data.decode("utf-8"))
        except ValueError as error:
            why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            message = f"{scope} is no Compose file: {why}"
            raise BackendProtocolError(message, scope=scope, hint="correct or exclude it") from None
        yield from self._secrets(scope, found)

    def _secrets(self, scope: str, found: ComposeFile) -> Iterator[Collected]:
        for secret in found.secrets:
            yield self._declared(scope, secret)
        telling = [variable for variable in found.variables if names_secret(variable.name)]
        for variable in telling:
            yield self._variable(scope, variable)
        value = f"{len(found.variables)} in services: {len(telling)} secrets, {len(found.variables) - len(telling)} others"
        yield Evidence(name="variables", value=value)

    def _declared(self, scope: str, secret: ComposeSecret) -> SecretMetadata:
        attributes: dict[str, str | int | bool] = {"from": secret.kind}
        unread = dict(_UNDATED)
        encryption = None
        if secret.kind == "file":
            path = (self._root / scope).parent / Path(secret.origin)
            _, kept, why = git_facts(path)
            attributes |= {"file": secret.origin, "file-exists": path.is_file(), **kept}
            unread |= why
            encryption = Encryption(encrypted=False)
        else:
            attributes["reference"] = True
        grants = tuple(
            AccessGrant(principal=f"service {name}", actions=(Action.READ,), via=f"secrets of {scope}")
            for name in secret.services
        )
        return self._metadata(
            scope, f"secrets.{secret.name}", secret.name, secret.line, encryption, grants, attributes, unread
        )

    def _variable(self, scope: str, variable: ComposeVariable) -> SecretMetadata:
        _, attributes, unread = git_facts(self._root / scope)
        attributes["from"] = variable.where
        if not variable.literal:
            attributes["empty" if variable.empty else "reference"] = True
        grants = (
            AccessGrant(
                principal=f"service {variable.service}",
                actions=(Action.READ,),
                via=f"{variable.where} of {scope}",
            ),
        )
        key = f"{variable.service}.{variable.where}.{variable.name}"
        encryption = Encryption(encrypted=False) if variable.literal else None
        return self._metadata(
            scope, key, variable.name, variable.line, encryption, grants, attributes, {**_UNDATED, **unread}
        )

    def _metadata(  # noqa: PLR0913, PLR0917 (the parts of one record)
        self,
        scope: str,
        key: str,
        name: str,
        line: int,
        encryption: Encryption | None,
        grants: tuple[AccessGrant, ...],
        attributes: dict[str, str | int | bool],
        unread: dict[str, str],
    ) -> SecretMetadata:
        base = f"docker-compose://{quote(self._root.resolve().name)}/{quote(scope)}"
        return SecretMetadata(
            id=f"{base}#{quote(key, safe='')}",
            name=name,
            source=self._source,
            backend=self.kind,
            scope=scope,
            encryption=encryption,
            grants=grants,
            attributes=attributes,
            unread=unread,
            place=SourceLine(path=scope, line=line),
        )
