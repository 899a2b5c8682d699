"""The README says what the program does: its example is run, its files are loaded, its table compared."""

import re
from pathlib import Path

import pytest

from keyproof import config
from keyproof.cli.exit import ExitCode
from keyproof.cli.main import invoke
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS
from tests.cli.conftest import Keyproof, keyproof

__all__ = ["keyproof"]


@pytest.fixture(scope="session")
def readme(checkout: Path) -> str:
    return (checkout / "README.md").read_text(encoding="utf-8")


def blocks(readme: str, mark: str) -> list[tuple[str, str]]:
    """What follows `<!-- mark: name -->`: the name and the text of the fenced block."""
    pattern = rf"<!-- {mark}(?:: ([^\n]*?))? -->\n```\w+\n(.*?)```"
    return re.findall(pattern, readme, re.DOTALL)


def test_the_example_gives_the_output_shown(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyproof: Keyproof
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in blocks(readme, "file"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    ((command, shown),) = blocks(readme, "output")
    result = keyproof(*command.split()[1:])
    assert result.out.rstrip() == shown.rstrip()
    assert result.code == 1


def test_packs_and_waivers_load(readme: str, tmp_path: Path) -> None:
    for name, text in blocks(readme, "file"):
        (tmp_path / Path(name).name).write_text(text, encoding="utf-8")
    ((_, pack),) = blocks(readme, "pack")
    ((_, waivers),) = blocks(readme, "waivers")
    (tmp_path / "house.yaml").write_text(pack, encoding="utf-8")
    (tmp_path / "waivers.yaml").write_text(waivers, encoding="utf-8")
    load_policy(["house.yaml"], root=tmp_path, checks=CHECKS)
    load_policy(["policy.yaml"], root=tmp_path, checks=CHECKS, waivers=["waivers.yaml"])


def test_the_whole_configuration_is_accepted(readme: str, tmp_path: Path) -> None:
    section = readme.partition("## Configuration")[2]
    text = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)[0]
    (tmp_path / "keyproof.yaml").write_text(text, encoding="utf-8")
    assert config.load(tmp_path / "keyproof.yaml", {}).organisation == "Example Ltd"


def test_the_exit_codes_are_the_programs(readme: str) -> None:
    shown = re.findall(r"^\| (\d+) \|", readme, re.MULTILINE)
    assert [int(code) for code in shown] == [code.value for code in ExitCode]


def test_every_command_shown_exists(readme: str, capfd: pytest.CaptureFixture[str]) -> None:
    shown = set(re.findall(r"keyproof ((?:policy |hook |waiver )?[a-z]+)\b", readme))
    commands = {
        words
        for words in shown
        if words.split()[0]
        in {"scan", "leaks", "hook", "policy", "waiver", "init", "doctor", "demo", "collect", "evaluate"}
    }
    assert len(commands) >= 8
    for words in commands:
        assert invoke([*words.split(), "--help"]) == 0, words
    capfd.readouterr()


def test_every_link_leads_somewhere(readme: str, checkout: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", readme) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (checkout / link).exists()] == []
