"""Walking the folders of a KV mount: which secrets there are, and their metadata where it comes along."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.vault.api import Answer

PAGE = 1000
"""Keys asked for at once."""


class Asker(Protocol):
    """Asks one namespace of a server; see `Connection.ask` for what it raises."""

    def ask(self, verb: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
        """Ask; 404 and 405 are answers."""
        ...


def pages(asker: Asker, path: str) -> Iterator[Answer]:
    """Every page of a listing; servers without paging (Vault) give all of it at once.

    An OpenBao policy with `pagination_limit` refuses larger pages and cuts a listing that asks for none in
    particular, so the size is always stated: first our own, then, if that is refused, the largest allowed.
    """
    limit: int | str = PAGE
    seen: set[str] = set()
    last = ""
    while True:
        params = {"limit": limit, "after": last} if last else {"limit": limit}
        try:
            answer = asker.ask("LIST", path, params=params)
        except AccessDeniedError as denied:
            if limit == "max" or seen:
                raise
            answer, limit = _largest(asker, path, denied), "max"
        new = [key for key in answer.keys if key not in seen]
        if not seen or new:
            yield answer
        if not new or (limit == PAGE and len(answer.keys) != PAGE):
            return
        seen.update(new)
        last = new[-1]


def _largest(asker: Asker, path: str, denied: AccessDeniedError) -> Answer:
    try:
        return asker.ask("LIST", path, params={"limit": "max"})
    except BackendProtocolError:
        raise denied from None  # a server too old to know the word


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
        self._prefix = f"{mount}metadata/" if version == 2 else mount
        self._detailed = version == 2

    def folder(self, path: str) -> Folder:
        """What the folder `path` holds (empty for the mount itself, else ending in `/`).

        Raises AccessDeniedError when it may not be listed, and what `Connection.ask` raises.
        """
        if self._detailed:
            found = self._in_detail(path)
            if found is not None:
                return found
            # What fails at the top is unknown to the server or denied throughout: not tried again.
            self._detailed = bool(path)
        keys: list[str] = []
        for answer in pages(self._asker, self._prefix + path):
            if not answer.found and not answer.empty:
                raise BackendProtocolError(
                    f"{self._prefix}{path} cannot be listed: {answer.words}",
                    scope=self._mount,
                    hint="check that the mount is still there",
                )
            keys.extend(answer.keys)
        return _folder(path, keys, {})

    def _in_detail(self, path: str) -> Folder | None:
        """A folder with all its metadata; None when that is denied or unknown to the server (Vault's case)."""
        keys: list[str] = []
        known: dict[str, Mapping[str, Any]] = {}
        try:
            for answer in pages(self._asker, f"{self._mount}detailed-metadata/{path}"):
                if not answer.found and not answer.empty:
                    return None
                info = answer.data.get("key_info") or {}
                keys.extend(answer.keys)
                # OpenBao 2.7 shows the metadata of the secret `app` at the folder `app/` as well.
                secrets = [key for key in answer.keys if info.get(key) and not key.endswith("/")]
                known.update({path + key: info[key] for key in secrets})
        except AccessDeniedError:
            return None
        return _folder(path, keys, known)


def _folder(path: str, keys: Iterable[str], known: Mapping[str, Mapping[str, Any]]) -> Folder:
    unique = dict.fromkeys(keys)
    return Folder(
        folders=tuple(path + key for key in unique if key.endswith("/")),
        secrets=tuple(path + key for key in unique if not key.endswith("/")),
        metadata=known,
    )
