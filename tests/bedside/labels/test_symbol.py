"""Symbols survive what a ward does to them: turned, tilted, blurred, scratched (records.md 5.4)."""

import contextlib
import re
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from onearm.bedside.labels import symbol
from onearm.bedside.labels.symbol import (
    HeicPicture,
    NotAPicture,
    PictureError,
    TooLarge,
    data_matrix_picture,
    data_matrix_svg,
    decode,
    qr_svg,
)

DOTS, QUIET = 6, 2  # of a module at 300 dpi; modules of white around
TEXTS = ["OA1/BALMYS19/C/C7Q2M4XK8TK", "OA1/BALMYS19/W/S01-004-4", "OA1/VIRTUAL-BALMYS/D/V01-037-O1-0"]


def png(picture):
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def scratched(picture):
    """The symbol with one white line 2 modules wide over half of it, inside its edge, in every position."""
    modules = picture.width // DOTS - 2 * QUIET
    half = modules // 2
    for first in range(1, modules - 2):
        for start in (1, modules - 1 - half):
            for across in (False, True):
                box = [QUIET + start, QUIET + first, QUIET + start + half, QUIET + first + 2]
                left, top, right, bottom = (DOTS * v for v in (box[1::-1] + box[:1:-1] if across else box))
                worn = picture.copy()
                ImageDraw.Draw(worn).rectangle((left, top, right - 1, bottom - 1), fill=255)
                yield worn


def photographed(picture, angle=30, tilt=0.1, blur=1.5):
    """Turned by `angle`, the far edge shorter by twice `tilt`, out of focus."""
    side = 2 * picture.width
    table = Image.new("L", (side, side), 255)
    table.paste(picture, (picture.width // 2, picture.width // 2))
    far = tilt * side
    seen = [(far, far), (side - far, far), (side, side), (0, side)]
    real = [(0, 0), (side, 0), (side, side), (0, side)]
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, real, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    turn = np.linalg.solve(np.array(rows, float), np.array(values, float))
    table = table.transform(table.size, Image.Transform.PERSPECTIVE, turn, Image.Resampling.BICUBIC, fillcolor=255)
    table = table.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return table.filter(ImageFilter.GaussianBlur(blur))


@pytest.mark.parametrize("text", TEXTS)
def test_a_scratched_symbol_is_read_turned_tilted_and_blurred_in_every_position(text):
    worn = list(scratched(data_matrix_picture(text)))
    assert len(worn) in (68, 76)  # 20 and 22 modules: 17 and 19 places, two halves, two directions
    assert [decode(png(photographed(picture))) for picture in worn] == [[text]] * len(worn)


def test_a_cut_through_the_solid_edge_is_not_read_as_something_else():
    picture = data_matrix_picture(TEXTS[0])
    ImageDraw.Draw(picture).rectangle((QUIET * DOTS, 10 * DOTS, (QUIET + 10) * DOTS, 12 * DOTS), fill=255)
    assert decode(png(picture)) in ([], [TEXTS[0]])


@pytest.mark.parametrize("angle", range(0, 360, 45))
def test_a_jpeg_photo_is_read_from_any_side(angle):
    out = BytesIO()
    photographed(data_matrix_picture(TEXTS[1]), angle).save(out, "JPEG", quality=60)
    assert decode(out.getvalue()) == [TEXTS[1]]


def test_a_large_photo_is_scaled_down_and_read():
    photo = data_matrix_picture(TEXTS[0]).resize((1200, 1200)).convert("RGB")
    table = Image.new("RGB", (5000, 4000), "white")
    table.paste(photo, (1500, 900))
    assert decode(png(table)) == [TEXTS[0]]


def test_several_codes_are_all_read_and_foreign_ones_too():
    import zxingcpp

    table = Image.new("L", (900, 400), 255)
    for i, text in enumerate(TEXTS):
        table.paste(data_matrix_picture(text), (40 + 290 * i, 100))
    assert sorted(decode(png(table))) == sorted(TEXTS)
    linear = zxingcpp.create_barcode("=A99991712345600", zxingcpp.BarcodeFormat.Code128)
    bars = Image.new("L", (900, 300), 255)
    bars.paste(Image.fromarray(linear.to_image(scale=3)), (60, 60))
    assert decode(png(bars)) == ["=A99991712345600"]


def test_an_empty_picture_holds_nothing():
    assert decode(png(Image.new("L", (300, 300), 255))) == []


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(side):
    """A PNG of a few hundred bytes that says it is `side` pixels square."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_001, 10_000, 30_000, 60_000])
def test_a_picture_that_unpacks_to_too_much_is_refused_unopened(side):
    with pytest.raises(TooLarge, match="MP"):
        decode(bomb(side))


@pytest.mark.parametrize(
    ("upload", "error"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", HeicPicture),
        (b"", NotAPicture),
        (b"PK\x03\x04", NotAPicture),
        (b"%PDF-1.7", NotAPicture),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", NotAPicture),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NotAPicture),
    ],
)
def test_other_files_are_refused_with_a_reason_in_both_languages(upload, error):
    with pytest.raises(PictureError) as refused:
        decode(upload)
    assert type(refused.value) is error
    assert refused.value.said("es") != refused.value.said("en") == str(refused.value)


@pytest.mark.parametrize("upload", [png(data_matrix_picture(TEXTS[0]))[:150], bomb(500)], ids=["cut", "short"])
def test_a_damaged_picture_is_refused_or_holds_nothing(upload):
    """Which of the two hangs on WeasyPrint: loaded, it makes Pillow open cut files (of this whole process)."""
    with contextlib.suppress(NotAPicture):
        assert decode(upload) == []


def test_too_many_bytes_are_refused_unread():
    with pytest.raises(TooLarge, match="MB"):
        decode(bytes(symbol.PHOTO_BYTES + 1))


@pytest.mark.parametrize("draw", [data_matrix_svg, qr_svg])
def test_the_svg_fits_into_a_page_without_inline_style_or_ids(draw):
    svg = draw("OA1/X/W/S01-004-4", 'code of <S01> & "004"')
    assert svg.startswith("<svg ") and "<?xml" not in svg and "DOCTYPE" not in svg
    assert " id=" not in svg and "style" not in svg
    assert "code of &lt;S01&gt; &amp; &quot;004&quot;" in svg


def test_the_svg_has_its_size_in_millimetres_and_two_white_modules():
    svg = data_matrix_svg(TEXTS[0], "code")
    assert re.search(r'width="12\.00mm" height="12\.00mm" viewBox="-1 -1 24 24"', svg)


def test_a_code_is_ascii():
    with pytest.raises(ValueError, match="ASCII"):
        data_matrix_svg("OA1/Ñ", "code")
