"""Symbols: DataMatrix ECC 200 and QR drawn as inline SVG or as a picture, and read back from an uploaded photo."""

import re
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar

from onearm.bedside.labels.words import LabelWords
from onearm.report.words import Language

if TYPE_CHECKING:
    import zxingcpp
    from PIL.Image import Image

MODULE_MM = 0.5  # 6 dots of a 300 dpi printer
DPI = 300
PHOTO_BYTES = 15_000_000
PHOTO_PIXELS = 64_000_000
_QUIET = 2  # modules of white on each side; the standard asks 1
_LONGEST_SIDE = 3_000  # pixels; a larger photo is scaled down before it is searched
_HEIC = re.compile(rb"....ftyp(?:heic|heix|hevc|hevx|heim|heis|mif1|msf1|avif)", re.DOTALL)
_PATH = re.compile(r'<path d="([^"]+)"')
_SIDE = re.compile(r'<svg width="(\d+)" height="(\d+)"')


class PictureError(ValueError):
    """An upload that cannot be searched for codes; `said` tells it in either language."""

    key: ClassVar[str] = "picture.not_a_picture"

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.said("en"))

    def said(self, language: Language) -> str:
        """What was wrong and what to do."""
        return LabelWords(language)(self.key, **self.values)


class NotAPicture(PictureError):
    """Neither PNG nor JPEG, or damaged."""


class HeicPicture(PictureError):
    """The format of a telephone that no decoder here reads."""

    key = "picture.heic"


class TooLarge(PictureError):
    """Too many bytes or too many pixels."""

    key = "picture.too_large"


def data_matrix_svg(text: str, said: str, module_mm: float = MODULE_MM) -> str:
    """The DataMatrix symbol of `text` as inline SVG without style or ids; `said` is what it tells a reader."""
    return _svg(_data_matrix(text), said, module_mm, 1)


def qr_svg(text: str, said: str, module_mm: float = 1.0) -> str:
    """The QR code of `text` as inline SVG, for authenticator apps: those read no DataMatrix."""
    import zxingcpp

    return _svg(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M"), said, module_mm, 4)


def data_matrix_picture(text: str, module_mm: float = MODULE_MM, dpi: int = DPI) -> "Image":
    """The DataMatrix symbol of `text` as a grey picture, its quiet zone included."""
    from PIL import Image, ImageOps

    dots = max(1, round(module_mm / 25.4 * dpi))
    bars = Image.fromarray(_data_matrix(text).to_image(scale=dots, add_quiet_zones=False))
    return ImageOps.expand(bars, _QUIET * dots, fill=255)


def decode(image_bytes: bytes) -> list[str]:
    """Texts of all codes in a PNG or JPEG photo, in no order; linear ones (Code 128) only where there is no DataMatrix.

    Raises HeicPicture, TooLarge or NotAPicture.
    """
    import zxingcpp

    picture = _opened(image_bytes)
    for wanted in (zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.Code128):
        found = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormats(wanted), text_mode=zxingcpp.TextMode.Plain)
        if found:
            return list(dict.fromkeys(code.text for code in found))
    return []


def _data_matrix(text: str) -> "zxingcpp.Barcode":
    import zxingcpp  # loaded on use

    if not text.isascii():
        raise ValueError(f"{text!r}: a label's code is ASCII.")
    return zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)


def _svg(symbol: "zxingcpp.Barcode", said: str, module_mm: float, own_quiet: int) -> str:
    """zxing-cpp's modules in our frame: its prolog and its fixed id have no place inside a page."""
    drawn = symbol.to_svg()
    path, size = _PATH.search(drawn), _SIDE.search(drawn)
    if path is None or size is None:
        raise RuntimeError("zxing-cpp draws its SVG in another form than this code knows.")
    more = max(0, _QUIET - own_quiet)
    modules = int(size[1]) + 2 * more
    side = f"{modules * module_mm:.2f}mm"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(said)}" '
        f'width="{side}" height="{side}" viewBox="{-more} {-more} {modules} {modules}" '
        f'shape-rendering="crispEdges"><title>{escape(said)}</title>'
        f'<rect x="{-more}" y="{-more}" width="{modules}" height="{modules}" fill="#ffffff"/>'
        f'<path fill="#000000" d="{path[1]}"/></svg>'
    )


def _opened(image_bytes: bytes) -> "Image":
    """The photo in grey, no larger than a search needs. Size is judged from its header, before a pixel is unpacked."""
    from PIL import Image

    if len(image_bytes) > PHOTO_BYTES:
        raise TooLarge(limit=f"{PHOTO_BYTES / 1e6:.0f} MB")
    if _HEIC.match(image_bytes):
        raise HeicPicture
    try:
        picture = Image.open(BytesIO(image_bytes), formats=("PNG", "JPEG"))
        if picture.width * picture.height <= PHOTO_PIXELS:
            picture.draft("L", (_LONGEST_SIDE, _LONGEST_SIDE))  # JPEG: unpacks at a smaller scale
            picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            return picture.convert("L")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass  # Pillow's own limit, above ours
    except (OSError, ValueError, SyntaxError, MemoryError) as damaged:
        raise NotAPicture from damaged
    raise TooLarge(limit=f"{PHOTO_PIXELS / 1e6:.0f} MP")
