import { startBehaviour } from '../test/behaviour/behave.js';
import { behaviourProblems } from '../test/behaviour/compare.js';
import { checks } from '../test/fixtures/checks.js';
import { convert } from '../test/fixtures/convert.js';
import { ownEngine } from '../test/fixtures/own-engine.js';
import { readStories } from '../test/fixtures/stories.js';
(async () => {
  const behaviour = startBehaviour();
  const verbose = process.argv[2];
  for (const input of readStories('/tmp/adv')) {
    const r = convert(ownEngine, input);
    const changed = Object.keys(r.texts).filter((n) => r.texts[n] !== input.files[n]);
    const p = await behaviourProblems(behaviour, input, r.texts);
    for (const c of ['parses', 'second run empty', 'comments kept', 'CRLF kept', 'never silent']) p.push(...checks[c]!(ownEngine, input).map((x) => c + ': ' + x));
    const bad = p.length || r.errors.length;
    console.log(`##### ${input.title} ${changed.length ? 'CHANGED' : 'left'} ${bad ? 'PROBLEM' : 'ok'} ${r.refusals.map((l) => l.split(': ')[1]).join(' | ')} ${r.notes.map((l) => l.split(': ')[1])}`);
    if (bad || verbose === input.story || verbose === 'all') { for (const n of changed) console.log(r.texts[n]); console.log(p.join('\n'), r.errors.join()); }
  }
  await behaviour.close();
})();
