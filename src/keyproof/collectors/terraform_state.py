"""Reads Terraform and OpenTofu state files for the secrets they hold: where, never what."""

from collections.abc import Iterator, Sequence
from typing import ClassVar
from urllib.parse import quote

from pydantic import Field

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Encryption, SecretMetadata, SourceLine
from keyproof.domain.verdict import Evidence
from keyproof.dotenv.file import names_secret
from keyproof.dotenv.work_tree import git_facts
from keyproof.errors import BackendProtocolError
from keyproof.fields import StrictModel
from keyproof.file_search import Place
from keyproof.ports import Surroundings
from keyproof.terraform.state import HeldSecret, read_state

_LARGEST = 256 << 20


class TerraformStateConfig(StrictModel):
    """Which files are looked at, and where."""

    path: str = "."
    """A file, or a folder searched with all folders below, relative to the folder of keyproof.yaml."""
    patterns: tuple[str, ...] = Field(default=("*.tfstate", "*.tfstate.backup"), min_length=1)
    """Globs over file names."""
    exclude: tuple[str, ...] = ("node_modules", ".git", ".venv", "venv")
    """Globs over names of folders and files, or over their paths below `path`; none of them is opened."""


class TerraformStateCollector:
    """Collects the attributes and outputs of states that hold a secret, by what the state marks and by their names.

    A state keeps them as they are unless OpenTofu encrypts it; each value is discarded where it is read.
    """

    kind: ClassVar[str] = "terraform-state"
    permissions: ClassVar[tuple[str, ...]] = ("list the folders", "read the files")
    Config: ClassVar[type[TerraformStateConfig]] = TerraformStateConfig

    def __init__(self, source: str, config: TerraformStateConfig, surroundings: Surroundings) -> None:
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
        """The folder and every state in it, or the one file. Raises BackendUnreachableError."""
        return self._place.scopes()

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield what one state holds, or how the folder was searched. Raises CollectError."""
        if scope == self._place.folder_scope and self._place.start.is_dir():
            yield from self._place.searched()
            return
        data = self._place.read(scope, largest=_LARGEST)
        if not data.strip():
            yield Evidence(name="state", value="empty")  # as Terraform leaves a backup of nothing
            return
        try:
            state = read_state(data, names_secret=names_secret)
        except (ValueError, AttributeError, TypeError) as error:
            why = str(error) if type(error) is ValueError else "its shape is unknown"
            message = f"{scope} cannot be read: {why}"
            raise BackendProtocolError(message, scope=scope, hint="correct or exclude it") from None
        if state.encrypted:
            yield self._metadata(scope, None)
        for held in state.held:
            yield self._metadata(scope, held)
        form = "encrypted" if state.encrypted else f"written by {state.version or 'an unknown version'}"
        yield Evidence(name="state", value=f"serial {state.serial}, {form}, {len(state.held)} secrets")

    def _metadata(self, scope: str, held: HeldSecret | None) -> SecretMetadata:
        """A secret of the state, or the state itself where nothing in it can be told apart."""
        _, attributes, unread = git_facts(self._root / scope)
        base = f"terraform-state://{quote(self._root.resolve().name)}/{quote(scope)}"
        if held is not None:
            name = ".".join(filter(None, (held.address, held.attribute)))
            attributes["sensitive"] = held.stated
        else:
            name = scope
        return SecretMetadata(
            id=f"{base}#{quote(name, safe='')}" if held else base,
            name=name,
            source=self._source,
            backend=self.kind,
            scope=scope,
            encryption=Encryption(encrypted=held is None),
            attributes=attributes,
            unread={"facts": "a state keeps no dates of its values", **unread},
            place=SourceLine(path=scope, line=1),
        )
