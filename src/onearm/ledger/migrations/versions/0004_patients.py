"""The patients, up to the order of a dose."""

import sqlalchemy as sa
from alembic import op

from onearm.ledger.columns import ExactDecimal, UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sources",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("population", sa.Text(), nullable=False),
        sa.Column("setting", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("entry_rule", sa.Text(), nullable=False),
        sa.Column("time_zero_rule", sa.Text(), nullable=False),
        sa.Column("time_basis", sa.String(length=8), nullable=False),
        sa.Column("clock_start", sa.String(length=12), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("retrieved_at", UtcTime(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("missing_fields", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "clock_start IN ('ventilation', 'icu', 'hospital', 'severe_state', 'listing', 'other')",
            name="ck_sources_clock_start",
        ),
        sa.CheckConstraint(
            "kind IN ('own_study', 'concurrent_untreated', 'individual_external', 'virtual')", name="ck_sources_kind"
        ),
        sa.CheckConstraint("time_basis IN ('calendar', 'shifted', 'day_only')", name="ck_sources_time_basis"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_sources_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("source_id"),
    )
    op.create_index("ix_sources_site_id", "sources", ["site_id"], unique=False)
    op.create_table(
        "subjects",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("cohort", sa.String(length=20), nullable=False),
        sa.Column("sex", sa.String(length=7), nullable=False),
        sa.Column("age_years", ExactDecimal(), nullable=True),
        sa.Column("age_low", sa.BigInteger(), nullable=True),
        sa.Column("age_high", sa.BigInteger(), nullable=True),
        sa.Column("height_cm", ExactDecimal(), nullable=True),
        sa.Column("symptoms_at", UtcTime(), nullable=True),
        sa.Column("symptoms_at_precision", sa.String(length=6), nullable=True),
        sa.Column("hospital_at", UtcTime(), nullable=True),
        sa.Column("hospital_at_precision", sa.String(length=6), nullable=True),
        sa.Column("icu_at", UtcTime(), nullable=True),
        sa.Column("icu_at_precision", sa.String(length=6), nullable=True),
        sa.Column("ventilated_at", UtcTime(), nullable=True),
        sa.Column("ventilated_at_precision", sa.String(length=6), nullable=True),
        sa.Column("listed_at", UtcTime(), nullable=True),
        sa.Column("listed_at_precision", sa.String(length=6), nullable=True),
        sa.Column("calendar_month", sa.String(length=64), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("hypertension", sa.String(length=7), nullable=False),
        sa.Column("diabetes", sa.String(length=7), nullable=False),
        sa.Column("copd", sa.String(length=7), nullable=False),
        sa.Column("chronic_kidney", sa.String(length=7), nullable=False),
        sa.Column("heart_failure", sa.String(length=7), nullable=False),
        sa.Column("active_cancer", sa.String(length=7), nullable=False),
        sa.Column("immunosuppressed", sa.String(length=7), nullable=False),
        sa.Column("obesity", sa.String(length=7), nullable=False),
        sa.Column("liver", sa.String(length=7), nullable=False),
        sa.Column("smoker", sa.String(length=7), nullable=False),
        sa.Column("apache2", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("active_cancer IN ('yes', 'no', 'unknown')", name="ck_subjects_active_cancer"),
        sa.CheckConstraint("chronic_kidney IN ('yes', 'no', 'unknown')", name="ck_subjects_chronic_kidney"),
        sa.CheckConstraint(
            "cohort IN ('treated_path', 'concurrent_untreated', 'individual_external')", name="ck_subjects_cohort"
        ),
        sa.CheckConstraint("copd IN ('yes', 'no', 'unknown')", name="ck_subjects_copd"),
        sa.CheckConstraint("diabetes IN ('yes', 'no', 'unknown')", name="ck_subjects_diabetes"),
        sa.CheckConstraint("heart_failure IN ('yes', 'no', 'unknown')", name="ck_subjects_heart_failure"),
        sa.CheckConstraint(
            "hospital_at_precision IN ('minute', 'day', 'month')", name="ck_subjects_hospital_at_precision"
        ),
        sa.CheckConstraint("hypertension IN ('yes', 'no', 'unknown')", name="ck_subjects_hypertension"),
        sa.CheckConstraint("icu_at_precision IN ('minute', 'day', 'month')", name="ck_subjects_icu_at_precision"),
        sa.CheckConstraint("immunosuppressed IN ('yes', 'no', 'unknown')", name="ck_subjects_immunosuppressed"),
        sa.CheckConstraint("listed_at_precision IN ('minute', 'day', 'month')", name="ck_subjects_listed_at_precision"),
        sa.CheckConstraint("liver IN ('yes', 'no', 'unknown')", name="ck_subjects_liver"),
        sa.CheckConstraint("obesity IN ('yes', 'no', 'unknown')", name="ck_subjects_obesity"),
        sa.CheckConstraint("sex IN ('female', 'male', 'unknown')", name="ck_subjects_sex"),
        sa.CheckConstraint("smoker IN ('yes', 'no', 'unknown')", name="ck_subjects_smoker"),
        sa.CheckConstraint(
            "symptoms_at_precision IN ('minute', 'day', 'month')", name="ck_subjects_symptoms_at_precision"
        ),
        sa.CheckConstraint(
            "ventilated_at_precision IN ('minute', 'day', 'month')", name="ck_subjects_ventilated_at_precision"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_subjects_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.source_id"], name="fk_subjects_source_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("subject_id"),
    )
    op.create_index("ix_subjects_site_id", "subjects", ["site_id"], unique=False)
    op.create_index("ix_subjects_source_id", "subjects", ["source_id"], unique=False)
    op.create_table(
        "consents",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("consent_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=11), nullable=False),
        sa.Column("document_version", sa.Text(), nullable=False),
        sa.Column("given_at", UtcTime(), nullable=False),
        sa.Column("taken_by", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("witness", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "kind IN ('patient', 'proxy', 'deferred', 'reconfirmed', 'withdrawn')", name="ck_consents_kind"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_consents_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_consents_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("consent_id"),
    )
    op.create_index("ix_consents_site_id", "consents", ["site_id"], unique=False)
    op.create_index("ix_consents_subject_id", "consents", ["subject_id"], unique=False)
    op.create_table(
        "eligibility_checks",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("check_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("criterion_id", sa.String(length=64), nullable=False),
        sa.Column("assessed_at", UtcTime(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("met", sa.String(length=7), nullable=False),
        sa.Column("evidence", sa.String(length=11), nullable=False),
        sa.Column("assessed_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "evidence IN ('measured', 'chart', 'statement', 'source_file')", name="ck_eligibility_checks_evidence"
        ),
        sa.CheckConstraint("met IN ('yes', 'no', 'unknown')", name="ck_eligibility_checks_met"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_eligibility_checks_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_eligibility_checks_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("check_id"),
    )
    op.create_index("ix_eligibility_checks_site_id", "eligibility_checks", ["site_id"], unique=False)
    op.create_index("ix_eligibility_checks_subject_id", "eligibility_checks", ["subject_id"], unique=False)
    op.create_table(
        "treatment_decisions",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("product_available", sa.Boolean(), nullable=True),
        sa.CheckConstraint("decision IN ('treat', 'do_not_treat', 'defer')", name="ck_treatment_decisions_decision"),
        sa.CheckConstraint(
            "reason IN ('not_eligible', 'no_product', 'no_consent', 'moribund', 'improving', 'transferred', 'other_trial', 'died_first', 'clinician', 'other')",
            name="ck_treatment_decisions_reason",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_treatment_decisions_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_treatment_decisions_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("ix_treatment_decisions_site_id", "treatment_decisions", ["site_id"], unique=False)
    op.create_index("ix_treatment_decisions_subject_id", "treatment_decisions", ["subject_id"], unique=False)
    op.create_table(
        "weights",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("weight_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("measured_at", UtcTime(), nullable=False),
        sa.Column("weight_kg", ExactDecimal(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.CheckConstraint("method IN ('scale', 'bed', 'relative', 'patient', 'guess')", name="ck_weights_method"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_weights_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.subject_id"], name="fk_weights_subject_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("weight_id"),
    )
    op.create_index("ix_weights_site_id", "weights", ["site_id"], unique=False)
    op.create_index("ix_weights_subject_id", "weights", ["subject_id"], unique=False)
    op.create_table(
        "dose_orders",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("dose_order_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("dose_no", sa.BigInteger(), nullable=False),
        sa.Column("planned_m_per_kg", ExactDecimal(), nullable=False),
        sa.Column("weight_basis", sa.String(length=9), nullable=False),
        sa.Column("dosing_weight_kg", ExactDecimal(), nullable=False),
        sa.Column("weight_id", sa.String(length=64), nullable=True),
        sa.Column("target_m", ExactDecimal(), nullable=False),
        sa.Column("requested_for", UtcTime(), nullable=False),
        sa.Column("ordered_at", UtcTime(), nullable=False),
        sa.Column("ordered_by", sa.String(length=64), nullable=False),
        sa.Column("verified_at", UtcTime(), nullable=True),
        sa.Column("verified_by", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("cancelled_at", UtcTime(), nullable=True),
        sa.Column("cancel_reason", sa.String(length=17), nullable=True),
        sa.CheckConstraint(
            "cancel_reason IN ('died', 'extubated', 'worse', 'transferred', 'consent_withdrawn', 'product_failed', 'thaw_failed', 'expired', 'clinician', 'other')",
            name="ck_dose_orders_cancel_reason",
        ),
        sa.CheckConstraint("status IN ('ordered', 'verified', 'cancelled', 'completed')", name="ck_dose_orders_status"),
        sa.CheckConstraint(
            "weight_basis IN ('actual', 'predicted', 'adjusted', 'flat')", name="ck_dose_orders_weight_basis"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_dose_orders_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.subject_id"],
            name="fk_dose_orders_subject_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["weight_id"], ["weights.weight_id"], name="fk_dose_orders_weight_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("dose_order_id"),
    )
    op.create_index("ix_dose_orders_site_id", "dose_orders", ["site_id"], unique=False)
    op.create_index("ix_dose_orders_subject_id", "dose_orders", ["subject_id"], unique=False)
    op.create_index("ix_dose_orders_weight_id", "dose_orders", ["weight_id"], unique=False)
