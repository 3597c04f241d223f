"""A server of files on this machine, and an empty cache to download to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Handler(BaseHTTPRequestHandler):
    """Serves the server's files.

    It notes what it is asked for, waits while it may not answer, and sends
    fewer bytes than it says where some are to be missing.
    """

    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        missing = self.server.missing
        self.server.may_answer.wait()
        self.send_response(200)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) - missing])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        server.files, server.asked, server.missing = {}, [], 0
        server.may_answer = threading.Event()
        server.may_answer.set()
        server.address = f'http://127.0.0.1:{server.server_port}'
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def cached(tmp_path):
    """Names of the files in the cache."""
    files = (tmp_path / 'cache').rglob('*')
    return sorted(file.name for file in files if file.is_file())
