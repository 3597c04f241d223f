"""The files of the page, and a server for them and for nothing else."""

import json
from collections.abc import Callable
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from .. import appearance
from ..detectors import Detector
from ..estimator import PoseEstimator
from ..keypoint_names import split
from ..metadata import ModelError, is_for_research_only
from ..named import NANODET
from ..session import external_files
from . import assets

__all__ = ['File', 'make_server', 'page_files']

PAGE = Path(__file__).parent / 'page'
HOST = '127.0.0.1'

HEADERS = {
    # Threads need memory that they share, which browsers give to pages that
    # are isolated from all others.
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    # Nothing from another machine, even if the page asked for it.
    'Content-Security-Policy': "default-src 'self'; "
    "script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; "
    'media-src blob:; '
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache',
}
# Not mimetypes, whose table is the system's, as browsers insist on these.
TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.mjs': 'text/javascript; charset=utf-8',
    '.txt': 'text/plain; charset=utf-8',
    '.json': 'application/json',
    '.jpg': 'image/jpeg',
    '.wasm': 'application/wasm',
    '': 'text/plain; charset=utf-8',  # a licence
}
BYTES = 'application/octet-stream'


class File(NamedTuple):
    """A file of the page.

    Attributes:
        kind: Its media type.
        read: Gives its content.
    """

    kind: str
    read: Callable[[], bytes]


def page_files(model: Path, detector: Path = NANODET) -> dict[str, File]:
    """All that the page loads, by the path of its address.

    Args:
        model: A model that ``distilpose export`` wrote.
        detector: A NanoDet as an ONNX file, which finds the people.

    Raises:
        OSError: A file cannot be read.
        ModelError: A file is no ONNX file, or of another kind of model.
    """
    about = dict(
        model=_describe(model),
        detector=_describe_detector(detector),
        look={
            name.lower(): value
            for name, value in vars(appearance).items()
            if name.isupper()
        },
    )
    paths = {f'/{path.name}': path for path in PAGE.iterdir()}
    paths['/'] = paths.pop('/index.html')
    for name in ('LICENSE', 'ThirdPartyNotices.txt'):
        paths[f'/onnxruntime/{name}'] = assets.FOLDER / name
    paths |= {'/model.onnx': model, '/detector.onnx': detector}
    for name in about['model']['weights']:
        paths[f'/weights/{name}'] = model.parent / name
    files = {
        address: File(TYPES.get(path.suffix, BYTES), path.read_bytes)
        for address, path in paths.items()
    }
    for name in assets.record()['sha256']:
        kind, read = TYPES[Path(name).suffix], partial(assets.read, name)
        files[f'/onnxruntime/{name}'] = File(kind, cache(read))
    text = json.dumps(about).encode()
    files['/models.json'] = File(TYPES['.json'], lambda: text)
    return files


def make_server(files: dict[str, File], port: int) -> ThreadingHTTPServer:
    """A server that ``serve_forever()`` starts, for this machine alone.

    Args:
        files: What ``page_files`` gives.
        port: Where it listens; 0 for any free port, which the server's
            ``server_port`` tells.

    Raises:
        OSError: The port is taken, or needs other rights.
        OverflowError: There is no such port.
    """
    return ThreadingHTTPServer((HOST, port), partial(_Handler, files))


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, files: dict[str, File], *request: Any) -> None:
        self.files = files  # first, as the base answers in its constructor
        super().__init__(*request)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        # A page of another site can have its own name lead to this machine,
        # and would read the model under it.
        name, _, _ = self.headers.get('Host', '').partition(':')
        file = self.files.get(unquote(self.path.partition('?')[0]))
        if name not in (HOST, 'localhost'):
            self.send_error(403, explain=f'The page is at http://{HOST}.')
        elif file is None:
            self.send_error(404)
        else:
            self._send(file)

    def _send(self, file: File) -> None:
        try:
            content = file.read()
        except (OSError, ValueError) as error:
            self.send_error(500, explain=str(error))
            return
        self.send_response(200)
        self.send_header('Content-Type', file.kind)
        self.send_header('Content-Length', str(len(content)))
        for header, value in HEADERS.items():
            self.send_header(header, value)
        try:
            self.end_headers()
            if self.command != 'HEAD':
                self.wfile.write(content)
        except ConnectionError:  # the user left the page
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the browser tells what is missing."""


def _describe(model: Path) -> dict[str, Any]:
    """What the page needs to know of a model."""
    info = PoseEstimator(model).info
    return dict(
        info._asdict(),
        mean=info.mean.tolist(),
        std=info.std.tolist(),
        sigma_calibration=info.sigma_calibration
        and info.sigma_calibration._asdict(),
        keypoint_names=info.names,
        origin=info.origin(),
        is_for_research_only=is_for_research_only(info.license),
        sides=[split(name).side for name in info.names],
        # Names of further files.
        weights=[
            path.relative_to(model.parent).as_posix()
            for path in external_files(model)
        ],
    )


def _describe_detector(file: Path) -> dict[str, Any]:
    """What the page needs to know of a detector, which must be a NanoDet."""
    detector = Detector(file)
    if detector.format != 'nanodet' or detector.person:
        raise ModelError(
            f'The detector "{file}" is of the format {detector.format} with '
            f'people as class {detector.person}; the page runs NanoDets whose '
            'class 0 are people. Leave --detector out: a NanoDet comes with '
            'this package.'
        )
    return dict(input_size=detector.size)
