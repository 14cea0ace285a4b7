"""What `onearm lock` freezes: the hash of the protocol and of the matching, before an outcome is looked at."""

from collections.abc import Mapping

from onearm import __version__
from onearm.cohort.build import build_cohort, matching_sha256
from onearm.protocol.inputs import StudyInputs
from onearm.results.problems import Problem, StudyProblems
from onearm.study.checks import require_sound
from onearm.study.matching import match


def frozen(inputs: StudyInputs) -> Mapping[str, str]:
    """Hashes of protocol and matching. Raises StudyProblems for a study without records or a clock that fits nobody."""
    if inputs.records is None:
        told = "no records/: there is no matching to lock."
        raise StudyProblems([Problem("records/", told, "Import the records first.")])
    cohort = build_cohort(inputs.protocol, inputs.records, [s.records for s in inputs.similar])
    require_sound(inputs, cohort)
    return {
        "protocol_sha256": inputs.protocol.sha256,
        "matching_sha256": matching_sha256(match(inputs.protocol, cohort).data),
        "onearm": __version__,
    }
