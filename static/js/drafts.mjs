// Drafts survive: what was typed into a <form data-draft="NAME"> stays in this browser until the
// form was taken. Passwords and files are never stored. Drafts carry their member's id.

const PREFIX = 'draft:';
const IGNORED = new Set(['csrf_token', 'idempotency_key']);

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

function write(form, stored) {
  for (const [name, value] of stored) {
    for (const field of fieldsOf(form).filter((each) => each.name === name)) {
      if (!Array.isArray(value)) field.value ||= value;
      else if (field.value === value[0]) field.checked = value[1];
    }
  }
}

export function keepDrafts() {
  const member = document.body.dataset.member ?? '';
  const taken = document.body.dataset.draftTaken;
  if (taken) localStorage.removeItem(PREFIX + member + taken);
  for (const form of document.querySelectorAll('form[data-draft]')) {
    const key = PREFIX + member + form.dataset.draft;
    const stored = localStorage.getItem(key);
    if (stored) write(form, JSON.parse(stored));
    form.addEventListener('input', () => localStorage.setItem(key, JSON.stringify(read(form))));
    form.addEventListener('submit', () => localStorage.removeItem(key));
  }
}
