"""Models side by side in one run: latency, throughput, memory, size.

    python tools/benchmark.py [CONFIG ...] [--batch 1 16] [--deploy] ...
    python tools/benchmark.py --against-plain   DistilPose-S and the plain way
    python tools/benchmark.py --train           a distillation step, its shares
    python tools/benchmark.py --loss            the simulated-heatmap loss
    python tools/benchmark.py --evaluate COCO   testing, from JPEG to AP

CONFIG is a file or a name, ours or MMPose's; without any, those a user would
choose from. Models take turns within one run, and what counts is the median;
spread is the middle half. A prediction is from normalized images to keypoints,
decoding included.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import copy
import csv
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple

import numpy as np
import torch
import yaml
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import DATASETS, METRICS
from mmpose.structures import PoseDataSample
from mmpose.testing import get_packed_inputs
from plain_baseline import (
    make_plain,
    plain_losses,
    simulate_heatmaps_in_full,
)
from tabulate import tabulate
from tqdm import tqdm

from distilpose.complexity import measure_complexity
from distilpose.deploy.fuse import PointwiseLinear, deploy
from distilpose.distillation.losses import SimulatedHeatmapLoss
from distilpose.zoo import build_without_weights, find_config, input_size

S = 'distilpose-s_8xb32-300e_coco-256x192'
STEM = 'tokenpose-stem_8xb64-300e_coco-256x192'
ZOO = [
    S,
    'distilpose-l_8xb32-300e_coco-256x192',
    'tokenpose-l_8xb64-300e_coco-256x192',
    'rtmpose-t_8xb256-420e_coco-256x192',
    'rtmpose-s_8xb256-420e_coco-256x192',
    'rtmpose-m_8xb256-420e_coco-256x192',
    'td-reg_res50_8xb64-210e_coco-256x192',
    'td-reg_res50_rle-8xb64-210e_coco-256x192',
    'simcc_res50_8xb64-210e_coco-256x192',
    'td-hm_res50_8xb64-210e_coco-256x192',
    'td-hm_hrnet-w32_8xb64-210e_coco-256x192',
    'td-hm_hrnet-w48_8xb32-210e_coco-256x192',
    'td-hm_ViTPose-small_8xb64-210e_coco-256x192',
]


class Timing(NamedTuple):
    """Milliseconds of repeated calls."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, milliseconds: List[float]) -> 'Timing':
        low, median, high = statistics.quantiles(milliseconds, n=4)
        return cls(median, low, high)

    def __str__(self) -> str:
        return f'{self.median:.1f} ({self.low:.1f} to {self.high:.1f})'


def take_turns(
    calls: Dict[str, Callable[[], object]], repeats: int, device: str
) -> Dict[str, Timing]:
    """Time calls in turn, again and again, so that all meet the same noise."""
    found = {name: [] for name in calls}
    for i in tqdm(range(repeats + 2), desc='rounds', leave=False):
        for name, call in calls.items():
            synchronize(device)
            started = time.perf_counter()
            call()
            synchronize(device)
            if i >= 2:  # the first rounds warm up
                found[name].append(1e3 * (time.perf_counter() - started))
    return {name: Timing.of(values) for name, values in found.items()}


def synchronize(device: str) -> None:
    if device != 'cpu':
        torch.cuda.synchronize()


def prediction(
    model: TopdownPoseEstimator, size: tuple, batch: int, args
) -> Callable[[], list]:
    """A call that predicts one batch."""
    samples = [data_sample(size) for _ in range(batch)]
    torch.manual_seed(0)
    inputs = torch.randn(batch, 3, *size[::-1]).to(args.device)
    model.test_cfg = {**(model.test_cfg or {}), 'flip_test': args.flip_test}
    dtype = getattr(torch, args.precision)

    def predict() -> list:
        with torch.inference_mode(), torch.autocast(
            args.device, dtype, enabled=dtype != torch.float32
        ):
            return model.predict(inputs, samples)

    return predict


def data_sample(size: tuple) -> PoseDataSample:
    """A person whose box is the whole image, of 17 keypoints."""
    pairs = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    sample = PoseDataSample(
        metainfo=dict(
            flip_indices=pairs,
            input_size=size,
            input_center=np.array(size) / 2,
            input_scale=np.array(size, dtype=float),
        )
    )
    sample.gt_instances = InstanceData(
        bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)
    )
    return sample


