"""The command line: `fitmatch run`, `doctor`, `migrate`, `rebuild-index`."""

import argparse
import sys
from collections.abc import Callable


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    given = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = given.command
    return command(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fitmatch", description="Settings are FITMATCH_* variables: docs/operations.md"
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("run", help="run everything on this machine until Ctrl-C")
    run.set_defaults(command=_run)
    return parser


def _run(_given: argparse.Namespace) -> int:
    from deployments.local import run

    return run.run()


if __name__ == "__main__":
    sys.exit(main())
