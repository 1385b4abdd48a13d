// SPDX-License-Identifier: MIT
// Who did what when: a lane for each worker, and lanes for the tasks that went on without one.

/** The bars of one lane, `tasks` in order of their start. They overlap only where lanes ran out. */
class Lane {
  constructor(name, isParked) {
    this.name = name;
    this.isParked = isParked;
    this.tasks = [];
    this.end = -Infinity;
    this.overlaps = false;
  }
  from(task) {
    return this.isParked ? parked[task] : started[task];
  }
  to(task) {
    const end = !this.isParked && parked[task] >= started[task] ? parked[task] : ended[task];
    return Number.isNaN(end) ? endOfRun : end;
  }
}

/** Puts each task into the first lane that is free when it starts, beyond `most` lanes into the last. */
function packLanes(tasks, name, isParked, most) {
  const lanes = [];
  for (const task of tasks) {
    let lane = lanes.find((one) => one.end <= one.from(task)) ?? lanes[most - 1];
    if (!lane) {
      lane = new Lane(lanes.length === 0 ? name : '', isParked);
      lanes.push(lane);
    }
    lane.tasks.push(task);
    lane.overlaps ||= lane.end > lane.from(task);
    lane.end = Math.max(lane.end, lane.to(task));
  }
  return lanes;
}

function findLanes() {
  const byWorker = new Map();
  const parkedTasks = [];
  for (let task = 0; task < taskCount; ++task) {
    if (Number.isNaN(started[task])) continue;
    if (!byWorker.has(data.worker[task])) byWorker.set(data.worker[task], []);
    byWorker.get(data.worker[task]).push(task);
    if (parked[task] >= started[task]) parkedTasks.push(task);
  }
  const lanes = [];
  for (const worker of [...byWorker.keys()].sort((a, b) => a - b)) {
    const tasks = byWorker.get(worker).sort((a, b) => started[a] - started[b] || a - b);
    lanes.push(...packLanes(tasks, `worker ${worker}`, false, 8));
  }
  parkedTasks.sort((a, b) => parked[a] - parked[b] || a - b);
  lanes.push(...packLanes(parkedTasks, 'parked', true, 64));
  return lanes;
}

class GanttDrawing {
  constructor() {
    this.lanes = findLanes();
    this.laneOf = new Int32Array(taskCount).fill(-1);
    this.lanes.forEach((lane, at) => {
      for (const task of lane.tasks) if (!lane.isParked) this.laneOf[task] = at;
    });
    this.gutter = 84;
    this.axis = 24;
    this.margin = 10;
  }

  fit(width, height) {
    this.room = Math.max(50, width - this.gutter - this.margin);
    this.viewHeight = height - this.axis - 6;
    this.span = Math.max(1, endOfRun);
    this.scale = this.room / this.span;  // pixels a nanosecond
    this.from = 0;                       // the time at the left border
    this.placeLanes();
    this.scroll = 0;
  }

  /** Workers get room for words; what is left is shared by the lanes of parked tasks, which may be thin. */
  placeLanes() {
    const count = this.lanes.filter((lane) => lane.isParked).length;
    const workers = this.lanes.length - count;
    const evenly = this.viewHeight / Math.max(1, this.lanes.length);
    const worker = Math.min(28, Math.max(19, evenly));
    const rest = Math.min(worker, Math.max(5, (this.viewHeight - workers * worker) / Math.max(1, count)));
    this.heightOf = (lane) => lane.isParked ? rest : worker;
    this.tops = [];
    this.wholeHeight = 0;
    for (const lane of this.lanes) {
      this.tops.push(this.wholeHeight);
      this.wholeHeight += this.heightOf(lane);
    }
  }

  pan(dx, dy) {
    this.from -= dx / this.scale;
    this.scroll -= dy;
    this.limit();
  }

  zoom(factor, x) {
    const time = this.from + (x - this.gutter) / this.scale;
    this.scale = Math.min(100, Math.max(this.room / this.span, this.scale * factor));
    this.from = time - (x - this.gutter) / this.scale;
    this.limit();
  }

  limit() {
    this.from = Math.min(this.span - this.room / this.scale, this.from);
    this.from = Math.max(0, this.from);
    this.scroll = Math.min(this.wholeHeight - this.viewHeight, this.scroll);
    this.scroll = Math.max(0, this.scroll);
  }

