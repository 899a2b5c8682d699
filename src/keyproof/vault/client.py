"""One namespace of a server, asked with patience, and the places in it that are read one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from keyproof.errors import BackendUnreachableError
from keyproof.retry import RetryBudget, ThrottledError
from keyproof.vault.api import Answer, Connection
from keyproof.vault.tree import pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A mount of a namespace, which is a scope of its own."""

    namespace: str
    """Empty or ending in `/`."""
    mount: str
    """Ending in `/`; empty when the mounts of the namespace could not be listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A namespace of the server: asks again while the server is busy."""

    connection: Connection
    budget: RetryBudget
    scope: str
    namespace: str = ""

    def ask(
        self, verb: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Answer:
        """As `Connection.ask`, but a server that stays busy raises BackendUnreachableError."""
        try:
            return self.budget.call(lambda: self._ask_once(verb, path, params, body))
        except ThrottledError as error:
            hint = "scan at a quieter hour, raise the server's rate limit quota, or raise max-wait"
            raise BackendUnreachableError(
                f"the server stays busy: {error}", scope=self.scope, hint=hint
            ) from error

    def _ask_once(self, verb: str, path: str, params: Mapping[str, Any] | None, body: Any) -> Answer:
        answer = self.connection.ask(verb, path, namespace=self.namespace, params=params, body=body)
        if answer.busy:
            raise ThrottledError(f"{answer.status}, {answer.words}", after=answer.retry_after)
        return answer

    def keys(self, path: str) -> list[str]:
        """What `path` lists; empty when nothing is there."""
        return list(dict.fromkeys(key for answer in pages(self, path) for key in answer.keys))

    def read(self, path: str) -> Mapping[str, Any] | None:
        """The data at `path`, None when there is none."""
        answer = self.ask("GET", path)
        return answer.data if answer.found else None

    def at(self, namespace: str) -> Self:
        """The same connection, asking another namespace."""
        return replace(self, namespace=namespace)


def slashed(name: str) -> str:
    """The path with one `/` at its end and none before it; empty for none."""
    name = name.strip("/")
    return f"{name}/" if name else ""
