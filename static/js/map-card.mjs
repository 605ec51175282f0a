// The card of what was pressed on a map: beside it where there is room, and the map moves until the
// card fits; on a telephone a sheet at the foot of the window that no button covers.

import {Popup} from 'maplibre-gl';

const PHONE = matchMedia('(max-width: 59.99rem)');
const ROOM_PX = 12;
const MARK_PX = 28; // what is pressed, with its ring

/** Where a card may stand: the map without the buttons over its lower edge; on a telephone what the
    window shows of it above `sheet`. */
function freeBox(map, sheet) {
  const box = map.getContainer().getBoundingClientRect();
  const bar = document.querySelector('.topbar')?.getBoundingClientRect().bottom ?? 0;
  const tools = map.getContainer().parentElement.querySelector('.map-tools')?.getBoundingClientRect();
  const lowest = [box.bottom, innerHeight];
  if (sheet) lowest.push(sheet.getBoundingClientRect().top);
  else if (tools?.height) lowest.push(tools.top);
  return {
    left: box.left + ROOM_PX, right: box.right - ROOM_PX,
    top: Math.max(box.top, bar) + ROOM_PX, bottom: Math.min(...lowest) - ROOM_PX,
  };
}

/** How far a span from `low` to `high` must move to lie within `least` and `most`. */
const shift = (low, high, least, most) => Math.min(0, low - least) || Math.max(0, Math.min(high - most, low - least));

function moveInto(map, box, free) {
  const by = [shift(box.left, box.right, free.left, free.right), shift(box.top, box.bottom, free.top, free.bottom)];
  if (by.some((each) => Math.abs(each) >= 1)) map.panBy(by);
}

/** Cards on `map`, one at a time. Texts are in its container's data. */
export function mapCard(map) {
  const {textClose, textCard} = map.getContainer().dataset;
  let opened = null;

  function close(mine = opened) {
    if (!mine || mine !== opened) return;
    opened = null;
    mine.remove();
    delete document.body.dataset.mapCard;
    mine.closed?.();
    // The focus goes back only when it would be lost with the card.
    if (document.activeElement === document.body) mine.back.focus({preventScroll: true});
  }

  function sheetOf(at, content) {
    const sheet = Object.assign(document.createElement('section'), {className: 'map-sheet', tabIndex: -1});
    sheet.setAttribute('role', 'dialog');
    sheet.setAttribute('aria-label', textCard);
    const button = Object.assign(document.createElement('button'), {
      className: 'map-sheet__close', type: 'button', textContent: '×', ariaLabel: textClose,
    });
    sheet.append(button, content);
    document.body.append(sheet);
    document.body.dataset.mapCard = 'open';
    const fit = () => {
      const box = map.getContainer().getBoundingClientRect();
      const {x, y} = map.project(at);
      const [left, top] = [box.left + x - MARK_PX / 2, box.top + y - MARK_PX / 2];
      moveInto(map, {left, right: left + MARK_PX, top, bottom: top + MARK_PX}, freeBox(map, sheet));
    };
    return {node: sheet, fit, button, remove: () => sheet.remove()};
  }

  function popupOf(at, content) {
    const popup = new Popup({offset: 16, maxWidth: '20rem', closeOnClick: false})
      .setLngLat(at).setDOMContent(content).addTo(map);
    const fit = () => {
      popup.setLngLat(at); // it chooses its side anew, by how large it is now
      moveInto(map, popup.getElement().getBoundingClientRect(), freeBox(map));
    };
    const button = popup.getElement().querySelector('.maplibregl-popup-close-button');
    if (textClose) button.ariaLabel = textClose;
    return {node: popup.getElement(), fit, button, remove: () => popup.remove()};
  }

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !opened) return;
    event.preventDefault();
    close();
  });

  return {
    isOpen: () => Boolean(opened),
    close: () => close(),
    /** Shows `content` (an element) of what lies at `at` ([lon, lat]); `closed` runs when it goes. */
    open(at, content, {closed} = {}) {
      close();
      const focused = document.activeElement;
      const back = focused && focused !== document.body ? focused : map.getCanvas();
      const mine = {...(PHONE.matches ? sheetOf : popupOf)(at, content), back, closed};
      opened = mine;
      mine.button.addEventListener('click', () => close(mine));
      if (PHONE.matches) mine.node.focus({preventScroll: true});
      // What is fetched makes it larger; a press elsewhere ends it, this one does not.
      new ResizeObserver(() => { if (opened === mine) mine.fit(); }).observe(content);
      setTimeout(() => map.once('click', () => close(mine)));
    },
  };
}
