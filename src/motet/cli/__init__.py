"""The command line. Read `main.py` first.

Comes in: arguments. Goes out: tables for a person, or JSON for a program with `--json`, and an exit code. It never
decides anything: each command opens the house by `motet.app` and calls the part that does the work.
"""

from motet.cli.main import main

__all__ = ["main"]
