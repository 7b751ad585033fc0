"""What the picker shows and reads: the choices in words, the form that comes back, the links it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from werkzeug.datastructures import MultiDict

from lti_tool.content.schema import Series
from lti_tool.domain.placing import ChoiceProblem, ChosenLink, Offer, Taking, Wish
from lti_tool.lti import vocabulary
from lti_tool.lti.deep_linking import PlacedLink
from lti_tool.lti.platforms import PlacingTraits, placing_traits_of
from lti_tool.lti.values import DeepLinkingSettings
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.services.deep_links import LinkToPlace, OpenRequest, PlacedModule, Presence
from lti_tool.web.times import find_zone

MOST_NAMED: Final = 200
COLUMN_SENTENCE: Final = (
    "Your score appears when your facilitator has accepted your plan. Until then this column is empty. That is normal."
)
PROBLEM_WORDS: Final[Mapping[ChoiceProblem, str]] = {
    ChoiceProblem.NOTHING_CHOSEN: "Nothing is chosen, so nothing was placed. Choose at least one session.",
    ChoiceProblem.UNKNOWN_SESSION: (
        "One of the sessions that were sent is not in this series, so nothing was placed. Please choose again."
    ),
    ChoiceProblem.ONLY_ONE_HERE: (
        "More than one session was chosen, and your LMS takes one here, so nothing was placed. Choose one."
    ),
}
EVERYTHING: Final = Wish(Taking.ALL)
_NUMBERS: Final = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


@dataclass(frozen=True, slots=True)
class PlacingForm:
    """What the picker's form says. Without an answer yet: everything that is missing, with columns and a due date."""

    wish: Wish = EVERYTHING
    is_due: bool = True
    closes: bool = False
    opens_new_tab: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One link that can be chosen. ``note`` says what is special about it."""

    key: str
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Again(Option):
    """One that is in the course already."""

    placed: PlacedModule | None = None

    @property
    def was_opened(self) -> bool:
        """Whether somebody came through it, so that it surely is there."""
        return self.placed is not None and self.placed.presence is Presence.OPENED

    @property
    def was_copied(self) -> bool:
        """Whether it should be there because the course is a copy."""
        return self.placed is not None and self.placed.presence is Presence.COPIED


@dataclass(frozen=True, slots=True)
class Picker:
    """Everything the picker shows."""

    series_label: str
    sessions: tuple[Option, ...]
    pages: tuple[Option, ...]
    again: tuple[Again, ...]
    takes_several: bool
    takes_columns: bool
    has_columns: bool
    series_advice: str
    ends_on: date | None
    offers_new_tab: bool

    @property
    def offers_series(self) -> bool:
        """Whether the series, or what is missing of it, is offered in one action."""
        return bool(self.series_label)

    @property
    def first_choice(self) -> str:
        """The key that is chosen to begin with where only one can be."""
        return self.sessions[0].key if self.sessions else ""


def accepts_links(settings: DeepLinkingSettings) -> bool:
    """Whether this place takes what this tool has: links to its pages."""
    return vocabulary.ITEM_RESOURCE_LINK in settings.accept_types


def make_offer(series: Series, request: OpenRequest) -> Offer:
    """What can be placed into this course. Canvas never says that it takes columns, and does (``lti.md`` §3.2)."""
    return Offer(
        sessions=tuple(module.key for module in series.modules),
        pages=(SERIES_LINK,),
        placed=frozenset(request.placed),
        gradable=frozenset(module.key for module in series.modules if module.is_open),
        takes_several=request.settings.accepts_multiple,
        takes_columns=request.settings.accepts_line_item is not False,
    )


def describe_picker(series: Series, request: OpenRequest, offer: Offer) -> Picker:
    """The choices in words: what is missing first, what is there already last."""
    traits = placing_traits_of(request.registration.family)
    options = [
        *(
            Option(module.key, module.title, "" if module.is_open else "Its work is not open yet, so it has no column.")
            for module in series.modules
        ),
        Option(SERIES_LINK, "The page of the whole series", "All sessions on one page. It has no column."),
    ]
    offered = [option for option in options if option.key not in offer.placed]
    return Picker(
        series_label=_label_series(offer) if offer.offers_series else "",
        sessions=tuple(option for option in offered if option.key in offer.sessions),
        pages=tuple(option for option in offered if option.key in offer.pages),
        again=tuple(
            Again(option.key, option.title, option.note, request.placed[option.key])
            for option in options
            if option.key in offer.placed
        ),
        takes_several=offer.takes_several,
        takes_columns=offer.takes_columns,
        has_columns=offer.takes_columns and bool(offer.gradable),
        series_advice=traits.series_advice,
        ends_on=request.ends_on if traits.takes_dates else None,
        offers_new_tab=_offers_new_tab(request.settings, traits),
    )


def spell_number(number: int) -> str:
    """A small number as a word: "eight"; a large one in digits."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def read_placing_form(form: MultiDict[str, str]) -> PlacingForm:
    """Read the form; an unticked box sends nothing."""
    taking = Taking.ALL if form.get("what") == Taking.ALL else Taking.NAMED
    named = form.getlist("again") if taking is Taking.ALL else [*form.getlist("module"), *form.getlist("again")]
    return PlacingForm(
        wish=Wish(taking, tuple(dict.fromkeys(named))[:MOST_NAMED], wants_columns="columns" in form),
        is_due="due" in form,
        closes="closes" in form,
        opens_new_tab="new_tab" in form,
    )


def write_links(
    series: Series, request: OpenRequest, form: PlacingForm, links: Sequence[ChosenLink | LinkToPlace]
) -> tuple[PlacedLink, ...]:
    """The links as content items will say them."""
    traits = placing_traits_of(request.registration.family)
    end = _end_of_day(request.ends_on) if request.ends_on is not None else None
    targets = set(request.settings.document_targets)
    # A place that opens links only in tabs of their own is believed; where both are possible she decides.
    only_new_tab = targets == {"window"}
    offers_new_tab = _offers_new_tab(request.settings, traits)
    written = []
    for link in links:
        title, text = _describe_link(series, link.key)
        is_session = link.key != SERIES_LINK
        written.append(
            PlacedLink(
                module_key=link.key,
                title=title,
                text=f"{text} {COLUMN_SENTENCE}" if link.has_column else text,
                placement_id=link.placement_id if isinstance(link, LinkToPlace) else None,
                has_column=link.has_column,
                due_at=end if is_session and form.is_due else None,
                closes_at=end if is_session and form.closes else None,
                opens_new_tab=only_new_tab or (offers_new_tab and form.opens_new_tab),
            )
        )
    return tuple(written)


def _label_series(offer: Offer) -> str:
    count = len(offer.missing)
    if count == len(offer.sessions):
        return f"All {spell_number(count)} sessions"
    return f"The {spell_number(count)} sessions that are not in your course yet"


def _offers_new_tab(settings: DeepLinkingSettings, traits: PlacingTraits) -> bool:
    targets = set(settings.document_targets)
    return traits.takes_new_tab and "window" in targets and bool(targets & {"iframe", "frame"})


def _describe_link(series: Series, key: str) -> tuple[str, str]:
    module = series.find_module(key)
    title, text = (series.title, series.description) if module is None else (module.title, module.description)
    return title, " ".join(text.split())


def _end_of_day(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), find_zone())
