// The outline of a watch as a drawing, which needs no map.

const SVG = 'http://www.w3.org/2000/svg';
const SIDE = 100;

/** Lines of a GeoJSON geometry: rings and ways, each a list of [lon, lat]. */
function linesOf({coordinates}) {
  const lines = [];
  const walk = (part) => {
    if (typeof part[0][0] === 'number') lines.push(part);
    else part.forEach(walk);
  };
  walk(coordinates);
  return lines;
}

/** An svg element of `geometry`, north up, as wide to high as it is there. */
export function outline(geometry) {
  const lines = linesOf(geometry);
  const isCut = lines.flat().some(([lon]) => lon > 179.99) && lines.flat().some(([lon]) => lon < -179.99);
  const middle = lines[0][0][1];
  const narrowed = Math.max(0.01, Math.cos((middle * Math.PI) / 180));
  const flat = lines.map((line) => line.map(([lon, lat]) => [(isCut && lon < 0 ? lon + 360 : lon) * narrowed, -lat]));
  const [xs, ys] = [0, 1].map((axis) => flat.flat().map((point) => point[axis]));
  const [left, top] = [xs, ys].map((each) => each.reduce((a, b) => Math.min(a, b)));
  const [right, bottom] = [xs, ys].map((each) => each.reduce((a, b) => Math.max(a, b)));
  const scale = SIDE / Math.max(right - left, bottom - top, 1e-9);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'watch-outline');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('viewBox', `-4 -4 ${(right - left) * scale + 8} ${(bottom - top) * scale + 8}`);
  const path = document.createElementNS(SVG, 'path');
  const closed = geometry.type.endsWith('Polygon');
  path.setAttribute('class', closed ? 'watch-outline__area' : 'watch-outline__way');
  path.setAttribute('d', flat.map((line) => `M${line.map(([x, y]) =>
    `${((x - left) * scale).toFixed(1)} ${((y - top) * scale).toFixed(1)}`).join('L')}${closed ? 'Z' : ''}`).join(''));
  svg.append(path);
  return svg;
}
