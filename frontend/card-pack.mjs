// What the server draws pictures of shared things with: fonts of many scripts, each in the slices
// that its package has, and the icons as one mask. One file, so that the server opens only what a
// name needs: a length (4 bytes, little-endian), a JSON index, then the parts that it points to.

import fs from 'node:fs';
import path from 'node:path';
import {Resvg} from '@resvg/resvg-wasm';

// In the order in which a letter's font is looked for. Han is drawn as in Japan, else as in China.
export const FAMILIES = ['inter', ...[
  'arabic', 'hebrew', 'devanagari', 'bengali', 'tamil', 'thai', 'georgian', 'armenian', 'jp', 'kr',
  'sc',
].map((script) => `noto-sans-${script}`), 'noto-emoji'];
const ICON = 96; // pixels of an icon's side
const COLUMNS = 12;

/** "U+0041,U+0600-06FF" -> [[65, 65], [1536, 1791]] */
const rangesOf = (text) => text.split(',').map((part) => {
  const [first, last = first] = part.trim().slice(2).split('-').map((hex) => parseInt(hex, 16));
  return [first, last];
});

/** The slices of a family as {family, ranges, data}. Other scripts' fonts bring Latin and signs of
    their own, which would stand beside Inter's: only the script itself is taken of them. */
function slices(folder, family) {
  const ranges = JSON.parse(fs.readFileSync(path.join(folder, 'unicode.json'), 'utf8'));
  const wanted = Object.entries(ranges).filter(
    ([key]) => family === 'inter' || key.startsWith('[') || family.endsWith(`-${key}`));
  return wanted.map(([key, text]) => ({
    family,
    ranges: rangesOf(text),
    data: fs.readFileSync(path.join(folder, 'files',
      `${family}-${key.replace(/[[\]]/g, '')}-wght-normal.woff2`)),
  }));
}

/** All icons of a sprite (`<symbol id viewBox>…`), black on nothing, in rows of `COLUMNS`. */
function iconSheet(sprite) {
  const symbols = [...sprite.matchAll(/<symbol id="([^"]+)" viewBox="([^"]+)">([\s\S]*?)<\/symbol>/g)];
  const rows = Math.ceil(symbols.length / COLUMNS);
  const cells = symbols.map(([, , viewBox, body], i) => `<svg x="${(i % COLUMNS) * ICON}"
    y="${Math.floor(i / COLUMNS) * ICON}" width="${ICON}" height="${ICON}" viewBox="${viewBox}"
    color="#000" fill="none">${body.replaceAll('var(--paper)', '#000')}</svg>`);
  const [width, height] = [COLUMNS * ICON, rows * ICON];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
    viewBox="0 0 ${width} ${height}">${cells.join('').replaceAll('currentColor', '#000')}</svg>`;
  return {names: symbols.map(([, name]) => name), data: Buffer.from(new Resvg(svg).render().asPng())};
}

/** The pack as a Buffer. `packageOf(family)` is the folder of its npm package. */
export function cardPack(sprite, packageOf) {
  const blobs = [];
  let offset = 0;
  const put = ({data, ...about}) => {
    blobs.push(data);
    offset += data.length;
    return {...about, offset: offset - data.length, length: data.length};
  };
  const index = Buffer.from(JSON.stringify({
    fonts: FAMILIES.flatMap((family) => slices(packageOf(family), family)).map(put),
    icons: {...put(iconSheet(sprite)), side: ICON, columns: COLUMNS},
  }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(index.length);
  return Buffer.concat([length, index, ...blobs]);
}
