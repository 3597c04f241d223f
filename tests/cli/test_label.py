"""``distilpose label``, from its arguments to its files."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

import distilpose_cli
from distilpose.checks.report import Report
from distilpose_cli import main
from distilpose_own_data.annotation_file import read_annotations
from distilpose_own_data.labelling.journal import Journal
from distilpose_own_data.people import tidy_people
from distilpose_runtime.images import read_image, write_image
from distilpose_runtime.onnx_entries import with_entry
from distilpose_runtime.parts import Parts

from ..limits import files_of_at_most
from ..runtime.graphs import detector, pose_model
from ..runtime.videos import write_video
from . import one_line

ROOT = Path(distilpose_cli.__file__).parents[1]
BOXES = [[20, 10, 32, 40], [100, 30, 80, 48]]  # the second reaches out


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with a model, photos, boxes of two people in two of them."""
    monkeypatch.chdir(tmp_path)
    pose_model(Path('pose.onnx'))
    rng = np.random.default_rng(0)
    for name in ('c.png', 'a.png', 'below/b.png'):
        image = rng.integers(0, 256, (96, 160, 3), np.uint8)
        write_image(Path('photos', name), image)
    boxes(Path('boxes.json'), 'a.png', 'b.png')
    return tmp_path


@pytest.fixture
def video(work):
    write_video(Path('walk.mp4'), moving())


def moving(count=60, still=30):
    """A square that moves; from ``still`` on it rests, in noise."""
    rng = np.random.default_rng(0)
    for i in range(count):
        image = np.full((96, 160, 3), 90, np.uint8)
        x = 2 * min(i, still)
        image[20:60, x : x + 30] = 220
        yield image + rng.integers(0, 6, image.shape, np.uint8)


def boxes(file, *names, people=BOXES):
    images = [dict(id=i, file_name=name) for i, name in enumerate(names)]
    people = [
        dict(image_id=image['id'], category_id=1, bbox=box)
        for image in images
        for box in people
    ]
    file.write_text(json.dumps(dict(images=images, annotations=people)))


PHOTOS = ('photos/**/*.png', '--boxes', 'boxes.json')
VIDEO = ('walk.mp4', '--detector', 'none', '--every')


def command(arguments, out='out', teacher='pose.onnx'):
    given = ('label', '--teacher', teacher, '--out', out, *arguments)
    return [*map(str, given)]


def label(*arguments, **options) -> dict:
    """Label; give the content of the file."""
    main(command(arguments, **options))
    return json.loads(content(options.get('out', 'out')))


def refused(*arguments, **options) -> str:
    return one_line.refused(*command(arguments, **options))


def content(out='out') -> bytes:
    return Path(out, 'labels.json').read_bytes()


def test_photos(work, capsys):
    """Keypoints of confidence 0.9 and 0.5; the second lies at the corner."""
    found = label(*PHOTOS, '--sure', 0.8)
    names = ['a.png', 'below/b.png', 'c.png']
    assert [x['file_name'] for x in found['images']] == names
    assert found['images'][0] == dict(
        id=1, file_name='a.png', width=160, height=96
    )
    first, second, *others = found['annotations']
    assert [x['image_id'] for x in others] == [2, 2]
    # The middle of the crop is that of the box; the crop's corner follows
    # from a padding of 1.25 and the aspect 48 : 64.
    corner = 36 - 32 * 1.25 / 2, 30 - 32 * 1.25 * 64 / 48 / 2
    assert first['keypoints'] == pytest.approx(
        [36, 30, 2, *corner, 1], abs=1e-2
    )
    assert first['keypoint_scores'] == pytest.approx([0.9, 0.5])
    assert first['keypoint_sigmas'] == pytest.approx([2.5] * 4, abs=1e-3)
    assert first['bbox'] == BOXES[0] and first['num_keypoints'] == 2
    # Cut at the border, as is what lies beyond it.
    assert second['bbox'] == [100, 30, 60, 48]
    assert second['keypoints'][3:] == [0, 0, 0]
    assert second['num_keypoints'] == 1
    info = found['info']
    assert info['teacher']['name'] == 'toy' and info['sure'] == 0.8
    assert found['categories'][0]['skeleton'] == [[1, 2]]
    for name in names:
        assert os.path.samefile(f'photos/{name}', f'out/images/{name}')
    said = capsys.readouterr().err
    assert '3 pictures, 4 people' in said
    init, review = said.find('distilpose init'), said.find('distilpose review')
    assert 'corner' in said and 0 < init < review


