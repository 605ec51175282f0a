// Choosing a place in a form: the map's centre, the device's position, or what was typed. The
// inputs stay: this script only fills them.

import {makeMap} from './map-core.mjs';

function start(root) {
  const form = root.closest('form');
  const field = (name) => form.elements.namedItem(name);
  const box = root.querySelector('[data-pick-map]');
  const status = root.querySelector('[data-pick-status]');
  const known = field('lat').value && field('lon').value;
  const centre = known ? [Number(field('lon').value), Number(field('lat').value)] : [-3.7, 40.4];
  let byPerson = Boolean(known);

  const set = (lon, lat, accuracy = '') => {
    field('lon').value = lon.toFixed(6);
    field('lat').value = lat.toFixed(6);
    field('accuracy_m').value = accuracy;
    byPerson = true;
  };
  box.hidden = false;
  const map = makeMap(box, {center: centre, zoom: known ? 13 : 5});
  map?.on('dragend', () => {
    const {lng, lat} = map.getCenter();
    set(lng, lat);
  });
  map?.on('zoomend', () => {
    if (!byPerson) return;
    const {lng, lat} = map.getCenter();
    field('lon').value = lng.toFixed(6);
    field('lat').value = lat.toFixed(6);
  });
  for (const name of ['lat', 'lon']) {
    field(name).addEventListener('change', () => {
      const [lon, lat] = [Number(field('lon').value), Number(field('lat').value)];
      if (Number.isFinite(lon) && Number.isFinite(lat) && Math.abs(lat) <= 90) {
        map?.jumpTo({center: [lon, lat], zoom: 13});
      }
    });
  }
  const locate = root.querySelector('[data-pick-locate]');
  locate.hidden = false;
  locate.addEventListener('click', () => {
    status.textContent = root.dataset.textLocating;
    navigator.geolocation.getCurrentPosition(({coords}) => {
      set(coords.longitude, coords.latitude, coords.accuracy.toFixed(0));
      map?.jumpTo({center: [coords.longitude, coords.latitude], zoom: 16});
      status.textContent = `± ${coords.accuracy.toFixed(0)} m`;
    }, () => { status.textContent = root.dataset.textNoPosition; }, {enableHighAccuracy: true});
  });
}

document.querySelectorAll('[data-pick]').forEach(start);
