"""What the ledger keeps beside the records: who may act where, signatures, queries, imports, freezes, anchors.

Entries like the others, with the same site, version and time of entry. Not part of Records.
"""

from collections.abc import Mapping
from types import MappingProxyType

import dataframely as dy
import polars as pl

from onearm.records.columns import (
    Entered,
    allowed,
    at,
    boolean,
    day,
    identifier,
    integer,
    json_text,
    pattern,
    text,
)

ROLES = ("PT", "QC", "QP", "PH", "IN", "NU", "RR", "SP", "MO", "CO", "ST", "AD", "IP")
MEANINGS = (
    "prepared",
    "tested",
    "verified",
    "released",
    "released_out_of_spec",
    "ordered",
    "dispensed",
    "checked_at_bedside",
    "infused",
    "reviewed",
    "endorsed",
    "locked",
    "decided",
    "delegated",
    "redacted",
)
LANGUAGES = ("en", "es")
_SHA256 = "^[0-9a-f]{64}$"


class Studies(Entered):
    """The study the ledger belongs to: its first entry; a new version when protocol or rule book change."""

    study_id = identifier("name of the study", key=True)
    protocol_sha256 = pattern(_SHA256, "hash of study.toml in force")
    rulebook_sha256 = pattern(_SHA256, "hash of the rule book in force")
    protocol_version = text("version of the protocol that persons are trained for", coded=True)
    virtual = boolean("whether nobody in it exists")
    onearm_version = text("version that wrote the entry", coded=True)


class Sites(dy.Schema):
    """Hospitals, production units and the coordinating centre."""

    site_id = identifier("name of the site", key=True)
    title = text("what it is called")
    kind = allowed(("hospital", "production", "coordination"), "what it does")
    country = pattern("^[A-Z]{2}$", "ISO 3166 code")
    timezone = text("IANA name of its local time", coded=True)
    version = integer(1, 1_000_000, "1 when entered, one more with each correction")
    entered_at = at("when it was recorded")


class Accounts(Entered):
    """Persons who may sign in. `person_id` is the person: two accounts of one person never check each other."""

    account_id = identifier("name to sign in with", key=True)
    person_id = identifier("the person on the delegation log")
    title = text("name as printed beside a signature")
    language = allowed(LANGUAGES, "language of the screens")
    status = allowed(("active", "closed"), "whether it may sign in")


class Delegations(Entered):
    """A role of a person at a site (`site_id`) for an interval, signed, with qualification and dated training."""

    delegation_id = identifier("name of the delegation", key=True)
    account_id = identifier("whom")
    role = allowed(ROLES, "which role")
    valid_from = day("first day")
    valid_to = day("last day", nullable=True)
    qualification = text("what entitles the person")
    training = json_text("list of objects with product_code, protocol_version and trained_on (a date)")
    signed_by = identifier("investigator of the site or coordinator")

    @dy.rule()
    def ends_after_it_begins(cls) -> pl.Expr:
        return pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("valid_from"))

    @dy.rule()
    def nobody_delegates_to_himself(cls) -> pl.Expr:
        return pl.col("signed_by") != pl.col("account_id")


class Signatures(Entered):
    """One signature: what was signed, as which bytes, under which words, with which second factor."""

    signature_id = identifier("name of the signature", key=True)
    table_name = text("table of the signed row", coded=True)
    record_key = text("its key, parts joined by /", coded=True)
    signed_version = integer(1, 1_000_000, "its version")
    signed_sha256 = pattern(_SHA256, "SHA-256 of table, key, version, values, meaning and statement")
    meaning = allowed(MEANINGS, "what the signature says")
    statement = text("the words that were shown", coded=True)
    language = allowed(LANGUAGES, "language they were shown in")
    signer = identifier("who signed")
    role = allowed(ROLES, "in which role")
    factor = allowed(("totp", "webauthn"), "second factor given with the password")
    signed_at = at("when")


class Queries(Entered):
    """A question about a row or a field, from opening to closing."""

    query_id = identifier("name of the query", key=True)
    table_name = text("table it asks about", coded=True)
    record_key = text("key of the row", coded=True)
    column_name = text("column, where it asks about one", coded=True, nullable=True)
    subject_id = identifier("patient concerned", nullable=True)
    question = text("what is asked")
    state = allowed(("open", "answered", "closed"), "where it stands")
    opened_by = identifier("who asks")
    answer = text("what was answered", nullable=True)
    answered_by = identifier("who answered", nullable=True)
    closed_by = identifier("who closed it", nullable=True)

    @dy.rule()
    def answered_query_has_its_answer(cls) -> pl.Expr:
        told = pl.col("answer").is_not_null() & pl.col("answered_by").is_not_null()
        return (pl.col("state") == "open") | told

    @dy.rule()
    def closed_query_says_by_whom(cls) -> pl.Expr:
        return (pl.col("state") == "closed") == pl.col("closed_by").is_not_null()


