"""rtmlib's RTMPose and our runtime: the same weights, image and boxes.

Both run ONNX Runtime with its default threads. rtmlib decodes the rows of a
graph as MMDeploy writes it, person by person; ours decodes them in the graph,
all people in one run. All are timed in turn; what counts is the median.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import onnx
import torch
from rtmlib import RTMPose
from torch import Tensor, nn

from distilpose.deploy import deploy
from distilpose.deploy.export import export_onnx, load_student
from distilpose.deploy.tracing import trace_onnx
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import read_config
from distilpose_runtime import PoseEstimator

# The benchmark of models lies where MIM finds it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tools'))
from timing import interleave, measuring_parser, set_up, write

MODELS = ('rtmpose-t', 'rtmpose-s')
SIZE = (192, 256)  # (W, H)


class Rows(nn.Module):
    """The graph that MMDeploy writes: images to rows, not decoded."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = deploy(model, for_export=True)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.head(self.model.extract_feat(images))


def runners(name: str, folder: Path) -> dict:
    """rtmlib and ours with the same random weights."""
    config = read_config(f'{name}_8xb256-420e_coco-256x192', with_mmpose=True)
    torch.manual_seed(0)
    model = build_without_weights(config)
    checkpoint = str(folder / 'random.pth')
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    files = folder / 'rows.onnx', folder / 'ours.onnx'
    example = torch.zeros(2, 3, *SIZE[::-1])
    rows = Rows(load_student(config, checkpoint)).eval()
    onnx.save(trace_onnx(rows, example, ['simcc_x', 'simcc_y']), files[0])
    export_onnx(config, checkpoint, files[1])
    return {
        'rtmlib': RTMPose(str(files[0]), SIZE),
        'ours': PoseEstimator(files[1]),
    }


def standing(name: str, folder: Path) -> str:
    """A file of a model of the zoo with random weights; who stands still.

    Random keypoints would lead the boxes away. So they count for nothing
    beside those of a standing person, which are added at the end.
    """
    runners(name, folder)
    model = onnx.load(folder / 'ours.onnx')
    places = np.random.default_rng(0).uniform(0.15, 0.85, (1, 17, 2))
    places *= PoseEstimator(folder / 'ours.onnx').info.input_size
    for output, value in (('coords', places), ('scores', np.array([0.9]))):
        for node in model.graph.node:
            names = [x if x != output else 'own' + x for x in node.output]
            node.output[:] = names
        for x, number in (('less', 1e-6), ('sum', value)):
            array = np.asarray(number, np.float32)
            model.graph.initializer.append(
                onnx.numpy_helper.from_array(array, output + x)
            )
        model.graph.node.extend(
            onnx.helper.make_node(*x)
            for x in (
                ('Mul', ['own' + output, output + 'less'], [output + 'small']),
                ('Add', [output + 'small', output + 'sum'], [output]),
            )
        )
    onnx.save(model, folder / f'{name}.onnx')
    return str(folder / f'{name}.onnx')


def measure(name: str, people: int, run: dict, args) -> dict[str, object]:
    """A row of the table, after it was seen that all give the same."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (27, 48, 3), dtype=np.uint8)
    image = cv2.resize(small, (1280, 720))
    corners = rng.uniform(0, (900, 300), (people, 2))
    sides = rng.uniform((60, 150), (300, 400), (people, 2))
    boxes = np.hstack([corners, corners + sides]).astype(np.float32)
    # rtmlib leaves the channels as they are, and MMPose's models take RGB.
    images = dict.fromkeys(run, image)
    images['rtmlib'] = np.ascontiguousarray(image[..., ::-1])
    calls = {
        kind: partial(model, images[kind], boxes)
        for kind, model in run.items()
    }
    expected = calls['rtmlib']()[0]
    apart = np.abs(calls['ours']().keypoints - expected)
    assert np.median(apart) < 0.01 and apart.max() < 2, apart  # a bin, if tied
    took = interleave(calls, args.repeats, 'cpu')
    row: dict[str, object] = {'model': name, 'people': people}
    for kind in calls:
        row[f'{kind}, ms'] = str(took[kind])
    row['ratio'] = f'{took["rtmlib"].median / took["ours"].median:.2f}'
    return row


def main(argv: list[str] | None = None) -> None:
    """Measure; ``argv`` defaults to the command line's arguments."""
    parser = measuring_parser(__doc__, [1, 4, 8])  # people
    args = parser.parse_args(argv)
    set_up(parser, args)
    rows = []
    for name in MODELS:
        with TemporaryDirectory() as folder:
            run = runners(name, Path(folder))
            for people in args.batch:
                rows.append(measure(name, people, run, args))
    write(args, 'rtmlib_speed', rows)


if __name__ == '__main__':
    main()
