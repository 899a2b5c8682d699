"""What every git of ours is started with: no configuration but ours, and never a program of the repository's own.

The hook's first look comes this way, so it imports nothing that a bare interpreter has not.
"""
# pathlib takes longer to import than git to answer.
# ruff: noqa: PTH113, PTH117, PTH118

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HOOK_VARIABLES = (
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_INDEX_FILE",
)
"""What git tells its hooks about objects not yet accepted and an index not yet written (githooks(5))."""
_ISOLATION = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
SETTINGS = (
    "advice.graftFileDeprecated=false",
    "color.ui=false",
    "core.alternateRefsCommand=",
    "core.attributesFile=/dev/null",
    "core.commitGraph=false",  # a forged graph file could hide parents
    "core.excludesFile=/dev/null",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.untrackedCache=false",
    "credential.helper=",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
)


def clean(environ: "Mapping[str, str]", *, from_hook: bool) -> dict[str, str]:
    """The environment for git: of its own variables only those of a running hook, when `from_hook` says so."""
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    hook = {name: environ[name] for name in _HOOK_VARIABLES if from_hook and name in environ}
    return {**kept, **_ISOLATION, **hook}


def command(git: str, arguments: "Sequence[str]") -> list[str]:
    """A command line with our settings, which win over those of every file."""
    return [git, *(part for setting in SETTINGS for part in ("-c", setting)), *arguments]


def find_git(environ: "Mapping[str, str]", outside: str) -> str | None:
    """The first git on PATH that does not lie in the folder `outside`: what is searched must never run."""
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        candidate = os.path.join(folder, "git")
        if (
            os.path.isabs(folder)
            and not any(_lies_in(os.path.realpath(one), outside) for one in (folder, candidate))
            and os.path.isfile(candidate)
            and os.access(candidate, os.X_OK)
        ):
            return candidate
    return None


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
