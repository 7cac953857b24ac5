import { git } from './git.js';

export type ChangedFiles =
  { readonly ok: true; readonly files: readonly string[] } | { readonly ok: false; readonly why: string };

/**
 * The files below `cwd` that differ from the merge base of `ref` and HEAD, as they stand on the disk: committed since, staged,
 * changed or new. Deleted files and ignored ones are not among them. Paths are relative to `cwd`. Restricted to `paths` where
 * there are some.
 */
export function changedSince(cwd: string, ref: string, paths: readonly string[]): ChangedFiles {
  // A name that starts with a dash would be read as an option of git.
  if (ref.startsWith('-')) return { ok: false, why: `'${ref}' is no commit` };
  const base = git(cwd, ['merge-base', ref, 'HEAD']);
  if (!base.ok) return { ok: false, why: base.why || `'${ref}' and HEAD have no commit in common` };
  const where = ['--', ...paths];
  const changed = git(cwd, ['diff', '--name-only', '--relative', '-z', '--diff-filter=d', base.out.trim(), ...where]);
  const fresh = git(cwd, ['ls-files', '--others', '--exclude-standard', '-z', ...where]);
  const failed = [changed, fresh].find((answer) => !answer.ok);
  if (failed) return { ok: false, why: failed.why };
  const files = [changed, fresh].flatMap((answer) => answer.out.split('\0')).filter((file) => file !== '');
  return { ok: true, files: [...new Set(files)].sort() };
}
