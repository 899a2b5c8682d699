"""Runs git: the only module that starts a program, isolated from every configuration but `safe.directory`."""

import os
import subprocess
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Self

from keyproof.errors import GitFailedError, HistoryError, NotARepositoryError
from keyproof.leaks.git.isolation import SETTINGS, clean, command, find_git

_DUBIOUS = ("dubious ownership", "unsafe repository")
_AT_ONCE = 4096
"""Bytes that the pipe of every system takes without a reader."""
_STDERR_KEPT = 20
"""Lines of git's stderr that are kept."""


class GitProcess:
    """One running git: never deadlocks on what it is fed, and is ended when its block is left."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], fed: bool = False
    ) -> None:
        self._name = _subcommand(command)
        try:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=1 << 20,
            )
        except OSError as cause:
            raise GitFailedError(f"git could not be started: {cause.strerror}") from cause
        assert self._process.stdout
        assert self._process.stderr
        self.output: IO[bytes] = self._process.stdout
        """What git prints."""
        self._input: IO[bytes] | None = self._process.stdin
        self._words: deque[str] = deque(maxlen=_STDERR_KEPT)
        self._threads = [Thread(target=self._listen, args=(self._process.stderr,), daemon=True)]
        self._threads[0].start()

    def feed(self, pieces: Iterable[bytes]) -> None:
        """Write `pieces` to git's input, then close it: at once when they are few, else from a thread of its own."""
        rest = iter(pieces)
        first, second = next(rest, b""), next(rest, b"")
        if not second and len(first) <= _AT_ONCE:
            self._write([first])
            return
        thread = Thread(target=self._write, args=(chain((first, second), rest),), daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._close()

    def kill(self) -> None:
        """End git if it still runs."""
        if self._process.poll() is None:
            self._process.kill()

    def wait(self) -> int:
        """Wait for git to end by itself; its exit code."""
        self._close()
        return self._process.returncode

    def finish(self, *, accept: Sequence[int] = (0,)) -> int:
        """Wait for git to end. Raises GitFailedError with its last words when the exit code is not accepted."""
        code = self.wait()
        if code not in accept:
            raise GitFailedError(
                f"git {self._name} failed with exit code {code}: {self.last_words}",
                hint="run `git fsck --full` in the repository to see what is damaged",
            )
        return code

    @property
    def last_words(self) -> str:
        """The end of git's stderr as one line of printable text."""
        return "; ".join(self._words) or "it said nothing"

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(4096):
                text = "".join(c for c in line.decode("utf-8", "backslashreplace") if c.isprintable())
                if text:
                    self._words.append(text[:300])

    def _write(self, pieces: Iterable[bytes]) -> None:
        assert self._input
        try:
            with self._input as stream:
                for piece in pieces:
                    stream.write(piece)
        except (BrokenPipeError, ValueError):
            pass  # git ended before it read everything; its exit code says why

    def _close(self) -> None:
        if self._input and not self._input.closed and len(self._threads) == 1:
            self._input.close()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        self.output.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository that plumbing commands can be asked about, and nothing else."""

    path: Path
    """The folder that was named, absolute."""
    git_dir: Path
    """Where HEAD and the index of this work tree lie."""
    common_dir: Path
    """Where objects and refs lie; differs from `git_dir` in a linked worktree."""
    work_tree: Path | None
    """None for a bare repository."""
    object_format: str
    """`sha1` or `sha256`."""
    shallow: bool
    """Whether the history was cut when it was cloned."""
    quarantined: bool
    """Whether new objects wait in a quarantine for a pre-receive hook's word."""
    _git: str
    _environ: Mapping[str, str]

    @classmethod
    def open(cls, path: Path, environ: Mapping[str, str], *, from_hook: bool = False) -> Self:
        """Open the work tree, linked worktree, submodule or bare repository whose root is `path`.

        Folders above `path` are never searched. `environ` is the environment of the process; of its git
        variables only those of a running hook are kept, when `from_hook` says so.
        Raises NotARepositoryError, and GitFailedError when git is missing or refuses the repository.
        """
        root = Path(os.path.realpath(path))
        if not root.is_dir():
            raise NotARepositoryError(f"{path} is not a folder", hint="name an existing repository or folder")
        git = _find_git(environ, outside=root)
        env = clean(environ, from_hook=from_hook)
        shallow, object_format, git_dir = _discover(git, root, env, environ)
        work_tree = root if os.path.lexists(root / ".git") else None
        env["GIT_DIR"] = str(git_dir)
        if work_tree:
            env["GIT_WORK_TREE"] = str(work_tree)  # core.worktree of a hostile configuration loses
        return cls(
            path=root,
            git_dir=git_dir,
            common_dir=_common_dir(git_dir),
            work_tree=work_tree,
            object_format=object_format,
            shallow=shallow,
            quarantined="GIT_QUARANTINE_PATH" in env,
            _git=git,
            _environ=env,
        )

    @property
    def id_length(self) -> int:
        """Hex digits of an object id."""
        return 64 if self.object_format == "sha256" else 40

    @property
    def promised(self) -> bool:
        """Whether this is a partial clone: its remote promises objects that may be missing here."""
        return any((self.common_dir / "objects" / "pack").glob("*.promisor"))

    def start(self, *arguments: str, fed: bool = False) -> GitProcess:
        """Start a plumbing command, with an input when it will be `fed`; use it as a context manager."""
        return GitProcess(command(self._git, arguments), cwd=self.path, env=self._environ, fed=fed)

    def run(self, *arguments: str, feed: Sequence[bytes] = (), accept: Sequence[int] = (0,)) -> bytes:
        """Run a plumbing command to its end. Raises GitFailedError."""
        with self.start(*arguments, fed=bool(feed)) as process:
            if feed:
                process.feed(feed)
            output = process.output.read()
            process.finish(accept=accept)
        return output

    def resolve(self, revision: str) -> str | None:
        """The id of the object `revision` names, tags not peeled; None when there is none.

        A `revision` that looks like an option names nothing.
        """
        output = self.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", revision, accept=(0, 1, 128)
        )
        found = output.decode("ascii", "replace").strip()
        return found if len(found) == self.id_length else None


