"""A daily course comes by file: chosen, seen as it would be stored, confirmed, written; nothing is kept half."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from onearm.bedside.asked import asked, require_site
from onearm.bedside.context import Caller, caller, require_own_form, running
from onearm.bedside.course_file import CourseFile, Staged, file_name, mappings_of, stage, store
from onearm.bedside.rendering import page
from onearm.bedside.restriction import refuse_when_restricted
from onearm.bedside.screen import Asking
from onearm.bedside.sealing import sealer
from onearm.results.problems import Problem, StudyProblems

router = APIRouter(include_in_schema=False)
_ACTION: dict[str, Any] = {"x-action": "course"}
_BYTES = 50 * 1024 * 1024
_CONFIRMED_WITHIN_S = 3600
_SHOWN_ROWS, _SHOWN_REFUSALS = 10, 500


@router.get("/import/{site_id}", response_class=HTMLResponse, openapi_extra=_ACTION)
def choose_file(request: Request, site_id: str, who: Caller = Depends(caller)) -> Response:
    """The form, and what came in before."""
    with asked(request, who, "course") as asking:
        require_site(asking, site_id)
        return _choose(request, who, asking, site_id)


@router.post("/import/{site_id}", response_class=HTMLResponse, openapi_extra=_ACTION)
def preview(
    request: Request,
    site_id: str,
    file: UploadFile = File(...),
    mapping: str = Form(""),
    csrf: str = Form(""),
    who: Caller = Depends(caller),
) -> Response:
    """What the file would do; it is kept under its hash, nothing is written to the ledger."""
    require_own_form(request, csrf, who.token)
    folder = running(request).promise.folder
    with asked(request, who, "course") as asking:
        require_site(asking, site_id)
        data = file.file.read(_BYTES + 1)
        chosen = next((m for m in mappings_of(folder, site_id)[0] if m.name == mapping), None)
        if chosen is None or not data or len(data) > _BYTES:
            key = "import.no_mapping" if chosen is None else "import.too_large" if data else "import.no_file"
            return _choose(request, who, asking, site_id, fault=key)
        name, sha256 = file_name(file.filename), hashlib.sha256(data).hexdigest()
        handed_in = CourseFile(_keep(folder, sha256, data), name, sha256, chosen)
        try:
            staged = stage(asking.promise, asking.view, handed_in, site_id)
        except StudyProblems as refused:
            return _choose(request, who, asking, site_id, problems=refused.problems)
    return _preview(request, who, site_id, staged)


@router.post("/import/{site_id}/confirm", openapi_extra=_ACTION)
def confirm(
    request: Request,
    site_id: str,
    handed_in: str = Form(""),
    partial: str = Form(""),
    looked: str = Form(""),
    csrf: str = Form(""),
    who: Caller = Depends(caller),
) -> Response:
    """Reads the kept file again and writes all of it, or the good rows where that was ticked, or nothing."""
    require_own_form(request, csrf, who.token)
    app = running(request)
    with asked(request, who, "course") as asking:
        require_site(asking, site_id)
        file = _handed_in(request, asking, site_id, handed_in)
        if file is None:
            return _choose(request, who, asking, site_id, fault="import.too_late")
        try:
            seen, staged = asking.view.head(), stage(asking.promise, asking.view, file, site_id)
        except StudyProblems as refused:
            return _choose(request, who, asking, site_id, problems=refused.problems)
    if fault := _open(staged, partial == "true", looked == "true"):
        return _preview(request, who, site_id, staged, fault=fault)
    with app.ledger.writing(who.person.actor) as act:
        refuse_when_restricted(act.view)
        if act.view.head() != seen:
            staged = stage(app.promise, act.view, file, site_id)
        fault = _open(staged, partial == "true", looked == "true")
        if not fault and staged.rows_new:
            store(act, staged, who.person)
    if fault:
        return _preview(request, who, site_id, staged, fault=fault)
    return RedirectResponse(f"/import/{site_id}?stored={staged.rows_new}", status_code=303)


def _open(staged: Staged, partial: bool, looked: bool) -> str:
    """Key of what is still open before the rows may be written; empty when nothing is."""
    if staged.refusals and not partial:
        return "import.all_or_nothing"
    return "import.confirm_first" if staged.asks and not looked else ""


def _keep(folder: Path, sha256: str, data: bytes) -> Path:
    """The file under its hash, for its owner alone."""
    path = folder / "imports" / sha256
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        part = path.with_suffix(".part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    return path


def _serializer(request: Request) -> URLSafeTimedSerializer:
    return sealer(request.app.state.form_secret, "import")


def _handed_in(request: Request, asking: Asking, site_id: str, sealed: str) -> CourseFile | None:
    """The file that was previewed, its bytes and those of its mapping unchanged; None otherwise, or too long ago."""
    try:
        told = _serializer(request).loads(sealed, max_age=_CONFIRMED_WITHIN_S)
    except BadSignature:
        return None
    folder = asking.promise.folder
    path, mapping = folder / "imports" / told["sha256"], folder / "mappings" / told["mapping"]
    whose = told["site"], told["account"]
    if whose != (site_id, asking.person.account_id) or not path.exists() or not mapping.exists():
        return None
    if _hash(path) != told["sha256"] or _hash(mapping) != told["mapping_sha256"]:
        return None
    return CourseFile(path, told["name"], told["sha256"], mapping)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _choose(
    request: Request,
    who: Caller,
    asking: Asking,
    site_id: str,
    *,
    fault: str = "",
    problems: Sequence[Problem] = (),
) -> Response:
    mappings, broken = mappings_of(asking.promise.folder, site_id)
    before = sorted(asking.view.rows("imports", site_id=site_id), key=lambda r: r["entered_at"], reverse=True)
    told: dict[str, Any] = {
        "site_id": site_id,
        "mappings": [m.name for m in mappings],
        "broken": broken,
        "fault": fault,
        "problems": problems,
        "before": before,
        "stored": asking.query.get("stored", "") if asking.query.get("stored", "").isdigit() else "",
    }
    return page(request, "import.html", who, status=422 if fault or problems else 200, **told)


def _preview(request: Request, who: Caller, site_id: str, staged: Staged, *, fault: str = "") -> Response:
    file = staged.file
    told = {"sha256": file.sha256, "name": file.name, "mapping": file.mapping.name, "site": site_id}
    told |= {"mapping_sha256": staged.mapping_sha256, "account": who.person.account_id}
    sealed = _serializer(request).dumps(told)
    values: dict[str, Any] = {
        "site_id": site_id,
        "staged": staged,
        "handed_in": sealed,
        "fault": fault,
        "refusals": staged.refusals[:_SHOWN_REFUSALS],
        "tables": {table: _first_rows(frame.head(_SHOWN_ROWS).to_dicts()) for table, frame in staged.fresh.items()},
        "counts": {table: frame.height for table, frame in staged.fresh.items()},
    }
    return page(request, "import_preview.html", who, status=409 if fault else 200, **values)


def _first_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The first rows of a table, without columns that are empty in all of them or filled in by the ledger."""
    own = ("site_id", "version", "entered_at", "import_id")
    columns = [c for c in rows[0] if c not in own and any(r[c] is not None for r in rows)]
    return {"columns": columns, "rows": [[r[c] for c in columns] for r in rows]}
