// How reports and places look on the map: layers over the tiles and over what the stream told.

import {theme} from './map-core.mjs';
import {COLOURS} from './map-colours.mjs';

const EMPTY = {type: 'FeatureCollection', features: []};
const NOTHING = ['==', ['get', 'id'], ''];
const CROWDED = 12.5; // below this zoom an icon of a report shows only where it has room; its dot always does
const DEEP = 10;
const SURE = 8;
const LIKELY = 5;
const [WHITE, INK] = ['#ffffff', '#1d1220'];

/** The layers that hold each drawn thing once: what is pressed and counted. */
export const THINGS = ['places-dots', 'reports-dots', 'fresh-dots'];
export const CLUSTERS = ['places-clusters', 'reports-clusters'];

function mix(one, other, share) {
  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const [a, b] = [parts(one), parts(other)];
  return `#${a.map((value, i) => Math.round(value + (b[i] - value) * share).toString(16)
    .padStart(2, '0')).join('')}`;
}

/** The less a report is believed the paler its badge is; the ring keeps its colour. What is held is
    hollow, with a broken ring; places are pale squares with round corners. */
function looks(colour, isDark) {
  if (isDark) {
    const light = mix(colour, WHITE, 0.55);
    return {
      sure: {fill: colour, ring: WHITE, ink: WHITE},
      likely: {fill: mix(colour, INK, 0.35), ring: mix(colour, WHITE, 0.35), ink: WHITE},
      unsure: {fill: mix(colour, INK, 0.75), ring: mix(colour, WHITE, 0.35), ink: light},
      held: {fill: INK, ring: mix(colour, WHITE, 0.35), ink: light, isBroken: true},
      place: {fill: '#24161f', ring: mix(colour, WHITE, 0.35), ink: light, isSquare: true},
    };
  }
  return {
    sure: {fill: colour, ring: WHITE, ink: WHITE},
    likely: {fill: mix(colour, WHITE, 0.5), ring: colour, ink: mix(colour, INK, 0.6)},
    unsure: {fill: mix(colour, WHITE, 0.85), ring: colour, ink: colour},
    held: {fill: WHITE, ring: colour, ink: colour, isBroken: true},
    place: {fill: WHITE, ring: colour, ink: colour, isSquare: true},
  };
}

/** [image name, symbol of the sprite, look] of every badge that the map may draw. */
export function badges(marks) {
  const isDark = theme() === 'dark';
  return Object.entries(marks).flatMap(([mark, {icon, colour}]) => {
    const {place, ...reports} = looks(COLOURS[colour], isDark);
    return mark.startsWith('place-') ? [[mark, icon, place]]
      : Object.entries(reports).map(([look, made]) => [`${mark}-${look}`, icon, made]);
  });
}

const IMAGE = {
  places: ['get', 'mark'],
  reports: ['concat', ['get', 'mark'], '-', ['case', ['get', 'held'], 'held',
    ['step', ['get', 'reliability'], 'unsure', LIKELY, 'likely', SURE, 'sure']]],
};

/** What a language writes after a number of `size`s, such as K or, in Spanish, mil; else `plain`. */
function unit(language, size, plain) {
  const parts = new Intl.NumberFormat(language, {notation: 'compact'}).formatToParts(2 * size);
  const said = parts.filter(({type}) => type === 'literal' || type === 'compact').map(({value}) => value).join('');
  return said.replace(/\s/g, ' ') || plain;
}

/** A number as people write it in short: 950, 1.2K, 34K; in Spanish 1,2 mil. */
function short(language) {
  const n = ['get', 'n'];
  const [thousand, million] = [unit(language, 1000, 'K'), unit(language, 1e6, 'M')];
  const tenths = (size) => ['number-format', ['/', n, size],
    {locale: language, 'max-fraction-digits': 1}];
  return ['step', n, ['to-string', n], 1000, ['concat', tenths(1000), thousand],
    10000, ['concat', ['to-string', ['round', ['/', n, 1000]]], thousand],
    1e6, ['concat', tenths(1e6), million]];
}

