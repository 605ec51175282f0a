// A small still map of where one thing is; it leads to the large one.

import {Marker} from 'maplibre-gl';
import {makeMap} from './map-core.mjs';
import {watchReport} from './report-live.mjs';

const box = document.querySelector('[data-mini-map]');
const watcher = new IntersectionObserver(([{isIntersecting}]) => {
  if (!isIntersecting) return;
  watcher.disconnect();
  const at = [Number(box.dataset.lon), Number(box.dataset.lat)];
  const map = makeMap(box, {center: at, zoom: Number(box.dataset.zoom), still: true});
  const mark = document.querySelector('.kind')?.cloneNode(true);
  if (map && mark) new Marker({element: mark}).setLngLat(at).addTo(map);
  map?.once('idle', () => { box.dataset.ready = '1'; });
});
box.hidden = false;
watcher.observe(box);

const told = document.querySelector('[data-report-live]');
if (told) watchReport(told);
