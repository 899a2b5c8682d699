"""Real git repositories built by code: the same bytes, dates and ids everywhere, whatever the user's own setup."""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST = 1_700_000_000
"""Author date of the first commit, in seconds since 1970; each commit is a day after the one before it."""
DAY = 86_400


Files = Mapping[str, bytes | str] | Mapping[str, str] | Mapping[str, bytes] | Mapping[bytes, str]
"""Path → content."""


def git_environ(home: Path) -> dict[str, str]:
    """The environment of a user with an empty home and no settings."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
        **{f"GIT_{role}_NAME": "Ann Author" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "ann@example.com" for role in ("AUTHOR", "COMMITTER")},
    }


@dataclass(slots=True)
class GitRepository:
    """A repository on disk; every method that changes it is one plain git command."""

    path: Path
    environ: dict[str, str]
    commits: int = 0

    @classmethod
    def create(cls, path: Path, *options: str) -> "GitRepository":
        """A new empty repository; `options` are those of `git init`."""
        environ = git_environ(path.parent / "home")
        run("init", "--quiet", "--initial-branch=main", *options, str(path), cwd=path.parent, environ=environ)
        repository = cls(path, environ)
        repository.git("config", "gc.auto", "0")
        return repository

    def at(self, path: Path) -> "GitRepository":
        """Another work tree or clone, with the same environment."""
        return GitRepository(path, self.environ, self.commits)

    def git(self, *arguments: str, feed: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """Run git here; what it prints, without the final line end."""
        output = run(*arguments, cwd=self.path, environ={**self.environ, **(env or {})}, feed=feed)
        return output.decode("utf-8", "surrogateescape").removesuffix("\n")

    def write(self, name: str | bytes, content: bytes | str) -> None:
        """Write a file of the work tree."""
        target = self.path / os.fsdecode(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def add(self, files: Files) -> None:
        """Write files and stage them."""
        for name, content in files.items():
            self.write(name, content)
        if files:
            names = b"\0".join(os.fsencode(name) for name in files)
            self.git("add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul", feed=names)

    def commit(
        self,
        files: Files | None = None,
        *,
        remove: Sequence[str] = (),
        message: str = "Change something",
        options: Sequence[str] = (),
        author: str = "Ann Author <ann@example.com>",
    ) -> str:
        """Commit `files` on top of what is staged; the id of the commit."""
        self.add(files or {})
        if remove:
            self.git("rm", "--quiet", "--", *remove)
        self.git(
            "commit", "--quiet", "--allow-empty", f"--author={author}", "--file=-", *options,
            feed=message.encode(), env=self.dates(),
        )  # fmt: skip
        return self.git("rev-parse", "HEAD")

    def dates(self) -> dict[str, str]:
        """The dates of the next commit, a day after the last."""
        stamp = f"{FIRST + self.commits * DAY} +0200"
        self.commits += 1
        return {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}

    def merge(self, *branches: str, options: Sequence[str] = ()) -> str:
        """Merge branches into the current one; the id of the merge."""
        self.git("merge", "--quiet", "--no-ff", "--no-edit", *options, *branches, env=self.dates())
        return self.git("rev-parse", "HEAD")

    def blob(self, content: bytes) -> str:
        """Store a blob that nothing refers to; its id."""
        return self.git("hash-object", "-w", "--stdin", feed=content)

    def clone(self, target: Path, *options: str) -> "GitRepository":
        """Clone over the local transport, so that --depth and --filter count."""
        run(
            "clone", "--quiet", *options, f"file://{self.path}", str(target),
            cwd=self.path.parent, environ=self.environ,
        )  # fmt: skip
        return self.at(target)

    def loose_object(self, name: str) -> Path:
        """The file of an object that is not packed."""
        return self.path / ".git" / "objects" / name[:2] / name[2:]


@dataclass(frozen=True, slots=True)
class PlannedCommit:
    """A commit of a generated history: its parents by number and its whole tree."""

    parents: tuple[int, ...]
    files: Mapping[bytes, bytes]
    seconds: int = FIRST


@dataclass(frozen=True, slots=True)
class PlannedHistory:
    """Commits in an order in which parents stand before children, and the branches at some of them."""

    commits: tuple[PlannedCommit, ...]
    branches: Mapping[str, int] = field(default_factory=dict)

    def build(self, path: Path) -> tuple[GitRepository, list[str]]:
        """Build it bare, with one `git fast-import`; the ids of the commits."""
        repository = GitRepository.create(path, "--bare")
        marks = path / "marks"
        repository.git("fast-import", "--quiet", f"--export-marks={marks}", feed=b"".join(self._stream()))
        named = dict(line.split() for line in marks.read_text().splitlines())
        return repository, [named[f":{number + 1}"] for number in range(len(self.commits))]

    def _stream(self) -> Iterable[bytes]:
        for number, commit in enumerate(self.commits):
            yield b"commit refs/planned/%d\nmark :%d\n" % (number, number + 1)
            yield b"author A <a@example.com> %d +0000\n" % commit.seconds
            yield b"committer C <c@example.com> %d +0000\ndata 3\n%03d\n" % (commit.seconds, number)
            for position, parent in enumerate(commit.parents):
                yield b"%s :%d\n" % (b"merge" if position else b"from", parent + 1)
            yield b"deleteall\n"
            for name, content in sorted(commit.files.items()):
                yield b'M 100644 inline "%s"\ndata %d\n%s\n' % (name, len(content), content)
            yield b"\n"
        for branch, number in self.branches.items():
            yield b"reset refs/heads/%s\nfrom :%d\n\n" % (branch.encode(), number + 1)
        for number in range(len(self.commits)):
            yield b"reset refs/planned/%d\nfrom 0000000000000000000000000000000000000000\n\n" % number


def run(*arguments: str, cwd: Path, environ: Mapping[str, str], feed: bytes = b"") -> bytes:
    """Run git; its standard output. Fails with git's own words."""
    done = subprocess.run(
        ["git", *arguments], cwd=cwd, env=dict(environ), input=feed, capture_output=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout
