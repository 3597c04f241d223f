// The people of a picture as a list with scores.

import { colorOf } from './drawing.js';

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Shows people in a list. `on` has what to do: choose(person) or choose(null),
 * remove(person), and place(person, box).
 */
export class PeopleList {
  constructor(element, look, on) {
    Object.assign(this, { element, look, on, people: [] });
  }

  /** Show these people, one of them as chosen. Rows stay, and their focus. */
  show(people, chosen) {
    const rows = this.element.children;
    while (rows.length > people.length) this.element.lastChild.remove();
    while (rows.length < people.length) this.element.append(this.row());
    this.people = people;
    people.forEach((person, i) => {
      const [button, remove] = rows[i].children;
      const [swatch, name, scores] = button.children;
      swatch.style.background = colorOf(person, this.look);
      name.textContent = `Person ${person.number}`;
      scores.textContent = describe(person);
      button.setAttribute('aria-pressed', person === chosen);
      remove.setAttribute('aria-label', `Remove person ${person.number}`);
    });
  }

  /** Let the keys act on a person. */
  focus(person) {
    this.element.children[this.people.indexOf(person)]?.firstChild.focus();
  }

  row() {
    const create = (tag, name, ...children) => {
      const element = document.createElement(tag);
      element.className = name;
      element.append(...children);
      return element;
    };
    const button = create(
      'button',
      'person',
      create('span', 'swatch'),
      create('strong', ''),
      create('small', ''),
    );
    const remove = create('button', 'remove', '×');
    const row = create('li', '', button, remove);
    const person = () => this.people[[...this.element.children].indexOf(row)];
    button.setAttribute('aria-describedby', 'keys');
    button.addEventListener('click', () => {
      const isChosen = button.getAttribute('aria-pressed') === 'true';
      this.on.choose(isChosen ? null : person());
    });
    button.addEventListener('keydown', (event) => {
      const way = ARROWS[event.key];
      if (event.key === 'Delete') this.on.remove(person());
      if (!way) return;
      event.preventDefault(); // no scrolling
      this.on.place(person(), moved(person().box, way, event.shiftKey));
    });
    remove.addEventListener('click', () => this.on.remove(person()));
    return row;
  }
}

/** A box a little further on, or of another size. */
function moved([x1, y1, x2, y2], [x, y], resize) {
  const step = Math.max(1, Math.max(x2 - x1, y2 - y1) / 40);
  const [dx, dy] = [x * step, y * step];
  const start = resize ? [x1, y1] : [x1 + dx, y1 + dy];
  return [...start, x2 + dx, y2 + dy];
}

function describe({ score, pose }) {
  const box = score === null ? 'box by hand' : `found ${score.toFixed(2)}`;
  if (!pose) return box;
  const { scores } = pose;
  const mean = scores.reduce((sum, x) => sum + x, 0) / scores.length;
  return `${box}, keypoints ${mean.toFixed(2)}`;
}
