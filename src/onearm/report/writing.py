"""The files of one run: results.json, verdict.html, verdict.pdf, reporting.html."""

from dataclasses import dataclass
from pathlib import Path

from onearm.report.page import render
from onearm.report.pdf import DEBIAN_PACKAGES, MissingLibrary, pdf_of
from onearm.report.reporting_page import REPORTING, render_reporting
from onearm.report.words import Language, Words
from onearm.results.encoding import to_json
from onearm.results.study_result import StudyResult


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what could not be."""

    results: Path
    html: Path
    pdf: Path | None
    notes: tuple[str, ...]
    reporting: Path | None = None  # None: the run fills no reporting tables


def write(result: StudyResult, out: Path, lang: Language = "en", pdf: bool = True) -> Written:
    """Write the files into `out`, made if absent. Without the PDF's system libraries a note takes its place."""
    out.mkdir(parents=True, exist_ok=True)
    tables = _reporting(result, out / REPORTING, lang)
    written = Written(out / "results.json", out / "verdict.html", out / "verdict.pdf" if pdf else None, (), tables)
    written.results.write_text(to_json(result), encoding="utf-8", newline="\n")
    html = render(result, lang)
    written.html.write_text(html, encoding="utf-8", newline="\n")
    if written.pdf is None:
        return written
    try:
        written.pdf.write_bytes(pdf_of(html))
    except MissingLibrary as missing:
        written.pdf.unlink(missing_ok=True)  # an older one would belong to another result
        note = Words(lang)("notes.pdf_libraries", missing=missing, packages=DEBIAN_PACKAGES)
        return Written(written.results, written.html, None, (note,), tables)
    return written


def _reporting(result: StudyResult, path: Path, lang: Language) -> Path | None:
    """Write the reporting tables; without any, remove those of another result."""
    if not result.reporting:
        path.unlink(missing_ok=True)
        return None
    path.write_text(render_reporting(result, lang), encoding="utf-8", newline="\n")
    return path
