// What a press on the map opens: the card of one thing, or the cards of all that lie there.

import {mapCard} from './map-card.mjs';
import {CLUSTERS, THINGS} from './map-layers.mjs';

const REACH_PX = 10; // a finger is not a needle
const MOST = 8;
const CLOSER = 2; // zoom levels

/** Cards for the things of `map`. `card(id)` is what the page has of one already (HTML), `choose(id)`
    rings it (null: nothing any more). Texts are in `container`'s data. */
export function mapPopups(map, {container, card, choose}) {
  const shown = mapCard(map);
  const layers = (names) => names.filter((name) => map.getLayer(name));

  async function fill(place, {id, mark}) {
    const listed = card(id);
    if (listed) {
      place.innerHTML = listed;
      return;
    }
    place.classList.add('skeleton');
    const [layer] = mark.split('-');
    try {
      const answer = await fetch(`/map/card/${layer}/${id}`);
      if (answer.ok) place.innerHTML = await answer.text();
      else place.textContent = container.dataset.textGone;
    } catch {
      place.textContent = container.dataset.textNoCard;
    }
    place.classList.remove('skeleton');
  }

  /** Distinct things within reach of a point of the screen, the nearest first. */
  function things({x, y}) {
    const box = [[x - REACH_PX, y - REACH_PX], [x + REACH_PX, y + REACH_PX]];
    const found = new Map();
    for (const {geometry, properties} of map.queryRenderedFeatures(box, {layers: layers(THINGS)})) {
      const at = map.project(geometry.coordinates);
      const far = Math.hypot(at.x - x, at.y - y);
      if (!found.has(properties.id)) found.set(properties.id, {...properties, at: geometry.coordinates, far});
    }
    return [...found.values()].sort((a, b) => a.far - b.far);
  }

  const closer = (at) => map.easeTo({center: at, zoom: Math.min(18, Math.floor(map.getZoom()) + CLOSER)});

  function open(found, at) {
    const box = document.createElement('div');
    box.className = 'map-card';
    const cards = found.slice(0, MOST).map((thing) => {
      const place = document.createElement(found.length > 1 ? 'li' : 'div');
      place.className = 'map-card__one';
      fill(place, thing);
      return place;
    });
    if (found.length > 1) {
      const many = document.createElement('ul');
      many.className = 'items map-card__many';
      many.append(...cards);
      box.append(many);
      if (found.length > MOST) {
        const button = Object.assign(document.createElement('button'), {
          className: 'button button--secondary button--small', type: 'button',
          textContent: container.dataset.textCloser.replace('{n}', found.length - MOST),
        });
        button.addEventListener('click', () => {
          shown.close();
          closer(at);
        });
        box.append(button);
      }
    } else box.append(...cards);
    shown.open(at, box, {closed: () => choose(null)});
    choose(found.length > 1 ? null : found[0].id);
  }

  map.on('click', ({point, lngLat}) => {
    const found = things(point);
    const [cluster] = map.queryRenderedFeatures(point, {layers: layers(CLUSTERS).reverse()});
    if (cluster) closer(cluster.geometry.coordinates);
    else if (found.length) open(found, found.length > 1 ? lngLat : found[0].at);
  });
  for (const layer of [...CLUSTERS, ...THINGS]) {
    map.on('mouseenter', layer, () => { map.getCanvas().style.cursor = 'pointer'; });
    map.on('mouseleave', layer, () => { map.getCanvas().style.cursor = ''; });
  }
  return {isOpen: shown.isOpen};
}
