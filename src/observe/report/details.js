// SPDX-License-Identifier: MIT
// All that is known of the chosen task.

function linkTo(task) {
  return element('a', {href: `#task=${task}`, onclick: (event) => {
    event.preventDefault();
    select(task);
  }}, signOf(stateOf[task]), ' ', data.name[task]);
}

/** Links to tasks, the rest behind a button where there are many. */
function listOf(title, tasks) {
  const atOnce = 12;
  const list = element('ul', {}, ...Array.from(tasks.subarray(0, atOnce), (task) => element('li', {}, linkTo(task))));
  const part = element('section', {}, element('h3', {}, `${title} `, element('span', {class: 'count'}, tasks.length)));
  if (tasks.length === 0) return part;
  part.append(list);
  const addMore = (from) => {
    const to = Math.min(tasks.length, from + 500);
    list.append(...Array.from(tasks.subarray(from, to), (task) => element('li', {}, linkTo(task))));
    if (to === tasks.length) return;
    const more = element('button', {type: 'button', onclick: () => {
      more.remove();
      addMore(to);
    }}, `${tasks.length - to} more`);
    part.append(more);
  };
  if (tasks.length > atOnce) {
    const more = element('button', {type: 'button', onclick: () => {
      more.remove();
      addMore(atOnce);
    }}, `${tasks.length - atOnce} more`);
    part.append(more);
  }
  return part;
}

function factsOf(task) {
  const facts = [];
  const add = (name, value) => facts.push(element('dt', {}, name), element('dd', {}, value));
  const addTime = (name, time) => Number.isNaN(time) || add(name, formatDuration(time));
  addTime('took', took[task]);
  addTime('waited', waited[task]);
  addTime('ready after', ready[task]);
  addTime('started after', started[task]);
  addTime('parked after', parked[task]);
  addTime('ended after', ended[task]);
  if (!Number.isNaN(started[task])) add('worker', String(data.worker[task]));
  add('attempts', String(data.attempt[task]));
  if (reasonOf.has(task)) add('waits for', reasonOf.get(task));
  return facts;
}

function describe(task) {
  const parts = [element('h2', {}, data.name[task]),
                 element('p', {class: 'standing'}, signOf(stateOf[task]), ` ${data.states[stateOf[task]]}`)];
  if (isCritical[task]) parts[1].append(element('span', {class: 'critical'}, 'on the critical path'));
  if (errorOf.has(task)) parts.push(element('pre', {class: 'error'}, errorOf.get(task)));
  if (causeOf.has(task)) parts.push(element('p', {}, 'omitted because of ', linkTo(causeOf.get(task))));
  parts.push(element('dl', {}, ...factsOf(task)), listOf('waits for', predecessorsOf(task)),
             listOf('is waited for by', successorsOf(task)));
  return parts;
}

function introduce() {
  const keys = [['/', 'search'], ['Esc', 'clear'], ['↑ ↓', 'next task, in the table'],
                ['← → + − 0', 'move and zoom, in a drawing']];
  return [element('h2', {}, 'No task chosen'),
          element('p', {class: 'hint'}, 'Click a box, a bar or a row: the others show it too. The wheel zooms a drawing ' +
                                        'once it was clicked on, or with Ctrl.'),
          element('dl', {class: 'keys'}, ...keys.flatMap(([key, use]) => [element('dt', {}, element('kbd', {}, key)),
                                                                          element('dd', {}, use)]))];
}

function showDetails(panel) {
  panel.replaceChildren(...(choice.task >= 0 ? describe(choice.task) : introduce()));
}
