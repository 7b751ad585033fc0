"""The lines of the self-check: each says what was tried, what came back, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from lti_tool.lti.configuration import SCOPES
from lti_tool.lti.connector import Services
from lti_tool.lti.errors import BadKeyError, NoKeyError
from lti_tool.lti.probing import KeysProbe, TokenProbe
from lti_tool.lti.values import Registration
from lti_tool.services.refusals import RefusalSeen

CLOCKS_APART: Final = timedelta(seconds=30)


class CheckState(StrEnum):
    """How a line turned out: as it should be; to be mended; nothing to tell yet."""

    GOOD = "good"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line: what was tried, what came back, what to do (empty when nothing is)."""

    key: str
    title: str
    state: CheckState
    tried: str
    came_back: str
    to_do: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownPlatform:
    """What the database knows of a platform: nothing of anybody's work, no names."""

    registration: Registration
    deployments: tuple[str, ...]
    last_launch_at: datetime | None
    launches: int
    launches_by_storage: int
    refusals: tuple[RefusalSeen, ...]
    last_sent_at: datetime | None
    waiting: int
    needs_you: int
    last_answer: str | None
    last_answer_at: datetime | None


def check_own_keys(services: Services, probe: KeysProbe) -> CheckLine:
    """Whether our keys can be fetched, and the one that signs is among them."""
    title, tried = "Our public keys", f"We fetched {probe.url}, as your LMS does."
    try:
        kid = services.keys.signing_key().kid
    except (NoKeyError, BadKeyError) as error:
        return CheckLine(
            "own_keys", title, CheckState.PROBLEM, tried, str(error), "The people who run this tool make a key pair."
        )
    if probe.failure is not None:
        return CheckLine(
            "own_keys",
            title,
            CheckState.PROBLEM,
            tried,
            f"It did not work: {probe.failure}.",
            "Check that the tool's address is right and can be reached from the internet over https.",
        )
    if kid not in probe.key_ids:
        return CheckLine(
            "own_keys",
            title,
            CheckState.PROBLEM,
            tried,
            f"They came, but not the one we sign with ({kid}).",
            "Another program may answer at this address, or two machines have different keys.",
        )
    return CheckLine("own_keys", title, CheckState.GOOD, tried, f"{len(probe.key_ids)} came, ours among them.")


def check_platform_keys(probe: KeysProbe) -> CheckLine:
    """Whether the platform's keys can be fetched and used."""
    title, tried = "The keys of your LMS", f"We fetched {probe.url} and read it."
    if probe.failure is None:
        return CheckLine("platform_keys", title, CheckState.GOOD, tried, f"{len(probe.key_ids)} that we can use.")
    return CheckLine(
        "platform_keys",
        title,
        CheckState.PROBLEM,
        tried,
        f"It did not work: {probe.failure}.",
        "Without them nobody can come in. Check the key set address with: lti-tool platform show",
    )


def check_clock(probe: KeysProbe) -> CheckLine:
    """How far the two clocks are apart."""
    title, tried = "Clocks", "We compared the time your LMS put on its answer with ours."
    if probe.clock_ahead is None:
        return CheckLine("clock", title, CheckState.UNKNOWN, tried, "Its answer had no time on it.")
    seconds = round(probe.clock_ahead.total_seconds())
    if abs(probe.clock_ahead) <= CLOCKS_APART:
        return CheckLine("clock", title, CheckState.GOOD, tried, f"They are {abs(seconds)} seconds apart.")
    whose = "ahead of" if seconds > 0 else "behind"
    return CheckLine(
        "clock",
        title,
        CheckState.PROBLEM,
        tried,
        f"The clock of your LMS is {abs(seconds)} seconds {whose} ours.",
        "Set both clocks by the internet's time (NTP). From a minute on, people are refused.",
    )


def check_token(probe: TokenProbe) -> CheckLine:
    """Whether the platform gives a token."""
    title, tried = "Permission to use its services", f"We asked {probe.url} for an access token."
    if probe.failure is None:
        return CheckLine("token", title, CheckState.GOOD, tried, "We got one.")
    return CheckLine(
        "token",
        title,
        CheckState.PROBLEM,
        tried,
        f"We got none: {probe.failure}",
        "Check the client id and the token address, and that your LMS can fetch our public keys (first line).",
    )


_SCOPE_WORDS: Final = dict(
    zip(
        SCOPES,
        (
            "make and change its own gradebook columns",
            "read its gradebook columns",
            "read the scores in its columns",
            "write scores",
            "read the list of people in a course",
        ),
        strict=True,
    )
)