/** Adds the sources and layers; again after the style changed. `tiles` is `mapTiles(map)`. */
export function addLayers(map, {tiles, marks, fresh}) {
  const isDark = theme() === 'dark';
  const language = document.documentElement.lang;
  const colour = ['match', ['get', 'mark'],
    ...Object.entries(marks).flatMap(([mark, {colour: name}]) => [mark, COLOURS[name]]), COLOURS.grey];
  const from = {
    places: {source: 'places', 'source-layer': 'points'},
    reports: {source: 'reports', 'source-layer': 'points'},
    fresh: {source: 'fresh', minzoom: DEEP},
  };

  function addClusters(layer, fill, ink) {
    // Where there is one there is often the other: places stand a little aside.
    const aside = layer === 'places' ? [17, -15] : [0, 0];
    const source = {source: layer, 'source-layer': 'clusters'};
    map.addLayer({
      id: `${layer}-clusters`, type: 'circle', ...source,
      layout: {'circle-sort-key': ['get', 'n']},
      paint: {
        'circle-color': fill, 'circle-opacity': 0.92, 'circle-translate': aside,
        'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'n']], 1, 12, 10, 19, 32, 27, 100, 36],
        'circle-stroke-width': 4, 'circle-stroke-color': fill, 'circle-stroke-opacity': 0.28,
      },
    });
    map.addLayer({
      id: `${layer}-counts`, type: 'symbol', ...source,
      layout: {
        'text-field': short(language), 'text-font': ['Inter Bold'],
        'text-size': ['interpolate', ['linear'], ['sqrt', ['get', 'n']], 1, 12, 32, 14, 100, 17],
        'text-allow-overlap': true, 'text-ignore-placement': true, 'symbol-sort-key': ['get', 'n'],
      },
      paint: {'text-color': ink, 'text-translate': aside},
    });
  }

  /** The areas of reports that show no exact place: as wide on the ground at every zoom. */
  function addAreas(layer) {
    const radius = (zoom) => ['*', ['coalesce', ['get', 'spread'], 0], 2 ** zoom];
    map.addLayer({
      id: `${layer}-areas`, type: 'circle', ...from[layer], filter: ['has', 'spread'],
      paint: {
        'circle-color': colour, 'circle-opacity': 0.15,
        'circle-radius': ['interpolate', ['exponential', 2], ['zoom'], 0, radius(0), 24, radius(24)],
        'circle-stroke-width': 1.5, 'circle-stroke-color': colour, 'circle-stroke-opacity': 0.6,
      },
    });
  }

  function addDots(layer) {
    const isPlace = layer === 'places';
    const believed = ['coalesce', ['get', 'reliability'], 10];
    map.addLayer({
      id: `${layer}-dots`, type: 'circle', ...from[layer],
      layout: {'circle-sort-key': believed},
      paint: {
        'circle-color': ['case', ['get', 'held'], isDark ? INK : WHITE, colour],
        'circle-opacity': isPlace ? ['step', ['zoom'], 0.25, CROWDED, 0]
          : ['interpolate', ['linear'], believed, 0, 0.3, SURE, 1],
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 6, 3, 10, 2.5, 11.5, 3.5, CROWDED, 5, 14, 11],
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 10, 1, CROWDED, 1.5],
        'circle-stroke-color': colour,
        ...(isPlace && {'circle-stroke-opacity': ['step', ['zoom'], 1, CROWDED, 0]}),
      },
    });
  }

  /** A city has hundreds of places a street: those whose badge has no room are a small dot, and what is pressed
      stays as large as a badge. */
  function addSpecks() {
    map.addLayer({
      id: 'places-specks', type: 'circle', ...from.places, minzoom: CROWDED,
      paint: {
        'circle-color': colour, 'circle-radius': ['interpolate', ['linear'], ['zoom'], CROWDED, 2.5, 18, 4.5],
        'circle-stroke-width': 1, 'circle-stroke-color': isDark ? INK : WHITE,
      },
    });
  }

  function addBadges(layer) {
    const image = IMAGE[layer] ?? IMAGE.reports;
    const believed = ['coalesce', ['get', 'reliability'], 0];
    const size = {'icon-image': image};
    map.addLayer({
      id: `${layer}-roomy`, type: 'symbol', ...from[layer], maxzoom: CROWDED,
      layout: {
        ...size, 'symbol-sort-key': ['-', 0, believed],
        'icon-padding': ['interpolate', ['linear'], ['zoom'], 9, 1, 10, 9, CROWDED, 3],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 5, 0.7, 9, 0.8, CROWDED, 0.9],
      },
    });
    map.addLayer({
      id: `${layer}-badges`, type: 'symbol', ...from[layer], minzoom: CROWDED,
      layout: layer === 'places' ? {
        ...size, 'symbol-sort-key': ['-', 0, ['coalesce', ['get', 'rated'], 0]],
        'icon-padding': ['interpolate', ['linear'], ['zoom'], 13, 10, 16, 5, 18, 1],
      } : {...size, 'icon-allow-overlap': true, 'symbol-sort-key': believed},
    });
  }

  /** The ring round what is chosen in the list or on the map. */
  function addRing(layer) {
    map.addLayer({
      id: `${layer}-chosen`, type: 'circle', ...from[layer], filter: NOTHING,
      paint: {
        'circle-color': '#00000000', 'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 14, 13, 18],
        'circle-stroke-width': 4, 'circle-stroke-color': isDark ? '#f2a3cf' : '#7a1f5c',
      },
    });
  }

  map.addSource('places', tiles.source('places'));
  map.addSource('reports', tiles.source('reports'));
  map.addSource('fresh', {type: 'geojson', data: {...EMPTY, features: fresh}});
  for (const layer of ['reports', 'fresh']) addAreas(layer);
  addSpecks();
  for (const layer of ['places', 'reports', 'fresh']) addDots(layer);
  addClusters('places', isDark ? '#4fb3ab' : '#12625e', isDark ? '#062422' : WHITE);
  addClusters('reports', isDark ? '#f2a3cf' : '#7a1f5c', isDark ? '#3a0b2a' : WHITE);
  for (const layer of ['places', 'reports', 'fresh']) addBadges(layer);
  for (const layer of ['places', 'reports', 'fresh']) addRing(layer);
}

