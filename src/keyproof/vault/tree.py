"""Walking the folders of a KV mount: which secrets there are, and their metadata where it comes along."""

from collections.abc import Generator, Iterable, Iterator, Mapping
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
        if answer.found and "data" not in answer.body:  # a list that is empty may lack keys, but never this
            hint = "check that the address is that of a Vault or OpenBao server"
            raise BackendProtocolError(f"{path} is answered with no list", scope=path, hint=hint)
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
    """What one page of a folder holds; a name may be both a folder and a secret."""

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

    def folder(self, path: str) -> Iterator[Folder]:
        """What the folder `path` holds (empty for the mount itself, else ending in `/`), page by page.

        Raises AccessDeniedError when it may not be listed, or no further, and what `Connection.ask` raises.
        """
        seen: set[str] = set()
        for answer in self._pages(path):
            yield _folder(path, [key for key in answer.keys if key not in seen], answer.data.get("key_info"))
            seen.update(answer.keys)

    def _pages(self, path: str) -> Iterator[Answer]:
        if self._detailed:
            found = yield from self._in_detail(path)
            if found:
                return
            # What fails at the top is unknown to the server or denied throughout: not tried again.
            self._detailed = bool(path)
        for answer in pages(self._asker, self._prefix + path):
            if not answer.found and not answer.empty:
                raise BackendProtocolError(
                    f"{self._prefix}{path} cannot be listed: {answer.words}",
                    scope=self._mount,
                    hint="check that the mount is still there",
                )
            yield answer

    def _in_detail(self, path: str) -> Generator[Answer, None, bool]:
        """The pages with all metadata; gives False when that is denied or unknown to the server (Vault's case)."""
        found = False
        try:
            for answer in pages(self._asker, f"{self._mount}detailed-metadata/{path}"):
                if not answer.found and not answer.empty:
                    return False
                found = True
                yield answer
        except AccessDeniedError:
            if found:  # the token ended on the way
                raise
        return found


def _folder(path: str, keys: Iterable[str], info: Mapping[str, Any] | None) -> Folder:
    unique = dict.fromkeys(keys)
    secrets = tuple(key for key in unique if not key.endswith("/"))
    return Folder(
        folders=tuple(path + key for key in unique if key.endswith("/")),
        secrets=tuple(path + key for key in secrets),
        # OpenBao 2.7 shows the metadata of the secret `app` at the folder `app/` as well.
        metadata={path + key: info[key] for key in secrets if info.get(key)} if info else {},
    )