def prepare(model: TopdownPoseEstimator, args) -> TopdownPoseEstimator:
    """Move a model to its device and apply the options."""
    model = model.to(args.device).eval()
    if args.deploy:
        deploy(model)
    if args.compile:
        for part in ('backbone', 'neck', 'head'):
            if getattr(model, part, None) is not None:
                module = getattr(model, part)
                module.forward = torch.compile(
                    module.forward, mode=args.compile
                )
    return model


def published_ap(name: str) -> tuple:
    """The COCO AP that a metafile states, and whose figure it is."""
    path = find_config(name, with_mmpose=True)
    for metafile in path.parent.glob('*.yml'):
        index = yaml.safe_load(metafile.read_text()) or {}
        for entry in index.get('Models', ()):
            if entry['Name'] != path.stem:
                continue
            metrics = (entry.get('Results') or [{}])[0].get('Metrics', {})
            for key, source in (
                ('AP', 'MMPose model zoo'),
                ('AP of the paper', 'DistilPose paper'),
            ):
                if key in metrics:
                    return 100 * metrics[key], source
    return None, ''


def peak_memory(call: Callable[[], object], device: str) -> str:
    """Megabytes at the highest, above what stood before the call."""
    if device != 'cpu':
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        return f'{(torch.cuda.max_memory_allocated() - before) / 2**20:.0f}'
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        call()
    now = highest = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == '[memory]':
            now += event.nbytes()
            highest = max(highest, now)
    return f'{highest / 2**20:.0f}'


def compare_models(args) -> None:
    """The table of models, CSV and plot."""
    models, faults = {}, []
    for name in args.configs or ZOO:
        try:
            config = Config.fromfile(find_config(name, with_mmpose=True))
            models[name] = (
                prepare(build_without_weights(config), args),
                input_size(config),
                measure_complexity(config),
            )
            prediction(models[name][0], models[name][1], 1, args)()
        except Exception as error:  # of one model: the others still count
            models.pop(name, None)
            reason = str(error).splitlines()[0][:200] if str(error) else ''
            faults.append(f'- {name}: {type(error).__name__}: {reason}')
    if not models:
        sys.exit('No model could be built:\n' + '\n'.join(faults))
    calls = {
        (name, batch): prediction(model, size, batch, args)
        for name, (model, size, _) in models.items()
        for batch in args.batch
    }
    timings = take_turns(calls, args.repeats, args.device)
    first = next(iter(models))
    headers = [
        'model',
        'parameters, M',
        'GMACs',
        'published COCO AP',
        'source',
    ]
    for batch in args.batch:
        unit = 'ms' if batch == 1 else 'images/s'
        headers += [f'batch {batch}: {unit}', f'latency by {first[:12]}']
    headers.append(f'memory, MB, batch {args.batch[-1]}')
    rows = []
    for name, (_, _, size) in models.items():
        ap, source = published_ap(name)
        row = [
            name,
            f'{size.parameters / 1e6:.2f}',
            f'{(size.layer_macs + size.attention_macs) / 1e9:.2f}',
            '' if ap is None else f'{ap:.1f}',
            source,
        ]
        for batch in args.batch:
            found = timings[name, batch]
            row.append(
                str(found)
                if batch == 1
                else f'{1e3 * batch / found.median:.1f}'
            )
            ratio = found.median / timings[first, batch].median
            row.append(f'{ratio:.2f}')
        row.append(peak_memory(calls[name, args.batch[-1]], args.device))
        rows.append(row)
    write(args, 'models', headers, rows, faults)
    if args.out:
        plot(args.out / 'models.png', rows, timings, args.batch[0])


def plot(file: Path, rows: list, timings: dict, batch: int) -> None:
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 5), layout='constrained')
    for name, _, _, ap, source, *_ in rows:
        if not ap:
            continue
        x, y = timings[name, batch].median, float(ap)
        own = source.startswith('DistilPose')
        axis.plot(x, y, 'o', color='C0' if own else 'C7')
        axis.annotate(
            name.split('_8xb')[0].split('-8xb')[0],
            (x, y),
            textcoords='offset points',
            xytext=(5, 4),
            fontsize=7,
        )
    axis.set(
        xscale='log',
        xlabel=f'latency at batch {batch}, ms',
        ylabel='published AP on COCO val (blue: the DistilPose paper)',
    )
    axis.margins(x=0.12)
    axis.grid(alpha=0.3, which='both')
    figure.savefig(file, dpi=120)


