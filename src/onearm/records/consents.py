"""Consents: who agreed to what, and who took it back."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, identifier, json_set, text

SCOPES = ("treatment", "data", "samples", "long_term")


class Consents(Entered):
    """One consent, confirmation or withdrawal.

    SDTM: DS · FHIR: Consent
    """

    consent_id = identifier("name of the consent", key=True)
    subject_id = identifier("patient")
    kind = allowed(
        ("patient", "proxy", "deferred", "reconfirmed", "withdrawn"),
        "who gave it, or that it was confirmed or withdrawn",
    )
    document_version = text("version of the document shown", coded=True)
    given_at = at("when it was given or withdrawn")
    taken_by = identifier("who took it")
    scope = json_set(SCOPES, "what it covers, or what is withdrawn: list of treatment, data, samples, long_term")
    witness = identifier("witness", nullable=True)

    @dy.rule()
    def consent_covers_something(cls) -> pl.Expr:
        return pl.col("scope") != "[]"

    @dy.rule()
    def witness_is_another_person(cls) -> pl.Expr:
        return pl.col("witness").is_null() | (pl.col("witness") != pl.col("taken_by"))
