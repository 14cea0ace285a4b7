"""The frozen answer of a run: what every command says in the same way."""

from collections.abc import Sequence

from onearm import __version__
from onearm.protocol.inputs import StudyInputs
from onearm.results.attrition import AttritionRow
from onearm.results.charts import Charts
from onearm.results.estimate import Estimate
from onearm.results.study_result import (
    SCHEMA,
    About,
    ComparatorRow,
    Flag,
    Gate,
    PublicClaim,
    StudyResult,
    VerdictText,
)
from onearm.study.trials import trial_reports
from onearm.verdict.break_points import Both


def answer(
    inputs: StudyInputs,
    command: str,
    about: About,
    verdict: VerdictText,
    estimates: Sequence[Estimate],
    *,
    attrition: Sequence[AttritionRow] = (),
    comparators: Sequence[ComparatorRow] = (),
    gates: tuple[Gate, ...] = (),
    flags: tuple[Flag, ...] = (),
    public_claims: tuple[PublicClaim, ...] = (),
    charts: Charts | None = None,
    break_points: Sequence[Both] = (),
) -> StudyResult:
    """Everything of one run, with the version, the seed and the hashes of what was read."""
    protocol = inputs.protocol
    return StudyResult(
        schema=SCHEMA,
        study=protocol.study.id,
        onearm=__version__,
        command=command,
        virtual=protocol.study.virtual,
        seed=protocol.sap.seed,
        inputs=dict(inputs.files),
        about=about,
        estimates=tuple(estimates),
        attrition=tuple(attrition),
        comparators=tuple(comparators),
        gates=gates,
        flags=flags,
        public_claims=public_claims,
        trials=trial_reports(inputs.trials),
        charts=charts or Charts(),
        break_points=tuple(break_points),
        verdict=verdict,
    )
