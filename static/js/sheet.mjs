// Reporting: a sheet beside the map, or over any other page; three presses (report, kind, send).
// What is sent goes through the queue (outbox.mjs), so it is the same with and without a network.
// Who leads here is said in report.mjs.

import {typedPosition, wrapLon} from './coordinates.mjs';
import {suggestNames} from './names.mjs';
import {currentMember, keepForLater, known, openLastView, rememberView} from './offline.mjs';
import {enqueue, flush, sendAgain, whereIs} from './outbox.mjs';
import {itemCard, sendNow, sentNotice, waitingNotice} from './outbox-view.mjs';
import {preparePhoto} from './prepare-photo.mjs';
import {OPEN, reportAddress} from './report.mjs';
import {deleteMeta, getItem, getMeta, setMeta} from './store.mjs';

const NEAR_ZOOM = 10; // farther out, the middle of the map is no place
const PATIENCE_MS = 8000; // how long the sheet waits before it says "will be sent"
const LOCATE_MS = 20_000;
const LATE_MS = 10 * 60_000;
const STEP_PX = 24;
const SAME = 1e-6; // degrees
const HANDED_OVER_MS = 24 * 60 * 60_000; // how long a report waits for its author to come back
const RECENT = 'recent-kinds';
const RECENT_MOST = 4;

const sheet = document.getElementById('report-sheet');
const part = (name) => sheet.querySelector(`[data-sheet-${name}]`);
const form = document.getElementById('sheet-form');
const [text, heading, lat, lon, files, city] = ['text', 'heading', 'lat', 'lon', 'photos', 'name']
  .map((name) => document.getElementById(`sheet-${name}`));
const say = sheet.dataset;

openLastView();

/** `map` is null where it cannot be drawn: the place is the device's position, or typed. On pages
    without a map (`away`) the sheet stands over the page, and the map is one press from it. */
