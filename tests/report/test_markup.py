from __future__ import annotations

from oddjet.report.markup import Html, document, element, fragment, table


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "a < b & c")
    assert element("p", inner, ' "d"') == '<p><b>a &lt; b &amp; c</b> "d"</p>'


def test_attributes_are_escaped() -> None:
    made = element("a", "x", href='"><script>', class_="c", aria_label="l", title=None)
    assert made == '<a href="&quot;&gt;&lt;script&gt;" class="c" aria-label="l">x</a>'


def test_a_fragment_is_markup() -> None:
    assert isinstance(fragment("<"), Html)
    assert fragment("<", element("i", "j")) == "&lt;<i>j</i>"


def test_a_table_names_its_rows_and_columns() -> None:
    made = table(["Cut", "N"], [["<all>", "3"]], caption="Flow", footer=["sum", "3"])
    assert "<caption>Flow</caption>" in made
    assert '<th class="text" scope="row">&lt;all&gt;</th><td>3</td>' in made
    assert '<th scope="col">N</th>' in made
    assert "<tfoot>" in made


def test_a_document_forbids_every_outside_resource() -> None:
    made = document("a & b", "p { }", element("p", "text"))
    assert "default-src &#x27;none&#x27;" in made or "default-src 'none'" in made
    assert "<title>a &amp; b</title>" in made
