"""Walks through a page as a reader would: writes its files, runs its commands, keeps what they print."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Run = Callable[[str], tuple[str, int]]
"""Runs `keyproof …` and returns what it printed and its exit code."""

_STEP = re.compile(
    r"<!-- file: (?P<path>[^\n]+?) -->\n```\w*\n(?P<text>.*?)```|```console\n(?P<console>.*?)```", re.DOTALL
)


@dataclass
class Walk:
    """One reader in one folder."""

    folder: Path
    run: Run
    code: int = 0

    def through(self, page: str) -> str:
        """The page with the output of every command as it is now."""
        return _STEP.sub(self._step, page)

    def _step(self, found: re.Match[str]) -> str:
        if found["path"] is not None:
            path = self.folder / found["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(found["text"], encoding="utf-8")
            return found[0]
        commands = [line for line in found["console"].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{self._command(line[2:])}" for line in commands) + "```"

    def _command(self, command: str) -> str:
        if command == "echo $?":
            return f"{self.code}\n"
        if command.startswith("keyproof "):
            printed, self.code = self.run(command)
            return printed
        done = subprocess.run(
            command, shell=True, cwd=self.folder, capture_output=True, text=True, check=True, timeout=60
        )
        self.code = done.returncode
        return done.stdout