def compare_with_plain(args) -> None:
    """DistilPose-S as it is deployed, and the plain way."""
    config = Config.fromfile(find_config(S))
    torch.manual_seed(0)
    own = build_without_weights(config)
    plain = make_plain(copy.deepcopy(own)).to(args.device)
    own = own.to(args.device)
    own.switch_to_deploy()
    rows = []
    for args.flip_test in (False, True):
        for batch in args.batch:
            calls = {
                name: prediction(model, (192, 256), batch, args)
                for name, model in (('plain', plain), ('ours', own))
            }
            expect_equal(calls['plain'](), calls['ours']())
            found = take_turns(calls, args.repeats, args.device)
            rows.append(
                [
                    batch,
                    'yes' if args.flip_test else 'no',
                    *(str(found[name]) for name in ('plain', 'ours')),
                    f'{found["plain"].median / found["ours"].median:.2f}',
                    f'{found["ours"].median / batch:.1f}',
                ]
            )
    headers = ['batch', 'flip test', 'plain, ms', 'ours, ms', 'ratio']
    write(args, 'against_plain', [*headers, 'ours, ms an image'], rows, [])
    gflops = matrix_rate(args)
    print(  # noqa: T201
        '\nMatrix products here, GFLOP/s: '
        + ', '.join(f'{rate:.0f} by {name}' for name, rate in gflops.items())
        + '. An image of DistilPose-S, 5.41 GFLOP, takes '
        f'{5410 / max(gflops.values()):.1f} ms at the higher rate.'
    )


def matrix_rate(args) -> Dict[str, float]:
    """Billions of operations a second in a large product, two ways."""
    n = 2048
    a, b = torch.randn(2, n, n, device=args.device)
    layer = PointwiseLinear(n, n, bias=False).to(args.device)
    with torch.inference_mode():
        found = take_turns(
            {'matmul': lambda: a @ b, '1x1 convolution': lambda: layer(a)},
            args.repeats,
            args.device,
        )
    return {k: 2 * n**3 / v.median / 1e6 for k, v in found.items()}


def expect_equal(expected: list, found: list) -> None:
    for a, b in zip(expected, found):
        for key in ('keypoints', 'keypoint_scores'):
            np.testing.assert_allclose(
                a.pred_instances[key],
                b.pred_instances[key],
                rtol=1e-4,
                atol=1e-4,
            )


def compare_training(args) -> None:
    """A distillation step, ours and the plain way, and the shares of ours."""
    teacher = Config.fromfile(find_config(args.teacher))
    torch.manual_seed(0)
    plain_teacher = make_plain(build_without_weights(teacher)).to(args.device)
    config = Config.fromfile(find_config(S))
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/teacher.pth'
        torch.save(plain_teacher.state_dict(), file)
        config.model.teacher = dict(config=teacher, checkpoint=file)
        own = build_without_weights(config).to(args.device).train()
        own.teacher.model.to(args.device)
    plain = make_plain(copy.deepcopy(own)).train()
    rows, shares = [], []
    for batch in args.batch:
        data = get_packed_inputs(
            batch, input_size=(192, 256), with_simcc_label=False
        )
        samples = [sample.to(args.device) for sample in data['data_samples']]
        torch.manual_seed(0)
        inputs = torch.randn(batch, 3, 256, 192).to(args.device)

        def total(losses: dict) -> torch.Tensor:
            return sum(v for k, v in losses.items() if k.startswith('loss'))

        def ours_losses(inputs=inputs, samples=samples) -> dict:
            return own.loss(inputs, samples)

        def plains_losses(inputs=inputs, samples=samples) -> dict:
            return plain_losses(plain, plain_teacher, inputs, samples)

        expected, found = plains_losses(), ours_losses()
        for name, value in expected.items():
            torch.testing.assert_close(
                found[name], value, rtol=1e-3, atol=1e-6
            )

        def student(inputs=inputs) -> object:
            return own.head(own.extract_feat(inputs))

        found = take_turns(
            {
                'plain': lambda: total(plains_losses()).backward(),
                'ours': lambda: total(ours_losses()).backward(),
                'forward': ours_losses,
                'student': student,
                'teacher': lambda inputs=inputs: own.teacher(inputs),
            },
            args.repeats,
            args.device,
        )
        whole = found['ours'].median
        rows.append(
            [
                batch,
                str(found['plain']),
                str(found['ours']),
                f'{found["plain"].median / whole:.2f}',
                f'{1e3 * batch / whole:.1f}',
            ]
        )
        parts = dict(
            student=found['student'].median,
            teacher=found['teacher'].median,
            backward=whole - found['forward'].median,
        )
        parts['losses and accuracy'] = whole - sum(parts.values())
        shares.append(
            f'- batch {batch}: '
            + ', '.join(
                f'{k} {100 * v / whole:.0f} %' for k, v in parts.items()
            )
        )
    headers = ['batch', 'plain, ms', 'ours, ms', 'ratio', 'images/s']
    write(args, 'training', headers, rows, shares)


