"""Walking the folders of a KV mount: which secrets there are, and their metadata where it comes along."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.vault.api import Answer

_PAGE = 1000


class Asker(Protocol):
    """Asks one namespace of a server; see `Connection.ask` for what it raises."""

    def ask(self, verb: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
        """Ask; 404 and 405 are answers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What one folder holds; a name may be both a folder and a secret."""

    folders: tuple[str, ...] = ()
    """Paths below the mount, ending in `/`."""
    secrets: tuple[str, ...] = ()
    """Paths below the mount."""
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By path, of those secrets whose metadata the server gave along with the listing."""


class Tree:
    """Lists the folders of one mount, in the way its server knows best."""

    def __init__(self, asker: Asker, *, mount: str, version: int) -> None:
        self._asker = asker
        self._mount = mount
        self._version = version
        self._detailed = version == 2

    def folder(self, path: str) -> Folder:
        """What the folder `path` holds (empty for the mount itself, else ending in `/`).

        Raises AccessDeniedError when it may not be listed, and what `Connection.ask` raises.
        """
        if self._detailed:
            try:
                found = self._in_detail(path)
            except AccessDeniedError:
                found = None
            if found is not None:
                return found
            # What fails at the top is unknown to the server or denied throughout: not tried again.
            self._detailed = bool(path)
        prefix = f"{self._mount}metadata/" if self._version == 2 else self._mount
        answer = self._asker.ask("LIST", prefix + path)
        if not answer.found and not answer.empty:
            raise BackendProtocolError(
                f"{prefix}{path} cannot be listed: {answer.words}",
                scope=self._mount,
                hint="check that the mount is still there",
            )
        return _folder(path, answer.keys, {})

    def _in_detail(self, path: str) -> Folder | None:
        """A folder with all its metadata, a page a call; None when the server cannot do it (Vault cannot)."""
        keys: list[str] = []
        known: dict[str, Mapping[str, Any]] = {}
        while True:
            params = {"limit": _PAGE, "after": keys[-1]} if keys else {"limit": _PAGE}
            answer = self._asker.ask("LIST", f"{self._mount}detailed-metadata/{path}", params=params)
            if not answer.found and not answer.empty:
                return None
            info = answer.data.get("key_info") or {}
            page = [key for key in answer.keys if not keys or key != keys[-1]]
            keys.extend(page)
            # OpenBao 2.7 shows the metadata of the secret `app` at the folder `app/` as well.
            known.update({path + key: info[key] for key in page if info.get(key) and not key.endswith("/")})
            if len(page) < _PAGE:
                return _folder(path, keys, known)


def _folder(path: str, keys: list[str], known: Mapping[str, Mapping[str, Any]]) -> Folder:
    return Folder(
        folders=tuple(path + key for key in keys if key.endswith("/")),
        secrets=tuple(path + key for key in keys if not key.endswith("/")),
        metadata=known,
    )
