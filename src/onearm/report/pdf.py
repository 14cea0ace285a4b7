"""The page on paper: tagged PDF/A-2a with embedded fonts, the same bytes for the same HTML."""

import warnings
from hashlib import sha256

DEBIAN_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"


class MissingLibrary(Exception):
    """A system library of the PDF writer cannot be loaded; the text names it."""


def pdf_of(html: str) -> bytes:
    """PDF/A-2a of a self-contained page.

    Raises MissingLibrary when Pango or its relatives are not installed, ValueError when the page asks for a file
    or an address: it must carry everything.
    """
    try:
        from weasyprint import HTML  # loaded on use: slow, and needs system libraries
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except OSError as missing:
        raise MissingLibrary(str(missing).splitlines()[0]) from missing
    nothing = URLFetcher(allowed_protocols=(), fail_on_errors=True)
    identifier = sha256(html.encode()).digest()[:16]  # a random one would change the bytes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves its colour profile open
        try:
            pdf = HTML(string=html, url_fetcher=nothing).write_pdf(pdf_variant="pdf/a-2a", pdf_identifier=identifier)
        except FatalURLFetchingError as asked:
            raise ValueError(f"the page is not self-contained: {asked}") from asked
    return bytes(pdf)
