const SUGGEST_AFTER_MS = 250;

/** Offers what the site knows by the name being typed; `choose` gets the one that is taken. */
export function suggestNames(field, choose) {
  const options = Object.assign(document.createElement('datalist'), {id: `${field.id}-options`});
  field.after(options);
  field.setAttribute('list', options.id);
  let known = new Map();
  let timer;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    const taken = known.get(field.value);
    if (taken) {
      choose(taken);
      return;
    }
    timer = setTimeout(async () => {
      if (field.value.trim().length < 2) return;
      try {
        const query = new URLSearchParams({q: field.value});
        const {results} = await (await fetch(`/geo/search?${query}`)).json();
        known = new Map(results.map((found) => [
          [found.name, found.detail].filter(Boolean).join(', '), found]));
        options.replaceChildren(...[...known.keys()].map((value) => new Option(value, value)));
      } catch (error) {
        console.info('Names are not suggested now.', error);
      }
    }, SUGGEST_AFTER_MS);
  });
}
