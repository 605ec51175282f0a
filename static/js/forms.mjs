/** Shows under a text how long it is, or how much is missing (the words come from the server). */
export function countCharacters() {
  for (const counter of document.querySelectorAll('[data-counter-for]')) {
    const field = document.getElementById(counter.dataset.counterFor);
    const show = () => {
      const missing = Number(counter.dataset.least ?? 0) - field.value.trim().length;
      counter.textContent = missing > 0
        ? counter.dataset.textMissing.replace('{n}', missing)
        : `${field.value.length} / ${field.maxLength}`;
    };
    field.addEventListener('input', show);
    show();
  }
}

/** After a refusal, the first field that is told something is in sight and in focus. */
export function showFirstError() {
  const error = document.querySelector('main form .error:not([hidden])');
  if (!error) return;
  const [field] = error.closest('.field, fieldset')
    ?.querySelectorAll('input:not([type="hidden"]), select, textarea') ?? [];
  field?.focus({preventScroll: true});
  error.scrollIntoView({block: 'center'});
}

/** Fills hidden fields that ask for the browser's time zone. */
export function guessTimezone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';
  for (const field of document.querySelectorAll('input[data-timezone]')) field.value = zone;
}

/** A search form with data-near: "near me" asks for the position and sends the form. */
export function searchNearMe() {
  for (const form of document.querySelectorAll('form[data-near]')) {
    const button = form.querySelector('[data-near-me]');
    const set = (name, value) => {
      form.querySelector(`input[name="${name}"]`)?.remove();
      const field = Object.assign(document.createElement('input'), {type: 'hidden', name, value});
      form.append(field);
    };
    button.hidden = false;
    button.addEventListener('click', () => navigator.geolocation.getCurrentPosition(({coords}) => {
      form.elements.namedItem('near').value = '';
      set('lat', coords.latitude.toFixed(5));
      set('lon', coords.longitude.toFixed(5));
      form.submit();
    }, () => {
      form.querySelector('[data-near-status]').textContent = button.dataset.textNoPosition;
    }));
  }
}

/** A select with data-submit sends its form; without this script the form has a button. */
export function submitOnChange() {
  for (const field of document.querySelectorAll('[data-submit]')) {
    field.addEventListener('change', () => field.form.requestSubmit());
  }
}
