// The one search box: suggests, and takes the reader there. Without it the form leads to the results.

import {lastPlace} from './last-place.mjs';

/** Sent on the document before the reader is taken to what they chose; a page with a map that shows
    it itself prevents the default. `detail` is what was found. */
export const GO = 'go-there';

function goTo(found) {
  const event = new CustomEvent(GO, {detail: found, cancelable: true});
  if (document.dispatchEvent(event)) location.assign(found.url);
}

export function searchBoxes() {
  for (const form of document.querySelectorAll('form[data-search]')) {
    const field = form.elements.namedItem('q');
    const at = form.elements.namedItem('at');
    const fill = () => { at.value = lastPlace(); };
    form.addEventListener('submit', fill);
    field.addEventListener('focus', async () => {
      const {combobox} = await import('./combobox.mjs');
      combobox(field, (found) => {
        field.value = found.name;
        goTo(found);
      }, {all: true});
    }, {once: true});
  }
}

/** Fields that take a place by name suggest what the site knows, also those that come later. */
export function suggestPlaces() {
  document.addEventListener('focusin', async ({target}) => {
    if (target.dataset?.suggest !== '') return;
    target.dataset.suggest = 'on';
    const {combobox, labelOf} = await import('./combobox.mjs');
    combobox(target, (found) => { target.value = labelOf(found); });
  });
}

/** A page's map goes where a search says. */
export function mapGoesThere(map) {
  if (!map) return;
  document.addEventListener(GO, (event) => {
    const {lon, lat, zoom, is_somewhere: isSomewhere} = event.detail;
    if (!isSomewhere) return;
    event.preventDefault();
    map.jumpTo({center: [lon, lat], zoom});
    document.activeElement?.blur();
  });
}
