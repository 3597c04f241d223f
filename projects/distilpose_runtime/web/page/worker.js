// Reads pictures and runs models by ONNX Runtime Web, off the page's thread.
//
// A message is {id, task, ...}; the answer {id, result} or {id, error}, and
// before it, where files load, {id, share} of what has come.
//   open: backend ('wasm' or 'webgpu'), info, detector (its size, or null)
//         -> {threads}
//   show: picture, a file or an ImageBitmap; maxLength
//         -> {bitmap, width, height}; the other tasks are about this picture
//   detect -> people [{box, score}]
//   estimate: backend, boxes -> {poses, milliseconds}

import { detectorInput, people } from './detector.js';
import { bitmapPixels, displayed, readPicture } from './images.js';
import { crop, frame, modelInput, poses } from './pose.js';

const BATCH = 32; // people in one run, as in Python

const models = {}; // by backend: {ort, session}
let image, info, detector, detectorSize;

const tasks = {
  async open({ backend, info: given, detector: size }, report) {
    info = given;
    const build = backend === 'webgpu' ? 'jspi' : '';
    const dot = build && `.${build}`;
    const runtime = `onnxruntime/ort-wasm-simd-threaded${dot}.wasm`;
    const weights = info.weights.map((path) => `weights/${escaped(path)}`);
    const paths = [runtime, 'model.onnx', ...weights];
    if (size) paths.push('detector.onnx');
    const files = await download(paths, report);
    const ort = await import(`./onnxruntime/ort.${build || 'wasm'}.min.mjs`);
    ort.env.logLevel = 'error';
    // Absolute, as threads have an address of their own.
    ort.env.wasm.wasmPaths = new URL('./onnxruntime/', import.meta.url).href;
    ort.env.wasm.wasmBinary = files[runtime];
    const create = (file, provider, externalData = []) =>
      ort.InferenceSession.create(files[file], {
        executionProviders: [provider],
        // With WebGPU it warns, as an error, that shapes stay on the CPU.
        logSeverityLevel: 3,
        externalData,
      });
    const session = await create(
      'model.onnx',
      backend,
      info.weights.map((path, i) => ({ path, data: files[weights[i]] })),
    );
    models[backend] = { ort, session };
    // The first run takes longer; what the page tells is of later ones.
    const [W, H] = info.input_size;
    const black = new Uint8ClampedArray(3 * W * H);
    await run(models[backend], modelInput([black], info));
    if (size) {
      detector = { ort, session: await create('detector.onnx', 'wasm') };
      detectorSize = size;
    }
    return { threads: ort.env.wasm.numThreads };
  },

  async show({ picture, maxLength }) {
    if (picture instanceof ImageBitmap) {
      image = bitmapPixels(picture);
      picture.close();
    } else {
      image = await readPicture(picture);
    }
    const bitmap = await displayed(image, maxLength);
    return { bitmap, width: image.width, height: image.height };
  },

  async detect() {
    const input = detectorInput(image, detectorSize);
    const outputs = await run(detector, modelInput([input.crop], input.info));
    const found = Object.values(outputs);
    return people(found, detectorSize, input.scale, image);
  },

  async estimate({ backend, boxes }) {
    const started = performance.now();
    const size = info.input_size;
    const found = [];
    for (let n = 0; n < boxes.length; n += BATCH) {
      const frames = boxes
        .slice(n, n + BATCH)
        .map((box) => frame(box, size, info.padding));
      const crops = frames.map((f) => crop(image, f, size, info.use_udp));
      const outputs = await run(models[backend], modelInput(crops, info));
      const arrays = Object.fromEntries(
        Object.entries(outputs).map(([name, { data }]) => [name, data]),
      );
      found.push(...poses(arrays, frames, info));
    }
    return { poses: found, milliseconds: performance.now() - started };
  },
};

async function run({ ort, session }, { type, data, dims }) {
  const input = new ort.Tensor(type, data, dims);
  return session.run({ [session.inputNames[0]]: input });
}

/** A path as a part of an address. */
function escaped(path) {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Files of this server by their addresses; `report` gets the share that came. */
async function download(paths, report) {
  const answers = await Promise.all(paths.map((path) => fetch(path)));
  const failed = answers.find((answer) => !answer.ok);
  if (failed) {
    throw new Error(
      `the server answers ${failed.status} for ${failed.url}. ` +
        'Start `distilpose serve` again',
    );
  }
  const length = (answer) => Number(answer.headers.get('Content-Length'));
  const total = answers.reduce((sum, answer) => sum + length(answer), 0);
  let come = 0;
  const read = async (answer) => {
    const bytes = new Uint8Array(length(answer));
    const reader = answer.body.getReader();
    for (let at = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return bytes;
      bytes.set(value, at);
      at += value.length;
      come += value.length;
      report(come / total);
    }
  };
  const contents = await Promise.all(answers.map(read));
  return Object.fromEntries(paths.map((path, i) => [path, contents[i]]));
}

let before = Promise.resolve();

self.onmessage = ({ data: { id, task, ...given } }) => {
  const report = (share) => self.postMessage({ id, share });
  // One after the other, as a session runs once at a time.
  before = before.then(async () => {
    try {
      const result = await tasks[task](given, report);
      const moved = result.bitmap ? [result.bitmap] : [];
      self.postMessage({ id, result }, moved);
    } catch (error) {
      self.postMessage({ id, error: String(error?.message ?? error) });
    }
  });
};
