"""The command line as a whole."""

import subprocess
import sys

from keyproof.cli.main import _COMMANDS
from tests.cli.conftest import Keyproof


def test_a_mistyped_command_is_answered_with_the_right_one(keyproof: Keyproof) -> None:
    result = keyproof("scna")
    assert result.code == 2
    assert "No such command 'scna'. Did you mean 'scan'?" in result.err


def test_the_help_tells_every_command(keyproof: Keyproof) -> None:
    lines = keyproof("--help").out.splitlines()
    told = [words[1] for line in lines if len(words := line.split()) > 2 and line.startswith("│ ")]
    assert set(_COMMANDS) <= set(told)


def test_the_version_is_told_without_loading_any_command() -> None:
    program = (
        "import sys; from keyproof.cli.main import invoke; invoke(['--version']);"
        "print(sorted(name for name in sys.modules if name.startswith(('keyproof.cli.', 'keyproof.wiring', 'pydantic'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert (
        loaded
        == "['keyproof.cli.boundary', 'keyproof.cli.exit', 'keyproof.cli.main', 'keyproof.cli.surroundings']"
    )
