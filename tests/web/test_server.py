"""What ``distilpose serve`` serves, and what it says when it cannot."""

import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest

from distilpose_runtime import ModelError, appearance
from distilpose_runtime.named import MODELS, NANODET
from distilpose_runtime.web import assets, make_server, page_files, server

from ..cli.one_line import refused
from ..runtime import graphs

PROJECTS = Path(server.__file__).parents[2]


@pytest.fixture
def model(tmp_path):
    return shutil.copy(MODELS['distilpose-body17'], tmp_path / 'model.onnx')


@pytest.fixture
def get(model):
    """Asks a running server; gives status, headers and body."""
    running = make_server(page_files(model), 0)
    threading.Thread(target=running.serve_forever, daemon=True).start()

    def ask(path, method='GET', **headers):
        client = http.client.HTTPConnection('127.0.0.1', running.server_port)
        client.request(method, path, headers=headers)
        answer = client.getresponse()
        return answer.status, answer.headers, answer.read()

    yield ask
    running.shutdown()
    running.server_close()


def test_serves_the_page_and_the_model(get, model):
    status, headers, body = get('/')
    assert (status, headers['Content-Type'][:9]) == (200, 'text/html')
    assert body == (server.PAGE / 'index.html').read_bytes()
    # Without these, a browser gives one thread.
    assert headers['Cross-Origin-Opener-Policy'] == 'same-origin'
    assert headers['Cross-Origin-Embedder-Policy'] == 'require-corp'
    assert get('/model.onnx')[2] == model.read_bytes()
    status, headers, body = get('/model.onnx', 'HEAD')
    assert (status, body) == (200, b'')
    assert int(headers['Content-Length']) == model.stat().st_size
    name = '/onnxruntime/ort-wasm-simd-threaded.wasm'
    _, headers, body = get(name)
    assert headers['Content-Type'] == 'application/wasm'
    assert body[:4] == b'\0asm'
    about = json.loads(get('/models.json')[2])
    assert about['detector'] == dict(input_size=[416, 416])
    assert get('/detector.onnx')[2] == NANODET.read_bytes()
    assert about['look']['left'] == list(appearance.LEFT)
    assert about['model']['sides'][:2] == ['', 'left']
    assert about['model']['is_for_research_only']
    assert 'Leeds Sports Pose' in about['model']['origin']
    assert about['model']['input_size'] == [144, 192]
    assert about['model']['std'] == [128] * 3
    names = about['model']['keypoint_names']
    assert len(names) == 17 and names[1] == 'left_eye'


def test_serves_nothing_else(get):
    for path in (
        *('/server.py', '/../server.py', '/onnxruntime/../../estimator.py'),
        *('/%2e%2e/server.py', '/onnxruntime/%2e%2e/server.py'),
        *('//etc/passwd', '/onnxruntime/'),
    ):
        assert get(path)[0] == 404, path


def test_answers_to_its_own_name_alone(get):
    """Another site's name may lead to this machine, too."""
    assert get('/model.onnx', Host='localhost:1')[0] == 200
    status, _, body = get('/model.onnx', Host='example.com')
    assert status == 403
    assert b'127.0.0.1' in body


def test_model_that_has_gone(get, model):
    model.unlink()
    assert get('/model.onnx')[0] == 500


def test_weights_in_further_files(model, tmp_path):
    onnx.save_model(
        onnx.load(model), tmp_path / 'big.onnx', save_as_external_data=True,
        location='big.onnx.data', size_threshold=1000,
    )  # fmt: skip
    files = page_files(tmp_path / 'big.onnx')
    wanted = (tmp_path / 'big.onnx.data').read_bytes()
    assert files['/weights/big.onnx.data'].read() == wanted
    about = json.loads(files['/models.json'].read())
    assert about['model']['weights'] == ['big.onnx.data']
    assert '/weights/big.onnx.data' not in page_files(model)


def test_listens_on_this_machine_alone(model):
    with make_server(page_files(model), 0) as running:
        assert running.server_address[0] == '127.0.0.1'


def test_onnxruntime_is_as_recorded(tmp_path):
    assets.check()
    name = 'ort.wasm.min.mjs'
    assert b'v' + assets.record()['version'].encode() in assets.read(name)
    folder = shutil.copytree(assets.FOLDER, tmp_path / 'onnxruntime')
    content = (folder / f'{name}.xz').read_bytes()
    for damaged in (content[:-20], (folder / 'LICENSE').read_bytes()):
        (folder / f'{name}.xz').write_bytes(damaged)
        with pytest.raises(ValueError, match=f'{name} is not the file'):
            assets.read(name, folder)


def test_detector_of_another_kind(tmp_path):
    """YOLOv8's layout for an input of 128 x 64; and NanoDet's, bottles."""
    yolo = dict(output=np.zeros((1, 5, 168)))
    file = graphs.detector(tmp_path / 'd.onnx', yolo)
    with pytest.raises(ModelError, match='of the format yolov8'):
        server._describe_detector(file)
    outputs = {}
    for stride, n in ((8, 128), (16, 32), (32, 8)):
        outputs[f'edges{stride}'] = np.zeros((1, n, 44))
        outputs[f'classes{stride}'] = np.zeros((1, n, 2))
    for names, person in (("['person', 'b']", 0), ("['b', 'Person']", 1)):
        file = graphs.detector(tmp_path / 'n.onnx', outputs, {'names': names})
        if person:
            with pytest.raises(ModelError, match='people as class 1'):
                server._describe_detector(file)
        else:
            found = server._describe_detector(file)
            assert found == dict(input_size=(128, 64))


def test_bad_input_is_one_line(model, tmp_path):
    assert 'There is no model' in refused('serve', tmp_path / 'none.onnx')
    (tmp_path / 'text.onnx').write_text('no model')
    assert 'cannot load' in refused('serve', tmp_path / 'text.onnx')
    graph = onnx.load(model)
    graph.metadata_props[0].value = '{"format_version": 3}'
    onnx.save(graph, tmp_path / 'newer.onnx')
    assert 'format 3' in refused('serve', tmp_path / 'newer.onnx')
    assert 'NanoDet' in refused('serve', model, '--detector', model)
    assert 'port must be' in refused('serve', model, '--port', 70000)


def test_port_that_is_taken(model):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        line = refused('serve', model, '--port', port)
    assert f'port {port}' in line and '--port 0' in line


def test_command_without_torch_and_mmpose(model):
    """It says where the page is, and ends at Ctrl-C without a traceback."""
    code = (
        'import sys, signal, threading, _thread\n'
        'for name in ("torch", "mmpose", "mmengine", "mmcv", "distilpose"):\n'
        '    sys.modules[name] = None\n'
        'import distilpose_cli\n'
        # A job in the background starts with Ctrl-C switched off.
        'signal.signal(signal.SIGINT, signal.default_int_handler)\n'
        'threading.Timer(2, _thread.interrupt_main).start()\n'
        'distilpose_cli.main(["serve", sys.argv[1], "--port", "0"])\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, model],
        cwd=PROJECTS,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert f'{model}: http://127.0.0.1:' in done.stdout
    assert not done.stderr
