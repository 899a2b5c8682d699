"""What every collector keeps to, each against its own estate; the clauses a kind excuses stand in its estate."""

import gc
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from keyproof.checks.max_age import MaxAge
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Evidence, Outcome
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Collector
from keyproof.value_operations import returns_value
from keyproof.wiring.catalog import COLLECTORS
from tests.fakes.estates.estate import CANARY, Clause, Estate, Grounds
from tests.fakes.estates.every import ESTATES
from tests.fakes.ports import NOW
from tests.fakes.secrets import context, evidence_of

MANY = 10_000
A_FEW_PAGES, ONE_ANSWER = 50_000, 260_000
"""Blocks of memory, the server's own included, that come to those of the first secret, and to those before anything was read.
Ten thousand secrets take 100,000 to 150,000 beside the answer they stand in."""
BUSY_SECONDS, TOO_LONG = 7, 31
_TOLD = (BackendUnreachableError, BackendProtocolError)

Law = TypeVar("Law", bound=Callable[..., None])
_run: dict[Clause, set[str]] = {}
"""Clause → the kinds its law is run for."""


def law(clause: Clause) -> Callable[[Law], Law]:
    """Run it for every estate that does not excuse the clause."""
    estates = [estate for estate in ESTATES if clause not in estate.excused]
    _run[clause] = {estate.kind for estate in estates}
    return pytest.mark.parametrize("estate", [_param(estate, clause) for estate in estates])


def _param(estate: Estate, clause: Clause) -> object:
    marks = [pytest.mark.server] if estate.server else []
    if clause is Clause.MANY and estate.each:
        marks.append(pytest.mark.many)
    return pytest.param(estate, id=estate.kind, marks=marks)


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    with ExitStack() as stack:
        yield Grounds(stack=stack, make_folder=lambda: tmp_path_factory.mktemp("estate"))


def _read(collector: Collector) -> tuple[list[Collected], CollectError | None]:
    items: list[Collected] = []
    try:
        for scope in collector.scopes():
            for item in collector.collect(scope):
                items.append(item)  # noqa: PERF402 (what came before an error has to stay)
    except CollectError as error:
        return items, error
    return items, None


def _secrets(items: Sequence[Collected]) -> list[SecretMetadata]:
    return [item for item in items if isinstance(item, SecretMetadata)]


def _names(items: Sequence[Collected]) -> list[str]:
    return [secret.name for secret in _secrets(items)]


