// Cities with circles as large as their people, on a map that fits them; a table says the same.

import {LngLatBounds, Popup} from 'maplibre-gl';
import {makeMap, theme} from './map-core.mjs';

const WIDEST = 5.5; // zoom for a single city

function data(cities) {
  return {
    type: 'FeatureCollection',
    features: cities.map(({name, lon, lat, people}) => ({
      type: 'Feature', geometry: {type: 'Point', coordinates: [lon, lat]}, properties: {name, people},
    })),
  };
}

function overlay(map, cities) {
  const dark = theme() === 'dark';
  const most = Math.max(...cities.map(({people}) => people));
  map.addSource('cities', {type: 'geojson', data: data(cities)});
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

/** A map in `box` of `cities`: [{name, lon, lat, people}]. */
export function showCities(box, cities) {
  const bounds = new LngLatBounds();
  cities.forEach(({lon, lat}) => bounds.extend([lon, lat]));
  const map = makeMap(box, {center: bounds.getCenter(), zoom: 3, overlay: (made) => overlay(made, cities)});
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
}
