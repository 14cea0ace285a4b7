"""Image reads: one reader, one image, one score; blinded, adjudicated."""

from collections.abc import Mapping
from types import MappingProxyType

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, boolean, identifier, integer, json_text, text

HIGHEST_SCORE: Mapping[str, int] = MappingProxyType({"rale": 48, "brixia": 18, "ct_25": 25})


class ImageReads(Entered):
    """One read of one image.

    SDTM: RE, FA · FHIR: ImagingStudy, Observation
    """

    image_read_id = identifier("name of the read", key=True)
    subject_id = identifier("patient")
    study_uid = text("pseudonymous identifier of the study", coded=True)
    modality = allowed(("chest_xray", "ct", "ultrasound"), "kind of image")
    taken_at = at("when the image was taken")
    reader_id = identifier("who read it")
    system = allowed(tuple(HIGHEST_SCORE), "score system: RALE 0-48, Brixia 0-18, CT score 0-25")
    score = integer(0, 48, "score; empty when the image cannot be scored", nullable=True)
    change = allowed(("better", "same", "worse", "unreadable"), "against the image before it")
    blinded_to_date = boolean("the reader did not see the date")
    blinded_to_treatment = boolean("the reader did not see who was treated")
    adjudicates = json_text("reads this one decides between: list of image_read_id", nullable=True)

    @dy.rule()
    def score_lies_within_its_system(cls) -> pl.Expr:
        score, system = pl.col("score"), pl.col("system")
        within = [(system == name) & (score <= highest) for name, highest in HIGHEST_SCORE.items()]
        return score.is_null() | pl.any_horizontal(within)

    @dy.rule()
    def unreadable_image_has_no_score(cls) -> pl.Expr:
        return (pl.col("change") != "unreadable") | pl.col("score").is_null()
