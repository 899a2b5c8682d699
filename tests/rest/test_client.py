"""The client of REST sources: limits, TLS, pages, and what it refuses to ask."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.rest.client import RestClient, Server, token_of
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.refusals import LockedOutError, NotThereError
from keyproof.rest.transport import Answer
from keyproof.value_operations import ValueOperationError
from tests.fakes.certificates import make
from tests.fakes.ports import NOW, FixedClock
from tests.fakes.rest_server import Asked, Said, rest_server

LIST = "GET /things/{owner}"
FIXED = "GET /fixed?view=names"
POST = "POST /graphql"
VALUES = "GET /v1/vaults/{vault}/items/{item}"
OPERATIONS = {LIST: "things: read", FIXED: "fixed: read", POST: "graphql", VALUES: "never"}


class Recorded:
    """A server that answers what it was given, in order, and keeps what it was asked."""

    def __init__(self, *answers: Said) -> None:
        self.answers = list(answers)
        self.seen: list[Asked] = []

    def __call__(self, asked: Asked) -> Said:
        self.seen.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _client(
    address: str,
    *,
    naps: list[float] | None = None,
    environ: Mapping[str, str] | None = None,
    root: Path = Path("/"),
    remembered: dict[str, Answer] | None = None,
    **config: Any,
) -> RestClient:
    taken: list[float] = []
    here = Surroundings(
        root=root,
        environ=environ or {},
        clock=FixedClock(),
        sleep=(naps if naps is not None else taken).append,
    )
    server = Server(name="Store", address=address, operations=OPERATIONS, renewal="renew it")
    return RestClient(server, RestConfig.model_validate(config), here, scope="all", remembered=remembered)


@contextmanager
def _served(*answers: Said, **config: Any) -> Iterator[tuple[RestClient, Recorded]]:
    recorded = Recorded(*answers)
    with rest_server(recorded) as running, _client(f"{running.address}/base/", **config) as client:
        yield client, recorded


def test_parts_are_quoted_and_fixed_questions_always_sent() -> None:
    with _served(Said(body={"a": 1})) as (client, server):
        assert client.ask(LIST, {"owner": "a/b ?#ü"}, query={"per_page": 100}).body == {"a": 1}
        client.ask(FIXED, query={"page": 2})
    assert [asked.target for asked in server.seen] == [
        "/base/things/a%2Fb%20%3F%23%C3%BC?per_page=100",
        "/base/fixed?view=names&page=2",
    ]
    assert client.counts == {LIST: 1, FIXED: 1}
    assert [fact.name for fact in client.account()] == ["endpoint", "requests"]


def test_what_is_not_stated_or_hands_over_a_value_is_not_asked() -> None:
    with _served(Said(body={})) as (client, server):
        with pytest.raises(ValueOperationError):
            client.ask("GET /others")
        with pytest.raises(ValueOperationError):
            client.ask(VALUES, {"vault": "a", "item": "b"})
        with pytest.raises(ValueOperationError):
            client.ask(POST, json_body={"query": "{ project { ciVariables { nodes { key value } } } }"})
    assert server.seen == []


def test_bodies_have_their_types() -> None:
    with _served(Said(body={})) as (client, server):
        client.ask(POST, json_body={"query": "x"})
        client.ask(POST, form={"a": "b c"})
        client.ask(POST, text="key")
    assert [(asked.headers["content-type"], asked.body) for asked in server.seen] == [
        ("application/json", b'{"query": "x"}'),
        ("application/x-www-form-urlencoded", b"a=b+c"),
        ("text/plain", b"key"),
    ]


_RESET = str(int(NOW.timestamp()) + 30)


@pytest.mark.parametrize(
    ("status", "headers", "words", "nap"),
    [
        (429, {"Retry-After": "5"}, "", 5.0),
        (503, {"Retry-After": format_datetime(NOW.replace(minute=1), usegmt=True)}, "", 60.0),
        (403, {"Retry-After": "9"}, "You have exceeded a secondary rate limit", 9.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": _RESET}, "", 31.0),
        (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "12"}, "", 12.0),
    ],
    ids=["seconds", "date", "secondary", "window", "delta"],
)
def test_limits_are_kept_as_the_server_states_them(
    status: int, headers: dict[str, str], words: str, nap: float
) -> None:
    naps: list[float] = []
    busy = Said(status=status, headers=headers, body={"message": words})
    with _served(busy, Said(body=[]), naps=naps) as (client, _):
        assert client.ask(LIST, {"owner": "a"}).body == []
    assert naps == [nap]


@pytest.mark.parametrize(
    "headers", [{"Retry-After": "soon"}, {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "1"}, {}]
)
def test_without_a_usable_word_the_wait_is_jittered(headers: dict[str, str]) -> None:
    naps: list[float] = []
    busy = Said(status=403, headers=headers, body={"message": "API rate limit exceeded"})
    with _served(busy, Said(body=[]), naps=naps) as (client, _):
        client.ask(LIST, {"owner": "a"})
    assert len(naps) == 1
    assert 0 <= naps[0] <= 0.2


def test_a_wait_beyond_the_budget_is_not_begun() -> None:
    naps: list[float] = []
    limited = Said(status=403, headers={"Retry-After": "3000"}, body={"message": "slow down"})
    with (
        _served(limited, naps=naps, max_wait=10) as (client, _),
        pytest.raises(BackendUnreachableError, match="stays busy: 403, slow down") as caught,
    ):
        client.ask(LIST, {"owner": "a"})
    assert naps == []
    assert "max-wait" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (Said(status=401, body={}), LockedOutError, "expired"),
        (Said(status=400, body={"error": "invalid_grant"}), LockedOutError, "expired"),
        (Said(status=400, body={"error": "other"}), BackendProtocolError, "answers 400: other"),
        (Said(status=403, body={"message": "no"}), AccessDeniedError, "'things: read' is missing: no"),
        (Said(status=404, body={}), NotThereError, "answers 404 to both"),
        (Said(status=301, headers={"Location": "http://evil/x"}), BackendProtocolError, "moved to /x"),
        (Said(status=302), BackendProtocolError, "another place"),
        (Said(status=200, body=b"[" * 100_000), BackendProtocolError, "no JSON"),
        (Said(status=204, body=b""), BackendProtocolError, "no JSON"),
    ],
)
def test_refusals_have_names(said: Said, error: type[CollectError], words: str) -> None:
    with _served(said) as (client, server), pytest.raises(error, match=words):
        client.ask(LIST, {"owner": "a"})
    assert len(server.seen) == 1


def test_an_answer_without_an_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyproof.rest.connection.LARGEST", 1000)
    with (
        _served(Said(body=["x" * 2000])) as (client, _),
        pytest.raises(BackendProtocolError, match="more than 1000"),
    ):
        client.ask(LIST, {"owner": "a"})


def test_pages_follow_the_link_but_never_to_another_place() -> None:
    answers = [
        Said(body=[1], headers={"Link": '<https://evil.example/x?cursor=b%2F1>; rel="next"'}),
        Said(body=[2], headers={"Link": '<https://a/?p=1>; rel="first", <https://a/?cursor=c>; rel="next"'}),
        Said(body=[3], headers={"Link": '<https://a/?p=1>; rel="prev"'}),
    ]
    with _served(*answers) as (client, server):
        assert list(client.pages(LIST, {"owner": "a"}, query={"per_page": 1})) == [[1], [2], [3]]
    assert [asked.target for asked in server.seen] == [
        "/base/things/a?per_page=1",
        "/base/things/a?cursor=b%2F1",
        "/base/things/a?cursor=c",
    ]


def test_pages_go_on_after_one_that_is_unchanged() -> None:
    remembered: dict[str, Answer] = {}
    tagged = {"ETag": '"1"', "Link": '<https://a/?cursor=b>; rel="next"'}
    answers = [Said(body=[1], headers=tagged), Said(body=[2]), Said(status=304), Said(body=[2])]
    with rest_server(Recorded(*answers)) as server:
        for _ in range(2):
            with _client(server.address, remembered=remembered) as client:
                assert list(client.pages(LIST, {"owner": "a"})) == [[1], [2]]
        assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, None, '"1"', None]


def test_the_answer_to_a_question_in_a_body_is_not_remembered() -> None:
    remembered: dict[str, Answer] = {}
    with (
        rest_server(Recorded(Said(body=[1], headers={"ETag": '"1"'}))) as server,
        _client(server.address, remembered=remembered) as client,
    ):
        client.ask(POST, json_body={"a": 1})
    assert remembered == {}


def test_a_listing_that_goes_round_is_an_error() -> None:
    again = Said(body=[], headers={"Link": '<https://a/?page=2>; rel="next"'})
    with (
        _served(again) as (client, _),
        pytest.raises(BackendProtocolError, match="same page again and again"),
    ):
        list(client.pages(LIST, {"owner": "a"}))


def test_a_connection_that_was_closed_while_idle_is_opened_again() -> None:
    closing = Said(body=[], headers={"Connection": "close"})
    with _served(closing) as (client, server):
        client.ask(LIST, {"owner": "a"})
        client.ask(LIST, {"owner": "a"})
    assert len(server.seen) == 2


def test_tls_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    authority = make("authority", authority=True)
    certificate, key = make("server", issuer=authority).write(tmp_path, "server")
    (tmp_path / "ca.pem").write_text(authority.pem, encoding="ascii")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with rest_server(Recorded(Said(body=[1])), tls=context) as running:
        address = running.address
        with _client(address, root=tmp_path, ca_cert="ca.pem") as client:
            assert client.ask(LIST, {"owner": "a"}).body == [1]
        with (
            _client(address) as stranger,
            pytest.raises(BackendUnreachableError, match="not trusted") as caught,
        ):
            stranger.ask(LIST, {"owner": "a"})
        assert "ca-cert" in caught.value.hint
        with (
            _client(address.replace("https", "http")) as plain,
            pytest.raises(BackendUnreachableError),
        ):
            plain.ask(LIST, {"owner": "a"})
    (tmp_path / "none.pem").write_text("nothing", encoding="ascii")
    for name in ("none.pem", "missing.pem"):
        with pytest.raises(CollectError, match="cannot be used"):
            _client("https://127.0.0.1:9", root=tmp_path, ca_cert=name)


def test_a_server_without_tls_is_told_apart() -> None:
    with (
        rest_server(Recorded(Said(body=[]))) as server,
        _client(server.address.replace("http", "https")) as client,
        pytest.raises(BackendUnreachableError, match="does not agree on TLS"),
    ):
        client.ask(LIST, {"owner": "a"})


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine() -> None:
    environ = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "inside.example"}
    with rest_server(Recorded(Said(body=[1]))) as server, _client(server.address, environ=environ) as client:
        assert client.ask(LIST, {"owner": "a"}).body == [1]
    with (
        _client("http://outside.example", environ=environ) as far,
        pytest.raises(BackendUnreachableError, match="cannot be reached"),
    ):
        far.ask(LIST, {"owner": "a"})


def test_tokens_come_from_the_first_variable_that_is_set() -> None:
    assert token_of({"A": " ", "B": " x "}, "A", "B", scope="all") == "x"
    with pytest.raises(AccessDeniedError, match="A or B is not set"):
        token_of({}, "A", "B", scope="all")
    with pytest.raises(AccessDeniedError) as caught:
        token_of({"A": "héllo"}, "A", scope="all")
    assert "héllo" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "host",
        "ftp://host",
        "https://a:b@host",
        "https://host?x=1",
        "https://",
        "https://host:x",
        "https://[::1",
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match=r"address"):
        checked_address(address)
