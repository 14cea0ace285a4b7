"""Texts that want to be more than texts, and a look at a page for what a browser would run."""

from html.parser import HTMLParser

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "out of an attribute": '"><svg onload=alert(1)>',
    "out of a single quote": "' onmouseover='alert(1)",
    "image": "<img src=x onerror=alert(1)>",
    "entities": "&lt;script&gt;&#x3c;iframe srcdoc='x'&#x3e;",
    "template": "{{7*7}}{% include '/etc/passwd' %}",
    "expression": "${7*7}#{7*7}<%= 7*7 %>",
    "format": "{0.__class__}{language}{}%s%(x)s",
    "sql": "'; DROP TABLE entries;--",
    "sql in double quotes": '" OR ""="',
    "half a json": '"},"reason":"x',
    "formula": "=cmd|' /C calc'!A0",
    "formula at": "@SUM(1+1)*cmd",
    "formula minus": "-2+3+cmd",
    "header": "a\r\nSet-Cookie: evil=1\r\n\r\n<html>",
    "path": "../../../../etc/passwd",
    "other digits": "٣٤٥",
    "address": "javascript:alert(1)",
    "encoded": "%3Cscript%3E%00%2e%2e%2f",
    "deep": "[" * 1500,
    # no text of a record holds these
    "nul": "a\x00b",
    "bell and escape": "a\x07\x1b[31mb",
    "reversed": "abc\u202egpj.exe",
    "isolated": "a\u2067b\u2069",
    "long": "x" * 10_000,
}
REFUSED = ("header", "nul", "bell and escape", "reversed", "isolated", "long")
_TAGS = """
html head meta title link script body a p header nav div form input button main footer h1 h2 h3 ul ol li dl dt dd
table thead tbody tr th td span strong small em code del ins br fieldset legend label select option textarea
details summary blockquote section svg rect path g img figure figcaption caption time
"""


class _Seen(HTMLParser):
    """Every element a browser would make that no page of ours holds."""

    def __init__(self):
        super().__init__()
        self.odd = []

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        scheme = ":" in (told.get("href") or "").split("/")[0] and told.get("href") != "data:,"
        runs = [name for name in told if name.startswith("on") or name in ("style", "srcdoc", "formaction")]
        inline = tag == "script" and not (told.get("src") or "").startswith("/static/")
        away = tag == "form" and not told["action"].startswith("/")
        if tag not in _TAGS.split() or runs or scheme or inline or away:
            self.odd.append(self.get_starttag_text())


def runs_in(page):
    """What of a page a browser would run or load from elsewhere."""
    seen = _Seen()
    seen.feed(page)
    return seen.odd


def faults_of(answer):
    """What is wrong with an answer to a hostile text."""
    kind = answer.headers.get("content-type", "")
    found = [f"status {answer.status_code}"] if answer.status_code >= 500 else []
    if "evil" in answer.headers.get("set-cookie", "") or any("\n" in value for value in answer.headers.values()):
        found.append("a header was injected")
    if kind.startswith("text/html"):
        found += runs_in(answer.text)
        if "root:x:0" in answer.text:
            found.append("a file was read")
    elif answer.status_code not in (303, 307) and not kind.startswith(("application/json", "application/pdf")):
        found.append(f"answered as {kind}")
    return found
