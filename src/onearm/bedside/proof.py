"""Proof of who signs: password and one-time code, checked against what sign-in keeps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody gives to sign."""

    account: str
    password: str
    code: str


class ProofRefused(Exception):
    """Password or code are not right, or the code was used before; the two are not told apart."""

    def __init__(self, account: str, wait_s: float = 0) -> None:
        super().__init__(account)
        self.account, self.wait_s = account, wait_s


class Keys(Protocol):
    """What checks a proof. Raises ProofRefused."""

    def check_password(self, connection: sa.Connection, proof: Proof, now: datetime) -> None:
        """Slow on purpose; changes nothing."""

    def use_code(self, connection: sa.Connection, proof: Proof, now: datetime) -> None:
        """Takes the code: it works once. Undone when the transaction is."""
