"""The version of what a search finds."""

ENGINE_VERSION = 7
"""Raised with every change of code that can change what a scan finds."""
