"""The pages of the run ledger, as a person reads them."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from keyproof.app.diff import diff
from keyproof.app.period import look_back
from keyproof.cli import runs_text
from keyproof.domain.assessment import ScopeStatus
from tests.app.test_episodes import START, Ledger, secret
from tests.app.test_period import ASKED
from tests.fakes.ports import SilentProgress


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Ten days with a bit of everything."""
    ledger = Ledger(tmp_path)
    ledger.run(0, secret("late", 28, 0), secret("new", 5, 0), secret("lost", 40, 0))
    ledger.run(1, secret("late", 29, 1), secret("new", 6, 1), secret("lost", 41, 1))
    ledger.run(4, secret("late", 32, 4), secret("new", 9, 4), secret("lost", None, 4))
    ledger.run(5, status=ScopeStatus.DENIED, narrowed=("--source vault",))
    ledger.run(
        8, secret("late", 2, 8), secret("evil\n\x1b[2J", 50, 8), secret("lost", None, 8), policy="house"
    )
    ledger.run(9, secret("other", 0, 9), policy="other", sources=("aws",))
    return ledger


def without_digests(page: str) -> str:
    return re.sub(r"\b[0-9a-f]{12,64}\b", lambda match: "0" * len(match[0]), page)


def test_a_list(ledger: Ledger) -> None:
    assert without_digests(runs_text.run_list(ledger.store.runs())) == snapshot("""\
run  read                  by    exit  pass  fail  waived  not eval.  digest
1    2026-01-01 06:00 UTC  scan  1     2     1     0       0          000000000000
2    2026-01-02 06:00 UTC  scan  1     2     1     0       0          000000000000
3    2026-01-05 06:00 UTC  scan  1     1     1     0       1          000000000000
4    2026-01-06 06:00 UTC  scan  3     0     0     0       1          000000000000  1 of 1 scopes could not be read in full; narrowed by --source vault
5    2026-01-09 06:00 UTC  scan  1     1     1     0       1          000000000000
6    2026-01-10 06:00 UTC  scan  0     1     0     0       0          000000000000
""")


def test_a_difference(ledger: Ledger) -> None:
    runs = ledger.store.runs()
    assert runs_text.diff_page(
        diff(runs, runs[1], runs[4], ledger.store, progress=SilentProgress())
    ) == snapshot("""\
Run 2 (2026-01-02 06:00 UTC) to run 5 (2026-01-09 06:00 UTC)

New: 1
  severity  open  what                     rule       owner
  medium    0 d   evil[U+000A][U+001B][2J  house/age  Ops    overdue by 20 days: value of 2025-11-20 06:00 UTC (version-created) was due 2025-12-20 under 30d

Still open: 0

Not looked at: 1
  severity  open  what  rule       owner
  medium    8 d   lost  house/age  Ops    overdue by 11 days: value of 2025-11-22 06:00 UTC (version-created) was due 2025-12-22 under 30d

Closed: 0
""")


def test_a_difference_after_a_change_of_the_demand(ledger: Ledger) -> None:
    runs = ledger.store.runs()
    page = runs_text.diff_page(diff(runs, runs[4], runs[5], ledger.store, progress=SilentProgress()))
    assert page == snapshot("""\
Run 5 (2026-01-09 06:00 UTC) to run 6 (2026-01-10 06:00 UTC)
The policy changed between them.

New: 0

Still open: 0

Not looked at: 0

Closed: 2
  severity  open  what                     rule       owner
  medium    9 d   lost                     house/age  Ops    dropped: 'vault' is no longer read
  medium    1 d   evil[U+000A][U+001B][2J  house/age  Ops    dropped: 'vault' is no longer read
""")


def test_a_period(ledger: Ledger) -> None:
    asked = replace(ASKED, sample=1, last=ASKED.last + timedelta(days=20), now=START + timedelta(days=11))
    page = runs_text.period_page(
        look_back(ledger.store.runs(), asked, ledger.store, progress=SilentProgress())
    )
    assert without_digests(page) == snapshot("""\
Example Ltd: 2026-01-01 to 2026-01-11 (asked to 2026-01-30, which is not over)

Cadence: 6 runs, asked for daily: not kept
  no complete run from 2026-01-03 to 2026-01-04 (2 days)
  no complete run from 2026-01-06 to 2026-01-08 (3 days)
  no complete run on 2026-01-11 (1 day)
  run 4 of 2026-01-06 does not count: 1 of 1 scopes could not be read in full; narrowed by --source vault

Exceptions: 3, 0 open at the end
  opened      closed      open  severity  what                     rule       owner  evidence
  2026-01-01  2026-01-10  9 d   medium    lost                     house/age  Ops    dropped by run 6: 'vault' is no longer read (not looked at by 3 runs)
  2026-01-05  2026-01-09  4 d   medium    late                     house/age  Ops    fixed by run 5: due in 28 days: value of 2026-01-07 06:00 UTC (version-created) is 2 days old, due 2026-02-06 under 30d (not looked at by 1 run)
  2026-01-09  2026-01-10  1 d   medium    evil[U+000A][U+001B][2J  house/age  Ops    dropped by run 6: 'vault' is no longer read

Overdue by version history, of 11 days: 3 of 5 secrets with a rotation period
  secret                   rule             period  overdue  rotated
  evil[U+000A][U+001B][2J  house/age        30d     9 d      none        2 days not known; no version list: rotations between runs may be missing
  lost                     house/age        30d     9 d      none        2 days not known; no version list: rotations between runs may be missing
  late                     house/age        30d     4 d      2026-01-07  2 days not known; no version list: rotations between runs may be missing
  new                      house/age        30d     0 d      none        6 days not known; no version list: rotations between runs may be missing
  other                    house/other-age  300d    0 d      2026-01-10  11 days not known; no version list: rotations between runs may be missing

policy 0000000000000000 from 2026-01-01
policy 0000000000000000 from 2026-01-10
keyproof.yaml c from 2026-01-01

Sample of runs: 1 of 6, seed s
  run 4 0000000000000000000000000000000000000000000000000000000000000000
Sample of secrets: 1 of 5, seed s
  vault://h/kv/late
""")


def test_a_long_period_shows_the_worst(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.run(9, *(secret(f"s{number:02}", 40, 9) for number in range(25)))
    page = runs_text.period_page(
        look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    )
    assert "  and 5 more: --format json" in page
