// Opening hours by the week: each row of fields becomes times to choose, with several spans, and a
// button that copies a day to those below. The fields stay what is sent.

const SPAN = /(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)/g;
const MOST = 4;
const clock = (text) => (text === '24:00' ? '00:00' : text.padStart(5, '0'));

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function start(root) {
  const {textFrom, textTo, textAdd, textRemove, textNextDay, textCopy, textCopied} = root.dataset;
  const by = root.querySelector('input[type="hidden"][name="hours_by"]');
  const rows = [...root.querySelectorAll('[data-hours-day]')].map((row) => day(row));

  function day(row) {
    const state = row.querySelector('select');
    const field = row.querySelector('input');
    const name = row.querySelector('.hours__name').textContent;
    const spans = element('div', {className: 'hours__spans'});
    const add = element('button', {
      type: 'button', className: 'button button--quiet button--small', textContent: textAdd,
    });
    add.setAttribute('aria-label', `${name}: ${textAdd}`);

    const lines = () => [...spans.querySelectorAll('.hours__span')];
    /** Writes the times into the field that is sent. */
    function keep() {
      const said = lines().map((line) => {
        const [from, to] = [...line.querySelectorAll('input')].map(({value}) => value);
        line.querySelector('.hint').hidden = !from || !to || to > from;
        return from && to ? `${from}-${to}` : from || to;
      }).filter(Boolean);
      field.value = said.join(', ');
      by.value = 'week';
      field.dispatchEvent(new Event('input', {bubbles: true})); // drafts
    }
    function line(from = '', to = '') {
      const time = (value, label) => {
        const made = element('input', {type: 'time', className: 'input', value});
        made.setAttribute('aria-label', `${name}: ${label}`);
        made.addEventListener('input', (event) => {
          event.stopPropagation();
          keep();
        });
        return made;
      };
      const remove = element('button', {
        type: 'button', className: 'button button--quiet button--small', textContent: '×',
      });
      remove.setAttribute('aria-label', `${name}: ${textRemove}`);
      const made = element('div', {className: 'hours__span'},
        time(from, textFrom), '–', time(to, textTo), remove,
        element('span', {className: 'hint', textContent: textNextDay, hidden: !from || !to || to > from}));
      remove.addEventListener('click', () => {
        made.remove();
        if (!lines().length) state.value = '';
        show();
        keep();
      });
      return made;
    }
    function show() {
      const isOpen = state.value === 'open';
      spans.hidden = !isOpen;
      add.hidden = !isOpen || lines().length >= MOST;
      if (!isOpen) spans.replaceChildren();
      else if (!lines().length) spans.append(line());
    }
    /** Takes what the field says; text that is no times stays to be corrected in the field. */
    function read() {
      const found = [...field.value.matchAll(SPAN)];
      if (field.value.trim() && found.map(([text]) => text).join(', ') !== field.value.trim()) return false;
      if (found.length && !state.value) state.value = 'open';
      spans.replaceChildren(...found.map(([, from, to]) => line(clock(from), clock(to))));
      field.hidden = true;
      show();
      return true;
    }
    if (!read()) return null;
    state.addEventListener('change', () => {
      show();
      keep();
    });
    add.addEventListener('click', () => {
      spans.append(line());
      show();
      spans.lastElementChild.querySelector('input').focus();
    });
    const actions = element('div', {className: 'row hours__actions'}, add);
    field.after(spans, actions);
    return {
      actions,
      get: () => [state.value, field.value],
      set([is, said]) {
        state.value = is;
        field.value = said;
        read();
        keep();
      },
    };
  }

  rows.forEach((one, place) => {
    if (!one || place >= rows.length - 2) return; // nothing is below Sunday but the holidays
    const copy = element('button', {
      type: 'button', className: 'button button--quiet button--small', textContent: textCopy,
    });
    copy.addEventListener('click', () => {
      for (const other of rows.slice(place + 1, -1)) other?.set(one.get());
      copy.textContent = textCopied;
      setTimeout(() => { copy.textContent = textCopy; }, 2000);
    });
    one.actions.append(copy);
  });
  root.querySelector('#opening_hours').addEventListener('input', () => { by.value = 'text'; });
}

document.querySelectorAll('[data-hours]').forEach(start);
