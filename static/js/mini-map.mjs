// The map that takes the place of a picture.

import {Marker} from 'maplibre-gl';
import {circle} from './circle.mjs';
import {makeMap} from './map-core.mjs';

/** The area that a report is in, where its author shows no more. */
function addArea(map, [longitude, latitude], accuracy) {
  map.addSource('area', {type: 'geojson', data: circle({longitude, latitude, accuracy})});
  map.addLayer({
    id: 'area', type: 'fill', source: 'area',
    paint: {'fill-color': '#2a6fb8', 'fill-opacity': 0.2, 'fill-outline-color': '#2a6fb8'},
  });
}

/** Replaces `link` by a map of what its data say, and moves the focus into it. */
export function openMiniMap(link) {
  const box = document.createElement('div');
  box.className = link.className;
  Object.assign(box.dataset, link.dataset);
  link.replaceWith(box);
  const at = [Number(box.dataset.lon), Number(box.dataset.lat)];
  const area = Number(box.dataset.area);
  const overlay = area ? (drawn) => addArea(drawn, at, area) : undefined;
  const map = makeMap(box, {center: at, zoom: Number(box.dataset.zoom), overlay});
  if (!map) return;
  const mark = document.querySelector('.kind')?.cloneNode(true);
  if (mark) new Marker({element: mark}).setLngLat(at).addTo(map);
  map.getCanvas().setAttribute('aria-label', box.dataset.textMap);
  map.getCanvas().focus({preventScroll: true});
  map.once('idle', () => { box.dataset.ready = '1'; });
}
