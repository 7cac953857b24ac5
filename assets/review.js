/* The review page. Everything it shows is in the page: it asks nobody, and keeps answers in the browser only. */
(() => {
  const { document: result, units, refused, command } = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const cards = new Map();
  const answers = new Map();
  const storage = `asyncshift ${result.config.hash} ${units.map((unit) => unit.id).join()}`;
  let current = -1;

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  function card(unit) {
    const article = make('article');
    article.dataset.id = unit.id;
    const head = make('div', 'head');
    const title = make('h2', '', unit.title);
    const more = unit.paths.length > 1 ? ` and ${unit.paths.length - 1} more` : '';
    title.append(make('span', 'place', `${unit.path}:${unit.line}${more}`));
    const buttons = make('span', 'answers');
    for (const [answer, name, word] of [
      ['yes', 'accept', 'Accept'],
      ['no', 'reject', 'Reject'],
    ]) {
      const button = make('button', name, word);
      button.type = 'button';
      button.addEventListener('click', () => give([unit], answers.get(unit.id) === answer ? undefined : answer));
      buttons.append(button);
    }
    head.append(title, make('span', 'badge', unit.rule), make('span', `badge ${unit.level}`, unit.level), buttons);
    article.append(head);
    if (unit.notes.length > 0) {
      const notes = make('ul', 'notes');
      for (const note of unit.notes) notes.append(make('li', '', note));
      article.append(notes);
    }
    const diff = make('div', 'diff');
    article.append(diff);
    watcher.observe(article);
    article.addEventListener('click', () => select(visible().indexOf(unit)));
    return article;
  }

  // Diffs are drawn when they come near: a page of a thousand changes opens at once.
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        watcher.unobserve(target);
        const unit = units.find(({ id }) => id === target.dataset.id);
        const options = { outputFormat: 'side-by-side', drawFileList: false, matching: 'lines', colorScheme: 'auto' };
        target.querySelector('.diff').innerHTML = Diff2Html.html(unit.patch, options);
      }
    },
    { rootMargin: '800px' },
  );

  function give(those, answer) {
    for (const { id } of those) {
      if (answer) answers.set(id, answer);
      else answers.delete(id);
    }
    try {
      localStorage.setItem(storage, JSON.stringify([...answers]));
    } catch {
      // A page that may keep nothing still works.
    }
    $('after').hidden = true;
    show();
  }

  const folderOf = (path) => path.split('/').slice(0, -1).join('/');

  function visible() {
    const text = $('search').value.toLowerCase();
    const [rule, level, folder, answer] = ['rule', 'level', 'folder', 'answer'].map((id) => $(id).value);
    return units.filter(
      (unit) =>
        (!rule || unit.rule === rule) &&
        (!level || unit.level === level) &&
        (!folder || unit.paths.some((path) => path.startsWith(`${folder}/`))) &&
        (!answer || (answers.get(unit.id) ?? 'open') === answer) &&
        (!text || `${unit.title}\n${unit.patch}`.toLowerCase().includes(text)),
    );
  }

  function show() {
    const shown = visible();
    for (const unit of units) {
      const node = cards.get(unit.id);
      const answer = answers.get(unit.id);
      node.hidden = !shown.includes(unit);
      node.classList.toggle('yes', answer === 'yes');
      node.classList.toggle('no', answer === 'no');
      node.querySelector('.accept').setAttribute('aria-pressed', String(answer === 'yes'));
      node.querySelector('.reject').setAttribute('aria-pressed', String(answer === 'no'));
    }
    const yes = units.filter((unit) => answers.get(unit.id) === 'yes').length;
    const no = units.filter((unit) => answers.get(unit.id) === 'no').length;
    $('chosen').textContent = `${yes} accepted, ${no} rejected, ${units.length - yes - no} open`;
    $('shown').textContent =
      shown.length === units.length ? `${units.length} changes` : `${shown.length} of ${units.length} changes`;
    $('none').hidden = shown.length > 0 || units.length === 0;
    $('save').disabled = yes === 0;
    for (const id of ['accept-shown', 'reject-shown']) $(id).disabled = shown.length === 0;
  }

  function select(at) {
    const shown = visible();
    current = Math.max(0, Math.min(at, shown.length - 1));
    for (const node of cards.values()) node.classList.remove('current');
    const node = shown[current] && cards.get(shown[current].id);
    if (node) node.classList.add('current');
    return node;
  }

  function save() {
    const ids = new Set(units.filter((unit) => answers.get(unit.id) === 'yes').flatMap((unit) => unit.ids));
    const groups = result.groups.filter((group) => ids.has(group.id));
    const plan = { ...result, groups, summary: { ...result.summary, groups: groups.length } };
    const link = make('a');
    link.href = URL.createObjectURL(
      new Blob([`${JSON.stringify(plan, undefined, 2)}\n`], { type: 'application/json' }),
    );
    link.download = 'plan.json';
    link.click();
    URL.revokeObjectURL(link.href);
    $('after').hidden = false;
    $('command').textContent = 'npx asyncshift apply plan.json';
    scrollTo(0, 0);
  }

  function options(id, values) {
    $(id).append(new Option('all', ''), ...values.map((value) => new Option(value, value)));
  }

  const uniq = (values) => [...new Set(values)].sort();
  const folders = units.flatMap((unit) =>
    unit.paths.flatMap((path) =>
      folderOf(path)
        .split('/')
        .map((_, at, parts) => parts.slice(0, at + 1).join('/')),
    ),
  );
  options('rule', uniq(units.map((unit) => unit.rule)));
  options('level', uniq(units.map((unit) => unit.level)));
  options('folder', uniq(folders.filter((folder) => folder !== '')));
  const { summary } = result;
  $('what').textContent =
    `to ${result.config.to}: ${summary.changed} files, ${summary.refused} sites left as they were. ${command}`;
  try {
    for (const [id, answer] of JSON.parse(localStorage.getItem(storage) ?? '[]')) answers.set(id, answer);
  } catch {
    // Nothing was kept.
  }
  for (const unit of units) {
    cards.set(unit.id, card(unit));
    $('groups').append(cards.get(unit.id));
  }
  for (const one of refused) {
    const row = make('tr');
    const reason = make('td', '', one.message);
    reason.prepend(make('strong', '', `${one.unsafe ? 'needs --unsafe: ' : ''}${one.reason} `));
    const code = make('td');
    code.append(make('code', '', one.excerpt.trim()));
    row.append(make('td', '', `${one.path}:${one.line}`), reason, code);
    $('refused').append(row);
  }
  $('left').hidden = refused.length === 0;

  $('filters').addEventListener('input', show);
  $('filters').addEventListener('submit', (event) => event.preventDefault());
  $('accept-shown').addEventListener('click', () => give(visible(), 'yes'));
  $('reject-shown').addEventListener('click', () => give(visible(), 'no'));
  $('save').addEventListener('click', save);
  document.addEventListener('keydown', (event) => {
    if (event.target.matches('input, select') || event.ctrlKey || event.metaKey || event.altKey) return;
    const unit = visible()[current];
    if (event.key === 'j' || event.key === 'k')
      select(current + (event.key === 'j' ? 1 : -1))?.scrollIntoView({ block: 'start' });
    else if (unit && event.key === 'y') give([unit], 'yes');
    else if (unit && event.key === 'n') give([unit], 'no');
    else if (unit && event.key === 'u') give([unit], undefined);
  });
  show();
})();
