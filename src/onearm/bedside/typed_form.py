"""What a form sent, as text; a photo of a label counts as the code that is read from it."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from onearm.bedside.labels.symbol import PictureError, decode

PHOTO = "_photo"  # after the name of the field it answers


class PhotoUnread(Exception):
    """A photo without one clear code: it is scanned again, or the id is typed."""

    def __init__(self, key: str, told: PictureError | None = None) -> None:
        super().__init__(key)
        self.key, self.told = key, told


async def typed_form(request: Request) -> dict[str, str]:
    """Fields by name; several values of one name are joined by commas. Raises PhotoUnread."""
    async with request.form() as form:
        found = {name: ",".join(v for v in form.getlist(name) if isinstance(v, str)) for name in form}
        photos = {n: p for n, p in form.items() if isinstance(p, UploadFile) and n.endswith(PHOTO) and p.size}
        read = {name: await photo.read() for name, photo in photos.items()}
    for name, picture in read.items():
        found[name.removesuffix(PHOTO)] = await run_in_threadpool(_code_in, picture)
    typed = {name: value for name, value in found.items() if not name.endswith(PHOTO)}
    request.state.typed = typed  # kept when the session turns out to have ended
    return typed


def _code_in(picture: bytes) -> str:
    try:
        codes = decode(picture)
    except PictureError as error:
        raise PhotoUnread("problem.photo", error) from None
    if len(codes) != 1:
        raise PhotoUnread("problem.photo_codes" if codes else "problem.photo_empty")
    return codes[0]