def test_a_teacher_without_sigmas(work):
    pose_model(Path('pose.onnx'), sigmas=False)
    for person in label(*PHOTOS)['annotations']:
        assert 'keypoint_sigmas' not in person
        assert person['keypoint_scores'] == pytest.approx([0.9, 0.5])


def test_other_readers(work):
    """`distilpose init` has nothing to say, pycocotools loads it."""
    found = label(*PHOTOS)
    report = Report()
    read = read_annotations(Path('out/labels.json'), report)
    assert read.names == ['centre', 'corner'] and read.skeleton == [(0, 1)]
    people = tidy_people(read, {x['id']: x for x in read.images}, report)
    assert str(report) == ''
    for person, given in zip(people, found['annotations'], strict=True):
        assert person.items() <= given.items()
    coco = COCO('out/labels.json')
    assert len(coco.getAnnIds(imgIds=[1], catIds=[1], iscrowd=False)) == 2


def test_video(video):
    """Every third frame, until nothing moves; boxes are found again."""
    found = label(*VIDEO, 3)
    frames = [x['frame'] for x in found['images']]
    assert frames == [*range(0, 31, 3)]
    fourth = found['images'][3]
    assert fourth['time'] == pytest.approx(9 / 20)
    assert fourth['file_name'] == 'walk_00h00m00.450s_0000009.jpg'
    kept = read_image(Path('out/images', fourth['file_name']))
    assert kept[40, 33].mean() > 200 and kept[40, 10].mean() < 110
    # All of them, and those that differ by more than a step of 6 pixels.
    every = label(*VIDEO, 3, '--min-change', 0, out='all')
    assert len(every['images']) == 20
    fewer = label(*VIDEO, 3, '--min-change', 5, out='few')
    assert 3 < len(fewer['images']) < 8
    found = ('walk.mp4', '--every', 3, '--boxes', 'out/labels.json')
    people = label(*found, out='again')['annotations']
    assert [x['bbox'] for x in people] == [[0, 0, 160, 96]] * len(frames)


@pytest.mark.parametrize('source', [PHOTOS, (*VIDEO, 5)])
def test_goes_on_wherever_it_was_cut_off(video, source):
    """Each byte of the journal may be the last one that a kill has left."""
    label(*source)
    expected, journal = content(), Path('out/.label/1-of-1.jsonl')
    whole = journal.read_bytes()
    ends = random.Random(0).sample(range(len(whole)), 4)
    for end in [0, len(whole) - 1, *ends]:
        journal.write_bytes(whole[:end])
        Path('out/labels.json').unlink(missing_ok=True)
        label(*source)
        assert content() == expected and journal.read_bytes() == whole


def test_interrupted(work, monkeypatch, capsys):
    """Ctrl-C ends it after the picture in hand."""
    add = Journal.add

    def add_and_interrupt(self, picture):
        add(self, picture)
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, 'add', add_and_interrupt)
        with pytest.raises(SystemExit) as ended:
            label(*PHOTOS)
    assert ended.value.code == 130
    assert 'goes on where it was' in capsys.readouterr().err
    assert sorted(os.listdir('out')) == ['.label', 'images']
    assert os.listdir('out/images') == ['a.png']
    assert len(label(*PHOTOS)['images']) == 3
    assert '2 pictures, 2 people' in capsys.readouterr().err


def label_part(*arguments, part, out='out'):
    """Label one part, which is not the last."""
    with pytest.raises(FileNotFoundError, match='labels.json'):
        label(*arguments, '--part', part, out=out)


def test_parts_make_the_same_file(video):
    for source in (PHOTOS, (*VIDEO, 3)):
        out = Path(source[0]).stem.replace('*', '_')
        whole = label(*source, out=f'{out}-whole')
        label_part(*source, part='2/2', out=out)
        assert 'begun with other settings of: box_threshold.' in refused(
            *source, '--part', '1/2', '--box-threshold', 0.9, out=out
        )
        assert label(*source, '--part', '1/2', out=out) == whole
        assert content(out) == content(f'{out}-whole')
        parts = [*Path(out).glob('.label/*.jsonl')]
        pictures = [len(x.read_text().splitlines()) - 1 for x in parts]
        assert abs(pictures[0] - pictures[1]) <= 1
        # Of what is done, the first part alone writes the labels anew.
        more = ('--sure', 0.95, '--part')
        assert label(*source, *more, '2/2', out=out) == whole
        assert label(*source, *more, '1/2', out=out) != whole


