// One SVG sprite for the whole site: Lucide icons named in a list, plus our own drawings.

import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const require = createRequire(import.meta.url);

/**
 * The sprite's text. Every icon is a <symbol id="NAME"> drawn with currentColor.
 *
 * @param {{list: string, folder: string}} sources
 *   list: file with one Lucide name per line (# starts a comment);
 *   folder: our own icons, one SVG file each, which win over Lucide's of the same name.
 * @throws when a name is neither in Lucide nor in the folder.
 */
export function iconSprite({list, folder}) {
  const symbols = new Map();
  for (const name of namesIn(list)) symbols.set(name, lucideSymbol(name));
  for (const file of fs.readdirSync(folder).filter((each) => each.endsWith('.svg'))) {
    const name = path.basename(file, '.svg');
    symbols.set(name, ownSymbol(name, fs.readFileSync(path.join(folder, file), 'utf8')));
  }
  const missing = [...symbols].filter(([, symbol]) => !symbol).map(([name]) => name);
  if (missing.length) throw new Error(`${list} names icons that do not exist: ${missing.join(', ')}`);
  const body = [...symbols.keys()].sort().map((name) => symbols.get(name)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${body}\n</svg>\n`;
}

function namesIn(list) {
  return fs.readFileSync(list, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean);
}

function lucideSymbol(name) {
  const {icons, aliases, width, height} = require('@iconify-json/lucide/icons.json');
  const icon = icons[name] ?? icons[aliases[name]?.parent];
  return icon && `<symbol id="${name}" viewBox="0 0 ${width} ${height}">${icon.body}</symbol>`;
}

function ownSymbol(name, svg) {
  const [, attributes, body] = svg.match(/<svg([^>]*)>([\s\S]*)<\/svg>/) ?? [];
  const viewBox = attributes?.match(/viewBox="([^"]+)"/)?.[1];
  if (!viewBox) throw new Error(`The icon ${name}.svg has no viewBox`);
  return `<symbol id="${name}" viewBox="${viewBox}">${body.trim()}</symbol>`;
}
