"""``modaxfer serve``."""

from __future__ import annotations

from pathlib import Path

import click

from modaxfer.cli.command import Command
from modaxfer.config import RunConfig, build
from modaxfer.encoders.runs import description_of
from modaxfer.errors import ConfigError

__all__ = ["serve_command"]

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


@click.command("serve", cls=Command)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--host", metavar="X", default="127.0.0.1", help="Address to listen at; default this machine alone.")
@click.option("--port", metavar="N", type=click.IntRange(1, 65535), default=8000, help="Port; default 8000.")
@click.option(
    "--window", metavar="MS", type=click.FloatRange(0, 1000), default=5, help="How long a row waits for others."
)
@click.option("--max-body", metavar="MB", type=click.FloatRange(0.001, 1024), default=16, help="Largest request.")
@click.option(
    "--queue", metavar="N", type=click.IntRange(1), default=1024, help="Most rows that wait; more are refused."
)
@click.option("--cache", metavar="N", type=click.IntRange(0), default=4096, help="Most answers that are kept.")
@click.option("--device", metavar="X", default="auto", help="Where to compute. One of auto, cpu, cuda, mps.")
@click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Run code that comes with the run's checkpoint. Only for authors you trust.",
)
def serve_command(
    run: Path,
    host: str,
    port: int,
    window: float,
    max_body: float,
    queue: int,
    cache: int,
    device: str,
    trust_remote_code: bool,
) -> None:
    """Answer requests with the model in the folder RUN, in one process, until it is stopped.

    POST rows as JSON to /predict; / is a page to try it by hand, /health says how it is, /openapi.json describes it.
    Nothing that is sent is written. It listens on this machine alone, and asks nobody who they are: put a proxy
    that does in front of it before --host lets others in.

    modaxfer serve runs/a
    """
    build(RunConfig, {"device": device})
    description_of(run)
    _refuse_address(host, port)
    from modaxfer.runner.progress import Progress
    from modaxfer.serve.app import Service, make_app, require_fastapi

    require_fastapi()
    import uvicorn

    bounds = {"window": window / 1000, "queue": queue, "kept": cache}
    service = Service(run, device=device, trust_remote_code=trust_remote_code, **bounds)
    app = make_app(service, most=int(max_body * 1e6), hosts=LOOPBACK if host in LOOPBACK else ("*",))
    Progress().say(f"{service.name} at http://{host}:{port}, until Ctrl+C")
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, limit_concurrency=256)


def _refuse_address(host: str, port: int) -> None:
    """Refuse, before weights are loaded, what cannot be listened at: another server is there, or it is elsewhere's."""
    import socket

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # As uvicorn: a server that ended is no matter.
            tried.bind(address)
    except OSError as error:
        raise ConfigError(
            "nothing can be served at this address", got=f"{host}:{port}: {error.strerror}",
            fix="name another --port, or the --host 127.0.0.1",
        ) from error  # fmt: skip
