"""The command `onearm` itself: its help, its version, the line that stands under every help text."""

from typing import Annotated

import typer

from onearm import __version__

app = typer.Typer(
    name="onearm",
    help="What a single-arm study of a living medicine can and cannot support.",
    epilog="Research use. Not a medical device. Doses need an independent check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"onearm {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What a single-arm study of a living medicine can and cannot support."""
