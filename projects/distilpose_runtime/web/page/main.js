// The page: what the user chooses, and what is shown.

import { draw } from './drawing.js';
import { save, takeFiles } from './files.js';
import { PeopleList } from './list.js';
import { Models } from './models.js';
import { cameraFrames, videoFrames } from './moving.js';
import { Picture } from './picture.js';
import { drawBoxes } from './pointer.js';
import { Turns } from './turns.js';

const element = (id) => document.getElementById(id);
const canvas = element('picture');
const turns = new Turns();
const VIDEOS = /\.(avi|m4v|mkv|mov|mp4|mpe?g|ogv|webm)$/i;
const DRAW = 'Draw a box around each person.';
const DETECTIONS = 4; // a second of video, as in follower.py

let models, picture, list, look, loaded;
let chosen = null; // one of the people
let drawn = null; // the box that the user is drawing
let video = null; // [{time, people}] of the video that was shown

async function start() {
  const about = await (await fetch('./models.json')).json();
  look = about.look;
  models = new Models(about.model, about.detector);
  picture = new Picture(models);
  list = new PeopleList(element('people'), look, { choose, remove, place });
  const { model, dataset, input_size, keypoint_names } = about.model;
  element('about').textContent =
    `${model}: ${keypoint_names.length} keypoints of ${dataset}, ` +
    `input ${input_size.join(' x ')}`;
  const { origin, is_for_research_only } = about.model;
  const use = is_for_research_only ? 'For research only: ' : '';
  element('license').textContent = `${use}${origin}.`;
  await showExample();
}

