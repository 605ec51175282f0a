// The map page. What moves on the map is told by the list beside it, which the server renders.

import {Popup} from 'maplibre-gl';
import {addIcons, makeMap, theme} from './map-core.mjs';
import {reportSheet} from './sheet.mjs';

const container = document.getElementById('map');
const list = document.getElementById('map-list');
const filters = document.getElementById('map-filters');
const marks = JSON.parse(document.getElementById('map-marks').textContent);
const COLOURS = {
  red: '#c0322b', orange: '#d2601a', amber: '#b7790a', blue: '#2a6fb8', violet: '#7b4bb3',
  yellow: '#9a7b00', teal: '#147d78', green: '#2b7d43', brown: '#86583a', grey: '#6b6470',
};
const EMPTY = {type: 'FeatureCollection', features: []};
const NOTHING = ['==', ['get', 'id'], ''];
const ALONE = ['!', ['has', 'point_count']];
let features = EMPTY;
let running = null;
let popup = null;

const ofLayer = (layer) => ({
  type: 'FeatureCollection',
  features: features.features.filter(({properties}) => properties.layer === layer),
});

function addClusters(map, source, colour, ink) {
  map.addLayer({
    id: `${source}-clusters`, type: 'circle', source, filter: ['has', 'point_count'],
    paint: {
      'circle-color': colour,
      'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'point_count']], 1, 14, 25, 30],
      'circle-stroke-width': 3, 'circle-stroke-color': '#ffffff66',
    },
  });
  map.addLayer({
    id: `${source}-counts`, type: 'symbol', source, filter: ['has', 'point_count'],
    layout: {
      'text-field': ['get', 'point_count_abbreviated'], 'text-font': ['Inter Bold'], 'text-size': 13,
    },
    paint: {'text-color': ink},
  });
}

/** The ring round what is chosen in the list or on the map. */
function addRing(map, source) {
  map.addLayer({
    id: `${source}-chosen`, type: 'circle', source, filter: NOTHING,
    paint: {
      'circle-color': '#00000000', 'circle-radius': 18, 'circle-stroke-width': 4,
      'circle-stroke-color': theme() === 'dark' ? '#f2a3cf' : '#7a1f5c',
    },
  });
}

function addMarks(map, source, paint, image) {
  map.addLayer({id: source, type: 'circle', source, filter: ALONE, paint});
  map.addLayer({
    id: `${source}-icons`, type: 'symbol', source, filter: ALONE,
    layout: {'icon-image': image, 'icon-allow-overlap': true},
  });
  addRing(map, source);
}

function overlay(map) {
  const dark = theme() === 'dark';
  const colour = ['match', ['get', 'mark'],
    ...Object.entries(marks).flatMap(([mark, {colour: name}]) => [mark, COLOURS[name]]), '#6b6470'];
  const common = {type: 'geojson', cluster: true, clusterRadius: 46};
  map.addSource('places', {...common, data: ofLayer('place'), clusterMaxZoom: 15});
  map.addSource('reports', {...common, data: ofLayer('report'), clusterMaxZoom: 14});
  addClusters(map, 'places', dark ? '#4fb3ab' : '#12625e', dark ? '#062422' : '#ffffff');
  // Places are pale with their colour inside; reports are full, and hollow while unconfirmed.
  addMarks(map, 'places', {
    'circle-color': dark ? '#24161f' : '#ffffff', 'circle-radius': 11,
    'circle-stroke-width': 1.5, 'circle-stroke-color': colour,
  }, ['concat', ['get', 'mark'], '-hollow']);
  addClusters(map, 'reports', dark ? '#f2a3cf' : '#7a1f5c', dark ? '#3a0b2a' : '#ffffff');
  addMarks(map, 'reports', {
    'circle-color': ['case', ['get', 'held'], '#ffffff', colour], 'circle-radius': 13,
    'circle-stroke-width': ['case', ['get', 'held'], 3, 2],
    'circle-stroke-color': ['case', ['get', 'held'], colour, '#ffffff'],
  }, ['concat', ['get', 'mark'], ['case', ['get', 'held'], '-hollow', '']]);
  const icons = Object.entries(marks).flatMap(([mark, {icon, colour: name}]) => [
    [mark, icon, '#ffffff'],
    [`${mark}-hollow`, icon, COLOURS[name]],
  ]);
  addIcons(map, container.dataset.icons, icons)
    .then(() => { document.body.dataset.mapIcons = icons.length; })
    .catch((error) => console.warn(error));
}

