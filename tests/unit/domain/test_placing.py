"""What can be placed into a course, and what a choice comes to."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.domain.placing import BadChoiceError, ChoiceProblem, ChosenLink, Offer, Taking, Wish, settle_choice

OFFER = Offer(
    sessions=("soil", "harvest", "winter"),
    pages=("series",),
    placed=frozenset(),
    gradable=frozenset({"soil", "harvest"}),
    takes_several=True,
    takes_columns=True,
)
ALL = Wish(Taking.ALL)


def name(*keys: str, columns: bool = True) -> Wish:
    return Wish(Taking.NAMED, keys, columns)


def settle(offer: Offer, wish: Wish) -> list[tuple[str, bool]]:
    return [(link.key, link.has_column) for link in settle_choice(offer, wish)]


def test_the_series_is_every_session_in_order_and_an_announced_one_has_no_column() -> None:
    assert settle(OFFER, ALL) == [("soil", True), ("harvest", True), ("winter", False)]


def test_what_is_named_comes_once_in_the_order_of_the_series() -> None:
    assert settle(OFFER, name("series", "harvest", "soil", "harvest")) == [
        ("soil", True),
        ("harvest", True),
        ("series", False),
    ]


def test_a_second_run_takes_what_is_missing_and_what_is_named_again() -> None:
    offer = replace(OFFER, placed=frozenset({"soil"}))
    assert settle(offer, ALL) == [("harvest", True), ("winter", False)]
    assert [key for key, _ in settle(offer, Wish(Taking.ALL, ("soil",)))] == ["soil", "harvest", "winter"]


def test_columns_come_only_where_they_are_wanted_and_taken() -> None:
    assert {has for _, has in settle(OFFER, Wish(Taking.ALL, wants_columns=False))} == {False}
    assert {has for _, has in settle(replace(OFFER, takes_columns=False), ALL)} == {False}


@pytest.mark.parametrize(
    ("offer", "wish", "problem"),
    [
        (OFFER, name(), ChoiceProblem.NOTHING_CHOSEN),
        (replace(OFFER, placed=frozenset(OFFER.sessions)), ALL, ChoiceProblem.NOTHING_CHOSEN),
        (OFFER, name("soil", "summer"), ChoiceProblem.UNKNOWN_SESSION),
        (replace(OFFER, takes_several=False), name("soil", "harvest"), ChoiceProblem.ONLY_ONE_HERE),
        (replace(OFFER, takes_several=False), ALL, ChoiceProblem.ONLY_ONE_HERE),
    ],
)
def test_a_choice_that_cannot_be_placed_says_why(offer: Offer, wish: Wish, problem: ChoiceProblem) -> None:
    with pytest.raises(BadChoiceError) as refused:
        settle_choice(offer, wish)
    assert refused.value.problem is problem


@pytest.mark.parametrize(
    ("offer", "offers"),
    [
        (OFFER, True),
        (replace(OFFER, takes_several=False), False),
        (replace(OFFER, placed=frozenset({"soil"})), True),
        (replace(OFFER, placed=frozenset({"soil", "winter"})), False),
    ],
)
def test_the_series_is_offered_where_more_than_one_is_missing(offer: Offer, offers: bool) -> None:
    assert offer.offers_series is offers


@given(
    st.lists(st.sampled_from(["soil", "harvest", "winter", "series", "summer", ""])),
    st.sampled_from(Taking),
    st.frozensets(st.sampled_from(["soil", "harvest", "winter", "series"])),
    st.booleans(),
)
def test_any_choice_is_placed_in_order_or_refused(
    named: list[str], taking: Taking, placed: frozenset[str], takes_several: bool
) -> None:
    offer = replace(OFFER, placed=placed, takes_several=takes_several)
    try:
        links = settle_choice(offer, Wish(taking, tuple(named)))
    except BadChoiceError:
        return
    known = [*OFFER.sessions, *OFFER.pages]
    assert links == tuple(sorted(set(links), key=lambda link: known.index(link.key)))
    assert takes_several or len(links) == 1
    assert all(isinstance(link, ChosenLink) and (link.key in OFFER.gradable or not link.has_column) for link in links)
