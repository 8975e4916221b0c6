"""The command line. `main` is the console script; each command is a module of this package, loaded when called."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import version
from pathlib import Path

import click

from schemas.errors import SettingsError, VoceroError

COMMANDS = {
    "demo": "the whole of vocero on the shipped sample, with nothing to install",
    "enrich": "enrich a file of posts without Kafka",
    "translate": "translate a text as the pipeline would",
    "produce": "push a file of posts to Kafka",
    "run": "run stages against a broker",
    "replay": "drive dead letters again, after their cause is gone",
    "erase": "remove a person or a post everywhere, and record that it was done",
    "setup": "create topics and the store's indices, where they are missing",
    "search": "search what was indexed",
    "alerts": "list the negative spikes",
    "cases": "list what is followed up, or take a step in it",
    "explain": "say in words why a post is scored and followed as it is",
    "inbox": "serve the page for people who work cases",
    "correct": "say what a post really is, or export what people said",
    "links": "list complaints that are told more than once, part or join two posts",
    "topics": "list what people talk about",
    "train": "fit a sentiment model of your own on labelled posts",
    "backtest": "replay a file of counts through the spike detection",
    "report": "write what was indexed as one HTML page",
    "purge": "remove what is older than the retention",
    "doctor": "say what is there and what is not",
}
"""Every command with its one line of help. A new one is one file and one line here."""

EXIT_FAILED = 1
EXIT_MISUSE = 2


class LazyGroup(click.Group):
    """Loads a command's module when it is called, so that `vocero --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command `command` of the module of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"streams.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"streams.cli.{cmd_name}.command is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without loading anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("vocero"), prog_name="vocero")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file; else vocero.toml, if there is one.")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Carries customers' voices: posts in many languages from Kafka, understood, into Elasticsearch or SQLite.

    Settings come from vocero.toml, then from VOCERO_* environment variables, then from flags.

    \b
    Start here:
      vocero demo                                      see everything work
      vocero enrich posts.jsonl --output out.jsonl     no Kafka needed
      vocero search "late delivery" --sentiment negative
    """
    ctx.obj = config


def main() -> None:
    """The console script: one clear sentence and an exit code for every failure."""
    try:
        code = cli.main(standalone_mode=False)
    except SettingsError as error:
        _say(str(error))
        code = EXIT_MISUSE
    except VoceroError as error:
        _say(str(error))
        code = EXIT_FAILED
    except click.exceptions.Abort:
        _say("stopped")
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        # the reader of our output has gone: end quietly, and keep Python from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _say(sentence: str) -> None:
    click.echo(f"vocero: {sentence}", err=True)