/** What the filters beside the map say, as the page's own address does. */
const chosen = () => new URLSearchParams([...new FormData(filters)].filter(([, value]) => value));

async function refresh(map) {
  running?.abort();
  running = new AbortController();
  const query = chosen();
  query.set('bbox', map.getBounds().toArray().flat().map((degrees) => degrees.toFixed(5)).join(','));
  const {signal} = running;
  list.ariaBusy = 'true';
  try {
    const [points, html] = await Promise.all([
      fetch(`/map/features?${query}`, {signal}).then((answer) => answer.json()),
      fetch(`/map/list?${query}`, {signal}).then((answer) => answer.text()),
    ]);
    features = points;
    map.getSource('reports')?.setData(ofLayer('report'));
    map.getSource('places')?.setData(ofLayer('place'));
    list.innerHTML = html;
    document.body.dataset.mapFeatures = points.features.length;
    list.ariaBusy = 'false';
  } catch (error) {
    if (error.name !== 'AbortError') console.warn(error);
  }
}

/** Marks one thing on the map and in the list. */
function choose(map, id) {
  for (const source of ['reports', 'places']) {
    map.setFilter(`${source}-chosen`, id ? ['==', ['get', 'id'], id] : NOTHING);
  }
  for (const entry of list.querySelectorAll('[data-id]')) {
    const same = entry.dataset.id === id;
    entry.classList.toggle('is-chosen', same);
    if (same) entry.scrollIntoView({block: 'nearest'});
  }
}

/** The list's entry, on the map. */
async function openCard(map, {geometry, properties}) {
  choose(map, properties.id);
  const card = document.createElement('div');
  card.className = 'map-card skeleton';
  popup?.remove();
  popup = new Popup({offset: 16, maxWidth: '20rem'})
    .setLngLat(geometry.coordinates).setDOMContent(card).addTo(map);
  popup.on('close', () => choose(map, null));
  const listed = list.querySelector(`[data-id="${CSS.escape(properties.id)}"]`);
  card.innerHTML = listed ? listed.innerHTML
    : await (await fetch(`/map/card/${properties.layer}/${properties.id}`)).text();
  card.classList.remove('skeleton');
}

function start() {
  const {lon, lat, zoom} = container.dataset;
  const map = makeMap(container, {
    center: [Number(lon), Number(lat)], zoom: Number(zoom), hash: 'at', overlay,
  });
  reportSheet(map);
  if (!map) return;
  map.on('load', () => refresh(map));
  map.on('moveend', () => refresh(map));
  filters.addEventListener('change', () => {
    history.replaceState(null, '', `?${chosen()}${location.hash}`);
    refresh(map);
  });
  for (const source of ['reports', 'places']) {
    map.on('click', source, ({features: [feature]}) => openCard(map, feature));
    map.on('click', `${source}-clusters`, async ({features: [feature]}) => {
      const zoomTo = await map.getSource(source)
        .getClusterExpansionZoom(feature.properties.cluster_id);
      map.easeTo({center: feature.geometry.coordinates, zoom: zoomTo});
    });
    for (const layer of [source, `${source}-clusters`]) {
      map.on('mouseenter', layer, () => { map.getCanvas().style.cursor = 'pointer'; });
      map.on('mouseleave', layer, () => { map.getCanvas().style.cursor = ''; });
    }
  }
  for (const event of ['pointerover', 'focusin']) {
    list.addEventListener(event, ({target}) => {
      const entry = target.closest('[data-id]');
      if (entry && !popup?.isOpen()) choose(map, entry.dataset.id);
    });
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
