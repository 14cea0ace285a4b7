"""The JSON twins of forms: what is asked, taken, written, and why not. These models are the document of the API."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, StringConstraints, create_model
from pydantic import Field as Described

from onearm.bedside.act import Act
from onearm.bedside.acting import Done, Review
from onearm.bedside.field import Field
from onearm.bedside.language import say
from onearm.bedside.remedies import remedy_in
from onearm.bedside.situation import Situation

_DECIMAL = r"^-?[0-9]{1,26}(\.[0-9]{1,12})?$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TEXT = 2000


class FieldTwin(BaseModel):
    """One question of a form."""

    name: str
    label: str
    kind: str
    required: bool
    unit: str
    low: str | None
    high: str | None
    choices: list[str]
    value: str


class FormTwin(BaseModel):
    """A form before anybody typed; `read_version` goes back with the answers where it is given."""

    act: str
    title: str
    key: str
    fields: list[FieldTwin]
    signed: bool
    second_person: str | None
    read_version: int | None


class EntryTwin(BaseModel):
    """One entry that was written."""

    seq: int
    table: str
    key: str
    version: int
    hash: str


class WrittenTwin(BaseModel):
    """What an act wrote."""

    entries: list[EntryTwin]
    page: str
    told: list[str]


class FindingTwin(BaseModel):
    """What a rule says."""

    rule: str
    severity: str
    table: str
    key: str
    sentence: str
    remedy: str


class ProblemTwin(BaseModel):
    """Why nothing was written. `needs` says what would make it go: confirmed, signature."""

    error: str
    sentence: str
    faults: dict[str, str] = {}
    findings: list[FindingTwin] = []
    needs: list[str] = []
    stands: dict[str, Any] = {}


def body_of(act: Act) -> type[BaseModel]:
    """The body an act takes: strict types, nothing unknown."""
    fields: dict[str, Any] = {f.name: _described(f) for f in act.fields}
    fields |= {
        "read_version": (StrictInt | None, None),
        "confirmed": (StrictBool, False),
        "password": (Annotated[str, StringConstraints(max_length=256)] | None, None),
        "code": (Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None, None),
        "paper": (Annotated[str, StringConstraints(max_length=40)] | None, None),
    }
    name = "".join(part.capitalize() for part in act.id.split("-")) + "Body"
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _described(field: Field) -> Any:
    kind = _json_type(field)
    if field.required:
        return (kind, Described(description=field.unit or None))
    return (kind | None, None)


def _json_type(field: Field) -> Any:
    match field.kind:
        case "number":
            return Annotated[str, StringConstraints(pattern=_DECIMAL)]
        case "integer":
            return StrictInt
        case "yes_no":
            return StrictBool
        case "time":
            return Annotated[str, StringConstraints(pattern=_TIME)]
        case "date":
            return Annotated[str, StringConstraints(pattern=_DATE)]
        case "choice" if field.choices:
            return Literal[field.choices]
        case "several":
            return list[Literal[field.choices]]  # type: ignore[name-defined]
        case _:
            return Annotated[str, StringConstraints(max_length=_TEXT)]


def form_twin(act: Act, situation: Situation, values: Mapping[str, Any], language: str) -> FormTwin:
    """A form as data."""
    fields = [
        FieldTwin(
            name=f.name,
            label=say(language, f"field.{f.name}"),
            kind=f.kind,
            required=f.required,
            unit=f.unit,
            low=None if f.low is None else str(f.low),
            high=None if f.high is None else str(f.high),
            choices=[v for v, _ in values.get(f"options {f.name}", ())] or list(f.choices),
            value=str(values.get(f.name, "")),
        )
        for f in act.fields
    ]
    version = situation.row["version"] if situation.row and act.changes else None
    title = say(language, f"act.{act.id}.title")
    return FormTwin(
        act=act.id,
        title=title,
        key=situation.key,
        fields=fields,
        signed=act.meaning is not None,
        second_person=act.second_person,
        read_version=version,
    )


def written_twin(done: Done) -> WrittenTwin:
    """What was written as data."""
    entries = [
        EntryTwin(seq=e.seq, table=e.table_name, key=e.record_key, version=e.version, hash=e.hash) for e in done.entries
    ]
    return WrittenTwin(entries=entries, page=done.go_to, told=list(done.informs))


def problem_twin(act: Act, review: Review, language: str) -> JSONResponse:
    """Why an act was not performed: 422 for what was typed, 409 for what rules say or what is still open."""
    faults = {f.field: f.say(language) for f in review.faults}
    judged = review.judgement
    findings = [*judged.blocks, *judged.confirms] if judged else []
    needs = []
    if judged is not None and not judged.blocks:
        needs = (["confirmed"] if judged.confirms else []) + (["signature"] if act.meaning or act.second_person else [])
    twin = ProblemTwin(
        error="faults" if faults else "refused" if review.refusal else "findings" if findings else "signature",
        sentence=review.refusal or say(language, "problem.faults" if faults else "problem.open"),
        faults=faults,
        findings=[
            FindingTwin(
                rule=f.rule,
                severity=f.severity.value,
                table=f.table,
                key=f.key,
                sentence=f.sentence_es if language == "es" else f.sentence,
                remedy=remedy_in(language, f.remedy),
            )
            for f in findings
        ],
        needs=needs,
    )
    return JSONResponse(twin.model_dump(mode="json"), status_code=422 if faults else 409)
