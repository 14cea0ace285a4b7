"""The product: lots, tests, decisions, containers."""

import sqlalchemy as sa
from alembic import op

from onearm.ledger.columns import ExactDecimal, UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "lots",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("cell_source", sa.String(length=14), nullable=False),
        sa.Column("donor_id", sa.String(length=64), nullable=False),
        sa.Column("donor_kind", sa.String(length=10), nullable=False),
        sa.Column("donation_code", sa.String(length=64), nullable=True),
        sa.Column("passage", sa.BigInteger(), nullable=False),
        sa.Column("population_doublings", ExactDecimal(), nullable=True),
        sa.Column("form", sa.String(length=13), nullable=False),
        sa.Column("harvested_at", UtcTime(), nullable=False),
        sa.Column("frozen_at", UtcTime(), nullable=True),
        sa.Column("freezing_medium", sa.Text(), nullable=True),
        sa.Column("dmso_percent", ExactDecimal(), nullable=False),
        sa.Column("nominal_viable_m", ExactDecimal(), nullable=False),
        sa.Column("product_volume_ml", ExactDecimal(), nullable=False),
        sa.Column("containers_made", sa.BigInteger(), nullable=False),
        sa.Column("storage_c", ExactDecimal(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("specification_id", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "cell_source IN ('adipose', 'bone_marrow', 'umbilical_cord', 'other')", name="ck_lots_cell_source"
        ),
        sa.CheckConstraint("donor_kind IN ('allogeneic', 'autologous')", name="ck_lots_donor_kind"),
        sa.CheckConstraint("form IN ('cryopreserved', 'fresh')", name="ck_lots_form"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_lots_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("lot_id"),
    )
    op.create_index("ix_lots_site_id", "lots", ["site_id"], unique=False)
    op.create_table(
        "specifications",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("specification_id", sa.String(length=64), nullable=False),
        sa.Column("specification_version", sa.BigInteger(), nullable=False),
        sa.Column("test", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=15), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("low", ExactDecimal(), nullable=True),
        sa.Column("high", ExactDecimal(), nullable=True),
        sa.Column("expected_text", sa.Text(), nullable=True),
        sa.Column("required_for", sa.String(length=11), nullable=False),
        sa.CheckConstraint(
            "required_for IN ('release', 'second_step', 'information')", name="ck_specifications_required_for"
        ),
        sa.CheckConstraint(
            "stage IN ('in_process', 'before_freezing', 'final', 'after_thaw')", name="ck_specifications_stage"
        ),
        sa.CheckConstraint(
            "test IN ('viability', 'count', 'cd73', 'cd90', 'cd105', 'negative_panel', 'hla_dr', 'sterility', 'mycoplasma', 'endotoxin', 'karyotype', 'potency', 'adventitious_virus', 'appearance')",
            name="ck_specifications_test",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_specifications_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("specification_id", "specification_version", "test", "stage"),
    )
    op.create_index("ix_specifications_site_id", "specifications", ["site_id"], unique=False)
    op.create_table(
        "containers",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("container_id", sa.String(length=64), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("container_no", sa.BigInteger(), nullable=False),
        sa.Column("nominal_viable_m", ExactDecimal(), nullable=False),
        sa.Column("volume_ml", ExactDecimal(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lots.lot_id"], name="fk_containers_lot_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_containers_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("container_id"),
    )
    op.create_index("ix_containers_lot_id", "containers", ["lot_id"], unique=False)
    op.create_index("ix_containers_site_id", "containers", ["site_id"], unique=False)
    op.create_table(
        "lot_materials",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Date(), nullable=True),
        sa.Column("used_at", UtcTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('donor_tissue', 'serum', 'medium', 'enzyme', 'cryoprotectant', 'plastic', 'other')",
            name="ck_lot_materials_kind",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lots.lot_id"], name="fk_lot_materials_lot_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_lot_materials_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("lot_id", "line_no"),
    )
    op.create_index("ix_lot_materials_site_id", "lot_materials", ["site_id"], unique=False)
    op.create_table(
        "lot_tests",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("lot_test_id", sa.String(length=64), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("test", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=15), nullable=False),
        sa.Column("replicate", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("raw_value", sa.Text(), nullable=False),
        sa.Column("comparator", sa.String(length=2), nullable=False),
        sa.Column("raw_unit", sa.Text(), nullable=False),
        sa.Column("value", ExactDecimal(), nullable=True),
        sa.Column("result_text", sa.Text(), nullable=True),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("sampled_at", UtcTime(), nullable=False),
        sa.Column("reported_at", UtcTime(), nullable=True),
        sa.Column("analyst_id", sa.String(length=64), nullable=False),
        sa.Column("verifier_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint("comparator IN ('=', '<', '>', '<=', '>=')", name="ck_lot_tests_comparator"),
        sa.CheckConstraint(
            "stage IN ('in_process', 'before_freezing', 'final', 'after_thaw')", name="ck_lot_tests_stage"
        ),
        sa.CheckConstraint(
            "test IN ('viability', 'count', 'cd73', 'cd90', 'cd105', 'negative_panel', 'hla_dr', 'sterility', 'mycoplasma', 'endotoxin', 'karyotype', 'potency', 'adventitious_virus', 'appearance')",
            name="ck_lot_tests_test",
        ),
        sa.CheckConstraint("verdict IN ('pending', 'pass', 'fail', 'not_done')", name="ck_lot_tests_verdict"),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lots.lot_id"], name="fk_lot_tests_lot_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_lot_tests_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("lot_test_id"),
    )
    op.create_index("ix_lot_tests_lot_id", "lot_tests", ["lot_id"], unique=False)
    op.create_index("ix_lot_tests_site_id", "lot_tests", ["site_id"], unique=False)
    op.create_table(
        "release_decisions",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=19), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("risk_assessment", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('release', 'release_first_step', 'confirm_second_step', 'release_out_of_spec', 'reject', 'recall')",
            name="ck_release_decisions_decision",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lots.lot_id"], name="fk_release_decisions_lot_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_release_decisions_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("ix_release_decisions_lot_id", "release_decisions", ["lot_id"], unique=False)
    op.create_index("ix_release_decisions_site_id", "release_decisions", ["site_id"], unique=False)
