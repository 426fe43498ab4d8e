"""HTML that escapes by construction."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

__all__ = ["Html", "document", "element", "fragment", "table"]


class Html(str):
    """Text that is markup already. Everything else is escaped."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str | None) -> Html:
    """Build one element.

    Children that are not `Html` are escaped. An attribute's trailing underscore goes
    (``class_``), other underscores become hyphens (``aria_label``), and an attribute
    that is None is left out.

    Examples
    --------
    >>> element("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    opened = name + "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{opened}>{fragment(*children)}</{name}>")


def fragment(*children: str) -> Html:
    """Put markup and text side by side."""
    return Html(
        "".join(
            child if isinstance(child, Html) else html.escape(child, quote=False)
            for child in children
        )
    )


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str,
    footer: Sequence[str] | None = None,
    text_columns: Sequence[int] = (0,),
) -> Html:
    """Build a table whose columns are numbers, except for `text_columns`."""

    def row(cells: Sequence[str], name: str) -> Html:
        return element(
            "tr",
            *(
                element(
                    "th" if name == "th" or column == 0 else "td",
                    cell,
                    class_="text" if column in text_columns else None,
                    scope="col" if name == "th" else "row" if column == 0 else None,
                )
                for column, cell in enumerate(cells)
            ),
        )

    parts = [
        element("caption", caption),
        element("thead", row(header, "th")),
        element("tbody", *(row(cells, "td") for cells in rows)),
    ]
    if footer is not None:
        parts.append(element("tfoot", row(footer, "td")))
    return element("div", element("table", *parts), class_="scroll")


def document(title: str, style: str, *body: str) -> str:
    """Build a page that loads nothing: the policy forbids it, whatever the content."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}'
        f"{element('title', title)}\n<style>\n{style}</style>\n</head>\n"
        f"{element('body', *body)}\n</html>\n"
    )
