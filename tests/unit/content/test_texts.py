"""Markdown, citations, reading level and time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.citations import make_citation_label
from lti_tool.content.effort import (
    estimate_core_minutes,
    estimate_question_seconds,
    estimate_reading_minutes,
    estimate_sitting_minutes,
)
from lti_tool.content.markdown import render_phrase, render_text
from lti_tool.content.questions import list_questions
from lti_tool.content.readability import count_syllables, measure_grade
from lti_tool.content.schema import Sitting
from tests.unit.domain.factories import make_column, make_field, make_worksheet

LABELS = {"one": "Doe & Roe 1999", "two": "Poe 2001"}


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<b onclick=x>",
        "[x](javascript:alert(1))",
        "![x](x.png)",
        "<style>p{}</style>",
        "<!-- x -->",
    ],
)
def test_nothing_but_our_own_tags_gets_through(evil: str) -> None:
    html = render_text(f"Text {evil} end\n\n{evil}\n", LABELS).html
    for tag in ("<script", "<b", "<img", "<style", "<!--", 'href="javascript'):
        assert tag not in html


def test_citations_link_to_their_sources() -> None:
    rendered = render_text("As shown [@one; @two], and `[@one]` is code.\nOn [@two] too.", LABELS)
    assert '(<a href="#source-one">Doe &amp; Roe 1999</a>; <a href="#source-two">Poe 2001</a>)' in rendered.html
    assert "<code>[@one]</code>" in rendered.html
    assert rendered.citations == (("one", 0), ("two", 0), ("two", 1))
    assert rendered.text == "As shown (Doe & Roe 1999; Poe 2001), and [@one] is code. On (Poe 2001) too."


def test_headings_have_ids_that_do_not_clash() -> None:
    html = render_text("## Why *now*?\n\n### Why now\n\n## 日本\n\n## ...\n", LABELS).html
    for name in ("section-why-now", "section-why-now-2", "section-日本", "section-part"):
        assert f'id="{name}"' in html


def test_a_table_scrolls_by_itself_and_names_its_columns() -> None:
    table = "| a | b |\n|:--|--:|\n| 1 | 2 |\n"
    html = render_text(f"{table}\n{table}", LABELS).html
    assert html.count('<th scope="col">') == 4
    assert 'aria-label="Table 1" tabindex="0"' in html
    assert 'aria-label="Table 2" tabindex="0"' in html
    assert "style=" not in html


def test_a_phrase_has_emphasis_and_no_paragraph() -> None:
    assert render_phrase("Doe, J. 1999. *Title* <b>") == "Doe, J. 1999. <em>Title</em> &lt;b&gt;"


@given(st.text(max_size=60))
def test_any_text_is_rendered(text: str) -> None:
    assert "<script" not in render_text(text, LABELS).html
    assert "<script" not in render_phrase(text)


@pytest.mark.parametrize(
    ("reference", "label"),
    [
        ("Bryk, Anthony S., and Barbara Schneider. 2002. *Trust*.", "Bryk and Schneider 2002"),
        ("Mendelow, A. L. 1981. “Scanning.”", "Mendelow 1981"),
        (
            "American Association of School Librarians. 2018. *Standards*.",
            "American Association of School Librarians 2018",
        ),
        ("Texas State Library and Archives Commission. 2018. *S*.", "Texas State Library and Archives Commission 2018"),
        (
            "Lance, Keith Curry, Marcia J. Rodney, and Christine Hamilton-Pennell. 2000. *H*.",
            "Lance, Rodney, and Hamilton-Pennell 2000",
        ),
        ("Kammer, Jenna, Matt King, Allison Donahay, and Heather Koeberl. 2021. *S*.", "Kammer et al. 2021"),
        ("Ito, Mizuko, et al. 2013. *C*.", "Ito et al. 2013"),
        ("Singer, Paula M., with Gail Griffith. 2010. *S*.", "Singer and Griffith 2010"),
        ("Coatney, Sharon, and Violet H. Harada, eds. 2017. *M*.", "Coatney and Harada 2017"),
        (
            "Brown, Peter C., Henry L. Roediger III, and Mark A. McDaniel. 2014. *M*.",
            "Brown, Roediger, and McDaniel 2014",
        ),
        ("Johnson, Jenny, and Cathy De Rosa. 2008. *F*.", "Johnson and De Rosa 2008"),
        ("Montiel-Overall, Patricia. 2005a. “Toward.”", "Montiel-Overall 2005a"),
        ("A title without a year", None),
    ],
)
def test_references_are_cited_by_author_and_year(reference: str, label: str | None) -> None:
    assert make_citation_label(reference) == label


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("the", 1), ("library", 3), ("librarian", 4), ("education", 4), ("make", 1), ("table", 2), ("wanted", 2),
        ("asked", 1), ("classes", 2), ("goes", 1), ("special", 2), ("idea's", 2), ("strengths", 1), ("period", 3),
    ],
)  # fmt: skip
def test_syllables_are_counted_by_spelling(word: str, count: int) -> None:
    assert count_syllables(word) == count


def test_long_words_in_long_sentences_are_harder_to_read() -> None:
    easy = "The cat sat on the mat. It was a good mat. The cat was glad."
    hard = (
        "Organizational communication necessitates considerable interdisciplinary collaboration among administrators."
    )
    assert measure_grade(easy) < 2
    assert measure_grade(hard) > 15
    assert measure_grade(f"A heading without an end\n\n{easy}") == measure_grade(easy)
    assert measure_grade("e.g. one, i.e. two, by J. Doe et al. in one line.") == measure_grade(
        "eg one, ie two, by J Doe et al in one line."
    )
    assert measure_grade("") == 0.0


@pytest.mark.parametrize(("words", "minutes"), [(1, 5), (1150, 5), (1151, 10), (2301, 15)])
def test_reading_time_is_rounded_up_to_five_minutes(words: int, minutes: int) -> None:
    assert estimate_reading_minutes(words) == minutes


def test_the_core_is_estimated_from_words_and_cells() -> None:
    columns = [make_column("a"), make_column("b", depth="deeper")]
    sheet = make_worksheet(
        A=[
            make_field("campus", required=True),
            make_field("mission", "prose", required=True, min_words=0, max_words=60),
            # May just as well stay empty, and is beyond the core.
            make_field("draft", "prose", min_words=0, max_words=300),
            make_field("more", "prose", min_words=50, max_words=300, depth="deeper"),
        ],
        B=[make_field("goals", "rows", required=True, min_rows=3, columns=columns)],
    )
    # 10 s + 30 words at 15 a minute = 130 s; three cells of 10 s; each times 1.4 and rounded up.
    assert estimate_core_minutes(sheet, "A") == 4
    assert estimate_core_minutes(sheet, "B") == 1
    assert estimate_core_minutes(sheet) == 4


def test_what_the_tool_brings_costs_no_time() -> None:
    carried = make_field("mission", "carried", source={"module": "visioning", "field": "mission"}, required=True)
    computed = make_field("page", "computed", compute={"kind": "brief"})
    options = [{"key": "a", "label": "A"}, {"key": "b", "label": "B"}]
    sheet = make_worksheet(
        A=[carried, computed],
        B=[make_field("some", "choices", required=True, choices=options)],
        C=[make_field("one", "choice", required=True, choices=options)],
    )
    assert estimate_core_minutes(sheet, "A") == 0
    some, one = (question for question in list_questions(sheet) if question.part in {"B", "C"})
    assert estimate_question_seconds(some) == estimate_question_seconds(one) == 10


def test_a_sitting_takes_as_long_as_its_parts_together() -> None:
    sheet = make_worksheet(A=[make_field("a", required=True)], B=[make_field("b", required=True)])
    sitting = Sitting(key="s", title="Both", minutes=5, parts=("A", "B"), closing="Stop.")
    # Two cells of 10 s, times 1.4: rounded up once, not for each part.
    assert estimate_sitting_minutes(sheet, sitting) == estimate_core_minutes(sheet, "A") == 1
