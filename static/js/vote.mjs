// Votes on a report weigh more with a position: it is asked for on press, a tenth of a degree of it
// is sent, and the buttons then say so. Without this script an address can be typed. On a card of a list
// or of the map a vote is sent in place.

let here = null; // {lat, lon} that the member chose to send, until they leave the page

function fill(form, button) {
  form.elements.lat.value = here.lat;
  form.elements.lon.value = here.lon;
  for (const note of form.querySelectorAll('[data-vote-note]')) note.remove();
  form.querySelector('[data-vote-told]').textContent = button.dataset.textLocated;
  button.hidden = true;
  const where = form.querySelector('[data-vote-where]');
  if (where) where.hidden = true;
}

/** The button to send a position, or the position that was chosen before the form was exchanged. */
function offer(root) {
  for (const button of root.querySelectorAll('[data-vote-locate]')) {
    if (here) fill(button.closest('form'), button);
    else button.hidden = false;
  }
}

function locate(button) {
  const form = button.closest('form');
  const told = form.querySelector('[data-vote-told]');
  told.textContent = button.dataset.textLocating;
  navigator.geolocation.getCurrentPosition(({coords}) => {
    here = {lat: coords.latitude.toFixed(1), lon: coords.longitude.toFixed(1)};
    fill(form, button);
  }, () => { told.textContent = button.dataset.textNoPosition; });
}

/** What was said shows on every card of the same report: the list and the map may both have one. */
function showVote(form, {stillThere, message, reliability}) {
  const {report} = form.closest('[data-report]').dataset;
  for (const card of document.querySelectorAll(`[data-report="${CSS.escape(report)}"]`)) {
    for (const button of card.querySelectorAll('[name="still_there"]')) {
      button.ariaPressed = String(button.value === stillThere);
    }
    const believed = card.querySelector('[data-reliability]');
    if (believed) believed.textContent = reliability;
  }
  form.querySelector('[data-vote-said]').textContent = message;
}

async function voteInPlace(event) {
  const form = event.target.closest('form[data-vote]');
  if (!form) return;
  event.preventDefault();
  const said = form.querySelector('[data-vote-said]');
  form.ariaBusy = 'true';
  try {
    const body = new FormData(form, event.submitter);
    const answer = await fetch(form.action, {method: 'POST', body, headers: {Accept: 'application/json'}});
    const told = await answer.json();
    if (answer.ok) showVote(form, {stillThere: body.get('still_there'), ...told});
    else said.textContent = told.title;
  } catch (error) {
    console.info(error);
    said.textContent = document.getElementById('outbox').dataset.textUnsent;
  } finally {
    form.ariaBusy = 'false';
  }
}

export function startVotes() {
  document.addEventListener('submit', voteInPlace);
  if (!navigator.geolocation) return;
  offer(document);
  document.addEventListener('click', ({target}) => {
    const button = target.closest('[data-vote-locate]');
    if (button) locate(button);
  });
  // The card is exchanged after a vote; the event comes at the document when its target is gone.
  document.addEventListener('htmx:after:swap', () => offer(document));
}