def test_goes_on_with_another_number_of_parts(video):
    """What one of four parts did is done, though the others were killed."""
    source = (*VIDEO, 1)
    label(*source, out='whole')
    label_part(*source, part='3/4')
    cut = Path('out/.label/3-of-4.jsonl')
    cut.write_bytes(cut.read_bytes()[:-100])
    kept = [json.loads(x) for x in cut.read_text().splitlines()[:-1]]
    for picture in kept:
        Path('out/images', picture['file_name']).unlink()
    label_part(*source, part='2/3')
    label_part(*source, part='3/3')
    label(*source, '--part', '1/3')
    assert content() == content('whole')
    names = [{*os.listdir(f'{x}/images')} for x in ('out', 'whole')]
    assert names[1] - names[0] == {x['file_name'] for x in kept} != set()


@pytest.mark.slow
@pytest.mark.parametrize('kill', [False, True])
def test_two_processes_at_once(work, kill):
    """One is killed; the next run, of three, ends with the same files."""
    write_video(Path('walk.mp4'), moving(200, 200))
    source = (*VIDEO, 1)
    label(*source, out='whole')
    first, second = processes(source, 2)
    if kill:
        wait_for_a_picture(Path('out/.label/2-of-2.jsonl'), second)
        second.kill()
    assert first.wait() == 0 and second.wait() == (-9 if kill else 0)
    assert Path('out/labels.json').exists() != kill
    if kill:
        assert [x.wait() for x in processes(source, 3)] == [0, 0, 0]
    expect_the_same_files()


def expect_the_same_files():
    assert content() == content('whole')
    names = [{*os.listdir(f'{x}/images')} for x in ('whole', 'out')]
    assert names[0] == {x for x in names[1] if not x.endswith('.partial')}


def processes(source, count):
    """The command in so many processes, as torchrun starts them."""
    code = 'import distilpose_cli; distilpose_cli.main()'
    run = [sys.executable, '-c', code, *command(source)]
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'WORLD_SIZE': str(count)}
    return [
        subprocess.Popen(
            run, stderr=subprocess.DEVNULL, env={**env, 'RANK': str(rank)}
        )
        for rank in range(count)
    ]


def wait_for_a_picture(journal, process):
    size = journal.stat().st_size if journal.exists() else 0
    while process.poll() is None and (
        not journal.exists() or journal.stat().st_size == size
    ):
        time.sleep(0.001)


def test_another_confidence_asks_nobody_again(work):
    label(*PHOTOS)
    Path('out/images/a.png').unlink()
    found = label(*PHOTOS, '--sure', 0.95, '--unsure', 0.6)
    visible = [x['keypoints'][2::3] for x in found['annotations']]
    assert visible == [[1, 0]] * 4
    assert not Path('out/images/a.png').exists()


def test_edited_labels_are_kept(work):
    label(*PHOTOS)
    file = Path('out/labels.json')
    edited = file.read_text().replace('"person"', '"dancer"')
    file.write_text(edited)
    assert 'may have been edited' in refused(*PHOTOS, '--sure', 0.9)
    assert file.read_text() == edited


def test_labels_of_others_are_kept(work):
    Path('out').mkdir()
    Path('out/labels.json').write_text('mine')
    assert 'holds something already' in refused(*PHOTOS)
    assert [x.name for x in Path('out').iterdir()] == ['labels.json']
    label(*PHOTOS, out='other')
    text = refused('photos/*.png', *PHOTOS[1:], out='other')
    assert 'begun with other settings of: source' in text


def test_two_at_a_time(work):
    for i, n in ((1, 1), (2, 3)):
        with Parts(Path('out/.label'), (i, n)).held():
            held = f'part {i} of {n} (process {os.getpid()}'
            assert held in refused(*PHOTOS)
    assert label(*PHOTOS)['images']


def test_teacher_that_is_sure_of_nothing(work):
    text = refused(*PHOTOS, '--sure', 0.95, '--unsure', 0.95)
    assert 'highest confidence is 0.90' in text and '--unsure is 0.95' in text
    assert label(*PHOTOS)['annotations'][0]['num_keypoints'] == 2