async function load() {
  const progress = element('progress');
  say('Loading the models ...');
  try {
    await models.open((share) => (progress.value = share));
  } catch (error) {
    say('');
    throw new Error(`This browser cannot run the model: ${error.message}.`);
  } finally {
    progress.hidden = true;
  }
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

async function openFiles(files) {
  const [file] = files;
  if (!file) throw new Error('This is no file. Choose a photo or a video.');
  if (/\.onnx$/i.test(file.name)) {
    throw new Error(
      `"${file.name}" is a model. To run it here, start ` +
        `\`distilpose serve ${file.name}\`.`,
    );
  }
  const isVideo = file.type.startsWith('video/') || VIDEOS.test(file.name);
  await (isVideo ? play(videoFrames(file), file.name) : showPhoto(file));
  if (files.length > 1) {
    throw new Error(`Only "${file.name}" is shown: choose one file at a time.`);
  }
}

async function showExample() {
  const answer = await fetch('./example.jpg');
  await showPhoto(new File([await answer.blob()], 'example.jpg'), true);
}

function showPhoto(file, isExample = false) {
  return turns.replace(async (isCurrent) => {
    await picture.show(file);
    say('Looking for people ...');
    begin(file.name, isExample);
    await (loaded ??= load());
    if (!isCurrent()) return;
    await picture.find();
    render();
    report();
  });
}

/** Show frames one after the other, with what is found in each. */
function play(frames, name) {
  return turns.replace(async (isCurrent) => {
    await (loaded ??= load());
    const progress = element('progress');
    const started = performance.now();
    const found = [];
    let [count, before] = [0, null];
    element('stop').hidden = false;
    try {
      for await (const { bitmap, time, share } of frames) {
        if (!isCurrent()) break;
        if (!count) begin(name);
        const earlier = picture.people;
        await picture.show(bitmap);
        const turn = Math.floor(time * DETECTIONS);
        await picture.find(earlier, turn !== before);
        before = turn;
        render();
        if (share !== undefined) {
          video = found;
          found.push({ time, people: picture.result() });
          progress.hidden = false;
          progress.value = share;
        }
        const rate = (++count * 1000) / (performance.now() - started);
        report(`Frame ${count}, ${rate.toFixed(1)} a second. `);
      }
    } finally {
      element('stop').hidden = progress.hidden = true;
    }
  });
}

function begin(name, isExample = false) {
  picture.name = name;
  picture.forget();
  chosen = video = null;
  element('credit').hidden = !isExample;
  render();
}

/** Whether people can be added and moved; not while frames follow. */
function canEdit() {
  return picture?.bitmap && element('stop').hidden;
}

/** Show boxes that the user has changed, and then their poses. */
async function update() {
  render();
  await turns.follow(async () => {
    if (element('backend').value !== models.backend) await changeBackend();
    await picture.estimate();
    render();
    report();
  });
}

async function changeBackend() {
  const boxes = picture.people.map(({ box }) => box);
  if (element('backend').value === 'wasm') {
    models.useWasm();
    return;
  }
  say('Comparing WebGPU with WebAssembly on this picture ...');
  try {
    if (!boxes.length) throw new Error('Show people first, to compare on.');
    await models.useWebGPU(boxes);
  } catch (error) {
    element('backend').value = 'wasm';
    element('problem').textContent = error.message;
  }
}

function choose(person) {
  chosen = person;
  render();
}

function remove(person) {
  if (!canEdit()) return;
  picture.remove(person);
  choose(null);
  report();
  if (document.activeElement === document.body) element('add').focus();
}

function place(person, box) {
  if (!canEdit() || picture.fault(box)) return;
  person.box = box;
  attempt(update);
}

function report(start = '') {
  const { people, milliseconds } = picture;
  const by =
    models.backend === 'webgpu'
      ? 'WebGPU'
      : `WebAssembly, threads: ${models.threads}`;
  const each = milliseconds.toFixed(1);
  const found = people.length
    ? `People: ${people.length}. Keypoints: ${each} ms each (${by}).`
    : `No people found. ${DRAW}`;
  say(start + found);
}

function render() {
  if (!picture?.bitmap) return;
  const { people, name } = picture;
  const minScore = Number(element('score').value);
  const parts = ['ids', 'boxes', 'sigmas'].filter((id) => element(id).checked);
  const box = drawn ? [{ number: picture.count + 1, box: drawn }] : [];
  const shown = { ...picture, people: [...people, ...box] };
  const options = { parts, minScore, chosen };
  draw(canvas, shown, models.info, look, options);
  canvas.setAttribute('aria-label', `${name}, people: ${people.length}`);
  list.show(people, chosen);
  element('json').textContent = toJson({ people: picture.result() }, 1);
}

function toJson(found, indent) {
  const names = models.info.keypoint_names;
  return JSON.stringify({ names, ...found }, null, indent);
}

function savedName(ending) {
  return `${picture.name.replace(/\.\w+$/, '')}-poses.${ending}`;
}

const toPicture = (box) =>
  box.map((share, i) => share * (i % 2 ? picture.height : picture.width));
const cancel = drawBoxes(canvas, {
  canDraw: canEdit,
  preview(box) {
    drawn = box && toPicture(box);
    render();
  },
  tapped: () => say('Tap the opposite corner of the box.'),
  draw(box) {
    if (picture.fault(toPicture(box))) return;
    picture.add(toPicture(box));
    attempt(update);
  },
});
takeFiles(element('file'), (files) => attempt(openFiles, files));
on('example', 'click', showExample);
on('camera', 'click', () => play(cameraFrames(), 'camera'));
on('stop', 'click', () => turns.stop());
on('add', 'click', async () => {
  if (!canEdit()) return;
  const person = picture.add(toPicture([0.25, 0.25, 0.75, 0.75]));
  await update();
  choose(person);
  list.focus(person);
});
on('clear', 'click', () => {
  if (!canEdit()) return;
  picture.forget();
  choose(null);
  say(DRAW);
});
on('backend', 'change', () => {
  for (const person of picture?.people ?? []) person.posed = null;
  return update();
});
element('score').addEventListener('input', ({ target }) => {
  target.nextElementSibling.value = target.value;
  render();
});
element('parts').addEventListener('change', render);
on('save-picture', 'click', () =>
  canvas.toBlob((blob) => save(blob, savedName('png'))),
);
on('save-json', 'click', () => {
  const found = video ? { frames: video } : { people: picture.result() };
  const json = new Blob([toJson(found)], { type: 'application/json' });
  save(json, savedName('json'));
});
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape') return;
  if (canEdit()) cancel();
  else turns.stop();
});
attempt(start);
