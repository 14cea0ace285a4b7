"""Custody of the bags, and what entered a patient."""

import sqlalchemy as sa
from alembic import op

from onearm.ledger.columns import ExactDecimal, UtcTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "custody",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("custody_id", sa.String(length=64), nullable=False),
        sa.Column("container_id", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=18), nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("witness_id", sa.String(length=64), nullable=True),
        sa.Column("from_place", sa.Text(), nullable=True),
        sa.Column("to_place", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("dose_order_id", sa.String(length=64), nullable=True),
        sa.Column("scanned", sa.Text(), nullable=True),
        sa.Column("min_c", ExactDecimal(), nullable=True),
        sa.Column("max_c", ExactDecimal(), nullable=True),
        sa.Column("amount_ml", ExactDecimal(), nullable=True),
        sa.Column("diluent", sa.String(length=14), nullable=True),
        sa.Column("counted_m", ExactDecimal(), nullable=True),
        sa.Column("viability_percent", ExactDecimal(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "diluent IN ('ringer_lactate', 'saline', 'pbs_albumin', 'saline_albumin', 'none', 'other')",
            name="ck_custody_diluent",
        ),
        sa.CheckConstraint(
            "event IN ('made', 'allocated', 'deallocated', 'packed', 'shipped', 'received', 'excursion_opened', 'excursion_cleared', 'excursion_rejected', 'thaw_started', 'thaw_ended', 'diluted', 'counted', 'issued', 'bedside_matched', 'bedside_mismatched', 'started', 'stopped', 'returned', 'destroyed', 'lost', 'recalled')",
            name="ck_custody_event",
        ),
        sa.ForeignKeyConstraint(
            ["container_id"],
            ["containers.container_id"],
            name="fk_custody_container_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["dose_order_id"],
            ["dose_orders.dose_order_id"],
            name="fk_custody_dose_order_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_custody_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.subject_id"], name="fk_custody_subject_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("custody_id"),
    )
    op.create_index("ix_custody_container_id", "custody", ["container_id"], unique=False)
    op.create_index("ix_custody_dose_order_id", "custody", ["dose_order_id"], unique=False)
    op.create_index("ix_custody_site_id", "custody", ["site_id"], unique=False)
    op.create_index("ix_custody_subject_id", "custody", ["subject_id"], unique=False)
    op.create_table(
        "infusions",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("infusion_id", sa.String(length=64), nullable=False),
        sa.Column("dose_order_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("dose_no", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=13), nullable=False),
        sa.Column("route", sa.String(length=17), nullable=False),
        sa.Column("premedication", sa.Text(), nullable=True),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("stopped_at", UtcTime(), nullable=True),
        sa.Column("interruptions", sa.Text(), nullable=False),
        sa.Column("checked_by_1", sa.String(length=64), nullable=False),
        sa.Column("checked_by_2", sa.String(length=64), nullable=False),
        sa.Column("identity_checked_at", UtcTime(), nullable=False),
        sa.Column("reaction_assessment", sa.String(length=12), nullable=False),
        sa.Column("assessed_until_at", UtcTime(), nullable=True),
        sa.Column("assessed_by", sa.String(length=64), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "reaction_assessment IN ('none', 'reaction', 'not_assessed')", name="ck_infusions_reaction_assessment"
        ),
        sa.CheckConstraint("route IN ('central_venous', 'peripheral_venous', 'other')", name="ck_infusions_route"),
        sa.CheckConstraint("status IN ('started', 'completed', 'stopped_early')", name="ck_infusions_status"),
        sa.ForeignKeyConstraint(
            ["dose_order_id"],
            ["dose_orders.dose_order_id"],
            name="fk_infusions_dose_order_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_infusions_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_infusions_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("infusion_id"),
    )
    op.create_index("ix_infusions_dose_order_id", "infusions", ["dose_order_id"], unique=False)
    op.create_index("ix_infusions_site_id", "infusions", ["site_id"], unique=False)
    op.create_index("ix_infusions_subject_id", "infusions", ["subject_id"], unique=False)
    op.create_table(
        "infusion_containers",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("infusion_id", sa.String(length=64), nullable=False),
        sa.Column("container_id", sa.String(length=64), nullable=False),
        sa.Column("thaw_started_at", UtcTime(), nullable=True),
        sa.Column("thaw_ended_at", UtcTime(), nullable=True),
        sa.Column("diluent", sa.String(length=14), nullable=False),
        sa.Column("total_volume_ml", ExactDecimal(), nullable=False),
        sa.Column("given_volume_ml", ExactDecimal(), nullable=False),
        sa.Column("counted_m", ExactDecimal(), nullable=True),
        sa.Column("viability_percent", ExactDecimal(), nullable=True),
        sa.Column("counted_at", UtcTime(), nullable=True),
        sa.Column("first_drop_at", UtcTime(), nullable=False),
        sa.Column("last_drop_at", UtcTime(), nullable=False),
        sa.Column("remainder", sa.String(length=9), nullable=False),
        sa.CheckConstraint(
            "diluent IN ('ringer_lactate', 'saline', 'pbs_albumin', 'saline_albumin', 'none', 'other')",
            name="ck_infusion_containers_diluent",
        ),
        sa.CheckConstraint("remainder IN ('destroyed', 'returned', 'none')", name="ck_infusion_containers_remainder"),
        sa.ForeignKeyConstraint(
            ["container_id"],
            ["containers.container_id"],
            name="fk_infusion_containers_container_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["infusion_id"],
            ["infusions.infusion_id"],
            name="fk_infusion_containers_infusion_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_infusion_containers_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("infusion_id", "container_id"),
    )
    op.create_index("ix_infusion_containers_site_id", "infusion_containers", ["site_id"], unique=False)
