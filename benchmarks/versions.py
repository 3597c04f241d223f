"""Which versions install, pass the quick tests and train, as a table.

    python benchmarks/versions.py [FOLDER] [--only NAME ...] [--keep]

Every combination gets an environment of its own, is tried and removed again;
what is done is not repeated. It needs the Pythons (on the PATH, or pyenv's),
6 GB of disk, and about 10 minutes a combination. In a clone of the repository.
`make test-oldest` and `make test-newest` run the ends of the supported range.

The exit status is 1 if a combination that is supported fails. This script
needs nothing but Python, so that it runs before anything is installed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Combination(NamedTuple):
    """Versions to try together."""

    name: str
    python: str
    torch: str
    numpy: str = '<2'
    mmpose: str = '1.3.2'
    mmengine: str = '0.10.7'
    mmdet: str = '3.3.0'
    mmcv: str = 'mmcv-lite==2.1.0'
    opencv: str = '<4.12'
    supported: bool = True


NUMPY_2 = dict(numpy='>=2', opencv='')
COMBINATIONS = [
    Combination('too-old', '3.10', '2.0.1', supported=False),
    Combination('oldest', '3.10', '2.1.2', '<1.25', '1.3.0', '0.9.1', '3.2.0'),
    Combination('2024', '3.10', '2.4.1', '<2', '1.3.1', '0.10.4'),
    Combination('tested', '3.11', '2.11.0'),
    Combination('operators', '3.11', '2.11.0', mmcv='mmcv==2.1.0'),
    Combination('numpy-2', '3.12', '2.11.0', **NUMPY_2),
    Combination('newest', '3.12', '2.15.0', **NUMPY_2),
    Combination('too-new', '3.13', '2.15.0', **NUMPY_2, supported=False),
]
# Methods of an environment, in this order.
STAGES = ('install', 'imports', 'tests', 'trains')


class Environment:
    """A virtual environment with one combination."""

    def __init__(self, one: Combination, folder: Path) -> None:
        self.one = one
        self.folder = folder
        self.python = folder / 'venv/bin/python'
        self.log = folder / 'output.log'

    def run(self, *command: object, cwd: Path | None = None) -> str:
        """Run a command, and give its output, which the log holds, too."""
        done = subprocess.run(
            [*map(str, command)],
            cwd=cwd or ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            env={**os.environ, 'PYTHONWARNINGS': 'ignore'},
        )
        with open(self.log, 'a') as file:
            file.write(f'$ {" ".join(map(str, command))}\n{done.stdout}')
        if done.returncode:
            raise subprocess.CalledProcessError(
                done.returncode, command[0], done.stdout
            )
        return done.stdout

    def pip(self, *arguments: str) -> None:
        self.run(self.python, '-m', 'pip', 'install', '--quiet', *arguments)

    def install(self) -> str:
        one = self.one
        shutil.rmtree(self.folder / 'venv', ignore_errors=True)
        self.run(find_python(one.python), '-m', 'venv', self.folder / 'venv')
        # MIM wants an older setuptools than the newest.
        self.pip('--upgrade', 'pip', 'wheel', 'cython', 'setuptools<82')
        self.pip(f'torch=={one.torch}', 'torchvision', f'numpy{one.numpy}')
        # For some Pythons xtcocotools is built, against this NumPy.
        self.pip('--no-build-isolation', 'xtcocotools', f'numpy{one.numpy}')
        chosen = 'torch torchvision numpy opencv-python xtcocotools setuptools'
        others = [
            line.split('#')[0].strip()
            for line in (ROOT / 'requirements.txt').read_text().splitlines()
            if re.match(r'\w', line)
            and re.match(r'[\w-]+', line).group() not in chosen.split()
        ]
        self.pip(*others, f'opencv-python{one.opencv}', f'numpy{one.numpy}')
        self.pip(
            *('--no-deps', f'mmpose=={one.mmpose}', one.mmcv),
            *(f'mmengine=={one.mmengine}', f'mmdet=={one.mmdet}'),
            'openmim==0.3.9',
        )
        self.pip('--no-deps', '--no-build-isolation', '--editable', str(ROOT))
        tests = (ROOT / 'requirements/tests.txt').read_text().split()
        self.pip(
            *(x for x in tests if x not in ('mypy', 'ruff')),
            f'numpy{one.numpy}',
        )
        return 'yes'

    def imports(self) -> str:
        self.run(self.python, '-c', 'import distilpose')
        return 'yes'

    def tests(self) -> str:
        output = self.run(
            self.python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider'
        )
        return output.strip().splitlines()[-1].split(' in ')[0].strip('= ')

    def trains(self) -> str:
        """Undistilled, distilled and tested, an epoch each."""
        work = self.folder / 'training'
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        run = (self.python, '-m', 'distilpose')
        self.run(*run, 'demo-data', 'data/demo', cwd=work)
        name = 'distilpose-tiny{}_1xb32-15e_demo-96x64'
        short = ('--cfg-options', 'train_cfg.max_epochs=1')
        self.run(*run, 'train', name.format('_no-distill'), *short, cwd=work)
        teacher = work / f'work_dirs/{name.format("_no-distill")}/epoch_1.pth'
        parts = (
            f'model.teacher.{key}'
            for key in ('checkpoint=None', 'allow_random_weights=True')
        )
        self.run(*run, 'train', name.format(''), *short, *parts, cwd=work)
        output = self.run(
            *(*run, 'test', name.format('_no-distill'), teacher), cwd=work
        )
        return f'AP {re.findall(r"coco/AP: (0[.0-9]+)", output)[-1]}'


def find_python(version: str) -> str:
    """The interpreter of a version, on the PATH or of pyenv."""
    found = shutil.which(f'python{version}')
    if (
        found
        and subprocess.run([found, '-V'], capture_output=True).returncode == 0
    ):
        return found
    root = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))
    for path in sorted(root.glob(f'versions/{version}.*/bin/python')):
        return str(path)
    raise FileNotFoundError(f'Python {version} is not installed')


def try_out(one: Combination, folder: Path, keep: bool) -> dict:
    """Install a combination, import, test and train."""
    environment = Environment(one, folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for stage in STAGES:
        started = time.time()
        print(f'== {one.name}: {stage}', flush=True)  # noqa: T201
        try:
            found[stage] = getattr(environment, stage)()
        except FileNotFoundError as error:
            found[stage] = str(error)
            break
        except subprocess.CalledProcessError as error:
            found[stage] = f'no: {_reason(error.output)}'
            if one.supported:
                print(error.output[-10000:])  # noqa: T201
            if stage in ('install', 'imports'):
                break
        print(f'   {found[stage]} ({time.time() - started:.0f} s)')  # noqa: T201
    if not keep:
        shutil.rmtree(folder / 'venv', ignore_errors=True)
    return found


def _reason(output: str) -> str:
    """The line that tells most of why a command failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in reversed(lines):
        if re.match(r'(\w+Error|error): ', line) or ' failed' in line:
            return line[:200]
    return lines[-1][:200] if lines else ''


