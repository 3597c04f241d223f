"""Runs of ``distilpose init``, and what they wrote."""

import json

from distilpose_own_data import init

from .dialects import Files

SPLITS = ('train', 'val')


def start(files: Files, folder, **options):
    options = {'student': 'tiny', 'val': files.val, **options}
    return init(folder, files.train, files.images, **options)


def load(folder, name='train'):
    return json.loads((folder / f'annotations/{name}.json').read_text())


def names_of_images(folder, name='train'):
    return [image['file_name'] for image in load(folder, name)['images']]
