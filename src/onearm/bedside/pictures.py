"""Pictures for blinded reading: drawn anew, so that nothing of the file but its pixels is kept."""

import hashlib
import os
import secrets
from io import BytesIO
from pathlib import Path

_BYTES = 50 * 1024 * 1024
_PIXELS = 100_000_000
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_MODES = {"L": "L", "1": "L", "LA": "L", "I;16": "I;16", "I;16B": "I;16", "I": "I;16"}  # all others in colour


class NotAPicture(ValueError):
    """Neither PNG nor JPEG, damaged, or too large; `key` is that of the catalogue."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def only_pixels(data: bytes) -> bytes:
    """The picture as PNG without name, date, position, comment or profile. Raises NotAPicture."""
    from PIL import Image, ImageOps  # loaded on use

    if len(data) > _BYTES:
        raise NotAPicture("pictures.too_large")
    try:
        picture = Image.open(BytesIO(data), formats=("PNG", "JPEG"))
        if picture.width * picture.height > _PIXELS:
            raise NotAPicture("pictures.too_large")
        upright = ImageOps.exif_transpose(picture)
        plain = upright.convert(_MODES.get(upright.mode, "RGB"))
        bare = Image.new(plain.mode, plain.size)
        bare.paste(plain)
        out = BytesIO()
        bare.save(out, "PNG")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("pictures.too_large") from None
    except (OSError, ValueError, SyntaxError, MemoryError) as damaged:
        if isinstance(damaged, NotAPicture):
            raise
        raise NotAPicture("pictures.not_a_picture") from None
    return out.getvalue()


def new_image_id() -> str:
    """A name drawn at random: it tells nothing, not even the order."""
    return "X" + "".join(secrets.choice(_LETTERS) for _ in range(9))


def keep(folder: Path, image_id: str, png: bytes) -> str:
    """Write a picture into the study folder; gives its SHA-256."""
    path = path_of(folder, image_id)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    with part.open("wb") as file:
        file.write(png)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    return hashlib.sha256(png).hexdigest()


def path_of(folder: Path, image_id: str) -> Path:
    """Where a picture lies."""
    return folder / "images" / f"{image_id}.png"
