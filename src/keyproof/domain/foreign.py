"""What another scanner reported: places only, never what stood there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ForeignFinding:
    """One line of another scanner's report."""

    path: str
    """From the root of the repository or folder, with slashes."""
    line: int
    """1-based; 0 when the report names none."""
    commit: str = ""
    """Full or short id; empty when the report names none."""
    rule: str = ""
    """The other scanner's word for it."""
