"""The words of the privacy page for what is stored of courses and of the server; of people there is little in it."""

from typing import Final

from lti_tool.web.privacy_values import NOBODY, StoredThing

COURSE: Final = {
    "contexts": StoredThing(
        "Courses",
        {},
        why="So that people of one course meet each other, and nobody else.",
        who="Everybody in the course sees its title.",
        besides="id deployment_id id_on_platform label title line_items_url ags_scopes created_at",
    ),
    "context_copies": StoredThing(
        "Where a course was copied from",
        {},
        why="So that links go on working in a copied course.",
        who=NOBODY,
        besides="context_id history copied_from_id noted_at",
    ),
    "cohorts": StoredThing(
        "Runs of the series",
        {},
        why="A course can have several groups, one after the other or side by side.",
        who="Everybody who takes part sees its name.",
        besides="id context_id name policy is_default closes_on created_at",
    ),
    "resource_links": StoredThing(
        "Links in a course",
        {"bound_by_id": "Which facilitator chose what a link opens, if somebody did."},
        why="So that a link opens the session it was made for.",
        who="Facilitators see what a link opens.",
        besides="id context_id id_on_platform title module_key created_at placement_id",
    ),
    "placements": StoredThing(
        "Links made with the tool",
        {"placed_by_id placed_at": "Which facilitator put a session into a course, and when."},
        why="So that a link is known again after its course was copied.",
        who="Facilitators see which sessions a course has already.",
        besides="id context_id module_key has_column",
    ),
    "line_items": StoredThing(
        "Gradebook columns",
        {},
        why="So that a score goes to the right column.",
        who="Facilitators of the course.",
        besides="id registration_id context_id resource_link_id module_key url maximum is_gone created_at "
        "was_made_here",
    ),
    "column_requests": StoredThing(
        "Gradebook columns to be made",
        {"requested_by_id": "Which facilitator asked for a column."},
        why="So that a column is made once, even if the LMS does not answer at first.",
        who="Facilitators of the course.",
        besides="id context_id module_key label may_make state reason failures next_attempt_at attempt_begun_at "
        "created_at",
    ),
}

SERVER: Final = {
    "audit_facts": StoredThing(
        "The log of changes",
        {
            "actor_id subject_id verb at": "Who did what to whose work, and when.",
            "context_id object_kind object_id facts": "Where, in ids and numbers. Never words or names.",
        },
        why="So that a mistake or a misuse can be found out.",
        who=f"{NOBODY} The people who run the server.",
        besides="id",
    ),
    "registrations": StoredThing(
        "LMSs that are connected",
        {},
        why="The tool opens only from an LMS it knows.",
        who="The people who run the server.",
        besides="id name issuer client_id auth_url token_url jwks_url family origins is_active created_at "
        "allows_anonymous was_invited",
    ),
    "deployments": StoredThing(
        "Where in an LMS the tool is installed",
        {},
        why="An LMS can have the tool in several places.",
        who="The people who run the server.",
        besides="id registration_id id_on_platform was_adopted created_at",
    ),
    "invites": StoredThing(
        "Invitations to connect an LMS",
        {},
        why="An LMS can connect itself only with a one-time address.",
        who="The people who run the server.",
        besides="id secret_digest name created_at expires_at begun_at used_at registration_id answer",
    ),
    "access_tokens": StoredThing(
        "Passes for an LMS",
        {},
        why="The tool shows one when it sends scores or reads the list of people. They are stored under seal.",
        who=NOBODY,
        how_long="A pass is good for about an hour; its row is written over by the next one.",
        besides="name_digest registration_id sealed good_until",
    ),
    "delivery_leases": StoredThing(
        "Which worker sends scores right now",
        {},
        why="So that only one at a time talks to an LMS.",
        who=NOBODY,
        besides="registration_id owner expires_at failures resume_at silent_since",
    ),
    "refusal_counts": StoredThing(
        "How often a visit was refused",
        {},
        why="So that an administrator can find out what is set wrongly. It holds codes and times, not who it was.",
        who="Administrators of the LMS, and the people who run the server.",
        besides="id place registration_id code reference count first_at last_at",
    ),
    "notice_handlers": StoredThing(
        "LMSs that tell when a course is copied",
        {},
        why="So that an LMS that can tell it knows where to.",
        who="The people who run the server.",
        besides="deployment_id service_url wanted_at told_at failures problem",
    ),
    "notices_seen": StoredThing(
        "Messages from the LMS",
        {},
        why="An LMS may say twice that a course was copied. The second time changes nothing.",
        who=NOBODY,
        besides="id registration_id notice_id seen_at",
    ),
}
