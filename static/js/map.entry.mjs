// The map page: filters, the map, and the list beside it, which says the same.

import {Marker} from 'maplibre-gl';
import {boxOfMap} from './coordinates.mjs';
import {firstView} from './first-view.mjs';
import {followMap} from './follow.mjs';
import {addBadges, makeMap} from './map-core.mjs';
import {CLUSTERS, THINGS, addLayers, badges, drawFresh, ring, showLayers} from './map-layers.mjs';
import {mapList} from './map-list.mjs';
import {mapPopups} from './map-popups.mjs';
import {mapGoesThere} from './search.mjs';
import {reportSheet} from './sheet.mjs';
import {LAYERS, mapTiles} from './tiles.mjs';

const container = document.getElementById('map');
const filters = document.getElementById('map-filters');
const sortedFrom = document.getElementById('sort-from');
const state = document.getElementById('live-state');
const marks = JSON.parse(document.getElementById('map-marks').textContent);
const MOVE_MS = 150;
const COUNT_MS = 250;
const AGAIN_MS = 5000;
const NARROWING = ['kinds', 'hours', 'reliability', 'brand'];
let here = null; // where the reader is, once they asked: [lon, lat]

/** What the filters say, as the page's own address does; what is as always is not said. */
function chosen() {
  const said = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value));
  if (said.get('sort') === 'new') said.delete('sort');
  if (said.getAll('show').length === LAYERS.length) said.delete('show');
  return said;
}

/** The layers that are shown; none chosen means both. */
const shown = () => {
  const named = chosen().getAll('show');
  return named.length ? named : LAYERS;
};

/** The filters that tiles know. */
const narrowed = () => new URLSearchParams(
  [...chosen()].filter(([name]) => NARROWING.includes(name)).sort());

function showState(name) {
  state.hidden = !shown().includes('reports');
  state.dataset.state = name;
  state.lastElementChild.textContent = state.dataset[name];
}

function sayFilters() {
  const count = document.getElementById('filters-count');
  const number = [...narrowed().keys()].length;
  count.hidden = !number;
  count.firstElementChild.textContent = number;
  const isNear = chosen().get('sort') === 'near';
  sortedFrom.textContent = !isNear ? '' : here ? sortedFrom.dataset.here : sortedFrom.dataset.middle;
}

function start() {
  let told = {features: [], versions: {}};
  let tiles = null;
  const map = makeMap(container, {
    ...firstView(container.dataset), hash: 'at',
    overlay(made) {
      tiles ??= mapTiles(made);
      tiles.choose(narrowed().toString(), shown());
      addLayers(made, {tiles, marks, fresh: told.features});
      showLayers(made, shown());
      drawFresh(made, told);
      const wanted = badges(marks);
      addBadges(made, container.dataset.icons, wanted)
        .then(() => { document.body.dataset.mapIcons = wanted.length; })
        .catch((error) => console.warn(error));
      if (follow) look({anew: true}); // another style asks for its tiles by itself
    },
  });
  reportSheet(map);
  mapGoesThere(map);
  sayFilters();
  if (!map) return;
  let again = null;
  let counting = null;
  const popups = {};

  const list = mapList({
    address(page) {
      const query = chosen();
      query.delete('via'); // what is asked for, and kept, is the same for everybody
      query.set('bbox', boxOfMap(map));
      query.set('zoom', tiles.zoom());
      if (page > 1) query.set('page', page);
      if (here && query.get('sort') === 'near') query.set('from', here.join());
      return `/map/list?${query}`;
    },
    choose(id) { if (!popups.isOpen?.()) choose(id); },
  });
  function choose(id) {
    ring(map, id);
    list.mark(id);
  }
  Object.assign(popups, mapPopups(map, {container, card: list.card, choose}));

  /** How many things are drawn in view: each once, clusters by how many they hold. */
  function count() {
    counting = null;
    const layers = [...THINGS, ...CLUSTERS].filter((layer) => map.getLayer(layer));
    const alone = new Set();
    const together = new Map();
    for (const {geometry, properties, source} of map.queryRenderedFeatures({layers})) {
      if (properties.id) alone.add(properties.id);
      else together.set(`${source} ${geometry.coordinates.map((each) => each.toFixed(3))}`, properties.n);
    }
    document.body.dataset.mapClusters = together.size;
    document.body.dataset.mapFeatures = alone.size + [...together.values()].reduce((a, b) => a + b, 0);
  }
  const countSoon = () => { counting ??= setTimeout(count, COUNT_MS); };

  let follow = null;
  /** The view or what is to be shown is another one. */
  async function look(options) {
    if (!tiles) return;
    clearTimeout(again);
    follow ??= followMap(map, {
      tiles, url: container.dataset.live, status: showState,
      filters: () => ({query: narrowed(), isFollowed: shown().includes('reports')}),
      draw(next) {
        told = next;
        drawFresh(map, told);
      },
      settled: countSoon,
      changed(news) {
        list.tellOf(news);
        list.renewSoon();
      },
    });
    follow.look(options);
    try {
      await list.open({isNews: !options?.anew});
    } catch (error) {
      if (error.name === 'AbortError') return;
      console.warn(error);
      again = setTimeout(look, AGAIN_MS);
    }
  }

  map.on('load', () => look());
  map.on('idle', countSoon);
  map.once('idle', () => { document.body.dataset.mapReady = '1'; });
  let moved = null;
  map.on('moveend', () => {
    clearTimeout(moved);
    moved = setTimeout(look, MOVE_MS);
  });
  map.on('look', () => look({anew: true}));
  // On a first visit the worker comes after what is shown: asked again, it is kept too.
  const {serviceWorker} = navigator;
  if (serviceWorker && !serviceWorker.controller) {
    serviceWorker.addEventListener('controllerchange', () => look({anew: true}), {once: true});
  }
  filters.addEventListener('change', () => {
    const query = chosen().toString();
    history.replaceState(history.state, '', `${location.pathname}${query && `?${query}`}${location.hash}`);
    sayFilters();
    tiles.choose(narrowed().toString(), shown());
    showLayers(map, shown());
    state.hidden = !shown().includes('reports');
    look();
  });
  document.getElementById('brand-chip')?.querySelector('a').addEventListener('click', (event) => {
    event.preventDefault();
    document.getElementById('brand-chip').remove();
    filters.dispatchEvent(new Event('change'));
    filters.querySelector('summary').focus();
  });

  document.getElementById('look-back').addEventListener('click', ({currentTarget}) => {
    currentTarget.href = `/map/history?kinds=${chosen().get('kinds') ?? ''}${location.hash}`;
  });
  const report = document.getElementById('report-here');
  map.on('move', () => {
    const {lng, lat: y} = map.getCenter().wrap();
    report.href = `/reports/new?lon=${lng.toFixed(5)}&lat=${y.toFixed(5)}`;
  });
  const marker = new Marker({element: Object.assign(document.createElement('div'), {className: 'map-here'})});
  document.getElementById('locate').addEventListener('click', () => {
    navigator.geolocation.getCurrentPosition(({coords}) => {
      here = [coords.longitude.toFixed(5), coords.latitude.toFixed(5)];
      marker.setLngLat(here.map(Number)).addTo(map);
      sayFilters();
      map.flyTo({center: here.map(Number), zoom: 14});
    }, () => {
      document.getElementById('notices').replaceChildren(Object.assign(document.createElement('p'), {
        className: 'notice notice--warn', textContent: container.dataset.textNoPosition,
      }));
    });
  });
}

start();
