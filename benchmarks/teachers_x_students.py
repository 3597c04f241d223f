"""Train every kind of student from every kind of teacher, and compare them.

    python benchmarks/teachers_x_students.py FOLDER [--seed N]

The data are the demo's synthetic people. Each student is trained without a
teacher first. The teachers start from the backbone of the first student, and
then each teacher trains each student. Called again, the command goes on where
it was interrupted. FOLDER gets results.md.
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import Config
from tabulate import tabulate
from tqdm import tqdm

from distilpose.zoo.find import find_config
from distilpose_demo.dataset import make_dataset
from distilpose_demo.run import MODELS
from distilpose_demo.training import Training

KINDS = Path(__file__).resolve().parent / 'demo'
TEACHERS = {
    'TokenPose': find_config(MODELS['teacher']),
    'HeatmapHead': KINDS / 'teacher_heatmap.py',
    'UDP': KINDS / 'teacher_udp.py',
    'RTMCCHead': KINDS / 'teacher_rtmcc.py',
}
STUDENTS = {
    'DistilPoseHead': find_config(MODELS['distilled']),
    'PooledDistilPoseHead': KINDS / 'student_pooled.py',
    'RLEHead': KINDS / 'student_rle.py',
}


class Experiment:
    """The trainings of one seed; they train in the order they are made.

    Args:
        folder: Where everything is written.
        seed: Seed of the data and of the trainings, 0 or more.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder.absolute()
        self.seed = seed
        self.data = make_dataset(self.folder / 'data', seed=seed)
        alone = {name: self._alone(name) for name in STUDENTS}
        self.start = alone['DistilPoseHead'].checkpoint
        self.teachers = {name: self._teacher(name) for name in TEACHERS}
        self.students = {
            name: {
                'none': alone[name],
                **{t: self._distilled(name, t) for t in TEACHERS},
            }
            for name in STUDENTS
        }
        self.trainings = [
            *alone.values(),
            *self.teachers.values(),
            *(self.students[s][t] for t in TEACHERS for s in STUDENTS),
        ]

    def _alone(self, student: str) -> Training:
        """The student as a plain model of MMPose's, trained by its labels."""
        config = Config.fromfile(STUDENTS[student])
        del config.model['teacher'], config.model['distillation']
        changes = {'model.type': 'TopdownPoseEstimator'}
        if student != 'RLEHead':
            # Nothing trains these without a teacher.
            changes.update(
                {'model.head.sigmas': False, 'model.head.scores': False}
            )
        return self._training(f'{student}-alone', config, changes)

    def _teacher(self, teacher: str) -> Training:
        config = Config.fromfile(TEACHERS[teacher])
        parts = ['backbone', 'neck'] if config.model.neck else ['backbone']
        changes = {
            f'model.{part}.init_cfg.checkpoint': str(self.start)
            for part in parts
        }
        return self._training(teacher, config, changes)

    def _distilled(self, student: str, teacher: str) -> Training:
        changes = {
            'model.teacher.config': str(TEACHERS[teacher]),
            'model.teacher.checkpoint': str(self.teachers[teacher].checkpoint),
        }
        if teacher != 'TokenPose':  # it has no tokens to compare
            changes['model.distillation.visual_tokens'] = None
            changes['model.distillation.keypoint_tokens'] = None
        config = Config.fromfile(STUDENTS[student])
        return self._training(f'{student}-{teacher}', config, changes)

    def _training(self, name: str, config: Config, changes: dict) -> Training:
        annotations = self.data / 'annotations/person_keypoints_val2017.json'
        common = {'randomness.seed': self.seed}
        for split in ('train', 'val', 'test'):
            common[f'{split}_dataloader.dataset.data_root'] = str(self.data)
        for split in ('val', 'test'):
            common[f'{split}_evaluator.ann_file'] = str(annotations)
        config.merge_from_dict({**common, **changes})
        return Training(name, config, self.folder / name)

    def run(self) -> str:
        """Train what is not trained yet.

        Returns:
            The table, which ``results.md`` holds as well.

        Raises:
            RuntimeError: A training failed, or FOLDER holds another one.
        """
        for number, training in enumerate(self.trainings, 1):
            tqdm.write(
                f'== {training.name} ({number} of {len(self.trainings)})'
            )
            tqdm.write(f'   AP {_ap(training):.3f}')
        table = [['none', '', *self._row('none')]]
        for name, teacher in self.teachers.items():
            table.append([name, f'{_ap(teacher):.3f}', *self._row(name)])
        headers = ['teacher', 'by itself', *(f'`{name}`' for name in STUDENTS)]
        report = tabulate(
            table, headers, tablefmt='github', disable_numparse=True
        )
        (self.folder / 'results.md').write_text(report + '\n')
        return report

    def _row(self, teacher: str) -> list[str]:
        """AP of all students of a teacher, and what they gained."""
        cells = []
        for of_teacher in self.students.values():
            ap = _ap(of_teacher[teacher])
            gain = ap - _ap(of_teacher['none'])
            cells.append(f'{ap:.3f}')
            if teacher != 'none':
                cells[-1] += f' ({gain:+.3f})'
        return cells


def _ap(training: Training) -> float:
    """Train unless that is done; give the AP after the last epoch."""
    return training.run()['coco/AP']


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, metavar='FOLDER')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    try:
        report = Experiment(args.folder, args.seed).run()
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f'teachers_x_students: {error}')
    print(report)  # noqa: T201


if __name__ == '__main__':
    main()
