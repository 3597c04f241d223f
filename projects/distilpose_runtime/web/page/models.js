// The models as the page sees them: a worker, and which backend to trust.

import { difference, frame } from './pose.js';

// How far WebGPU may be from wasm on the first picture; pixels of the model's
// input.
const MAX_PIXELS = 0.5;
const MAX_SCORES = 0.01;

/** Asks a worker for its tasks. */
class Runner {
  constructor() {
    this.worker = new Worker('./worker.js', { type: 'module' });
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({ data: { id, share, result, error } }) => {
      const { resolve, reject, report } = this.waiting.get(id);
      if (share !== undefined) {
        report(share);
        return;
      }
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

  ask(task, given, { moved = [], report = () => {} } = {}) {
    const id = this.count++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, report });
      this.worker.postMessage({ id, task, ...given }, moved);
    });
  }
}

/** Finds people and their keypoints in the picture that is shown. */
export class Models {
  constructor(info, detector, runner = new Runner()) {
    this.info = info;
    this.detector = detector;
    this.runner = runner;
    this.backend = 'wasm'; // what runs
    this.hasWebGPU = false; // whether it has loaded the model
  }

  /** Load all; `report` learns which share has come. */
  async open(report) {
    const { info, detector } = this;
    const given = { backend: 'wasm', info, detector: detector.input_size };
    const { threads } = await this.runner.ask('open', given, { report });
    this.threads = threads;
  }

  /**
   * Take a file, or an ImageBitmap, as the picture: {bitmap, width, height}.
   * The bitmap has at most `maxLength` pixels a side.
   */
  show(picture, maxLength) {
    const moved = picture instanceof ImageBitmap ? [picture] : [];
    return this.runner.ask('show', { picture, maxLength }, { moved });
  }

  /** The people in the picture, the best first: [{box, score}]. */
  detect() {
    return this.runner.ask('detect');
  }

  /** Keypoints of the people in boxes: {poses, milliseconds}. */
  estimate(boxes, backend = this.backend) {
    return this.runner.ask('estimate', { boxes, backend });
  }

  useWasm() {
    this.backend = 'wasm';
  }

  /**
   * Go on with WebGPU if its poses in this picture are those of wasm.
   * Else an error says why not, and wasm stays.
   */
  async useWebGPU(boxes) {
    if (!navigator.gpu) {
      throw new Error('This browser has no WebGPU; wasm goes on.');
    }
    try {
      if (!this.hasWebGPU) {
        const given = { backend: 'webgpu', info: this.info, detector: null };
        await this.runner.ask('open', given);
        this.hasWebGPU = true;
      }
      const expected = await this.estimate(boxes, 'wasm');
      const found = await this.estimate(boxes, 'webgpu');
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
