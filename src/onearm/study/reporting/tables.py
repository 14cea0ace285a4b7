"""All reporting tables of one run, in the order they are printed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from onearm.protocol.inputs import StudyInputs
from onearm.results.study_result import StudyResult
from onearm.study.reporting import e9, harper, msc, robins, target
from onearm.study.reporting.design import study_design
from onearm.study.reporting.item import Item, Run, rows_of

#: checklist -> its items
CHECKLISTS: Mapping[str, Sequence[Item]] = {
    "target": target.ITEMS,
    "e9": e9.ITEMS,
    "harper": harper.ITEMS,
    "msc": msc.ITEMS,
    "robins": robins.ITEMS,
}


def with_reporting(inputs: StudyInputs, result: StudyResult) -> StudyResult:
    """The result with every reporting row filled from it and from what was read, and the design of the study."""
    run = Run(inputs, result)
    rows = tuple(row for name, items in CHECKLISTS.items() for row in rows_of(name, items, run))
    return replace(result, reporting=rows, design=study_design(run))
