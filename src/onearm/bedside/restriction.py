"""What a data lock restricts beside the records: sites send no files while it holds."""

from onearm.ledger.problems import EditingRestricted
from onearm.ledger.reading import View


def refuse_when_restricted(view: View) -> None:
    """Raises EditingRestricted while a data lock that restricts editing holds."""
    held = view.rows("freezes", state="frozen", restricts_editing=True)
    if held:
        raise EditingRestricted(str(held[0]["freeze_id"]))
