"""Pictures come in from a site, and go to a reader who learns nothing else of them."""

import hashlib
from typing import Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from onearm.bedside.asked import asked
from onearm.bedside.context import Caller, caller, require_own_form, running
from onearm.bedside.field import fields_of, read
from onearm.bedside.pictures import NotAPicture, keep, new_image_id, only_pixels, path_of
from onearm.bedside.rendering import page
from onearm.bedside.restriction import refuse_when_restricted
from onearm.bedside.screen import Asking
from onearm.bedside.situation import NotThere, Situation

router = APIRouter(include_in_schema=False)
_SITE: dict[str, Any] = {"x-action": "course"}
_READER: dict[str, Any] = {"x-action": "see_images"}
FIELDS = fields_of("images", "modality", "taken_at")


@router.get("/images/{image_id}/picture", openapi_extra=_READER)
def picture(request: Request, image_id: str, who: Caller = Depends(caller)) -> Response:
    """The bytes, when they are those that were sent."""
    with asked(request, who, "see_images") as asking:
        row = asking.view.row("images", image_id)
    path = path_of(running(request).promise.folder, image_id)
    if row is None or not path.exists():
        raise NotThere(image_id)
    png = path.read_bytes()
    if hashlib.sha256(png).hexdigest() != row["file_sha256"]:
        raise NotThere(image_id)
    return Response(png, media_type="image/png", headers={"Content-Disposition": f'inline; filename="{image_id}.png"'})


@router.get("/patients/{subject_id}/images", response_class=HTMLResponse, openapi_extra=_SITE)
def images_of_patient(request: Request, subject_id: str, who: Caller = Depends(caller)) -> Response:
    """What was sent of a patient, and the form to send more."""
    with asked(request, who, "course") as asking:
        return _form(request, who, asking, asking.situation("subject", subject_id))


@router.post("/patients/{subject_id}/images", openapi_extra=_SITE)
def send_image(
    request: Request,
    subject_id: str,
    file: UploadFile = File(...),
    modality: str = Form(""),
    taken_at: str = Form(""),
    looked: str = Form(""),
    csrf: str = Form(""),
    who: Caller = Depends(caller),
) -> Response:
    """One picture: drawn anew, kept under a drawn name, its row in the ledger."""
    require_own_form(request, csrf, who.token)
    app = running(request)
    with asked(request, who, "course") as asking:
        situation = asking.situation("subject", subject_id)
        typed = {"modality": modality, "taken_at": taken_at}
        answers, found = read(FIELDS, typed, situation)
        faults = {f.field: f.say(who.person.language) for f in found}
        if looked != "true":
            faults["looked"] = ""
        try:
            png = only_pixels(file.file.read(50 * 1024 * 1024 + 1))
        except NotAPicture as refused:
            faults["file"] = refused.key
        if faults:
            return _form(request, who, asking, situation, typed, faults)
        row = {"site_id": situation.site, "subject_id": subject_id, "sent_by": who.person.account_id, **answers}
    image_id = new_image_id()
    digest = keep(app.promise.folder, image_id, png)
    kept = {"image_id": image_id, "media_type": "image/png", "file_sha256": digest}
    try:
        with app.ledger.writing(who.person.actor) as act:
            refuse_when_restricted(act.view)
            act.add("images", {**row, **kept}, occurred_at=answers["taken_at"])
    except Exception:
        path_of(app.promise.folder, image_id).unlink(missing_ok=True)
        raise
    return RedirectResponse(f"/patients/{subject_id}/images", status_code=303)


def _form(
    request: Request,
    who: Caller,
    asking: Asking,
    situation: Situation,
    values: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    rows = asking.view.rows("images", subject_id=situation.key)
    reads = asking.view.rows("image_reads", subject_id=situation.key)
    sent = [{**r, "reads": sum(x["study_uid"] == r["image_id"] for x in reads)} for r in rows]
    told: dict[str, Any] = {
        "subject_id": situation.key,
        "sent": sorted(sent, key=lambda r: r["taken_at"], reverse=True),
        "fields": FIELDS,
        "values": values or {},
        "faults": faults or {},
    }
    return page(request, "patient_images.html", who, status=422 if faults else 200, **told)
