"""Reads a small staged change with two programs that start at once; whatever is out of the ordinary is refused.

Part of the hook's first look, so it imports nothing that a bare interpreter has not.
"""
# pathlib takes longer to import than git to answer.
# ruff: noqa: PTH120

import os

from keyproof.leaks.git.isolation import clean, command, find_git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMPARE = (
    "diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none",
    "--ita-invisible-in-index", "HEAD", "--",
)  # fmt: skip
_ORDINARY = {"100644", "100755"}
_MOST_ASKED = 4096
"""Bytes of ids: what a pipe takes without a reader."""
_LARGEST = 1 << 20
_MOST = 8 << 20
"""Bytes of all contents together."""


class Unusual(Exception):  # noqa: N818 (no error: somebody else has to look)
    """Not for a first look."""


class Staged:
    """The staged change of the repository whose work tree has the root `root`. Raises Unusual throughout."""

    def __init__(self, root: str, environ: "Mapping[str, str]") -> None:
        git = find_git(environ, root)
        if git is None:
            raise Unusual
        env = {**clean(environ, from_hook=True), "GIT_CEILING_DIRECTORIES": os.path.dirname(root)}
        self._answers = [_start(git, root, question, env) for question in (_COMPARE, ("cat-file", "--batch"))]

    def changes(self) -> "Iterator[tuple[bytes, bytes]]":
        """The content of every file that was added or changed, and what HEAD has there."""
        comparison, objects = self._answers
        with open(comparison.output, "rb", closefd=False) as stream:
            fields = stream.read().split(b"\0")
        comparison.ended()
        pairs = [ids for facts in fields[:-1:2] if (ids := _ids(facts.decode("ascii")))]
        asked = "".join(f"{name}\n" for ids in pairs for name in ids if name).encode()
        if len(asked) > _MOST_ASKED:
            raise Unusual
        os.write(objects.input, asked)
        left = _MOST
        with open(objects.output, "rb", closefd=False) as stream:
            for ids in pairs:
                contents = []
                for name in ids:
                    header = stream.readline().split() if name else [b"", b"blob", b"0"]
                    if len(header) != 3 or header[1] != b"blob" or int(header[2]) > min(_LARGEST, left):
                        raise Unusual
                    left -= int(header[2])
                    contents.append(stream.read(int(header[2]) + bool(name))[: int(header[2])])
                yield contents[0], contents[1]

    def close(self) -> None:
        """End both programs."""
        for answer in self._answers:
            answer.close()


class _Answer:
    def __init__(self, process: int, given: int, output: int) -> None:
        self.process, self.input, self.output = process, given, output
        self._running = True

    def ended(self) -> None:
        self._running = False
        if os.waitpid(self.process, 0)[1]:
            raise Unusual

    def close(self) -> None:
        os.close(self.input)
        os.close(self.output)
        if self._running:
            os.waitpid(self.process, 0)


def _start(git: str, root: str, question: "tuple[str, ...]", env: dict[str, str]) -> _Answer:
    given, mine = os.pipe()
    theirs, output = os.pipe()
    actions = [
        (os.POSIX_SPAWN_DUP2, given, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        process = os.posix_spawn(git, command(git, ("-C", root, *question)), env, file_actions=actions)
    finally:
        os.close(given)
        os.close(output)
    return _Answer(process, mine, theirs)


def _ids(facts: str) -> "tuple[str, str] | None":
    """The blob that is staged and the one of HEAD, or an empty text; None for a deletion."""
    old_mode, mode, before, after, status = facts.removeprefix(":").split(" ")
    if status == "D":
        return None
    if mode not in _ORDINARY or status not in {"A", "M"} or (status == "M" and old_mode not in _ORDINARY):
        raise Unusual
    return after, before if status == "M" else ""
