"""The command line: lazy commands, one paragraph per error, exit status 0, 1 or 2."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from contextlib import redirect_stderr
from importlib import import_module
from io import StringIO
from typing import Any

import click

from modaxfer.cli.command import explain
from modaxfer.cli.libraries import hushed
from modaxfer.cli.output import print_lines
from modaxfer.cli.standard_output import forget, tolerant_streams
from modaxfer.collector import spare, unload_nothing
from modaxfer.errors import ConfigError, ModaxferError
from modaxfer.synonyms import meant_command
from modaxfer.version import __version__

__all__ = ["LazyGroup", "cli", "run"]

COMPLETION = "_MODAXFER_COMPLETE"
"""Set by a shell that asks how a command line could go on."""

DEBUG = "MODAXFER_DEBUG"
"""Set where --debug is given: processes that a run starts show their tracebacks, too."""

COMMANDS = {
    "train": ("modaxfer.cli.train:train_command", "Train and evaluate an encoder on a task."),
    "pretrain": ("modaxfer.cli.pretrain:pretrain_command", "Train an encoder on rows before there is a task."),
    "evaluate": ("modaxfer.cli.runs:evaluate_command", "Score a saved run on its test split again."),
    "predict": ("modaxfer.cli.runs:predict_command", "Predict new rows with a saved run."),
    "explain": ("modaxfer.cli.explain:explain_command", "Show why a saved run says what it says of a row."),
    "export": ("modaxfer.cli.export:export_command", "Write a saved run for Transformers, PEFT or ONNX."),
    "push": ("modaxfer.cli.push:push_command", "Send an export or a pretrained encoder to the hub."),
    "serve": ("modaxfer.cli.serve:serve_command", "Answer requests with a saved run over HTTP."),
    "merge": ("modaxfer.cli.merge:merge_command", "Join the weights of finished runs into one."),
    "compare": ("modaxfer.cli.compare:compare_command", "Train a grid of encoders, strategies, tasks and seeds."),
    "recommend": ("modaxfer.cli.recommend:recommend_command", "Say which encoder and strategy to train a task with."),
    "curve": ("modaxfer.cli.curve:curve_command", "Score against number of labels, and what more would bring."),
    "features": ("modaxfer.cli.features:features_command", "Write an encoder's features of rows."),
    "launch": ("modaxfer.cli.launch:launch_command", "Write the lines that train on several machines."),
    "report": ("modaxfer.cli.runs:report_command", "Render the reports of a run again."),
    "list": ("modaxfer.cli.listing:list_command", "List encoders, bridges, strategies, tasks, metrics or reports."),
    "show": ("modaxfer.cli.listing:show_command", "Show one encoder, bridge, strategy, task, metric or report."),
    "plugins": ("modaxfer.cli.plugins:plugins_group", "See how plugins stand, check one, write a new one."),
    "completion": ("modaxfer.cli.completion:completion_command", "Print what makes a shell complete names and flags."),
    "doctor": ("modaxfer.cli.doctor:doctor", "Check this machine: packages, devices, weights, plugins."),
}


IN_SEVERAL = ("train", "list", "show", "plugins", "completion", "launch", "doctor")
"""Commands that several processes of a launcher may run: they share a training, and what only tells writes nothing."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is used, so that help is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command `cmd_name`, None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` start with; name those that resemble an unknown one."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            close = meant_command(name, COMMANDS)
            fix = f"did you mean {' or '.join(close)}?" if close else "`modaxfer --help` shows them"
            raise ConfigError("there is no such command", got=name, allowed=COMMANDS, fix=fix)
        if "RANK" in os.environ and name in COMMANDS and name not in IN_SEVERAL:
            _refuse_several(name)
        return super().resolve_command(ctx, args)


def _refuse_several(name: str) -> None:
    from modaxfer.runner.processes.launch import launched_world

    if (world := launched_world() or 1) > 1:
        raise ConfigError(
            f"`modaxfer {name}` runs in one process: each of several would do and write all of it",
            got=f"{world} processes of a launcher",
            fix="start it by itself; where no launcher has, unset RANK and WORLD_SIZE",
        )


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="modaxfer %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback where something goes wrong, and what libraries say.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Carry a pretrained encoder into another domain or modality, and say whether the transfer paid.

    modaxfer train --encoder vit --strategy lora --task legal-sentiment
    """
    ctx.obj = {"debug": debug}


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the run failed, 2 the request was wrong."""
    own = arguments is None
    words = sys.argv[1:] if arguments is None else arguments
    if own:
        spare()
    debug = "--debug" in words or DEBUG in os.environ
    if debug:
        os.environ[DEBUG] = "1"
    with tolerant_streams(), hushed(not debug):
        status = _status([word for word in words if word != "--debug"], debug)
    if own:
        unload_nothing()
    sys.exit(status)


def _status(words: list[str], debug: bool) -> int:
    try:
        status = _invoke(words)
        sys.stdout.flush()
        return status
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        # A run that was stopped says itself how it goes on.
        _say(str(stop) or "interrupted")
        return 128 + int(getattr(stop, "number", signal.SIGINT))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show(sys.stderr)
        return 2
    except click.UsageError as error:
        return _report(explain(error), debug)
    except click.ClickException as error:
        return _report(ConfigError(error.format_message()), debug)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone; that is no error of ours.
        forget(sys.stdout)
        return 0
    except Exception as error:
        return _report(error, debug)


def _invoke(words: list[str]) -> int:
    if COMPLETION in os.environ:
        # What a plugin is warned of would stand in the middle of the line that is typed.
        with redirect_stderr(StringIO()):
            return int(cli.main(words, prog_name="modaxfer", complete_var=COMPLETION, standalone_mode=False) or 0)
    # As `cli.main` does, which would end with 1 where a pipe is closed.
    with cli.make_context("modaxfer", list(words)) as context:
        status: Any = cli.invoke(context)
    return status if isinstance(status, int) else 0


def _report(error: Exception, debug: bool) -> int:
    from modaxfer.registry import blamed

    if debug:
        traceback.print_exception(error)
    named = blamed(error)
    if isinstance(named, ModaxferError):
        _say(str(named))
        return named.exit_status
    _say(f"unexpected {type(error).__name__}: {error}. Run it again with --debug for the traceback, and report it.")
    return 1


def _say(text: str) -> None:
    print_lines(f"modaxfer: {text}", err=True)
