// The bundled cartography: quiet land and water, names in the reader's language.

import basemap from 'asset:basemap.pmtiles';
import regular from 'asset:map-font-latin-500.woff2';
import bold from 'asset:map-font-latin-700.woff2';
import {named} from './map-names.mjs';

const COLOURS = {
  light: {
    water: '#d4e2ea', land: '#f6f1e9', line: '#b9a9b3', fine: '#ddd0d6',
    text: '#4d3f49', faint: '#7d6d78', halo: '#fbf7f1',
  },
  dark: {
    water: '#141a24', land: '#251c29', line: '#5c4d62', fine: '#3a2e3f',
    text: '#e4d7e0', faint: '#a797a5', halo: '#1b1420',
  },
};

/** A MapLibre style; `theme` is light or dark, `language` es or en. */
export function bundledStyle({theme, language}) {
  const c = COLOURS[theme];
  const paint = {'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.4};
  const line = (id, source, filter, color, width, minzoom = 0) => ({
    id, type: 'line', source: 'base', 'source-layer': source, minzoom, ...(filter && {filter}),
    paint: {'line-color': color, 'line-width': width},
  });
  return {
    version: 8,
    'font-faces': {'Inter Medium': regular, 'Inter Bold': bold},
    // Ranges come from an address of their own; see the route of the same name.
    sources: {base: {type: 'vector', url: `pmtiles://${basemap.replace('/static/build/', '/basemap/')}`}},
    layers: [
      // Where no tile has come yet nothing lies in the sea.
      {id: 'unknown', type: 'background', paint: {'background-color': c.land}},
      {id: 'sea', type: 'fill', source: 'base', 'source-layer': 'sea',
        paint: {'fill-color': c.water, 'fill-antialias': false}},
      {id: 'land', type: 'fill', source: 'base', 'source-layer': 'land',
        paint: {'fill-color': c.land}},
      {id: 'lakes', type: 'fill', source: 'base', 'source-layer': 'water',
        paint: {'fill-color': c.water}},
      line('rivers', 'waterway', null, c.water, 1.1, 3),
      line('municipalities', 'municipality', null, c.fine, 0.7, 8),
      line('provinces', 'boundary', ['>=', ['get', 'level'], 4], c.fine, 0.9, 4),
      line('borders', 'boundary', ['==', ['get', 'level'], 2], c.line, 1.1),
      {id: 'countries', type: 'symbol', source: 'base', 'source-layer': 'country', maxzoom: 6.5,
        layout: {
          'text-field': ['get', `name_${language}`], 'text-font': ['Inter Bold'],
          'text-size': ['interpolate', ['linear'], ['zoom'], 1, 10, 5, 15],
          'symbol-sort-key': ['get', 'rank'], 'text-max-width': 7,
        },
        paint: {...paint, 'text-color': c.faint}},
      {id: 'towns', type: 'symbol', source: 'base', 'source-layer': 'town',
        layout: {
          'text-field': named(language), 'text-font': ['Inter Medium'],
          'text-size': ['interpolate', ['linear'], ['zoom'], 3, 11, 12, 15],
          'symbol-sort-key': ['-', 0, ['get', 'population']], 'text-max-width': 8,
        },
        paint},
    ],
  };
}
