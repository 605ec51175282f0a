// Cities with circles as large as their people, on a map that comes when it is looked at; a table says
// the same.

import {whenWanted} from './later.mjs';

const box = document.querySelector('[data-cities-map]');
box.parentElement.hidden = false;
whenWanted(box, async () => {
  const {showCities} = await import('./cities-map.mjs');
  return () => showCities(box, JSON.parse(document.getElementById('cities-data').textContent));
});
