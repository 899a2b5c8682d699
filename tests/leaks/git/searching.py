"""What the tests of the git half share: a scanner for made-up tokens and a source that uses it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keyproof.domain.leak import Leak, LeakConfidence, LeakScan, Occurrence
from keyproof.leaks.blob import Match
from keyproof.leaks.folder import FolderLeakSource
from keyproof.leaks.git.families import PackSearch
from keyproof.leaks.git.range import Range
from keyproof.leaks.seal import Sealer
from keyproof.leaks.source import GitLeakSource, Mode
from tests.fakes.repositories import GitRepository
from tests.leaks.git.compiled import available, fast

TOKEN = re.compile(rb"tok_[a-z0-9]{8}")
_KEY = b"0" * 32


@dataclass(frozen=True, slots=True)
class Detector:
    """Facts about the only detector there is here."""

    id: str = "made-up-token"
    title: str = "Made-up token"
    secret_class: str = "api-key"
    advice: str = "Rotate it."
    public_prefix: str = "tok_"


@dataclass(slots=True)
class TokenScanner:
    """Finds `tok_` and eight letters or digits; `# fine` on the line accepts it."""

    searched: list[bytes] = field(default_factory=list)

    def scan(self, content: bytes) -> tuple[Match, ...]:
        """See source.Scanner."""
        self.searched.append(content)
        for mark, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
            if content.startswith(mark):
                content = content[2:].decode(codec, "replace").encode()
        return tuple(self._match(content, found) for found in TOKEN.finditer(content))

    def quiet(self, content: bytes) -> bool:
        """See source.Scanner."""
        return b"tok_" not in content and b"\0" not in content

    def look(self, content: bytes) -> tuple[tuple[Match, ...], int]:
        """See walk.Look."""
        return self.scan(content), 0

    def _match(self, content: bytes, found: re.Match[bytes]) -> Match:
        start = content.rfind(b"\n", 0, found.start()) + 1
        line = content.count(b"\n", 0, start) + 1
        whole = content[start:].partition(b"\n")[0]
        return Match(
            detector="made-up-token",
            secret=found[0],
            line=line,
            column=found.start() - start + 1,
            end_line=line,
            confidence=LeakConfidence.LIKELY,
            marker="fine" if b"# fine" in whole else None,
        )


@dataclass(slots=True)
class Watch:
    """A progress that remembers."""

    totals: list[int | None] = field(default_factory=list)
    done: int = 0

    def begin(self, label: str, total: int | None) -> None:
        """See ports.Progress."""
        self.totals.append(total)

    def advance(self, units: int) -> None:
        """See ports.Progress."""
        self.done += units


def judge(match: Match, paths: Sequence[str]) -> tuple[LeakConfidence, str | None]:
    """A match in nothing but examples is an example."""
    example = bool(paths) and all(path.startswith("examples/") for path in paths)
    return LeakConfidence.EXAMPLE if example else match.confidence, match.marker


SEALER = Sealer(key=_KEY, detectors={"made-up-token": Detector()}, judge=judge)


def search(
    repository: GitRepository,
    mode: Mode | Range = Mode.HISTORY,
    *,
    environ: Mapping[str, str] | None = None,
    largest: int = 1 << 20,
    from_hook: bool = False,
    watch: Watch | None = None,
) -> LeakScan:
    """Search a repository for made-up tokens; a whole history in every way there is, which must agree."""
    scanner = TokenScanner()
    source = GitLeakSource(
        name="app",
        path=repository.path,
        mode=mode,
        scanner=scanner,
        sealer=SEALER,
        environ=environ if environ is not None else repository.environ,
        largest=largest,
        from_hook=from_hook,
    )
    scan = source.scan(watch or Watch())
    if mode is Mode.HISTORY and available():
        quick = replace(source, search=PackSearch(look=scanner.look), opened=fast().in_place)
        other = quick.scan(Watch())
        told, expected = other.coverage.problems, scan.coverage.problems
        # Of a damaged object git speaks twice: once when it is read, and once when it walks over it.
        assert set(told) <= set(expected)
        assert bool(told) is bool(expected)
        assert replace(other, coverage=replace(other.coverage, problems=expected)) == scan
    return scan


def search_folder(path: Path, *, largest: int = 1 << 20, watch: Watch | None = None) -> LeakScan:
    """Search plain files for made-up tokens."""
    source = FolderLeakSource(name="files", path=path, scanner=TokenScanner(), sealer=SEALER, largest=largest)
    return source.scan(watch or Watch())


def leak(scan: LeakScan, token: str) -> Leak:
    """The leak of one token; fails when it was not found."""
    wanted = SEALER.fingerprint(token.encode())
    return next(one for one in scan.leaks if one.fingerprint == wanted)


def occurrence(scan: LeakScan, token: str) -> Occurrence:
    """The only place of one token."""
    (only,) = leak(scan, token).occurrences
    return only


def paths(scan: LeakScan, token: str) -> list[str]:
    """Where one token stands."""
    return [one.path for one in leak(scan, token).occurrences]


def found(scan: LeakScan, *tokens: str) -> set[str]:
    """Those of `tokens` that were found."""
    fingerprints = {one.fingerprint for one in scan.leaks}
    return {token for token in tokens if SEALER.fingerprint(token.encode()) in fingerprints}
