"""What small inputs save: students in ONNX Runtime, by their input size.

    python benchmarks/input_sizes.py [--repeats N] [--threads N]

Random weights, which cost as much as trained ones. All are timed in turn.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.config import Config

from distilpose.deploy import deploy
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import read_config

# The benchmarks of models lie where MIM finds them.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tools'))
from complexity import measure_complexity
from onnx_network import run_in_onnx_runtime
from timing import interleave, measuring_parser, prediction, set_up, write

LEEDS = Path(__file__).resolve().parent / 'leeds'
# Patches of DistilPose-S are 12 pixels wide, RTMPose's cells 32.
STUDENTS = {
    'rtmpose-t_8xb256-420e_coco-256x192': 64,
    str(LEEDS / 'student_rtmcc.py'): 64,
    str(LEEDS / 'student_td-hm.py'): 64,
    'distilpose-s_no-distill_8xb32-300e_coco-256x192': 72,
}
SIZES = ((None, 96), (96, 128), (144, 192), (192, 256))  # (W, H)


def resized(config: Config, size: tuple[int, int]) -> Config:
    """A config of a student for another input size (W, H)."""
    config = copy.deepcopy(config)
    head = config.model.head
    old = head.decoder.input_size
    factor = [new / before for new, before in zip(size, old)]
    head.decoder.input_size = size
    if 'heatmap_size' in head.decoder:
        head.decoder.heatmap_size = tuple(side // 4 for side in size)
    if 'in_featuremap_size' in head:  # of rows
        head.input_size = size
        stride = old[0] // head.in_featuremap_size[0]
        # Rounded up, as convolutions with a stride round.
        head.in_featuremap_size = tuple(-(-side // stride) for side in size)
        sigma = zip(head.decoder.sigma, factor)
        head.decoder.sigma = tuple(s * f**0.5 for s, f in sigma)
    return config


def main() -> None:
    parser = measuring_parser(__doc__, [1, 8])
    args = parser.parse_args()
    set_up(parser, args)
    calls: dict[str, Callable] = {}
    about = {}
    with TemporaryDirectory() as folder:
        for name, narrow in STUDENTS.items():
            whole = read_config(name, with_mmpose=True)
            for width, height in SIZES:
                size = width or narrow, height
                config = resized(whole, size)
                model = deploy(build_without_weights(config), for_export=True)
                file = Path(folder) / f'{len(calls)}.onnx'
                run_in_onnx_runtime(model, size, file, args.threads)
                row = f'{Path(name).stem.split("_8xb")[0]} {height}x{size[0]}'
                found = measure_complexity(config)
                macs = found.layer_macs + found.attention_macs
                about[row] = f'{macs / 1e9:.3f}'
                for batch in args.batch:
                    calls[f'{row} {batch}'] = prediction(
                        model, size, 'cpu', batch
                    )
        times = interleave(calls, args.repeats, 'cpu')
    rows = []
    for row, macs in about.items():
        cells = {f'ms, {n}': str(times[f'{row} {n}']) for n in args.batch}
        rows.append(dict(model=row, GMACs=macs, **cells))
    write(args, 'input_sizes', rows)


if __name__ == '__main__':
    main()
