"""Tables of access: credentials, sessions, failed attempts. No records: they are outside the ledger's chain.

Times are whole milliseconds since 1970 UTC, the same on SQLite and PostgreSQL.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

ACCESS = sa.MetaData()

CREDENTIALS = sa.Table(
    "credentials",
    ACCESS,
    sa.Column("account_id", sa.String(64), primary_key=True),
    sa.Column("password_hash", sa.Text),  # null until enrolled
    sa.Column("sealed_totp", sa.LargeBinary),  # null until enrolled
    sa.Column("last_counter", sa.BigInteger, nullable=False),  # of the last code used; -1 for none
    sa.Column("invitation_sha256", sa.String(64), unique=True),  # null once used
    sa.Column("invitation_expires_at", sa.BigInteger),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)

SESSIONS = sa.Table(
    "sessions",
    ACCESS,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.String(64), nullable=False, index=True),
    sa.Column("role", sa.String(64), nullable=False),
    sa.Column("site_id", sa.String(64), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("second_factor_at", sa.BigInteger),  # null: password alone
    sa.Column("revoked_at", sa.BigInteger),
)

FAILURES = sa.Table(
    "failures",
    ACCESS,
    sa.Column("failure_id", sa.String(32), primary_key=True),
    sa.Column("account_id", sa.String(64), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_failures_account", "account_id", "at"),
    sa.Index("ix_failures_address", "address", "at"),
)


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970 UTC. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give one.")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
