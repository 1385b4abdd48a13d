// SPDX-License-Identifier: MIT
// The table of tasks. Only the rows that can be seen exist, so that tens of thousands scroll like ten.

const ROW_HEIGHT = 28;
const NUMBERS = {started, waited, took, worker: data.worker, attempts: data.attempt};
const TITLES = {name: 'task', state: 'state', started: 'started after', waited: 'waited', took: 'took',
                worker: 'worker', attempts: 'attempts'};

/** Negative when `a` comes first in ascending order. What is unknown comes last, whichever way the order goes. */
function compareBy(column, descending) {
  const sign = descending ? -1 : 1;
  if (column === 'name') {
    const collator = new Intl.Collator('en', {numeric: true});
    return (a, b) => sign * collator.compare(data.name[a], data.name[b]) || a - b;
  }
  if (column === 'state') return (a, b) => sign * (rankOfState[stateOf[a]] - rankOfState[stateOf[b]]) || a - b;
  const values = NUMBERS[column];
  const unknown = (task) => Number.isNaN(values[task]) || (column === 'worker' && Number.isNaN(started[task]));
  return (a, b) => unknown(a) - unknown(b) || (unknown(a) ? 0 : sign * (values[a] - values[b])) || a - b;
}

/** What did not succeed first, then in order of time. */
function compareByDefault(a, b) {
  const key = (task) => Number.isNaN(started[task]) ? (Number.isNaN(ended[task]) ? Infinity : ended[task]) : started[task];
  const [from, to] = [key(a), key(b)];
  return rankOfState[stateOf[a]] - rankOfState[stateOf[b]] || (from < to ? -1 : from > to ? 1 : a - b);
}

class Table {
  constructor(section) {
    this.sorted = Int32Array.from({length: taskCount}, (_, task) => task);
    this.heads = COLUMNS.map((column, at) => element('div', {role: 'columnheader', 'aria-colindex': at + 1},
        element('button', {type: 'button', onclick: () => this.toggleSort(column)}, TITLES[column])));
    this.filler = element('div', {class: 'filler', role: 'presentation'});
    this.body = element('div', {class: 'rows', role: 'rowgroup', tabindex: '0', 'aria-label': 'Tasks, one a row'},
                        this.filler);
    this.node = element('div', {class: 'grid', role: 'grid', 'aria-label': 'Tasks', 'aria-colcount': COLUMNS.length},
                        element('div', {class: 'head row', role: 'row', 'aria-rowindex': 1}, ...this.heads), this.body);
    section.append(this.node);
    this.body.addEventListener('scroll', () => this.requestRows());
    this.body.addEventListener('keydown', (event) => this.press(event));
    this.body.addEventListener('click', (event) => {
      const row = event.target.closest('.row');
      if (row) select(Number(row.dataset.task));
    });
    new ResizeObserver(() => this.showRows()).observe(this.body);
    this.sort();
  }

  toggleSort(column) {
    if (choice.sort !== column) choose({sort: column, descending: false});
    else if (!choice.descending) choose({descending: true});
    else choose({sort: '', descending: false});
  }

  sort() {
    this.sorted.sort(choice.sort === '' ? compareByDefault : compareBy(choice.sort, choice.descending));
    this.heads.forEach((head, at) => {
      const order = COLUMNS[at] !== choice.sort ? 'none' : choice.descending ? 'descending' : 'ascending';
      head.setAttribute('aria-sort', order);
    });
    this.filter();
  }

  filter() {
    this.rows = this.sorted.filter((task) => isShown[task]);
    this.placeOf = new Int32Array(taskCount).fill(-1);
    this.rows.forEach((task, at) => { this.placeOf[task] = at; });
    this.filler.style.height = `${this.rows.length * ROW_HEIGHT}px`;
    this.node.setAttribute('aria-rowcount', this.rows.length + 1);
    this.showRows();
  }

  requestRows() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.showRows();
    });
  }

  showRows() {
    const first = Math.max(0, Math.floor(this.body.scrollTop / ROW_HEIGHT) - 4);
    const last = Math.min(this.rows.length, first + Math.ceil((this.body.clientHeight || 400) / ROW_HEIGHT) + 8);
    const made = [];
    for (let at = first; at < last; ++at) made.push(this.makeRow(at));
    this.filler.replaceChildren(...made);
    const place = choice.task >= 0 ? this.placeOf[choice.task] : -1;
    if (place >= first && place < last) this.body.setAttribute('aria-activedescendant', `row-${choice.task}`);
    else this.body.removeAttribute('aria-activedescendant');
  }

  makeRow(at) {
    const task = this.rows[at];
    const cell = (...content) => element('div', {role: 'gridcell'}, ...content);
    const ran = !Number.isNaN(started[task]);
    const row = element('div', {class: 'row', role: 'row', id: `row-${task}`, 'data-task': task,
                                'aria-rowindex': at + 2, 'aria-selected': String(task === choice.task)},
                        cell(data.name[task]), cell(signOf(stateOf[task]), ` ${data.states[stateOf[task]]}`),
                        cell(formatDuration(started[task])), cell(formatDuration(waited[task])),
                        cell(formatDuration(took[task])), cell(ran ? String(data.worker[task]) : '–'),
                        cell(String(data.attempt[task])));
    row.style.top = `${at * ROW_HEIGHT}px`;
    return row;
  }

  reveal(task) {
    const place = task >= 0 ? this.placeOf[task] : -1;
    if (place < 0) return;
    const top = place * ROW_HEIGHT;
    const {scrollTop, clientHeight} = this.body;
    if (top < scrollTop) this.body.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.body.scrollTop = top + ROW_HEIGHT - clientHeight;
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.rows.length === 0) return;
    const page = Math.max(1, Math.floor(this.body.clientHeight / ROW_HEIGHT) - 1);
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
    if (!(event.key in steps)) return;
    event.preventDefault();
    const place = choice.task >= 0 ? this.placeOf[choice.task] : -1;
    const wanted = place < 0 && steps[event.key] > 0 && steps[event.key] !== Infinity ? 0 : place + steps[event.key];
    select(this.rows[Math.max(0, Math.min(this.rows.length - 1, wanted))]);
  }
}
