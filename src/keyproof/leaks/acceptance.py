"""What the search of one place accepts; read when there is something to judge, for most commits bring nothing in."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.blob import Match

if TYPE_CHECKING:
    from keyproof.leaks.detection.allow import Baseline

_BASELINE = ".secrets.baseline"


class Acceptance:
    """A seal.Judge for the repository, folder or file at `path`."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent if path.is_file() else path

    def __call__(self, match: Match, paths: Sequence[str]) -> tuple[LeakConfidence, str | None]:
        """See allow.judge."""
        from keyproof.leaks.detection.allow import judge  # noqa: PLC0415

        return judge(match, paths, self._baseline)

    @cached_property
    def _baseline(self) -> "Baseline | None":
        """The accepted findings of detect-secrets that lie in the work tree."""
        from keyproof.leaks.detection.allow import Baseline  # noqa: PLC0415

        try:
            return Baseline.parse((self._folder / _BASELINE).read_bytes(), _BASELINE)
        except OSError:
            return None
