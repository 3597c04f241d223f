"""The demo: a student without a teacher, a teacher, a distilled student."""

from pathlib import Path
from typing import Any

from mmengine.config import Config
from tqdm import tqdm

from distilpose.zoo.find import find_config

from .dataset import make_dataset
from .exported import write_predictions
from .report import write_report
from .training import Training, output_in_log

__all__ = ['MODELS', 'run']

# In the order of training: the teacher starts from the undistilled student's
# encoder, the distilled student from nothing, as the undistilled one.
MODELS = dict(
    undistilled='distilpose-tiny_no-distill_1xb32-15e_demo-96x64',
    teacher='tokenpose-tiny_1xb32-15e_demo-96x64',
    distilled='distilpose-tiny_1xb32-15e_demo-96x64',
)


def run(folder: Path, seed: int = 0) -> None:
    """Make the data, train and validate the models, report and export.

    If it was interrupted, the next call continues from the last checkpoint.

    Args:
        folder: Where everything is written.
        seed: Seed of the data and of the training runs, 0 or more.

    Raises:
        ValueError: The folder holds data of another seed, or the seed is
            negative.
        RuntimeError: A training failed, or the folder holds another one.
        OSError: The folder cannot be written.
    """
    folder = folder.absolute()
    tqdm.write(f'== Data: synthetic people in {folder / "data"}')
    data = make_dataset(folder / 'data', seed=seed)
    trainings: dict[str, Training] = {}
    for name in MODELS:
        config = Config.fromfile(find_config(MODELS[name]))
        config.merge_from_dict(_changes(name, trainings, data, seed))
        one = trainings[name] = Training(name, config, folder / name)
        tqdm.write(f'== {name}: {one.epochs} epochs in {one.folder}')
        one.run()
    tqdm.write('== Report')
    with output_in_log(folder, 'The report'):
        report = write_report(folder, trainings)
    tqdm.write(report)
    with output_in_log(folder, 'The export'):
        exported = write_predictions(folder, data, trainings['distilled'])
    tqdm.write(exported)


def _changes(
    name: str, before: dict[str, Training], data: Path, seed: int
) -> dict[str, Any]:
    """Settings that a model's config lacks: seed, data, starting weights."""
    annotations = data / 'annotations/person_keypoints_val2017.json'
    changes: dict[str, Any] = {'randomness.seed': seed}
    for split in ('train', 'val', 'test'):
        changes[f'{split}_dataloader.dataset.data_root'] = str(data)
    for split in ('val', 'test'):
        changes[f'{split}_evaluator.ann_file'] = str(annotations)
    if name == 'teacher':
        for part in ('backbone', 'neck'):
            changes[f'model.{part}.init_cfg.checkpoint'] = str(
                before['undistilled'].checkpoint
            )
    elif name == 'distilled':
        checkpoint = before['teacher'].checkpoint
        changes['model.teacher.checkpoint'] = str(checkpoint)
    return changes
