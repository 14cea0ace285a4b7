"""Sites, accounts, delegations, and what the ledger keeps of itself."""

import sqlalchemy as sa
from alembic import op

from onearm.ledger.columns import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sites",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("country", sa.String(length=64), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.CheckConstraint("kind IN ('hospital', 'production', 'coordination')", name="ck_sites_kind"),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.create_table(
        "accounts",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=6), nullable=False),
        sa.CheckConstraint("language IN ('en', 'es')", name="ck_accounts_language"),
        sa.CheckConstraint("status IN ('active', 'closed')", name="ck_accounts_status"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_accounts_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("ix_accounts_site_id", "accounts", ["site_id"], unique=False)
    op.create_table(
        "anchors",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("anchor_id", sa.String(length=64), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.Column("went_to", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_anchors_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("anchor_id"),
    )
    op.create_index("ix_anchors_site_id", "anchors", ["site_id"], unique=False)
    op.create_table(
        "freezes",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("freeze_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("as_known_at", UtcTime(), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("records_sha256", sa.String(length=64), nullable=False),
        sa.Column("protocol_sha256", sa.String(length=64), nullable=False),
        sa.Column("onearm_version", sa.Text(), nullable=False),
        sa.Column("open_queries", sa.Text(), nullable=False),
        sa.Column("restricts_editing", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("state IN ('proposed', 'frozen', 'unlocked')", name="ck_freezes_state"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_freezes_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("freeze_id"),
    )
    op.create_index("ix_freezes_site_id", "freezes", ["site_id"], unique=False)
    op.create_table(
        "imports",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("import_id", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("mapping_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows_in", sa.BigInteger(), nullable=False),
        sa.Column("rows_stored", sa.BigInteger(), nullable=False),
        sa.Column("rows_refused", sa.BigInteger(), nullable=False),
        sa.Column("imported_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_imports_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("import_id"),
    )
    op.create_index("ix_imports_site_id", "imports", ["site_id"], unique=False)
    op.create_table(
        "redactions",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("redaction_id", sa.String(length=64), nullable=False),
        sa.Column("entry_seq", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=5), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'done')", name="ck_redactions_state"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_redactions_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("redaction_id"),
    )
    op.create_index("ix_redactions_site_id", "redactions", ["site_id"], unique=False)
    op.create_table(
        "signatures",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("signature_id", sa.String(length=64), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("signed_version", sa.BigInteger(), nullable=False),
        sa.Column("signed_sha256", sa.String(length=64), nullable=False),
        sa.Column("meaning", sa.String(length=20), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("signer", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=2), nullable=False),
        sa.Column("factor", sa.String(length=8), nullable=False),
        sa.Column("signed_at", UtcTime(), nullable=False),
        sa.CheckConstraint("factor IN ('totp', 'webauthn')", name="ck_signatures_factor"),
        sa.CheckConstraint("language IN ('en', 'es')", name="ck_signatures_language"),
        sa.CheckConstraint(
            "meaning IN ('prepared', 'tested', 'verified', 'released', 'released_out_of_spec', 'ordered', 'dispensed', 'checked_at_bedside', 'infused', 'reviewed', 'endorsed', 'locked', 'decided', 'delegated', 'redacted')",
            name="ck_signatures_meaning",
        ),
        sa.CheckConstraint(
            "role IN ('PT', 'QC', 'QP', 'PH', 'IN', 'NU', 'RR', 'SP', 'MO', 'CO', 'ST', 'AD', 'IP')",
            name="ck_signatures_role",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_signatures_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("signature_id"),
    )
    op.create_index("ix_signatures_site_id", "signatures", ["site_id"], unique=False)
    op.create_table(
        "studies",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("protocol_sha256", sa.String(length=64), nullable=False),
        sa.Column("rulebook_sha256", sa.String(length=64), nullable=False),
        sa.Column("protocol_version", sa.Text(), nullable=False),
        sa.Column("virtual", sa.Boolean(), nullable=False),
        sa.Column("onearm_version", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_studies_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("study_id"),
    )
    op.create_index("ix_studies_site_id", "studies", ["site_id"], unique=False)
    op.create_table(
        "delegations",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("delegation_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("qualification", sa.Text(), nullable=False),
        sa.Column("training", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "role IN ('PT', 'QC', 'QP', 'PH', 'IN', 'NU', 'RR', 'SP', 'MO', 'CO', 'ST', 'AD', 'IP')",
            name="ck_delegations_role",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name="fk_delegations_account_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_delegations_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("delegation_id"),
    )
    op.create_index("ix_delegations_account_id", "delegations", ["account_id"], unique=False)
    op.create_index("ix_delegations_site_id", "delegations", ["site_id"], unique=False)
