"""``lti-tool invite``: one-time addresses at which a platform registers this tool by itself."""

import click

from lti_tool.cli_support import opened_store, print_json, read_now, say
from lti_tool.config import read_settings
from lti_tool.services.invites import DEFAULT_DAYS, MOST_DAYS, InviteDetails, create_invite, list_invites


@click.command()
@click.option("--name", help="What people call the platform.  [default: what it calls itself]")
@click.option("--days", default=DEFAULT_DAYS, show_default=True, type=click.IntRange(1, MOST_DAYS), help="Good for.")
@click.option("--list", "shows_list", is_flag=True, help="Show the invitations there are, and make none.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def invite(name: str | None, days: int, shows_list: bool, as_json: bool) -> None:
    """Make a one-time address; paste it into Canvas or Moodle, and the tool registers itself there."""
    settings = read_settings()
    with opened_store() as store:
        if shows_list:
            _print_list(list_invites(store), as_json=as_json)
            return
        made = create_invite(store, name=name, days=days, now=read_now())
    address = f"{settings.base_url}/lti/register/{made.secret}"
    if as_json:
        print_json({"address": address, "expires_at": made.details.expires_at, "id": made.details.id})
        return
    say(address)
    say(f"It works once, until {made.details.expires_at:%Y-%m-%d %H:%M} UTC. It is shown this one time only.")


def _print_list(found: tuple[InviteDetails, ...], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    now = read_now()
    for item in found:
        if item.registration_id is not None:
            end = f"led to registration {item.registration_id}"
        elif item.expires_at <= now:
            end = "ran out"
        else:
            end = f"open until {item.expires_at:%Y-%m-%d %H:%M} UTC"
        say(f"{item.id}  {item.created_at:%Y-%m-%d %H:%M} UTC  {item.name or '(no name)'}  {end}")
    if not found:
        say("There is no invitation. Make one with: lti-tool invite")
