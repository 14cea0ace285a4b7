"""What a form brings back unchanged: sealed with the key of the study, good for a while."""

import hashlib

from itsdangerous import URLSafeTimedSerializer


def sealer(secret: str, purpose: str) -> URLSafeTimedSerializer:
    """Seals and opens; what was sealed for one purpose opens for no other. Its `loads` raises BadSignature."""
    return URLSafeTimedSerializer(secret, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})