def check_scopes(probe: TokenProbe) -> CheckLine:
    """Which of our scopes it gives."""
    title, tried = "What the tool may do", f"We asked for {len(SCOPES)} permissions."
    if probe.failure is not None:
        return CheckLine("scopes", title, CheckState.UNKNOWN, tried, "Without a token we do not know.")
    missing = [_SCOPE_WORDS[scope] for scope in SCOPES if scope not in probe.granted]
    if not missing:
        return CheckLine("scopes", title, CheckState.GOOD, tried, "All were given.")
    return CheckLine(
        "scopes",
        title,
        CheckState.PROBLEM,
        tried,
        f"Not given: {'; '.join(missing)}.",
        "Allow them in the tool's settings in your LMS (Canvas: the developer key's scopes; Moodle: the tool's "
        "Services). What you leave out on purpose does no harm: the tool works without it and says so.",
    )


def list_known_lines(known: KnownPlatform) -> tuple[CheckLine, ...]:
    """The lines that need nothing but the database."""
    return (
        _tell_deployments(known),
        _tell_frames(known),
        _tell_launches(known),
        _tell_browsers(known),
        _tell_refusals(known),
        _tell_scores(known),
    )


def _tell_deployments(known: KnownPlatform) -> CheckLine:
    title, tried = "Deployment ids", "We looked up which installations of the tool we know."
    if known.deployments:
        return CheckLine("deployments", title, CheckState.GOOD, tried, ", ".join(known.deployments))
    return CheckLine("deployments", title, CheckState.UNKNOWN, tried, "None yet. We take the one of the first launch.")


def _tell_frames(known: KnownPlatform) -> CheckLine:
    title, tried = "Where it may be shown", "We looked up which sites may show the tool in a frame."
    return CheckLine(
        "frames",
        title,
        CheckState.GOOD if known.registration.origins else CheckState.PROBLEM,
        tried,
        ", ".join(known.registration.origins) or "None.",
        "If people see your LMS at another address than these, the frame stays empty there. The people who run this "
        f"tool add it with: lti-tool platform edit {known.registration.id} --origin",
    )


def _tell_launches(known: KnownPlatform) -> CheckLine:
    title, tried = "Last launch", "We looked for the latest click that came in."
    if known.last_launch_at is None:
        return CheckLine("launch", title, CheckState.UNKNOWN, tried, "None yet.", "Open the tool once from a course.")
    return CheckLine(
        "launch", title, CheckState.GOOD, tried, f"{known.launches} in the last day.", at=known.last_launch_at
    )


def _tell_browsers(known: KnownPlatform) -> CheckLine:
    title, tried = "Browsers", "We counted how people's browsers were known again."
    if not known.launches:
        return CheckLine("browsers", title, CheckState.UNKNOWN, tried, "Nobody has come in yet.")
    by_cookie = known.launches - known.launches_by_storage
    return CheckLine(
        "browsers",
        title,
        CheckState.GOOD,
        tried,
        f"By cookie {by_cookie}, by the page of your LMS {known.launches_by_storage} (in the last day).",
    )


def _tell_refusals(known: KnownPlatform) -> CheckLine:
    title, tried = "Last refusal", "We looked for the latest click from your LMS that we refused."
    if not known.refusals:
        return CheckLine("refusal", title, CheckState.GOOD, tried, "None.")
    latest = known.refusals[0]
    is_later = known.last_launch_at is None or latest.last_at > known.last_launch_at
    return CheckLine(
        "refusal",
        title,
        CheckState.PROBLEM if is_later else CheckState.GOOD,
        tried,
        f"Code {latest.code}, reference number {latest.reference}, {latest.count} times since "
        f"{latest.first_at:%Y-%m-%d}.",
        "The README of this tool says for each code what to do; its log has the reference number." if is_later else "",
        at=latest.last_at,
    )


def _tell_scores(known: KnownPlatform) -> CheckLine:
    title, tried = "Last score", "We looked for the latest score that your LMS took."
    if known.last_sent_at is None and known.last_answer is None:
        return CheckLine("score", title, CheckState.UNKNOWN, tried, "None was sent yet.")
    came_back = "Taken." if known.last_answer == "sent" else f"The last answer was: {known.last_answer}."
    said = f"{came_back} {known.waiting} waiting, {known.needs_you} need a person."
    is_well = known.needs_you == 0 and known.last_answer in {"sent", "found", None}
    return CheckLine(
        "score",
        title,
        CheckState.GOOD if is_well else CheckState.PROBLEM,
        tried,
        said,
        "" if is_well else "Facilitators see each score and its reason under Grades. Operators: lti-tool grades status",
        at=known.last_sent_at or known.last_answer_at,
    )