class Imports(Entered):
    """One file taken in: rows in = rows stored + rows refused + rows stored before."""

    import_id = identifier("name of the import", key=True)
    file_name = text("name of the file", coded=True)
    file_sha256 = pattern(_SHA256, "hash of the file")
    mapping_sha256 = pattern(_SHA256, "hash of the mapping")
    rows_in = integer(0, 100_000_000, "rows of the file")
    rows_stored = integer(0, 100_000_000, "rows stored")
    rows_refused = integer(0, 100_000_000, "rows refused")
    imported_by = identifier("who took it in")


class Freezes(Entered):
    """A data lock: what was known, counted and hashed, signed by coordinator and statistician."""

    freeze_id = identifier("name of the data lock", key=True)
    purpose = text("what it is for")
    as_known_at = at("the records as known then")
    head_seq = integer(0, 1_000_000_000, "last entry it holds")
    head_hash = pattern(_SHA256, "hash of that entry")
    manifest = json_text("per table: rows, columns, SHA-256 of its canonical CSV")
    records_sha256 = pattern(_SHA256, "hash over all tables")
    protocol_sha256 = pattern(_SHA256, "hash of study.toml")
    onearm_version = text("version that made it", coded=True)
    open_queries = json_text("names of the queries open then")
    restricts_editing = boolean("whether sites may not write while it holds")
    state = allowed(("proposed", "frozen", "unlocked"), "frozen once both have signed")
    made_by = identifier("coordinator who proposed it")


class Anchors(Entered):
    """Where the head of the chain was noted outside: a cut tail shows against it."""

    anchor_id = identifier("name of the anchor", key=True)
    head_seq = integer(1, 1_000_000_000, "entry noted")
    head_hash = pattern(_SHA256, "its hash")
    went_to = text("where it was printed or sent")


class Endorsements(Entered):
    """The investigator's word that the records of a patient are complete and true up to a milestone."""

    endorsement_id = identifier("name of the endorsement", key=True)
    subject_id = identifier("patient")
    milestone = allowed(("baseline", "last_dose", "day_28", "end_of_follow_up"), "up to when")
    head_seq = integer(1, 1_000_000_000, "last entry it covers")
    records_sha256 = pattern(_SHA256, "hash over the rows of the patient")
    open_queries = json_text("names of the queries open then")
    endorsed_by = identifier("investigator")


class SuggestedEvents(Entered):
    """What a doctor made of an event that a rule suggested: confirmed or dismissed, both stay."""

    suggestion_id = identifier("name of the suggestion: infusion and rule", key=True)
    subject_id = identifier("patient")
    infusion_id = identifier("infusion it follows")
    rule = text("rule that fired", coded=True)
    seen = text("the values that made it fire", coded=True)
    decision = allowed(("confirmed", "dismissed"), "what the doctor decided")
    event_id = identifier("adverse event it became", nullable=True)
    reason = text("why it was dismissed", nullable=True)
    decided_by = identifier("doctor")

    @dy.rule()
    def dismissal_has_its_reason(cls) -> pl.Expr:
        return (pl.col("decision") == "confirmed") | pl.col("reason").is_not_null()

    @dy.rule()
    def confirmation_names_the_event(cls) -> pl.Expr:
        return (pl.col("decision") == "confirmed") == pl.col("event_id").is_not_null()


class Redactions(Entered):
    """Personal data typed by mistake: one person asks to erase an old version, another does it."""

    redaction_id = identifier("name of the redaction", key=True)
    entry_seq = integer(1, 1_000_000_000, "entry whose values are erased")
    why = text("what had been typed, without repeating it")
    state = allowed(("asked", "done"), "done once a second person has signed")
    asked_by = identifier("who asks")
    done_by = identifier("who erased it", nullable=True)

    @dy.rule()
    def done_by_another_person(cls) -> pl.Expr:
        other = pl.col("done_by").is_not_null() & (pl.col("done_by") != pl.col("asked_by"))
        return (pl.col("state") == "asked") | other


class Images(Entered):
    """An image sent for blinded reading; `image_id` is all a reader sees of it."""

    image_id = identifier("name of the image, drawn at random", key=True)
    subject_id = identifier("patient")
    modality = allowed(("chest_xray", "ct", "ultrasound"), "kind of image")
    taken_at = at("when it was taken")
    media_type = allowed(("image/png", "image/jpeg"), "form of the file")
    file_sha256 = pattern(_SHA256, "hash of the file as kept, without what it told of the patient")
    sent_by = identifier("who sent it")


SYSTEM_TABLES: Mapping[str, type[dy.Schema]] = MappingProxyType(
    {
        "studies": Studies,
        "sites": Sites,
        "accounts": Accounts,
        "delegations": Delegations,
        "signatures": Signatures,
        "queries": Queries,
        "imports": Imports,
        "freezes": Freezes,
        "anchors": Anchors,
        "endorsements": Endorsements,
        "suggested_events": SuggestedEvents,
        "images": Images,
        "redactions": Redactions,
    }
)
