// Cities with circles as large as their people, on a map that fits them; a table says the same.

import {LngLatBounds, Popup} from 'maplibre-gl';
import {makeMap, theme} from './map-core.mjs';

const box = document.querySelector('[data-cities-map]');
const cities = JSON.parse(document.getElementById('cities-data').textContent);
const WIDEST = 5.5; // zoom for a single city

function data() {
  return {
    type: 'FeatureCollection',
    features: cities.map(({name, lon, lat, people}) => ({
      type: 'Feature', geometry: {type: 'Point', coordinates: [lon, lat]}, properties: {name, people},
    })),
  };
}

function overlay(map) {
  const dark = theme() === 'dark';
  const most = Math.max(...cities.map(({people}) => people));
  map.addSource('cities', {type: 'geojson', data: data()});
  map.addLayer({
    id: 'cities', type: 'circle', source: 'cities',
    paint: {
      // The area says how many.
      'circle-radius': ['+', 6, ['*', 26, ['sqrt', ['/', ['get', 'people'], most]]]],
      'circle-color': dark ? '#f2a3cf' : '#7a1f5c', 'circle-opacity': 0.45,
      'circle-stroke-width': 2, 'circle-stroke-color': dark ? '#f2a3cf' : '#7a1f5c',
    },
  });
}

const watcher = new IntersectionObserver(([{isIntersecting}]) => {
  if (!isIntersecting) return;
  watcher.disconnect();
  const bounds = new LngLatBounds();
  cities.forEach(({lon, lat}) => bounds.extend([lon, lat]));
  const map = makeMap(box, {center: bounds.getCenter(), zoom: 3, overlay});
  if (!map) return;
  map.fitBounds(bounds, {padding: 48, maxZoom: WIDEST, animate: false});
  map.scrollZoom.disable();
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const popup = new Popup({closeButton: false, closeOnClick: false});
  map.on('mousemove', 'cities', ({features: [{geometry, properties}]}) => {
    popup.setLngLat(geometry.coordinates)
      .setText(`${properties.name}: ${number.format(properties.people)}`).addTo(map);
  });
  map.on('mouseleave', 'cities', () => popup.remove());
  map.once('idle', () => { box.dataset.ready = '1'; });
});
box.parentElement.hidden = false;
watcher.observe(box);
