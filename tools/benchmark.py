"""Models side by side in one run: latency, throughput, memory, size.

    python tools/benchmark.py [CONFIG ...] [--batch 1 16] [--deploy] ...

CONFIG is a file or a name, ours or MMPose's; without any, those a user would
choose from. A prediction is from normalized images to keypoints, decoding
included. The models are timed in turn, again and again; what counts is the
median, and the spread is the middle half.

    python tools/benchmark.py CONFIG --formats [--checkpoint FILE] [--ap] ...

One student in all formats that it can run in here, from normalized images to
keypoints in pixels, without flip test.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from complexity import measure_complexity
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter
from mmengine.config import Config
from timing import (
    interleave,
    measuring_parser,
    peak_memory,
    prediction,
    set_up,
    write,
)

from distilpose.deploy import deploy
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config, input_size
from distilpose.zoo.published import published_ap
from distilpose_demo.plots import add_legend, line_styles, new_figure

MODELS = [
    'distilpose-s_8xb32-300e_coco-256x192',
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

# What papers call the configs of a family: {0} is the size, {1} the same in
# capitals.
FAMILIES = {
    'distilpose-([a-z])': 'DistilPose-{1}',
    'tokenpose-([a-z])': 'TokenPose-{1}',
    'rtmpose-([a-z])': 'RTMPose-{0}',
    'td-reg_res([0-9]+)': 'DeepPose-R{0}',
    'td-reg_res([0-9]+)_rle': 'RLE-R{0}',
    'simcc_res([0-9]+)': 'SimCC-R{0}',
    'td-hm_res([0-9]+)': 'SimpleBaseline-R{0}',
    'td-hm_hrnet-(w[0-9]+)': 'HRNet-{1}',
    'td-hm_ViTPose-([a-z])[a-z]*': 'ViTPose-{1}',
}
OUR_FAMILY = 'DistilPose'

# Where a network runs; an ending of what is measured.
RUNTIMES = ('', ' in ONNX Runtime')


def collect(args: argparse.Namespace) -> tuple[dict, list[str]]:
    """Build the models and try each once; also tell which failed, and why.

    Of each, what :func:`model_in` gives for each runtime, and its complexity.
    """
    found, failures = {}, []
    for name in args.configs or MODELS:
        try:
            config = Config.fromfile(find_config(name, with_mmpose=True))
            found[name] = (
                {
                    runtime: model_in(args, config, runtime)
                    for runtime in RUNTIMES[: 1 + args.onnx]
                },
                measure_complexity(config),
            )
        except Exception as error:  # of one model: the others still count
            reason = str(error).partition('\n')[0][:200]
            failures.append(f'- {name}: {type(error).__name__}: {reason}')
    return found, failures


def model_in(
    args: argparse.Namespace, config: Config, runtime: str
) -> Callable[..., Callable[[], list]]:
    """Build a model to run in one of RUNTIMES, and try it once.

    What comes back makes, of a batch, a call that predicts.
    """
    model = build_without_weights(config).to(args.device)
    size = input_size(config)
    if runtime != RUNTIMES[0]:
        # Here, because it needs onnx and onnxruntime.
        from onnx_network import run_in_onnx_runtime

        with TemporaryDirectory() as folder:
            run_in_onnx_runtime(
                deploy(model, for_export=True),
                size,
                Path(folder) / 'network.onnx',
                torch.get_num_threads(),
            )
    elif args.deploy:
        deploy(model)
    make = partial(
        prediction,
        model,
        size,
        args.device,
        flip_test=args.flip_test,
        precision=args.precision,
    )
    make(batch=1)()
    return make


def compare(args: argparse.Namespace) -> None:
    """Measure the models; print the table, and write it and its plot."""
    models, failures = collect(args)
    if not models:
        sys.exit('No model could be built:\n' + '\n'.join(failures))
    calls = {
        f'{name} {batch}{runtime}': make(batch=batch)
        for name, (runtimes, _) in models.items()
        for runtime, make in runtimes.items()
        for batch in args.batch
    }
    timings = interleave(calls, args.repeats, args.device)
    first, last = next(iter(models)), args.batch[-1]
    rows = []
    for name, (runtimes, size) in models.items():
        ap, source = published_ap(name)
        macs = size.layer_macs + size.attention_macs
        row = {
            'model': name,
            'parameters, M': f'{size.parameters / 1e6:.2f}',
            'GMACs': f'{macs / 1e9:.2f}',
            'published COCO AP': '' if ap is None else f'{ap:.3f}',
            'source': source,
        }
        for batch in args.batch:
            took = timings[f'{name} {batch}']
            ratio = took.median / timings[f'{first} {batch}'].median
            row[f'batch {batch}: ms'] = str(took)
            row[f'batch {batch}: images/s'] = (
                f'{1e3 * batch / took.median:.1f}'
            )
            row[f'batch {batch}: by {first[:12]}'] = f'{ratio:.2f}'
            for runtime in [*runtimes][1:]:
                took = timings[f'{name} {batch}{runtime}']
                row[f'batch {batch}: ms{runtime}'] = str(took)
        memory = peak_memory(calls[f'{name} {last}'], args.device)
        row[f'memory, MB, batch {last}'] = f'{memory:.0f}'
        rows.append(row)
    write(args, 'models', rows, failures)
    if args.out and any(row['published COCO AP'] for row in rows):
        plot(rows, args.batch[0]).savefig(args.out / 'models.png')


def plot(rows: Sequence[dict[str, str]], batch: int) -> Figure:
    """Draw published AP by latency, the models of a family joined by a line.

    Rows without a published AP are left out; the latency is that of a batch.
    """
    families: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for row in rows:
        if row['published COCO AP']:
            family, label = paper_name(row['model'])
            x = float(row[f'batch {batch}: ms'].split()[0])
            families[family].append(
                (x, float(row['published COCO AP']), label)
            )
    figure, axis = new_figure(
        f'latency at batch {batch}, ms (logarithmic)',
        'published AP on COCO val2017',
        height=4.6,
    )
    ours = []
    for (family, members), style in zip(families.items(), line_styles()):
        x, y, labels = zip(*sorted(members))
        name = ', '.join(labels)
        is_ours = family.startswith(OUR_FAMILY)
        ours += [name] * is_ours
        axis.plot(x, y, label=name, linewidth=1 + 2 * is_ours, **style)
    axis.set_xscale('log')
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_formatter(NullFormatter())
    add_legend(axis, bold=ours)
    return figure


def paper_name(model: str) -> tuple[str, str]:
    """A family of models, which differ in size, and what papers call one."""
    short = re.split('[_-][0-9]+xb', model)[0]
    for pattern, family in FAMILIES.items():
        found = re.fullmatch(pattern, short)
        if found:
            return family, family.format(found[1], found[1].upper())
    return short, short


def main(argv: list[str] | None = None) -> None:
    """Compare models; ``argv`` defaults to the command line's arguments."""
    parser = measuring_parser(__doc__, [1, 16], prog='distilpose benchmark')
    flag = partial(parser.add_argument, action='store_true')
    parser.add_argument('configs', nargs='*', metavar='CONFIG')
    flag('--deploy', help='fuse and reorder every model')
    flag('--flip-test')
    flag('--onnx', help='time every network in ONNX Runtime, too, on the CPU')
    flag('--formats', help='compare the formats of one student on the CPU')
    flag(
        '--no-compile',
        help='with --formats, leave torch.compile out, which takes minutes '
        'on a few cores before it runs',
    )
    parser.add_argument('--checkpoint', help='weights, for --formats')
    flag(
        '--ap',
        help='with --formats, the AP of each on the data that the config is '
        'tested on',
    )
    args = parser.parse_args(argv)
    set_up(parser, args)
    if args.onnx and args.device != 'cpu':
        parser.error('--onnx compares on the CPU: add --device cpu')
    if args.formats:
        if len(args.configs) != 1:
            parser.error('--formats takes one CONFIG')
        args.device = 'cpu'
        # Here, because it needs onnx and onnxruntime, which the rest does not.
        from formats import compare_formats

        compare_formats(args)
    else:
        compare(args)


if __name__ == '__main__':
    main()
