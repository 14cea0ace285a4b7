"""The command line: each command reads, calls and writes; it computes nothing."""

import sys

from onearm.cli import ledgers, simulations, studies
from onearm.cli.app import app
from onearm.results.problems import StudyProblems

__all__ = ["app", "ledgers", "main", "simulations", "studies"]


def main() -> None:
    """Entry point: problems of the input are told whole, on standard error, with exit code 1."""
    try:
        app()
    except StudyProblems as problems:
        print(problems, file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # a folder that is a file, a full disk, no permission
        where = error.filename or "the system"
        print(f"{where}: {error.strerror or error}; nothing more was written.", file=sys.stderr)
        sys.exit(1)
