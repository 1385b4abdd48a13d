// SPDX-License-Identifier: MIT
// What the user has chosen: one task, the states and the text that the table is limited to, its order. The views are
// told of each change. The choice stands in the address behind the '#', so that it can be sent to somebody.

const COLUMNS = ['name', 'state', 'started', 'waited', 'took', 'worker', 'attempts'];

const choice = {task: -1, states: new Set(), search: '', sort: '', descending: false};
const listeners = [];

/** Calls `listener(changed)` after each change; `changed` is the set of names in `choice` that did. */
function onChoice(listener) {
  listeners.push(listener);
}

/** Changes some of `choice`, and tells everybody. */
function choose(changes) {
  const changed = new Set(Object.keys(changes).filter((name) => choice[name] !== changes[name]));
  if (changed.size === 0) return;
  Object.assign(choice, changes);
  writeAddress();
  for (const listener of listeners) listener(changed);
}

function select(task) {
  choose({task});
}

function readAddress() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const task = /^\d+$/.test(fields.get('task') ?? '') ? Number(fields.get('task')) : -1;
  const states = (fields.get('state') ?? '').split(',').map((name) => data.states.indexOf(name))
    .filter((state) => state >= 0);
  const sort = COLUMNS.includes(fields.get('sort')) ? fields.get('sort') : '';
  return {task: task < taskCount ? task : -1, states: new Set(states), search: fields.get('search') ?? '', sort,
          descending: fields.has('descending')};
}

function addressOf({task, states, search, sort, descending}) {
  const fields = new URLSearchParams();
  if (states.size > 0) fields.set('state', [...states].map((state) => data.states[state]).join(','));
  if (search !== '') fields.set('search', search);
  if (sort !== '') fields.set('sort', sort);
  if (descending) fields.set('descending', '');
  if (task >= 0) fields.set('task', task);
  return `#${fields}`;
}

function writeAddress() {
  try {
    history.replaceState(null, '', addressOf(choice));
  } catch {
    // A page in a frame may not change its address; all else works.
  }
}

/** What a link or the user wrote into the address. A link to a task alone leaves the rest as it is. */
function followAddress() {
  const wanted = readAddress();
  const fields = new URLSearchParams(location.hash.slice(1));
  if (fields.size === 1 && fields.has('task')) return choose({task: wanted.task});
  choose(wanted);
}
window.addEventListener('hashchange', followAddress);

// The tasks that the table shows, as marks by task: the other views dim the rest.
const isShown = new Uint8Array(taskCount).fill(1);
let shownCount = taskCount;
const searchable = data.name.map((name) => name.toLowerCase());

function filterTasks() {
  const {states} = choice;
  const search = choice.search.trim().toLowerCase();
  shownCount = 0;
  for (let task = 0; task < taskCount; ++task) {
    const shown = (states.size === 0 || states.has(stateOf[task])) &&
        (search === '' || searchable[task].includes(search));
    isShown[task] = shown ? 1 : 0;
    if (shown) ++shownCount;
  }
}
onChoice((changed) => {
  if (changed.has('states') || changed.has('search')) filterTasks();
});
