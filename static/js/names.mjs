const SUGGEST_AFTER_MS = 250;

const labelOf = ({name, detail}) => [name, detail].filter(Boolean).join(', ');

async function ask(text) {
  const query = new URLSearchParams({q: text});
  const answer = await fetch(`/geo/search?${query}`);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  return (await answer.json()).results;
}

/**
 * Offers what the site knows by the name being typed; `choose` gets the one that is taken: from the
 * list, or the one that a name means which was typed and left. Returns a function that settles what
 * stands in the field and says whether it is a place: 'none' (empty), 'taken', 'unknown' or
 * 'unreachable'.
 */
export function suggestNames(field, choose) {
  const options = Object.assign(document.createElement('datalist'), {id: `${field.id}-options`});
  field.after(options);
  field.setAttribute('list', options.id);
  let known = new Map();
  let taken = null; // the text that was taken last
  let timer;
  const take = (text, found) => {
    taken = text;
    choose(found);
  };
  field.addEventListener('input', () => {
    clearTimeout(timer);
    taken = null;
    const found = known.get(field.value);
    if (found) {
      take(field.value.trim(), found);
      return;
    }
    timer = setTimeout(async () => {
      if (field.value.trim().length < 2) return;
      try {
        known = new Map((await ask(field.value)).map((each) => [labelOf(each), each]));
        options.replaceChildren(...[...known.keys()].map((value) => new Option(value, value)));
      } catch (error) {
        console.info('Names are not suggested now.', error);
      }
    }, SUGGEST_AFTER_MS);
  });

  async function settle() {
    clearTimeout(timer);
    const text = field.value.trim();
    if (!text) return 'none';
    if (text === taken) return 'taken';
    let found;
    try {
      found = known.get(text) ?? (await ask(text)).find((each) => each.is_meant);
    } catch (error) {
      console.info('The name cannot be looked for now.', error);
      return 'unreachable';
    }
    // What was typed or taken meanwhile counts.
    if (field.value.trim() !== text || taken === text) return settle();
    if (!found) return 'unknown';
    take(text, found);
    return 'taken';
  }
  return settle;
}
