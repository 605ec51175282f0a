import {ask, combobox, labelOf} from './combobox.mjs';

/**
 * Offers what the site knows by the name or address being typed; `choose` gets the one that is
 * taken: from the list, or the one that a name means which was typed and left. Returns a function
 * that settles what stands in the field and says whether it is a place: 'none' (empty), 'taken',
 * 'unknown' or 'unreachable'.
 */
export function suggestNames(field, choose) {
  let taken = null; // the text that was taken last
  const take = (text, found) => {
    taken = text;
    choose(found);
  };
  combobox(field, (found) => {
    field.value = labelOf(found);
    take(field.value, found);
  });
  field.addEventListener('input', () => { taken = null; });

  async function settle() {
    const text = field.value.trim();
    if (!text) return 'none';
    if (text === taken) return 'taken';
    let found;
    try {
      found = (await ask(text)).find((each) => each.is_meant);
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
