// SPDX-License-Identifier: MIT
// How numbers and pieces of the page are made.

/** A time for people, in three digits or so, as the library's format_duration writes it; a dash for NaN. */
function formatDuration(nanoseconds) {
  if (Number.isNaN(nanoseconds)) return '–';
  if (nanoseconds === 0) return '0 s';
  const units = ['ns', 'us', 'ms', 's'];
  let size = Math.abs(nanoseconds);
  let unit = 0;
  while (unit + 1 < units.length && size >= 999.5) {
    size /= 1000;
    ++unit;
  }
  const digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return `${nanoseconds < 0 ? '-' : ''}${Number(size.toFixed(digits))} ${units[unit]}`;
}

/** A moment on an axis whose marks are `step` apart. */
function formatMark(nanoseconds, step) {
  const units = [[1e9, 's'], [1e6, 'ms'], [1e3, 'us'], [1, 'ns']];
  const [size, name] = units.find(([length]) => Math.abs(nanoseconds) >= length) ?? units[2];
  const digits = Math.min(9, Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9)));
  return nanoseconds === 0 ? '0' : `${(nanoseconds / size).toFixed(digits)} ${name}`;
}

function formatCount(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** A new element. Texts come in as children, so names can only ever be shown. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function signOf(state) {
  return element('span', {class: `sign ${data.states[state]}`, 'aria-hidden': 'true'}, data.signs[state]);
}
