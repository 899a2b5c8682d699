"""Leak sources ready to run; the hook comes this way too, so nothing heavy is imported here."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from keyproof.leaks.acceptance import Acceptance
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.detection.scanner import Scanner
from keyproof.leaks.git.blobs import SearchBlobs, search_blobs
from keyproof.leaks.git.coverage import LARGEST
from keyproof.leaks.git.range import Range
from keyproof.leaks.git.repository import Repository, enclosing_work_tree
from keyproof.leaks.glance import cache_folder, note
from keyproof.leaks.key import load_key
from keyproof.leaks.seal import Sealer
from keyproof.leaks.source import GitLeakSource, Mode
from keyproof.ports import LeakSource, Surroundings
from keyproof.resources import policies

if TYPE_CHECKING:
    from keyproof.leaks.explanation import Explanation
    from keyproof.leaks.git.reading import OpenReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How much is searched, and with what."""

    mode: str = "history"
    """`history`, `staged`, `worktree` or `range A..B`."""
    largest: int = LARGEST
    """Bytes; larger blobs and files are skipped with a reason, and the search is then not complete."""
    detect_secrets: bool = False
    """Whether the plugins of detect-secrets look too; what only they see is possible, never likely."""
    from_hook: bool = False
    """Whether git runs us as a hook, so that its index and quarantine are the ones to read."""
    jobs: int = 0
    """Processes that search a history; 0 for one a core."""
    follow_deltas: bool = True
    """Whether packs are searched along their deltas; the result is the same either way."""
    archives: bool = True
    """Whether archives, documents and notebooks are opened."""
    submodules: bool = False
    """Whether the submodules that are checked out are searched as well, each as a repository of its own."""
    rules: tuple[Path, ...] = ()
    """Rule files of other tools whose rules look too."""
    remember: bool = True
    """Whether what was found before is used again where nothing has changed since."""
    new_to: str = ""
    """Of a range: a remote, what is known to be on whose branches is left out."""


def leak_sources(path: Path, search: Search, *, name: str, surroundings: Surroundings) -> list[LeakSource]:
    """The source for `path`, and with `submodules` those of all below it, each named after its path in the one above.

    Raises what leak_source raises, and HistoryError when the submodules cannot be listed.
    """
    inner = _submodules(path, surroundings) if search.submodules and search.mode == "history" else {}
    source = leak_source(path, search, name=name, surroundings=surroundings, apart=frozenset(inner))
    below = (
        leak_sources(folder, search, name=f"{name}/{inside}", surroundings=surroundings)
        for inside, folder in inner.items()
    )
    return [source, *(one for sources in below for one in sources)]


def _submodules(path: Path, surroundings: Surroundings) -> dict[str, Path]:
    from keyproof.leaks.git.submodules import checked_out  # noqa: PLC0415 (not for the hook)

    return dict(checked_out(Repository.open(path, surroundings.environ)))


def leak_source(
    path: Path, search: Search, *, name: str, surroundings: Surroundings, apart: frozenset[str] = frozenset()
) -> LeakSource:
    """A source that searches `path`, called `name` in subject ids; the submodules `apart` have sources of their own.

    Raises ConfigError for a range that is none or an unusable key, PolicyError for a broken detector file.
    """
    scanner = _scanner(search, surroundings.environ)
    key = load_key(surroundings.environ)
    sealer = Sealer(key=key, detectors=scanner.detectors, judge=Acceptance(path))
    if search.mode == "worktree":
        from keyproof.leaks.folder import FolderLeakSource  # noqa: PLC0415 (the hook reads no files)

        return FolderLeakSource(
            name=name,
            path=path,
            scanner=scanner,
            sealer=sealer,
            largest=search.largest,
            archives=search.archives,
        )
    is_range = search.mode.startswith("range ")
    source = GitLeakSource(
        name=name,
        path=path,
        mode=(
            Range.parse(search.mode.removeprefix("range "), known_to=search.new_to)
            if is_range
            else Mode(search.mode)
        ),
        scanner=scanner,
        sealer=sealer,
        environ=surroundings.environ,
        largest=search.largest,
        archives=search.archives,
        apart=apart,
        from_hook=search.from_hook,
        search=_search_blobs(search, scanner),
        opened=_reading(search),
    )
    if search.mode != "history" or not search.remember or not (cache := cache_folder(surroundings.environ)):
        return source
    return _remembering(source, scanner, Path(cache), key, surroundings)


def explained(name: str, search: Search, surroundings: Surroundings) -> "tuple[Explanation, ...]":
    """What every detector makes of the line `name`, as Place.read takes it. Raises ConfigError, HistoryError, PolicyError."""
    from keyproof.leaks.explanation import explain  # noqa: PLC0415 (not for the hook)
    from keyproof.leaks.place import Place  # noqa: PLC0415

    place = Place.read(name, surroundings.root, surroundings.environ)
    root = enclosing_work_tree(surroundings.root) or surroundings.root
    return explain(place, _scanner(search, surroundings.environ), Acceptance(root))


