"""``distilpose serve``: a page that runs an exported model in the browser."""

import argparse
import webbrowser
from pathlib import Path

from .arguments import DEFAULT_DETECTOR, DEFAULT_MODEL, FLAG, add_command

__all__ = ['add_serve']


def add_serve(commands) -> None:
    text = 'try an exported model in the browser'
    add = add_command(
        commands,
        'serve',
        run_serve,
        text,
        ': on photos, videos or a camera, by WebAssembly or WebGPU. The page '
        'is for this machine alone, and nothing leaves it.',
    ).add_argument
    add(
        'model',
        metavar='FILE.onnx',
        nargs='?',
        default=DEFAULT_MODEL,
        help='a model that `distilpose export` wrote (default: %(default)s, '
        'which comes with this package)',
    )
    add(
        '--detector',
        metavar='FILE.onnx',
        default=DEFAULT_DETECTOR,
        help='a NanoDet that finds the people (default: %(default)s, which '
        'comes with this package)',
    )
    add(
        '--port',
        type=int,
        default=8000,
        help='0 for any free one (default: %(default)s)',
    )
    add('--open', **FLAG, help='open the page in the browser')


def run_serve(args: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    from distilpose_runtime.named import find_detector, find_model
    from distilpose_runtime.web import make_server, page_files

    model = Path(find_model(args.model))
    files = page_files(model, find_detector(args.detector))
    try:
        server = make_server(files, args.port)
    except (OSError, OverflowError) as error:
        from distilpose_runtime.errors import UserRuntimeError

        raise UserRuntimeError(
            f'cannot listen on port {args.port} ({error}). Choose another '
            'with --port, or --port 0 for any free one.'
        ) from error
    address = f'http://127.0.0.1:{server.server_port}/'
    print(f'{args.model}: {address} (Ctrl-C ends)', flush=True)  # noqa: T201
    with server:
        if args.open:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()  # noqa: T201
