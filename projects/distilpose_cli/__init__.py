"""The command line ``distilpose COMMAND ...``.

It lies beside the package ``distilpose``, whose import takes seconds because
it registers everything with MMPose. A command imports what it needs when it
runs. A new command is a function ``add_...`` in ``COMMANDS``.
"""

import argparse
import difflib
import io
import os
import runpy
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from .arguments import FOLDER, add_command
from .calibrate import add_calibrate
from .env import add_env
from .errors import expect_settings, told
from .export import add_export
from .init import add_init
from .label import add_label
from .predict import add_predict
from .review import add_review
from .serve import add_serve
from .store_teacher import add_store_teacher
from .teachers import add_teachers

__all__ = ['main']

TOOLS = Path(__file__).parents[1] / 'distilpose' / '.mim' / 'tools'


def main(argv: list[str] | None = None) -> None:
    """Run one command.

    Args:
        argv: The command and its arguments. Defaults to the command line's.

    Raises:
        SystemExit: The command line is wrong, the command failed, or it was
            interrupted (exit code 130).
    """
    parser = argparse.ArgumentParser(
        prog='distilpose',
        description='DistilPose, a plugin of MMPose. CONFIG is a file, or the '
        'name of an installed config.',
        epilog='`distilpose COMMAND --help` shows the options of a command.',
    )
    commands = parser.add_subparsers(
        title='commands', metavar='COMMAND', dest='command', required=True
    )
    for add in COMMANDS:
        add(commands)
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        # By the command's own usage; the parser would show that of all.
        commands.choices[args.command].error(
            f'unrecognized arguments: {" ".join(unknown)}'
        )
    # A name that the output's encoding lacks must not end a command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')
    try:
        with _terminated_as_interrupted():
            args.run(args)
    except KeyboardInterrupt:
        advice = getattr(args, 'after_interrupt', '')
        # A message as the exit status would turn the code 130 into 1.
        print(  # noqa: T201
            f'\ndistilpose {args.command}: interrupted. {advice}'.rstrip(),
            file=sys.stderr,
        )
        raise SystemExit(130) from None
    except Exception as error:
        message = told(error)
        if message is None:
            raise
        raise SystemExit(f'distilpose {args.command}: {message}') from error


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, with its worker processes.

    Not what a launcher has started: a rank that waits for others in NCCL does
    not hear it, and would keep the launcher waiting.
    """
    if (
        'WORLD_SIZE' in os.environ
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# Commands whose script reads all arguments: a tool of ours, which `mim run
# distilpose TOOL` runs, too, or MMPose's of the command's name.
SCRIPTS = {
    'train': (None, "CONFIG [...]: train, by MMPose's tools/train.py"),
    'test': (
        None,
        "CONFIG CHECKPOINT [...]: evaluate, by MMPose's tools/test.py",
    ),
    'convert': ('convert_checkpoint', 'rename the weights of a checkpoint'),
    'complexity': ('complexity', 'count parameters and GMACs of configs'),
    'benchmark': ('benchmark', 'measure speed and memory of models'),
}
RESUME = 'With --resume, the same command goes on from the last checkpoint.'


def add_scripts(commands) -> None:
    for name, (tool, text) in SCRIPTS.items():
        # No argument can hold a NUL, so none is taken for an option of ours.
        parser = commands.add_parser(
            name, prefix_chars='\0', add_help=False, help=text
        )
        parser.add_argument('arguments', nargs=argparse.REMAINDER)
        parser.set_defaults(
            run=partial(run_tool, tool),
            after_interrupt=RESUME if name == 'train' else '',
        )


def add_demo(commands) -> None:
    text = 'train a teacher and students on synthetic people, and compare them'
    again = 'The same command goes on where it was.'
    demo = add_command(commands, 'demo', run_demo, text, after_interrupt=again)
    demo.add_argument(
        'folder',
        **FOLDER,
        nargs='?',
        default=Path('work_dirs/demo'),
        help='where to write (default: %(default)s)',
    )
    text = 'draw the synthetic people of the demo, in the layout of COCO'
    data = add_command(commands, 'demo-data', run_demo, text)
    data.add_argument('folder', **FOLDER, help='where to write')
    for parser in (demo, data):
        parser.add_argument(
            '--seed',
            type=int,
            default=0,
            help='0 or more (default: %(default)s)',
        )


def add_mmpose(commands) -> None:
    text = "run one of MMPose's tools or demo scripts, for example image_demo"
    add = add_command(
        commands,
        'mmpose',
        lambda args: run_mmpose_script(args.script, args.arguments),
        text,
    ).add_argument
    add(
        'script',
        metavar='SCRIPT',
        nargs='?',
        default='',
        help='its name without .py; without any, all names are listed',
    )
    add(
        'arguments',
        metavar='...',
        nargs=argparse.REMAINDER,
        help='what the script takes; --help shows it',
    )


COMMANDS = (
    add_scripts,
    add_demo,
    add_init,
    add_teachers,
    add_mmpose,
    add_export,
    add_calibrate,
    add_predict,
    add_serve,
    add_label,
    add_review,
    add_store_teacher,
    add_env,
)


def run_demo(args: argparse.Namespace) -> None:
    """Draw the demo's pictures, or run the whole demo."""
    if args.command == 'demo-data':
        from distilpose_demo.dataset import make_dataset

        make_dataset(args.folder, seed=args.seed)
        return
    from distilpose_demo.run import run

    # Dependencies warn each other of deprecations, on top of the bars.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        run(args.folder, seed=args.seed)


def with_config(arguments: list[str]) -> list[str]:
    """Replace the name of a config, the first argument, by its path."""
    expect_settings(arguments)
    if not arguments or arguments[0].startswith('-'):
        return arguments
    from distilpose.zoo.find import find_config, read_config

    path = find_config(arguments[0], with_mmpose=True)
    read_config(str(path), import_modules=False)  # or it tells why not
    return [str(path), *arguments[1:]]


def run_mmpose_script(name: str, arguments: list[str]) -> None:
    """Run a script that MMPose carries, with distilpose registered."""
    import mmpose

    import distilpose  # noqa: F401  (registers, and mends MMPose)

    carried = Path(mmpose.__file__).parent / '.mim'
    scripts = {
        path.stem: path
        for folder in ('demo', 'tools')
        for path in sorted(carried.glob(f'{folder}/**/*.py'))
    }
    if name not in scripts:
        nearest = difflib.get_close_matches(name, scripts) or sorted(scripts)
        from distilpose_runtime.errors import UserValueError

        raise UserValueError(
            f'MMPose {mmpose.__version__} carries no script "{name}" in '
            f'{carried}. Nearest: {", ".join(nearest)}.'
        )
    run_script(scripts[name], arguments)


def run_tool(tool: str | None, args: argparse.Namespace) -> None:
    """Run a script that reads the arguments of a command."""
    if tool is None:
        run_mmpose_script(args.command, with_config(args.arguments))
    else:
        run_script(TOOLS / f'{tool}.py', args.arguments)


def run_script(path: Path, arguments: list[str]) -> None:
    """Run a script as ``python path`` does, in this process."""
    before = sys.argv, sys.path
    sys.argv = [str(path), *arguments]
    sys.path = [str(path.resolve().parent), *sys.path]
    try:
        runpy.run_path(str(path), run_name='__main__')
    finally:
        sys.argv, sys.path = before
