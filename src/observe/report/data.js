// SPDX-License-Identifier: MIT
// What the page knows: the run, its tasks and edges, as the library wrote them. Tasks are numbers, by which the arrays
// here are indexed. Times are nanoseconds since the start of the run, NaN where there is none.

const data = JSON.parse(document.getElementById('data').textContent);
const taskCount = data.name.length;

/** An array of numbers with NaN where `list` has null. */
function toTimes(list) {
  const times = new Float64Array(list.length);
  for (let i = 0; i < list.length; ++i) times[i] = list[i] === null ? NaN : list[i];
  return times;
}

const ready = toTimes(data.ready);
const started = toTimes(data.started);
const parked = toTimes(data.parked);
const ended = toTimes(data.task_ended);
const stateOf = Uint8Array.from(data.task_state);
const STATE = Object.fromEntries(data.states.map((name, number) => [name, number]));
// What did not succeed comes first, then what goes on.
const rankOfState = ['failed', 'cancelled', 'omitted', 'skipped', 'running', 'waiting', 'ready', 'pending', 'succeeded']
  .reduce((ranks, name, rank) => (ranks[STATE[name]] = rank, ranks), []);

/** The last moment that anything is known of. */
function findEnd() {
  let end = Math.max(data.ended ?? 0, data.taken ?? 0);
  for (const times of [started, parked, ended]) {
    for (const time of times) if (time > end) end = time;
  }
  return end;
}
const endOfRun = findEnd();

const waited = started.map((time, task) => time - ready[task]);
const took = ended.map((time, task) => time - started[task]);

const isCritical = new Uint8Array(taskCount);
const criticalNext = new Int32Array(taskCount).fill(-1);
data.critical.forEach((task, at) => {
  isCritical[task] = 1;
  if (at > 0) criticalNext[data.critical[at - 1]] = task;
});

const errorOf = new Map(data.failed_task.map((task, at) => [task, data.error[at]]));
const causeOf = new Map(data.omitted_task.map((task, at) => [task, data.cause[at]]));
const reasonOf = new Map(data.waiting_task.map((task, at) => [task, data.waits_for[at]]));

// Edges are numbers too, ordered by the task they lead from.
const edgeTo = Int32Array.from(data.to);
const edgeFrom = new Int32Array(edgeTo.length);
const firstEdge = new Int32Array(taskCount + 1);
const firstIncoming = new Int32Array(taskCount + 1);
const incoming = new Int32Array(edgeTo.length);

function indexEdges() {
  for (let task = 0; task < taskCount; ++task) {
    firstEdge[task + 1] = firstEdge[task] + data.successors[task];
    edgeFrom.fill(task, firstEdge[task], firstEdge[task + 1]);
  }
  for (const to of edgeTo) ++firstIncoming[to + 1];
  for (let task = 0; task < taskCount; ++task) firstIncoming[task + 1] += firstIncoming[task];
  const next = firstIncoming.slice();
  for (let edge = 0; edge < edgeTo.length; ++edge) incoming[next[edgeTo[edge]]++] = edge;
}
indexEdges();

function successorsOf(task) {
  return edgeTo.subarray(firstEdge[task], firstEdge[task + 1]);
}
function predecessorsOf(task) {
  return incoming.subarray(firstIncoming[task], firstIncoming[task + 1]).map((edge) => edgeFrom[edge]);
}
