import builtins
import json
import sys

import pikepdf
import pytest
from other_examples import EXAMPLES

from onearm import report
from onearm.report.page import render
from onearm.report.pdf import pdf_of
from onearm.results.encoding import from_json
from onearm.results.study_result import StudyResult


@pytest.fixture(scope="module", params=["balmys19", "virtual"])
def written(request, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param) / "new" / "folder"
    return EXAMPLES[request.param](), report.write(EXAMPLES[request.param](), out)


def test_three_files_are_written(written):
    result, files = written
    assert files.notes == ()
    assert from_json(files.results.read_bytes(), StudyResult) == result
    assert json.loads(files.results.read_text(encoding="utf-8"))["schema"] == "onearm.results/1"
    assert files.html.read_text(encoding="utf-8") == render(result)
    assert files.pdf is not None and files.pdf.read_bytes().startswith(b"%PDF-1.7")


def test_the_pdf_is_tagged_pdf_a_2a_with_its_fonts(written):
    _, files = written
    with pikepdf.open(files.pdf) as pdf:
        meta = pdf.open_metadata()
        assert meta["pdfaid:part"] == "2" and meta["pdfaid:conformance"] == "A"
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1" and "/DestOutputProfile" in pdf.Root.OutputIntents[0]
        assert pdf.Root.MarkInfo.Marked == True  # noqa: E712  a pikepdf object
        assert str(pdf.Root.Lang) == "en"
        assert pdf.docinfo.get("/Title")
        assert "/CreationDate" not in pdf.docinfo and "/ModDate" not in pdf.docinfo
        fonts = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"]
        assert len(fonts) >= 2 and all("/FontFile2" in f or "/FontFile3" in f for f in fonts)


def structure(node, found):
    found.append((str(node.get("/S", "")), str(node.get("/Alt", ""))))
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            structure(kid, found)
    return found


def test_the_structure_tree_has_headings_tables_and_figures_with_words(written):
    _, files = written
    with pikepdf.open(files.pdf) as pdf:
        found = structure(pdf.Root.StructTreeRoot.K[0], [])
    tags = [tag for tag, _ in found]
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/TD", "/Figure", "/P", "/L", "/LI"} <= set(tags)
    assert all(words for tag, words in found if tag == "/Figure")


@pytest.mark.parametrize("language", ["en", "es"])
def test_side_one_fills_one_sheet(language):
    from weasyprint import HTML

    pages = HTML(string=render(EXAMPLES["balmys19"](), language)).render().pages
    assert ["verdict" in p.anchors for p in pages][:2] == [True, False]
    assert "check" in pages[1].anchors


def test_the_same_result_gives_the_same_bytes(tmp_path):
    result = EXAMPLES["analysed"]()
    first, second = report.write(result, tmp_path / "a"), report.write(result, tmp_path / "b")
    for one, two in ((first.results, second.results), (first.html, second.html), (first.pdf, second.pdf)):
        assert one.read_bytes() == two.read_bytes()


def test_a_pdf_does_not_depend_on_the_clock(monkeypatch):
    html = render(EXAMPLES["too_little"]())
    now = pdf_of(html)
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    assert pdf_of(html) == now


def test_a_page_that_asks_for_something_outside_is_refused():
    with pytest.raises(ValueError, match="self-contained"):
        pdf_of('<html lang="en"><title>t</title><img src="http://example.org/x.png" alt="x"></html>')


def test_without_the_pdf_nothing_heavy_is_loaded(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    files = report.write(EXAMPLES["too_little"](), tmp_path, pdf=False)
    assert files.pdf is None and files.notes == ()
    assert "weasyprint" not in sys.modules


def test_a_missing_system_library_leaves_the_page_and_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_pango(name, *rest):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    (tmp_path / "verdict.pdf").write_bytes(b"of another result")
    files = report.write(EXAMPLES["too_little"](), tmp_path)
    assert files.html.exists() and files.pdf is None
    assert not (tmp_path / "verdict.pdf").exists()
    assert "apt-get install libpango-1.0-0" in files.notes[0]
