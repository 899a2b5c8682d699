"""The secrets of one KV mount, from its folders down."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.vault.around import some
from keyproof.vault.kv import read_metadata
from keyproof.vault.reading import Reading
from keyproof.vault.tree import Tree
from keyproof.vault.uses import kv_uses

_KV1 = "KV version 1 keeps no metadata: only the name is known"
_NO_ACCESS_TIME = "KV keeps no time of access; the audit log has it"
_METADATA_FIELDS = (
    "facts",
    "versions",
    "created_at",
    "expires_at",
    "deletion",
    "tags",
    "owner",
    "environment",
    "priority",
    "type",
)


class KvMount:
    """Reads one KV mount, version 1 or 2."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._settings: Mapping[str, Any] | None = None

    def secrets(self) -> Iterator[Collected]:
        """Every secret and every gap. Raises CollectError when the server goes away."""
        mount = self._reading.mount
        if mount.version == 1:
            yield Evidence(name="kv version 1", value=f"{mount.scope} keeps no dates, versions or metadata")
        else:
            try:
                self._settings = mount.client.read(f"{mount.place.mount}config")
            except AccessDeniedError as error:
                mount.unread["attributes"] = f"the limits of the mount: {error.message}"
        tree = Tree(mount.client, mount=mount.place.mount, version=mount.version)
        waiting = [""]
        while waiting:
            yield from self._folder(tree, waiting.pop(), waiting)

    def _folder(self, tree: Tree, folder: str, waiting: list[str]) -> Iterator[Collected]:
        """What one folder holds, page by page; the folders in it are put on `waiting`."""
        scope, below = f"{self._reading.mount.scope}{folder}", list[str]()
        denied: list[AccessDeniedError] = []
        try:
            for page in tree.folder(folder):
                below += page.folders
                for path in filter(self._reading.wanted, page.secrets):
                    yield from self._found(path, page.metadata.get(path), denied)
        except AccessDeniedError as error:
            yield self._reading.gap(scope, f"not read: {error.message}", error.hint)
        waiting.extend(reversed(below))
        if denied:
            reasons = some([error.message for error in denied])
            yield self._reading.gap(f"{scope} (metadata)", reasons, denied[0].hint)

    def _found(
        self, path: str, data: Mapping[str, Any] | None, denied: list[AccessDeniedError]
    ) -> Iterator[Collected]:
        """One listed secret, with its metadata where the listing brought it along; refusals go to `denied`."""
        mount = self._reading.mount
        if mount.version == 1:
            yield self._unread(path, _KV1)
            return
        try:
            data = data or mount.client.read(f"{mount.place.mount}metadata/{path}")
            if data is not None:  # else it is gone since the folder was listed
                yield self._secret(path, data)
        except AccessDeniedError as error:
            denied.append(error)
            yield self._unread(path, error.message)
        except ValueError as error:
            reason = f"the metadata cannot be understood: {error}"
            yield self._unread(path, reason)
            yield self._reading.gap(mount.scope + path, reason, "report this with the server's version")

    def _secret(self, path: str, data: Mapping[str, Any]) -> SecretMetadata:
        found = read_metadata(data, mount=self._settings, now=self._reading.now)
        bare = self._bare(path)
        return replace(
            bare,
            environment=found.environment,
            owner=found.owner,
            priority=found.priority,
            type=found.type,
            tags=found.tags,
            created_at=found.created_at,
            facts=found.facts,
            versions=found.versions,
            expires_at=found.expires_at,
            deletion=found.deletion,
            attributes={**bare.attributes, **found.attributes},
            unread={**bare.unread, **found.unread},
        )

    def _unread(self, path: str, reason: str) -> SecretMetadata:
        bare = self._bare(path)
        return replace(bare, unread={**bare.unread, **dict.fromkeys(_METADATA_FIELDS, reason)})

    def _bare(self, path: str) -> SecretMetadata:
        mount = self._reading.mount
        uses = kv_uses(version=mount.version, mount=mount.full, path=path)
        grants = mount.grants
        return self._reading.bare(
            path,
            uses=uses,
            grants=grants.on(version=mount.version, mount=mount.full, path=path) if grants else None,
            kind=SubjectKind.SECRET,
            attributes={"kv_version": mount.version},
            unread={"last_accessed_at": _NO_ACCESS_TIME},
        )
