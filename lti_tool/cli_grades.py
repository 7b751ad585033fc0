"""``lti-tool grades``: the scores on their way to gradebooks."""

import sys

import click

from lti_tool.cli_support import CommandRefusedError, opened_store, print_json, read_now, say
from lti_tool.config import read_settings


@click.group()
def grades() -> None:
    """Scores on their way to gradebooks: how they stand, and what to do when they do not arrive."""


@grades.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Count the scores in each state, and name the platforms that do not answer."""
    from lti_tool.services.delivery_reports import count_deliveries  # noqa: PLC0415

    with opened_store() as store:
        counts = count_deliveries(store)
    if as_json:
        print_json(counts)
        return
    for state, count in counts.states.items():
        say(f"{state.replace('_', ' ') + ':':12}{count}")
    if counts.waiting_since is not None:
        say(f"The oldest has waited since {counts.waiting_since:%Y-%m-%d %H:%M} UTC.")
    for reason, count in counts.reasons.items():
        say(f"  because {reason.replace('_', ' ')}: {count}")
    for silent in counts.silent_platforms:
        again = f" It is tried again at {silent.resume_at:%H:%M:%S} UTC." if silent.resume_at else ""
        say(f"{silent.name} has not answered since {silent.silent_since:%Y-%m-%d %H:%M} UTC.{again}")


@grades.command("retry")
@click.argument("delivery_ids", metavar="[ID]...", nargs=-1, type=int)
@click.option("--all", "is_all", is_flag=True, help="Every score that waits or needs somebody.")
def retry(delivery_ids: tuple[int, ...], is_all: bool) -> None:
    """Have scores tried again now, rather than when their time comes."""
    from lti_tool.services.delivery_reports import retry_deliveries  # noqa: PLC0415

    if bool(delivery_ids) == is_all:
        raise click.UsageError("Name scores by ID, or say --all.")
    with opened_store() as store:
        count = retry_deliveries(store, None if is_all else delivery_ids, now=read_now())
    if not count and delivery_ids:
        raise CommandRefusedError("None of these is a score that waits or needs somebody. See: lti-tool grades status")
    say(f"{count} will be tried as soon as a delivery worker is free.")


@grades.command("reconcile")
@click.option("--registration", "registration_id", type=int, help="Only this platform.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reconcile_all(registration_id: int | None, as_json: bool) -> None:
    """Read gradebooks and show the cells that differ from what was sent. Changes nothing.

    Exit code 1 if a cell differs or a column could not be read.
    """
    from lti_tool.lti.ags import GradebookClient  # noqa: PLC0415
    from lti_tool.servers import opened_services  # noqa: PLC0415
    from lti_tool.services.delivery_reports import reconcile  # noqa: PLC0415

    with opened_store() as store, opened_services(read_settings(), store) as services:
        found = reconcile(store, GradebookClient(services), registration_id=registration_id)
    if as_json:
        print_json(found)
    else:
        for item in found.differences:
            say(f"{item.delivery_id}  person {item.user_sub}  sent {item.ours}, shows {item.theirs or 'nothing'}")
        for url, words in found.unreadable:
            say(f"could not read {url}: {words}")
        if found.not_allowed:
            say(f"{found.not_allowed} are in courses that do not let the tool read results.")
        say(f"{found.compared} compared, {len(found.differences)} differ.")
    sys.exit(1 if found.differences or found.unreadable else 0)