@pytest.mark.parametrize('arguments, message', [
    ('nowhere', 'There is no "nowhere"'),
    ('empty', 'holds no image'),
    ('photos/*.png --boxes nobody.json', 'There is nobody in the 2 pictures'),
    ('bad --detector none', 'nobody in the 0 pictures that'),
    ('0', 'camera'),
    ('photos --sure 0.2', '--unsure 0.3 is above --sure 0.2'),
    ('photos --teacher-options coco', '--teacher-options takes'),
    ('photos --teacher no.onnx', 'There is no teacher "no.onnx"'),
    ('photos --teacher hrnet', 'distilpose teachers'),
    ('photos --teacher d.onnx', 'keypoints_of'),
    ('photos --boxes other.json', 'boxes for none'),
    ('photos --padding 1.1', 'Leave out --padding'),
    ('photos --checkpoint a.pth', 'and --checkpoint'),
    ('photos --teacher new.onnx', 'metadata of format 99'),
])  # fmt: skip
def test_refused_in_one_line(work, arguments, message):
    Path('empty').mkdir()
    write_image(Path('bad/1.jpg'), np.zeros((9, 9, 3), np.uint8))
    Path('bad/1.jpg').write_bytes(Path('bad/1.jpg').read_bytes()[:100])
    boxes(Path('other.json'), 'z.png')
    boxes(Path('nobody.json'), 'a.png', people=())
    detector(Path('d.onnx'), dict(output=np.zeros((1, 17, 16, 32))))
    newer = with_entry(
        Path('pose.onnx').read_bytes(), 'distilpose', '{"format_version": 99}'
    )
    Path('new.onnx').write_bytes(newer)
    assert message in refused(*arguments.split())
    assert not Path('out/labels.json').exists()


@pytest.mark.parametrize(
    'argument',
    ['--every=0', '--part=3/2', '--part=1', '--padding=0', '--padding=nan']
    + ['--min-change=-1', '--min-change=nan', '--min-change=inf'],
)
def test_numbers_that_are_none(work, argument, capsys):
    with pytest.raises(SystemExit) as ended:
        label(*PHOTOS, argument)
    assert ended.value.code == 2 and not Path('out').exists()
    assert argument.partition('=')[0] in capsys.readouterr().err


def test_a_folder_below_the_photos(work):
    """What the command has written is no photo when it goes on."""
    arguments = 'photos/**/*.*', '--detector', 'none'
    assert len(label(*arguments, out='photos/out')['images']) == 3
    assert len(label(*arguments, out='photos/out')['images']) == 3


def test_names_that_are_no_unicode(work):
    os.rename(b'photos/a.png', b'photos/\xff.png')
    arguments = 'photos/*.png', '--detector', 'none'
    names = [x['file_name'] for x in label(*arguments)['images']]
    assert os.fsencode(names[1]) == b'\xff.png'
    assert Path('out/images', names[1]).is_file()
    assert label(*arguments, '--sure', '0.9')  # not taken for edited


def test_another_try_after_one_that_labelled_nothing(work):
    detector(Path('d.onnx'), dict(output=np.zeros((1, 17, 16, 32))))
    options = '--teacher-options', 'keypoints_of=["a","b"]'
    text = refused(*PHOTOS, *options, teacher='d.onnx')
    assert 'gives 17 keypoints, but keypoints_of names 2' in text
    assert label(*PHOTOS)['info']['teacher']['name'] == 'toy'


def test_a_damaged_journal(work):
    label(*PHOTOS)
    Path('out/labels.json').unlink()
    with open('out/.label/1-of-1.jsonl', 'rb+') as file:
        file.seek(100)
        file.write(bytes(8))
    assert '1-of-1.jsonl", which holds what' in refused(*PHOTOS)


def test_full_disk(work):
    """What was labelled until then is kept, and labelled once."""
    label(*PHOTOS, out='expected')
    whole = content('expected')
    with files_of_at_most(len(whole) // 4):
        text = refused(*PHOTOS)
    assert '.label/begun.json" cannot be used (File too large)' in text
    label_part(*PHOTOS, part='3/3')
    journal = Path('expected/.label/1-of-1.jsonl').read_bytes()
    with files_of_at_most(journal.index(b'below/b.png') + 20):
        assert 'What is done so far is kept' in refused(*PHOTOS)
    with files_of_at_most(len(whole) - 1):
        text = refused(*PHOTOS)
    assert 'labels.json" cannot be used (File too large)' in text
    for name in ('a.png', 'below/b.png'):
        Path('out/images', name).unlink()
    label(*PHOTOS)
    assert content() == whole
    assert os.listdir('out/images/below') == []


@pytest.mark.slow
def test_killed_at_random_moments(work):
    """A video, three kills, and the same file in the end."""
    write_video(Path('walk.mp4'), moving(250, 250))
    arguments = (*VIDEO, 1, '--min-change', 0)
    label(*arguments, out='whole')
    rng, kills = random.Random(0), 0
    while not Path('out/labels.json').exists():
        (process,) = processes(arguments, 1)
        if kills < 3:
            wait_for_a_picture(Path('out/.label/1-of-1.jsonl'), process)
            time.sleep(rng.uniform(0, 0.05))
            process.kill()
            kills += 1
        process.wait()
    assert kills == 3
    expect_the_same_files()
