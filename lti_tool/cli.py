"""The command line: parses, calls one service, prints. A refusal is one line on stderr; exit code 1 refused, 2 misuse.

What a command needs is imported when it runs, so that ``--help`` answers at once.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import ClassVar, Final

import click

from lti_tool import __version__
from lti_tool.cli_support import CommandRefusedError, list_refusals, opened_store, print_json, read_now, say

DEMO_FOLDER: Final = ".demo"


class _Commands(click.Group):
    """Loads the larger groups when they are asked for: a help page or one command needs no other's parts."""

    _elsewhere: ClassVar = {
        "grades": "lti_tool.cli_grades",
        "invite": "lti_tool.cli_invites",
        "platform": "lti_tool.cli_platforms",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands by name."""
        return sorted([*super().list_commands(ctx), *self._elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command."""
        if cmd_name not in self._elsewhere:
            return super().get_command(ctx, cmd_name)
        command = getattr(import_module(self._elsewhere[cmd_name]), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lti-tool")
def lti_tool() -> None:
    """Leading Edge: an LTI 1.3 tool for a leadership series for school librarians.

    Settings come from the environment: LTI_TOOL_DATABASE_URL, LTI_TOOL_BASE_URL, LTI_TOOL_SECRET_KEY,
    LTI_TOOL_KEYS_DIR, LTI_TOOL_SERIES_DIR, and LTI_TOOL_ENV (production unless it says development).
    """


@lti_tool.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes.  [default: one for each core, at least 2]")
@click.option("--no-worker", is_flag=True, help="Deliver no scores from here; run lti-tool worker somewhere.")
def serve(host: str, port: int, workers: int | None, no_worker: bool) -> None:
    """Serve the tool, with one delivery worker beside the web processes.

    Put a web server that speaks https in front of it. A process that dies is started again; SIGTERM or Ctrl-C stops
    everything after the requests under way.
    """
    from lti_tool.processes import Program, Supervisor  # noqa: PLC0415
    from lti_tool.servers import is_port_free  # noqa: PLC0415

    _refuse_if_not_ready()
    if not is_port_free(host, port):
        raise CommandRefusedError(
            f"Port {port} on {host} is taken or not this machine's. Choose another one: --port {port + 1}"
        )
    count = workers or max(2, os.cpu_count() or 1)
    servers = "lti_tool.servers"
    web = (servers, "web", "--host", host, "--port", str(port), "--workers", str(count))
    programs = [Program("web server", web)]
    if not no_worker:
        programs.append(Program("delivery worker", (servers, "worker")))
    say(f"Serving on http://{host}:{port} with {count} web processes. Ctrl-C stops.")
    sys.exit(Supervisor(programs, say).run())


@lti_tool.command()
def worker() -> None:
    """Deliver scores to gradebooks, until stopped. Any number may run, on any machine that reaches the database."""
    from lti_tool.config import read_settings  # noqa: PLC0415
    from lti_tool.processes import catch_stop_signals  # noqa: PLC0415
    from lti_tool.servers import log_to_stderr, run_worker  # noqa: PLC0415

    _refuse_if_not_ready()
    log_to_stderr()
    with catch_stop_signals() as should_stop:
        run_worker(read_settings(), should_stop)


@lti_tool.command()
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Port of the tool.")
@click.option("--lms-port", default=5001, show_default=True, type=click.IntRange(1, 65535), help="Port of the LMS.")
@click.option("--folder", default=DEMO_FOLDER, show_default=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--manner",
    default="strict",
    show_default=True,
    type=click.Choice(["strict", "canvas", "moodle"]),
    help="What the LMS does where LMSs differ: as the specification says, or as Canvas or Moodle do.",
)
def demo(port: int, lms_port: int, folder: Path, manner: str) -> None:
    """Run the tool beside a small LMS of its own, with invented people and work, on this machine only."""
    from lti_tool.demo import Demo, find_manner, run_demo  # noqa: PLC0415

    sys.exit(run_demo(Demo(folder.resolve(), port, lms_port, find_manner(manner)), now=read_now(), say=say))


@lti_tool.group()
def db() -> None:
    """The database: bring it up to date, or see whether it is."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Run the migrations that are missing. Safe to run again, and from several machines at once."""
    from lti_tool.models.schema import SchemaState, check_schema, upgrade_schema  # noqa: PLC0415

    with opened_store(check=False) as store:
        found = upgrade_schema(store.engine)
        head = check_schema(store.engine).head
    if found.state is SchemaState.CURRENT:
        say(found.in_words)
    else:
        say(f"The database was {found.revision or 'empty'} and is now at revision {head}.")


@db.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def db_check(as_json: bool) -> None:
    """Say whether the database fits this version; exit code 1 if not."""
    from lti_tool.models.schema import SchemaState, check_schema  # noqa: PLC0415

    with opened_store(check=False) as store:
        found = check_schema(store.engine)
    if as_json:
        print_json(found)
    elif found.state is SchemaState.CURRENT:
        say(found.in_words)
    else:
        raise CommandRefusedError(found.in_words)
    sys.exit(0 if found.state is SchemaState.CURRENT else 1)


@lti_tool.group()
def keys() -> None:
    """The tool's own key pairs: the newest signs, all are published."""


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keys_list(as_json: bool) -> None:
    """Show the key pairs, newest first, and which files are safe to remove: a newer pair has signed for a day."""
    from lti_tool.config import read_settings  # noqa: PLC0415
    from lti_tool.lti.tool_keys import list_keys, list_spent_keys  # noqa: PLC0415

    folder = read_settings().keys_dir
    found = list_keys(folder)
    spent = list_spent_keys(found, read_now())
    if as_json:
        print_json(
            [
                {
                    "kid": key.kid,
                    "created_at": key.created_at,
                    "file": str(key.path),
                    "signs": number == 0,
                    "is_safe_to_remove": key in spent,
                }
                for number, key in enumerate(found)
            ]
        )
        return
    if not found:
        say(f"There is no key pair in {folder}. Make one with: lti-tool keys rotate")
    for number, key in enumerate(found):
        use = "signs" if number == 0 else "published"
        end = ", safe to remove" if key in spent else ""
        say(f"{key.kid}  {key.created_at:%Y-%m-%d %H:%M} UTC  {use:9}  {key.path}{end}")


@keys.command("rotate")
def keys_rotate() -> None:
    """Make a new pair that signs from now on. Running processes notice within a minute.

    Older pairs stay published, for platforms that keep keys for a while. lti-tool keys list says which files are safe
    to remove; with its file a pair is retired.
    """
    from lti_tool.config import read_settings  # noqa: PLC0415
    from lti_tool.lti.tool_keys import list_keys, rotate  # noqa: PLC0415

    made = rotate(read_settings().keys_dir, read_now())
    say(f"Key {made.kid} is in {made.path} and signs from now on.")
    if len(list_keys(made.path.parent)) > 1:
        say("The older one stays published. Its file is safe to remove once this one is a day old: lti-tool keys list")


@lti_tool.group()
def content() -> None:
    """The series that is taught."""


@content.command("check")
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
def content_check(folder: Path | None) -> None:
    """Look for mistakes in the series in FOLDER (by default the one that is served).

    Each is one line with its file and line number; exit code 1 if there is any. When there is none, each open session
    is told with the minutes of its plan's required questions and the words of its readings.
    """
    from lti_tool.content.loader import default_series_folder, examine_series  # noqa: PLC0415
    from lti_tool.content.overview import describe_effort  # noqa: PLC0415

    chosen = folder or Path(os.environ.get("LTI_TOOL_SERIES_DIR") or default_series_folder())
    found = examine_series(chosen)
    for problem in found.problems:
        say(str(problem))
    if found.series is None:
        raise CommandRefusedError(f"{len(found.problems)} to mend in {chosen}; the tool does not start with it")
    if found.problems:
        raise CommandRefusedError(f"{len(found.problems)} to mend in {chosen}; the tool starts with it all the same")
    say(f"{chosen}: nothing to mend.")
    for line in describe_effort(found.series):
        say(line)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave the process with its exit code."""
    with _in_one_line():
        code = lti_tool.main(
            args=None if arguments is None else list(arguments), prog_name="lti-tool", standalone_mode=False
        )
        sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn every refusal into one line on stderr and an exit code, never a stack trace."""
    try:
        yield
    except SystemExit:
        raise
    except click.exceptions.NoArgsIsHelpError as help_page:
        click.echo(help_page.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "lti-tool"
        _complain(f"{error.format_message()} (see {command} --help)")
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _complain(error.format_message())
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has heard enough; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except list_refusals() as error:
        _complain(str(error))
        sys.exit(1)


def _complain(message: str) -> None:
    click.echo(f"lti-tool: {' '.join(message.split())}", err=True)


def _refuse_if_not_ready() -> None:
    from lti_tool.config import read_settings  # noqa: PLC0415
    from lti_tool.content.loader import ContentError, default_series_folder, load_series  # noqa: PLC0415
    from lti_tool.lti.tool_keys import ToolKeys  # noqa: PLC0415

    settings = read_settings()
    ToolKeys(settings.keys_dir).signing_key()
    folder = settings.series_dir or default_series_folder()
    try:
        load_series(folder)
    except ContentError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        count = len(error.problems)
        raise CommandRefusedError(
            f"The series in {folder} cannot be used, so nothing was started. "
            f"{'One mistake is' if count == 1 else f'{count} mistakes are'} named above, by file and line."
        ) from None
    with opened_store():
        pass


if __name__ == "__main__":
    main()
