"""The progress bar: what it tells where somebody watches, and its silence elsewhere."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from keyproof.cli import progress
from keyproof.cli.progress import TerminalProgress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("watched", "variables"), [(True, {}), (True, {"CI": "1"}), (False, {})])
def test_it_shows_rate_and_time_left_to_those_who_watch(
    watched: bool, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    for name, value in {"TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    screen = Screen() if watched else io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with TerminalProgress(enabled=True) as bars:
        bars.begin("Searching app", 100)
        bars.advance(40)
        bars.begin("Reading trees", None)
        bars.advance(1)
    assert ("Searching app" in screen.getvalue()) is (watched and not variables)


def test_the_rate_is_units_a_second() -> None:
    seconds = iter(range(100))
    screen = Screen()
    console = Console(file=screen, force_terminal=True, width=100)
    with Progress(
        progress.Rate(), console=console, auto_refresh=False, get_time=lambda: next(seconds)
    ) as bars:
        task = bars.add_task("", total=4000)
        assert str(progress.Rate().render(bars.tasks[0])) == ""
        for _ in range(3):
            bars.advance(task, 1500)
        assert str(progress.Rate().render(bars.tasks[0])).endswith("/s")
        assert "," in str(progress.Rate().render(bars.tasks[0]))
