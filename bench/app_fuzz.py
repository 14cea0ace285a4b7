"""Does a request made from the OpenAPI document bring the app down, or get an answer the document does not promise?"""

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from bench.app_process import progress, told_by, use_tests
from bench.measure import Measure, MeasureFailed

_SEED = 20200710
_COURSES = 2500  # requests led by the answers of others
_EACH = 24  # requests to each operation, right ones and wrong ones
_CASES = 5000


def asked() -> dict[str, float | int | str]:
    """Server errors among at least 5,000 requests; fails at an answer that the document does not promise."""
    use_tests()
    from api_fuzz import Fuzz, Fuzzed

    with tempfile.TemporaryDirectory(prefix="onearm-bench-") as folder:
        two = Fuzzed(Path(folder))
        fuzz, begun = Fuzz(two, _SEED), time.perf_counter()
        progress(f"app.api_fuzz: {_COURSES:,} requests, each led by the one before")
        fuzz.courses(_COURSES)
        progress(f"app.api_fuzz: {_EACH} requests to each operation")
        fuzz.each(_EACH)
        seconds = time.perf_counter() - begun
        two.close()
    found = fuzz.found
    if found.wrong or found.cases < _CASES:
        told = "; ".join(f"{operation} {kind}: {text}" for (operation, kind), text in [*found.wrong.items()][:3])
        raise MeasureFailed(f"{found.cases:,} requests, {len(found.wrong)} wrong: {told}")
    errors = sum(count for status, count in found.statuses.items() if status >= 500)
    statuses = ", ".join(f"{status} {count:,}" for status, count in sorted(found.statuses.items()))
    note = f"{found.cases:,} requests to {len(found.operations)} operations in {seconds:.0f} s: {statuses}"
    return {"value": errors, "lowest": errors, "highest": errors, "repeats": 1, "note": note}


MEASURES = (
    Measure(
        "app.api_fuzz",
        "server errors among 5,000 requests made from the OpenAPI document, every answer held against it",
        "errors",
        partial(told_by, "bench.app_fuzz"),
        target="0",
    ),
)


if __name__ == "__main__":
    try:
        print(json.dumps(asked()))
    except MeasureFailed as failed:
        progress(str(failed))
        sys.exit(1)
