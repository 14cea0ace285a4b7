"""Proofs checked against what sign-in keeps: password first and slowly, then the code, which works once."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from onearm.bedside.identity.credentials import credential_of, use_counter
from onearm.bedside.identity.passwords import Cost, verify_password
from onearm.bedside.identity.second_factor import SealError, SealingKey, accepted_counter
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.proof import Proof, ProofRefused


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """The key that opens second factors, and what a password check costs."""

    key: SealingKey
    cost: Cost = Cost()

    def check_password(self, connection: sa.Connection, proof: Proof, now: datetime) -> None:
        """Raises ProofRefused for a wrong password, an unknown account or one that never enrolled."""
        credential = credential_of(connection, proof.account)
        stored = credential.password_hash if credential else None
        if not verify_password(proof.password, stored, self.cost).right:
            raise ProofRefused(proof.account)

    def use_code(self, connection: sa.Connection, proof: Proof, now: datetime) -> None:
        """Raises ProofRefused for a wrong code or one that was used."""
        credential = credential_of(connection, proof.account)
        if credential is None or credential.sealed_totp is None:
            raise ProofRefused(proof.account)
        try:
            secret = self.key.open(credential.sealed_totp, proof.account)
        except SealError:
            raise ProofRefused(proof.account) from None
        counter = accepted_counter(secret, proof.code.strip(), milliseconds(now), credential.last_counter)
        if counter is None or not use_counter(connection, proof.account, counter):
            raise ProofRefused(proof.account)