  xOf(time) {
    return this.gutter + (time - this.from) * this.scale;
  }
  yOf(lane) {
    return this.axis + this.tops[lane] - this.scroll;
  }

  /** Moves the bar of a task into view. */
  reveal(task) {
    const lane = this.laneOf[task];
    if (lane < 0) return;
    const from = this.xOf(started[task]);
    if (from < this.gutter || from > this.gutter + this.room) {
      this.from = started[task] - this.room / this.scale / 3;
    }
    const y = this.yOf(lane);
    if (y < this.axis || y + this.heightOf(this.lanes[lane]) > this.axis + this.viewHeight) {
      this.scroll = this.tops[lane] - this.viewHeight / 2;
    }
    this.limit();
  }

  /** The place in `lane.tasks` of the first bar that may be seen from `time` on. Where bars had to overlap: 0. */
  firstFrom(lane, time) {
    if (lane.overlaps) return 0;
    let low = 0;
    let high = lane.tasks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lane.from(lane.tasks[middle]) < time) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  taskAt(x, y) {
    if (x < this.gutter || y < this.axis) return -1;
    const lane = this.lanes.findLast((_, at) => this.yOf(at) <= y);
    if (!lane || y > this.axis + this.wholeHeight - this.scroll) return -1;
    const reach = 2 / this.scale;
    const time = this.from + (x - this.gutter) / this.scale;
    for (let at = this.firstFrom(lane, time - reach); at < lane.tasks.length; ++at) {
      const task = lane.tasks[at];
      if (lane.from(task) > time + reach) break;
      if (lane.to(task) >= time - reach) return task;
    }
    return -1;
  }

  draw(context, width, height) {
    if (this.size !== width) {
      const {scale, from, room} = this;
      this.room = Math.max(50, width - this.gutter - this.margin);
      this.scale = scale * this.room / room;
      this.from = from;
      this.size = width;
    }
    this.drawAxis(context, height);
    context.save();
    context.beginPath();
    context.rect(0, this.axis, width, height - this.axis);
    context.clip();
    this.lanes.forEach((lane, at) => {
      const y = this.yOf(at);
      this.laneHeight = this.heightOf(lane);
      if (y + this.laneHeight > this.axis && y < height) this.drawLane(context, lane, y, width);
    });
    context.restore();
  }

  /** Marks at round times, as far apart as their words need. */
  drawAxis(context, height) {
    const apart = 90 / this.scale;
    const power = 10 ** Math.floor(Math.log10(apart));
    const step = [1, 2, 5, 10].map((times) => times * power).find((length) => length >= apart);
    context.font = `11px ${paints.font}`;
    context.textBaseline = 'middle';
    context.lineWidth = 1;
    for (let mark = Math.ceil(this.from / step) * step; this.xOf(mark) <= this.gutter + this.room + 1; mark += step) {
      const x = Math.round(this.xOf(mark)) + 0.5;
      context.strokeStyle = paints.line;
      context.beginPath();
      context.moveTo(x, this.axis - 6);
      context.lineTo(x, height);
      context.stroke();
      context.fillStyle = paints.muted;
      const text = formatMark(mark, step);
      const end = this.gutter + this.room + this.margin - 2;
      context.fillText(text, Math.min(x - 2, end - context.measureText(text).width), 9);
    }
  }

  drawLane(context, lane, y, width) {
    context.fillStyle = paints.muted;
    context.font = `12px ${paints.font}`;
    context.textBaseline = 'middle';
    if (lane.name) context.fillText(lane.name, 12, y + Math.max(this.laneHeight, 12) / 2);
    context.save();
    context.beginPath();
    context.rect(this.gutter - 1, 0, width - this.gutter + 1, y + this.laneHeight);
    context.clip();
    if (!lane.isParked && this.laneHeight >= 10) this.drawWaits(context, lane, y);
    this.drawBars(context, lane, y);
    for (const task of [ganttView.hovered, choice.task]) this.drawChosen(context, lane, y, task);
    context.restore();
  }

