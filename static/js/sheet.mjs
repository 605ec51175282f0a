// Posting from the map: a sheet beside it, three presses (report, kind, send). What is sent goes
// through the queue (outbox.mjs), so it is the same with and without a network.

import {typedPosition, wrapLon} from './coordinates.mjs';
import {currentMember, known, openLastView, rememberView} from './offline.mjs';
import {enqueue, flush, sendAgain, whereIs} from './outbox.mjs';
import {itemCard, sendNow, sentNotice, waitingNotice} from './outbox-view.mjs';
import {preparePhoto} from './prepare-photo.mjs';
import {deleteMeta, getItem, getMeta} from './store.mjs';

const NEAR_ZOOM = 10; // farther out, the middle of the map is no place
const CLOSE_ZOOM = 14;
const PATIENCE_MS = 8000; // how long the sheet waits before it says "will be sent"
const LATE_MS = 10 * 60_000;
const STEP_PX = 24;
const SAME = 1e-6; // degrees
const RECENT = 'recent-kinds';
const RECENT_MOST = 4;

const sheet = document.getElementById('report-sheet');
const part = (name) => sheet.querySelector(`[data-sheet-${name}]`);
const form = document.getElementById('sheet-form');
const [text, heading, lat, lon, files] = ['text', 'heading', 'lat', 'lon', 'photos']
  .map((name) => document.getElementById(`sheet-${name}`));
const say = sheet.dataset;

openLastView();

