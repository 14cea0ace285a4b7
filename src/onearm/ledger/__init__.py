"""The ledger: append-only entries with a hash chain, the tables as they stand now, Records as known at any time.

SQLite or PostgreSQL by the same code. What product rules say reaches it as arguments; it imports none.
"""
