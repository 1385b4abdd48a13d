// SPDX-License-Identifier: MIT
// The graph: boxes for tasks, lines for edges. The less room a box has, the less of it is drawn.

class GraphDrawing {
  constructor() {
    [this.boxWidth, this.boxHeight, this.wholeWidth, this.wholeHeight] = data.size;
    this.x = Float32Array.from(data.x);
    this.y = Float32Array.from(data.y);
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.visible = [];
  }

  fit(width, height) {
    const margin = 16;
    const wide = (width - 2 * margin) / Math.max(1, this.wholeWidth);
    const high = (height - 2 * margin) / Math.max(1, this.wholeHeight);
    this.least = Math.min(wide, high, 1) / 2;
    this.scale = Math.min(wide, high, 1.25);
    this.left = (width - this.wholeWidth * this.scale) / 2;
    this.top = (height - this.wholeHeight * this.scale) / 2;
    this.size = [width, height];
  }

  /** The pixels that the whole graph needs in height, where it has so many in width. */
  heightAt(width) {
    return this.wholeHeight * Math.min(1.25, (width - 32) / Math.max(1, this.wholeWidth)) + 48;
  }

  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
  }

  zoom(factor, x, y) {
    const scale = Math.min(4, Math.max(this.least, this.scale * factor));
    this.left = x - (x - this.left) * scale / this.scale;
    this.top = y - (y - this.top) * scale / this.scale;
    this.scale = scale;
  }

  /** Moves a task that cannot be seen, or hardly, into the middle. */
  reveal(task, width, height) {
    const coarse = this.scale < 0.35;
    if (coarse) this.zoom(0.6 / this.scale, 0, 0);
    const x = this.x[task] * this.scale + this.left;
    const y = this.y[task] * this.scale + this.top;
    const margin = 40;
    if (!coarse && x > margin && y > margin && x < width - margin && y < height - margin) return;
    this.pan(width / 2 - x, height / 2 - y);
  }

  taskAt(x, y) {
    const halfWidth = Math.max(this.boxWidth * this.scale / 2, 3);
    const halfHeight = Math.max(this.boxHeight * this.scale / 2, 3);
    for (const task of this.visible) {
      if (Math.abs(this.x[task] * this.scale + this.left - x) <= halfWidth &&
          Math.abs(this.y[task] * this.scale + this.top - y) <= halfHeight) return task;
    }
    return -1;
  }

  draw(context, width, height, settled) {
    this.findVisible(width, height);
    this.drawEdges(context, width, height, settled);
    this.drawBoxes(context);
    this.drawCriticalPath(context);
    if (graphView.hovered >= 0) this.outline(context, graphView.hovered, paints.muted, 1.5);
    if (choice.task >= 0) {
      this.drawEdgesOf(context, choice.task);
      this.outline(context, choice.task, paints.accent, 2.5);
    }
  }

  findVisible(width, height) {
    const reachX = this.boxWidth * this.scale / 2;
    const reachY = this.boxHeight * this.scale / 2;
    this.visible.length = 0;
    for (let task = 0; task < taskCount; ++task) {
      const x = this.x[task] * this.scale + this.left;
      const y = this.y[task] * this.scale + this.top;
      if (x + reachX >= 0 && y + reachY >= 0 && x - reachX <= width && y - reachY <= height) this.visible.push(task);
    }
  }

  /** The ends of an edge in pixels. */
  endsOf(edge) {
    const from = edgeFrom[edge];
    const to = edgeTo[edge];
    const half = this.boxWidth / 2;
    return [(this.x[from] + half) * this.scale + this.left, this.y[from] * this.scale + this.top,
            (this.x[to] - half) * this.scale + this.left, this.y[to] * this.scale + this.top];
  }

  /** Adds the line of an edge to the path of `context`. */
  trace(context, edge, straight) {
    let [x, y, lastX, lastY] = this.endsOf(edge);
    context.moveTo(x, y);
    if (straight) return context.lineTo(lastX, lastY);
    const end = data.bend_at.length > 0 ? data.bend_at[edge + 1] : 0;
    for (let bend = data.bend_at.length > 0 ? data.bend_at[edge] : 0; bend < end; ++bend) {
      const nextX = data.bend_x[bend] * this.scale + this.left;
      const nextY = data.bend_y[bend] * this.scale + this.top;
      this.curve(context, x, y, nextX, nextY);
      [x, y] = [nextX, nextY];
    }
    this.curve(context, x, y, lastX, lastY);
  }

  curve(context, x, y, toX, toY) {
    const reach = Math.max((toX - x) / 2, 0);
    context.bezierCurveTo(x + reach, y, toX - reach, toY, toX, toY);
  }

  drawEdges(context, width, height, settled) {
    // So many are drawn in time for the next frame; more than that only when nothing moves.
    const budget = settled ? 150000 : 6000;
    const step = Math.max(1, Math.ceil(edgeTo.length / budget));
    const straight = this.scale < 0.12;
    context.lineWidth = 1;
    context.strokeStyle = paints.muted;
    context.globalAlpha = edgeTo.length > 20000 && straight ? 0.08 : edgeTo.length > 2000 && straight ? 0.2 : 0.42;
    context.beginPath();
    for (let edge = 0; edge < edgeTo.length; edge += step) {
      const [x, y, toX, toY] = this.endsOf(edge);
      if (toX < 0 || x > width || Math.max(y, toY) < -200 || Math.min(y, toY) > height + 200) continue;
      this.trace(context, edge, straight);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  /** On top of the boxes: where those are specks, nothing else would show it. */
  drawCriticalPath(context) {
    this.strokeEdges(context, criticalEdges, paints.critical, 2);
    if (this.boxHeight * this.scale >= 5) return;
    for (const task of data.critical) this.outline(context, task, paints.critical, 1.5, 0.5);
  }

  strokeEdges(context, edges, paint, width) {
    context.strokeStyle = paint;
    context.lineWidth = width;
    context.beginPath();
    for (const edge of edges) this.trace(context, edge, false);
    context.stroke();
  }

  drawEdgesOf(context, task) {
    const most = 2000;
    const edges = [];
    for (let edge = firstEdge[task]; edge < firstEdge[task + 1] && edges.length < most; ++edge) edges.push(edge);
    edges.push(...incoming.subarray(firstIncoming[task], Math.min(firstIncoming[task + 1], firstIncoming[task] + most)));
    this.strokeEdges(context, edges, paints.accent, 1.75);
  }

  drawBoxes(context) {
    const height = this.boxHeight * this.scale;
    for (const task of this.visible) {
      context.globalAlpha = isShown[task] ? 1 : 0.22;
      if (height < 5) this.drawSpeck(context, task);
      else this.drawBox(context, task, height);
    }
    context.globalAlpha = 1;
  }

  drawSpeck(context, task) {
    const width = Math.max(this.boxWidth * this.scale, 1.5);
    const height = Math.max(this.boxHeight * this.scale, 1.5);
    context.fillStyle = paints.speck[stateOf[task]];
    context.fillRect(this.x[task] * this.scale + this.left - width / 2,
                     this.y[task] * this.scale + this.top - height / 2, width, height);
  }

  boxPath(context, task, grow) {
    const width = this.boxWidth * this.scale + 2 * grow;
    const height = this.boxHeight * this.scale + 2 * grow;
    context.beginPath();
    context.roundRect(this.x[task] * this.scale + this.left - width / 2,
                      this.y[task] * this.scale + this.top - height / 2, width, height, Math.min(6, height / 4));
  }

  drawBox(context, task, height) {
    const state = stateOf[task];
    this.boxPath(context, task, 0);
    context.fillStyle = paints.surface;
    context.fill();
    context.fillStyle = paints.soft[state];
    context.fill();
    context.strokeStyle = isCritical[task] ? paints.critical : paints.state[state];
    context.lineWidth = isCritical[task] ? 2 : 1;
    context.stroke();
    context.textBaseline = 'middle';
    if (height >= 11) this.drawLabel(context, task, height);
    else if (height >= 7) this.drawSign(context, task, height);
  }

  drawLabel(context, task, height) {
    const size = Math.min(13, height * 0.5);
    const width = this.boxWidth * this.scale;
    const x = this.x[task] * this.scale + this.left - width / 2 + size * 0.7;
    const y = this.y[task] * this.scale + this.top;
    context.font = `${size}px ${paints.font}`;
    context.fillStyle = paints.state[stateOf[task]];
    context.fillText(data.signs[stateOf[task]], x, y);
    context.fillStyle = paints.text;
    context.fillText(shorten(context, data.name[task], width - size * 2.6), x + size * 1.4, y);
  }

  /** What fits where a name cannot be read. */
  drawSign(context, task, height) {
    context.font = `600 ${height * 0.85}px ${paints.font}`;
    context.fillStyle = paints.state[stateOf[task]];
    context.textAlign = 'center';
    context.fillText(data.signs[stateOf[task]], this.x[task] * this.scale + this.left,
                     this.y[task] * this.scale + this.top + 0.5);
    context.textAlign = 'start';
  }

  outline(context, task, paint, width, grow = 2.5) {
    this.boxPath(context, task, grow);
    context.strokeStyle = paint;
    context.lineWidth = width;
    context.stroke();
  }
}

/** The edges between neighbours on the critical path. */
function findCriticalEdges() {
  const found = [];
  for (const task of data.critical) {
    for (let edge = firstEdge[task]; edge < firstEdge[task + 1]; ++edge) {
      if (edgeTo[edge] === criticalNext[task]) found.push(edge);
    }
  }
  return found;
}
const criticalEdges = findCriticalEdges();
let graphView;
