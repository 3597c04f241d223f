"""``distilpose teachers``: which models can be distilled by their names."""

import argparse
import warnings

from .arguments import add_command

__all__ = ['add_teachers']


def add_teachers(commands) -> None:
    text = "list the models of MMPose's zoo that can be teachers by name"
    add = add_command(
        commands,
        'teachers',
        run_teachers,
        text,
        ', in model.teacher of a config. Their weights are downloaded when '
        'training starts.',
    ).add_argument
    add(
        'word',
        metavar='WORD',
        nargs='?',
        default='',
        help='part of a name, for example vitpose; without any, all are '
        'listed',
    )


def run_teachers(args: argparse.Namespace) -> None:
    """Print the table.

    Raises:
        ValueError: No name has the word.
    """
    from distilpose.teachers.listing import list_teachers, table

    # Packages warn of each other, on top of the bar.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        teachers = list_teachers(args.word)
    if not teachers:
        from distilpose_runtime.errors import UserValueError

        raise UserValueError(
            f'no config of MMPose or distilpose has "{args.word}" in its '
            'name. Without a word, all are listed.'
        )
    print(table(teachers))  # noqa: T201