def enclosing_work_tree(path: Path) -> Path | None:
    """The nearest folder at or above `path` that holds a `.git`, or None."""
    folder = Path(os.path.realpath(path))
    return next((one for one in (folder, *folder.parents) if os.path.lexists(one / ".git")), None)


def _subcommand(command: Sequence[str]) -> str:
    return command[1 + 2 * len(SETTINGS)] if len(command) > 1 + 2 * len(SETTINGS) else command[-1]


def _find_git(environ: Mapping[str, str], *, outside: Path) -> str:
    git = find_git(environ, str(outside))
    if git is None:
        raise GitFailedError(
            f"no git was found on PATH outside {outside}", hint="install git, or add its folder to PATH"
        )
    return git


def _discover(
    git: str, root: Path, env: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[bool, str, Path]:
    """Whether the repository is shallow, its object format and its git folder."""
    env = {**env, "GIT_CEILING_DIRECTORIES": str(root.parent)}
    code, output, words = _ask(git, root, env)
    if code and any(word in words for word in _DUBIOUS):
        code, output, words = _ask_as_the_user_allows(git, root, env, environ)
    if code == 0:
        shallow, object_format, folder = output.removesuffix(b"\n").split(b"\n", 2)
        return shallow == b"true", object_format.decode(), Path(os.fsdecode(folder))
    raise _refusal(root, words)


def _ask(git: str, root: Path, env: Mapping[str, str]) -> tuple[int, bytes, str]:
    questions = ("rev-parse", "--is-shallow-repository", "--show-object-format", "--absolute-git-dir")
    with GitProcess(command(git, questions), cwd=root, env=env) as process:
        output = process.output.read()
        return process.wait(), output, process.last_words


def _ask_as_the_user_allows(
    git: str, root: Path, env: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[int, bytes, str]:
    """Ask again with the user's own `safe.directory`, the one setting that is the user's to make.

    It goes through a file because git before 2.38 honours it in no other place.
    """
    import tempfile  # noqa: PLC0415 (few repositories belong to another user)

    lines = "".join(f'\tdirectory = "{_quoted(value)}"\n' for value in _safe_directories(git, environ))
    with tempfile.NamedTemporaryFile("w", prefix="keyproof-", suffix=".gitconfig", encoding="utf-8") as file:
        file.write(f"[safe]\n{lines}")
        file.flush()
        return _ask(git, root, {**env, "GIT_CONFIG_GLOBAL": file.name})


def _safe_directories(git: str, environ: Mapping[str, str]) -> list[str]:
    """The user's `safe.directory` values, from the scopes git itself trusts."""
    allowed = ("GIT_CONFIG_", "GIT_CONFIG")
    env = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") or name.startswith(allowed)
    }
    command = [git, "config", "--null", "--show-scope", "--get-all", "safe.directory"]
    with GitProcess(command, cwd=Path("/"), env={**env, "LC_ALL": "C"}) as process:
        fields = process.output.read().decode("utf-8", "surrogateescape").split("\0")
        process.wait()
    pairs = zip(fields[::2], fields[1::2], strict=False)
    return [value for scope, value in pairs if scope in {"system", "global", "command"}]


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _refusal(root: Path, words: str) -> HistoryError:
    if any(word in words for word in _DUBIOUS):
        return GitFailedError(
            f"git refuses {root} because it belongs to another user",
            hint=f"if you trust it, run `git config --global --add safe.directory {root}`",
        )
    if "not a git repository" in words:
        above = enclosing_work_tree(root.parent)
        hint = (
            f"it lies inside the work tree {above}: name that folder, or use --worktree for the files alone"
            if above
            else "name a clone, or use --worktree to search files that git does not hold"
        )
        return NotARepositoryError(f"{root} is not the root of a git repository", hint=hint)
    return GitFailedError(f"git cannot open {root}: {words}", hint="run `git status` there to see more")


def _common_dir(git_dir: Path) -> Path:
    """See gitrepository-layout(5), `commondir`."""
    try:
        named = (git_dir / "commondir").read_bytes().rstrip(b"\n")
    except OSError:
        return git_dir
    return Path(os.path.normpath(git_dir / os.fsdecode(named)))
