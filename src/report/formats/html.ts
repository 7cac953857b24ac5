import { applyEdits } from '../../edits/edits.js';
import { messageFor } from '../../messages/index.js';
import { unitsOf } from '../../run/units.js';
import type { ChangeGroup } from '../../types.js';
import { patchOf } from '../patch.js';
import type { Reported } from './finding.js';

/**
 * One page that holds all of a run and asks nobody for anything: each change side by side, to be accepted or rejected; what was
 * accepted is saved as a plan for `asyncshift apply`. diff2html draws the differences.
 */
export function html(reported: Reported): string {
  const { document, command, asset } = reported;
  const units = unitsOf(document.groups).map((groups) => unitOf(groups, reported));
  const refused = document.refused.map(({ path: file, line, reason, unsafe, message, excerpt }) => ({
    path: file,
    line,
    reason: unsafe ?? reason,
    unsafe: unsafe !== undefined,
    message,
    excerpt,
  }));
  const parts: Readonly<Record<string, string>> = {
    css: asset('diff2html/bundles/css/diff2html.min.css') + asset('review.css'),
    data: inScript(JSON.stringify({ document, units, refused, command })),
    script: asset('diff2html/bundles/js/diff2html.min.js') + asset('review.js'),
  };
  return asset('review.html').replace(/\/\*\{\{(\w+)\}\}\*\//g, (_, name: string) => parts[name]!);
}

/** What is decided at once, as the page shows it. */
function unitOf(groups: readonly ChangeGroup[], { text }: Reported): object {
  const [main] = groups as [ChangeGroup];
  const edits = groups.flatMap((group) => group.edits);
  const paths = [...new Set(edits.map((edit) => edit.path))].sort();
  const changes = paths.map((file) => {
    const own = edits.filter((edit) => edit.path === file);
    const once = own.filter(
      (edit, at) =>
        own.findIndex((other) => other.start === edit.start && other.end === edit.end && other.text === edit.text) ===
          at || edit.start === edit.end,
    );
    const before = text(file) ?? '';
    return { path: file, before, after: applyEdits(before, once), isNew: own.some((edit) => edit.create === true) };
  });
  return {
    id: main.id,
    ids: groups.map((group) => group.id),
    rule: main.rule,
    level: groups.some((group) => group.level === 'unsafe') ? 'unsafe' : 'safe',
    title: groups.map((group) => group.title).join('; '),
    path: main.path,
    line: main.line,
    paths,
    notes: [...new Set(groups.flatMap((group) => group.differences))].map((code) => messageFor(code)),
    patch: patchOf(changes),
  };
}

/** JSON that cannot end the element it stands in. */
const inScript = (json: string): string => json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028');
