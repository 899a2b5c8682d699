"""What changed between two recorded runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from keyproof.app.episodes import Episode, comparable, episodes, open_after
from keyproof.domain.ledger import RunEntry
from keyproof.errors import ConfigError
from keyproof.ports import Progress, RunStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The failures of two runs, each in exactly one place; the older run comes first."""

    before: RunEntry
    after: RunEntry
    new: tuple[Episode, ...]
    fixed: tuple[Episode, ...]
    """Open after the older run and closed by the newer, whatever closed them: see `Episode.closing`."""
    still_open: tuple[Episode, ...]
    unseen: tuple[Episode, ...]
    """Open, and the newer run could not tell: never the same as fixed."""

    @property
    def policy_changed(self) -> bool:
        """Whether the two were judged by different policies."""
        return self.before.policy_digest != self.after.policy_digest

    @property
    def scope_changed(self) -> bool:
        """Whether the two were configured differently."""
        return self.before.config_digest != self.after.config_digest


def diff(
    runs: Sequence[RunEntry], before: RunEntry, after: RunEntry, store: RunStore, *, progress: Progress
) -> Diff:
    """Compare two of `runs` (oldest first) in either order; ages count from the whole ledger.

    Raises ConfigError when they did not look at the same, and StoreError.
    """
    if before.order > after.order:
        before, after = after, before
    known = comparable(runs, after)
    if before not in known:
        message = f"run {before.number} and run {after.number} did not look at the same"
        hint = "compare two scans of one organisation, or two searches of repositories"
        raise ConfigError(message, hint=hint)
    told = [run for run in known if run.order <= after.order and (not run.supposed or run in (before, after))]
    found = episodes(told, store, progress)
    earlier = {(one.finding, one.opened.number) for one in open_after(found, before)}
    now = open_after(found, after)
    seen = [one for one in now if after.number not in one.unseen]
    return Diff(
        before=before,
        after=after,
        new=tuple(one for one in seen if (one.finding, one.opened.number) not in earlier),
        fixed=tuple(
            one
            for one in found
            if (one.finding, one.opened.number) in earlier
            and one.closed is not None
            and one.closed.order <= after.order
        ),
        still_open=tuple(one for one in seen if (one.finding, one.opened.number) in earlier),
        unseen=tuple(one for one in now if after.number in one.unseen),
    )
