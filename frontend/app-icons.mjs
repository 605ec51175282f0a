// The icons of the installed app, drawn from the logo.

import fs from 'node:fs';
import {createRequire} from 'node:module';
import {Resvg, initWasm} from '@resvg/resvg-wasm';

const require = createRequire(import.meta.url);
const INK = '#ff6b57';
const PAPER = '#fbf7f1';
// How much of the square the logo takes: a mask may cut everything outside a circle of 80 %.
const SHARES = {'app-icon': 0.86, 'app-icon-maskable': 0.58, 'app-icon-touch': 0.66};
const ROUND = {'app-icon': 7};

/** Resolves when icons can be drawn. */
export const ready = () => initWasm(fs.readFileSync(require.resolve('@resvg/resvg-wasm/index_bg.wasm')));

/** A PNG as bytes: `logo` (the text of an SVG on a square of 32) on paper, `size` pixels wide. */
export function appIcon(logo, name, size) {
  const [, body] = logo.match(/<svg[^>]*>([\s\S]*)<\/svg>/);
  const drawn = body.replaceAll('currentColor', INK).replaceAll('var(--paper)', PAPER);
  const share = SHARES[name];
  const edge = 16 * (1 - share);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
    <rect width="32" height="32" rx="${ROUND[name] ?? 0}" fill="${PAPER}"/>
    <g transform="translate(${edge} ${edge}) scale(${share})">${drawn}</g></svg>`;
  return new Resvg(svg, {fitTo: {mode: 'width', value: size}}).render().asPng();
}
