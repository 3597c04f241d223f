"""What a release holds and an installed distilpose does; MIM finds it."""

import re
import shutil
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from modelindex.load_model_index import load

import distilpose

from .integration.commands import mim, run
from .runtime.graphs import pose_model

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / 'configs'
# Whose data are to be had: not the demo's, nor Leeds' in our layout. MMPose
# lists its RTMPose itself.
LISTED = sorted(
    path
    for path in CONFIGS.glob('*_2d_keypoint/*/*/*.py')
    if path.parent.name not in ('demo', 'lsp_extended')
    and path.parents[1].name != 'rtmpose'
)
METAFILES = sorted(CONFIGS.glob('**/*.yml'))
RELEASE = pytest.mark.xdist_group('release')  # built once


def _not_of_the_package(folder, names):
    """Environments, caches and data, which lie at the top."""
    if Path(folder) != ROOT:
        return []
    return [x for x in names if x[0] == '.' or x in ('work_dirs', 'data')]


@pytest.fixture(scope='session')
def release(tmp_path_factory):
    """What `make dist` makes, from a copy, as a build leaves files there."""
    folder = tmp_path_factory.mktemp('release')
    source = shutil.copytree(
        ROOT,
        folder / 'source',
        symlinks=True,
        ignore=_not_of_the_package,
    )
    run([sys.executable, '-m', 'build', '--no-isolation', source])
    return source / 'dist'


@pytest.fixture(scope='session')
def wheel(release):
    (wheel,) = release.glob('distilpose-*.whl')
    return wheel


def test_wheel_carries_everything(wheel):
    """Package, configs, metafiles and tools, file by file."""
    with zipfile.ZipFile(wheel) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    carried = {k: v for k, v in contents.items() if '.dist-info/' not in k}
    about = {
        k.split('/')[1]: v for k, v in contents.items() if k not in carried
    }
    assert b'distilpose = distilpose_cli:main' in about['entry_points.txt']
    licenses = {k.split('/')[-1] for k in contents if '/licenses/' in k}
    assert licenses == {'LICENSE', 'nanodet-LICENSE.txt'}
    extra = rb'Requires-Dist: mmpretrain.*; extra == .vitpose.'
    assert re.search(extra, about['METADATA'])
    extras = re.findall(rb'Provides-Extra: (\w+)', about['METADATA'])
    assert {x.decode() for x in extras} == documented_extras()
    # MIM takes the first name for the package.
    names = about['top_level.txt'].decode().split()
    assert names[0] == 'distilpose'
    packages = (ROOT / 'projects').glob('distilpose*/__init__.py')
    assert names == sorted(path.parent.name for path in packages)
    expected = {
        str(path.relative_to(ROOT / 'projects')): path
        for path in (ROOT / 'projects').glob('distilpose*/**/*')
        if path.suffix in ('.py', '.typed') and '.mim' not in path.parts
    }
    web = ROOT / 'projects/distilpose_runtime/web'
    for path in [*web.glob('page/*'), *web.glob('onnxruntime/*')]:
        expected[str(path.relative_to(ROOT / 'projects'))] = path
    for path in (ROOT / 'models').iterdir():
        expected[f'distilpose_runtime/models/{path.name}'] = path
    for folder, kinds in (('configs', 'py yml md'), ('tools', 'py')):
        for kind in kinds.split():
            for path in (ROOT / folder).glob(f'**/*.{kind}'):
                name = path.relative_to(ROOT)
                expected[f'distilpose/.mim/{name}'] = path
    expected['distilpose/.mim/model-index.yml'] = ROOT / 'model-index.yml'
    assert carried.keys() == expected.keys()
    for name, path in expected.items():
        assert carried[name] == path.read_bytes()


def documented_extras():
    """The first column of the table in docs/compatibility.md."""
    page = (ROOT / 'docs/compatibility.md').read_text()
    section = page.partition('\n## Extras\n')[2].partition('\n## ')[0]
    return {*re.findall(r'^\| `(\w+)` \|', section, re.MULTILINE)}


def test_sdist_has_the_packages_and_no_tests(release):
    """The wheel of a release is built from it, and so are its contents."""
    (sdist,) = release.glob('distilpose-*.tar.gz')
    with tarfile.open(sdist) as file:
        assert all(x.isfile() or x.isdir() for x in file.getmembers())
        names = {x.name.partition('/')[2].split('/')[0] for x in file}
    assert names - {''} == {
        *('projects', 'requirements', 'LICENSE', 'README.md', 'PKG-INFO'),
        *('MANIFEST.in', 'pyproject.toml', 'setup.cfg'),
    }


@RELEASE
@pytest.mark.slow
def test_release_may_be_uploaded(release):
    """As the package index checks metadata, and renders the README."""
    command = [sys.executable, '-m', 'twine', 'check', '--strict']
    assert run([*command, *release.iterdir()]).count('PASSED') == 2


