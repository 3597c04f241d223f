// The picture that the page shows, and who is in it.

import { overlap } from './detector.js';
import { follow } from './follower.js';
import { boxFault } from './pose.js';

const LONGEST = 1600; // pixels of the bitmap, which is scaled down
const SAME = 0.3; // intersection over union of a person in two frames

/**
 * A photo, or the frame of a video that is shown.
 *
 * `bitmap` is it as drawn; `people`, [{number, box, score, pose, posed}], are
 * in pixels of the picture itself, `width` by `height`. A pose is that of the
 * box `posed`; a box that the user drew has the score null.
 */
export class Picture {
  constructor(models) {
    Object.assign(this, { models, name: '', bitmap: null });
    this.forget();
  }

  /** Forget the people and their numbers. */
  forget() {
    Object.assign(this, { people: [], count: 0, milliseconds: 0 });
  }

  /** Show a file, or an ImageBitmap. */
  async show(given) {
    const shown = await this.models.show(given, LONGEST);
    this.bitmap?.close();
    Object.assign(this, shown, { people: [] });
  }

  /**
   * Find people and their poses; those of `earlier` keep their numbers. Unless
   * the detector is due, boxes follow the poses until someone is lost. Whom
   * it misses once, and who is not lost, stays.
   */
  async find(earlier = [], isDue = true) {
    if (!isDue && (await this.follow(earlier))) return;
    this.people = [];
    const found = await this.models.detect();
    const known = new Set(earlier);
    for (const { box, score } of found) {
      if (this.fault(box)) continue;
      let [same, most] = [null, SAME];
      for (const person of known) {
        const shared = overlap(person.next, box);
        if (shared >= most) [same, most] = [person, shared];
      }
      known.delete(same);
      const number = same?.number ?? ++this.count;
      this.people.push({ number, box, score });
    }
    const seen = [...this.people];
    for (const person of earlier) {
      const { start, next } = person;
      if (start.wasMissed) continue;
      if (seen.some(({ box }) => overlap(next, box) >= SAME)) continue;
      this.people.push(atNext(person, { ...start, wasMissed: true }));
    }
    await this.estimate();
    const { width, height } = this;
    for (const person of seen) {
      person.start = { box: person.box, pose: person.pose, width, height };
    }
    follow(this.people, this);
    const missed = this.people.slice(seen.length);
    const sure = missed.filter(({ isLost }) => !isLost);
    // After a cut, few are.
    this.people = 2 * sure.length > missed.length ? [...seen, ...sure] : seen;
  }

  /** Find people by their poses alone; false if someone is lost. */
  async follow(earlier) {
    this.people = earlier.map((person) => atNext(person, person.start));
    await this.estimate();
    follow(this.people, this);
    return !this.people.some(({ isLost }) => isLost);
  }

  /** Find the poses of those whose box is new. */
  async estimate() {
    const people = this.people.filter(({ box, posed }) => box !== posed);
    if (!people.length) return;
    const boxes = people.map(({ box }) => box);
    const { poses, milliseconds } = await this.models.estimate(boxes);
    people.forEach((person, n) =>
      Object.assign(person, { pose: poses[n], posed: boxes[n] }),
    );
    this.milliseconds = milliseconds / boxes.length;
  }

  /** Why a box has no part of the picture; null where it has one. */
  fault(box) {
    return boxFault(box, this);
  }

  add(box) {
    const person = { number: ++this.count, box, score: null };
    this.people.push(person);
    return person;
  }

  remove(person) {
    this.people = this.people.filter((other) => other !== person);
  }

  /** The people as JSON has them. */
  result() {
    return this.people.map(({ number, box, score, pose }) => ({
      ...{ number, box, score },
      ...pose,
    }));
  }
}

/** A person of the frame before, in the next box. */
function atNext(person, start) {
  return { ...person, box: person.next, start, posed: null };
}
