// Drafts survive: what was typed into a <form data-draft="NAME"> stays in this browser until the
// server has taken the form. Passwords and files are never stored. Drafts carry their member's id.

const PREFIX = 'draft:';
const KEY_FIELD = 'draft_key'; // names the draft to the server, which answers with it when taken
const IGNORED = new Set(['csrf_token', 'idempotency_key', KEY_FIELD]);
const ERASING = 'erasing';

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name && !IGNORED.has(field.name)
    && !['password', 'file', 'hidden', 'submit'].includes(field.type));
}

function read(form) {
  return fieldsOf(form).map((field) => [
    field.name,
    ['radio', 'checkbox'].includes(field.type) ? [field.value, field.checked] : field.value,
  ]);
}

/** Fields of one name are told apart by their order: rows of a table have the same names. */
function write(form, stored) {
  const seen = new Map();
  for (const [name, value] of stored) {
    const fields = fieldsOf(form).filter((each) => each.name === name);
    if (Array.isArray(value)) {
      for (const field of fields) if (field.value === value[0]) field.checked = value[1];
      continue;
    }
    const place = seen.get(name) ?? 0;
    seen.set(name, place + 1);
    if (fields[place]) fields[place].value ||= value;
  }
}

/** Whether nothing is written in a form, and nothing is ticked but what the server ticked. */
function isEmpty(form) {
  return fieldsOf(form).every((field) => {
    if (['radio', 'checkbox'].includes(field.type)) return field.checked === field.defaultChecked;
    return field.options || !field.value.trim();
  });
}

/** Throws away the drafts that the server took: a cookie names them (ugc/core/drafts.py). */
function settle() {
  const [, prefix, keys] = document.cookie.match(/(?:^|; )(__Host-)?drafts_taken=([^;]+)/) ?? [];
  if (!keys) return;
  for (const key of keys.split('.')) localStorage.removeItem(PREFIX + key);
  const secure = prefix ? '; Secure' : '';
  document.cookie = `${prefix ?? ''}drafts_taken=; Max-Age=0; Path=/; SameSite=Lax${secure}`;
}

/** The keys of a member's drafts that say something. */
export function draftsOf(member) {
  if (!member) return [];
  return Object.keys(localStorage).filter((key) => {
    if (!key.startsWith(PREFIX + member)) return false;
    const draft = JSON.parse(localStorage.getItem(key));
    return Array.isArray(draft) || Boolean(draft.text);
  });
}

export function dropDraftsOf(member) {
  for (const key of member ? Object.keys(localStorage) : []) {
    if (key.startsWith(PREFIX + member)) localStorage.removeItem(key);
  }
}

/** The page after erasing an account knows no member any more: the page before says whose drafts go.
    Calls `also(member)` with them. */
function dropErased(also) {
  const form = document.querySelector('form[data-erase]');
  form?.addEventListener('submit', () => {
    sessionStorage.setItem(ERASING, document.body.dataset.member);
  });
  if (form) return;
  const erased = sessionStorage.getItem(ERASING);
  sessionStorage.removeItem(ERASING);
  if (!erased || !document.querySelector('[data-erased]')) return;
  dropDraftsOf(erased);
  also(erased);
}

export function keepDrafts({erased}) {
  const member = document.body.dataset.member ?? '';
  settle();
  dropErased(erased);
  for (const form of document.querySelectorAll('form[data-draft]')) {
    const own = member + form.dataset.draft;
    const key = PREFIX + own;
    const stored = localStorage.getItem(key);
    if (stored) write(form, JSON.parse(stored));
    form.addEventListener('input', () => {
      if (isEmpty(form)) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(read(form)));
    });
    form.addEventListener('submit', () => {
      const field = form.elements.namedItem(KEY_FIELD)
        ?? form.appendChild(Object.assign(document.createElement('input'), {type: 'hidden', name: KEY_FIELD}));
      field.value = own;
    });
  }
}
