"""How long does a person wait: for the whole appraisal, for its PDF, for the help, for an import in Python?"""

import sys
import tempfile
from functools import partial

from bench.measure import Measure, Reading
from bench.process import median_of, onearm, wall_seconds

_STUDY = "examples/balmys19"


def appraisal(*options: str) -> Reading:
    """`onearm appraise` on the shipped case, from the start of the process to its end."""
    with tempfile.TemporaryDirectory(prefix="onearm-bench-") as out:
        return median_of(5, lambda: wall_seconds(onearm("appraise", _STUDY, "--out", out, *options)))


def import_time() -> Reading:
    """What `import onearm` adds to a bare interpreter: both started nine times in turn, the differences taken."""
    added, bare = ([sys.executable, "-c", code] for code in ("import onearm", "pass"))
    return median_of(9, lambda: wall_seconds(added) - wall_seconds(bare))


def cli_help() -> Reading:
    """`onearm --help`."""
    return median_of(9, lambda: wall_seconds(onearm("--help")))


MEASURES = (
    Measure(
        "appraise.balmys19",
        "appraise the shipped case, page without PDF",
        "s",
        partial(appraisal, "--no-pdf"),
        target="< 5",
    ),
    Measure("appraise.balmys19_pdf", "appraise the shipped case, page and PDF", "s", appraisal, target="< 8"),
    Measure("appraise.import_time", "import onearm, above a bare interpreter", "s", import_time, target="< 0.2"),
    Measure("appraise.cli_help", "onearm --help", "s", cli_help),
)