export function reportSheet(map, {away = false} = {}) {
  if (!sheet || !('locks' in navigator)) return;
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
  const noPosition = () => {
    const open = away || !map;
    part('place').textContent = open ? say.textNoPositionHere : say.textNoPosition;
    if (open) sheet.querySelector('.sheet__move').open = true;
  };
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
  // From far out, coming closer would lead to wherever the middle happens to be.
  part('closer').addEventListener('click', () => {
    sheet.querySelector('.sheet__move').open = true;
    city.focus();
  });
  for (const event of ['load', 'moveend']) {
    map?.on(event, () => rememberView(map.getCenter(), map.getZoom()));
  }
  function locate() {
    part('place').textContent = say.textLocating;
    if (!navigator.geolocation) {
      noPosition();
      return;
    }
    navigator.geolocation.getCurrentPosition(({coords}) => {
      const point = {lon: coords.longitude, lat: coords.latitude};
      setPlace(point, 'position', coords.accuracy.toFixed(0));
      showPlace(point, 16);
      if (Number.isFinite(coords.heading) && !heading.value) {
        heading.value = String((Math.round(coords.heading / 45) * 45) % 360);
      }
    }, () => { if (!draft.place) noPosition(); }, {enableHighAccuracy: true, timeout: LOCATE_MS});
  }
  part('locate').addEventListener('click', locate);
  const settleName = suggestNames(city, (point) => {
    setPlace(point, 'chosen');
    showPlace(point);
  });
  /** Whether what stands in the field of a city is a place, which it then is; else says so. */
  async function nameIsPlaced() {
    const outcome = await settleName();
    if (outcome === 'unknown') complain(say.textNameUnknown);
    if (outcome === 'unreachable') complain(say.textNameUnreachable);
    return outcome === 'none' || outcome === 'taken';
  }
  city.addEventListener('change', () => { if (draft) nameIsPlaced(); });
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
  const valueOf = (name) => form.querySelector(`input[name="${name}"]:checked`)?.value ?? '';
  const kindOf = () => valueOf('kind');
  /** The chosen sub-kind's code; one of another kind, chosen before, is none. */
  const subkindOf = () => {
    const [kind, code] = valueOf('subkind').split('/');
    return kind === kindOf() ? code : '';
  };
  const radio = (name, code) => form.querySelector(`input[name="${name}"][value="${CSS.escape(code)}"]`);
  const nameOf = (kind, subkind) => (subkind ? radio('subkind', `${kind}/${subkind}`) : radio('kind', kind))
    .closest('label').textContent.trim();
  const kinds = form.querySelector('[data-kinds]');
  const change = part('change');
  /** With a kind chosen the others are out of sight, and what may be added is in it. */
  function fold(folded) {
    const chosenKind = kindOf();
    for (const label of kinds.querySelectorAll('.kinds__kind')) {
      label.hidden = folded && label.querySelector('input').value !== chosenKind;
    }
    for (const group of kinds.querySelectorAll('[data-subkinds]')) {
      group.hidden = group.dataset.subkinds !== chosenKind;
    }
    kinds.classList.toggle('kinds--folded', folded);
    change.hidden = !folded;
  }
  const recent = () => JSON.parse(localStorage.getItem(RECENT) ?? '[]');
  function putRecentFirst() {
    for (const code of recent().reverse()) {
      const label = radio('kind', code)?.closest('label');
      const more = kinds.querySelector(`[data-subkinds="${CSS.escape(code)}"]`);
      if (label) kinds.prepend(...[label, more].filter(Boolean));
    }
  }
  const draftKey = () => `draft:${currentMember() ?? ''}sheet`;
  /** What a visitor wrote is for this tab alone: the next one at this browser may be another person. */
  const drafts = () => (currentMember() ? localStorage : sessionStorage);
  function keepDraft() {
    if (!draft || draft.editing) return;
    drafts().setItem(draftKey(), JSON.stringify({text: text.value, heading: heading.value}));
  }
  /** Keeps the whole report for whoever opens the sheet next: the map, or who comes back signed in. */
  async function handOver() {
    await draft.busy;
    await setMeta('shared', {
      photos: draft.photos, position: draft.place, text: text.value,
      chosen: {kind: kindOf(), subkind: subkindOf()}, at: Date.now(),
    });
    drafts().removeItem(draftKey());
  }
  const goTo = async (address) => {
    await handOver();
    location.href = address;
  };
  function chosen() {
    part('more').hidden = part('extra').hidden = !kindOf();
    complain('');
    // Seen when it was chosen, unless the sheet had just been opened.
    if (draft && !draft.editing && Date.now() - draft.seen > LATE_MS) draft.seen = Date.now();
  }
  kinds.addEventListener('change', ({target}) => {
    chosen();
    // Who goes through the kinds by keyboard sees all of them until they go on.
    if (target.name === 'kind') fold(!target.matches(':focus-visible'));
  });
  kinds.addEventListener('focusout', ({relatedTarget}) => {
    if (kindOf() && relatedTarget && relatedTarget.name !== 'kind') fold(true);
  });
  change.addEventListener('click', () => {
    fold(false);
    radio('kind', kindOf()).focus();
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
  async function open({photos = [], position = null, words = '', editing = null, chosen: set = {}} = {}) {
    back = document.activeElement;
    draft = {
      key: editing?.key ?? crypto.randomUUID(), seen: Date.now(), editing, place: null, photos,
      busy: null,
    };
    form.reset();
    const kept = JSON.parse(drafts().getItem(draftKey()) ?? '{}');
    text.value = editing?.fields.text ?? (words || kept.text || '');
    heading.value = editing?.fields.heading ?? kept.heading ?? '';
    form.elements.namedItem('exact').checked = editing?.fields.near === 'exact';
    const {kind, subkind} = editing?.fields ?? set;
    if (kind && radio('kind', kind)) radio('kind', kind).checked = true;
    if (subkind && radio('subkind', `${kind}/${subkind}`)) radio('subkind', `${kind}/${subkind}`).checked = true;
    if (editing) {
      const [x, y] = [Number(editing.fields.lon), Number(editing.fields.lat)];
      setPlace({lon: x, lat: y}, 'chosen');
      showPlace({lon: x, lat: y});
    } else if (position) {
      setPlace(position, position.from ?? 'photo', position.accuracy);
      showPlace(position, 16);
    } else if (map) placeFromMap();
    else part('place').textContent = say.textWhere;
    putRecentFirst();
    part('question').hidden = true;
    form.hidden = false;
    tellGuest();
    chosen();
    fold(Boolean(kindOf()));
    showPhotos();
    if (away) sheet.showModal();
    else sheet.show();
    document.body.dataset.sheet = 'open';
    // What is written may have to wait for a network, which is what the worker is for.
    keepForLater().catch((error) => console.info('No service worker.', error));
    if (!away) scrollTo({top: 0});
    document.getElementById('sheet-title').focus();
    // Whoever lets this site know where they are need not press for it.
    if (draft.place) return;
    const {state} = await navigator.permissions?.query({name: 'geolocation'}).catch(() => ({})) ?? {};
    if (!sheet.open || draft.place) return;
    // Without a map there is no other place to begin with: it is asked for.
    if (state === 'granted' || (away && state !== 'denied')) locate();
    else if (away) noPosition();
  }
  /** Who is not signed in is told at once that sending needs an account, and comes back here. */
  function tellGuest() {
    part('guest').hidden = Boolean(currentMember());
    for (const link of sheet.querySelectorAll('[data-sheet-account]')) {
      const address = new URL(link.href);
      address.searchParams.set('next', reportAddress());
      link.href = address.pathname + address.search;
    }
  }
  function close() {
    sheet.close();
    delete document.body.dataset.sheet;
    if (back?.isConnected) back.focus();
  }
  document.addEventListener(OPEN, (event) => {
    event.preventDefault();
    if (!sheet.open) open(event.detail);
  });
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
      subkind: subkindOf(), text: text.value,
    });
    part('full').href = `/reports/new?${query}`;
  });
  part('map').hidden = !away;
  part('map').addEventListener('click', () => goTo('/?report=1'));
  for (const link of sheet.querySelectorAll('[data-sheet-account]')) {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      goTo(link.href);
    });
  }
  // The dialog closes itself on Escape where it is modal.
  sheet.addEventListener('close', () => { delete document.body.dataset.sheet; });

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

  // Enter takes what stands in a field; only the button sends.
  form.addEventListener('keydown', (event) => {
    const {target} = event;
    if (event.key !== 'Enter' || event.isComposing || !target.matches('input')) return;
    event.preventDefault();
    if (target.type === 'radio') {
      target.click();
      text.focus();
    } else if ([city, lat, lon].includes(target)) {
      target.dispatchEvent(new Event('change'));
    }
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const kind = kindOf();
    if (!kind) {
      complain(say.textKind);
      form.querySelector('input[name=kind]').focus();
      return;
    }
    if (!await nameIsPlaced()) {
      sheet.querySelector('.sheet__move').open = true;
      city.focus();
      return;
    }
    const {place} = draft;
    if (!place) {
      complain(map && !away ? say.textFar : say.textWhere);
      part(part('closer').hidden ? 'locate' : 'closer').focus();
      return;
    }
    if (!currentMember()) {
      await goTo(part('guest').querySelector('a').href);
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
        kind, subkind: subkindOf(), lat: place.lat.toFixed(6), lon: place.lon.toFixed(6), accuracy_m: place.accuracy,
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
          key, member: currentMember(), path: '/reports', title: nameOf(kind, fields.subkind), fields,
          photos: draft.photos,
        });
        drafts().removeItem(draftKey());
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
      } else {
        const handed = await getMeta('shared');
        const shared = Date.now() - (handed?.at ?? 0) < HANDED_OVER_MS ? handed : null;
        await open({
          photos: shared?.photos, position: shared?.position, words: shared?.text,
          chosen: shared?.chosen,
        });
        await deleteMeta('shared');
      }
      // A reload is no press on "report".
      for (const name of ['report', 'edit']) query.delete(name);
      const rest = query.toString();
      if (location.pathname !== '/reports/new') {
        history.replaceState(history.state, '', `${location.pathname}${rest && `?${rest}`}${location.hash}`);
      }
    });
  }
  addEventListener('online', () => map?.fire('look'));
  document.body.dataset.sheetReady = '1';
}