def _gaps(items: Sequence[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def _words(items: Sequence[Collected], error: CollectError | None) -> str:
    """All that is said of what could not be read."""
    gaps = [f"{gap.scope}: {gap.reason}; {gap.hint}" for gap in _gaps(items)]
    return " ".join([*gaps, f"{error.message}; {error.hint}" if error else ""])


def _some(count: int) -> list[str]:
    return [f"NAME_{number:05}" for number in range(count)]


def test_every_cell_of_the_contract_is_run_or_excused_with_a_sentence() -> None:
    assert [estate.kind for estate in ESTATES] == sorted(COLLECTORS)
    assert _run.keys() == set(Clause)
    for estate in ESTATES:
        excused = {clause for clause in Clause if estate.kind not in _run[clause]}
        assert excused == set(estate.excused)
        assert all(len(why.split()) > 3 for why in estate.excused.values()), estate.kind
        assert bool(estate.page) == (Clause.PAGING not in estate.excused)


@law(Clause.EVERYTHING)
def test_everything_is_found_once(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(5), grounds) as running:
        items, error = _read(running.collector())
        assert (error, _gaps(items)) == (None, [])
        assert sorted(_names(items)) == sorted(map(running.told, _some(5)))
        ids = {secret.id for secret in _secrets(items)}
        assert len(ids) == 5
        assert all(identity.startswith(f"{estate.kind}://") for identity in ids)
        assert {secret.backend for secret in _secrets(items)} == {estate.kind}


@law(Clause.PAGING)
def test_every_page_is_read_and_told_before_the_next(estate: Estate, grounds: Grounds) -> None:
    names = _some(estate.several)
    with estate.open(names, grounds) as running:
        collector = running.collector()
        found: list[Collected] = []
        for scope in collector.scopes():
            for item in collector.collect(scope):
                if isinstance(item, SecretMetadata) and not _names(found):
                    assert running.listings == 1, "the first page is told before the second is asked for"
                found.append(item)
        assert sorted(_names(found)) == sorted(map(running.told, names))
        assert running.listings >= 3
        told = {item.name: item.value for item in found if isinstance(item, Evidence)}
        if estate.counted:
            assert re.findall(r"\d+", told[estate.counted])[:1] == [str(len(names))]


@law(Clause.EMPTY)
def test_nothing_there_is_neither_gap_nor_error(estate: Estate, grounds: Grounds) -> None:
    with estate.open([], grounds) as running:
        items, error = _read(running.collector())
        assert (error, _names(items), _gaps(items)) == (None, [], [])


@law(Clause.NAMES)
def test_names_that_are_hard_to_carry_arrive_whole(estate: Estate, grounds: Grounds) -> None:
    with estate.open(estate.odd, grounds) as running:
        items, error = _read(running.collector())
        assert (error, _gaps(items)) == (None, [])
        assert sorted(_names(items)) == sorted(map(running.told, estate.odd))
        ids = [secret.id for secret in _secrets(items)]
        assert len(set(ids)) == len(estate.odd)
        assert all(identity.isascii() and " " not in identity for identity in ids)


@law(Clause.BUSY)
def test_a_busy_server_is_waited_for_as_it_asks(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        running.throttle(times=2, after=BUSY_SECONDS)
        items, error = _read(running.collector())
        assert (error, len(_names(items))) == (None, 3)
        assert running.naps == [BUSY_SECONDS, BUSY_SECONDS]


@law(Clause.BUSY)
def test_a_server_that_stays_busy_is_unreachable(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        running.throttle(times=None, after=TOO_LONG)
        items, error = _read(running.collector())
        assert isinstance(error, BackendUnreachableError)
        assert re.search("busy|throttling", error.message)
        assert sum(running.naps) <= 60
        assert _names(items) == []


@law(Clause.EXPIRED)
def test_credentials_that_end_on_the_way_leave_what_was_read(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(estate.several), grounds) as running:
        running.expire(after=estate.before)
        items, error = _read(running.collector())
        assert error is None or isinstance(error, AccessDeniedError)
        assert re.search("expired|cannot be used|renew", _words(items, error))
        assert len(_names(items)) == estate.before * estate.page


@law(Clause.DENIED)
def test_a_right_that_is_missing_is_named(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        running.deny()
        items, error = _read(running.collector())
        rights = COLLECTORS[estate.kind].permissions
        if estate.right:
            assert any(estate.right in right for right in rights)
        assert any(right in _words(items, error) for right in ([estate.right] if estate.right else rights))
        assert bool(_names(items)) == estate.public


@law(Clause.STRANGER)
def test_without_credentials_nothing_is_asked(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        items, error = _read(running.collector(credentials=False))
        assert error
        assert error.hint
        assert not isinstance(error, _TOLD)
        assert (_names(items), running.asked) == ([], [])


@law(Clause.DELETED)
def test_what_was_deleted_and_can_come_back_is_told_as_such(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        gone = _some(3)[1]
        running.delete(gone)
        items, error = _read(running.collector(now=datetime.now(UTC) + timedelta(days=1)))
        assert (error, _gaps(items)) == (None, [])
        deleted = [secret.name for secret in _secrets(items) if secret.deletion]
        assert deleted == [running.told(gone)]
        assert len(_names(items)) == 3


@law(Clause.SEALED)
def test_a_server_that_serves_nothing_is_unreachable(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        running.seal()
        items, error = _read(running.collector())
        assert isinstance(error, BackendUnreachableError)
        assert _names(items) == []


@law(Clause.SLOW)
def test_a_server_that_does_not_answer_is_unreachable(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        running.stall()
        items, error = _read(running.collector(patience=0.2))
        assert isinstance(error, BackendUnreachableError)
        assert re.search("in time|[Tt]imeout", error.message)
        assert _names(items) == []


@pytest.mark.parametrize("honest", [False, True], ids=["cut", "half"])
@law(Clause.CUT)
def test_half_an_answer_is_no_answer(estate: Estate, grounds: Grounds, *, honest: bool) -> None:
    with estate.open(_some(3), grounds) as running:
        running.cut(honest=honest)
        items, error = _read(running.collector())
        assert isinstance(error, _TOLD) or _gaps(items)
        assert set(_names(items)) <= set(map(running.told, _some(3)))


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>sign in</html>"), (200, b'"text"'), (200, b""), (418, b"{}")],
    ids=["page", "text", "nothing", "teapot"],
)
@law(Clause.STRANGE)
def test_what_cannot_be_understood_is_an_error(
    estate: Estate, grounds: Grounds, status: int, body: bytes
) -> None:
    with estate.open(_some(3), grounds) as running:
        running.say(status, body)
        items, error = _read(running.collector())
        assert isinstance(error, _TOLD)
        assert _names(items) == []


@law(Clause.AWAY)
def test_a_server_that_goes_away_leaves_what_was_read(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(estate.several), grounds) as running:
        running.break_off(after=estate.before)
        items, error = _read(running.collector())
        assert isinstance(error, BackendUnreachableError)
        assert len(_names(items)) == estate.before * estate.page


@law(Clause.ABSENT)
def test_a_server_that_is_not_there_is_unreachable(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(1), grounds) as running:
        running.vanish()
        items, error = _read(running.collector())
        assert isinstance(error, BackendUnreachableError)
        assert error.hint
        assert _names(items) == []


@law(Clause.VALUES)
def test_no_value_is_asked_for_or_told(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(3), grounds) as running:
        items, error = _read(running.collector())
        assert (error, len(_names(items))) == (None, 3)
        assert running.asked
        assert [operation for operation in running.asked if returns_value(operation)] == []
        assert CANARY not in repr(items)


@pytest.mark.parametrize("skew", [timedelta(days=-4000), timedelta(days=4000)], ids=["behind", "ahead"])
@law(Clause.SKEW)
def test_a_wrong_clock_changes_no_date_and_passes_nothing(
    estate: Estate, grounds: Grounds, skew: timedelta
) -> None:
    now = NOW + skew
    with estate.open(_some(3), grounds) as running:
        right, wrong = (_secrets(_read(running.collector(now=at))[0]) for at in (NOW, now))
    assert len(wrong) == 3
    assert {one.id: one.facts for one in wrong} == {one.id: one.facts for one in right}
    assert all(one.value_date for one in wrong) == estate.dated
    for one in wrong:
        verdict = MaxAge(period="90d").evaluate(one, context(now))
        assert verdict.outcome is not Outcome.PASS
        assert "-" not in evidence_of(verdict).get("age", "")


@law(Clause.MANY)
def test_ten_thousand_secrets_are_not_kept(estate: Estate, grounds: Grounds) -> None:
    with estate.open(_some(MANY), grounds) as running:
        collector = running.collector()
        scopes = collector.scopes()
        gc.collect()
        found, held = 0, [sys.getallocatedblocks()]
        for scope in scopes:
            for item in collector.collect(scope):
                found += isinstance(item, SecretMetadata)
                if found % 50 == 1:  # to count takes a while
                    running.forget()
                    held.append(sys.getallocatedblocks())
        assert found == MANY
        assert max(held[1:]) - held[1] < A_FEW_PAGES
        assert estate.page or max(held) - held[0] < ONE_ANSWER
