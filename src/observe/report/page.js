// SPDX-License-Identifier: MIT
// Puts the views on the page and lets them follow each other.

function makeSection(name, title, note) {
  return element('section', {id: name, 'aria-labelledby': `${name}-title`},
                 element('div', {class: 'bar'}, element('h2', {id: `${name}-title`}, title),
                         element('span', {class: 'note'}, note), element('span', {class: 'tools'})));
}

/** A button that goes from the system's colours to light, to dark, and back. */
function makeThemeButton() {
  const themes = ['auto', 'light', 'dark'];
  let theme = 0;
  const button = element('button', {type: 'button', id: 'theme'});
  const show = () => {
    button.textContent = `colors: ${themes[theme]}`;
    document.documentElement.dataset.theme = themes[theme];
    readPaints();
    graphView?.redraw();
    ganttView?.redraw();
  };
  button.addEventListener('click', () => {
    theme = (theme + 1) % themes.length;
    show();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  show();
  return button;
}

function makeSearch() {
  const box = element('input', {type: 'search', id: 'search', placeholder: 'search by name', autocomplete: 'off',
                                spellcheck: 'false', 'aria-label': 'Search tasks by name', 'aria-keyshortcuts': '/'});
  let timer = 0;
  box.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => choose({search: box.value}), taskCount > 5000 ? 150 : 0);
  });
  onChoice(() => {
    if (document.activeElement !== box || choice.search === '') box.value = choice.search;
  });
  return box;
}

/** The counts in the head of the page become switches that limit the table to their states. */
function makeStateSwitches() {
  const switches = [...document.querySelectorAll('#counts a')];
  for (const one of switches) {
    const state = Number(one.dataset.state);
    one.setAttribute('role', 'button');
    one.title = `show only tasks that are ${data.states[state]}`;
    const toggle = (event) => {
      event.preventDefault();
      const states = new Set(choice.states);
      if (!states.delete(state)) states.add(state);
      choose({states});
    };
    one.addEventListener('click', toggle);
    one.addEventListener('keydown', (event) => event.key === ' ' && toggle(event));
  }
  const show = () => {
    for (const one of switches) one.setAttribute('aria-pressed', String(choice.states.has(Number(one.dataset.state))));
  };
  onChoice(show);
  show();
}

function listenToKeys(search) {
  document.addEventListener('keydown', (event) => {
    const typing = event.target.matches?.('input');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    // What is limited is cleared first, then what is chosen.
    if (event.key !== 'Escape') return;
    if (choice.search !== '' || choice.states.size > 0) choose({search: '', states: new Set()});
    else choose({task: -1});
    if (typing) search.blur();
  });
}

function start() {
  const graphSection = makeSection('graph', 'Graph', formatCount(edgeTo.length, 'edge'));
  const ganttSection = makeSection('timeline', 'Timeline', '');
  const tableSection = makeSection('tasks', 'Tasks', '');
  const details = element('aside', {id: 'details', 'aria-label': 'The chosen task', 'aria-live': 'polite'});
  const search = makeSearch();
  tableSection.querySelector('.tools').append(search);
  for (const section of [graphSection, ganttSection]) {
    section.querySelector('.tools').append(element('span', {class: 'critical'}, 'critical path'));
  }

  document.getElementById('views').append(element('div', {id: 'drawings'}, graphSection, ganttSection, tableSection),
                                          details);
  document.querySelector('header').append(makeThemeButton());
  document.body.append(tip);
  readPaints();

  const label = 'of the run; the table below has the same tasks. Arrow keys move it, plus and minus zoom, 0 shows all.';
  graphView = new Canvas(graphSection, `Graph ${label}`, new GraphDrawing());
  ganttView = new Canvas(ganttSection, `Timeline ${label}`, new GanttDrawing());
  const lanes = ganttView.drawing.lanes.length;
  ganttSection.querySelector('.note').textContent =
      lanes === 0 ? 'no task has started' : formatCount(new Set(data.worker.filter((_, i) => started[i] >= 0)).size, 'worker');
  graphView.node.style.maxHeight = `${Math.max(140, graphView.drawing.heightAt(graphView.node.clientWidth))}px`;
  ganttView.node.style.height = `${Math.min(360, Math.max(90, lanes * 26 + 34))}px`;
  const table = new Table(tableSection);
  const note = tableSection.querySelector('.note');

  onChoice((changed) => {
    if (changed.has('sort') || changed.has('descending')) table.sort();
    else if (changed.has('states') || changed.has('search')) table.filter();
    note.textContent = shownCount === taskCount ? formatCount(taskCount, 'task') :
                                                  `${shownCount.toLocaleString('en')} of ${formatCount(taskCount, 'task')}`;
    if (changed.has('task')) {
      table.reveal(choice.task);
      showDetails(details);
      revealInDrawings();
    }
    table.showRows();
    graphView.redraw();
    ganttView.redraw();
  });

  const revealInDrawings = () => {
    if (choice.task < 0) return;
    for (const view of [graphView, ganttView]) {
      const reveal = () => view.drawing.reveal(choice.task, view.width, view.height);
      if (view.width) reveal();
      else view.onFirstSize = reveal;
    }
  };

  note.textContent = formatCount(taskCount, 'task');
  makeStateSwitches();
  listenToKeys(search);
  showDetails(details);
  followAddress();
}
start();
