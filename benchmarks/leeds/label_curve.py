"""Accuracy over the number of labels, as a table and a picture.

    python benchmarks/leeds/label_curve.py FOLDER [PICTURE.png]

FOLDER is that of benchmarks/experiments.py, with rows called alone-300,
first-300, mixed-300 and so on: the recipe and the number of labels. Of rows
called taught-420, the number is that of the steps, and there are no labels.
"""

import argparse
import json
import re
import statistics
from collections import defaultdict
from pathlib import Path

from matplotlib import pyplot as plt
from tabulate import tabulate

RECIPES = {
    'alone': 'labels alone',
    'first': 'MoveNet first, then labels',
    'mixed': 'MoveNet and labels, mixed',
    'taught': 'MoveNet, no label',
}
METRICS = {
    'tenth/PCK': 'PCK, a tenth',
    'fifth/PCK': 'PCK, a fifth',
    'crowdpose/AP': 'AP',
    'crowdpose/AR': 'AR',
}
Results = dict[tuple[str, int], list[dict[str, float]]]


def read_results(folder: Path) -> Results:
    """The last validation of each seed, by recipe and number of labels."""
    found: Results = defaultdict(list)
    for file in sorted(folder.glob('*/seed-*/validations.json')):
        name = re.fullmatch(r'([a-z]+)-(\d+)', file.parts[-3])
        if name and name[1] in RECIPES:
            by_epoch = json.loads(file.read_text())
            last = by_epoch[max(by_epoch, key=int)]
            labels = 0 if name[1] == 'taught' else int(name[2])
            found[name[1], labels].append(last)
    return found


def table(results: Results) -> str:
    """Mean and sample standard deviation of each row."""
    rows = []
    for (recipe, labels), seeds in sorted(
        results.items(), key=lambda item: (item[0][1], item[0][0])
    ):
        row = [f'{labels:,}', RECIPES[recipe], len(seeds)]
        for metric in METRICS:
            values = [seed[metric] for seed in seeds]
            text = f'{statistics.mean(values):.3f}'
            if len(values) > 1:
                text += f' ± {statistics.stdev(values):.3f}'
            row.append(text)
        rows.append(row)
    headers = ['labels', 'recipe', 'seeds', *METRICS.values()]
    return tabulate(rows, headers, 'github', disable_numparse=True)


def draw(results: Results, file: Path) -> None:
    """A line for each recipe, through the mean; bars are the spread."""
    figure, axes = plt.subplots(figsize=(6, 4), layout='constrained')
    for recipe, label in RECIPES.items():
        points = {
            n: [x['tenth/PCK'] for x in seeds]
            for (r, n), seeds in sorted(results.items())
            if r == recipe
        }
        means = [statistics.mean(x) for x in points.values()]
        spreads = [
            statistics.stdev(x) if len(x) > 1 else 0 for x in points.values()
        ]
        if recipe == 'taught':
            for mean in means:
                axes.axhline(mean, color='gray', ls='--', label=label)
        elif points:
            axes.errorbar(
                [*points], means, spreads, fmt='o-', capsize=4, label=label
            )
    axes.set_xscale('log')
    ticks = sorted({labels for _, labels in results if labels})
    axes.set_xticks(ticks, [f'{n:,}' for n in ticks])
    axes.minorticks_off()
    axes.set_xlabel('people with labels')
    axes.set_ylabel('PCK at a tenth of the box')
    axes.grid(alpha=0.3)
    axes.legend(loc='lower right')
    figure.savefig(file, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, metavar='FOLDER')
    parser.add_argument('picture', type=Path, nargs='?', metavar='PICTURE.png')
    args = parser.parse_args()
    results = read_results(args.folder)
    if not results:
        parser.error(f'{args.folder} has no row such as alone-300')
    if args.picture:
        draw(results, args.picture)
    print(table(results))  # noqa: T201


if __name__ == '__main__':
    main()
