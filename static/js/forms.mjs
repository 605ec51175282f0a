/** Shows under a text how many characters are left (the element and its words come from the server). */
export function countCharacters() {
  for (const counter of document.querySelectorAll('[data-counter-for]')) {
    const field = document.getElementById(counter.dataset.counterFor);
    const show = () => {
      counter.textContent = `${field.value.length} / ${field.maxLength}`;
    };
    field.addEventListener('input', show);
    show();
  }
}

/** Fills hidden fields that ask for the browser's time zone. */
export function guessTimezone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';
  for (const field of document.querySelectorAll('input[data-timezone]')) field.value = zone;
}

/** A select with data-submit sends its form; without this script the form has a button. */
export function submitOnChange() {
  for (const field of document.querySelectorAll('[data-submit]')) {
    field.addEventListener('change', () => field.form.requestSubmit());
  }
}