/** `map` may be null: without WebGL the place is the device's position, or typed. */
export function reportSheet(map) {
  if (!sheet || !('locks' in navigator)) return;
  const opener = document.getElementById('report-here');
  let draft = null;
  let back = null;

  // ---- the place -----------------------------------------------------------------------------
  function setPlace(point, from, accuracy = '') {
    draft.place = {...point, from, accuracy};
    part('closer').hidden = true;
    complain('');
    lat.value = point.lat.toFixed(6);
    lon.value = point.lon.toFixed(6);
    const words = {
      centre: say.textCentre, position: say.textPosition, photo: say.textPhotoPlace,
      chosen: say.textChosen,
    }[from];
    part('place').textContent = words
      .replace('{place}', `${point.lat.toFixed(4)}, ${point.lon.toFixed(4)}`)
      .replace('{metres}', accuracy);
  }
  const centre = () => {
    const {lng, lat: y} = map.getCenter().wrap();
    return {lon: lng, lat: y};
  };
  /** Moves the map to a place; its own movement must not change the place again. */
  function showPlace({lon: x, lat: y}, zoom = Math.max(map?.getZoom() ?? 0, 14)) {
    map?.jumpTo({center: [x, y], zoom}, {ours: true});
  }
  /** Takes the middle of the map; from far out it is no place, and one is asked for first. */
  function placeFromMap() {
    const isFar = map.getZoom() < NEAR_ZOOM;
    part('closer').hidden = !isFar;
    if (!isFar) {
      setPlace(centre(), 'centre');
      return;
    }
    draft.place = null;
    lat.value = lon.value = '';
    part('place').textContent = say.textFar;
  }
  map?.on('move', (event) => {
    if (!sheet.open || event.ours || !draft) return;
    const [{lon: x, lat: y}, {place}] = [centre(), draft];
    // The sheet's own opening resizes the map, which is no choice of another place.
    if (place && Math.abs(place.lon - x) < SAME && Math.abs(place.lat - y) < SAME) return;
    placeFromMap();
  });
  part('closer').addEventListener('click', () => {
    map.easeTo({zoom: CLOSE_ZOOM});
    part('locate').focus(); // the button goes away
  });
  for (const event of ['load', 'moveend']) {
    map?.on(event, () => rememberView(map.getCenter(), map.getZoom()));
  }
  part('locate').addEventListener('click', () => {
    part('place').textContent = say.textLocating;
    navigator.geolocation.getCurrentPosition(({coords}) => {
      const point = {lon: coords.longitude, lat: coords.latitude};
      setPlace(point, 'position', coords.accuracy.toFixed(0));
      showPlace(point, 16);
      if (Number.isFinite(coords.heading) && !heading.value) {
        heading.value = String((Math.round(coords.heading / 45) * 45) % 360);
      }
    }, () => { part('place').textContent = say.textNoPosition; }, {enableHighAccuracy: true});
  });
  for (const button of sheet.querySelectorAll('[data-sheet-move]')) {
    button.addEventListener('click', () => {
      const [x, y] = button.dataset.sheetMove.split(',').map(Number);
      const {lon: fromX, lat: fromY} = draft.place ?? (map ? centre() : {lon: 0, lat: 0});
      const step = (STEP_PX * 360) / (512 * 2 ** (map?.getZoom() ?? 15));
      const point = {
        lon: wrapLon(fromX + x * step),
        lat: Math.max(-90, Math.min(90, fromY + y * step * Math.cos((fromY * Math.PI) / 180))),
      };
      setPlace(point, 'chosen');
      showPlace(point, map?.getZoom());
    });
  }
  for (const field of [lat, lon]) {
    field.addEventListener('change', async () => {
      const texts = [lat.value, lon.value];
      const point = await typedPosition(...texts, field.value);
      if (!draft || texts[0] !== lat.value || texts[1] !== lon.value) return;
      if (!point) {
        complain(say.textCoordinates);
        return;
      }
      setPlace(point, 'chosen');
      showPlace(point);
    });
  }

  // ---- the fields ----------------------------------------------------------------------------
  function complain(message) {
    part('error').textContent = message;
    part('error').hidden = !message;
  }
  const kindOf = () => form.elements.namedItem('kind').value;
  const nameOf = (code) => form.querySelector(`input[value="${CSS.escape(code)}"]`)
    .closest('label').querySelector('[data-kind-name]').textContent;
  const recent = () => JSON.parse(localStorage.getItem(RECENT) ?? '[]');
  function putRecentFirst() {
    for (const code of recent().reverse()) {
      const label = form.querySelector(`input[value="${CSS.escape(code)}"]`)?.closest('label');
      if (label) part('kinds').prepend(label);
    }
  }
  const draftKey = () => `draft:${currentMember() ?? ''}sheet`;
  function keepDraft() {
    if (!draft || draft.editing) return;
    localStorage.setItem(draftKey(), JSON.stringify({text: text.value, heading: heading.value}));
  }
  function chosen() {
    part('more').hidden = !kindOf();
    complain('');
    // Seen when it was chosen, unless the sheet had just been opened.
    if (draft && !draft.editing && Date.now() - draft.seen > LATE_MS) draft.seen = Date.now();
  }
  part('kinds').addEventListener('change', ({target}) => {
    const isFirst = part('more').hidden;
    chosen();
    // What may be added shows below the kinds; who goes through them by keyboard stays where they are.
    if (isFirst && !target.matches(':focus-visible')) {
      text.closest('.field').scrollIntoView({block: 'nearest'});
    }
  });
  text.addEventListener('input', keepDraft);
  heading.addEventListener('change', keepDraft);

  function showPhotos() {
    const list = part('photos');
    for (const image of list.querySelectorAll('img')) URL.revokeObjectURL(image.src);
    list.replaceChildren(...draft.photos.map((photo, place) => {
      const node = part('photo').content.firstElementChild.cloneNode(true);
      const [label, input] = [node.querySelector('label'), node.querySelector('input')];
      node.querySelector('img').src = URL.createObjectURL(new Blob([photo.buffer], {type: photo.type}));
      input.id = `sheet-photo-${place}`;
      label.htmlFor = input.id;
      input.value = photo.text;
      input.addEventListener('input', () => { photo.text = input.value; });
      node.querySelector('button').addEventListener('click', () => {
        draft.photos = draft.photos.filter((other) => other !== photo);
        showPhotos();
        files.focus();
      });
      return node;
    }));
    list.hidden = !draft.photos.length;
  }
  files.addEventListener('change', async () => {
    const most = Number(files.dataset.most) - draft.photos.length;
    const added = [...files.files];
    files.value = '';
    complain(added.length > most ? say.textPhotosMany : '');
    draft.busy = (async () => {
      const gps = await import('exifr/dist/lite.esm.mjs').then((exifr) => exifr.gps, () => null);
      for (const file of added.slice(0, most)) {
        const {photo, position} = await preparePhoto(file, gps);
        draft.photos.push(photo);
        // A place that the person chose stays; the middle of the map was only a guess.
        if (position && draft.place?.from !== 'chosen' && draft.place?.from !== 'position') {
          setPlace(position, 'photo');
          showPlace(position, 16);
        }
      }
      showPhotos();
    })();
    await draft.busy;
  });

  // ---- open and close ------------------------------------------------------------------------
  async function open({photos = [], position = null, words = '', editing = null} = {}) {
    back = document.activeElement;
    draft = {
      key: editing?.key ?? crypto.randomUUID(), seen: Date.now(), editing, place: null, photos,
      busy: null,
    };
    form.reset();
    const kept = JSON.parse(localStorage.getItem(draftKey()) ?? '{}');
    text.value = editing?.fields.text ?? (words || kept.text || '');
    heading.value = editing?.fields.heading ?? kept.heading ?? '';
    form.elements.namedItem('exact').checked = editing?.fields.near === 'exact';
    if (editing) {
      form.elements.namedItem('kind').value = editing.fields.kind;
      const [x, y] = [Number(editing.fields.lon), Number(editing.fields.lat)];
      setPlace({lon: x, lat: y}, 'chosen');
      showPlace({lon: x, lat: y});
    } else if (position) {
      setPlace(position, 'photo');
      showPlace(position, 16);
    } else if (map) placeFromMap();
    putRecentFirst();
    part('question').hidden = true;
    form.hidden = false;
    part('guest').hidden = Boolean(currentMember());
    chosen();
    showPhotos();
    sheet.show();
    document.body.dataset.sheet = 'open';
    scrollTo({top: 0});
    document.getElementById('sheet-title').focus();
    // Whoever lets this site know where they are need not press for it.
    const asked = !draft.place && await navigator.permissions?.query({name: 'geolocation'});
    if (asked && asked.state === 'granted' && sheet.open && !draft.place) part('locate').click();
  }
  function close() {
    sheet.close();
    delete document.body.dataset.sheet;
    (back?.isConnected ? back : opener).focus();
  }
  for (const link of [opener, ...document.querySelectorAll('nav a, .topbar__report')]) {
    if (new URL(link.href).pathname !== '/reports/new') continue;
    link.addEventListener('click', (event) => {
      // Whoever is not signed in is led on to sign in, while there is a site to do it.
      if ((!currentMember() && navigator.onLine) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (!sheet.open) open();
    });
  }
  for (const button of sheet.querySelectorAll('[data-sheet-close]')) button.addEventListener('click', close);
  // The focus may have gone on to the map: Escape ends the sheet from there too.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !sheet.open) return;
    if (document.querySelector('dialog:modal')) return;
    event.preventDefault();
    close();
  });
  part('full').addEventListener('click', () => {
    const {place} = draft;
    const query = new URLSearchParams({
      ...(place && {lat: place.lat.toFixed(6), lon: place.lon.toFixed(6)}), kind: kindOf(),
      text: text.value,
    });
    part('full').href = `/reports/new?${query}`;
  });

  // ---- send ----------------------------------------------------------------------------------
  function notify(notice) {
    document.getElementById('notices').replaceChildren(notice);
    scrollTo({top: 0});
  }

  /** Shows what became of an item, once that is known or patience is over. */
  async function follow(key) {
    const [state, signedIn] = await Promise.all([whereIs(key), getMeta('signed-in')]);
    const may = state.item?.member === signedIn;
    if (state.url) {
      close();
      notify(sentNotice(state));
      map?.fire('look');
    } else if (state.item && (state.item.state === 'asks' || !may)) {
      form.hidden = true;
      part('question').hidden = false;
      part('asked').replaceChildren(itemCard(
        state.item, may, (next) => (next ? attempt(next) : close())));
      part('question').querySelector('h2').focus();
    } else if (state.item) {
      close();
      notify(waitingNotice(key, say.textQueued));
    } else close();
  }
  async function attempt(key) {
    await Promise.race([flush(), new Promise((done) => { setTimeout(done, PATIENCE_MS); })]);
    await follow(key);
    sendNow();
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const kind = kindOf();
    const {place} = draft;
    if (!kind) {
      complain(say.textKind);
      form.querySelector('input[name=kind]').focus();
      return;
    }
    if (!place) {
      complain(say.textFar);
      part(part('closer').hidden ? 'locate' : 'closer').focus();
      return;
    }
    if (!currentMember()) {
      part('guest').hidden = false;
      part('guest').querySelector('a').focus();
      return;
    }
    const send = part('send');
    if (send.getAttribute('aria-disabled') === 'true') return;
    send.setAttribute('aria-disabled', 'true');
    const label = send.querySelector('span');
    const words = label.textContent;
    label.textContent = say.textSending;
    try {
      await draft.busy;
      const fields = {
        kind, lat: place.lat.toFixed(6), lon: place.lon.toFixed(6), accuracy_m: place.accuracy,
        text: text.value, heading: heading.value,
        near: form.elements.namedItem('exact').checked ? 'exact' : 'area',
        occurred_at: draft.editing?.fields.occurred_at ?? new Date(draft.seen).toISOString(),
      };
      localStorage.setItem(RECENT, JSON.stringify(
        [kind, ...recent().filter((code) => code !== kind)].slice(0, RECENT_MOST)));
      let {key} = draft;
      if (draft.editing) {
        key = await sendAgain(key, fields, {photos: draft.photos}) ?? key;
      } else {
        await enqueue({
          key, member: currentMember(), path: '/reports', title: nameOf(kind), fields,
          photos: draft.photos,
        });
        localStorage.removeItem(draftKey());
      }
      await attempt(key);
    } finally {
      send.removeAttribute('aria-disabled');
      label.textContent = words;
    }
  });

  // ---- asked from elsewhere ------------------------------------------------------------------
  async function edit(key) {
    const item = await getItem(key);
    if (item?.member === currentMember()) await open({editing: item, photos: [...item.photos]});
  }
  document.addEventListener('edit-report', (event) => {
    event.preventDefault();
    edit(event.detail);
  });
  const query = new URLSearchParams(location.search);
  const wanted = query.has('report') || location.pathname === '/reports/new';
  if (wanted || query.has('edit')) {
    known.then(async () => {
      if (query.has('edit')) {
        await edit(query.get('edit'));
      } else if (wanted) {
        const shared = await getMeta('shared');
        await open({photos: shared?.photos, position: shared?.position, words: shared?.text});
        await deleteMeta('shared');
      }
      if (location.pathname === '/') history.replaceState(history.state, '', `/${location.hash}`);
    });
  }
  addEventListener('online', () => map?.fire('look'));
  document.body.dataset.sheetReady = '1';
}
