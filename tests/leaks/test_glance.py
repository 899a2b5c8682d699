"""The hook's first look says clean only where the search proper finds nothing, and leaves the rest to it."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.leaks import glance
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.seal import Sealer
from keyproof.leaks.source import GitLeakSource, Mode
from keyproof.resources import policies
from tests.fakes.repositories import GitRepository
from tests.leaks.decoding import packed
from tests.leaks.git.searching import Watch
from tests.leaks.git.test_packs import LINES
from tests.leaks.git.test_repository import stranger


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache") / "keyproof"
    open_scanner(policies() / "detectors", cache=folder)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "r")
    made.commit({"readme": "nothing here\npassword = 'kept as it is'\n", "gone": "f"})
    return made


def clean(repository: GitRepository, cache: Path, at: Path | None = None) -> bool:
    return glance.certainly_clean(str(at or repository.path), repository.environ, str(cache))


def test_an_ordinary_change_is_clean(repository: GitRepository, cache: Path) -> None:
    assert clean(repository, cache)
    repository.add(
        {"readme": "more\npassword = 'kept as it is'\nand more", "sub/new": "text\n" * 50, "empty": ""}
    )
    repository.git("rm", "--quiet", "gone")
    assert clean(repository, cache)
    assert clean(repository, cache, repository.path / "sub")


def test_a_new_line_with_a_name_is_left_to_the_search(repository: GitRepository, cache: Path) -> None:
    repository.add({"readme": "nothing here\npassword = 'no longer kept'\n"})
    assert not clean(repository, cache)
    repository.add(
        {"readme": "nothing here\npassword = 'kept as it is'\n", "copy": "password = 'kept as it is'\n"}
    )
    assert not clean(repository, cache), "it is new at this path"


@pytest.mark.parametrize(
    "content",
    [
        "plain".encode("utf-16"),
        b"text\0",
        packed.zipped({"a": b"a"}),
        packed.notebook("a = 1"),
        b"x" * (1 << 20) + b"x",
        b"-----BEGIN " + b"RSA PRIVATE KEY-----\n",
    ],
)
def test_content_out_of_the_ordinary_is_left_to_the_search(
    repository: GitRepository, cache: Path, content: bytes
) -> None:
    repository.add({"f": content})
    assert not clean(repository, cache)


def test_states_out_of_the_ordinary_are_left_to_the_search(repository: GitRepository, cache: Path) -> None:
    def staged(*command: str) -> bool:
        repository.git("reset", "--quiet", "--hard")
        repository.git(*command)
        return clean(repository, cache)

    blob = repository.blob(b"text")
    assert staged("update-index", "--add", "--cacheinfo", f"100644,{blob},f")
    assert not staged("update-index", "--add", "--cacheinfo", f"120000,{blob},f")
    assert not staged(
        "update-index", "--add", "--cacheinfo", f"160000,{repository.git('rev-parse', 'HEAD')},f"
    )
    assert not staged("update-index", "--add", "--cacheinfo", f"100644,{'1' * 40},f"), "it is not stored"
    repository.git("reset", "--quiet", "--hard")
    repository.git("switch", "--quiet", "--orphan", "unborn")
    assert not clean(repository, cache)
    repository.git("switch", "--quiet", "--discard-changes", "main")
    repository.add({f"f{number}": f"{number}" for number in range(200)})
    assert not clean(repository, cache), "more than a pipe takes"


def test_an_unmerged_path_is_left_to_the_search(repository: GitRepository, cache: Path) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.commit({"gone": "one"})
    repository.git("switch", "--quiet", "main")
    repository.commit({"gone": "two"})
    with pytest.raises(AssertionError):
        repository.git("merge", "--quiet", "side")
    assert not clean(repository, cache)


def test_without_a_repository_or_detectors_nothing_is_said(
    repository: GitRepository, cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "bare").mkdir()
    assert not clean(repository, cache, tmp_path / "bare")
    assert not clean(repository, tmp_path / "nothing")


def test_another_users_repository_is_left_to_the_search(
    repository: GitRepository, cache: Path, tmp_path: Path
) -> None:
    environ = {**repository.environ, "PATH": str(stranger(tmp_path / "bin"))}
    assert not glance.certainly_clean(str(repository.path), environ, str(cache))


def test_nothing_the_repository_configures_is_run(
    repository: GitRepository, cache: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    program = repository.path / "git"
    program.write_text(f"#!/bin/sh\ntouch '{trace}'\n")
    program.chmod(0o755)
    repository.write(".gitattributes", "* diff=hide filter=hide\n")
    repository.add({".gitattributes": "* diff=hide filter=hide\n", "f": "text"})
    for setting in (
        "core.fsmonitor",
        "diff.external",
        "diff.hide.textconv",
        "filter.hide.clean",
        "core.pager",
    ):
        repository.git("config", setting, str(program))
    trace.unlink(missing_ok=True)
    path = f"{repository.path}:{repository.environ['PATH']}"
    assert glance.certainly_clean(str(repository.path), {**repository.environ, "PATH": path}, str(cache))
    assert not trace.exists()


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """A cache and detectors to change."""
    folder = tmp_path / "detectors"
    folder.mkdir()
    shutil.copy(policies() / "detectors" / "github.yaml", folder)
    open_scanner(folder, cache=tmp_path / "own")
    return tmp_path / "own", folder


def test_changed_detectors_are_seen(repository: GitRepository, own: tuple[Path, Path]) -> None:
    kept, folder = own
    assert clean(repository, kept)
    path = folder / "github.yaml"
    path.write_text(path.read_text().replace("GitHub OAuth", "Another"))
    assert not clean(repository, kept)
    open_scanner(folder, cache=kept)
    assert clean(repository, kept)
    (folder / "new.yaml").write_text("")
    assert not clean(repository, kept)


@pytest.mark.parametrize("damage", ["", "x", "\n\n\n\n\n", None])
def test_a_damaged_note_or_database_says_nothing(
    repository: GitRepository, own: tuple[Path, Path], damage: str | None
) -> None:
    kept, folder = own
    (noted,) = kept.glob("glance-*")
    assert noted.stat().st_mode & 0o077 == 0
    if damage is None:
        (database,) = kept.glob("*.detectors")
        database.write_bytes(database.read_bytes()[:-100])
    else:
        noted.write_text(damage)
    assert not clean(repository, kept)
    open_scanner(folder, cache=kept)
    assert clean(repository, kept)


DOCUMENTS = st.lists(st.sampled_from([*LINES, "an import", "", "token = os.environ"]), max_size=8)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    before=st.dictionaries(st.sampled_from("ab"), DOCUMENTS),
    after=st.dictionaries(st.sampled_from("abc"), DOCUMENTS),
)
def test_what_is_clean_at_a_glance_is_clean(
    cache: Path, before: dict[str, list[str]], after: dict[str, list[str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = GitRepository.create(Path(folder) / "r")
        repository.commit({name: "\n".join(lines) for name, lines in before.items()})
        repository.add({name: "\n".join(lines) for name, lines in after.items()})
        if clean(repository, cache):
            scanner = open_scanner(policies() / "detectors", cache=cache)
            sealer = Sealer(
                key=b"0" * 32,
                detectors=scanner.detectors,
                judge=lambda match, _: (match.confidence, match.marker),
            )
            source = GitLeakSource(
                name="r", path=repository.path, mode=Mode.STAGED, scanner=scanner, sealer=sealer,
                environ=repository.environ,
            )  # fmt: skip
            scan = source.scan(Watch())
            assert (scan.leaks, scan.coverage.complete) == ((), True)


def test_no_home_is_no_cache() -> None:
    assert glance.cache_folder({}) is None
    assert glance.cache_folder({"HOME": "/h"}) == "/h/.cache/keyproof"
    assert glance.cache_folder({"HOME": "/h", "XDG_CACHE_HOME": "/c"}) == "/c/keyproof"
