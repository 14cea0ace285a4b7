"""What a symbol says: `OA1/<study>/<kind>/<id>`, upper-case ASCII, the id with its check character.

A container id ends in its check character and is written as it is: `OA1/BALMYS19/C/C7Q2M4XK8TK`. A subject or order id
is followed by a hyphen and the check character of kind and id: `OA1/BALMYS19/W/S01-004-4`.

A typed id is read as the kind that is asked for and no other: an id with one slip may be right as another kind.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from onearm.bedside.labels.check_characters import label_check
from onearm.bedside.labels.words import LabelWords
from onearm.report.words import Language
from onearm.vocabulary.identifiers import has_check_character, is_identifier

PREFIX = "OA1"
LONGEST = 256  # of what a scanner may type; foreign codes are opaque text up to this
_STUDY = re.compile(r"[A-Z0-9-]{1,32}")
_CONTAINER = re.compile(r"[A-Z0-9]{11}")
_NEARLY_A_CONTAINER = re.compile(r"(?=.*[A-Z])[A-Z0-9]{9,13}")  # one character too few or too many, and one more
_NEARLY_AN_ID = re.compile(r"[A-Z0-9*-]{2,66}")
_SHOWN = 80  # characters of a wrong text that a message repeats


class Kind(StrEnum):
    """What a label is stuck on."""

    CONTAINER = "C"
    WRISTBAND = "W"
    DOSE_ORDER = "D"


class LabelError(ValueError):
    """A text that is not a right label; `said` tells it in either language."""

    key: ClassVar[str] = "scan.not_a_label"

    def __init__(self, text: str, **values: object) -> None:
        self.values = {"text": text[:_SHOWN], **values}
        super().__init__(self.said("en"))

    def said(self, language: Language) -> str:
        """What was wrong and what to do."""
        return LabelWords(language)(self.key, **self.values)


class NotALabel(LabelError):
    """No code of ours: another beginning, or not four parts."""


class KeyboardLayout(LabelError):
    """A code of ours typed by a scanner that is set to another keyboard: its slashes came as something else."""

    key = "scan.keyboard_layout"


class OtherStudy(LabelError):
    """A code of another study."""

    key = "scan.other_study"


class UnknownKind(LabelError):
    """Neither container, wristband nor dose order."""

    key = "scan.unknown_kind"


class WrongCheck(LabelError):
    """An id that does not fit its check character."""

    key = "scan.wrong_check"


class TooLong(LabelError):
    """More text than any code holds."""

    key = "scan.too_long"


@dataclass(frozen=True, slots=True)
class Code:
    """What one symbol stands for; `id` as the records know it."""

    study: str
    kind: Kind
    id: str

    def __post_init__(self) -> None:
        if not _STUDY.fullmatch(self.study):
            raise ValueError(f"{self.study!r}: a study is written with 1 to 32 of 0-9, A-Z and hyphens on a label.")
        if self.kind is Kind.CONTAINER and not _is_container(self.id):
            raise ValueError(f"{self.id!r}: a container id is 10 characters and their check character.")
        if not is_identifier(self.id):
            raise ValueError(f"{self.id!r}: an id is 1 to 64 of 0-9, A-Z and hyphens.")

    @property
    def printed_id(self) -> str:
        """The id with its check character, as it stands beside the symbol and is typed when no scanner works."""
        return self.id if self.kind is Kind.CONTAINER else f"{self.id}-{label_check(self.kind + self.id)}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What came from a scanner, a photo or a hand. A foreign code (ISBT 128 and others) has no kind and no id."""

    kind: Kind | None
    id: str
    how: Literal["scanned", "typed"]
    raw: str  # as it came


def study_code(study_id: str) -> str:
    """A study id as labels write it: `balmys19` gives `BALMYS19`; what is no letter or digit becomes a hyphen."""
    return re.sub(r"[^A-Z0-9]+", "-", study_id.upper())[:32].strip("-")


def write(code: Code) -> str:
    """The content of the symbol."""
    return f"{PREFIX}/{code.study}/{code.kind}/{code.printed_id}"


def read(text: str, study: str) -> Code:
    """The code in `text`, which must be of `study` (as labels write it).

    Raises NotALabel, OtherStudy, UnknownKind or WrongCheck.
    """
    parts = text.split("/")
    if len(parts) != 4 or parts[0] != PREFIX:
        raise NotALabel(text)
    _, found, kind, printed = parts
    if found != study:
        raise OtherStudy(text, found=found[:32], study=study)
    if kind not in tuple(Kind):
        raise UnknownKind(text, found=kind[:32])
    code = _code_of(printed, study, Kind(kind))
    if code is None:
        raise WrongCheck(text)
    return code


def read_scan(text: str, study: str, asked: Kind) -> Scan:
    """What a scanner or a hand entered where `asked` was asked for: a code of ours, a typed id, or a foreign code.

    A scanned code may be of another kind than asked, a typed id may not. Upper and lower case are the same, blanks in a
    typed id are left out. Raises a LabelError for a code of ours that is wrong, and WrongCheck for a text that looks
    like an id of ours and does not fit its check character.
    """
    if len(text) > LONGEST:
        raise TooLong(text, length=len(text))
    shown = text.strip().upper()
    if shown.startswith(PREFIX + "/"):
        code = read(shown, study)
        return Scan(code.kind, code.id, "scanned", text)
    if re.match(PREFIX + r"[^A-Z0-9]", shown):
        raise KeyboardLayout(text)
    typed = shown.replace(" ", "")
    if text.isascii() and _looks_like_an_id(typed):
        typed_code = _code_of(typed, study, asked)
        if typed_code is None:
            raise WrongCheck(text)
        return Scan(asked, typed_code.id, "typed", text)
    return Scan(None, "", "scanned", text)


def _code_of(printed: str, study: str, kind: Kind) -> Code | None:
    """The code whose printed id this is; None when the check character is wrong or missing."""
    if kind is Kind.CONTAINER:
        return Code(study, kind, printed) if _is_container(printed) else None
    id, hyphen, check = printed[:-2], printed[-2:-1], printed[-1:]
    right = hyphen == "-" and is_identifier(id) and label_check(kind + id) == check
    return Code(study, kind, id) if right else None


def _is_container(id: str) -> bool:
    return _CONTAINER.fullmatch(id) is not None and has_check_character(id)


def _looks_like_an_id(typed: str) -> bool:
    if "-" in typed:
        return _NEARLY_AN_ID.fullmatch(typed) is not None
    return _NEARLY_A_CONTAINER.fullmatch(typed) is not None
