// A small still map of where one thing is; it leads to the large one.

import {Marker} from 'maplibre-gl';
import {circle} from './circle.mjs';
import {makeMap} from './map-core.mjs';
import {watchReport} from './report-live.mjs';

/** The area that a report is in, where its author shows no more. */
function addArea(map, [longitude, latitude], accuracy) {
  map.addSource('area', {type: 'geojson', data: circle({longitude, latitude, accuracy})});
  map.addLayer({
    id: 'area', type: 'fill', source: 'area',
    paint: {'fill-color': '#2a6fb8', 'fill-opacity': 0.2, 'fill-outline-color': '#2a6fb8'},
  });
}

const box = document.querySelector('[data-mini-map]');
const watcher = new IntersectionObserver(([{isIntersecting}]) => {
  if (!isIntersecting) return;
  watcher.disconnect();
  const at = [Number(box.dataset.lon), Number(box.dataset.lat)];
  const area = Number(box.dataset.area);
  const overlay = area ? (drawn) => addArea(drawn, at, area) : undefined;
  const map = makeMap(box, {center: at, zoom: Number(box.dataset.zoom), still: true, overlay});
  const mark = document.querySelector('.kind')?.cloneNode(true);
  if (map && mark) new Marker({element: mark}).setLngLat(at).addTo(map);
  map?.once('idle', () => { box.dataset.ready = '1'; });
});
box.hidden = false;
watcher.observe(box);

const told = document.querySelector('[data-report-live]');
if (told) watchReport(told);
