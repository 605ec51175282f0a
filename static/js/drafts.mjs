// Drafts survive: what was typed into a <form data-draft="NAME"> stays in this browser until the
// server has taken the form. Passwords and files are never stored. Drafts carry their member's id.

const PREFIX = 'draft:';
const SENT = 'draft-sent';
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

/** A draft goes when the server took its form: the page after it is neither the form again nor a
    refusal. Without an answer no page of ours comes, and the draft stays. */
function settle() {
  const sent = sessionStorage.getItem(SENT);
  if (!sent || document.querySelector('[data-refused]')) return;
  const forms = [...document.querySelectorAll('form[data-draft]')];
  if (!forms.some((form) => sent.endsWith(form.dataset.draft))) localStorage.removeItem(sent);
  sessionStorage.removeItem(SENT);
}

export function keepDrafts() {
  const member = document.body.dataset.member ?? '';
  settle();
  for (const form of document.querySelectorAll('form[data-draft]')) {
    const key = PREFIX + member + form.dataset.draft;
    const stored = localStorage.getItem(key);
    if (stored) write(form, JSON.parse(stored));
    form.addEventListener('input', () => localStorage.setItem(key, JSON.stringify(read(form))));
    form.addEventListener('submit', () => sessionStorage.setItem(SENT, key));
  }
}
