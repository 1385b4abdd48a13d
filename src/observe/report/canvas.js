// SPDX-License-Identifier: MIT
// What the two drawings share: a canvas that is as sharp as the screen, drawn only when something changed, moved and
// zoomed by pointer, wheel and keys.

const paints = {};

/** The colours of the style sheet, as the canvas needs them; to be called again when light and dark change places. */
function readPaints() {
  const probe = element('span');
  document.body.append(probe);
  const names = ['text', 'muted', 'line', 'surface', 'page', 'accent', 'critical', 'plenty',
                 ...data.states, ...data.states.map((name) => `${name}-soft`)];
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    paints[name] = getComputedStyle(probe).color;
  }
  paints.font = getComputedStyle(document.body).fontFamily;
  paints.state = data.states.map((name) => paints[name]);
  // Where a task is but a speck, those that succeeded stay in the background.
  paints.speck = data.states.map((name) => name === 'succeeded' ? paints.plenty : paints[name]);
  paints.soft = data.states.map((name) => paints[`${name}-soft`]);
  probe.remove();
}

const tip = element('div', {id: 'tip', hidden: ''});

function showTip(event, task) {
  tip.hidden = task < 0;
  if (task < 0) return;
  const facts = `${data.states[stateOf[task]]} · took ${formatDuration(took[task])} · waited ${formatDuration(waited[task])}`;
  tip.replaceChildren(element('b', {}, data.name[task]), element('br'), signOf(stateOf[task]), ` ${facts}`);
  const right = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(8, right)}px`;
  tip.style.top = `${event.clientY + tip.offsetHeight + 24 > innerHeight ? event.clientY - tip.offsetHeight - 10 :
                                                                           event.clientY + 18}px`;
}

/** `text`, shortened to `width` pixels of `context`'s font. */
function shorten(context, text, width) {
  const whole = context.measureText(text.slice(0, 400)).width;
  if (whole <= width && text.length <= 400) return text;
  const room = Math.floor(width / whole * Math.min(text.length, 400)) - 1;
  return room < 2 ? '' : `${text.slice(0, room)}…`;
}

/**
 * A canvas in `section`. The drawing gives
 *   draw(context, width, height, settled)  settled: nothing moved for a while, so it may take its time
 *   taskAt(x, y)      the task there, or -1
 *   pan(dx, dy)       by pixels
 *   zoom(factor, x, y)  around a pixel
 *   fit()             shows all
 */
class Canvas {
  constructor(section, label, drawing) {
    this.drawing = drawing;
    this.hovered = -1;
    this.node = element('canvas', {tabindex: '0', role: 'img', 'aria-label': label});
    this.context = this.node.getContext('2d');
    const button = (text, title, action) => element('button', {type: 'button', title, 'aria-label': title,
                                                               onclick: action}, text);
    const zoom = (factor) => () => this.zoom(factor, this.node.clientWidth / 2, this.node.clientHeight / 2);
    section.querySelector('.tools').append(button('−', 'zoom out', zoom(1 / 1.5)), button('+', 'zoom in', zoom(1.5)),
                                           button('fit', 'show all', () => this.fit()));
    section.append(this.node);
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.node);
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    const first = this.width === undefined;
    this.width = this.node.clientWidth;
    this.height = this.node.clientHeight;
    this.node.width = Math.round(this.width * ratio);
    this.node.height = Math.round(this.height * ratio);
    if (first) this.drawing.fit(this.width, this.height);
    this.onFirstSize?.();
    this.onFirstSize = undefined;
    this.paint(true);
  }

  /** Draws soon: coarsely while things move, and once more when they have come to rest. */
  redraw() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => requestAnimationFrame(() => this.paint(true)), 120);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => this.paint(false));
  }

  paint(settled) {
    this.frame = 0;
    if (!this.width) return;
    const ratio = devicePixelRatio || 1;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    this.drawing.draw(this.context, this.width, this.height, settled);
  }

  zoom(factor, x, y) {
    this.drawing.zoom(factor, x, y);
    this.redraw();
  }
  pan(dx, dy) {
    this.drawing.pan(dx, dy);
    this.redraw();
  }
  fit() {
    this.drawing.fit(this.width, this.height);
    this.redraw();
  }

  hover(event, task) {
    showTip(event, task);
    this.node.style.cursor = task >= 0 ? 'pointer' : 'grab';
    if (task === this.hovered) return;
    this.hovered = task;
    this.redraw();
  }

  listen() {
    const {node} = this;
    let from = null;
    let moved = false;
    node.addEventListener('pointerdown', (event) => {
      from = {x: event.clientX, y: event.clientY};
      moved = false;
      node.setPointerCapture(event.pointerId);
    });
    node.addEventListener('pointermove', (event) => {
      if (!from) return this.hover(event, this.drawing.taskAt(event.offsetX, event.offsetY));
      const dx = event.clientX - from.x;
      const dy = event.clientY - from.y;
      if (!moved && Math.hypot(dx, dy) < 4) return;
      moved = true;
      from = {x: event.clientX, y: event.clientY};
      this.hover(event, -1);
      this.pan(dx, dy);
    });
    node.addEventListener('pointerup', (event) => {
      if (from && !moved) select(this.drawing.taskAt(event.offsetX, event.offsetY));
      from = null;
    });
    node.addEventListener('pointercancel', () => { from = null; });
    node.addEventListener('pointerleave', (event) => this.hover(event, -1));
    // The wheel scrolls the page until the drawing was clicked on or Ctrl is held.
    node.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== node) return;
      event.preventDefault();
      this.zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 150), event.offsetX, event.offsetY);
    }, {passive: false});
    node.addEventListener('keydown', (event) => this.press(event));
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 60;
    const middle = [this.width / 2, this.height / 2];
    const actions = {
      ArrowLeft: () => this.pan(step, 0), ArrowRight: () => this.pan(-step, 0),
      ArrowUp: () => this.pan(0, step), ArrowDown: () => this.pan(0, -step),
      '+': () => this.zoom(1.25, ...middle), '=': () => this.zoom(1.25, ...middle),
      '-': () => this.zoom(0.8, ...middle), 0: () => this.fit(),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }
}
