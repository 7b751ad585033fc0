"""The words of the privacy page: for every table what it holds of a person, why, who sees it, and how long it is kept.

A test holds this against the models: a table or a column that nobody has put into words, or set aside as holding
nothing of a person, fails it. Say only what the program does today.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from lti_tool.models import Base
from lti_tool.web.privacy_course_words import COURSE, SERVER
from lti_tool.web.privacy_values import KEPT_A_DAY, NOBODY, StoredGroup, StoredThing

_PERSON: Final = {
    "users": StoredThing(
        "You",
        {
            "sub": "The id by which your LMS knows you.",
            "name": "Your name, if the LMS sends one. Without it, people see a number.",
            "created_at last_seen_at": "When you came first and last.",
        },
        why="So that your work is yours again the next time you come.",
        who="The facilitators of your courses see your name. You see theirs beside a review.",
        besides="id registration_id",
    ),
    "memberships": StoredThing(
        "You in a course",
        {
            "user_id context_id standing has_been_staff": "Whether you are a participant, a facilitator, or a visitor.",
            "is_also_participant": "Whether a facilitator also takes part herself.",
            "created_at last_launch_at": "When you came first and last.",
        },
        why="So that each page knows what you may do there.",
        who=f"{NOBODY} The tool decides by it.",
        besides="id",
    ),
    "enrolments": StoredThing(
        "Your place in the series",
        {
            "user_id cohort_id created_at": "That you take part in one run of the series, and since when.",
            "is_practice": "Whether it is only practice.",
        },
        why="So that your work belongs to the right group of people.",
        who="Facilitators of the course.",
        besides="id",
    ),
    "rosters": StoredThing(
        "When the course's list of people was read",
        {},
        why="So that the list is read again when it is old.",
        who="Facilitators see when it was last read.",
        besides="context_id url wanted_at read_at tried_at failures problem",
    ),
    "roster_entries": StoredThing(
        "The course's list of people",
        {
            "sub name context_id": "Everybody the LMS lists in the course, with a name if it sends one, "
            "also people who have never opened the tool.",
            "standing status": "What each is there, and whether she is still in the course.",
            "first_listed_at last_listed_at": "When she was first and last on the list.",
        },
        why="So that facilitators see who has not begun yet.",
        who="Facilitators of the course.",
        besides="id",
    ),
}

_VISITS: Final = {
    "login_flows": StoredThing(
        "A visit about to begin",
        {
            "login_hint message_hint": "What the LMS says of you and of the link, in its own code.",
            "binder_digest storage_digest": "Fingerprints of the marks by which your browser is known again.",
            "created_at expires_at consumed_at": "When it began, and whether it was used. It is good for ten minutes.",
        },
        why="So that nobody can send you into somebody else's visit.",
        who=NOBODY,
        how_long=KEPT_A_DAY,
        besides="id state nonce registration_id target_link_uri deployment_hint storage_target is_in_tab",
    ),
    "parked_launches": StoredThing(
        "A visit that waits for your browser",
        {"message": "What the LMS said: your id, name and roles, the course and the link."},
        why="Some browsers keep no cookie inside an LMS. Then your browser is asked a second question first.",
        who=NOBODY,
        how_long="It is good for minutes. It goes with the visit about to begin that it belongs to.",
        besides="handle_digest flow_id expires_at",
    ),
    "launch_sessions": StoredThing(
        "Your visits",
        {
            "user_id context_id resource_link_id cohort_id": "Who opened which link of which course.",
            "standing roles": "Your roles there.",
            "locale return_url": "The language of your LMS, and the way back to your course.",
            "secret_digest came_by_storage": "A fingerprint of the cookie, never the cookie itself, "
            "or that your browser had none.",
            "created_at expires_at": "When it began and when it ends: after twelve hours at most.",
        },
        why="So that you need no second password.",
        who=NOBODY,
        how_long=KEPT_A_DAY,
        besides="id registration_id deployment_id",
    ),
    "session_tickets": StoredThing(
        "A visit on its way to a new tab",
        {"session_id used_at": "Which visit, and whether it has arrived."},
        why="Where a browser keeps no cookie inside the LMS, the visit goes on in a tab of its own.",
        who=NOBODY,
        how_long="It is good for one minute, once. It goes with the visit it belongs to.",
        besides="ticket_digest expires_at",
    ),
    "deep_link_requests": StoredThing(
        "Choosing sessions for a course",
        {
            "user_id context_id standing locale": "Who chooses, for which course, and in which language.",
            "settings": "What your LMS takes, and the address to which the choice goes back. "
            "It may hold a key of her visit to the LMS.",
            "created_at expires_at answered_at": "When she began, and when she was done.",
        },
        why="So that what a facilitator chooses arrives in the right course.",
        who=NOBODY,
        besides="handle_digest registration_id deployment_id",
    ),
}

_WORK: Final = {
    "reading_records": StoredThing(
        "Your reading",
        {
            "user_id cohort_id module_key activity_key tried": "Which questions of a reading you tried, "
            "with which answer.",
            "marked_read_at read_version updated_at": "When you marked it as read, and in which version.",
        },
        why="So that you find your place, and so that readings can count.",
        who="You. Facilitators see only what it adds to a score.",
        besides="id",
    ),
    "submissions": StoredThing(
        "Your drafts",
        {
            "user_id cohort_id module_key activity_key kind": "Which plan or reflection it is.",
            "draft": "Every word you have written, with copies of those earlier answers of yours that it builds on.",
            "draft_saved_at draft_place draft_version created_at": "When you last saved, and where you stopped.",
            "state is_private submitted_at revision_count times_returned": "Where it stands, and if it is private.",
            "lease_owner_id lease_expires_at": "Which facilitator is reading it.",
            "reply_seen_at": "When you saw the answer to it.",
        },
        why="So that no word is lost.",
        who="The words of a draft: you alone. Facilitators see that a draft exists, when it was saved, "
        "and where it stands.",
        besides="id current_review_id",
    ),
    "revisions": StoredThing(
        "What you submitted",
        {
            "document words": "The plan or reflection as it was, each time you submitted it.",
            "is_private number submitted_at": "Whether it is private, which version it is, and when it was submitted.",
        },
        why="So that it is clear what a facilitator has read.",
        who="You, and the facilitators of the course. What is marked as private: you alone.",
        besides="id submission_id",
    ),
    "reviews": StoredThing(
        "Reviews",
        {
            "author_id reviewer_id": "Whose work it is, and who reviewed it.",
            "ratings comments overall named_fields decision": "Ratings, comments, and what should change.",
            "created_at saved_at released_at status": "When it was written and released.",
        },
        why="They are the facilitator's answer to your work.",
        who="Until it is released: the facilitator who writes it. Then also you and the other facilitators.",
        besides="id submission_id revision_id rubric version supersedes_id",
    ),
}

_SCORES: Final = {
    "earned_scores": StoredThing(
        "Your scores",
        {
            "user_id cohort_id module_key points maximum parts": "The score of a session, and how it adds up.",
            "comment": "The comment that goes with it.",
            "finished_at earned_at": "When you finished.",
        },
        why="A score is kept here until the gradebook of your course has it.",
        who="You, and the facilitators of the course.",
        besides="id version",
    ),
    "score_deliveries": StoredThing(
        "Scores on their way",
        {
            "user_id score maximum comment finished_at": "What the gradebook is to say about you.",
            "state reason sent_at confirmed_at confirmed_score confirmed_maximum": "How far it has come, "
            "and what the gradebook shows.",
        },
        why="So that no score is lost on the way, and everybody can see where it is.",
        who="You, and the facilitators of the course.",
        besides="id registration_id line_item_id earned_score_id version sent_version confirmed_version told_comment "
        "told_finished_at failures next_attempt_at last_timestamp created_at",
    ),
    "score_attempts": StoredThing(
        "Each time a score was sent",
        {
            "score timestamp at with_comment": "Which score was sent when, and whether with a comment.",
            "answer status detail": "What the gradebook answered.",
        },
        why="So that a facilitator can see why a score has not arrived.",
        who="The facilitators of the course.",
        besides="id delivery_id phase begun_id version as_new_attempt maybe_recorded",
    ),
    "return_notes": StoredThing(
        "Notes that a plan came back",
        {
            "user_id comment": "A line for the gradebook, which says that your plan came back.",
            "state reason detail begun_at ended_at timestamp": "Whether it was sent, and what the gradebook answered.",
        },
        why="So that you also see it in the gradebook.",
        who="You, and whoever sees your grades in the LMS.",
        besides="id registration_id line_item_id review_id failures next_attempt_at created_at",
    ),
}

_GROUPS: Final[Mapping[str, Mapping[str, StoredThing]]] = {
    "Who you are": _PERSON,
    "Your work": _WORK,
    "Your scores": _SCORES,
    "Your visits": _VISITS,
    "The course": COURSE,
    "The server": SERVER,
}


def list_stored_things(tables: Iterable[str] = Base.metadata.tables) -> tuple[StoredGroup, ...]:
    """Every table of the database in words, under its heading.

    Raises:
        LookupError: a table has no words; a page that leaves one out would be untrue.
    """
    known = {name for group in _GROUPS.values() for name in group}
    if unknown := sorted(set(tables) - known):
        raise LookupError(f"no words for the tables {unknown}")
    return tuple(StoredGroup(title, tuple(group.items())) for title, group in _GROUPS.items())