def report(results: list[dict]) -> str:
    headers = ['Python', 'PyTorch', 'NumPy', 'MMPose', 'MMEngine', 'MMCV']
    headers += ['installs', 'imports', 'quick tests', 'trains']
    rows = []
    for result in results:
        one, found = Combination(**result['versions']), result['found']
        numpy = one.numpy.replace('>=2', '2').replace('<2', '1')
        rows.append(
            [
                *(one.python, one.torch, numpy.replace('<1.25', '1.24')),
                *(one.mmpose, one.mmengine, one.mmcv.replace('==', ' ')),
                *(found.get(stage, '-') for stage in STAGES),
            ]
        )
    lines = [headers, ['---'] * len(headers), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def failures(results: list[dict]) -> list[str]:
    """The names of supported combinations that do not do everything."""
    names = []
    for result in results:
        one, found = Combination(**result['versions']), result['found']
        done = [x for x in found.values() if not x.startswith('no: ')]
        if one.supported and len(done) < len(STAGES):
            names.append(one.name)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'folder', nargs='?', type=Path, default=Path('work_dirs/compat')
    )
    parser.add_argument('--only', nargs='+', metavar='NAME')
    parser.add_argument(
        '--keep', action='store_true', help='do not remove environments'
    )
    args = parser.parse_args()
    names = [one.name for one in COMBINATIONS]
    unknown = {*(args.only or names)} - {*names}
    if unknown:
        sys.exit(f'Unknown: {sorted(unknown)}. Known: {names}')
    results = []
    for one in COMBINATIONS:
        folder = args.folder.absolute() / one.name
        file = folder / 'results.json'
        wanted = args.only is None or one.name in args.only
        if wanted and not file.exists():
            found = try_out(one, folder, args.keep)
            result = dict(versions=one._asdict(), found=found)
            file.write_text(json.dumps(result, indent=1))
        if file.exists():
            results.append(json.loads(file.read_text()))
    print(report(results))  # noqa: T201
    failed = failures(results)
    if failed:
        sys.exit(f'Failed: {failed}. {args.folder}/NAME/output.log tells why.')


if __name__ == '__main__':
    main()