@RELEASE
@pytest.mark.slow
def test_wheel_in_an_empty_environment(wheel, tmp_path):
    """With the extra "runtime" alone: exported models run, others are told.

    It fetches NumPy, OpenCV and ONNX Runtime from pip's index.
    """
    venv.create(tmp_path / 'venv', with_pip=True, symlinks=True)
    model = pose_model(tmp_path / 'model.onnx')
    folder = tmp_path / 'empty'
    folder.mkdir()

    def there(program, *arguments, fails=False):
        command = [tmp_path / 'venv/bin' / program, *arguments]
        return run(command, folder, fails, PYTHONPATH='')

    there('pip', 'install', f'{wheel}[runtime]')
    there('pip', 'check')
    listed = there('distilpose', '--help')
    for command in ('train', 'predict', 'serve', 'env'):
        assert re.search(rf'^    {command} ', listed, re.MULTILINE)
    lines = there('distilpose', 'env').splitlines()
    found = dict(line.split(maxsplit=1) for line in lines)
    assert found['distilpose'] == distilpose.__version__
    assert found['torch'] == found['mmpose'] == found['onnx'] == '-'
    assert re.match(r'\d', found['onnxruntime'])
    code = f"""
import numpy as np
from distilpose_runtime import PoseEstimator
image = np.zeros((64, 48, 3), np.uint8)
poses = PoseEstimator({str(model)!r})(image, [[0, 0, 48, 64]])
print(poses.keypoints[0, 0].round().tolist())
"""
    assert there('python', '-c', code).strip() == '[24.0, 32.0]'
    told = there('distilpose', 'train', 'config.py', fails=True)
    assert 'pip install "distilpose[train]"' in told
    assert 'Traceback' not in told


def test_every_config_has_its_entry():
    index = load(str(ROOT / 'model-index.yml'))
    index.build_models_with_collections()
    entries = {model.name: model for model in index.models}
    assert entries.keys() == {path.stem for path in LISTED}
    for path in LISTED:
        entry = entries[path.stem]
        assert ROOT / entry.config == path
        assert entry.in_collection.lower() == path.parts[-3]
        assert entry.weights is None  # none are published
    listed = (ROOT / 'model-index.yml').read_text()
    for path in METAFILES:
        assert str(path.relative_to(ROOT)) in listed


@pytest.mark.slow
def test_mim_from_any_folder(tmp_path):
    """With the editable install, as with a wheel."""
    output = mim('search', 'distilpose', '--model', 'distilpose', cwd=tmp_path)
    for name in ('300e_coco', '210e_halpe26', '210e_coco-wholebody'):
        assert f'distilpose-s_8xb32-{name}-256x192' in output
    output = mim(
        *('run', 'distilpose', 'complexity'),
        'distilpose-s_8xb32-300e_coco-256x192',
        cwd=tmp_path,
    )
    assert '5,364,101' in output


@RELEASE
@pytest.mark.slow
def test_wheel_in_a_fresh_environment_trains(wheel, tmp_path):
    """The heavy packages are borrowed; distilpose is the wheel's alone."""
    venv.create(tmp_path / 'venv', with_pip=True, symlinks=True)
    python = tmp_path / 'venv/bin/python'
    options = ('--quiet', '--no-deps', '--ignore-installed')
    run([python, '-m', 'pip', 'install', *options, wheel])
    (site,) = (tmp_path / 'venv/lib').glob('python*/site-packages')
    (site / 'borrowed.pth').write_text(f'{Path(yaml.__file__).parents[1]}\n')
    empty = tmp_path / 'empty'
    empty.mkdir()

    def there(*arguments):
        return run([python, '-m', *arguments], empty, PYTHONPATH='')

    command = [tmp_path / 'venv/bin/distilpose', 'demo-data', 'data/demo']
    run(command, empty, PYTHONPATH='')
    for name, tool in (
        ('benchmark', 'benchmark'),
        ('complexity', 'complexity'),
        ('convert', 'convert_checkpoint'),
    ):
        usage = f'usage: distilpose {name} '
        assert usage in there('distilpose', name, '--help')
        assert usage in there('mim', 'run', 'distilpose', tool, '--', '--help')
    output = there(
        *('mim', 'train', 'distilpose'),
        'distilpose-tiny_no-distill_1xb32-15e_demo-96x64.py',
        *('--cfg-options', 'train_cfg.max_epochs=1'),
        'train_cfg.val_interval=1',
        'train_dataloader.dataset.indices=64',
        'val_dataloader.dataset.indices=16',
    )
    assert str(site / 'distilpose/.mim/tools/train.py') in output
    assert re.search(r'Epoch\(val\) \[1\].*coco/AP: 0\.\d+', output)
    assert (
        empty / 'work_dirs/distilpose-tiny_no-distill_1xb32-15e_demo-96x64'
        '/epoch_1.pth'
    ).is_file()
