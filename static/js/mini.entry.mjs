// A small map of where one thing is: a picture until it is pressed, then a map that can be moved.

import {watchReport} from './report-live.mjs';

const link = document.querySelector('[data-mini-map]');

/** Loads the map's code, and puts the map where the picture was. */
async function open() {
  link.setAttribute('aria-busy', 'true');
  try {
    const {openMiniMap} = await import('./mini-map.mjs');
    openMiniMap(link);
  } catch (error) {
    console.info('The map does not come; its page may.', error);
    location.href = link.href;
  }
}

link?.addEventListener('click', (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.getAttribute('aria-busy') !== 'true') open();
});

const told = document.querySelector('[data-report-live]');
if (told) watchReport(told);
