"""The command line ``distilpose COMMAND ...``.

It lies beside the package ``distilpose``, whose import takes seconds because
it registers everything with MMPose. A command imports what it needs when it
runs. A new command is a function ``add_...`` in ``COMMANDS``.
"""

import argparse
import difflib
import io
import runpy
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .env import add_env
from .errors import expect_settings, told
from .export import add_export
from .init import add_init
from .predict import add_predict
from .serve import add_serve
from .store_teacher import add_store_teacher
from .teachers import add_teachers

__all__ = ['main']

TOOLS = Path(__file__).parents[1] / 'distilpose' / '.mim' / 'tools'
Arguments = argparse.Namespace


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
    args = parser.parse_args(argv)
    # A name that the output's encoding lacks must not end a command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')
    try:
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


def add_train(commands) -> None:
    _add_forwarded(
        commands,
        'train',
        "CONFIG [...]: train, by MMPose's tools/train.py",
        lambda args: run_mmpose_script('train', with_config(args.arguments)),
        after_interrupt='With --resume, the same command goes on from the '
        'last checkpoint.',
    )


def add_test(commands) -> None:
    _add_forwarded(
        commands,
        'test',
        "CONFIG CHECKPOINT [...]: evaluate, by MMPose's tools/test.py",
        lambda args: run_mmpose_script('test', with_config(args.arguments)),
    )


def add_tools(commands) -> None:
    """The tools that ``mim run distilpose TOOL`` runs, too."""
    for command, tool, text in (
        (
            'convert',
            'convert_checkpoint',
            'rename the weights of a checkpoint',
        ),
        ('complexity', 'complexity', 'count parameters and GMACs of configs'),
        ('benchmark', 'benchmark', 'measure speed and memory of models'),
    ):
        _add_forwarded(
            commands,
            command,
            text,
            partial(run_tool, TOOLS / f'{tool}.py'),
        )


def add_demo(commands) -> None:
    text = 'train a teacher and students on synthetic people, and compare them'
    parser = commands.add_parser('demo', help=text, description=text)
    parser.add_argument(
        'folder',
        metavar='FOLDER',
        type=Path,
        nargs='?',
        default=Path('work_dirs/demo'),
        help='where to write (default: %(default)s)',
    )
    _add_seed(parser)
    parser.set_defaults(
        run=run_demo,
        after_interrupt='The same command goes on where it was.',
    )


def add_demo_data(commands) -> None:
    text = 'draw the synthetic people of the demo, in the layout of COCO'
    parser = commands.add_parser('demo-data', help=text, description=text)
    parser.add_argument(
        'folder', metavar='FOLDER', type=Path, help='where to write'
    )
    _add_seed(parser)
    parser.set_defaults(run=run_demo)


def add_mmpose(commands) -> None:
    text = "run one of MMPose's tools or demo scripts, for example image_demo"
    parser = commands.add_parser('mmpose', help=text, description=text)
    parser.add_argument(
        'script',
        metavar='SCRIPT',
        nargs='?',
        default='',
        help='its name without .py; without any, all names are listed',
    )
    parser.add_argument(
        'arguments',
        metavar='...',
        nargs=argparse.REMAINDER,
        help='what the script takes; --help shows it',
    )
    parser.set_defaults(
        run=lambda args: run_mmpose_script(args.script, args.arguments)
    )


COMMANDS = (
    add_train,
    add_test,
    add_tools,
    add_demo,
    add_demo_data,
    add_init,
    add_teachers,
    add_mmpose,
    add_export,
    add_predict,
    add_serve,
    add_store_teacher,
    add_env,
)


def _add_forwarded(
    commands,
    name: str,
    text: str,
    run: Callable[[Arguments], None],
    **defaults: str,
) -> None:
    """Add a command whose script reads all arguments, ``--help`` included."""
    # No argument can hold a NUL, so none is taken for an option of ours.
    parser = commands.add_parser(
        name, prefix_chars='\0', add_help=False, help=text
    )
    parser.add_argument('arguments', nargs=argparse.REMAINDER)
    parser.set_defaults(run=run, **defaults)


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--seed', type=int, default=0, help='0 or more (default: %(default)s)'
    )


def run_demo(args: Arguments) -> None:
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

    read_config(arguments[0], import_modules=False)  # or it tells why not
    return [str(find_config(arguments[0])), *arguments[1:]]


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


def run_tool(path: Path, args: Arguments) -> None:
    run_script(path, args.arguments)


def run_script(path: Path, arguments: list[str]) -> None:
    """Run a script as ``python path`` does, in this process."""
    before = sys.argv, sys.path
    sys.argv = [str(path), *arguments]
    sys.path = [str(path.resolve().parent), *sys.path]
    try:
        runpy.run_path(str(path), run_name='__main__')
    finally:
        sys.argv, sys.path = before