  /** Calls `each(task, left, right)` for the bars that can be seen. Those that share a pixel are one bar: the worst. */
  forBars(lane, each) {
    const last = this.from + this.room / this.scale;
    let left = -1;
    let right = -1;
    let worst = -1;
    for (let at = this.firstFrom(lane, this.from); at < lane.tasks.length; ++at) {
      const task = lane.tasks[at];
      if (lane.from(task) > last) break;
      const from = this.xOf(lane.from(task));
      const to = Math.max(from + 1, this.xOf(lane.to(task)));
      if (worst >= 0 && to - left < 1.5) {
        right = Math.max(right, to);
        if (rankOfState[stateOf[task]] < rankOfState[stateOf[worst]]) worst = task;
        continue;
      }
      if (worst >= 0) each(worst, left, right);
      [worst, left, right] = [task, from, to];
    }
    if (worst >= 0) each(worst, left, right);
  }

  drawWaits(context, lane, y) {
    const line = Math.round(y + this.laneHeight - 2) + 0.5;
    context.strokeStyle = paints.muted;
    context.globalAlpha = 0.5;
    context.lineWidth = 1;
    context.beginPath();
    let drawn = this.gutter;
    this.forBars(lane, (task, left) => {
      if (!(waited[task] > 0) || left <= drawn) return;
      context.moveTo(Math.max(drawn, this.xOf(ready[task])), line);
      context.lineTo(left, line);
      drawn = left;
    });
    context.stroke();
    context.globalAlpha = 1;
  }

  drawBars(context, lane, y) {
    const gap = this.laneHeight >= 14 ? 3 : this.laneHeight >= 6 ? 1 : 0;
    const height = this.laneHeight - gap - (this.laneHeight >= 14 ? 2 : 0);
    const labelled = height >= 12;
    context.font = `11px ${paints.font}`;
    this.forBars(lane, (task, left, right) => {
      const state = stateOf[task];
      const width = Math.max(1, right - left - (right - left > 4 ? 1 : 0));
      context.globalAlpha = (isShown[task] ? 1 : 0.22) * (lane.isParked ? 0.55 : 1);
      context.fillStyle = width < 12 ? paints.speck[state] : paints.soft[state];
      context.fillRect(left, y + gap / 2, width, height);
      if (width >= 12) {
        context.fillStyle = paints.state[state];
        context.fillRect(left, y + gap / 2, 3, height);
      }
      if (isCritical[task] && width >= 3) {
        context.strokeStyle = paints.critical;
        context.lineWidth = 2;
        context.strokeRect(left + 1, y + gap / 2 + 1, width - 2, height - 2);
      } else if (isCritical[task]) {
        context.fillStyle = paints.critical;
        context.fillRect(left, y + gap / 2, width, 2);
      }
      if (labelled && width > 34) this.label(context, task, left, width, y + gap / 2 + height / 2 + 0.5);
    });
    context.globalAlpha = 1;
  }

  label(context, task, left, width, y) {
    // A bar that begins outside is labelled where it can be seen.
    const start = Math.max(left, this.gutter);
    const state = stateOf[task];
    const sign = state === STATE.succeeded ? '' : `${data.signs[state]} `;
    context.fillStyle = paints.text;
    context.fillText(shorten(context, sign + data.name[task], left + width - start - 14), start + 8, y);
  }

  holds(lane, task) {
    return lane.isParked ? parked[task] >= started[task] && lane.tasks.includes(task) :
                           this.lanes[this.laneOf[task]] === lane;
  }

  drawChosen(context, lane, y, task) {
    if (task < 0 || Number.isNaN(started[task]) || !this.holds(lane, task)) return;
    const chosen = task === choice.task;
    const left = this.xOf(lane.from(task));
    const width = Math.max(3, this.xOf(lane.to(task)) - left);
    context.strokeStyle = chosen ? paints.accent : paints.muted;
    context.lineWidth = chosen ? 2.5 : 1.5;
    context.strokeRect(left - 1, y + 1, width + 2, Math.max(3, this.laneHeight - 3));
    if (lane.isParked || !(waited[task] > 0)) return;
    context.beginPath();
    context.moveTo(this.xOf(ready[task]), y + this.laneHeight / 2);
    context.lineTo(left, y + this.laneHeight / 2);
    context.stroke();
  }
}
let ganttView;
