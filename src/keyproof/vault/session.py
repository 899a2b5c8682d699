"""A session with a server: where it is, as whom it is asked, and which namespaces it has."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, CollectError
from keyproof.ports import Surroundings
from keyproof.retry import RetryBudget
from keyproof.vault.api import Connection
from keyproof.vault.client import Client, slashed
from keyproof.vault.config import VaultConfig, checked_address
from keyproof.vault.login import first, found_token, login_request, sendable


class Session:
    """Opens connections with one token, got once and shared by all threads."""

    def __init__(self, source: str, config: VaultConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._environ = surroundings.environ
        self._lock = Lock()
        self._token = ""

    @contextmanager
    def open(self, scope: str) -> Iterator[Client]:
        """A client of the server's root. Raises CollectError."""
        address = self.address(scope)
        authorities = self._config.ca_cert or first(
            self._environ, "BAO_CACERT", "VAULT_CACERT", "REQUESTS_CA_BUNDLE"
        )
        connection = Connection(
            address,
            scope=scope,
            environ=self._environ,
            authorities=str(self._surroundings.root / authorities) if authorities else "",
            timeout=self._config.timeout,
        )
        budget = RetryBudget(sleep=self._surroundings.sleep, total=self._config.max_wait)
        client = Client(connection=connection, budget=budget, scope=scope)
        try:
            connection.use(self._credential(client))
            yield client
        finally:
            connection.close()

    def address(self, scope: str) -> str:
        """The address configured. Raises CollectError."""
        address = self._config.address or first(self._environ, "BAO_ADDR", "VAULT_ADDR")
        if not address:
            hint = "set address in keyproof.yaml, or export VAULT_ADDR"
            raise CollectError("no server address is given", scope=scope, hint=hint)
        try:
            return checked_address(address)
        except ValueError as error:
            raise CollectError(str(error), scope=scope, hint="correct the address") from None

    def _credential(self, client: Client) -> str:
        with self._lock:
            if not self._token:
                self._token = self._log_in(client) if self._config.auth else found_token(self._environ)
            token = self._token
        if not sendable(token):
            what = "the token found has characters that no token has" if token else "no token is given"
            hint = "export VAULT_TOKEN or BAO_TOKEN, run `vault login`, or configure auth"
            raise AccessDeniedError(what, scope=client.scope, hint=hint)
        return token

    def _log_in(self, client: Client) -> str:
        assert self._config.auth is not None
        path, body = login_request(self._config.auth, self._environ, self._surroundings.root)
        try:
            answer = client.at(self._base_namespace()).ask("POST", path, body=body)
        except BackendProtocolError as error:  # a wrong role or secret id is a 400
            hint = "check role, secret id and the mount of the auth method"
            message = f"the server refuses the login at {path}"
            raise AccessDeniedError(message, scope=client.scope, hint=hint) from error
        granted = answer.body.get("auth")
        return str(granted.get("client_token", "")) if isinstance(granted, Mapping) else ""

    def _base_namespace(self) -> str:
        return slashed(self._config.namespace or first(self._environ, "BAO_NAMESPACE", "VAULT_NAMESPACE"))

    def namespaces(self, client: Client) -> tuple[list[str], list[str]]:
        """The namespaces to read, and those of them below which none could be listed."""
        base = self._base_namespace()
        asked = self._config.namespaces
        if "*" not in asked:
            return sorted({base + slashed(name) for name in asked}) or [base], []
        found, closed, waiting = [], [], [base]
        while waiting:
            namespace = waiting.pop()
            found.append(namespace)
            try:
                # A server without namespaces has no such path: the same as having none below.
                below = client.at(namespace).keys("sys/namespaces")
            except AccessDeniedError:
                if namespace == base:
                    raise
                closed.append(namespace)
            else:
                waiting += [namespace + slashed(key) for key in below]
        return sorted(found), closed

    @property
    def host(self) -> str:
        """Host and port as they stand in subject ids."""
        return urlsplit(self.address(self._source)).netloc.lower()

    def about(self, client: Client) -> Iterator[Evidence]:
        """As whom and what was asked."""
        yield Evidence(name="identity", value=f"vault://{self.host}: {_identity(client)}")
        yield Evidence(name="server version", value=_version(client))
        if client.namespace:
            yield Evidence(name="namespace", value=client.namespace.rstrip("/"))


def all_mounts(client: Client) -> Mapping[str, Any]:
    """Every mount of the namespace. Raises CollectError when there is no such namespace."""
    answer = client.ask("GET", "sys/mounts")
    if not answer.found:
        message = f"the namespace '{client.namespace.rstrip('/')}' cannot be read: {answer.words}"
        raise CollectError(message, scope=client.scope, hint="list them with `bao namespace list`")
    return answer.data


def _identity(client: Client) -> str:
    # A token of a namespace above may look itself up there only.
    for namespace in dict.fromkeys((client.namespace, "")):
        try:
            token = client.at(namespace).read("auth/token/lookup-self") or {}
        except AccessDeniedError:
            continue
        policies = [*(token.get("policies") or ()), *(token.get("identity_policies") or ())]
        return f"{token.get('display_name')} (policies {', '.join(map(str, policies))})"
    return "unknown, the token may not look itself up"


def _version(client: Client) -> str:
    standby = {"standbyok": "true", "perfstandbyok": "true"}
    try:
        health = client.at("").ask("GET", "sys/health", params=standby)
    except AccessDeniedError:  # a proxy in front may close it
        return "not stated"
    return str(health.body.get("version", "not stated"))
