"""The daily course, events and outcomes."""

import sqlalchemy as sa
from alembic import op

from onearm.ledger.columns import ExactDecimal, UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "adverse_events",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("ctcae_term", sa.Text(), nullable=True),
        sa.Column("grade", sa.BigInteger(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("serious", sa.Boolean(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("relation", sa.String(length=8), nullable=False),
        sa.Column("expected", sa.Boolean(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("suggested_by_rule", sa.Text(), nullable=True),
        sa.Column("reported_at", UtcTime(), nullable=False),
        sa.Column("reviewed_by", sa.String(length=64), nullable=True),
        sa.Column("narrative", sa.Text(), nullable=False),
        sa.Column("meddra_code", sa.Text(), nullable=True),
        sa.Column("meddra_version", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('resolved', 'resolving', 'not_resolved', 'sequelae', 'fatal', 'unknown')",
            name="ck_adverse_events_outcome",
        ),
        sa.CheckConstraint(
            "relation IN ('not', 'unlikely', 'possible', 'probable', 'definite')", name="ck_adverse_events_relation"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_adverse_events_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_adverse_events_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("ix_adverse_events_site_id", "adverse_events", ["site_id"], unique=False)
    op.create_index("ix_adverse_events_subject_id", "adverse_events", ["subject_id"], unique=False)
    op.create_table(
        "episodes",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("episode_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=23), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("dose", ExactDecimal(), nullable=True),
        sa.Column("dose_unit", sa.Text(), nullable=True),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("started_at_precision", sa.String(length=6), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ended_at_precision", sa.String(length=6), nullable=True),
        sa.Column("ongoing", sa.Boolean(), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("ended_at_precision IN ('minute', 'day', 'month')", name="ck_episodes_ended_at_precision"),
        sa.CheckConstraint(
            "kind IN ('hospital', 'icu', 'invasive_ventilation', 'noninvasive_ventilation', 'high_flow_oxygen', 'ecmo', 'renal_replacement', 'prone', 'tracheostomy', 'noradrenaline', 'other_vasopressor', 'corticosteroid', 'tocilizumab', 'anakinra', 'remdesivir', 'other_antiviral', 'anticoagulant', 'antibiotic', 'sedation', 'treatment_limit', 'severe_state', 'other_treatment')",
            name="ck_episodes_kind",
        ),
        sa.CheckConstraint(
            "started_at_precision IN ('minute', 'day', 'month')", name="ck_episodes_started_at_precision"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_episodes_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_episodes_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("episode_id"),
    )
    op.create_index("ix_episodes_site_id", "episodes", ["site_id"], unique=False)
    op.create_index("ix_episodes_subject_id", "episodes", ["subject_id"], unique=False)
    op.create_table(
        "image_reads",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("image_read_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("study_uid", sa.Text(), nullable=False),
        sa.Column("modality", sa.String(length=10), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=False),
        sa.Column("reader_id", sa.String(length=64), nullable=False),
        sa.Column("system", sa.String(length=6), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("change", sa.String(length=10), nullable=False),
        sa.Column("blinded_to_date", sa.Boolean(), nullable=False),
        sa.Column("blinded_to_treatment", sa.Boolean(), nullable=False),
        sa.Column("adjudicates", sa.Text(), nullable=True),
        sa.CheckConstraint("change IN ('better', 'same', 'worse', 'unreadable')", name="ck_image_reads_change"),
        sa.CheckConstraint("modality IN ('chest_xray', 'ct', 'ultrasound')", name="ck_image_reads_modality"),
        sa.CheckConstraint("system IN ('rale', 'brixia', 'ct_25')", name="ck_image_reads_system"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_image_reads_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_image_reads_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("image_read_id"),
    )
    op.create_index("ix_image_reads_site_id", "image_reads", ["site_id"], unique=False)
    op.create_index("ix_image_reads_subject_id", "image_reads", ["subject_id"], unique=False)
    op.create_table(
        "outcomes",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("outcome_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=19), nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("occurred_at_precision", sa.String(length=6), nullable=False),
        sa.Column("destination", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("attributed", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('extubated', 'reintubated', 'left_icu', 'left_hospital_alive', 'transferred', 'died', 'seen_alive', 'lost', 'withdrew', 'left_or_died')",
            name="ck_outcomes_kind",
        ),
        sa.CheckConstraint(
            "occurred_at_precision IN ('minute', 'day', 'month')", name="ck_outcomes_occurred_at_precision"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_outcomes_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_outcomes_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("outcome_id"),
    )
    op.create_index("ix_outcomes_site_id", "outcomes", ["site_id"], unique=False)
    op.create_index("ix_outcomes_subject_id", "outcomes", ["subject_id"], unique=False)
    op.create_table(
        "visits",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("planned_day", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=14), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("occurred_at", UtcTime(), nullable=True),
        sa.CheckConstraint("status IN ('done', 'partly', 'missed', 'not_applicable')", name="ck_visits_status"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_visits_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.subject_id"], name="fk_visits_subject_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("subject_id", "planned_day"),
    )
    op.create_index("ix_visits_site_id", "visits", ["site_id"], unique=False)
    op.create_table(
        "measurements",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("measurement_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("marker", sa.String(length=22), nullable=False),
        sa.Column("collected_at", UtcTime(), nullable=False),
        sa.Column("collected_at_precision", sa.String(length=6), nullable=False),
        sa.Column("reported_at", UtcTime(), nullable=True),
        sa.Column("raw_value", sa.Text(), nullable=False),
        sa.Column("comparator", sa.String(length=2), nullable=False),
        sa.Column("raw_unit", sa.Text(), nullable=False),
        sa.Column("value", ExactDecimal(), nullable=True),
        sa.Column("specimen", sa.String(length=9), nullable=True),
        sa.Column("reference_low", ExactDecimal(), nullable=True),
        sa.Column("reference_high", ExactDecimal(), nullable=True),
        sa.Column("infusion_id", sa.String(length=64), nullable=True),
        sa.Column("relative_minute", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(length=6), nullable=False),
        sa.Column("import_id", sa.String(length=64), nullable=True),
        sa.Column("replicate", sa.BigInteger(), nullable=False),
        sa.Column("quality", sa.String(length=17), nullable=False),
        sa.CheckConstraint(
            "collected_at_precision IN ('minute', 'day', 'month')", name="ck_measurements_collected_at_precision"
        ),
        sa.CheckConstraint("comparator IN ('=', '<', '>', '<=', '>=')", name="ck_measurements_comparator"),
        sa.CheckConstraint(
            "marker IN ('crp', 'ferritin', 'd_dimer_feu', 'd_dimer_ddu', 'ldh', 'il6', 'lymphocytes', 'lymphocyte_percent', 't_cd3', 't_cd4', 't_cd8', 'b_cd19', 'pao2', 'paco2', 'ph', 'fio2', 'pf_ratio', 'peep', 'plateau_pressure', 'tidal_volume', 'spo2', 'lactate', 'creatinine', 'bilirubin', 'platelets', 'mean_arterial_pressure', 'heart_rate', 'temperature', 'gcs', 'noradrenaline_rate', 'weight', 'height', 'sofa_respiration', 'sofa_coagulation', 'sofa_liver', 'sofa_cardiovascular', 'sofa_nervous', 'sofa_renal', 'sofa_total', 'who_scale_2020', 'who_ordinal_feb2020')",
            name="ck_measurements_marker",
        ),
        sa.CheckConstraint("origin IN ('typed', 'file', 'device')", name="ck_measurements_origin"),
        sa.CheckConstraint(
            "quality IN ('ok', 'haemolysed', 'confirmed_extreme', 'doubtful')", name="ck_measurements_quality"
        ),
        sa.CheckConstraint(
            "specimen IN ('arterial', 'venous', 'capillary', 'serum', 'plasma', 'urine', 'none')",
            name="ck_measurements_specimen",
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.import_id"],
            name="fk_measurements_import_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["infusion_id"],
            ["infusions.infusion_id"],
            name="fk_measurements_infusion_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_measurements_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_measurements_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("measurement_id"),
    )
    op.create_index("ix_measurements_import_id", "measurements", ["import_id"], unique=False)
    op.create_index("ix_measurements_infusion_id", "measurements", ["infusion_id"], unique=False)
    op.create_index("ix_measurements_site_id", "measurements", ["site_id"], unique=False)
    op.create_index("ix_measurements_subject_id", "measurements", ["subject_id"], unique=False)