def compare_loss(args) -> None:
    """The simulated-heatmap loss, drawn in full and in closed form."""
    torch.manual_seed(0)
    rows = []
    for batch in args.batch:
        coords = torch.rand(batch, 17, 2, device=args.device)
        sigmas = torch.rand(batch, 17, 2, device=args.device) + 1
        heatmaps = torch.rand(batch, 17, 64, 48, device=args.device)
        weights = torch.ones(batch, 17, device=args.device)
        coords.requires_grad_(), sigmas.requires_grad_()

        def drawn(
            coords=coords, sigmas=sigmas, heatmaps=heatmaps, weights=weights
        ) -> torch.Tensor:
            shown = weights[..., None, None]
            own = simulate_heatmaps_in_full(coords, sigmas, (48, 64))
            return ((own - heatmaps) * shown).square().mean()

        def closed(
            coords=coords, sigmas=sigmas, heatmaps=heatmaps, weights=weights
        ) -> torch.Tensor:
            return SimulatedHeatmapLoss()(coords, sigmas, heatmaps, weights)

        torch.testing.assert_close(closed(), drawn())
        calls = dict(
            plain=lambda: drawn().backward(), ours=lambda: closed().backward()
        )
        found = take_turns(calls, args.repeats, args.device)
        memory = [peak_memory(call, args.device) for call in calls.values()]
        rows.append(
            [
                batch,
                *(str(found[name]) for name in calls),
                f'{found["plain"].median / found["ours"].median:.1f}',
                *memory,
            ]
        )
    headers = ['batch', 'plain, ms', 'ours, ms', 'ratio']
    headers += ['plain, MB', 'ours, MB']
    write(args, 'loss', headers, rows, [])


def evaluate(args) -> None:
    """Testing on many boxes, stage by stage.

    The boxes are those of the annotated people in a folder in COCO's layout,
    moved about and repeated; what 100,000 would take is reckoned from them.
    """
    config = Config.fromfile(find_config((args.configs or [S])[0]))
    dataset = config.val_dataloader.dataset
    dataset.data_root, dataset.bbox_file = str(args.evaluate), None
    annotations = args.evaluate / dataset.ann_file
    dataset = DATASETS.build(dataset)
    metric = METRICS.build(
        {**config.val_evaluator, 'ann_file': str(annotations)}
    )
    metric.dataset_meta = dataset.metainfo
    model = prepare(build_without_weights(config), args)
    if not args.deploy:
        deploy(model)  # as DeployHook does for `mim test`
    rng = np.random.default_rng(0)
    seconds = dict.fromkeys(
        [t.__class__.__name__ for t in dataset.pipeline.transforms], 0.0
    )
    seconds.update(model=0.0, metric=0.0)
    (batch,) = args.batch
    for start in tqdm(range(0, args.boxes, batch), desc='batches'):
        packed = []
        for i in range(start, start + batch):
            data = dataset.get_data_info(i % len(dataset))
            data['id'] = i
            data['bbox'] = data['bbox'] + rng.normal(0, 2, (1, 4))
            for transform in dataset.pipeline.transforms:
                began = time.perf_counter()
                data = transform(data)
                name = transform.__class__.__name__
                seconds[name] += time.perf_counter() - began
            packed.append(data)
        began = time.perf_counter()
        with torch.inference_mode():
            found = model.test_step(pseudo_collate(packed))
        synchronize(args.device)
        seconds['model'] += time.perf_counter() - began
        began = time.perf_counter()
        metric.process(packed, [sample.to_dict() for sample in found])
        seconds['metric'] += time.perf_counter() - began
    boxes = len(range(0, args.boxes, batch)) * batch
    began = time.perf_counter()
    metric.evaluate(boxes)
    seconds['metric'] += time.perf_counter() - began
    total = sum(seconds.values())
    rows = [
        [name, f'{1e3 * s / boxes:.2f}', f'{100 * s / total:.0f}']
        for name, s in seconds.items()
    ]
    rows.append(['all, one after the other', f'{1e3 * total / boxes:.2f}', ''])
    note = (
        f'{boxes / total:.1f} images/s over {boxes} boxes, without data '
        f'workers: {1e5 * total / boxes / 60:.0f} minutes for 100,000.'
    )
    headers = ['stage', 'ms an image', 'share, %']
    write(args, 'evaluation', headers, rows, [note])


