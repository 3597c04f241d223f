"""The command ``distilpose store-teacher``."""

import argparse

from .arguments import FOLDER, SETTINGS, add_command, positive
from .errors import read_settings
from .launcher import OTHER_PARTS, add_parts, gpu_of, part_of

__all__ = ['add_store_teacher']


def add_store_teacher(commands) -> None:
    text = (
        "store a teacher's outputs for the training data of a config, once; "
        'then train with model.teacher.stored=FOLDER'
    )
    parser = add_command(
        commands,
        'store-teacher',
        run,
        text,
        after_interrupt='The same command goes on where it was.',
    )
    add = parser.add_argument
    add('config', metavar='CONFIG', help='of a student with a teacher')
    add('folder', **FOLDER, help='where to write')
    add(
        '--batch-size',
        type=positive,
        default=32,
        help='people to ask about at a time (default: %(default)s)',
    )
    add(
        '--cfg-options',
        **SETTINGS,
        help='settings to change, as for train',
    )
    add_parts(parser)


def run(args: argparse.Namespace) -> None:
    """Store the outputs, and say how to train with them."""
    from distilpose.teachers.stored.write import store_teacher
    from distilpose.zoo.find import read_config

    part, gpu = part_of(args), gpu_of(args)
    config = read_config(args.config)
    config.merge_from_dict(read_settings(args.cfg_options))
    if gpu is not None:
        import torch

        torch.cuda.set_device(gpu)
    stored = store_teacher(config, args.folder, args.batch_size, part=part)
    if stored is None:
        text = OTHER_PARTS.format(args.folder)
    else:
        text = (
            f'{stored.count} people are stored in {args.folder}. To train '
            f'with them: --cfg-options model.teacher.stored={args.folder}'
        )
    print(text)  # noqa: T201
