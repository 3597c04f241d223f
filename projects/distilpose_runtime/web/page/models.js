// The models as the page sees them: a worker, and which backend to trust.

import { difference, frame } from './pose.js';

// How far WebGPU may be from wasm on the first picture; pixels of the model's
// input.
const MAX_PIXELS = 0.5;
const MAX_SCORES = 0.01;

/** A worker with its models, and a function for each of its tasks. */
class Runner {
  constructor() {
    this.worker = new Worker('./worker.js', { type: 'module' });
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    this.worker.onerror = (event) => {
      for (const { reject } of this.waiting.values()) {
        reject(new Error(event.message ?? 'the worker cannot start'));
      }
      this.waiting.clear();
    };
  }

  ask(task, given) {
    const id = this.count++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, task, ...given });
    });
  }
}

/** Finds people and their keypoints. */
export class Models {
  constructor(info, detector) {
    this.info = info;
    this.detector = detector;
    this.backend = 'wasm'; // what runs
    this.gpu = null; // a Runner, from when WebGPU was asked for
  }

  async open() {
    this.wasm = new Runner();
    const given = { info: this.info, detector: this.detector };
    const { threads } = await this.wasm.ask('open', {
      backend: 'wasm',
      ...given,
    });
    this.threads = threads;
  }

  detect(image) {
    return this.wasm.ask('detect', { image });
  }

  /** Keypoints of the people in boxes: {poses, milliseconds}. */
  estimate(image, boxes) {
    const runner = this.backend === 'webgpu' ? this.gpu : this.wasm;
    return runner.ask('estimate', { image, boxes });
  }

  useWasm() {
    this.backend = 'wasm';
  }

  /**
   * Go on with WebGPU if its poses in this image are those of wasm.
   * Else an error says why not, and wasm stays.
   */
  async useWebGPU(image, boxes) {
    if (!navigator.gpu) {
      throw new Error('This browser has no WebGPU; wasm goes on.');
    }
    try {
      if (!this.gpu) {
        const gpu = new Runner();
        const given = { backend: 'webgpu', info: this.info, detector: null };
        await gpu.ask('open', given);
        this.gpu = gpu;
      }
      const expected = await this.wasm.ask('estimate', { image, boxes });
      const found = await this.gpu.ask('estimate', { image, boxes });
      this.compare(expected.poses, found.poses, boxes);
    } catch (error) {
      throw new Error(`WebGPU is not used; wasm goes on. ${error.message}`);
    }
    this.backend = 'webgpu';
  }

  compare(expected, found, boxes) {
    const { input_size: size, padding } = this.info;
    const frames = boxes.map((box) => frame(box, size, padding));
    const { pixels, scores } = difference(expected, found, frames, size);
    if (pixels > MAX_PIXELS || scores > MAX_SCORES) {
      throw new Error(
        `On this picture it differs by ${pixels.toFixed(2)} pixels of the ` +
          `model's input and by ${scores.toFixed(3)} of the scores.`,
      );
    }
  }
}
