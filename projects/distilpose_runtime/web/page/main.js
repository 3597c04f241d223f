// The page: what the user chooses, and what is shown.

import { draw } from './drawing.js';
import { closeCamera, openCamera, readFrame, readPicture } from './images.js';
import { Models } from './models.js';
import { boxFault } from './pose.js';

const element = (id) => document.getElementById(id);
const canvas = element('picture');
const SMALLEST = 8; // pixels of the image; less is a click, not a box

let models;
let camera = null; // the video that plays
let drawn = null; // the box that the user is drawing
const shown = { image: null, boxes: [], poses: [], milliseconds: 0 };
let newest = 0; // the run that may show its result

async function start() {
  const about = await (await fetch('./models.json')).json();
  models = new Models(about.model, about.detector);
  const { model, dataset, input_size, keypoint_names } = about.model;
  element('about').textContent =
    `${model}: ${keypoint_names.length} keypoints of ${dataset}, ` +
    `input ${input_size.join(' x ')}`;
  try {
    await models.open();
  } catch (error) {
    say('');
    throw new Error(`This browser cannot run the model: ${error.message}`);
  }
  element('controls').disabled = false;
  say('Choose a photo, or start the camera.');
}

function say(text) {
  element('status').textContent = text;
}

/** Run what the user asked for; what goes wrong is one line on the page. */
function on(id, event, action) {
  element(id).addEventListener(event, (details) => attempt(action, details));
}

async function attempt(action, details) {
  element('problem').textContent = '';
  try {
    await action(details);
  } catch (error) {
    element('problem').textContent = error.message;
  }
}

async function showPhoto(file, isExample = false) {
  stopCamera();
  const image = await readPicture(file);
  element('credit').hidden = !isExample;
  newest++;
  Object.assign(shown, { image, boxes: [], poses: [] });
  render();
  if (models.detector) await findPeople();
  else say('Draw a box around each person.');
}

async function findPeople() {
  const run = ++newest;
  say('Looking for people ...');
  const boxes = await models.detect(shown.image);
  if (run === newest) await estimate(boxes);
}

/** Keypoints of these boxes in the image that is shown. */
async function estimate(boxes) {
  const run = ++newest;
  const { image } = shown;
  if (element('backend').value !== models.backend && boxes.length) {
    await changeBackend(image, boxes);
  }
  const { poses, milliseconds } = await models.estimate(image, boxes);
  if (run !== newest) return;
  Object.assign(shown, { boxes, poses, milliseconds });
  render();
  report();
}

async function changeBackend(image, boxes) {
  if (element('backend').value === 'wasm') {
    models.useWasm();
    return;
  }
  say('Comparing WebGPU with WebAssembly on this picture ...');
  try {
    await models.useWebGPU(image, boxes);
  } catch (error) {
    element('backend').value = 'wasm';
    element('problem').textContent = error.message;
  }
}

function report() {
  const { boxes, milliseconds } = shown;
  const { keypoint_names: names } = models.info;
  const people = shown.poses.map((pose, n) => ({ box: boxes[n], ...pose }));
  element('json').textContent = JSON.stringify({ names, people }, null, 1);
  if (!boxes.length) {
    const found = models.detector ? 'No people found. ' : '';
    say(`${found}Draw a box around a person.`);
    return;
  }
  const by =
    models.backend === 'webgpu'
      ? 'WebGPU'
      : `WebAssembly, threads: ${models.threads}`;
  const each = (milliseconds / boxes.length).toFixed(1);
  say(`People: ${boxes.length}. ${each} ms a person (${by}).`);
}

function render() {
  if (!shown.image) return;
  const boxes = drawn ? [...shown.boxes, drawn] : shown.boxes;
  draw(canvas, shown.image, boxes, shown.poses, models.info, {
    boxes: element('boxes').checked || drawn,
    ellipses: element('ellipses').checked,
    minScore: Number(element('score').value),
  });
}

async function playCamera() {
  if (camera) {
    stopCamera();
    return;
  }
  const video = await openCamera();
  camera = video;
  element('camera').textContent = 'Stop';
  element('credit').hidden = true;
  shown.boxes = [];
  try {
    while (camera === video) {
      shown.image = readFrame(video);
      shown.poses = [];
      if (models.detector) await findPeople();
      else if (shown.boxes.length) await estimate(shown.boxes);
      else {
        render();
        say('Draw a box around a person.');
      }
      await new Promise(requestAnimationFrame);
    }
  } finally {
    if (camera === video) stopCamera();
  }
}

function stopCamera() {
  if (!camera) return;
  closeCamera(camera);
  camera = null;
  element('camera').textContent = 'Camera';
}

/** Where the pointer is, in pixels of the image. */
function position({ clientX, clientY }) {
  const area = canvas.getBoundingClientRect();
  return [
    ((clientX - area.left) / area.width) * canvas.width,
    ((clientY - area.top) / area.height) * canvas.height,
  ];
}

let corner = null; // where the drawn box began

on('picture', 'pointerdown', (event) => {
  if (!shown.image) return;
  corner = position(event);
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener('pointermove', (event) => {
  if (!corner) return;
  const [[x1, y1], [x2, y2]] = [corner, position(event)];
  const sort = (a, b) => [Math.min(a, b), Math.max(a, b)];
  const [[left, right], [top, bottom]] = [sort(x1, x2), sort(y1, y2)];
  drawn = [left, top, right, bottom];
  render();
});
on('picture', 'pointerup', async () => {
  const box = drawn;
  corner = drawn = null;
  if (!box) return;
  const small = Math.min(box[2] - box[0], box[3] - box[1]) < SMALLEST;
  if (small || boxFault(box, shown.image)) render();
  else await estimate([...shown.boxes, box]);
});
on('file', 'change', async ({ target }) => {
  const [file] = target.files;
  target.value = ''; // so that the same file can be chosen again
  if (file) await showPhoto(file);
});
on('example', 'click', async () => {
  const answer = await fetch('./example.jpg');
  await showPhoto(await answer.blob(), true);
});
on('camera', 'click', playCamera);
on('clear', 'click', () => {
  if (shown.image) return estimate([]);
});
on('backend', 'change', () => {
  if (shown.boxes.length) return estimate(shown.boxes);
});
element('score').addEventListener('input', ({ target }) => {
  target.nextElementSibling.value = target.value;
  render();
});
for (const id of ['boxes', 'ellipses']) {
  element(id).addEventListener('change', render);
}
attempt(start);
