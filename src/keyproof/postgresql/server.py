"""Asking a PostgreSQL server about its roles: read-only, one statement at a time, no password ever."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    MissingExtraError,
)
from keyproof.value_operations import ValueOperationError, returns_value

ROLES = """\
select oid::bigint, rolname, rolcanlogin, rolsuper, rolcreaterole, rolreplication, rolbypassrls,
  rolvaliduntil is not null and isfinite(rolvaliduntil),
  case when isfinite(rolvaliduntil) then extract(epoch from rolvaliduntil)::float8 end
from pg_catalog.pg_roles order by rolname"""
MEMBERS = "select roleid::bigint, member::bigint, admin_option from pg_catalog.pg_auth_members"
SETTINGS = """\
select name, setting from pg_catalog.pg_settings where name in
  ('server_version', 'ssl', 'password_encryption', 'scram_iterations', 'log_connections', 'log_destination',
   'logging_collector', 'log_statement', 'track_commit_timestamp')"""
WRITTEN = """\
select oid::bigint, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 from pg_catalog.pg_authid"""
KINDS = "select role, kind from keyproof.password_kinds()"
HBA = "select type, user_name, auth_method from pg_catalog.pg_hba_file_rules where error is null order by line_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Exception):  # noqa: N818 (an answer, not a failure of the scan)
    """The server did not run one statement: a right or an object is missing."""

    reason: str
    missing: bool
    """True where the object asked for is not there at all."""


class Server:
    """One read-only session."""

    def __init__(self, connection: Any, errors: Any, scope: str) -> None:
        self._connection, self._errors, self._scope = connection, errors, scope

    @property
    def user(self) -> str:
        """The role that asks."""
        return str(self._connection.info.user)

    @property
    def encrypted(self) -> bool:
        """Whether this session runs over TLS."""
        return bool(self._connection.pgconn.ssl_in_use)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the statement gives. Raises Refusal, BackendUnreachableError, BackendProtocolError."""
        if returns_value(statement):
            raise ValueOperationError(statement)
        try:
            return list(self._connection.execute(statement).fetchall())
        except self._errors.InsufficientPrivilege as error:
            raise Refusal(reason=_words(error), missing=False) from None
        except (
            self._errors.UndefinedFunction,
            self._errors.UndefinedTable,
            self._errors.InvalidSchemaName,
            self._errors.ObjectNotInPrerequisiteState,
        ) as error:
            raise Refusal(reason=_words(error), missing=True) from None
        except self._connection.OperationalError as error:
            raise BackendUnreachableError(
                f"the server broke off: {_words(error)}", scope=self._scope, hint="scan again"
            ) from None
        except self._connection.Error as error:
            hint = "report this with the server's version"
            raise BackendProtocolError(_words(error), scope=self._scope, hint=hint) from None


@contextmanager
def connect(
    address: str, *, scope: str, environ: Mapping[str, str], timeout: float, ca_cert: str
) -> Iterator[Server]:
    """A session as the role of `address` or of PGUSER, with the password of PGPASSWORD or a password file.

    Raises MissingExtraError, AccessDeniedError, BackendUnreachableError.
    """
    try:
        import psycopg  # noqa: PLC0415 (only a scan of this source needs it)
        from psycopg import errors  # noqa: PLC0415 (same)
    except ImportError:
        raise MissingExtraError(scope=scope, extra="postgres") from None
    given: dict[str, Any] = {
        "password": environ.get("PGPASSWORD"),
        "passfile": environ.get("PGPASSFILE"),
        "user": None if urlsplit(address).username else environ.get("PGUSER"),
        "sslrootcert": ca_cert or environ.get("PGSSLROOTCERT"),
        "sslmode": None if "sslmode" in parse_qs(urlsplit(address).query) else environ.get("PGSSLMODE"),
    }
    try:
        connection = psycopg.connect(
            address,
            **{name: value for name, value in given.items() if value},
            autocommit=True,
            connect_timeout=max(2, round(timeout)),
            application_name="keyproof",
            options=f"-c default_transaction_read_only=on -c statement_timeout={round(timeout * 1000)}",
        )
    except psycopg.OperationalError as error:
        raise _not_connected(error, address, scope) from None
    with connection:
        yield Server(connection, errors, scope)


def _not_connected(error: Exception, address: str, scope: str) -> AccessDeniedError | BackendUnreachableError:
    said, where = _words(error), host_of(address)
    denied = ("authentication failed", "no pg_hba.conf entry", "no password supplied", "permission denied")
    if any(words in said for words in denied) or ("role" in said and "does not exist" in said):
        hint = "check user and password (PGUSER, PGPASSWORD, PGPASSFILE) and pg_hba.conf"
        return AccessDeniedError(f"{where} refuses the login: {said}", scope=scope, hint=hint)
    hint = "check the address, the network and whether the server runs"
    return BackendUnreachableError(f"{where} cannot be reached: {said}", scope=scope, hint=hint)


def host_of(address: str) -> str:
    """Host and port as they stand in subject ids; a socket's folder counts as `local`."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", [""])[0]
    port = parts.port or query.get("port", ["5432"])[0]
    return f"{'local' if not host or host.startswith('/') else host}:{port}"


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
