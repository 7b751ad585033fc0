"""``lti-tool platform``: the platforms this tool knows."""

import sys

import click

from lti_tool.cli_support import opened_store, print_json, read_now, say
from lti_tool.config import read_settings
from lti_tool.services.registrations import (
    RegistrationChanges,
    RegistrationDetails,
    RegistrationInput,
    add_registration,
    deactivate_registration,
    edit_registration,
    list_registrations,
    read_registration,
)

_FAMILY = click.Choice(["canvas", "moodle", "other"])


@click.group()
def platform() -> None:
    """The platforms (Canvas, Moodle, ...) this tool may be opened from."""


@platform.command("add")
@click.option("--name", required=True, help="What people call it.")
@click.option("--issuer", required=True, help="Who signs its launches: an address, to the letter.")
@click.option("--client-id", required=True, help="What it calls this tool.")
@click.option("--auth-url", required=True, help="Where a login continues (OIDC authorization endpoint).")
@click.option("--token-url", required=True, help="Where this tool asks for service tokens.")
@click.option("--jwks-url", required=True, help="Where it publishes its keys.")
@click.option("--deployment-id", "deployment_ids", multiple=True, help="May be given again.")
@click.option("--origin", "origins", multiple=True, help="Where people see it; may be given again.")
@click.option("--family", type=_FAMILY, help="Its kind.  [default: told from the issuer where it can be]")
def add(
    name: str,
    issuer: str,
    client_id: str,
    auth_url: str,
    token_url: str,
    jwks_url: str,
    deployment_ids: tuple[str, ...],
    origins: tuple[str, ...],
    family: str | None,
) -> None:
    """Register a platform."""
    platform = RegistrationInput(
        name=name,
        issuer=issuer,
        client_id=client_id,
        auth_url=auth_url,
        token_url=token_url,
        jwks_url=jwks_url,
        family=family,
        origins=origins,
        deployment_ids=deployment_ids,
    )
    with opened_store() as store:
        added = add_registration(store, platform, allow_http=read_settings().is_development, now=read_now())
    say(f"Registered {added.name} as registration {added.id}.")
    if not added.deployments:
        say("It has no deployment id yet: the first launch's will be taken, and shown by lti-tool platform show.")


@platform.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_all(as_json: bool) -> None:
    """List the platforms, removed ones too."""
    with opened_store() as store:
        found = list_registrations(store)
    if as_json:
        print_json(found)
        return
    for item in found:
        say(f"{item.id}  {item.name}  {item.issuer}  {item.client_id}{'' if item.is_active else '  (removed)'}")
    if not found:
        say("No platform is registered. Register one with: lti-tool platform add")


@platform.command("show")
@click.argument("registration_id", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(registration_id: int, as_json: bool) -> None:
    """Show everything kept about a platform."""
    with opened_store() as store:
        found = read_registration(store, registration_id)
    if as_json:
        print_json(found)
    else:
        _print_details(found)


@platform.command("edit")
@click.argument("registration_id", metavar="ID", type=int)
@click.option("--name")
@click.option("--auth-url")
@click.option("--token-url")
@click.option("--jwks-url")
@click.option("--family", type=_FAMILY)
@click.option("--deployment-id", "deployment_ids", multiple=True, help="One more; may be given again.")
@click.option("--origin", "origins", multiple=True, help="Replaces the old ones; may be given again.")
@click.option("--active", "is_active", is_flag=True, default=None, help="Bring a removed platform back.")
@click.option(
    "--anonymous/--no-anonymous",
    "allows_anonymous",
    default=None,
    help="Let people in without an id: they can read, and nothing of theirs is kept.",
)
def edit(
    registration_id: int,
    name: str | None,
    auth_url: str | None,
    token_url: str | None,
    jwks_url: str | None,
    family: str | None,
    deployment_ids: tuple[str, ...],
    origins: tuple[str, ...],
    is_active: bool | None,
    allows_anonymous: bool | None,
) -> None:
    """Change what is kept about a platform. Its issuer and client id stay as they are."""
    changes = RegistrationChanges(
        name=name,
        auth_url=auth_url,
        token_url=token_url,
        jwks_url=jwks_url,
        family=family,
        origins=origins or None,
        deployment_ids=deployment_ids,
        is_active=is_active,
        allows_anonymous=allows_anonymous,
    )
    if changes == RegistrationChanges():
        raise click.UsageError("Say what to change.")
    with opened_store() as store:
        allow_http = read_settings().is_development
        changed = edit_registration(store, registration_id, changes, allow_http=allow_http, now=read_now())
    _print_details(changed)


@platform.command("remove")
@click.argument("registration_id", metavar="ID", type=int)
def remove(registration_id: int) -> None:
    """Let nobody in from a platform any more. People's work and scores are kept."""
    with opened_store() as store:
        removed = deactivate_registration(store, registration_id, now=read_now())
    say(f"Removed {removed.name}. Its work is kept; bring it back with: lti-tool platform edit {removed.id} --active")


@platform.command("check")
@click.argument("registration_id", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(registration_id: int, as_json: bool) -> None:
    """Try everything between this tool and a platform; exit code 1 if something is to be mended."""
    from lti_tool.servers import opened_services  # noqa: PLC0415 - only this command calls a platform
    from lti_tool.services.self_check import run_self_check  # noqa: PLC0415
    from lti_tool.services.self_check_lines import CheckState  # noqa: PLC0415

    settings = read_settings()
    with opened_store() as store, opened_services(settings, store) as services:
        found = run_self_check(store, services, registration_id, base_url=settings.base_url, now=read_now())
    if as_json:
        print_json(found)
    else:
        for line in found.lines:
            when = f"{line.at:%Y-%m-%d %H:%M} UTC. " if line.at else ""
            say(f"{line.state.upper():8} {line.title}: {line.tried} {when}{line.came_back}")
            if line.to_do and line.state is not CheckState.GOOD:
                say(f"{'':9}{line.to_do}")
    sys.exit(1 if found.problems else 0)


def _print_details(found: RegistrationDetails) -> None:
    deployments = [f"{item.id_on_platform}{' (taken from a launch)' * item.was_adopted}" for item in found.deployments]
    lines = {
        "registration": f"{found.id}{'' if found.is_active else ' (removed)'}",
        "name": found.name,
        "issuer": found.issuer,
        "client id": found.client_id,
        "auth url": found.auth_url,
        "token url": found.token_url,
        "jwks url": found.jwks_url,
        "family": found.family,
        "origins": ", ".join(found.origins),
        "deployments": ", ".join(deployments) or "none yet: the first launch's will be taken",
        "anonymous": "let in to read" if found.allows_anonymous else "refused",
        "registered": f"{found.created_at:%Y-%m-%d %H:%M} UTC{', by itself' if found.was_invited else ''}",
    }
    for name, value in lines.items():
        say(f"{name + ':':14}{value}")
