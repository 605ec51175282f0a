// Votes on a report weigh more with a position: it is asked for on press, a tenth of a degree of it
// is sent, and the buttons then say so. Without this script a city can be typed.

function offer(root) {
  for (const button of root.querySelectorAll('[data-vote-locate]')) button.hidden = false;
}

function locate(button) {
  const form = button.closest('form');
  const told = form.querySelector('[data-vote-told]');
  told.textContent = button.dataset.textLocating;
  navigator.geolocation.getCurrentPosition(({coords}) => {
    form.elements.lat.value = coords.latitude.toFixed(1);
    form.elements.lon.value = coords.longitude.toFixed(1);
    for (const note of form.querySelectorAll('[data-vote-note]')) note.remove();
    told.textContent = button.dataset.textLocated;
    button.hidden = true;
    const where = form.querySelector('[data-vote-where]');
    if (where) where.hidden = true;
  }, () => { told.textContent = button.dataset.textNoPosition; });
}

export function startVotes() {
  if (!navigator.geolocation) return;
  offer(document);
  document.addEventListener('click', ({target}) => {
    const button = target.closest('[data-vote-locate]');
    if (button) locate(button);
  });
  // The card is exchanged after a vote.
  document.body.addEventListener('htmx:afterSettle', () => offer(document));
}
