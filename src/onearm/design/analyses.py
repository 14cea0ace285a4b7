"""What is done with every virtual trial: an analysis is a name and a function from a batch to one value per trial.

To calibrate an analysis of your own that takes one trial, write a function at the top of a module

    def mine(trial: OneTrial) -> dict[str, bool | float | int]

and pass `Analysis("mine", EachTrial(mine))`. A boolean is counted (`mine.<key>`), a float averaged (nan: none in this
trial), an integer put into a histogram. It may use `trial.data`, `trial.measured` and `trial.seed`; `trial.averted` is
the truth, for marking.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onearm.design.one_trial import OneTrial, one_trial
from onearm.design.trials import Batch

Values = Mapping[str, NDArray[Any]]  # one value per trial, shape (trials,), bool, float or int


@dataclass(frozen=True, slots=True)
class Analysis:
    """`of_batch` must be picklable (a function of a module, or EachTrial of one), to run in several processes."""

    name: str
    of_batch: Callable[[Batch], Values]


@dataclass(frozen=True, slots=True)
class EachTrial:
    """An analysis of one trial, done for each trial of a batch. Every trial must answer with the same keys."""

    of_one: Callable[[OneTrial], Mapping[str, bool | float | int]]

    def __call__(self, batch: Batch) -> Values:
        """One array per key."""
        rows = [self.of_one(one_trial(batch, k)) for k in range(batch.trials)]
        return {key: np.array([row[key] for row in rows]) for key in rows[0]}
