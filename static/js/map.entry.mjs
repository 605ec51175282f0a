// The map page. What moves on the map is told by the list beside it, which the server renders.

import htmx from 'htmx.org';
import {Popup} from 'maplibre-gl';
import {liveStream} from './live.mjs';
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
let live = null;
let again = null;
const LIST_MS = 1000; // the list follows the stream at most this often, and more slowly in a flood
const LIST_FLOOD_MS = 4000;
const MOVE_MS = 150;

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

function draw(map) {
  map.getSource('reports')?.setData(ofLayer('report'));
  map.getSource('places')?.setData(ofLayer('place'));
  document.body.dataset.mapFeatures = features.features.length;
}

async function refresh(map) {
  live?.pause();
  clearTimeout(again);
  running?.abort();
  running = new AbortController();
  const query = chosen();
  query.set('bbox', map.getBounds().toArray().flat().map((degrees) => degrees.toFixed(5)).join(','));
  const {signal} = running;
  list.ariaBusy = 'true';
  try {
    const good = (answer) => {
      if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
      return answer;
    };
    const [[points, cursor], html] = await Promise.all([
      fetch(`/map/features?${query}`, {signal}).then(good)
        .then(async (answer) => [await answer.json(), answer.headers.get('Live-Cursor')]),
      fetch(`/map/list?${query}`, {signal}).then(good).then((answer) => answer.text()),
    ]);
    features = points;
    draw(map);
    await showList(html);
    list.ariaBusy = 'false';
    tell(list.querySelector('p')?.textContent ?? '');
    follow(map, query, cursor);
  } catch (error) {
    if (error.name === 'AbortError') return;
    console.warn(error);
    showState('reconnecting');
    again = setTimeout(refresh, 5000, map);
  }
}

/** Brings an entry into sight where the list scrolls by itself; the page, and the map, stay put. */
function reveal(entry) {
  const side = list.closest('.map-side');
  if (side.scrollHeight <= side.clientHeight) return;
  const [box, at] = [side.getBoundingClientRect(), entry.getBoundingClientRect()];
  side.scrollTop += Math.min(0, at.top - box.top) + Math.max(0, at.bottom - box.bottom);
}

/** Entries that stay are the same elements: what has the focus keeps it, what is read stays put. */
const showList = (html) => htmx.swap({target: list, text: html, swap: 'innerMorph'});

const state = document.getElementById('live-state');
const news = document.getElementById('live-news');

function showState(name) {
  state.hidden = false;
  state.dataset.state = name;
  state.lastElementChild.textContent = state.dataset[name];
}

let fresh = 0;
let telling = null;

/** Says `text` to those who listen; silences what is older. */
function tell(text) {
  fresh = 0;
  clearTimeout(telling);
  telling = null;
  news.textContent = text;
}

/** Says how many are new, once in ten seconds. */
function tellOf(count) {
  fresh += count;
  if (!fresh || telling) return;
  news.textContent = fresh === 1 ? news.dataset.one : news.dataset.many.replace('{n}', fresh);
  telling = setTimeout(() => {
    telling = null;
    const more = fresh - count;
    fresh = 0;
    tellOf(more);
  }, 10000);
}

/** What the stream told: onto the map at once, into the list a little later. */
function follow(map, query, cursor) {
  const options = new URLSearchParams(query);
  if (options.has('show') && !options.getAll('show').includes('reports')) {
    state.hidden = true;
    return;
  }
  options.delete('show');
  let shownAt = 0;
  let pause = LIST_MS;
  let waiting = null;

  async function renewList() {
    waiting = null;
    const since = Date.now() - shownAt;
    pause = since > 2 * LIST_FLOOD_MS ? LIST_MS : Math.min(pause * 1.3, LIST_FLOOD_MS);
    shownAt = Date.now();
    try {
      const answer = await fetch(`/map/list?${query}`, {signal: running.signal});
      if (answer.ok) await showList(await answer.text());
    } catch (error) {
      if (error.name !== 'AbortError') console.warn(error);
    }
  }

  live ??= liveStream({
    url: container.dataset.live, changes: '/map/changes', status: showState,
    resync: () => refresh(map),
    apply: (told) => live.apply(told),
  });
  live.apply = ({upserts, gone}) => {
    const known = new Map(features.features.map((each) => [each.properties.id, each]));
    let isChanged = false;
    let count = 0;
    for (const each of upserts) {
      const {properties} = each;
      const before = known.get(properties.id);
      if (before?.properties.version === properties.version) continue;
      properties.title = marks[properties.mark]?.title;
      known.set(properties.id, each);
      isChanged = true;
      if (!before) count += 1;
    }
    for (const id of gone) isChanged = known.delete(id) || isChanged;
    if (!isChanged) return;
    features = {...EMPTY, features: [...known.values()]};
    draw(map);
    tellOf(count);
    waiting ??= setTimeout(renewList, Math.max(0, shownAt + pause - Date.now()));
  };
  live.open(options, cursor);
}

/** Marks one thing on the map and in the list. */
function choose(map, id) {
  for (const source of ['reports', 'places']) {
    map.setFilter(`${source}-chosen`, id ? ['==', ['get', 'id'], id] : NOTHING);
  }
  for (const entry of list.querySelectorAll('[data-id]')) {
    const same = entry.dataset.id === id;
    entry.classList.toggle('is-chosen', same);
    if (same) reveal(entry);
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
  let moved = null;
  map.on('moveend', () => {
    clearTimeout(moved);
    moved = setTimeout(refresh, MOVE_MS, map);
  });
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
  document.getElementById('look-back').addEventListener('click', ({currentTarget}) => {
    currentTarget.href = `/map/history?kinds=${chosen().get('kinds') ?? ''}${location.hash}`;
  });
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
