// Runs models by ONNX Runtime Web, off the page's thread.
//
// A message is {id, task, ...}; the answer {id, result} or {id, error}.
//   open: backend ('wasm' or 'webgpu'), info, detector (or null)
//         -> {threads}
//   detect: image -> boxes
//   estimate: image, boxes -> {poses, milliseconds}

import { decode, detectorInput, toImage } from './detector.js';
import { crop, frame, modelInput, poses } from './pose.js';

const BATCH = 32; // people in one run, as in Python

let ort, info, model, detector, detectorSize;

const tasks = {
  async open({ backend, info: given, detector: people }) {
    const build = backend === 'webgpu' ? 'jspi' : 'wasm';
    ort = await import(`./onnxruntime/ort.${build}.min.mjs`);
    ort.env.logLevel = 'error';
    // Absolute, as threads have an address of their own.
    ort.env.wasm.wasmPaths = new URL('./onnxruntime/', import.meta.url).href;
    const address = (file) => new URL(file, import.meta.url).href;
    const create = (file, provider, weights = []) =>
      ort.InferenceSession.create(address(file), {
        executionProviders: [provider],
        // With WebGPU it warns, as an error, that shapes stay on the CPU.
        logSeverityLevel: 3,
        externalData: weights.map((path) => ({
          path,
          data: address(`./weights/${path}`),
        })),
      });
    info = given;
    model = await create('./model.onnx', backend, info.weights);
    // The first run takes longer; what the page tells is of later ones.
    const [W, H] = info.input_size;
    const black = new Uint8ClampedArray(3 * W * H);
    await run(model, modelInput([black], info));
    if (people) {
      detector = await create('./detector.onnx', 'wasm');
      detectorSize = people.input_size;
    }
    return { threads: ort.env.wasm.numThreads };
  },

  async detect({ image }) {
    const input = detectorInput(image, detectorSize);
    const found = await run(detector, modelInput(input.crops, input.info));
    return decode(Object.values(found), detectorSize).map(({ box }) =>
      toImage(box, input.frame, detectorSize, image),
    );
  },

  async estimate({ image, boxes }) {
    const started = performance.now();
    const size = info.input_size;
    const found = [];
    for (let n = 0; n < boxes.length; n += BATCH) {
      const frames = boxes
        .slice(n, n + BATCH)
        .map((box) => frame(box, size, info.padding));
      const crops = frames.map((f) => crop(image, f, size, info.use_udp));
      const outputs = await run(model, modelInput(crops, info));
      const arrays = Object.fromEntries(
        Object.entries(outputs).map(([name, { data }]) => [name, data]),
      );
      found.push(...poses(arrays, frames, info));
    }
    return { poses: found, milliseconds: performance.now() - started };
  },
};

async function run(session, { type, data, dims }) {
  const input = new ort.Tensor(type, data, dims);
  return session.run({ [session.inputNames[0]]: input });
}

self.onmessage = async ({ data: { id, task, ...given } }) => {
  try {
    self.postMessage({ id, result: await tasks[task](given) });
  } catch (error) {
    self.postMessage({ id, error: String(error?.message ?? error) });
  }
};