def write(
    args, name: str, headers: List[str], rows: List[list], notes: List[str]
) -> None:
    """Print a table; with --out, keep it, and as CSV."""
    device = torch.cuda.get_device_name() if args.device != 'cpu' else 'CPU'
    about = (
        f'{device}, {torch.get_num_threads()} threads, {args.precision}, '
        f'{args.repeats} rounds; PyTorch {torch.__version__}, '
        f'{platform.machine()}'
    )
    table = tabulate(rows, headers, tablefmt='github', disable_numparse=True)
    text = '\n\n'.join([table, *(['\n'.join(notes)] if notes else []), about])
    print(text)  # noqa: T201
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / f'{name}.md').write_text(text + '\n')
        with open(args.out / f'{name}.csv', 'w', newline='') as file:
            csv.writer(file).writerows([headers, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', nargs='*', metavar='CONFIG')
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument('--against-plain', action='store_true')
    kind.add_argument('--train', action='store_true')
    kind.add_argument('--loss', action='store_true')
    kind.add_argument('--evaluate', type=Path, metavar='COCO')
    parser.add_argument('--boxes', type=int, default=2000)
    parser.add_argument('--batch', type=int, nargs='+')
    parser.add_argument('--repeats', type=int, default=20)
    parser.add_argument('--threads', type=int)
    default = 'cuda' if torch.cuda.is_available() else 'cpu'
    parser.add_argument('--device', default=default)
    parser.add_argument(
        '--precision',
        default='float32',
        choices=['float32', 'bfloat16', 'float16'],
    )
    parser.add_argument(
        '--deploy',
        action='store_true',
        help='fuse convolutions with norms, channels last: every model',
    )
    parser.add_argument(
        '--compile',
        nargs='?',
        const='default',
        help='torch.compile; "reduce-overhead" for CUDA graphs',
    )
    parser.add_argument('--flip-test', action='store_true')
    parser.add_argument(
        '--teacher', default=STEM, help='config of the teacher for --train'
    )
    parser.add_argument('--out', type=Path, help='folder for files')
    args = parser.parse_args()
    if args.repeats < 2:
        parser.error('--repeats must be 2 or more: a median of one is none')
    if args.precision != 'float32' and (
        args.train or args.loss or args.evaluate
    ):
        parser.error('--precision is for predictions')
    if args.batch and min(args.batch) < 1:
        parser.error('--batch must be 1 or more')
    if args.evaluate and not (args.evaluate / 'annotations').is_dir():
        parser.error(f'--evaluate: {args.evaluate} has no annotations/')
    if args.evaluate and args.batch and len(args.batch) > 1:
        parser.error('--evaluate takes one batch size')
    if args.device != 'cpu':
        torch.cuda.set_device(args.device)
    init_default_scope('mmpose')
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.train:
        args.batch = args.batch or [8]
        compare_training(args)
    elif args.loss:
        args.batch = args.batch or [64]
        compare_loss(args)
    elif args.evaluate:
        args.batch = args.batch or [32]
        args.flip_test = True
        evaluate(args)
    else:
        args.batch = args.batch or [1, 16]
        compare = compare_with_plain if args.against_plain else compare_models
        compare(args)


if __name__ == '__main__':
    main()
