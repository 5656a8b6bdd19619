"""The command line: `fitmatch run`, `serve`, `node`, `exporter`, `doctor`, `migrate`, `rebuild-index`,
`move-shop`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable

from deployments import secret_files
from deployments.local.errors import BadSetting, StartFailed


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 2 when a setting is wrong, 1 when something failed; either with one sentence."""
    given = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = given.command
    try:
        os.environ.update(secret_files.read(os.environ))
        return command(given)
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 2
    except StartFailed as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    about = "Recommends what clothing shops sell. Settings are FITMATCH_* variables: docs/operations.md"
    parser = argparse.ArgumentParser(prog="fitmatch", description=about)
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("run", help="run everything on this machine until Ctrl-C")
    run.set_defaults(command=_run)
    serve = commands.add_parser("serve", help="in production: run Ray's head and Serve, on your Postgres and Chroma")
    serve.set_defaults(command=_serve)
    node = commands.add_parser("node", help="in production: join another host to the one that serves")
    node.add_argument("head", metavar="HOST:PORT", help="where the head's Ray listens, as ray-head:6379")
    node.set_defaults(command=_node)
    doctor = commands.add_parser("doctor", help="say what a start would stumble over, and how the parts are")
    doctor.set_defaults(command=_doctor)
    migrate = commands.add_parser("migrate", help="bring the schema of Postgres up to date")
    migrate.set_defaults(command=_migrate)
    rebuild = commands.add_parser("rebuild-index", help="rebuild Chroma from the embeddings in Postgres")
    rebuild.add_argument("--shop", metavar="shp_…", help="this shop only")
    rebuild.set_defaults(command=_rebuild_index)
    move = commands.add_parser("move-shop", help="move a shop's collections to another Chroma server")
    which = move.add_mutually_exclusive_group(required=True)
    which.add_argument("shop", nargs="?", metavar="shp_…", help="this shop")
    which.add_argument("--from", dest="origin", metavar="NAME", help="all shops that are on this server")
    move.add_argument("--to", required=True, metavar="NAME", help="the server, as FITMATCH_CHROMA_URL names it")
    move.set_defaults(command=_move_shop)
    exporter = commands.add_parser("exporter", help="serve what Postgres knows to Prometheus until Ctrl-C")
    exporter.set_defaults(command=_exporter)
    return parser


# The imports are inside: a command need not load what the others use.


def _run(_given: argparse.Namespace) -> int:
    from deployments.local import run

    return run.run()


def _serve(_given: argparse.Namespace) -> int:
    from deployments.host import serve

    return serve.serve()


def _node(given: argparse.Namespace) -> int:
    from deployments.host import node

    return node.node(given.head)


def _doctor(_given: argparse.Namespace) -> int:
    from deployments.local import doctor

    return doctor.doctor(os.environ)


def _migrate(_given: argparse.Namespace) -> int:
    from deployments.local import commands

    asyncio.run(commands.migrate())
    return 0


def _rebuild_index(given: argparse.Namespace) -> int:
    from deployments.local import commands

    asyncio.run(commands.rebuild_index(given.shop))
    return 0


def _move_shop(given: argparse.Namespace) -> int:
    from deployments.local import commands

    asyncio.run(commands.move_shop(given.shop, origin=given.origin, server=given.to))
    return 0


def _exporter(_given: argparse.Namespace) -> int:
    from deployments import exporter_server

    return exporter_server.run(os.environ)


if __name__ == "__main__":
    sys.exit(main())