def secrets_baseline(path: Path, search: Search, surroundings: Surroundings) -> str:
    """A `.secrets.baseline` of detect-secrets that accepts what the files below `path` hold now, but examples.

    It holds unsalted SHA-1 digests, as that tool needs them. Raises what leak_source raises.
    """
    from keyproof.domain.leak import LeakConfidence  # noqa: PLC0415 (not for the hook)
    from keyproof.leaks.detection import baseline  # noqa: PLC0415
    from keyproof.leaks.folder import FolderLeakSource  # noqa: PLC0415

    source = leak_source(path, replace(search, mode="worktree"), name="", surroundings=surroundings)
    assert isinstance(source, FolderLeakSource)
    found = {
        file: (text, [match for match in matches if match.confidence is not LeakConfidence.EXAMPLE])
        for file, text, matches in source.matches()
        if file != ".secrets.baseline"
    }
    return baseline.render(found, at=surroundings.clock.now())


def _remembering(
    source: GitLeakSource, scanner: Scanner, cache: Path, key: bytes, surroundings: Surroundings
) -> LeakSource:
    """The source with a memory: for blobs found clean, and for the whole when nothing changed."""
    from keyproof.leaks.git.known import SearchNew  # noqa: PLC0415 (not for the hook)
    from keyproof.leaks.git.state import state_of  # noqa: PLC0415
    from keyproof.leaks.remembered import RememberedSource  # noqa: PLC0415
    from keyproof.store.clean_blobs import CleanBlobFiles  # noqa: PLC0415
    from keyproof.store.kept_scans import KeptScanFiles  # noqa: PLC0415

    options = repr((scanner.digest, source.largest, source.archives))
    engine = sha256(options.encode()).digest()
    clean = CleanBlobFiles(folder=cache / "clean", key=key)

    def state() -> bytes | None:
        repository = Repository.open(source.path, source.environ)
        found = state_of(repository, surroundings.clock.now())
        about = repr((source.name, sorted(source.apart), engine, found))
        return sha256(about.encode()).digest() if found else None

    return RememberedSource(
        source=replace(source, search=SearchNew(source.search, clean, engine)),
        kept=KeptScanFiles(folder=cache / "scans", key=key),
        state=state,
    )


def _scanner(search: Search, environ: Mapping[str, str]) -> Scanner:
    folder = policies() / "detectors"
    kept = cache_folder(environ)
    cache = Path(kept) if kept else None
    scanner = open_scanner(folder, cache=cache, rules=search.rules, detect_secrets=search.detect_secrets)
    if kept and not search.detect_secrets and not search.rules:  # for the hook's first look
        over_lines = [number for number, one in enumerate(scanner.detectors.values()) if one.multiline]
        note(kept, str(folder), scanner.digest, over_lines)
    return scanner


def _search_blobs(search: Search, scanner: Scanner) -> SearchBlobs:
    if search.mode == "staged" or not search.follow_deltas:
        return search_blobs
    from keyproof.leaks.git.families import PackSearch  # noqa: PLC0415 (a hook needs no packs and no processes)

    return PackSearch(look=scanner.look, jobs=search.jobs or os.cpu_count() or 1)


def _reading(search: Search) -> "OpenReading | None":
    """How a whole history is read: from its packs in place where the installation was compiled, else by git."""
    if search.mode != "history" or not search.follow_deltas:
        return None
    try:
        from keyproof.leaks.git.in_place import in_place  # noqa: PLC0415 (not for the hook)
    except ImportError:
        return None
    return in_place


def told_of_rules(paths: Sequence[Path]) -> Iterator[str]:
    """What becomes of the rules of other tools: the numbers, and each that is not taken over as it is. Raises PolicyError."""
    from keyproof.leaks.detection.foreign_rules import Outcome, read_all  # noqa: PLC0415 (not for the hook)

    rules = read_all(paths)
    counts = Counter(rule.outcome for rule in rules)
    yield "rules: " + ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome)
    for rule in rules:
        if rule.reason:
            yield f"{rule.outcome}: {rule.id}: {rule.reason}"


def repository_root(path: Path) -> Path:
    """Root of the work tree that `path` lies in, or `path` itself when it lies in none."""
    return enclosing_work_tree(path) or path


def hooks_folder(path: Path, surroundings: Surroundings) -> Path:
    """Where git looks for the hooks of the repository at `path`: `core.hooksPath` when the user set one.

    Raises NotARepositoryError.
    """
    from git import Repo  # noqa: PLC0415 (the hook itself must not import it)

    repository = Repository.open(repository_root(path), surroundings.environ)
    with Repo(repository.path) as repo:
        chosen = repo.config_reader().get_value("core", "hooksPath", default="")
    return repository.path / Path(str(chosen)).expanduser() if chosen else repository.common_dir / "hooks"
