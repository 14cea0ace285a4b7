import re
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from string import Formatter
from zoneinfo import ZoneInfo

import pikepdf
import pypdfium2
import pytest

from onearm.bedside.labels.check_characters import new_container_id
from onearm.bedside.labels.code import Code, Kind, write
from onearm.bedside.labels.sheet import (
    PER_SHEET,
    ContainerLabel,
    DoseOrderLabel,
    LedgerHead,
    WristbandLabel,
    label_page,
    label_sheet,
)
from onearm.bedside.labels.symbol import decode
from onearm.bedside.labels.words import LabelWords, catalogue

STUDY = "BALMYS19"
HEAD = LedgerHead(1234, "da23606647321c5dd3d66fbea39ddf60aad8fcbb2839605cb979e61f2138fcaf")
AT = datetime(2020, 4, 11, 8, tzinfo=ZoneInfo("Europe/Madrid"))


def container(number=1, subject_id="", **other):
    values = {
        "container_id": new_container_id(),
        "product": "Allogeneic adipose mesenchymal stromal cells",
        "lot_id": "2104-B",
        "number": number,
        "of": 12,
        "viable_cells_m": Decimal("150"),
        "volume_ml": Decimal("20.5"),
        "storage_c": Decimal("-150"),
        "expires_at": AT,
        "subject_id": subject_id,
    }
    return ContainerLabel(**{**values, **other})


LABELS = [
    *(container(n + 1, "S01-004" if n == 3 else "") for n in range(10)),
    WristbandLabel("S01-004"),
    DoseOrderLabel("S01-004-O1", "S01-004", 1, Decimal("87.8"), AT),
]


def content(label):
    match label:
        case ContainerLabel():
            return write(Code(STUDY, Kind.CONTAINER, label.container_id))
        case WristbandLabel():
            return write(Code(STUDY, Kind.WRISTBAND, label.subject_id))
        case DoseOrderLabel():
            return write(Code(STUDY, Kind.DOSE_ORDER, label.dose_order_id))


@pytest.fixture(scope="module", params=["en", "es"])
def sheet(request):
    return request.param, label_sheet(LABELS, STUDY, HEAD, request.param)


def texts(pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def test_every_code_is_read_back_from_the_picture_of_the_printed_sheet(sheet):
    _, pdf = sheet
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 2
        for page, labels in zip(document, (LABELS[:PER_SHEET], LABELS[PER_SHEET:]), strict=True):
            out = BytesIO()
            page.render(scale=300 / 72).to_pil().save(out, "PNG")
            assert sorted(decode(out.getvalue())) == sorted(map(content, labels))


def test_every_sheet_says_where_the_ledger_stood_and_what_it_is_not_for(sheet):
    language, pdf = sheet
    for text in texts(pdf):
        assert HEAD.hash in text and "1234" in text
        assert LabelWords(language)("sheet.research_use") in text


def test_a_container_label_says_what_is_inside(sheet):
    language, pdf = sheet
    first = texts(pdf)[0]
    told = {
        "en": ["2104-B", "container 3 of 12", "150 million viable cells in 20.5 mL", "Store at −150 °C"],
        "es": ["2104-B", "contenedor 3 de 12", "150 millones de células viables en 20,5 mL", "Conservar a −150 °C"],
    }
    expiry = {"en": "Expires 11 Apr 2020 08:00 CEST", "es": "Caduca 11 abr 2020 08:00 CEST"}
    assert all(words in first for words in (*told[language], expiry[language]))
    assert first.count(LabelWords(language)("container.unmatched")) == 10
    assert first.count("S01-004") == 1  # the one that is allocated


def test_each_label_repeats_the_research_use_line():
    page = label_page(LABELS, STUDY, HEAD)
    assert page.count(LabelWords("en")("sheet.research_use")) == len(LABELS) + 1


def test_a_wristband_carries_the_pseudonym_only():
    page = label_page([WristbandLabel("S01-004")], STUDY, HEAD)
    article = re.search(r"<article.*</article>", page, re.DOTALL)[0]
    said = re.sub(r"<title>.*?</title>|<[^>]+>", " ", article).split()
    assert said == ["Wristband", "S01-004-4", *LabelWords("en")("sheet.research_use").split()]


def test_the_pdf_is_tagged_with_its_codes_told(sheet):
    language, pdf = sheet
    with pikepdf.open(BytesIO(pdf)) as document:
        meta = document.open_metadata()
        assert meta["pdfaid:part"] == "2" and meta["pdfaid:conformance"] == "A"
        assert document.Root.MarkInfo.Marked == True  # noqa: E712  a pikepdf object
        assert str(document.Root.Lang) == language
        told = [str(o.Alt) for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/Alt" in o]
    assert {text for label in LABELS if (text := content(label))} <= {t.split()[-1] for t in told}


def test_the_same_labels_give_the_same_bytes(sheet):
    language, pdf = sheet
    assert label_sheet(LABELS, STUDY, HEAD, language) == pdf


def test_virtual_labels_are_stamped_one_by_one():
    assert label_page(LABELS, STUDY, HEAD, virtual=True).count(">VIRTUAL<") == len(LABELS)
    assert ">VIRTUAL<" not in label_page(LABELS, STUDY, HEAD)


def test_foreign_text_stays_text():
    page = label_page([container(product="<script>alert(1)</script>", lot_id='"><img>')], STUDY, HEAD)
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page


def test_the_longest_texts_leave_the_warnings_on_the_label():
    label = container(product="W" * 500, lot_id="L" * 64, subject_id="V01-000131")
    first = texts(label_sheet([label], STUDY, HEAD, "es"))[0]
    assert "No usar hasta cotejar en la cama" in first and "Caduca 11 abr 2020" in first and "V01-000131" in first
    longest = DoseOrderLabel("A" * 64, "V01-000131", 3, Decimal("87.8"), AT)
    assert "A" * 64 + "-" in texts(label_sheet([longest], STUDY, HEAD))[0].replace(" ", "")


@pytest.mark.parametrize(
    "labels",
    [
        [],
        [container(container_id="C7Q2M4XK8TJ")],
        [container(expires_at=datetime(2020, 4, 11, 8))],
        [WristbandLabel("S01/004")],
    ],
)
def test_what_cannot_be_printed_is_refused(labels):
    with pytest.raises(ValueError):
        label_page(labels, STUDY, HEAD)


def test_a_time_shows_the_zone_it_is_given_in():
    assert "11 Apr 2020 08:00 UTC" in label_page([container(expires_at=AT.replace(tzinfo=UTC))], STUDY, HEAD)


@pytest.mark.parametrize("key", catalogue())
def test_every_word_stands_in_both_languages_with_the_same_blanks(key):
    said = catalogue()[key]
    assert set(said) == {"en", "es"} and all(text.strip() for text in said.values())
    blanks = {lang: {name for _, name, _, _ in Formatter().parse(text) if name} for lang, text in said.items()}
    assert blanks["en"] == blanks["es"]