/** Shows the layers that are chosen (`reports`, `places`). */
export function showLayers(map, shown) {
  for (const {id, source} of map.getStyle().layers) {
    const layer = source === 'fresh' ? 'reports' : source;
    if (layer !== 'reports' && layer !== 'places') continue;
    map.setLayoutProperty(id, 'visibility', shown.includes(layer) ? 'visible' : 'none');
  }
}

/** Draws what was told, and hides the tiles' own of it up to the version that was told. */
export function drawFresh(map, {features, versions}) {
  map.getSource('fresh')?.setData({...EMPTY, features});
  const newest = ['coalesce', ['get', ['get', 'id'], ['literal', versions]], -1];
  const filter = Object.keys(versions).length ? ['>', ['to-number', ['get', 'version']], newest] : null;
  for (const layer of ['reports-dots', 'reports-roomy', 'reports-badges']) {
    if (map.getLayer(layer)) map.setFilter(layer, filter, {validate: false});
  }
  if (map.getLayer('reports-areas')) {
    const areas = ['has', 'spread'];
    map.setFilter('reports-areas', filter ? ['all', areas, filter] : areas, {validate: false});
  }
}

/** Rings the thing with this public id; none with null. */
export function ring(map, id) {
  for (const layer of ['reports', 'places', 'fresh']) {
    if (!map.getLayer(`${layer}-chosen`)) continue;
    map.setFilter(`${layer}-chosen`, id ? ['==', ['get', 'id'], id] : NOTHING);
  }
}
