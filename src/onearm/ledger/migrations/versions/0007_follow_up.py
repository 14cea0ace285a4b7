"""What is asked and said of a patient: queries, endorsements, suggested events."""

import sqlalchemy as sa
from alembic import op

from onearm.ledger.columns import UtcTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "endorsements",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("endorsement_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("milestone", sa.String(length=16), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("records_sha256", sa.String(length=64), nullable=False),
        sa.Column("open_queries", sa.Text(), nullable=False),
        sa.Column("endorsed_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "milestone IN ('baseline', 'last_dose', 'day_28', 'end_of_follow_up')", name="ck_endorsements_milestone"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_endorsements_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_endorsements_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("endorsement_id"),
    )
    op.create_index("ix_endorsements_site_id", "endorsements", ["site_id"], unique=False)
    op.create_index("ix_endorsements_subject_id", "endorsements", ["subject_id"], unique=False)
    op.create_table(
        "images",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("image_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("modality", sa.String(length=10), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=False),
        sa.Column("media_type", sa.String(length=10), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("sent_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("media_type IN ('image/png', 'image/jpeg')", name="ck_images_media_type"),
        sa.CheckConstraint("modality IN ('chest_xray', 'ct', 'ultrasound')", name="ck_images_modality"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_images_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.subject_id"], name="fk_images_subject_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("image_id"),
    )
    op.create_index("ix_images_site_id", "images", ["site_id"], unique=False)
    op.create_index("ix_images_subject_id", "images", ["subject_id"], unique=False)
    op.create_table(
        "queries",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("query_id", sa.String(length=64), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.String(length=64), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("state IN ('open', 'answered', 'closed')", name="ck_queries_state"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_queries_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.subject_id"], name="fk_queries_subject_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("query_id"),
    )
    op.create_index("ix_queries_site_id", "queries", ["site_id"], unique=False)
    op.create_index("ix_queries_subject_id", "queries", ["subject_id"], unique=False)
    op.create_table(
        "suggested_events",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("suggestion_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("infusion_id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(length=9), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("decision IN ('confirmed', 'dismissed')", name="ck_suggested_events_decision"),
        sa.ForeignKeyConstraint(
            ["infusion_id"],
            ["infusions.infusion_id"],
            name="fk_suggested_events_infusion_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_suggested_events_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_suggested_events_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("suggestion_id"),
    )
    op.create_index("ix_suggested_events_infusion_id", "suggested_events", ["infusion_id"], unique=False)
    op.create_index("ix_suggested_events_site_id", "suggested_events", ["site_id"], unique=False)
    op.create_index("ix_suggested_events_subject_id", "suggested_events", ["subject_id"], unique=False)
