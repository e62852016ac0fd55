"""A hub on this machine: serves the files of one model as huggingface.co would, or never answers."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" + "0" * 34
REPOSITORY = "someone/tiny"


class Hub(BaseHTTPRequestHandler):
    """Answers for the model of its server."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        files = self.server.files
        self.server.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        start = f"/api/models/{REPOSITORY}"
        if path in (start, f"{start}/revision/main", f"{start}/revision/{COMMIT}"):
            self.json({"id": REPOSITORY, "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]})
        elif path.startswith(f"{start}/tree/"):
            self.json([{"type": "file", "path": n, "size": len(d), "oid": git_oid(d)} for n, d in files.items()])
        elif path.startswith(f"{start}/revision/"):
            self.refuse("RevisionNotFound")
        else:
            self.resolve(path.rpartition("/resolve/")[2].partition("/")[2])

    def resolve(self, name):
        if name in self.server.files:
            self.file(self.server.files[name])
        else:
            self.refuse("RepoNotFound")

    def json(self, value):
        self.file(json.dumps(value).encode())

    def file(self, data):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{git_oid(data)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def refuse(self, code):
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Stay silent."""


@contextmanager
def serving(files: dict[str, bytes]):
    """Serve `files` as `REPOSITORY` at `COMMIT`; yields the endpoint and the list of requested paths."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.files, server.asked = files, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silent():
    """Accept connections and never say a word; yields the endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def git_oid(data: bytes) -> str:
    """Return git's object id of a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
