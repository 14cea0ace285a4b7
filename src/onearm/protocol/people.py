"""`people.toml`: the sites and people a study begins with, before anybody can sign in."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

_FORBID = {"extra": "forbid"}
Role = Literal["PT", "QC", "QP", "PH", "IN", "NU", "RR", "SP", "MO", "CO", "ST", "AD", "IP"]


@dataclass(frozen=True, slots=True)
class Site:
    """`[[site]]`: a hospital, a production unit or the coordinating centre."""

    __pydantic_config__ = _FORBID
    site_id: str
    title: str
    kind: Literal["hospital", "production", "coordination"]
    country: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Training:
    """Training for a product under this version of the protocol."""

    __pydantic_config__ = _FORBID
    product_code: str
    trained_on: date
    protocol_version: str = ""  # that of study.toml when not given


@dataclass(frozen=True, slots=True)
class Delegated:
    """`[[person.role]]`: a role at a site, from a day on."""

    __pydantic_config__ = _FORBID
    role: Role
    site_id: str
    valid_from: date
    qualification: str
    valid_to: date | None = None
    training: tuple[Training, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstPerson:
    """`[[person]]`: one account. `person_id` tells two accounts of one person apart from two persons."""

    __pydantic_config__ = _FORBID
    account_id: str
    title: str
    site_id: str
    person_id: str = ""  # the account's own name when not given
    language: Literal["en", "es"] = "en"
    role: tuple[Delegated, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstPeople:
    """The whole file. `signed_by` is who signed the first delegation log, on paper."""

    __pydantic_config__ = _FORBID
    signed_by: str
    site: tuple[Site, ...] = ()
    person: tuple[FirstPerson, ...] = ()
    schema: str = "onearm.people/1"
