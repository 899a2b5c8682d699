"""Lets `python -m keyproof` stand for the console script."""

from keyproof.cli.main import run

run()
