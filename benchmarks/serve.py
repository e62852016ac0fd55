"""How many requests of a row that is kept `modaxfer serve` answers on loopback: ``python benchmarks/serve.py RUN``.

Four clients with a connection each ask for one of eight rows, which are computed once. Prints requests per second, p50
and p95 in milliseconds, the server's own processor time, which counts where others use the machine too, and its
memory before and after.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil

CLIENTS, REQUESTS = 4, 500


def ask(connection: http.client.HTTPConnection, rows: list[object]) -> float:
    """Return the seconds of one request."""
    start = time.perf_counter()
    connection.request("POST", "/predict", json.dumps({"rows": rows}))
    answer = connection.getresponse()
    told = answer.read()
    if answer.status != 200:
        raise SystemExit(told.decode())
    return time.perf_counter() - start


def client(port: int, rows: list[object]) -> list[float]:
    """Ask for one row after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    return [ask(connection, [rows[number % len(rows)]]) for number in range(REQUESTS)]


def ready(port: int) -> dict[str, str]:
    """Wait until the server answers; return the columns of its model."""
    for _ in range(1200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health")
            columns: dict[str, str] = json.loads(connection.getresponse().read())["columns"]
        except OSError:
            time.sleep(0.1)
        else:
            return columns
    raise SystemExit("the server does not answer")


def main(run: str) -> None:
    """Measure the server of `run`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "modaxfer", "serve", run, "--port", str(port)])
    try:
        columns = ready(port)
        rows: list[object] = [dict.fromkeys(columns, f"row {number}") for number in range(8)]
        client(port, rows[:])
        process = psutil.Process(server.pid)
        before, spent, start = process.memory_info().rss, sum(process.cpu_times()[:2]), time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            seconds = np.concatenate([*pool.map(lambda _: client(port, rows), range(CLIENTS))])
        rate = len(seconds) / (time.perf_counter() - start)
        p50, p95 = np.percentile(seconds * 1000, [50, 95])
        print(
            f"{rate:.0f} requests/s, p50 {p50:.1f} ms, p95 {p95:.1f} ms, {len(seconds)} requests of {CLIENTS} clients"
        )
        own = (sum(process.cpu_times()[:2]) - spent) / len(seconds)
        print(f"the server's own processor time: {1000 * own:.2f} ms a request, {1 / own:.0f} requests a second of it")
        print(f"memory {before / 2**20:.0f} MB before, {process.memory_info().rss / 2**20:.0f} MB after")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(sys.argv[1])
