// The cartography of a loaded city: streets, buildings, parks, water, in the palette of the bundled map.
// Layers and kinds are those of ugc/streets/rules/tags.py.

import {named} from './map-names.mjs';

const LIGHT = {
  land: '#f6f1e9', water: '#c8dde9', bank: '#b4cfe0', town: '#f1eae1', industry: '#ece5e1',
  trade: '#f5e9e4', school: '#f4ecd9', hospital: '#f7e6e6', parking: '#ebe5de', wood: '#d9e5cb',
  scrub: '#e1e8d0', grass: '#e4ecd3', farm: '#f0eddb', rock: '#e9e4dd', ice: '#eef4f6',
  sand: '#f3e9c9', park: '#d0e4c0', pitch: '#c4deb8', cemetery: '#d9e2cf', paved: '#f8f3ee',
  building: '#e6dbd0', wall: '#d3c4b6', cliff: '#c9bdb0',
  road: {motorway: '#f5b48a', trunk: '#fbcb98', primary: '#fde0aa', secondary: '#fff0cf',
    tertiary: '#ffffff', minor: '#ffffff', service: '#ffffff', aisle: '#ffffff', pedestrian: '#fdf6f8'},
  casing: {motorway: '#b0673a', trunk: '#b6783c', primary: '#a57f3f', secondary: '#9f804b', other: '#9f8063'},
  path: '#b79c8a', rail: '#b3a3ac', lift: '#8d7f92', border: '#a58fa0',
  text: '#4d3f49', soft: '#75656f', halo: '#fbf7f1', name: '#5d4d57', wet: '#3a6a85', green: '#48693a',
  shield: '#ffffff', edge: '#b9a694', number: '#857580', arrow: '#a08f83',
};
const DARK = {
  land: '#251c29', water: '#141f2c', bank: '#213850', town: '#2a202e', industry: '#2b232e',
  trade: '#30232e', school: '#2f2630', hospital: '#35232d', parking: '#2d2431', wood: '#202e29',
  scrub: '#262f2a', grass: '#28322c', farm: '#2c2c2e', rock: '#2e2731', ice: '#303640',
  sand: '#38332c', park: '#24382c', pitch: '#2b4133', cemetery: '#283430', paved: '#2e2433',
  building: '#362b3c', wall: '#4a3c50', cliff: '#413545',
  road: {motorway: '#b6845f', trunk: '#9f7963', primary: '#8b7068', secondary: '#7c6972',
    tertiary: '#78697d', minor: '#796981', service: '#796882', aisle: '#7a6884', pedestrian: '#7b678a'},
  casing: {other: '#1a131d'},
  path: '#7b6b80', rail: '#6d5e74', lift: '#8d7d94', border: '#7f6d86',
  text: '#f0e6ec', soft: '#b7a8b5', halo: '#1b1420', name: '#e2d6df', wet: '#8cbcda', green: '#9dc797',
  shield: '#3f3345', edge: '#8b7893', number: '#a08fa8', arrow: '#a898b0',
};
export const PALETTES = {light: LIGHT, dark: DARK};

// From the lowest; widths in pixels at zooms.
const ROADS = {
  aisle: [15, 0.6, 17, 2, 20, 10],
  service: [13, 0.4, 14, 1.2, 16, 3.6, 18, 10, 20, 30],
  pedestrian: [13, 0.5, 14, 2, 16, 5.4, 18, 14, 20, 40],
  minor: [12, 0.5, 13, 1.2, 14, 2.7, 16, 7, 18, 18, 20, 54],
  tertiary: [11, 0.5, 12, 1.4, 14, 3.8, 16, 8.5, 18, 21, 20, 60],
  secondary: [10, 0.6, 12, 2.1, 14, 4.6, 16, 9.5, 18, 23, 20, 64],
  primary: [8, 0.6, 10, 1.3, 12, 2.6, 14, 5.4, 16, 10.5, 18, 25, 20, 70],
  trunk: [7, 0.6, 9, 1.4, 12, 3, 14, 6, 16, 11, 18, 25, 20, 70],
  motorway: [6, 0.6, 9, 1.6, 12, 3.4, 14, 6.5, 16, 12, 18, 26, 20, 70],
};
const MAIN = ['tertiary', 'secondary', 'primary', 'trunk', 'motorway'];
const SMALL = ['minor', 'service', 'pedestrian', 'path', 'steps', 'track', 'cycleway'];
const CASED_FROM = 11;
const casingAt = (zoom) => (zoom < 14 ? 0.9 : zoom < 17 ? 1.6 : 2.4);
const wider = (stops) => stops.map((value, i) => (i % 2 ? value + casingAt(stops[i - 1]) : value));

