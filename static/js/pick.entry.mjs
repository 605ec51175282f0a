// Choosing a place in a form: the map's centre, the device's position, or what was typed. The
// inputs stay: this script only fills them, and the map comes when it is looked at.

import {plainPosition, typedPosition, wrapLon} from './coordinates.mjs';
import {whenWanted} from './later.mjs';
import {suggestNames} from './names.mjs';

const FAR = {center: {lon: -3.7, lat: 40.4}, zoom: 5};
const CLOSE_ZOOM = 13;

function start(root) {
  const form = root.closest('form');
  const field = (name) => form.elements.namedItem(name);
  const box = root.querySelector('[data-pick-map]');
  const status = root.querySelector('[data-pick-status]');
  const known = plainPosition(field('lat').value, field('lon').value);
  let byPerson = Boolean(known);
  let map = null;
  // Where the map looks, or will once it is there, and how sure the device was.
  let view = known ? {center: known, zoom: CLOSE_ZOOM} : FAR;
  let measured = null;

  const fill = (lon, lat) => {
    field('lon').value = wrapLon(lon).toFixed(6);
    field('lat').value = lat.toFixed(6);
  };
  const set = (lon, lat, accuracy = '') => {
    fill(lon, lat);
    field('accuracy_m').value = accuracy;
    byPerson = true;
  };
  const look = (center, zoom = CLOSE_ZOOM) => {
    view = {center, zoom};
    map?.jumpTo(view);
  };
  box.hidden = false;
  whenWanted(box, async () => {
    const {pickMap} = await import('./pick-map.mjs');
    return () => {
      map = pickMap(box, {
        ...view,
        shows: root.dataset.pickShows ?? 'reports',
        near: root.querySelector('[data-pick-near]'),
        moved: ({lng, lat}) => set(lng, lat),
        zoomed: ({lng, lat}) => { if (byPerson) fill(lng, lat); },
      });
      if (measured) map?.surround(measured);
    };
  });
  for (const name of ['lat', 'lon']) {
    field(name).addEventListener('change', async () => {
      const texts = [field('lat').value, field('lon').value];
      const point = await typedPosition(...texts, field(name).value);
      if (!point || texts[0] !== field('lat').value || texts[1] !== field('lon').value) return;
      // A position pasted into one field fills both.
      if (!plainPosition(...texts)) set(point.lon, point.lat);
      look(point);
    });
  }
  suggestNames(field('place_name'), ({lon, lat}) => {
    set(lon, lat);
    look({lon, lat});
  });
  const locate = root.querySelector('[data-pick-locate]');
  locate.hidden = false;
  locate.addEventListener('click', () => {
    status.textContent = root.dataset.textLocating;
    navigator.geolocation.getCurrentPosition(({coords}) => {
      set(coords.longitude, coords.latitude, coords.accuracy.toFixed(0));
      // The whole area that it may be in stays in sight.
      const zoom = Math.min(16, Math.max(9, 24 - Math.log2(coords.accuracy * 4 + 100)));
      look({lon: coords.longitude, lat: coords.latitude}, zoom);
      const metres = new Intl.NumberFormat(document.documentElement.lang).format(Math.round(coords.accuracy));
      status.textContent = `± ${metres} m`;
      measured = coords;
      map?.surround(coords);
    }, () => { status.textContent = root.dataset.textNoPosition; }, {enableHighAccuracy: true});
  });
}

document.querySelectorAll('[data-pick]').forEach(start);
