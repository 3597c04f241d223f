"""``python -m distilpose COMMAND ...``: MMPose's own scripts, and the demo.

    train CONFIG [...]            MMPose's tools/train.py
    test CONFIG CHECKPOINT [...]  MMPose's tools/test.py
    run SCRIPT [...]              another of MMPose's tools or demo scripts
    demo [FOLDER] [--seed N]      teacher and students on pictures made here
    demo-data FOLDER [--seed N]   those pictures alone

CONFIG is a file, or the name of one of DistilPose's configs. SCRIPT is a name
such as publish_model, browse_dataset or image_demo; compared with MMPose's own
command, the fixes of distilpose.compat are in place.
"""

import argparse
import difflib
import runpy
import sys
from pathlib import Path
from typing import List, Optional

USAGE = __doc__


def main(argv: Optional[List[str]] = None) -> None:
    """Run one command.

    Args:
        argv: The command and its arguments. Defaults to the command line's.

    Raises:
        SystemExit: The command line is wrong, with a message.
    """
    argv = sys.argv[1:] if argv is None else argv
    command, arguments = (argv or ['--help'])[0], argv[1:]
    if command in ('train', 'test'):
        run_stock_script(command, with_config(arguments))
    elif command == 'run':
        run_stock_script(arguments[0] if arguments else '', arguments[1:])
    elif command in ('demo', 'demo-data'):
        run_demo(command, arguments)
    elif command in ('-h', '--help'):
        print(USAGE)  # noqa: T201
    else:
        raise SystemExit(f'distilpose: unknown command "{command}"\n\n{USAGE}')


def run_stock_script(name: str, arguments: List[str]) -> None:
    """Run a script that MMPose carries as its own command line would."""
    import mmpose

    carried = Path(mmpose.__file__).parent / '.mim'
    scripts = {
        path.stem: path
        for folder in ('demo', 'tools')
        for path in sorted(carried.glob(f'{folder}/**/*.py'))
    }
    if name not in scripts:
        nearest = difflib.get_close_matches(name, scripts) or sorted(scripts)
        raise SystemExit(
            f'distilpose run: MMPose {mmpose.__version__} carries no script '
            f'"{name}" in {carried}. Nearest: ' + ', '.join(nearest)
        )
    sys.argv = [f'distilpose {name}', *arguments]
    runpy.run_path(str(scripts[name]), run_name='__main__')


def with_config(arguments: List[str]) -> List[str]:
    """Replace the name of a config, the first argument, by its path."""
    from distilpose.zoo import find_config

    if not arguments or arguments[0].startswith('-'):
        return arguments
    try:
        return [str(find_config(arguments[0])), *arguments[1:]]
    except FileNotFoundError as error:
        raise SystemExit(f'distilpose: {error}') from error


def run_demo(command: str, arguments: List[str]) -> None:
    """Make the demo's pictures, or run the whole demo."""
    parser = argparse.ArgumentParser(prog=f'distilpose {command}')
    only_data = command == 'demo-data'
    parser.add_argument(
        'folder',
        type=Path,
        nargs=None if only_data else '?',
        default=Path('work_dirs/demo'),
        help='where to write',
    )
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(arguments)
    from distilpose.commands import exit_on_sigterm

    exit_on_sigterm()
    try:
        if only_data:
            from distilpose.demo.dataset import make_dataset

            make_dataset(args.folder, seed=args.seed)
        else:
            from distilpose.demo.run import run

            run(args.folder, seed=args.seed)
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f'distilpose {command}: {error}') from error


if __name__ == '__main__':
    main()