const get = (key) => ['get', key];
const isKind = (...kinds) => ['in', get('kind'), ['literal', kinds]];
const byKind = (...pairs) => ['match', get('kind'), ...pairs];
const grow = (...stops) => ['interpolate', ['exponential', 1.6], ['zoom'], ...stops];
const IS_BRIDGE = ['has', 'bridge'];
const IS_TUNNEL = ['has', 'tunnel'];
const ON_GROUND = ['all', ['!', IS_BRIDGE], ['!', IS_TUNNEL]];

/** Layers of a city, from below, on the source and with the ids `prefix` + name. */
export function cityLayers({source, theme, language}) {
  const c = PALETTES[theme];
  const name = named(language);
  const layer = (type, id, from, filter, layout, paint, zooms = {}) => ({
    id: `${source}-${id}`, type, source, 'source-layer': from, ...(filter && {filter}), layout, paint, ...zooms,
  });
  const area = (id, from, color, {filter, paint, minzoom} = {}) => (
    layer('fill', id, from, filter, {}, {'fill-color': color, ...paint}, minzoom ? {minzoom} : {}));
  const line = (id, from, filter, color, width, {dash, opacity, minzoom, cap = 'round'} = {}) => (
    layer('line', id, from, filter, {'line-cap': dash ? 'butt' : cap, 'line-join': 'round'}, {
      'line-color': color, 'line-width': width,
      ...(dash && {'line-dasharray': dash}), ...(opacity && {'line-opacity': opacity}),
    }, minzoom ? {minzoom} : {}));
  const text = (id, from, filter, layout, paint, zooms) => layer('symbol', id, from, filter, {
    'text-field': name, 'text-font': ['Inter Medium'], 'text-size': 12, 'text-max-width': 7, ...layout,
  }, {'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.5, ...paint}, zooms);

  const road = (stage, kind, test, isCasing) => {
    const stops = ROADS[kind];
    const color = isCasing ? c.casing[kind] ?? c.casing.other : c.road[kind];
    return line(
      `${stage}-${kind}${isCasing ? '-casing' : ''}`, 'road', ['all', isKind(kind), test], color,
      grow(...(isCasing ? wider(stops) : stops)), {
        minzoom: isCasing ? Math.max(CASED_FROM, stops[0]) : stops[0],
        cap: isCasing && stage === 'bridge' ? 'butt' : 'round',
        ...(stage === 'tunnel' && {dash: [2, 1], opacity: 0.5}),
      });
  };
  const roads = (stage, test) => (stage === 'tunnel' ? [false] : [true, false])
    .flatMap((isCasing) => Object.keys(ROADS).map((kind) => road(stage, kind, test, isCasing)));
  const path = (kind, width, dash) => line(kind, 'road', isKind(kind), c.path,
    grow(13, 0.6, 16, width, 19, width * 2.4), {dash, minzoom: 13});
  const along = {'symbol-placement': 'line', 'text-max-angle': 30, 'text-padding': 4, 'symbol-spacing': 320};

  return [
    area('ground', 'ground', byKind('ocean', c.water, c.land), {paint: {'fill-antialias': false}}),
    area('use', 'use', byKind('industrial', c.industry, 'commercial', c.trade, 'school', c.school,
      'hospital', c.hospital, 'parking', c.parking, c.town)),
    area('cover', 'cover', byKind('wood', c.wood, 'scrub', c.scrub, 'farm', c.farm, 'rock', c.rock,
      'ice', c.ice, 'sand', c.sand, c.grass), {paint: {'fill-opacity': ['interpolate', ['linear'], ['zoom'], 8, 0.55, 13, 0.9]}}),
    area('green', 'green', byKind('pitch', c.pitch, 'cemetery', c.cemetery, 'grass', c.grass, c.park)),
    area('paved', 'paved', c.paved, {filter: ['==', ['geometry-type'], 'Polygon'], paint: {'fill-outline-color': c.casing.other}}),
    area('water', 'water', c.water),
    line('cliffs', 'cliff', null, c.cliff, 1, {minzoom: 14}),
    line('streams', 'waterway', ['all', isKind('stream'), ['!', IS_TUNNEL]], c.bank, grow(12, 0.5, 16, 1.6, 19, 4), {minzoom: 12}),
    line('rivers', 'waterway', ['all', isKind('river'), ['!', IS_TUNNEL]], c.bank, grow(8, 0.7, 12, 1.7, 16, 4, 19, 12)),
    line('piers', 'paved', isKind('pierline'), c.land, grow(13, 1, 18, 8), {minzoom: 13}),
    ...roads('tunnel', IS_TUNNEL),
    area('buildings', 'building', c.building, {minzoom: 13, paint: {'fill-opacity': ['interpolate', ['linear'], ['zoom'], 13, 0.35, 15, 1]}}),
    line('walls', 'building', null, c.wall, grow(14.5, 0.3, 17, 0.9), {minzoom: 14.5}),
    path('track', 1.3, [4, 2]), path('path', 1.1, [2, 2]), path('cycleway', 1.2, [3, 1]),
    path('steps', 3, [0.4, 0.4]), path('construction', 3, [1, 1]),
    ...roads('road', ON_GROUND), ...roads('bridge', IS_BRIDGE),
    line('rails', 'rail', ['all', isKind('rail', 'tram'), ['!', IS_TUNNEL]], c.rail, grow(9, 0.6, 14, 1.4, 18, 3), {cap: 'butt'}),
    line('sleepers', 'rail', ['all', isKind('rail'), ['!', IS_TUNNEL]], c.rail, grow(13, 2.5, 18, 8), {dash: [0.2, 2], minzoom: 13}),
    line('lifts', 'rail', isKind('lift'), c.lift, 1, {dash: [6, 2], minzoom: 13}),
    line('ferries', 'rail', isKind('ferry'), c.wet, 1, {dash: [4, 3], opacity: 0.5}),
    line('municipalities', 'boundary', ['>', get('level'), 4], c.border, grow(9, 0.6, 16, 1.6), {dash: [3, 2], opacity: 0.5}),
    line('borders', 'boundary', ['<=', get('level'), 4], c.border, grow(8, 1, 16, 2.6), {opacity: 0.8, cap: 'butt'}),
    layer('circle', 'trees', 'poi', isKind('tree'), {}, {
      'circle-color': c.pitch, 'circle-radius': grow(16.5, 1.5, 19, 7), 'circle-opacity': 0.8,
    }, {minzoom: 16.5}),
    layer('symbol', 'arrows', 'road', ['all', ['has', 'oneway'], isKind(...Object.keys(ROADS).slice(1))], {
      'symbol-placement': 'line', 'symbol-spacing': 110, 'icon-image': 'city-arrow',
      'icon-size': grow(15.5, 0.4, 19, 0.9), 'icon-rotate': ['case', ['==', get('oneway'), -1], 180, 0], 'icon-padding': 12,
    }, {'icon-opacity': 0.9}, {minzoom: 15.5}),
    text('numbers', 'address', null, {'text-field': get('number'), 'text-size': grow(17, 9.5, 20, 13), 'text-padding': 3},
      {'text-color': c.number, 'text-halo-width': 1}, {minzoom: 17}),
    text('stops', 'poi', isKind('stop', 'station'), {
      'icon-image': byKind('stop', 'city-stop', 'city-station'), 'text-size': 11, 'text-anchor': 'top',
      'text-offset': [0, 0.8], 'text-optional': true,
    }, {'text-color': c.soft}, {minzoom: 15.5}),
    text('areas', 'label', ['!=', get('kind'), 'river'], {'text-size': 11.5, 'text-max-width': 8}, {
      'text-color': byKind('lake', c.wet, 'park', c.green, 'garden', c.green, 'pitch', c.green,
        'play', c.green, 'cemetery', c.green, c.soft),
    }, {minzoom: 14.2}),
    text('peaks', 'poi', isKind('peak', 'saddle'), {
      'icon-image': 'city-peak', 'text-size': 11, 'text-anchor': 'top', 'text-offset': [0, 0.6],
      'text-field': ['case', ['has', 'ele'], ['concat', name, '\n', ['to-string', get('ele')], ' m'], name],
      'symbol-sort-key': ['-', 0, ['coalesce', get('ele'), 0]],
    }, {'text-color': c.soft}, {minzoom: 11}),
    text('waters', 'waterway', ['has', 'name'], {...along, 'text-size': 11.5, 'text-letter-spacing': 0.08}, {'text-color': c.wet}, {minzoom: 12}),
    text('small-names', 'road', ['all', ['has', 'name'], isKind(...SMALL)],
      {...along, 'text-size': grow(14, 10, 16, 11.5, 19, 15)}, {'text-color': c.name}, {minzoom: 14.3}),
    text('main-names', 'road', ['all', ['has', 'name'], isKind(...MAIN)],
      {...along, 'text-size': grow(12, 10, 16, 12.5, 19, 16)}, {'text-color': c.name}, {minzoom: 12.5}),
    text('shields', 'road', ['all', ['has', 'ref'], isKind('motorway', 'trunk', 'primary', 'secondary')], {
      'symbol-placement': 'line', 'symbol-spacing': 420, 'text-field': get('ref'), 'text-font': ['Inter Bold'],
      'text-size': 9.5, 'icon-image': 'city-shield', 'icon-text-fit': 'both', 'icon-text-fit-padding': [2, 4, 2, 4],
      'text-rotation-alignment': 'viewport', 'icon-rotation-alignment': 'viewport', 'text-padding': 8,
    }, {'text-halo-width': 0}, {minzoom: 9.5}),
    text('localities', 'place', isKind('locality', 'isolated_dwelling', 'square', 'island'),
      {'text-size': 11}, {'text-color': c.soft}, {minzoom: 14}),
    text('quarters', 'place', isKind('suburb', 'quarter', 'neighbourhood', 'hamlet'), {
      'text-size': grow(11, 10.5, 15, 13), 'text-letter-spacing': 0.05,
      'symbol-sort-key': byKind('suburb', 0, 'quarter', 1, 2),
    }, {'text-color': c.soft}, {maxzoom: 17}),
    text('towns', 'place', isKind('city', 'town', 'village'), {
      'text-font': byKind('village', ['literal', ['Inter Medium']], ['literal', ['Inter Bold']]),
      'text-size': ['interpolate', ['linear'], ['zoom'],
        8, byKind('city', 14, 'town', 12, 11), 14, byKind('city', 20, 'town', 17, 14)],
      'symbol-sort-key': ['-', 0, ['coalesce', get('population'), 0]],
    }, {'text-halo-width': 1.8}, {maxzoom: 16}),
  ];
}

/** Draws the signs that the layers name: one-way arrows, shields, peaks, stops. */
export function addSigns(map, theme) {
  const c = PALETTES[theme];
  const draw = (id, width, height, paint, options = {}) => {
    if (map.hasImage(id)) return;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width * 2, height * 2];
    const pen = canvas.getContext('2d');
    pen.scale(2, 2);
    paint(pen);
    map.addImage(id, pen.getImageData(0, 0, width * 2, height * 2), {pixelRatio: 2, ...options});
  };
  const path = (pen, points) => {
    pen.beginPath();
    points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  };
  draw('city-arrow', 22, 10, (pen) => {
    Object.assign(pen, {strokeStyle: c.arrow, fillStyle: c.arrow, lineWidth: 2});
    path(pen, [[1, 5], [15, 5]]);
    pen.stroke();
    path(pen, [[13, 0.5], [21, 5], [13, 9.5]]);
    pen.fill();
  });
  draw('city-shield', 20, 16, (pen) => {
    Object.assign(pen, {strokeStyle: c.edge, fillStyle: c.shield});
    pen.beginPath();
    pen.roundRect(0.75, 0.75, 18.5, 14.5, 4);
    pen.fill();
    pen.stroke();
  }, {stretchX: [[12, 28]], stretchY: [[10, 22]], content: [6, 4, 34, 28]});
  draw('city-peak', 12, 10, (pen) => {
    pen.fillStyle = c.soft;
    path(pen, [[6, 1], [11, 9], [1, 9]]);
    pen.fill();
  });
  for (const [id, color] of [['city-stop', c.wet], ['city-station', c.soft]]) {
    draw(id, 12, 12, (pen) => {
      Object.assign(pen, {fillStyle: color, strokeStyle: c.halo, lineWidth: 1.5});
      pen.beginPath();
      pen.roundRect(1, 1, 10, 10, 3);
      pen.fill();
      pen.stroke();
    });
  }
}
