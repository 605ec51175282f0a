// Photos: choosing them with a preview and a text each, and a viewer over the page. The form works
// without this script (one text for all), and every photo of a gallery is a link to its large copy.

const FORMATS = new Set(['image/jpeg', 'image/png', 'image/webp']);

for (const field of document.querySelectorAll('[data-photos]')) choosePhotos(field);
for (const gallery of document.querySelectorAll('[data-gallery]')) viewPhotos(gallery);

/** The file input stays what is sent: `chosen` is written back to it after every change. */
function choosePhotos(field) {
  const part = (name) => field.querySelector(`[data-photos-${name}]`);
  const input = field.querySelector('input[type=file]');
  const [drop, list, item, one, error] = ['drop', 'list', 'item', 'one', 'error'].map(part);
  const kept = field.querySelectorAll('[name=kept_photo]').length;
  const most = Number(field.dataset.maxCount) - kept;
  let chosen = [];

  part('hint').hidden = false;
  input.addEventListener('change', () => add([...input.files]));
  for (const name of ['dragenter', 'dragover']) {
    drop.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes('Files')) return;
      event.preventDefault();
      drop.dataset.over = '';
    });
  }
  drop.addEventListener('dragleave', () => delete drop.dataset.over);
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    add([...event.dataTransfer.files]);
  });

  function add(files) {
    const problems = [];
    const leftOut = (text, test) => {
      const names = files.filter(test).map((file) => file.name);
      if (names.length) problems.push(`${text} ${names.join(', ')}`);
      files = files.filter((file) => !test(file));
    };
    // A file whose type the browser does not know is the server's to judge.
    leftOut(field.dataset.textFormat, (file) => file.type && !FORMATS.has(file.type));
    leftOut(field.dataset.textLarge, (file) => file.size > Number(field.dataset.maxBytes));
    if (chosen.length + files.length > most) problems.push(field.dataset.textMany);
    for (const file of files.slice(0, Math.max(0, most - chosen.length))) chosen.push(preview(file));
    error.textContent = problems.join(' ');
    error.hidden = !problems.length;
    show();
  }

  function preview(file) {
    const node = item.content.firstElementChild.cloneNode(true);
    const image = node.querySelector('img');
    const text = node.querySelector('input');
    text.id = `photo-text-${crypto.randomUUID()}`;
    node.querySelector('label').htmlFor = text.id;
    node.querySelector('.photo-draft__name').textContent = file.name;
    image.src = URL.createObjectURL(file);
    const entry = {file, node};
    node.querySelector('button').addEventListener('click', () => {
      URL.revokeObjectURL(image.src);
      chosen = chosen.filter((other) => other !== entry);
      show();
      input.focus();
    });
    return entry;
  }

  function show() {
    const transfer = new DataTransfer();
    for (const {file} of chosen) transfer.items.add(file);
    input.files = transfer.files;
    list.replaceChildren(...chosen.map(({node}) => node));
    list.hidden = !chosen.length;
    one.hidden = chosen.length > 0;
    one.querySelector('input').disabled = chosen.length > 0;
  }
}

function viewPhotos(gallery) {
  // A photo that was being prepared comes later: the links are those of the moment.
  const links = () => [...gallery.querySelectorAll('.photo__link')];
  if (!window.HTMLDialogElement) return;
  const {textClose, textNext, textPrevious} = gallery.dataset;
  const dialog = document.createElement('dialog');
  dialog.className = 'viewer';
  const bar = element('div', 'viewer__bar');
  const image = element('img', 'viewer__image');
  const text = element('p', 'viewer__text');
  text.setAttribute('aria-live', 'polite');
  const previous = button('‹', textPrevious, () => show(at - 1));
  const next = button('›', textNext, () => show(at + 1));
  const close = button('×', textClose, () => dialog.close());
  bar.append(previous, next, close);
  dialog.append(bar, image, text);
  document.body.append(dialog);
  let at = 0;

  gallery.addEventListener('click', (event) => {
    const link = event.target.closest('.photo__link');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    previous.hidden = next.hidden = links().length < 2;
    show(links().indexOf(link));
    dialog.showModal();
  });
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') show(at - 1);
    if (event.key === 'ArrowRight') show(at + 1);
  });
  // The browser gives the focus back to the link that opened the dialog.
  dialog.addEventListener('close', () => links()[at]?.focus());

  function show(index) {
    const all = links();
    at = (index + all.length) % all.length;
    const link = all[at];
    const {alt} = link.querySelector('img');
    Object.assign(image, {
      src: link.href, alt, width: link.dataset.width, height: link.dataset.height,
    });
    dialog.setAttribute('aria-label', alt);
    text.textContent = all.length > 1 ? `${at + 1} / ${all.length} · ${alt}` : alt;
  }
}

function element(name, className) {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

function button(sign, label, act) {
  const made = element('button', 'button');
  made.type = 'button';
  made.textContent = sign;
  made.setAttribute('aria-label', label);
  made.addEventListener('click', act);
  return made;
}
