"""Commands that refuse what click lets pass or explains badly: repeated and empty options, words of other programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from modaxfer.cli.sections import write_sections
from modaxfer.errors import ConfigError, close_matches
from modaxfer.synonyms import meant

__all__ = ["Command", "explain"]

_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)")

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
"""What files of rows end with."""

VALUES = {
    "gpu": "--device cuda", "cuda": "--device cuda", "cpu": "--device cpu", "mps": "--device mps",
    "fp16": "--precision fp16", "bf16": "--precision bf16", "fp32": "--precision fp32", "scratch": "--weights random",
    "force": "--overwrite", "exist_ok": "--overwrite", "replace": "--overwrite",
}  # fmt: skip
"""Flags elsewhere that are a value of a setting here."""


class Command(click.Command):
    """A command whose options of one value are given once, and are not empty; ``-h`` helps, alone or in a group."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read `args` into the context.

        Raises:
            ConfigError: An option of one value is given several times, or an option is empty.
        """
        given = list(args)
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        counts = Counter(id(parameter) for parameter in order)
        for parameter in dict.fromkeys(order):
            if isinstance(parameter, click.Option) and not parameter.is_flag:
                _refuse_twice(parameter, counts[id(parameter)], given)
                _refuse_empty(parameter, given)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, in sections where they are many."""
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        write_sections(options, ctx, formatter)


def explain(error: click.UsageError) -> ConfigError:
    """Return what click found wrong with a command line as one of our own errors."""
    command = error.ctx.command_path if error.ctx else "modaxfer"
    see = f"`{command} --help` shows what there is"
    if isinstance(error, click.NoSuchOption):
        options = _long_options(error.ctx)
        close = _meant(error.option_name.lstrip("-"), options)
        fix = f"did you mean {' or '.join(close)}?" if close else see
        return ConfigError(f"`{command}` has no option {error.option_name}", fix=fix)
    if found := _EXTRA.fullmatch(error.message):
        words = [found[1]] if Path(found[1]).exists() else found[1].split()
        return ConfigError(
            f"`{command}` is given {'words' if len(words) > 1 else 'a word'} too many",
            got=words,
            fix=" ".join(_as_options(words, _long_options(error.ctx))) or see,
        )
    if isinstance(error, click.MissingParameter) and error.ctx is not None:
        see = f"{_said_of(error)}; {see}"
    word, choices = _choices(error)
    close = close_matches(word, choices)
    fix = f"did you mean {' or '.join(close)}?" if close else see
    if isinstance(error, click.BadParameter) and choices and error.param is not None:
        name = error.param.opts[0] if isinstance(error.param, click.Option) else f"`{command}`"
        return ConfigError(f"{name} takes one of a list, and {word!r} is none of it", allowed=choices, fix=fix)
    # Some versions of click guess as well, in words of their own.
    return ConfigError(error.format_message().partition(" Did you mean")[0].rstrip(), fix=fix)


def _as_options(words: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return how `words` may be meant: rows, or a setting with its value; nothing where one is neither."""
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        close = _meant(name, options) if equals else ["--data"] if "--data" in options and _is_rows(word) else []
        found.append(f"{close[0]} {value or word}" if close else "")
    return ["did you mean", f"{' '.join(found)}?"] if all(found) else []


def _is_rows(word: str) -> bool:
    return Path(word).exists() or Path(word).suffix.lower() in SUFFIXES


def _said_of(error: click.MissingParameter) -> str:
    """Return what is known of an option that is missing, or how the command is written."""
    assert error.ctx is not None
    option = error.param if isinstance(error.param, click.Option) else None
    if option is not None and option.help:
        return f"{option.opts[0]} {option.make_metavar(error.ctx)}: {option.help.rstrip('.')}"
    pieces = [piece for piece in error.ctx.command.collect_usage_pieces(error.ctx) if piece != "[OPTIONS]"]
    return f"write `{' '.join([error.ctx.command_path, *pieces])}`"


def _choices(error: click.UsageError) -> tuple[str, Sequence[str]]:
    """Return the word that was refused and those that would have been taken, where there is a list of them."""
    quoted = error.message.split("'")[1::2]
    if quoted and isinstance(error, click.BadParameter) and error.param is not None:
        return quoted[0], [str(each) for each in getattr(error.param.type, "choices", ())]
    group = error.ctx.command if error.ctx is not None else None
    if quoted and isinstance(group, click.Group) and error.ctx is not None:
        return quoted[0], group.list_commands(error.ctx)
    return "", ()


def _meant(word: str, options: Sequence[str]) -> list[str]:
    value = VALUES.get(word.lower())
    if value is not None and value.partition(" ")[0] in options:
        return [value]
    names = {option.lstrip("-").replace("-", "_"): option for option in options}
    return [names[name] for name in meant(word, names)]


def _long_options(context: click.Context | None) -> list[str]:
    parameters = context.command.get_params(context) if context else []
    return [name for parameter in parameters for name in parameter.opts if name.startswith("--")]


def _refuse_twice(option: click.Option, count: int, args: Sequence[str]) -> None:
    if count > 1 and not option.multiple and option.nargs == 1:
        several = option.name in ("strategy", "seed")
        raise ConfigError(
            f"{option.opts[0]} takes one value and is given {count} times",
            got=_values(option, args),
            fix="give it once" + ("; `modaxfer compare` runs several, one after the other" if several else ""),
        )


def _refuse_empty(option: click.Option, args: Sequence[str]) -> None:
    if any(not value.strip() for value in _values(option, args)):
        raise ConfigError(
            f"{option.opts[0]} is empty", fix="give it a value, or leave it out; is a variable of your shell not set?"
        )


def _values(option: click.Option, args: Sequence[str]) -> list[str]:
    names: Any = (*option.opts, *option.secondary_opts)
    apart = [args[place + 1] for place, word in enumerate(args[:-1]) if word in names]
    return apart + [word.partition("=")[2] for word in args if "=" in word and word.partition("=")[0] in names]
