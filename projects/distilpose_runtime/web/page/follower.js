// People followed through a video by their poses. The rules and numbers are
// those of distilpose_runtime/follower.py.
// A person is {box, pose, start, moved, next, isLost}: `start` is {box, pose,
// width, height, wasMissed} of the frame where a detector found the person,
// `wasMissed` whether the detection after that one did not, `moved` where that
// box is by now, and `next` the part of it in the picture: the next frame's box.

import { area, overlap } from './detector.js';

const SCORE = 0.7;
const STEP = 0.6;
const AREA = 0.4;
const SAME = 0.8;

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Set `moved`, `next` and `isLost` of people. */
export function follow(people, { width, height }) {
  for (const person of people) {
    person.moved = moved(person.start, person.pose);
    person.next = person.moved.map((edge, i) =>
      Math.min(Math.max(edge, 0), i % 2 ? height : width),
    );
  }
  people.forEach((person, n) => {
    const { box, pose, start, moved, next } = person;
    const [first, now] = [area(start.box), area(moved)];
    person.isLost = !(
      start.width === width &&
      start.height === height &&
      sum(pose.scores) >= SCORE * sum(start.pose.scores) &&
      Math.min(area(next), first) > AREA * Math.max(first, now) &&
      overlap(next, box) >= STEP &&
      people.slice(0, n).every((x) => overlap(x.moved, moved) <= SAME)
    );
  });
}

/** A box moved and scaled as the keypoints have moved and spread. */
function moved({ box, pose: first }, pose) {
  const weights = pose.scores.map((score, k) =>
    Math.max(score * first.scores[k], 1e-6),
  );
  const mean = (values) =>
    sum(values.map((value, k) => value * weights[k])) / sum(weights);
  return box.map((edge, i) => {
    const axis = i % 2;
    const least = ((box[axis + 2] - box[axis]) / 10) ** 2;
    const [then, now] = [first, pose].map(({ keypoints }) => {
      const places = keypoints.map((point) => point[axis]);
      const middle = mean(places);
      const variance = mean(places.map((x) => (x - middle) ** 2));
      return { middle, spread: Math.sqrt(variance + least) };
    });
    return now.middle + ((edge - then.middle) * now.spread) / then.spread;
  });
}
