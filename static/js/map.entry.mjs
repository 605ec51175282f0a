// The map page. What moves on the map is told by the list beside it, which the server renders.

import {Popup} from 'maplibre-gl';
import {makeMap, theme} from './map-core.mjs';

const container = document.getElementById('map');
const list = document.getElementById('map-list');
const kinds = JSON.parse(document.getElementById('map-kinds').textContent);
const COLOURS = {
  red: '#c0322b', orange: '#d2601a', amber: '#b7790a', blue: '#2a6fb8', violet: '#7b4bb3',
  yellow: '#9a7b00', teal: '#147d78', green: '#2b7d43', brown: '#86583a', grey: '#6b6470',
};
const EMPTY = {type: 'FeatureCollection', features: []};
let features = EMPTY;
let running = null;

function overlay(map) {
  const colour = ['match', ['get', 'kind'],
    ...Object.entries(kinds).flatMap(([code, {colour: name}]) => [code, COLOURS[name]]), '#6b6470'];
  map.addSource('reports', {
    type: 'geojson', data: features, cluster: true, clusterRadius: 46, clusterMaxZoom: 14,
  });
  map.addLayer({
    id: 'clusters', type: 'circle', source: 'reports', filter: ['has', 'point_count'],
    paint: {
      'circle-color': theme() === 'dark' ? '#f2a3cf' : '#7a1f5c',
      'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'point_count']], 1, 14, 25, 30],
      'circle-stroke-width': 3, 'circle-stroke-color': '#ffffff66',
    },
  });
  map.addLayer({
    id: 'cluster-counts', type: 'symbol', source: 'reports', filter: ['has', 'point_count'],
    layout: {
      'text-field': ['get', 'point_count_abbreviated'], 'text-font': ['Inter Bold'], 'text-size': 13,
    },
    paint: {'text-color': theme() === 'dark' ? '#3a0b2a' : '#ffffff'},
  });
  // Unconfirmed reports are hollow: a ring of their colour.
  map.addLayer({
    id: 'reports', type: 'circle', source: 'reports', filter: ['!', ['has', 'point_count']],
    paint: {
      'circle-color': ['case', ['get', 'held'], '#ffffff', colour],
      'circle-radius': 9,
      'circle-stroke-width': ['case', ['get', 'held'], 4, 2.5],
      'circle-stroke-color': ['case', ['get', 'held'], colour, '#ffffff'],
    },
  });
}

async function refresh(map) {
  running?.abort();
  running = new AbortController();
  const box = map.getBounds().toArray().flat().map((degrees) => degrees.toFixed(5)).join(',');
  const query = new URLSearchParams({bbox: box, kinds: container.dataset.kinds ?? ''});
  const {signal} = running;
  try {
    const [points, html] = await Promise.all([
      fetch(`/map/features?${query}`, {signal}).then((answer) => answer.json()),
      fetch(`/map/list?${query}`, {signal}).then((answer) => answer.text()),
    ]);
    features = points;
    map.getSource('reports')?.setData(points);
    list.innerHTML = html;
    document.body.dataset.mapFeatures = points.features.length;
  } catch (error) {
    if (error.name !== 'AbortError') console.warn(error);
  }
}

function openCard(map, {geometry, properties}) {
  const card = document.createElement('div');
  const link = document.createElement('a');
  link.href = properties.url;
  link.textContent = properties.title;
  const line = document.createElement('p');
  line.textContent = `${container.dataset.textReliability} ${properties.reliability}/10`;
  card.append(link, line);
  new Popup({offset: 14}).setLngLat(geometry.coordinates).setDOMContent(card).addTo(map);
}

function start() {
  const {lon, lat, zoom} = container.dataset;
  const map = makeMap(container, {
    center: [Number(lon), Number(lat)], zoom: Number(zoom), hash: 'at', overlay,
  });
  if (!map) return;
  map.on('load', () => refresh(map));
  map.on('moveend', () => refresh(map));
  map.on('click', 'reports', ({features: [feature]}) => openCard(map, feature));
  map.on('click', 'clusters', async ({features: [feature]}) => {
    const zoomTo = await map.getSource('reports')
      .getClusterExpansionZoom(feature.properties.cluster_id);
    map.easeTo({center: feature.geometry.coordinates, zoom: zoomTo});
  });
  for (const layer of ['reports', 'clusters']) {
    map.on('mouseenter', layer, () => { map.getCanvas().style.cursor = 'pointer'; });
    map.on('mouseleave', layer, () => { map.getCanvas().style.cursor = ''; });
  }
  map.once('idle', () => { document.body.dataset.mapReady = '1'; });
  const report = document.getElementById('report-here');
  map.on('move', () => {
    const {lng, lat: y} = map.getCenter();
    report.href = `/reports/new?lon=${lng.toFixed(5)}&lat=${y.toFixed(5)}`;
  });
  document.getElementById('locate').addEventListener('click', () => {
    navigator.geolocation.getCurrentPosition(({coords}) => {
      map.flyTo({center: [coords.longitude, coords.latitude], zoom: 14});
    });
  });
}

start();
