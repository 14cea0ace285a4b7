"""The pages in the head of every page, and who sees which."""

from onearm.bedside.policy import policies

PAGES = {
    "/patients": "see_patients",
    "/doses": "see_patients",
    "/lots": "see_product",
    "/images": "see_images",
    "/queries": "see_queries",
    "/locks": "export",
    "/trace": "trace",
    "/audit": "see_audit",
    "/people": "see_people",
}


def pages_of(role: str) -> tuple[str, ...]:
    """Pages a role may see."""
    return tuple(path for path, action in PAGES.items() if role in policies()[action].scopes)
