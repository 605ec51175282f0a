// A field that suggests while one types: the combobox with a list of WAI-ARIA. Without this script
// the field is a field, and its form leads to the page of results.

import {lastPlace} from './last-place.mjs';

const AFTER_MS = 200;
const LEAST = 2; // characters
let count = 0;

/** What the site finds by words; with `all` also what is nowhere on the map. */
export async function ask(text, all = false) {
  const query = new URLSearchParams({q: text, ...(all && {all: '1'})});
  const at = lastPlace();
  if (at) query.set('at', at);
  const answer = await fetch(`/geo/search?${query}`);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  return (await answer.json()).results;
}

/** One line of what was found. */
export const labelOf = ({name, detail}) => [name, detail].filter(Boolean).join(', ');

function optionOf(found, id, all) {
  const option = Object.assign(document.createElement('li'), {id, className: 'suggestion'});
  option.setAttribute('role', 'option');
  option.setAttribute('aria-selected', 'false');
  const [name, detail] = ['strong', 'span'].map((tag) => document.createElement(tag));
  name.textContent = found.name;
  detail.textContent = [all && found.kind_name, found.detail].filter(Boolean).join(' · ');
  for (const part of [name, detail]) part.dir = 'auto';
  option.append(name, ' ', detail);
  return option;
}

/** Suggests below `field`; `choose` gets what is taken. `all`: also what is nowhere on the map. */
export function combobox(field, choose, {all = false} = {}) {
  const say = document.querySelector('[data-text-suggestions]').dataset;
  count += 1;
  const list = Object.assign(document.createElement('ul'), {
    className: 'suggestions', id: `suggestions-${count}`, hidden: true,
  });
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', say.textSuggestions);
  const told = Object.assign(document.createElement('span'), {className: 'visually-hidden'});
  told.setAttribute('role', 'status');
  field.after(list, told);
  field.parentElement.classList.add('has-suggestions');
  for (const [name, value] of Object.entries({
    role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false',
    'aria-controls': list.id, autocomplete: 'off',
  })) field.setAttribute(name, value);

  let shown = [];
  let active = -1;
  let timer;
  const close = () => {
    clearTimeout(timer);
    list.hidden = true;
    shown = [];
    active = -1;
    field.setAttribute('aria-expanded', 'false');
    field.removeAttribute('aria-activedescendant');
  };
  const point = (at) => {
    list.children[active]?.setAttribute('aria-selected', 'false');
    active = at;
    const option = list.children[at];
    option.setAttribute('aria-selected', 'true');
    option.scrollIntoView({block: 'nearest'});
    field.setAttribute('aria-activedescendant', option.id);
  };
  const take = (found) => {
    close();
    told.textContent = '';
    choose(found);
  };
  const look = async () => {
    const text = field.value.trim();
    if (text.length < LEAST) {
      close();
      return;
    }
    let found;
    try {
      found = await ask(text, all);
    } catch (error) {
      console.info('Nothing is suggested now.', error);
      return;
    }
    if (field.value.trim() !== text || document.activeElement !== field) return;
    close();
    shown = found;
    list.replaceChildren(...found.map((each, at) => optionOf(each, `${list.id}-${at}`, all)));
    list.hidden = !found.length;
    field.setAttribute('aria-expanded', String(Boolean(found.length)));
    told.textContent = say.textFound.replace('{count}', found.length);
  };
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(look, AFTER_MS);
  });
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && shown.length) {
      event.preventDefault();
      point((active + step + shown.length + (active < 0 && step < 0 ? 1 : 0)) % shown.length);
    } else if (event.key === 'ArrowDown') {
      look();
    } else if (event.key === 'Enter' && active >= 0) {
      // It takes the suggestion and sends nothing.
      event.preventDefault();
      event.stopImmediatePropagation();
      take(shown[active]);
    } else if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === 'Enter' || event.key === 'Tab') {
      close();
    }
  });
  // Before the field loses the focus.
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  list.addEventListener('click', ({target}) => {
    const at = [...list.children].indexOf(target.closest('[role="option"]'));
    if (shown[at]) take(shown[at]);
  });
  field.addEventListener('blur', close);
}
